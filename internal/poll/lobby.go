package poll

import (
	"time"

	"aggregator/internal/schedule"
)

// perAddress is how many times as much one address may be asked as one host.
// A machine with hundreds of blogs on it is spared what hundreds of hosts could
// bear; but behind one address there may also be a network that serves
// thousands of sites, whose sources are not to wait all day for each other.
const perAddress = 4

// limits are how much may be asked at once.
type limits struct {
	all, perHost int
	interval     time.Duration // between two polls of a host
}

// A lobby is where polls wait until their host may be asked: no more than so
// many at a time, no closer together than an interval, and the same, less
// strictly, for all hosts of one address. Slow ones pass narrower gates, too.
type lobby struct {
	limits
	slow      gate // for the slow ones of all hosts
	hosts     map[string]*pair
	addresses map[string]*pair
	at        map[string]string // a host's address; "" where it cannot be known
	lines     map[lineKey]*line
	ready     []*line         // may be asked, first come first served
	later     *schedule.Queue // gates that open at a moment, by name
	timed     map[string]*gate
	waiting   int // jobs in all
}

func newLobby() *lobby {
	return &lobby{
		slow: gate{name: "slow"}, hosts: map[string]*pair{}, addresses: map[string]*pair{}, at: map[string]string{},
		lines: map[lineKey]*line{}, later: &schedule.Queue{}, timed: map[string]*gate{},
	}
}

// use follows a changed configuration.
func (l *lobby) use(to limits, now time.Time) {
	if l.limits == to {
		return
	}
	l.limits, l.slow.limit = to, lane(to.all)
	l.look(&l.slow, now)
	for _, p := range l.hosts {
		p.resize(l.host())
		l.look(&p.all, now)
		l.look(&p.slow, now)
	}
	for _, p := range l.addresses {
		p.resize(l.address())
		l.look(&p.all, now)
		l.look(&p.slow, now)
	}
}

func (l *lobby) host() (int, time.Duration) { return l.perHost, l.interval }

func (l *lobby) address() (int, time.Duration) {
	return perAddress * l.perHost, l.interval / perAddress
}

// wait puts a job in its host's line.
func (l *lobby) wait(j *job) {
	key := lineKey{j.host, j.slow}
	ln := l.lines[key]
	if ln == nil {
		ln = &line{lineKey: key}
		l.lines[key] = ln
	}
	ln.jobs = append(ln.jobs, j)
	l.waiting++
	l.list(ln)
}

func (l *lobby) list(ln *line) {
	if ln.listed || len(ln.jobs) == 0 {
		return
	}
	ln.listed = true
	l.ready = append(l.ready, ln)
}

// start takes the next job that may start at `now`; nil if there is none.
func (l *lobby) start(now time.Time) *job {
	for l.tick(now); len(l.ready) > 0; {
		ln := l.ready[0]
		l.ready = l.ready[1:]
		by := ln.by
		ln.listed, ln.by = false, nil
		j := l.enter(ln, now)
		// It may have gone another way: to another gate, or to where its host is now.
		if by != nil {
			l.look(by, now)
		}
		if j != nil {
			return j
		}
		l.tick(now)
	}
	return nil
}

// enter starts the first job of a line if all its gates are open; else the line
// waits at the first that is not.
func (l *lobby) enter(ln *line, now time.Time) *job {
	if len(ln.jobs) == 0 { // they were dropped
		return nil
	}
	gates := l.way(ln.host, l.at[ln.host], ln.slow)
	for _, g := range gates {
		if !g.open(now) {
			ln.listed = true
			g.waiting = append(g.waiting, ln)
			l.look(g, now)
			return nil
		}
	}
	j := ln.jobs[0]
	ln.jobs = ln.jobs[1:]
	l.waiting--
	j.address = l.at[ln.host]
	for _, g := range gates {
		g.enter(now)
		l.look(g, now)
	}
	if len(ln.jobs) == 0 {
		delete(l.lines, ln.lineKey)
	}
	l.list(ln)
	return j
}

// way are the gates between a line and its host.
func (l *lobby) way(host, address string, slow bool) []*gate {
	at := []*pair{l.pair(l.hosts, "host "+host, l.host)}
	if address != "" {
		at = append(at, l.pair(l.addresses, "address "+address, l.address))
	}
	var gates []*gate
	for _, p := range at {
		gates = append(gates, &p.all)
		if slow {
			gates = append(gates, &p.slow)
		}
	}
	if slow {
		gates = append(gates, &l.slow)
	}
	return gates
}

func (l *lobby) pair(of map[string]*pair, name string, size func() (int, time.Duration)) *pair {
	p := of[name]
	if p == nil {
		limit, spacing := size()
		p = newPair(name, limit, spacing)
		of[name] = p
	}
	return p
}

// look: a gate at which lines wait is looked at when it opens. One that is full
// opens as a poll ends.
func (l *lobby) look(g *gate, now time.Time) {
	if len(g.waiting) == 0 || g.full() || g.timed {
		return
	}
	g.timed = true
	l.timed[g.name] = g
	l.later.Set(g.name, latest(g.free, now))
}

// tick has the gates looked at whose moment has come.
func (l *lobby) tick(now time.Time) {
	for {
		name, due := l.later.Pop(now)
		if !due {
			return
		}
		g := l.timed[name]
		delete(l.timed, name)
		g.timed = false
		if g.open(now) {
			l.wake(g)
		}
	}
}

// wake lets the first line that waits at a gate come forward.
func (l *lobby) wake(g *gate) {
	if len(g.waiting) == 0 {
		return
	}
	ln := g.waiting[0]
	g.waiting = g.waiting[1:]
	ln.by = g
	l.ready = append(l.ready, ln)
}

// done says that a job has ended.
func (l *lobby) done(j *job, now time.Time) {
	for _, g := range l.way(j.host, j.address, j.slow) {
		g.inside--
		l.look(g, now)
	}
	l.forget(l.hosts, "host "+j.host, now)
	l.forget(l.addresses, "address "+j.address, now)
}

// forget lets go of gates at which nothing happens.
func (l *lobby) forget(of map[string]*pair, name string, now time.Time) {
	if p := of[name]; p != nil && p.idle(now) {
		delete(of, name)
	}
}

// drop takes those jobs of a host out of its lines that are not to start.
func (l *lobby) drop(host string, not func(*job) bool) (dropped []*job) {
	for _, slow := range []bool{false, true} {
		ln := l.lines[lineKey{host, slow}]
		if ln == nil {
			continue
		}
		var kept []*job
		for _, j := range ln.jobs {
			if not(j) {
				dropped = append(dropped, j)
			} else {
				kept = append(kept, j)
			}
		}
		ln.jobs = kept
	}
	l.waiting -= len(dropped)
	return dropped
}

// next is when a gate opens that somebody waits at.
func (l *lobby) next() (time.Time, bool) { return l.later.Next() }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
