package fetch

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A Result is what a fetch brought.
type Result struct {
	// Poll is the record to keep: the one given, brought up to date. Next and
	// Why are as they were.
	Poll news.Poll
	// Items are new or changed since the record given, in document order.
	Items []news.Item
	// Received entries stood in the document; Known of them are unchanged.
	// Received is always Known plus the number of Items; 0 where Unchanged.
	Received, Known int
	// Withdrawn are the IDs (Keys.ID) of items that the document says are no more,
	// Missing of those that were taken out of its midst without a word.
	Withdrawn, Missing []uint64
	// Unchanged: the document is the one of last time.
	Unchanged bool
	// Err says what went wrong and what to do.
	Err error
	// Reached: some host took the connection, ours or the proxy. Where nobody's
	// host does, it is our own network that is down.
	Reached bool
}

// Fetch asks the source once. prev is the record of the last poll, zero for
// the first; rules is the hash of the source's drop and keep rules, which
// decides whether what is known comes out again.
func (c *Client) Fetch(ctx context.Context, src news.Source, prev news.Poll, rules uint64, now time.Time) Result {
	timeout := c.opt.Timeout
	if src.Access.Timeout > 0 {
		timeout = src.Access.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout+grace)
	defer cancel()
	v := &visit{
		client: c, src: src, prev: asked(prev, src), rules: rules, now: now, timeout: timeout,
		deadline: time.Now().Add(timeout), sitting: sitting{seats: c.seats}, peer: &peer{},
	}
	r := Result{Poll: v.prev}
	err := v.guarded(ctx, &r)
	v.peer.report(&r)
	if err != nil {
		r.Err = fmt.Errorf("fetch %s: %w", nameOf(src), err)
		r.Poll.Error = err.Error()
		r.Poll.Failures++
		return r
	}
	r.Poll.Failures, r.Poll.Good, r.Poll.Rules = 0, now, rules
	return r
}

// grace is for parsing what came of a document that did not end in time.
const grace = 500 * time.Millisecond

func nameOf(src news.Source) string {
	if src.Name != "" {
		return src.Name
	}
	return src.URL
}

// visit is one fetch.
type visit struct {
	client   *Client
	src      news.Source
	prev     news.Poll
	rules    uint64
	now      time.Time
	timeout  time.Duration
	deadline time.Time // of all answers together
	proxy    *url.URL
	sitting  sitting
	peer     *peer
}

// guarded: a panic, wherever in a fetch, costs that poll only.
func (v *visit) guarded(ctx context.Context, r *Result) (err error) {
	defer v.sitting.leave()
	defer func() {
		if p := recover(); p != nil {
			*r = Result{Poll: v.prev}
			v.open(&r.Poll)
			err = fmt.Errorf("this answer broke the reader, which is a fault of ours and costs this source alone: please report it with the url (%v, %s)", p, origin())
		}
	}()
	v.open(&r.Poll)
	if v.proxy, err = v.client.proxyFor(v.src); err != nil {
		return err
	}
	return v.follow(ctx, r)
}

// open begins the record of this visit.
func (v *visit) open(p *news.Poll) {
	p.Source, p.Last, p.Status, p.Error, p.Floor, p.FloorWhy = v.src.Key, v.now, 0, "", time.Time{}, ""
}

// afresh: everything is asked for as if for the first time.
func (v *visit) afresh() bool { return v.prev.Rules != v.rules }

// wholeAfter: servers exist whose ETag is that of a file from which the document
// is made anew, and caches that say 304 to anything. Nobody can see that in a
// 304, so a source that said nothing else for a week is asked once without
// validators: one document a week is the price, of the sources that are silent.
// After a week of new entries alone (226) it says what left the document, too.
const wholeAfter = 7 * 24 * time.Hour

// whole says that it is time for that.
func (v *visit) whole() bool {
	last := v.prev.Whole
	return !last.IsZero() && v.now.Sub(last) >= wholeAfter
}

// ask asks an address, and takes the answer.
func (v *visit) ask(ctx context.Context, at string, r *Result) error {
	v.open(&r.Poll)
	client, req, err := v.request(ctx, at)
	if err != nil {
		return err
	}
	asking, cancel := context.WithDeadline(req.Context(), v.deadline)
	defer cancel()
	resp, err := client.Do(req.WithContext(asking))
	if err != nil {
		return v.explain(err)
	}
	defer resp.Body.Close()
	p := &r.Poll
	p.Status, p.Moved, p.Moves = resp.StatusCode, moved(resp), 0
	if !conditional(req) || p.Whole.IsZero() {
		p.Whole = v.now
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && (conditional(req) || v.whole()):
		v.notModified(resp.Header, r)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		f := retryFloor(resp, v.now)
		p.Floor, p.FloorWhy = f.at, f.why
		return statusError(resp, f, v.now)
	default:
		if err := v.read(ctx, resp, r); err != nil {
			return err
		}
	}
	v.countMove(p, p.Moved)
	return nil
}

func conditional(req *http.Request) bool {
	return req.Header["If-None-Match"] != nil || req.Header["If-Modified-Since"] != nil
}

// read takes the body of an answer: all of it, then its items.
func (v *visit) read(ctx context.Context, resp *http.Response, r *Result) error {
	packed, body := v.client.buffer(), v.client.buffer()
	defer v.client.done(packed)
	defer v.client.done(body)
	defer v.sitting.leave()
	whole, err := receive(packed, resp, v.maxSize(), func() error { return v.sitting.take(resp.Request.Context(), v.client.seats.waiting) })
	stalled := err
	if err != nil && (packed.Len() == 0 || !isTimeout(err)) {
		return v.explain(err)
	}
	if err := v.sitting.parse(ctx, packed.Len() >= largeBody); err != nil {
		return v.explain(err)
	}
	if names := codingsOf(resp.Header, packed.Bytes()); len(names) > 0 {
		done, err := unpack(body, packed.Bytes(), names, v.maxSize(), func() error { return v.sitting.grow(ctx) })
		if err != nil {
			return v.explain(err)
		}
		whole = done
	} else {
		body = packed
	}
	// RFC 9110 15.3.7: a part, which nobody asked for, is no whole document.
	whole = whole && stalled == nil && resp.StatusCode != http.StatusPartialContent
	return v.take(body.Bytes(), resp, r, whole, stalled)
}

// take reads the document that was received: what of it is whole, where it is not.
func (v *visit) take(body []byte, resp *http.Response, r *Result, whole bool, stalled error) error {
	p := &r.Poll
	hash := canon.HashBytes(body)
	if whole && hash == v.prev.Body && !v.afresh() {
		v.notModified(resp.Header, r)
		p.Whole = v.now
		return nil
	}
	err := v.items(body, resp, r)
	switch {
	case stalled != nil && (err != nil || r.Received == 0):
		status := p.Status
		*r = Result{Poll: v.prev}
		v.open(p)
		p.Status = status
		return v.explain(stalled)
	case err != nil:
		return err
	case stalled != nil && p.Partial == "":
		p.Partial = fmt.Sprintf("the answer did not end within %s (fetch.timeout)", v.timeout)
	}
	p.Body, p.ETag, p.LastModified = hash, resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
	switch {
	case !whole:
		// The validators are those of the whole document, which must be asked
		// for again.
		p.Body, p.ETag, p.LastModified = 0, "", ""
	case resp.StatusCode == http.StatusIMUsed:
		p.Body = 0 // of the new entries alone
	default:
		p.Whole = v.now
	}
	return nil
}

// items parses the document and brings what is new of it.
func (v *visit) items(body []byte, resp *http.Response, r *Result) error {
	base := resp.Request.URL.String()
	m := newMemory(v.src.Key, v.prev.Seen, !v.afresh())
	doc, err := parse(body, resp.Header.Get("Content-Type"), base, m.knows)
	if err != nil {
		return err
	}
	m.place(&doc, base, v.now)
	c := v.converter(&doc, base)
	clipped := 0
	for i, s := range m.entries {
		if s.known {
			r.Known++
			continue
		}
		if doc.entries[i].clip() {
			clipped++
		}
		r.Items = append(r.Items, c.item(&doc.entries[i], s.guid))
	}
	r.Received = len(doc.entries)
	p := &r.Poll
	p.Partial, p.Feed, p.Changed, p.Pace = doc.partial, c.feed, v.now, doc.pace
	if (clipped > 0 || doc.clipped) && p.Partial == "" {
		p.Partial = clippedItems(max(clipped, 1))
	}
	v.note(r, resp.Header, &doc, base)
	// RFC 3229 10.5.3: what the new entries lack is still in the document.
	isPart := doc.partial != "" || resp.StatusCode == http.StatusIMUsed
	for _, ref := range doc.deleted {
		r.Withdrawn = append(r.Withdrawn, canon.Hash(v.src.Key, shortGUID(ref)))
	}
	if !isPart {
		r.Missing = m.missing(v.prev.Seen)
	}
	p.Seen = m.left(v.prev.Seen, isPart, v.client.opt.Retain, v.now)
	p.Items = len(doc.entries)
	if resp.StatusCode == http.StatusIMUsed {
		p.Items = inDocument(p.Seen)
	}
	f := floorOf(resp.Header, p.Pace, v.now)
	p.Floor, p.FloorWhy = f.at, f.why
	return nil
}

func inDocument(seen []news.Seen) (n int) {
	for _, s := range seen {
		if s.Gone == 0 {
			n++
		}
	}
	return n
}

func (v *visit) converter(doc *document, base string) *converter {
	c := &converter{cleaner: v.client.cleaner, source: v.src.Key, base: base, now: v.now, override: v.src.Language}
	c.feed = cleanFeed(news.Feed{ID: first(doc.id, canon.Public(base)), Title: doc.title, Link: doc.link, Image: doc.image}, base)
	shorten(&doc.rights, maxLine) // each of its items keeps it
	c.rights = doc.rights
	c.authors = c.people(doc.authors, base)
	c.language = languageTag(first(v.src.Language, doc.language))
	return c
}

// notModified: the document is as it was. The floors of the answer count; what
// the document itself asked for counts on.
func (v *visit) notModified(h http.Header, r *Result) {
	r.Unchanged = true
	p := &r.Poll
	// RFC 9111 3.2: the answer's validators are the newer ones.
	if e := h.Get("ETag"); e != "" {
		p.ETag = e
	}
	if m := h.Get("Last-Modified"); m != "" {
		p.LastModified = m
	}
	f := floorOf(h, p.Pace, v.now)
	p.Floor, p.FloorWhy = f.at, f.why
}

func (v *visit) maxSize() int64 {
	if v.src.Access.MaxSize > 0 {
		return v.src.Access.MaxSize
	}
	return v.client.opt.MaxSize
}

func (c *Client) buffer() *bytes.Buffer {
	b := c.buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

// done gives a buffer back, but for large ones, which must not stay for ever.
func (c *Client) done(b *bytes.Buffer) {
	if b.Cap() <= largeBody {
		c.buffers.Put(b)
	}
}
