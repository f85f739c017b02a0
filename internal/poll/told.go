package poll

import (
	"context"
	"maps"
	"slices"

	"aggregator/internal/news"
)

// tellFollowed tells of what others decided: which stories that touches, and
// which topics. What a revision or a person's word took out of a topic cannot be
// seen in the story as it is now: then it may be any.
func (p *Poller) tellFollowed(ctx context.Context) {
	if p.share == nil {
		return
	}
	p.share.mind.Lock()
	ds := p.share.untold
	p.share.untold = nil
	p.share.mind.Unlock()
	if len(ds) == 0 || p.Touched == nil && p.Changed == nil {
		return
	}
	at, any := touchedBy(ds)
	if len(at) == 0 {
		return
	}
	if any {
		p.tellChanged(at, nil)
		if p.Changed != nil {
			p.Changed(nil)
		}
		return
	}
	found, err := p.store.Story(ctx, at...)
	if err != nil {
		p.tellAll()
		return
	}
	names := map[string]bool{}
	for _, st := range found {
		for _, name := range topicsOf(st) {
			names[name] = true
		}
	}
	p.tellChanged(at, sorted(names))
}

// touchedBy is the stories that decisions touch; any says that they may have
// left topics.
func touchedBy(ds []news.Decision) (at []news.Position, any bool) {
	has := map[news.Position]bool{}
	add := func(pos news.Position) {
		if pos != 0 && !has[pos] {
			has[pos] = true
			at = append(at, pos)
		}
	}
	for _, d := range ds {
		switch d.Fate {
		case news.Known, news.Dropped:
			continue
		case news.New:
			add(d.Story)
			add(d.Event) // which has company now
			continue
		case news.Split:
			add(d.Refused.Of)
		case news.Merged:
			add(d.Of)
		}
		add(d.Story)
		any = true
	}
	return at, any
}

func sorted(names map[string]bool) []string { return slices.Sorted(maps.Keys(names)) }
