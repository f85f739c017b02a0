package poll

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

// A log can be lost: a Redis is wiped, or fails over to one that had not heard of
// its end. That "no story twice" must not rest on Redis alone: a replica
// remembers which story each item tells, and since when (its keepsake). It reads
// what is left of the log; the sources whose last polls are lost, too, fall due
// at once and bring what else there was; and that tells the stories that it told,
// under their ids and dates, as no news to anybody. Until all of them were polled
// once the feeds stand as they were, and what nobody remembers has to wait: it may
// be a copy of what is not back yet.

const (
	// markHealing is there while the sources fill a lost log again: by whom, and
	// until when that holds if it is not said again. Replicas that have no keepsake
	// leave that to others.
	markHealing = "healing"
	healingSaid = 30 * time.Second
	// longestHealing is how long the feeds stand still for it.
	longestHealing = 10 * time.Minute
	// askHealing is how often is asked whether another replica polled a source, or
	// one that brought what has to wait.
	askHealing = 5 * time.Second
)

// errLost: what was fetched rests on what was lost.
var errLost = errors.New("the log was lost while this was under way; the source is polled again")

// relearn reads the log that there is now in place of the one that was followed.
// The caller thinks.
func (p *Poller) relearn(ctx context.Context) error {
	s, pl := p.share, p.plan.Load()
	index, tip, err := s.readAnew(ctx, pl)
	if err != nil {
		return fmt.Errorf("poll: read the log anew: %w", err)
	}
	p.hold(true)
	keepsake := p.index.Keepsake()
	if was := s.keepsake.Load(); was != nil {
		for id, told := range *was {
			if _, newer := keepsake[id]; !newer {
				keepsake[id] = told
			}
		}
	}
	p.Log.Error("the log of the store is another one than before: it was wiped, or lost its end; what is missing comes again from the sources, under the ids and dates that it had",
		"was", s.tip.At, "is", tip.At, "remembered", len(keepsake))
	p.memory.Lock()
	p.index = index
	p.memory.Unlock()
	p.latest = nil
	s.setTip(tip)
	s.read, s.untold = true, nil
	s.generation.Add(1)
	s.healing.Store(true)
	s.keepsake.Store(&keepsake)
	s.losses.Add(1)
	// Claims were lost, too. Hosts are asked no more than they bear all the same:
	// who had claimed something is done with it by then.
	now, then := time.Now(), time.Now().Add(pl.lease())
	s.looked.Store(&now)
	s.claimable.Store(&then)
	select {
	case s.lost <- struct{}{}:
	default:
	}
	return nil
}

// readAnew reads the log that there is now.
func (s *share) readAnew(ctx context.Context, pl *plan) (*dedupe.Index, store.Tip, error) {
	index, tip := dedupe.New(pl.Window), store.Tip{}
	index.SetEvents(pl.Events)
	for {
		ds, end, err := s.store.Follow(ctx, tip, 0)
		if err != nil {
			return nil, tip, err
		}
		index.Apply(ds...)
		index.Skip(end.At)
		if end == tip || len(ds) == 0 {
			return index, end, nil
		}
		tip = end
	}
}

// hold has the feeds stand as they are, or go on.
func (p *Poller) hold(still bool) {
	if p.Healing != nil {
		p.Healing(still)
	}
}

func healingUntil(mark string) time.Time {
	at, _, _ := strings.Cut(mark, " ")
	until, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return time.Time{}
	}
	return until
}

// mustWait: the log is being filled again with what is remembered.
func (p *Poller) mustWait() bool {
	return p.share != nil && (p.share.healing.Load() || p.share.others.Load())
}

// putOff takes out of a visit what nobody remembers, to be brought again soon: the
// record says that the whole document is wanted.
func (v *visit) putOff(told []*dedupe.Told) []*dedupe.Told {
	var items []news.Item
	var theirs []*dedupe.Told
	for i, it := range v.Items {
		if told[i] != nil {
			items, theirs = append(items, it), append(theirs, told[i])
		}
	}
	if len(items) < len(v.Items) {
		v.Received -= len(v.Items) - len(items)
		v.Items, v.waits = items, true
		v.Poll.Rules = ^v.Poll.Rules
	}
	return theirs
}

// remember gives an item what it told before the log was lost, and its date: what
// is without one in the document is as old as it was.
func (p *Poller) remember(items []news.Item, told []*dedupe.Told) {
	if p.share == nil || p.share.keepsake.Load() == nil {
		return
	}
	keepsake := *p.share.keepsake.Load()
	for i := range items {
		it := &items[i]
		was, known := keepsake[dedupe.ItemID(it.Source, it.GUID)]
		if !known {
			continue
		}
		told[i] = &was
		if since := was.Since(); since.Before(it.Seen) {
			it.Seen = since
		}
		if it.Claimed().IsZero() {
			it.Published = it.Seen
		}
	}
}

// A healing is a lost log that the sources fill again.
type healing struct {
	owed  map[string]time.Time // sources, and when they were polled last as far as we know
	until time.Time
}

// heal finds which polls were lost, and has their sources polled at once.
func (l *loop) heal(ctx context.Context) error {
	pl, now := l.plan.Load(), l.now()
	polls, err := l.records(ctx, pl, now)
	if err != nil {
		return err
	}
	owed := setBack(l.last, polls)
	for key := range owed {
		if pl.byKey[key] == nil {
			delete(owed, key)
		}
	}
	if err := l.fill(ctx); err != nil {
		return err
	}
	if _, err := l.mend(ctx); err != nil {
		return err
	}
	l.healing = healing{owed, now.Add(longestHealing)}
	if len(owed) > 0 {
		l.Log.Warn("polls are lost; their sources are polled again, and the feeds stand still meanwhile", "sources", len(owed), "at_most", longestHealing)
		return l.markHealing(ctx, true)
	}
	return nil
}

// setBack is the sources whose kept record is older than what is known of them,
// with when they were polled last.
func setBack(known map[string]last, polls map[string]news.Poll) map[string]time.Time {
	owed := map[string]time.Time{}
	for key, was := range known {
		if p := polls[key]; !was.at.IsZero() && p.Last.Before(was.at) {
			owed[key] = was.at
		}
	}
	return owed
}

// polled takes note of a kept record.
func (h *healing) polled(key string, p news.Poll) {
	if was, is := h.owed[key]; is && !p.Last.Before(was) {
		delete(h.owed, key)
	}
}

// over: every source that was set back was polled, or is not to be waited for.
func (h *healing) over(now time.Time) bool {
	return !h.until.IsZero() && (len(h.owed) == 0 || now.After(h.until))
}

// healed lets the feeds go on.
func (l *loop) healed(ctx context.Context) {
	for key := range l.healing.owed {
		if l.plan.Load().byKey[key] == nil {
			delete(l.healing.owed, key)
		}
	}
	if !l.healing.over(l.now()) {
		return
	}
	if left := len(l.healing.owed); left > 0 {
		l.Log.Warn("not all sources could be polled since the log was lost; the feeds go on without what only they have", "sources", left)
	}
	l.healing = healing{}
	l.share.healing.Store(false)
	l.hold(false)
	l.tellAll()
	l.Log.Info("what the log lost is back, as far as the sources have it")
	go func() { // at worst others wait for the moment that the mark names
		if err := l.markHealing(context.WithoutCancel(ctx), false); err != nil {
			l.Log.Warn("could not tell other replicas that the log is whole", "error", err)
		}
	}()
}

// markHealing tells the others that we fill the log, or that we are done. A mark of
// somebody else stays then.
func (p *Poller) markHealing(ctx context.Context, still bool) error {
	mark := ""
	if still {
		mark = p.now().Add(healingSaid).UTC().Format(time.RFC3339) + " " + p.share.who
	}
	return store.Rewrite(ctx, p.store, func() (store.Batch, error) {
		was, err := p.store.Mark(ctx, markHealing)
		if mark == "" && !strings.HasSuffix(was, " "+p.share.who) {
			return store.Batch{}, err
		}
		return store.Batch{Marks: map[string]string{markHealing: mark}}, err
	})
}

// healedByOthers: who has no keepsake waits until those who have one are done; who
// has one goes on with what it remembers.
func (p *Poller) healedByOthers(mark string, now time.Time) {
	until := healingUntil(mark)
	others := now.Before(until)
	p.share.others.Store(others)
	if !others || p.share.keepsake.Load() != nil {
		p.share.waiting.Store(nil)
		return
	}
	why := "the log was lost, and other replicas, which know what was in it, fill it again"
	p.share.waiting.Store(&why)
}
