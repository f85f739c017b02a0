package poll

import (
	"context"
	"errors"
)

// ErrStopped: the poller does not run any more.
var ErrStopped = errors.New("poll: stopped")

// Pass polls sources once, whatever their schedule, while Run runs. Floors
// hold unless force is set. keys are Source.Keys; none means all. The report's
// totals are the stories now under each topic.
func (p *Poller) Pass(ctx context.Context, keys []string, force bool) (Report, error) {
	pl := p.plan.Load()
	if len(keys) == 0 {
		for _, s := range pl.Sources {
			keys = append(keys, s.Key)
		}
	}
	o := &order{keys: keys, force: force, done: make(chan passed, 1), passed: passed{fresh: map[string]int{}}}
	select {
	case p.orders <- o:
	case <-p.stopped:
		return Report{}, ErrStopped
	case <-ctx.Done():
		return Report{}, ctx.Err()
	}
	select {
	case got := <-o.done:
		totals, err := p.store.Count(ctx)
		got.report.finish(pl.Filer.Names(), got.fresh, totals)
		return got.report, errors.Join(got.err, err)
	case <-p.stopped:
		return Report{}, ErrStopped
	case <-ctx.Done():
		return Report{}, ctx.Err()
	}
}

// Change gives a running poller another plan. Kept stories are filed under its
// rules before anything else is polled: they are read and filed first, and
// still writes what is found. If they are filed by these rules already, it says
// what changed then.
func (p *Poller) Change(ctx context.Context, pl Plan, still Still) (Changes, error) {
	change := planned{newPlan(pl), still, make(chan changed, 1)}
	select {
	case p.plans <- change:
	case <-p.stopped:
		return Changes{}, ErrStopped
	case <-ctx.Done():
		return Changes{}, ctx.Err()
	}
	got := <-change.done
	return got.Changes, got.err
}

// Quiet runs do while nothing is being decided or kept, for a backup that is
// of one moment.
func (p *Poller) Quiet(ctx context.Context, do func(context.Context) error) error {
	done := make(chan error, 1)
	select {
	case p.quiet <- func(context.Context) { done <- do(ctx) }:
	case <-p.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-done
}
