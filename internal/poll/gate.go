package poll

import "time"

// A gate lets in no more than so many polls at a time, no closer together than
// an interval: a host's, an address's, or that of all slow ones. Lines that it
// holds back wait at it, so that a poll that ends looks at one line, not at all.
type gate struct {
	name    string
	limit   int
	spacing time.Duration
	inside  int
	free    time.Time // nobody before
	waiting []*line
	timed   bool // the lobby will look at it again by itself
}

func (g *gate) full() bool { return g.inside >= g.limit }

// open: one more may enter now.
func (g *gate) open(now time.Time) bool { return !g.full() && !now.Before(g.free) }

func (g *gate) enter(now time.Time) {
	g.inside++
	g.free = now.Add(g.spacing)
}

// idle: nothing of it needs to be remembered.
func (g *gate) idle(now time.Time) bool {
	return g.inside == 0 && len(g.waiting) == 0 && !g.timed && !now.Before(g.free)
}

// A pair of gates: the one that all pass, and the narrower one that slow ones
// pass as well, so that they never take all the room.
type pair struct{ all, slow gate }

func newPair(name string, limit int, spacing time.Duration) *pair {
	return &pair{gate{name: name, limit: limit, spacing: spacing}, gate{name: name + " slow", limit: lane(limit)}}
}

// lane is how much of the room slow polls may take: three quarters. What hangs
// for its whole timeout then still leaves a quarter to those that answer, which
// need little: 16 places are 80 polls a second at 200 ms each.
func lane(limit int) int { return max(1, limit*3/4) }

// resize follows a changed configuration.
func (p *pair) resize(limit int, spacing time.Duration) {
	p.all.limit, p.all.spacing, p.slow.limit = limit, spacing, lane(limit)
}

func (p *pair) idle(now time.Time) bool { return p.all.idle(now) && p.slow.idle(now) }

// A line is the polls of one host that wait, quick or slow ones, in the order in
// which they fell due.
type line struct {
	lineKey
	jobs   []*job
	listed bool  // ready, or waiting at a gate
	by     *gate // that let it come forward, and lets another where it cannot start
}

type lineKey struct {
	host string
	slow bool
}
