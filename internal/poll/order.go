package poll

import (
	"context"
	"slices"
	"time"
)

// An order is a pass over named sources, whatever their schedule.
type order struct {
	keys  []string
	force bool // floors do not hold
	left  int
	done  chan passed
	passed
}

type passed struct {
	report Report
	fresh  map[string]int
	err    error
}

// take begins a pass: what a floor forbids is skipped, what is under way
// already counts for it too.
func (l *loop) take(o *order) {
	pl, now := l.plan.Load(), l.now()
	for _, key := range o.keys {
		s := pl.byKey[key]
		if s == nil {
			continue
		}
		if j := l.jobs[key]; j != nil && j.push != nil {
			if !slices.Contains(j.after, o) {
				j.after = append(j.after, o)
				o.left++
			}
			continue
		} else if j != nil {
			if slices.Contains(j.orders, o) {
				continue // named twice
			}
			j.orders = append(j.orders, o)
			o.left++
			continue
		}
		if why := l.forbidden(o, s, now); why != "" {
			o.add(Visited{Key: key, Name: s.Name, Skipped: why})
			l.tell(Visited{Key: key, Name: Name(s.Source, ""), Skipped: why})
			continue
		}
		l.enqueue(&job{source: s, orders: []*order{o}, at: now})
		o.left++
	}
	if o.left == 0 {
		o.done <- o.passed
	}
}

func (l *loop) forbidden(o *order, s *Source, now time.Time) string {
	if o.force {
		return ""
	}
	prev, err := l.store.Poll(context.Background(), s.Key)
	if err != nil {
		return ""
	}
	if at, why := floor(s, asOf(prev, now), l.rests.of(askedAt(s, prev), now)); at.After(now) {
		return why
	}
	return ""
}

// end says that one of its jobs has ended.
func (o *order) end() {
	if o.left--; o.left == 0 {
		o.done <- o.passed
	}
}

func (o *order) add(v Visited) {
	o.report.add(v)
	for name, n := range v.New {
		o.fresh[name] += n
	}
}
