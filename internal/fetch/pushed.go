package fetch

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"aggregator/internal/news"
)

// Read reads a document of the source that its hub sent, by the same way as one
// that was asked for. h is the header of its request: Content-Type,
// Content-Encoding. Nobody was asked, so the record keeps its validators, its
// floors and when that was last; and what the document lacks is not gone: hubs
// may send what is new alone (WebSub 7).
func (c *Client) Read(ctx context.Context, src news.Source, prev news.Poll, rules uint64, h http.Header, body []byte, now time.Time) Result {
	ctx, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	v := &visit{client: c, src: src, prev: prev, rules: rules, now: now, sitting: sitting{seats: c.seats}, peer: &peer{}}
	r := Result{Poll: prev}
	if err := v.sent(ctx, h, body, &r); err != nil {
		return Result{Poll: prev, Err: fmt.Errorf("fetch %s: what its hub sent: %w", nameOf(src), err)}
	}
	return r
}

// sent reads the body of a push; a panic costs this push alone.
func (v *visit) sent(ctx context.Context, h http.Header, body []byte, r *Result) (err error) {
	defer v.sitting.leave()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it broke the reader, which is a fault of ours: please report it with the url (%v, %s)", p, origin())
		}
	}()
	if err := v.sitting.parse(ctx, len(body) >= largeBody); err != nil {
		return v.explain(err)
	}
	if names := codingsOf(h, body); len(names) > 0 {
		plain := v.client.buffer()
		defer v.client.done(plain)
		if _, err := unpack(plain, body, names, v.maxSize(), func() error { return v.sitting.grow(ctx) }); err != nil {
			return v.explain(err)
		}
		body = plain.Bytes()
	}
	at, err := url.Parse(v.usual())
	if err != nil {
		return err
	}
	// As new entries alone (RFC 3229): what they lack is still in the document.
	answer := &http.Response{StatusCode: http.StatusIMUsed, Header: http.Header{"Content-Type": h["Content-Type"]}, Request: &http.Request{URL: at}}
	was := r.Poll
	if err := v.items(body, answer, r); err != nil {
		return err
	}
	seen, items := r.Poll.Seen, r.Poll.Items
	if r.Poll = was; r.Received > 0 {
		r.Poll.Seen, r.Poll.Items = seen, items
	}
	if len(r.Items) > 0 {
		r.Poll.Changed = v.now
	}
	return nil
}
