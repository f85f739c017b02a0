package poll

import (
	"fmt"
	"strings"
	"time"

	"aggregator/internal/news"
)

const (
	statusTooMany     = 429
	statusUnavailable = 503
	// restAfter is how long a host is left alone that answered 429 and did not
	// say for how long (RFC 6585 4).
	restAfter = time.Minute
)

// A rest is what one source heard that counts for its whole host.
type rest struct {
	until  time.Time
	key    string // of the source that heard it
	name   string
	origin string
	asked  bool // by Retry-After
}

// restOf reads a rest from the record of a poll: 429 is about us, whichever
// address we asked, and 503 with Retry-After about the whole server (RFC 9110
// 15.6.4). A 503 without is often one broken page. A host is HOST:PORT here:
// another port is another server (FreshRSS#7870: one bridge held back them all).
func restOf(s *Source, p news.Poll) (rest, bool) {
	if p.Status != statusTooMany && p.Status != statusUnavailable {
		return rest{}, false
	}
	r := rest{key: s.Key, name: Name(s.Source, p.Feed.Title), origin: origin(askedAt(s, p))}
	switch {
	case p.Floor.After(p.Last) && strings.HasPrefix(p.FloorWhy, "Retry-After"):
		r.until, r.asked = p.Floor, true
	case p.Status == statusTooMany:
		r.until = p.Last.Add(restAfter)
	default:
		return rest{}, false
	}
	return r, true
}

// why is the reason that the host's other sources give.
func (r rest) why() string {
	if r.asked {
		return fmt.Sprintf("Retry-After of %s, asked by %s", r.origin, r.name)
	}
	return fmt.Sprintf("429 from %s, answered to %s", r.origin, r.name)
}

// holds: the source waits for the end of a rest that another asked for; for its
// own it has a floor.
func (r rest) holds(s *Source, at time.Time) bool { return r.key != s.Key && r.until.After(at) }

// askedAt is the address that a source is asked at, as far as its record tells:
// the one that it moved to for good, or its own.
func askedAt(s *Source, p news.Poll) string {
	if p.Ask != "" {
		return p.Ask
	}
	return s.URL
}

// rests are those of all hosts: by origin, then by the source that heard it.
type rests map[string]map[string]rest

// take follows a record: what it says, or that it says nothing any more.
func (rs rests) take(s *Source, p news.Poll) (rest, bool) {
	r, is := restOf(s, p)
	if !is {
		delete(rs[origin(askedAt(s, p))], s.Key)
		return r, false
	}
	if rs[r.origin] == nil {
		rs[r.origin] = map[string]rest{}
	}
	rs[r.origin][s.Key] = r
	return r, true
}

// restsOf reads the rests of all hosts from the records of their sources, so
// that they outlive a restart.
func restsOf(pl *plan, polls map[string]news.Poll) rests {
	rs := rests{}
	for key, p := range polls {
		rs.take(pl.byKey[key], p)
	}
	return rs
}

// of is the rest that ends last of those that the server at an address has now.
func (rs rests) of(address string, now time.Time) (last rest) {
	if len(rs) == 0 {
		return rest{}
	}
	for _, r := range rs[origin(address)] {
		if r.until.After(now) && r.until.After(last.until) {
			last = r
		}
	}
	return last
}
