package poll

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// forget expires what is older than Retain, in the store and in the index, and
// says whether there was any.
func (p *Poller) forget(ctx context.Context, now time.Time) (bool, error) {
	oldest := now.Add(-p.plan.Load().Retain)
	var to news.Position
	for d, err := range p.store.Since(ctx, 0) {
		if err != nil {
			return false, fmt.Errorf("poll: forget: %w", err)
		}
		if !d.At.Before(oldest) {
			break
		}
		to = d.Pos
	}
	if to == 0 {
		return false, nil
	}
	if err := p.forgetMerged(ctx, to, now.UTC()); err != nil {
		return false, fmt.Errorf("poll: forget: %w", err)
	}
	if err := p.store.Expire(ctx, to); err != nil {
		return false, fmt.Errorf("poll: forget: %w", err)
	}
	p.indexForget(to)
	p.Log.Info("forgot what is older than retain", "up_to", to, "before", oldest.UTC().Format(time.RFC3339))
	return true, nil
}

// forgetMerged takes from the stories that stay what came to them with stories
// that are to be forgotten: its items are forgotten, too. What was revised since
// is younger, and stays.
func (p *Poller) forgetMerged(ctx context.Context, to news.Position, now time.Time) error {
	var s *step
	err := store.Rewrite(ctx, p.store, func() (store.Batch, error) {
		s = newStep(p.plan.Load(), 0, now)
		err := p.partAll(ctx, s, to)
		return s.batch, err
	})
	if err != nil {
		return err
	}
	p.tellChanged(s.touched(), nil)
	return nil
}

func (p *Poller) partAll(ctx context.Context, s *step, to news.Position) error {
	for old, err := range p.store.Stories(ctx, 0) {
		if err != nil {
			return err
		}
		if old.Pos > to {
			break
		}
		if old.Into != 0 {
			if err := p.part(ctx, s, old, to); err != nil {
				return err
			}
		}
	}
	if len(s.stories) == 0 {
		return nil
	}
	if err := s.file(ctx, p.store); err != nil {
		return err
	}
	s.gather()
	return nil
}

// part takes what came with a merged story out of the one that tells it now, if
// that stays.
func (p *Poller) part(ctx context.Context, s *step, old news.Story, to news.Position) error {
	st, err := p.teller(ctx, s, old.Into, to)
	if err != nil || st == nil {
		return err
	}
	st.Merged = slices.DeleteFunc(slices.Clone(st.Merged), func(id string) bool { return id == old.ID })
	ts := slices.DeleteFunc(st.Tellings(), func(t news.Telling) bool {
		return slices.ContainsFunc(old.Tellings(), func(o news.Telling) bool { return o.Pos == t.Pos })
	})
	if len(ts) > 0 { // else all of it is as old, and goes when its time comes
		s.tell(st, ts)
	}
	return nil
}

// teller is the story at the end of merges; nil if it is forgotten, or is to be.
func (p *Poller) teller(ctx context.Context, s *step, at, to news.Position) (*news.Story, error) {
	for s.stories[at] == nil {
		found, err := p.store.Story(ctx, at)
		st, ok := found[at]
		switch {
		case err != nil, !ok, st.Into == 0 && st.Pos <= to:
			return nil, err
		case st.Into != 0:
			at = st.Into
		default:
			s.stories[at] = &st
		}
	}
	return s.stories[at], nil
}
