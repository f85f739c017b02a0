package poll

import (
	"context"
	"errors"
	"time"

	"aggregator/internal/news"
)

// slowFetch: what took longer last time passes the narrower gates, and so does
// what was never asked.
const slowFetch = 5 * time.Second

// found is where a job's host is.
type found struct {
	job     *job
	address string
}

// last is what the loop remembers of a source's last poll.
type last struct {
	took time.Duration
	ask  string // in place of its own address
	at   time.Time
}

func lastOf(p news.Poll) last {
	return last{time.Duration(p.Took) * time.Millisecond, p.Ask, p.Last}
}

// addressOf is where a source is asked next.
func (l *loop) addressOf(s *Source) string {
	return askedAt(s, news.Poll{Ask: l.last[s.Key].ask})
}

func (l *loop) enqueue(j *job) {
	l.jobs[j.source.Key] = j
	l.queue.Remove(j.source.Key)
	before, known := l.last[j.source.Key]
	j.slow = l.Scheduled && (!known || before.took > slowFetch)
	j.host, j.origin = host(l.addressOf(j.source)), origin(l.addressOf(j.source))
	if _, placed := l.lobby.at[j.host]; !placed && l.plan.Load().Address != nil {
		l.nowhere = append(l.nowhere, j)
		return
	}
	l.lobby.wait(j)
}

// lookUp finds where hosts are that were never asked, so that even the first
// polls of many hosts on one machine are not made at once.
func (l *loop) lookUp(work context.Context, pl *plan) {
	for len(l.nowhere) > 0 && l.looking < pl.Concurrency && !l.draining {
		j := l.nowhere[0]
		l.nowhere = l.nowhere[1:]
		if _, placed := l.lobby.at[j.host]; placed {
			l.lobby.wait(j)
			continue
		}
		l.looking++
		src := j.source.Source
		src.URL = l.addressOf(j.source)
		go func() {
			select {
			case l.found <- found{j, pl.Address(work, src)}:
			case <-work.Done():
			}
		}()
	}
}

// start begins every fetch that may begin now.
func (l *loop) start(work context.Context) {
	// Sources fall due by the time of day; hosts are spared by time itself.
	pl, now, real := l.plan.Load(), l.now(), time.Now()
	l.lobby.use(limits{pl.Concurrency, pl.PerHost, pl.Interval}, real)
	for !l.draining {
		key, ok := l.queue.Pop(now)
		if !ok {
			break
		}
		if j := l.aside[key]; j != nil {
			delete(l.aside, key)
			l.lobby.wait(j)
			continue
		}
		s := pl.byKey[key]
		if s == nil || l.jobs[key] != nil {
			continue
		}
		if held := l.rests.of(l.addressOf(s), now); !held.until.IsZero() {
			l.queue.Set(key, held.until)
			continue
		}
		l.enqueue(&job{source: s, early: l.missed[key]})
		delete(l.missed, key)
	}
	l.lookUp(work, pl)
	if l.share != nil {
		l.startClaimed(pl, real)
	}
	for l.share == nil && l.mayStart(pl) {
		j := l.lobby.start(real)
		if j == nil {
			break
		}
		j.began = real
		at := now
		if !j.at.IsZero() {
			at = j.at // items without a date get one that does not tell who answered first
		}
		l.run(j, pl, at)
	}
	if at, ok := l.queue.Next(); ok {
		l.next.Store(at.Unix())
	}
}

// run gives a job to a worker.
func (l *loop) run(j *job, pl *plan, at time.Time) {
	if l.running++; l.running > l.workers {
		l.workers++
		go l.worker(l.work)
	}
	l.starts <- start{j, pl, at.UTC().Truncate(time.Second)}
}

// mayStart: there is room for another fetch, and what it brings could be kept.
func (l *loop) mayStart(pl *plan) bool {
	return !l.draining && l.running < pl.Concurrency && l.bytes < gatherBytes && l.paused() == ""
}

// worker makes visits. There are never fewer workers than jobs that run, so
// that starting one does not wait.
func (l *loop) worker(work context.Context) {
	for s := range l.starts {
		if s.push != nil {
			l.fetched <- l.read(work, s.plan, s.job, s.at)
			continue
		}
		l.fetched <- l.visit(work, s.plan, s.job, s.at)
	}
}

// handOver gives the committer what waits. A pass is decided as one as long as
// it fits into memory, so that the order of answers does not show.
func (l *loop) handOver() {
	if l.busy || len(l.pending) == 0 {
		return
	}
	waiting := l.running+l.looking > 0 || l.lobby.waiting+len(l.nowhere)+len(l.aside) > 0
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
		if c.err == nil && !v.pushed {
			l.rests.take(v.source, result.Poll) // a change of plan reads what is kept
			l.healing.polled(result.Key, result.Poll)
		}
		if c.err != nil && l.share != nil && !v.pushed {
			l.giveBack(j)
		}
		held := l.rests.of(askedAt(v.source, result.Poll), l.now())
		result.Took = time.Since(j.began)
		if l.Scheduled && l.plan.Load().byKey[result.Key] != nil {
			at := result.Poll.Next
			switch {
			case errors.Is(c.err, errLost):
				at = l.now()
			case c.err != nil:
				at = l.now().Add(firstBackoff)
			}
			l.queue.Set(result.Key, at)
		}
		result.Poll = outlook(v.source, result.Poll, held)
		told = append(told, result)
		for _, o := range j.orders {
			o.add(result)
			if c.err != nil {
				o.err = c.err
			}
			defer o.end()
		}
		l.release(j, result)
	}
	l.tell(told...)
	l.tellChanged(c.touched, c.changed)
}

func (l *loop) tell(vs ...Visited) {
	if l.Visited != nil {
		l.Visited(vs...)
	}
}
