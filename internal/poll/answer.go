package poll

import (
	"time"

	"aggregator/internal/news"
	"aggregator/internal/schedule"
)

// answered takes a fetch that has ended, well or not, and what it means for
// others: that their host rests, that we have a network again, or none.
func (l *loop) answered(v *visit) {
	now := l.now()
	l.running--
	if len(l.pending) == 0 {
		l.oldest = time.Now()
	}
	l.pending = append(l.pending, v)
	l.bytes += v.bytes
	if v.pushed {
		return // nobody was asked
	}
	l.lobby.done(l.jobs[v.source.Key], time.Now())
	if l.Fetched != nil {
		l.Fetched()
	}
	l.last[v.source.Key] = lastOf(v.Poll)
	if v.reached() {
		l.lobby.at[l.jobs[v.source.Key].host] = v.Poll.Address
		l.online(now)
	} else if !l.draining {
		l.silent(v, now)
	}
	v.Poll.Failing = failingSince(v.prev, v.Poll)
	if r, is := l.rests.take(v.source, v.Poll); is {
		l.rest(r)
	}
}

// reached: somebody took the connection.
func (v *visit) reached() bool { return v.Reached || v.Err == nil || v.Poll.Status != 0 }

// failingSince is the first of the failures in a row.
func failingSince(prev, p news.Poll) time.Time {
	switch {
	case p.Error == "":
		return time.Time{}
	case prev.Failing.IsZero():
		return p.Last
	}
	return prev.Failing
}

// rest sends those home who wait for a host that wants to be left alone, but for
// those that somebody forced.
func (l *loop) rest(r rest) {
	l.Log.Info("a host is left alone", "host", r.origin, "until", r.until.UTC().Format(time.RFC3339), "why", r.why())
	l.restForAll(r)
	for _, j := range l.lobby.drop(host(r.origin), func(j *job) bool { return j.origin == r.origin && !j.forced() }) {
		l.skipFor(j, r.why(), r.until)
	}
}

// skipFor ends a job that is not to start before a moment.
func (l *loop) skipFor(j *job, why string, until time.Time) {
	s := j.source
	delete(l.jobs, s.Key)
	if l.Scheduled && l.plan.Load().byKey[s.Key] != nil {
		l.queue.Set(s.Key, until)
	}
	skipped := Visited{Key: s.Key, Name: Name(s.Source, ""), Skipped: why}
	for _, o := range j.orders {
		o.add(skipped)
		o.end()
	}
	l.tell(skipped)
	l.release(j, skipped)
}

// silent: a source is out of reach. In an outage of our own that is not counted
// against it.
func (l *loop) silent(v *visit, now time.Time) {
	began := l.outage.since.IsZero()
	l.outage.failed(v, now)
	if began && !l.outage.since.IsZero() {
		l.offline.Store(&now)
		l.Log.Warn("our own network seems to be down: no host is in reach that was well before; that is not counted as their failure", "hosts", len(l.outage.silent))
	}
	if l.outage.forgives(now) {
		v.Poll.Failures = v.prev.Failures
	}
}

// online ends an outage: what it made us miss is polled now, spread as after a
// restart.
func (l *loop) online(now time.Time) {
	missed := l.outage.answered()
	if missed == nil {
		return
	}
	l.offline.Store(nil)
	l.Log.Info("our network is back; what was missed is polled", "sources", len(missed))
	pl := l.plan.Load()
	for key := range missed {
		s := pl.byKey[key]
		l.missed[key] = true
		if s == nil || l.jobs[key] != nil || !l.Scheduled {
			continue
		}
		spread := schedule.Limits{Spread: pl.Spread}
		l.queue.Set(key, s.Schedule.Overdue(key, now, now, pl.Spread, spread))
	}
}
