package poll

import (
	"context"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
)

// Compare judges two items by each other that are kept at positions, the one
// that came later as if it came just then. Call CatchUp first where no Run is
// under way.
func (p *Poller) Compare(ctx context.Context, a, b news.Position) (dedupe.Comparison, error) {
	first, err := p.toCompare(ctx, a)
	if err != nil {
		return dedupe.Comparison{}, err
	}
	later, err := p.toCompare(ctx, b)
	if err != nil {
		return dedupe.Comparison{}, err
	}
	turned := later.Seen.Before(first.Seen) || later.Seen.Equal(first.Seen) && b < a
	if turned {
		first, later = later, first
	}
	p.memory.RLock()
	defer p.memory.RUnlock()
	c := p.index.Compare(first, later, later.Seen)
	if turned {
		c.A, c.B = c.B, c.A
	}
	return c, nil
}

// toCompare is a kept item as it comes to be judged, beside what stands in its
// source's document now.
func (p *Poller) toCompare(ctx context.Context, at news.Position) (dedupe.Item, error) {
	_, kept, err := p.kept(ctx, at)
	if err != nil {
		return dedupe.Item{}, err
	}
	record, err := p.store.Poll(ctx, kept.Source)
	if err != nil {
		return dedupe.Item{}, err
	}
	src := p.plan.Load().byKey[kept.Source]
	name := record.Feed.Title
	if src != nil {
		name = Name(src.Source, name)
	}
	it := dedupe.Prepare(kept, name)
	it.Beside = make(map[uint64]bool, len(record.Seen))
	for _, s := range record.Seen {
		it.Beside[s.ID] = s.Gone == 0
	}
	if src != nil {
		it.Near = src.Near
	}
	return it, nil
}
