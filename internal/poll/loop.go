package poll

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/schedule"
)

const (
	// gatherBytes is how much may wait to be decided together: memory is
	// bounded, and fetching pauses beyond it.
	gatherBytes = 16 << 20
	// drainFor is how long fetches under way may take when we are to stop.
	drainFor = 10 * time.Second
	// firstGather is how long the first answers wait for others while the
	// store is empty: what they bring is then decided in order of date, and a
	// store that was lost comes back with the same ids.
	firstGather = 2 * time.Second
	// lookAtClock is how often nothing else is waited for: while a machine
	// sleeps its timers stand still.
	lookAtClock = time.Minute
	// forgetEvery is how often old stories are looked for.
	forgetEvery = time.Hour
)

// planned is a changed configuration on its way into the loop.
type planned struct {
	plan  *plan
	still Still
	done  chan changed
}

// changed is how that went.
type changed struct {
	Changes
	err error
}

// a job is a source that is being polled: waiting for its host, fetched, or
// waiting to be kept. That it stands in loop.jobs is its lease.
type job struct {
	source     *Source
	orders     []*order
	began      time.Time
	at         time.Time  // of the order; zero: when it begins
	slow       bool       // it passes the narrower gates
	host       string     // of the address that is asked
	origin     string     // the same with its port
	address    string     // of its host, as it was when it began
	push       *pushed    // what a hub sent, in place of asking
	early      bool       // due by our plan, though not by its record
	putOff     time.Time  // since when another process is at it, if it was ordered
	prev       *news.Poll // its record, if a claim brought it
	generation int64      // of the log that prev rests on
	after      []*order   // want it polled when that is kept
}

// forced: somebody asked for it whatever the floors.
func (j *job) forced() bool {
	return slices.ContainsFunc(j.orders, func(o *order) bool { return o.force })
}

// a start is a job on its way to a worker.
type start struct {
	*job
	plan *plan
	at   time.Time
}

// loop is the state of Run; only its goroutine touches it.
type loop struct {
	*Poller
	queue   *schedule.Queue // sources by due moment
	lobby   *lobby
	jobs    map[string]*job
	later   map[string][]*pushed // what was pushed while their source was under way
	rests   rests
	outage  outage
	last    map[string]last // of each source
	clock   clock
	nowhere []*job // whose host's address is still to be looked up
	looking int    // look-ups under way
	found   chan found
	work    context.Context // of fetches
	running int
	workers int // as many as ever ran at one time; a grown stack is kept
	starts  chan start
	fetched chan *visit

	pending []*visit // fetched, not yet with the committer
	bytes   int
	oldest  time.Time // when the first of pending came
	busy    bool      // the committer has work
	batches chan []*visit
	kept    chan committed

	claims      chan claims // to the claimer, and back
	claimed     chan claims
	claiming    bool            // one is under way
	claimAgain  time.Time       // none before
	claimWait   time.Duration   // after one that failed
	aside       map[string]*job // ordered, while another process polls it
	healing     healing
	missed      map[string]bool // in an outage: due, whatever their records say
	pausedSince time.Time       // of a pass that cannot claim
	draining    bool
	empty       bool // the store held nothing when we began
}

// Run polls until ctx ends, then lets what is under way finish and be kept.
func (p *Poller) Run(ctx context.Context) error {
	defer close(p.stopped)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	l := &loop{
		Poller: p, queue: &schedule.Queue{}, lobby: newLobby(), jobs: map[string]*job{}, later: map[string][]*pushed{}, rests: rests{}, last: map[string]last{},
		found: make(chan found), fetched: make(chan *visit), starts: make(chan start), batches: make(chan []*visit), kept: make(chan committed),
		clock: newClock(p.now), work: work,
		claims: make(chan claims, 1), claimed: make(chan claims), aside: map[string]*job{}, missed: map[string]bool{},
	}
	go l.committer(work)
	defer close(l.batches)
	if p.share != nil {
		defer l.accompany(work)()
	}
	defer close(l.starts)
	at, err := p.store.At(ctx)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	if l.empty = at == 0; l.empty && l.Scheduled && l.share != nil {
		l.claimAgain = time.Now().Add(firstLook)
	}
	if err := l.fill(ctx); err != nil {
		return unlessEnded(ctx, err)
	}
	forget := time.NewTicker(forgetEvery)
	defer forget.Stop()
	for {
		if by := l.clock.jumped(); by != 0 {
			l.Log.Warn("the clock jumped, or this machine slept; what is due is spread anew", "by", by.Round(time.Second))
			if err := l.fill(ctx); err != nil && p.share == nil {
				return err
			} else if err != nil {
				l.lostAgain(time.Second) // which fills it, too
			}
		}
		l.start(work)
		l.handOver()
		l.healed(ctx)
		if l.draining && l.running == 0 && !l.busy && len(l.pending) == 0 {
			return nil
		}
		if err := l.wait(ctx, stop, forget.C); err != nil {
			return err
		}
	}
}

// unlessEnded is an error of Run, which is none where it was to end.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// fill puts every source into the queue at the moment that the store
// remembers; what fell due while we were away is spread, not stampeded. Hosts
// rest on, and are where they were.
func (l *loop) fill(ctx context.Context) error {
	pl, now := l.plan.Load(), l.now()
	polls, err := l.records(ctx, pl, now)
	if err != nil {
		return err
	}
	l.rests = restsOf(pl, polls)
	for key, p := range polls {
		l.last[key] = lastOf(p)
		l.lobby.at[host(askedAt(pl.byKey[key], p))] = p.Address
	}
	if !l.Scheduled {
		return nil
	}
	l.filled.Store(&now)
	for i := range pl.Sources {
		s := &pl.Sources[i]
		switch p, polled := polls[s.Key]; {
		case l.aside[s.Key] != nil:
		case l.jobs[s.Key] != nil: // it is under way
			l.queue.Remove(s.Key)
		case polled:
			l.queue.Set(s.Key, resume(pl, s, p, l.rests.of(askedAt(s, p), now), l.pushOf(s.Key), now))
		default: // sources that hang often stand side by side: mixed, none waits for all of them
			l.queue.Set(s.Key, now.Add(schedule.Spread(s.Key, time.Millisecond)))
		}
	}
	return nil
}

// records are the polls of the plan's sources that are kept, as of now.
func (p *Poller) records(ctx context.Context, pl *plan, now time.Time) (map[string]news.Poll, error) {
	polls := map[string]news.Poll{}
	for poll, err := range p.store.Polls(ctx) {
		if err != nil {
			return nil, fmt.Errorf("poll: read what is due: %w", err)
		}
		if pl.byKey[poll.Source] != nil {
			poll.Seen = nil // the most of it
			polls[poll.Source] = asOf(poll, now)
		}
	}
	return polls, nil
}

// wait takes the next thing that happens.
func (l *loop) wait(ctx context.Context, stop func(), forget <-chan time.Time) error {
	done := ctx.Done()
	if l.draining {
		done = nil
	}
	timer := time.NewTimer(l.sleep())
	defer timer.Stop()
	quiet, lost := l.quiet, l.lostLog()
	if l.busy {
		quiet, lost = nil, nil
	}
	select {
	case <-done:
		l.draining = true
		time.AfterFunc(drainFor, stop)
	case o := <-l.orders:
		l.take(o)
	case pl := <-l.plans:
		changes, err := l.change(ctx, pl)
		pl.done <- changed{changes, err}
	case u := <-l.pushes:
		l.receive(u)
	case key := <-l.again:
		l.reconsider(key)
	case do := <-quiet:
		do(ctx)
	case v := <-l.fetched:
		l.answered(v)
	case f := <-l.found:
		l.looking--
		l.lobby.at[f.job.host] = f.address
		l.lobby.wait(f.job)
	case c := <-l.claimed:
		l.answeredClaims(c)
	case <-lost:
		if err := l.heal(ctx); err != nil {
			l.Log.Error("could not find out which polls are lost; will try again", "error", err)
			l.lostAgain(time.Second)
		}
	case c := <-l.kept:
		l.busy = false
		l.finish(c)
	case now := <-forget:
		if !l.busy {
			l.forgetNow(ctx, now)
		}
	case <-timer.C:
	}
	return nil
}

func (l *loop) forgetNow(ctx context.Context, now time.Time) {
	some, err := l.forgetAlone(ctx, now)
	if err != nil {
		l.Log.Error("could not forget old stories; will try again", "error", err)
	}
	mended, err := l.mend(ctx)
	if err != nil {
		l.Log.Error("could not file kept stories anew; will try again", "error", err)
	}
	switch {
	case mended:
		l.tellAll()
	case some && l.Changed != nil:
		l.Changed(nil)
	}
}

// sleep is how long nothing will happen by itself.
func (l *loop) sleep() time.Duration {
	now, wait := l.now(), lookAtClock
	if at, ok := l.queue.Next(); ok && !l.draining {
		wait = min(wait, at.Sub(now))
	}
	if at, ok := l.lobby.next(); ok && l.mayStart(l.plan.Load()) {
		wait = min(wait, time.Until(at))
	}
	if until := time.Until(l.claimable()); until > 0 {
		wait = min(wait, until)
	}
	if !l.healing.until.IsZero() {
		wait = min(wait, max(l.healing.until.Sub(now), 0)+time.Millisecond)
	}
	if len(l.pending) > 0 && !l.busy {
		wait = min(wait, time.Until(l.oldest.Add(firstGather)))
	}
	if l.Trouble() != "" {
		wait = min(wait, time.Second)
	}
	return max(wait, time.Millisecond)
}

// change takes a new plan: what is under way ends under the old one.
func (l *loop) change(ctx context.Context, to planned) (Changes, error) {
	for l.busy {
		select {
		case c := <-l.kept:
			l.busy = false
			l.finish(c)
		case <-ctx.Done():
			return Changes{}, ctx.Err()
		}
	}
	old := l.plan.Swap(to.plan)
	changes, err := l.refile(ctx, to.still)
	if err != nil {
		l.plan.Store(old)
		return Changes{}, err
	}
	l.tune()
	for _, s := range old.Sources {
		if to.plan.byKey[s.Key] == nil && l.aside[s.Key] == nil {
			l.queue.Remove(s.Key)
		}
	}
	if err := l.fill(ctx); err != nil {
		return Changes{}, err
	}
	l.tellAll()
	return changes, nil
}
