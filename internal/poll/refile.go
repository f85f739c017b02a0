package poll

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

// markRules is the mark of the rules that the kept stories are filed by.
const markRules = "rules"

// refileStep is how many stories are filed anew in one step.
const refileStep = 500

// fingerprint changes when filing may: rules, and what sources add to them.
func (pl *plan) fingerprint() string {
	parts := []string{fmt.Sprint(pl.Filer.Fingerprint())}
	for _, s := range pl.Sources {
		if s.Name+s.Language != "" || len(s.Topics)+len(s.Tags) > 0 {
			parts = append(parts, s.Key, s.Name, s.Language, fmt.Sprintf("%q %q", s.Topics, s.Tags))
		}
	}
	return strconv.FormatUint(canon.Hash(parts...), 16)
}

// refile files the kept stories under the plan's rules, if others filed them.
// Killed half way, it begins again: the mark is kept last.
func (p *Poller) refile(ctx context.Context) error {
	pl := p.plan.Load()
	was, err := p.store.Mark(ctx, markRules)
	if err != nil {
		return fmt.Errorf("poll: file anew: %w", err)
	}
	want := pl.fingerprint()
	if was == want {
		return nil
	}
	var batch []news.Story
	refiled := 0
	for st, err := range p.store.Stories(ctx, 0) {
		if err != nil {
			return fmt.Errorf("poll: file anew: %w", err)
		}
		if batch = append(batch, st); len(batch) < refileStep {
			continue
		}
		n, err := p.refileSome(ctx, pl, batch)
		if err != nil {
			return fmt.Errorf("poll: file anew: %w", err)
		}
		refiled, batch = refiled+n, batch[:0]
	}
	n, err := p.refileSome(ctx, pl, batch)
	if err == nil {
		err = p.append(ctx, store.Batch{Marks: map[string]string{markRules: want}})
	}
	if err != nil {
		return fmt.Errorf("poll: file anew: %w", err)
	}
	if refiled += n; refiled > 0 {
		p.Log.Info("kept stories filed anew under changed rules", "changed", refiled)
	}
	return nil
}

// refileSome files some stories and says how many changed.
func (p *Poller) refileSome(ctx context.Context, pl *plan, stories []news.Story) (int, error) {
	s := &step{plan: pl, items: map[news.Position]news.Item{}, stories: map[news.Position]*news.Story{}}
	for i := range stories {
		s.stories[stories[i].Pos] = &stories[i]
	}
	if err := s.readItems(ctx, p.store); err != nil {
		return 0, err
	}
	var changed []news.Story
	for _, st := range stories {
		was := st
		was.Also = slices.Clone(st.Also)
		for _, t := range tellings(&st) {
			t.Name = renamed(pl, *t)
		}
		st.Topics = fileStory(pl, &st, s.items)
		if !reflect.DeepEqual(st, was) {
			changed = append(changed, st)
		}
	}
	if len(changed) == 0 {
		return 0, nil
	}
	return len(changed), p.append(ctx, store.Batch{Stories: changed})
}

// append keeps what holds wherever the log ends.
func (p *Poller) append(ctx context.Context, b store.Batch) error {
	for {
		at, err := p.store.At(ctx)
		if err != nil {
			return err
		}
		if _, err = p.store.Append(ctx, at, b); !errors.Is(err, store.ErrBehind) {
			return err
		}
	}
}

// renamed is what a telling's source is called now.
func renamed(pl *plan, t news.Telling) string {
	if src := pl.byKey[t.Source]; src != nil && src.Name != "" {
		return src.Name
	}
	return t.Name
}

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
	p.memory.Lock()
	p.index.Expire(to)
	p.memory.Unlock()
	p.Log.Info("forgot what is older than retain", "up_to", to, "before", oldest.UTC().Format(time.RFC3339))
	return true, nil
}
