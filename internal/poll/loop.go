package poll

import (
	"context"
	"fmt"
	"time"

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
	source *Source
	orders []*order
	began  time.Time
	at     time.Time // of the order; zero: when it begins
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
	hosts   *hosts
	jobs    map[string]*job
	running int
	workers int // as many as ever ran at one time; a grown stack is kept
	starts  chan start
	fetched chan *visit

	pending  []*visit // fetched, not yet with the committer
	bytes    int
	oldest   time.Time // when the first of pending came
	busy     bool      // the committer has work
	batches  chan []*visit
	kept     chan committed
	draining bool
	began    time.Time
	empty    bool // the store held nothing when we began
}

// Run polls until ctx ends, then lets what is under way finish and be kept.
func (p *Poller) Run(ctx context.Context) error {
	defer close(p.stopped)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	l := &loop{
		Poller: p, queue: &schedule.Queue{}, hosts: newHosts(), jobs: map[string]*job{},
		fetched: make(chan *visit), starts: make(chan start), batches: make(chan []*visit), kept: make(chan committed), began: time.Now(),
	}
	go l.committer(work)
	defer close(l.batches)
	defer close(l.starts)
	at, err := p.store.At(ctx)
	if err != nil {
		return err
	}
	l.empty = at == 0
	if err := l.fill(ctx); err != nil {
		return err
	}
	forget := time.NewTicker(forgetEvery)
	defer forget.Stop()
	for {
		l.start(work)
		l.handOver()
		if l.draining && l.running == 0 && !l.busy && len(l.pending) == 0 {
			return nil
		}
		if err := l.wait(ctx, stop, forget.C); err != nil {
			return err
		}
	}
}

// fill puts every source into the queue at the moment that the store
// remembers; what fell due while we were away is spread, not stampeded.
func (l *loop) fill(ctx context.Context) error {
	if !l.Scheduled {
		return nil
	}
	pl, now := l.plan.Load(), time.Now()
	for i := range pl.Sources {
		l.queue.Set(pl.Sources[i].Key, now) // unless it was polled before
	}
	for poll, err := range l.store.Polls(ctx) {
		if err != nil {
			return fmt.Errorf("poll: read what is due: %w", err)
		}
		if s := pl.byKey[poll.Source]; s != nil {
			l.queue.Set(s.Key, resume(pl, s, poll, now))
		}
	}
	return nil
}

// wait takes the next thing that happens.
func (l *loop) wait(ctx context.Context, stop func(), forget <-chan time.Time) error {
	done := ctx.Done()
	if l.draining {
		done = nil
	}
	timer := time.NewTimer(l.sleep())
	defer timer.Stop()
	quiet := l.quiet
	if l.busy {
		quiet = nil
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
	case do := <-quiet:
		do(ctx)
	case v := <-l.fetched:
		l.running--
		l.hosts.done(v.source.host, time.Now())
		if l.Fetched != nil {
			l.Fetched()
		}
		if len(l.pending) == 0 {
			l.oldest = time.Now()
		}
		l.pending = append(l.pending, v)
		l.bytes += v.bytes
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
	some, err := l.forget(ctx, now)
	if err != nil {
		l.Log.Error("could not forget old stories; will try again", "error", err)
	}
	mended, err := l.mend(ctx)
	if err != nil {
		l.Log.Error("could not file kept stories anew; will try again", "error", err)
	}
	if (some || mended) && l.Changed != nil {
		l.Changed(nil)
	}
}

// sleep is how long nothing will happen by itself.
func (l *loop) sleep() time.Duration {
	now, wait := time.Now(), time.Hour
	if at, ok := l.queue.Next(); ok && !l.draining {
		wait = min(wait, at.Sub(now))
	}
	if at, ok := l.hosts.next(); ok && l.mayStart(l.plan.Load()) {
		wait = min(wait, at.Sub(now))
	}
	if len(l.pending) > 0 && !l.busy {
		wait = min(wait, l.oldest.Add(firstGather).Sub(now))
	}
	if l.Trouble() != "" {
		wait = min(wait, time.Second)
	}
	return max(wait, time.Millisecond)
}

func (l *loop) enqueue(j *job) {
	l.jobs[j.source.Key] = j
	l.queue.Remove(j.source.Key)
	l.hosts.wait(j.source.host, j)
}

// start begins every fetch that may begin now.
func (l *loop) start(work context.Context) {
	pl, now := l.plan.Load(), time.Now()
	for !l.draining {
		key, ok := l.queue.Pop(now)
		if !ok {
			break
		}
		if s := pl.byKey[key]; s != nil && l.jobs[key] == nil {
			l.enqueue(&job{source: s})
		}
	}
	for l.mayStart(pl) {
		j := l.hosts.start(now, pl.PerHost, pl.Interval)
		if j == nil {
			break
		}
		j.began = now
		if l.running++; l.running > l.workers {
			l.workers++
			go l.worker(work)
		}
		at := now
		if !j.at.IsZero() {
			at = j.at // items without a date get one that does not tell who answered first
		}
		l.starts <- start{j, pl, at.UTC().Truncate(time.Second)}
	}
	if at, ok := l.queue.Next(); ok {
		l.next.Store(at.Unix())
	}
}

// mayStart: there is room for another fetch, and what it brings could be kept.
func (l *loop) mayStart(pl *plan) bool {
	return !l.draining && l.running < pl.Concurrency && l.bytes < gatherBytes && l.Trouble() == ""
}

// worker makes visits. There are never fewer workers than jobs that run, so
// that starting one does not wait.
func (l *loop) worker(work context.Context) {
	for s := range l.starts {
		l.fetched <- l.visit(work, s.plan, s.source, s.at)
	}
}

// handOver gives the committer what waits. A pass is decided as one as long as
// it fits into memory, so that the order of answers does not show.
func (l *loop) handOver() {
	if l.busy || len(l.pending) == 0 {
		return
	}
	waiting := l.running > 0 || l.hosts.waiting > 0
	passing := !l.Scheduled
	young := l.empty && time.Since(l.oldest) < firstGather
	if waiting && !l.draining && l.bytes < gatherBytes && (passing || young) {
		return
	}
	l.batches <- l.pending
	l.busy, l.empty = true, false
	l.pending, l.bytes = nil, 0
}

// committer is the one that decides and appends.
func (l *loop) committer(work context.Context) {
	for visits := range l.batches {
		l.kept <- l.commit(work, visits)
	}
}

// finish ends the jobs of a batch that is kept, or is not.
func (l *loop) finish(c committed) {
	told := make([]Visited, 0, len(c.visits))
	for i, v := range c.visits {
		j := l.jobs[v.source.Key]
		delete(l.jobs, v.source.Key)
		var result Visited
		if c.err != nil {
			result = Visited{Key: v.source.Key, Name: Name(v.source.Source, v.prev.Feed.Title), Err: c.err, Poll: v.prev}
		} else {
			result = c.results[i]
		}
		result.Took = time.Since(j.began)
		if l.Scheduled && l.plan.Load().byKey[result.Key] != nil {
			at := result.Poll.Next
			if c.err != nil {
				at = time.Now().Add(firstBackoff)
			}
			l.queue.Set(result.Key, at)
		}
		told = append(told, result)
		for _, o := range j.orders {
			o.add(result)
			if c.err != nil {
				o.err = c.err
			}
			if o.left--; o.left == 0 {
				defer func() { o.done <- o.passed }()
			}
		}
	}
	l.tell(told...)
	if l.Changed != nil && len(c.changed) > 0 {
		l.Changed(c.changed)
	}
}

func (l *loop) tell(vs ...Visited) {
	if l.Visited != nil {
		l.Visited(vs...)
	}
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
		if to.plan.byKey[s.Key] == nil {
			l.queue.Remove(s.Key)
		}
	}
	if err := l.fill(ctx); err != nil {
		return Changes{}, err
	}
	for key := range l.jobs {
		l.queue.Remove(key)
	}
	if l.Changed != nil {
		l.Changed(nil)
	}
	return changes, nil
}
