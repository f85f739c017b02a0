package poll

import (
	"context"
	"fmt"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// Some work is for one replica at a time: filing the kept stories anew, and
// forgetting. Who asks first for its lease does it.
const (
	leaseFiling     = "filing"
	leaseForgetting = "forgetting"
	soleFor         = time.Minute // a lease; renewed at every step
	soleAgain       = 300 * time.Millisecond
)

// mixedRules stands for the rules while a replica that has others keeps stories,
// too.
const mixedRules = "mixed"

// sole asks for the right to do something alone; always true where nobody else is.
func (p *Poller) sole(ctx context.Context, name string) (bool, error) {
	if p.share == nil {
		return true, nil
	}
	return p.share.store.Lease(ctx, name, p.share.who, soleFor)
}

// alone does something when nobody else does it.
func (p *Poller) alone(ctx context.Context, name string, do func() error) error {
	if p.share == nil {
		return do()
	}
	for {
		has, err := p.sole(ctx, name)
		if err != nil {
			return err
		}
		if has {
			defer p.share.store.Lease(context.WithoutCancel(ctx), name, p.share.who, 0)
			return do()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(soleAgain):
		}
	}
}

// look reads what others leave in marks: by which rules the kept stories are
// filed, and whether a lost log is being filled again.
func (p *Poller) look(ctx context.Context) error {
	s := p.share
	rules, err := s.store.Mark(ctx, markRules)
	if err != nil {
		return fmt.Errorf("poll: look at the rules: %w", err)
	}
	s.mind.Lock()
	kept := s.kept
	s.kept = 0
	s.mind.Unlock()
	if was := s.ruled.Swap(&rules); was != nil && *was != rules {
		if err := p.ruledAnew(ctx, rules, kept > 0); err != nil {
			return err
		}
	}
	heal, err := s.store.Mark(ctx, markHealing)
	if err != nil {
		return fmt.Errorf("poll: look whether the log is whole: %w", err)
	}
	p.healedByOthers(heal, p.now())
	if s.healing.Load() && healingUntil(heal).Sub(p.now()) < healingSaid/2 {
		return p.markHealing(ctx, true)
	}
	return nil
}

// ruledAnew: the kept stories are filed by other rules than before. Stories that
// we filed meanwhile, by our own, make it neither.
func (p *Poller) ruledAnew(ctx context.Context, is string, keptSome bool) error {
	if p.unfiled(is) {
		return nil
	}
	defer p.tellAll()
	own := p.plan.Load().fingerprint()
	if is == own {
		return nil
	}
	p.Log.Warn("another replica files stories by other rules than ours; give all of them one configuration", "theirs", is, "ours", own)
	if keptSome {
		return store.Keep(ctx, p.store, store.Batch{Marks: map[string]string{markRules: mixedRules}})
	}
	return nil
}

// mixed takes note, in a step that keeps stories filed by our rules, that not all
// are filed by those that are marked: whoever starts next files all anew.
func (p *Poller) mixed(b *store.Batch) {
	s := p.share
	if len(b.Stories) == 0 || b.Marks[markRules] != "" {
		return
	}
	s.kept++
	ruled := s.ruled.Load()
	if ruled == nil || p.unfiled(*ruled) || *ruled == p.plan.Load().fingerprint() {
		return
	}
	marks := map[string]string{markRules: mixedRules}
	for name, v := range b.Marks {
		marks[name] = v
	}
	b.Marks = marks
}

// catchForgotten lets the index forget what another replica had the store
// forget, and says whether there was any.
func (p *Poller) catchForgotten(ctx context.Context) (bool, error) {
	var oldest news.Position
	for d, err := range p.store.Since(ctx, 0) {
		if err != nil {
			return false, fmt.Errorf("poll: forget: %w", err)
		}
		oldest = d.Pos
		break
	}
	if oldest == 0 {
		return false, nil
	}
	return p.indexForget(oldest - 1), nil
}

func (p *Poller) indexForget(to news.Position) (some bool) {
	p.think(func() error {
		p.memory.Lock()
		defer p.memory.Unlock()
		was := p.index.Len()
		p.index.Expire(to)
		some = p.index.Len() != was
		return nil
	})
	return some
}

// unfiled: the kept stories are not all filed by the rules of one plan.
func (p *Poller) unfiled(mark string) bool {
	return mark == halfWay || p.share != nil && (mark == mixedRules || mark == "")
}

// forgetAlone forgets what is too old, or takes note of what another replica
// forgot.
func (p *Poller) forgetAlone(ctx context.Context, now time.Time) (bool, error) {
	has, err := p.sole(ctx, leaseForgetting)
	if err != nil {
		return false, err
	}
	if !has {
		return p.catchForgotten(ctx)
	}
	some, err := p.forget(ctx, now)
	if err != nil || some || p.share == nil {
		return some, err
	}
	return p.catchForgotten(ctx)
}
