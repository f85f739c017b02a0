package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// Waiting for a store that cannot keep anything just now.
const (
	firstPatience   = time.Second
	longestPatience = 30 * time.Second
)

// A committed is what became of a batch of visits.
type committed struct {
	visits  []*visit
	results []Visited
	touched []news.Position
	changed []string
	err     error
}

// commit keeps what visits bring as one step. While the store cannot, it waits
// and tries again until ctx ends (nothing else is fetched meanwhile); without
// patience it gives up at once. What was not kept comes again with the next
// poll, for its validators were not kept either.
func (p *Poller) commit(ctx context.Context, visits []*visit) committed {
	for wait := firstPatience; ; wait = min(2*wait, longestPatience) {
		var s *step
		err := p.think(func() (err error) {
			s, err = p.try(ctx, visits)
			return err
		})
		p.tellFollowed(ctx)
		if err == nil {
			p.trouble.Store(nil)
			c := committed{visits: visits, results: s.results, touched: s.touched(), changed: s.changed()}
			p.takeBack(ctx, &c)
			return c
		}
		if errors.Is(err, errLost) {
			return committed{visits: visits, err: err}
		}
		err = fmt.Errorf("poll not committed: %w", err)
		why := err.Error()
		p.trouble.Store(&why)
		if !p.Scheduled {
			return committed{visits: visits, err: err}
		}
		p.Log.Error("nothing can be kept; polling pauses, serving goes on", "error", err, "next_try", wait)
		select {
		case <-ctx.Done():
			return committed{visits: visits, err: err}
		case <-time.After(wait):
		}
	}
}

// try decides and appends; if another replica appended first, again. The caller
// thinks.
func (p *Poller) try(ctx context.Context, visits []*visit) (*step, error) {
	if p.stale(visits) {
		return nil, errLost
	}
	for {
		at, err := p.end(ctx, visits)
		if err != nil {
			return nil, err
		}
		now := p.now().UTC().Truncate(time.Millisecond)
		s, err := p.step(ctx, p.plan.Load(), visits, at, now)
		if err != nil {
			return nil, err
		}
		err = p.keep(ctx, s.at, s.batch)
		if errors.Is(err, store.ErrBehind) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p.apply(s.batch.Decisions...)
		return s, nil
	}
}

// keepAtEnd keeps a step of decisions that is made where the log ends; if another
// process appended first, it is made again. There may be none.
func (p *Poller) keepAtEnd(ctx context.Context, make func() (*step, error)) (s *step, err error) {
	err = p.think(func() error {
		for {
			if err := p.catchUp(ctx); err != nil {
				return err
			}
			if s, err = make(); err != nil || s == nil {
				return err
			}
			err := p.keep(ctx, s.at, s.batch)
			if errors.Is(err, store.ErrBehind) || errors.Is(err, errLost) {
				continue
			}
			if err != nil {
				return fmt.Errorf("poll: keep a decision: %w", err)
			}
			p.apply(s.batch.Decisions...)
			return nil
		}
	})
	p.tellFollowed(ctx)
	return s, err
}

// end is where the log ends, with the index there too if there is anything to
// decide.
func (p *Poller) end(ctx context.Context, visits []*visit) (news.Position, error) {
	if p.share != nil { // which follows, and is told if it is behind
		if !p.share.read {
			if err := p.readOn(ctx); err != nil {
				return 0, err
			}
		}
		return p.index.At(), nil
	}
	for _, v := range visits {
		if len(v.items)+len(v.dropped) > 0 {
			err := p.catchUp(ctx)
			return p.index.At(), err
		}
	}
	return p.store.At(ctx)
}

// tellChanged tells of stories that are kept otherwise, and of topics that hold
// something else.
func (p *Poller) tellChanged(touched []news.Position, topics []string) {
	if p.Touched != nil && len(touched) > 0 {
		p.Touched(touched)
	}
	if p.Changed != nil && len(topics) > 0 {
		p.Changed(topics)
	}
}

// tellAll tells that anything may be otherwise.
func (p *Poller) tellAll() {
	if p.Touched != nil {
		p.Touched(nil)
	}
	if p.Changed != nil {
		p.Changed(nil)
	}
}
