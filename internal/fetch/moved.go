package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

const (
	// enoughMoves are answers in a row that say the same for good. One may be a
	// slip of the publisher's, or a hotel's page to log in at.
	enoughMoves = 3
	// lookAgain is when a page is looked at again for the feed that it names.
	lookAgain = 7 * 24 * time.Hour
)

// usual is the address that is asked: the one that permanent redirects or the
// page led to, else the configured one.
func (v *visit) usual() string {
	if v.prev.Ask == "" {
		return v.src.URL
	}
	return v.prev.Ask
}

// asked forgets an address that the configuration now has itself, or that came
// of a page where no page is to be followed any more.
func asked(prev news.Poll, src news.Source) news.Poll {
	if prev.Ask == src.URL || !prev.Found.IsZero() && !src.Access.Discover {
		return unasked(prev)
	}
	return prev
}

// unasked has the configured address asked again, as for the first time: the
// validators are the other address's.
func unasked(p news.Poll) news.Poll {
	p.Ask, p.Moved, p.Moves, p.Found, p.ETag, p.LastModified = "", "", 0, time.Time{}, "", ""
	return p
}

// moved is where permanent redirects (301, 308: RFC 9110 15.4) lead, before the
// first that is temporary. One that leads from https to http is none: whoever can
// forge an answer on the way would keep us there.
func moved(resp *http.Response) string {
	to := ""
	for req := resp.Request; req != nil && req.Response != nil; req = req.Response.Request {
		switch code := req.Response.StatusCode; {
		case code != http.StatusMovedPermanently && code != http.StatusPermanentRedirect:
			to = ""
		case req.Response.Request.URL.Scheme == "https" && req.URL.Scheme == "http":
			to = ""
		case to == "":
			to = withoutFragment(req.URL)
		}
	}
	return to
}

func withoutFragment(u *url.URL) string {
	to, _, _ := strings.Cut(u.String(), "#")
	return to
}

// countMove counts the answers that say the same; after enough of them the new
// address is asked directly.
func (v *visit) countMove(p *news.Poll, to string) {
	switch {
	case to == "" && v.prev.Ask != "" && v.prev.Found.IsZero():
		p.Moved, p.Moves = v.prev.Ask, enoughMoves
		return
	case to == "":
		p.Moved, p.Moves = "", 0
		return
	case to == v.prev.Moved:
		p.Moves = v.prev.Moves + 1
	default:
		p.Moves = 1
	}
	if p.Moved = to; p.Moves >= enoughMoves {
		p.Ask, p.Moves = to, enoughMoves
	}
}

// follow asks for the document: at the usual address, or at the page that named
// it where it is time to look there again, and at the feed that a page names.
func (v *visit) follow(ctx context.Context, r *Result) error {
	look := !v.prev.Found.IsZero() && v.now.Sub(v.prev.Found) >= lookAgain
	at := v.usual()
	if look {
		at = v.src.URL
	}
	err := v.ask(ctx, at, r)
	var page *pageError
	if v.src.Access.Discover && errors.As(err, &page) && page.feed() != "" {
		return v.discovered(ctx, page.feed(), r)
	}
	if err != nil && look {
		// The page is gone or names nothing any more. The feed may be well.
		at = v.usual()
		if err = v.ask(ctx, at, r); err == nil {
			r.Poll.Found = v.now
		}
	}
	if err != nil && at != v.src.URL && !passing(r.Poll.Status, err) {
		return v.lost(r, err)
	}
	return err
}

// discovered asks the feed that a page names. It is not followed further.
func (v *visit) discovered(ctx context.Context, feed string, r *Result) error {
	if err := v.ask(ctx, feed, r); err != nil {
		err = fmt.Errorf("the page names the feed %s, and there: %w", canon.Public(feed), err)
		if v.prev.Ask != "" && !passing(r.Poll.Status, err) {
			return v.lost(r, err)
		}
		return err
	}
	r.Poll.Ask, r.Poll.Found = feed, v.now
	return nil
}

// lost goes back to the configured address at the next poll. A 410 of the other
// one is not that of the source, so it does not end polling.
func (v *visit) lost(r *Result, err error) error {
	r.Poll = unasked(r.Poll)
	if r.Poll.Status == http.StatusGone {
		r.Poll.Status = 0
		err = errors.New("410 Gone")
	}
	return fmt.Errorf("%w (that was %s; next time the url of the configuration is asked again)", err, canon.Public(v.usual()))
}

// passing: the host is there and will do better another time.
func passing(status int, err error) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusTooEarly:
		return true
	}
	return status >= 500 || isTimeout(err) || errors.Is(err, context.Canceled)
}
