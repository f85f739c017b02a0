package poll

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// mostClaims is how many sources are claimed in one round trip: few enough that
// replicas take turns.
const mostClaims = 32

// giveUpAfter is how long a pass waits for a store that does not answer.
const giveUpAfter = 3 * time.Second

// claims are jobs on their way to be claimed, and back.
type claims struct {
	jobs       []*job
	limits     store.Limits
	answers    []store.Claimed
	generation int64
	err        error
}

// startClaimed is start where others work on the same site: what may start here
// is claimed first.
func (l *loop) startClaimed(pl *plan, real time.Time) {
	if l.claiming {
		return
	}
	l.giveUp()
	var jobs []*job
	for len(jobs) < mostClaims && l.mayClaim(pl) {
		j := l.lobby.start(real)
		if j == nil {
			break
		}
		j.began = real
		jobs = append(jobs, j)
		l.running++
	}
	if len(jobs) == 0 {
		return
	}
	l.claiming = true
	l.claims <- claims{jobs: jobs, limits: store.Limits{PerHost: pl.PerHost, Interval: pl.Interval, Lease: pl.lease()}}
}

func (l *loop) mayClaim(pl *plan) bool { return l.mayStart(pl) && !time.Now().Before(l.claimable()) }

// claimable is when something may be claimed again.
func (l *loop) claimable() time.Time {
	if l.share == nil {
		return time.Time{}
	}
	if at := l.share.claimable.Load(); at != nil && at.After(l.claimAgain) {
		return *at
	}
	return l.claimAgain
}

// lease is how long a claim holds: longer than any poll takes.
func (pl *plan) lease() time.Duration {
	if pl.Lease > 0 {
		return pl.Lease
	}
	return usualLease
}

// claimer asks the store, one batch at a time, so that the loop never waits.
func (l *loop) claimer(work context.Context) {
	for c := range l.claims {
		l.claim(work, &c)
		select {
		case l.claimed <- c:
		case <-work.Done():
			return
		}
	}
}

// claim asks for a batch. The log is read on behind it: what is fetched rests on
// the records that come with the claims, and these on decisions that must be in
// the log that it is kept in.
func (l *loop) claim(ctx context.Context, c *claims) {
	s := l.share
	c.generation = s.generation.Load()
	asked := make([]store.Claim, len(c.jobs))
	for i, j := range c.jobs {
		asked[i] = store.Claim{Source: j.source.Key, Host: j.host, Origin: j.origin, Forced: j.early || len(j.orders) > 0, Anyway: j.forced()}
	}
	if c.answers, c.err = s.store.Claim(ctx, l.now(), c.limits, asked...); c.err != nil {
		return
	}
	if c.err = l.CatchUp(ctx); c.err != nil {
		l.giveBack(c.jobs...)
	}
}

// giveBack ends claims of which nothing is kept. Where that fails they end by
// themselves.
func (l *loop) giveBack(jobs ...*job) {
	keys := make([]string, len(jobs))
	for i, j := range jobs {
		keys[i] = j.source.Key
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.work), silence)
		defer cancel()
		if err := l.share.store.Release(ctx, keys...); err != nil {
			l.Log.Debug("claims could not be given back; they end by themselves", "error", err)
		}
	}()
}

// answeredClaims starts what was granted, and puts off the rest.
func (l *loop) answeredClaims(c claims) {
	l.claiming = false
	l.running -= len(c.jobs)
	if c.err != nil {
		l.unclaimed(c)
		return
	}
	l.claimWait = 0
	l.share.refusing.Store(nil)
	now, pl := l.now(), l.plan.Load()
	lost := c.generation != l.generation()
	for i, j := range c.jobs {
		a := c.answers[i]
		if lost { // with the claim, or with what it rests on
			l.lobby.done(j, time.Now())
			l.giveBack(j)
			l.lobby.wait(j)
			continue
		}
		l.learn(j.source, a.Poll)
		l.answeredClaim(pl, j, a, c.generation, now)
	}
}

// answeredClaim starts a job, if it was granted and there is still a wish for it.
func (l *loop) answeredClaim(pl *plan, j *job, a store.Claimed, generation int64, now time.Time) {
	why := ""
	if a.OK && len(j.orders) > 0 && !j.forced() {
		why = l.floorOf(j.source, a.Poll, now)
	}
	if a.OK && why == "" && !l.draining && !l.doneMeanwhile(j, a.Poll, now) {
		l.share.granted.Add(1)
		j.prev, j.generation = &a.Poll, generation
		at := now
		if !j.at.IsZero() {
			at = j.at
		}
		l.run(j, pl, at)
		return
	}
	l.lobby.done(j, time.Now())
	if a.OK {
		l.giveBack(j)
	}
	if why != "" {
		l.skipFor(j, why, a.Poll.Next)
		return
	}
	l.share.refused.Add(1)
	l.putOff(pl, j, a, now)
}

// doneMeanwhile: what an outage made us miss, another process has polled since.
func (l *loop) doneMeanwhile(j *job, p news.Poll, now time.Time) bool {
	if !j.early || len(j.orders) > 0 || p.Error != "" || p.Last.IsZero() {
		return false
	}
	_, early := askAgain(l.plan.Load(), j.source, store.Claimed{Poll: p}, rest{}, l.pushOf(j.source.Key), now)
	return !early && p.Next.After(now)
}

// unclaimed: the store could not say. Nothing is claimed for a while.
func (l *loop) unclaimed(c claims) {
	why := "nothing can be claimed: " + c.err.Error()
	if l.share.refusing.Swap(&why) == nil {
		l.Log.Error("sources cannot be claimed; polling pauses, serving goes on", "error", c.err)
	}
	l.claimWait = min(max(2*l.claimWait, firstPatience), longestPatience)
	l.claimAgain = time.Now().Add(l.claimWait)
	for _, j := range c.jobs {
		l.lobby.done(j, time.Now())
		if l.draining || !l.Scheduled {
			l.broken(j, fmt.Errorf("poll not committed, for its source cannot be claimed: %w", c.err))
			continue
		}
		l.lobby.wait(j)
	}
}

// giveUp ends what a pass waits for, where nothing can be claimed: nobody is there
// to wait until it can.
func (l *loop) giveUp() {
	why := l.paused()
	if l.Scheduled || why == "" {
		l.pausedSince = time.Time{}
		return
	}
	if l.pausedSince.IsZero() {
		l.pausedSince = time.Now()
	}
	if time.Since(l.pausedSince) < giveUpAfter {
		return
	}
	hosts := map[string]bool{}
	for _, j := range l.jobs {
		hosts[j.host] = true
	}
	waiting := slices.Concat(l.nowhere, slices.Collect(maps.Values(l.aside)))
	for host := range hosts {
		waiting = append(waiting, l.lobby.drop(host, func(*job) bool { return true })...)
	}
	l.nowhere, l.aside = nil, map[string]*job{}
	for _, j := range waiting {
		l.broken(j, fmt.Errorf("poll not committed: %s", why))
	}
}

// broken ends a job whose claim failed.
func (l *loop) broken(j *job, err error) {
	delete(l.jobs, j.source.Key)
	failed := Visited{Key: j.source.Key, Name: Name(j.source.Source, ""), Err: err}
	for _, o := range j.orders {
		o.err = err
		o.add(failed)
		o.end()
	}
	l.release(j, failed)
}

// putOff is for a source that another process polls, or has polled.
func (l *loop) putOff(pl *plan, j *job, a store.Claimed, now time.Time) {
	key := j.source.Key
	if len(j.orders) > 0 {
		l.putOrderOff(pl, j, a, now)
		return
	}
	held := l.rests.of(askedAt(j.source, a.Poll), now)
	at, early := askAgain(pl, j.source, a, held, l.pushOf(key), now)
	if early && j.early {
		at, early = a.Until, false // it is due, and another is at it
	}
	if _, owed := l.healing.owed[key]; owed && at.After(now.Add(askHealing)) {
		at = now.Add(askHealing)
	}
	if early {
		j.early = true
		l.lobby.wait(j)
		return
	}
	delete(l.jobs, key)
	if pl.byKey[key] != nil {
		l.queue.Set(key, at)
	}
	l.release(j, Visited{Key: key, Name: Name(j.source.Source, ""), Poll: a.Poll})
}

// putOrderOff: what somebody ordered waits until whoever is at it has done, but
// not for ever; nor is it polled when that left nothing to wish for.
func (l *loop) putOrderOff(pl *plan, j *job, a store.Claimed, now time.Time) {
	if why := l.floorOf(j.source, a.Poll, now); why != "" && !j.forced() {
		l.skipFor(j, why, a.Poll.Next)
		return
	}
	if j.putOff.IsZero() {
		j.putOff = now
	}
	if now.Sub(j.putOff) > pl.lease() || pl.byKey[j.source.Key] == nil {
		l.skipFor(j, "another process is polling it, or its host", a.Until)
		return
	}
	at := a.Until
	if latest := now.Add(time.Second); at.After(latest) {
		at = latest
	}
	l.aside[j.source.Key] = j
	l.queue.Set(j.source.Key, at)
}

// floorOf is why a source may not be asked yet; "" if it may.
func (l *loop) floorOf(s *Source, p news.Poll, now time.Time) string {
	if at, why := floor(s, asOf(p, now), l.rests.of(askedAt(s, p), now)); at.After(now) {
		return why
	}
	return ""
}

// askAgain is when a source is claimed again whose claim was refused: when its
// record says, or the answer. early says that by our plan it is due, though by
// the record it is not: it was polled by another schedule, which a reload has
// changed, or a hub's word has ended.
func askAgain(pl *plan, s *Source, a store.Claimed, held rest, u Push, now time.Time) (at time.Time, early bool) {
	p := asOf(a.Poll, now)
	if p.Last.IsZero() || !p.Next.After(now) {
		return a.Until, false // another is at it, or at its host
	}
	at, _ = due(pl, s, p, held, u, p.Last.Add(time.Millisecond))
	if !at.After(now) {
		return now, true
	}
	if p.Next.Before(at) {
		return p.Next, false
	}
	return at, false
}

// learn takes note of what another process found.
func (l *loop) learn(s *Source, p news.Poll) {
	if p.Last.IsZero() {
		return
	}
	l.healing.polled(s.Key, p)
	l.last[s.Key] = lastOf(p)
	l.lobby.at[host(askedAt(s, p))] = p.Address
	l.rests.take(s, p)
}

// restForAll has other processes leave a host alone, too.
func (l *loop) restForAll(r rest) {
	if l.share == nil {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(l.work, silence)
		defer cancel()
		if err := l.share.store.Rest(ctx, r.origin, r.until); err != nil {
			l.Log.Debug("other processes were not told that a host rests", "error", err)
		}
	}()
}
