package poll

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
)

// A withdrawn is an item that its source took back, and how it said so.
type withdrawn struct {
	source string
	id     uint64 // Keys.ID
	how    string
}

const (
	byTombstone = "its feed says that the entry is deleted"
	byAddress   = "its feed holds it no more, and its address says 410 Gone"
)

// mostAsked is how many articles one poll may ask for whether they are gone.
const mostAsked = 2

// askForMissing finds what left the midst of a document because it was taken
// back: its address says so. A source that merely tidies up says nothing.
func (p *Poller) askForMissing(ctx context.Context, pl *plan, v *visit) {
	if pl.Gone == nil {
		return
	}
	for _, id := range v.Missing[:min(mostAsked, len(v.Missing))] {
		_, t, err := p.tellingOf(ctx, v.source.Key, id)
		if err != nil || t.URL == "" || !t.Withdrawn.IsZero() || !pause(ctx, pl.Interval) || !pl.Gone(ctx, t.URL) {
			continue
		}
		v.withdrawn = append(v.withdrawn, withdrawn{v.source.Key, id, byAddress})
	}
}

// pause keeps the distance between two requests to a host.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// tellingOf is the telling that a source's item is, and its story; the zero
// Telling if the item tells none.
func (p *Poller) tellingOf(ctx context.Context, source string, id uint64) (news.Story, news.Telling, error) {
	p.memory.RLock()
	at := p.index.Item(id)
	p.memory.RUnlock()
	if at == 0 {
		return news.Story{}, news.Telling{}, nil
	}
	found, err := p.store.Story(ctx, at)
	if err != nil {
		return news.Story{}, news.Telling{}, err
	}
	for _, t := range found[at].Tellings() {
		if t.Source == source && dedupe.ItemID(source, t.GUID) == id {
			return found[at], t, nil
		}
	}
	return found[at], news.Telling{}, nil
}

// takeBack keeps what the sources of a batch withdrew. What cannot be kept now is
// said again by the next document, or not: it stays published then.
func (p *Poller) takeBack(ctx context.Context, c *committed) {
	for _, v := range c.visits {
		if !p.Scheduled && len(v.Missing) > 0 && p.CatchUp(ctx) == nil {
			p.askForMissing(ctx, p.plan.Load(), v)
		}
		for _, id := range v.Withdrawn {
			v.withdrawn = append(v.withdrawn, withdrawn{v.source.Key, id, byTombstone})
		}
		for _, w := range v.withdrawn {
			name := Name(v.source.Source, v.Poll.Feed.Title)
			s, err := p.withdraw(ctx, w, name)
			if err != nil {
				p.Log.Warn("what a source withdrew stays published", "source", name, "error", err)
				continue
			}
			if s != nil {
				c.touched, c.changed = append(c.touched, s.touched()...), append(c.changed, s.changed()...)
				p.Log.Info("a source withdrew what it told", "source", name, "how", w.how)
			}
		}
	}
}

// withdraw takes a telling out of its story. A story that nobody else tells is
// hidden: it is kept, and a person may show it again. nil if there is nothing to
// take, or if it was taken before.
func (p *Poller) withdraw(ctx context.Context, w withdrawn, name string) (*step, error) {
	return p.keepAtEnd(ctx, func() (*step, error) {
		st, t, err := p.tellingOf(ctx, w.source, w.id)
		if err != nil || t.Pos == 0 || !t.Withdrawn.IsZero() || st.Hidden || st.Into != 0 {
			return nil, err
		}
		s := newStep(p.plan.Load(), p.index.At(), p.now().UTC().Truncate(time.Millisecond))
		return s, p.withdrawn(ctx, s, st, t, fmt.Sprintf("withdrawn by %s: %s", name, w.how))
	})
}

// withdrawn puts into a step that a telling is taken back: it leaves a story
// that others tell, and hides with the one that it tells alone.
func (p *Poller) withdrawn(ctx context.Context, s *step, st news.Story, t news.Telling, why string) error {
	if err := s.read(ctx, p.store, st.Pos); err != nil {
		return err
	}
	alone := st.Pos
	if len(st.Also) > 0 {
		d, err := p.split(ctx, s, news.Decision{Pos: s.at + 1, At: s.now, Fate: news.Split, Story: st.Pos, Of: t.Pos, Reason: why, Similarity: 1})
		if err != nil {
			return err
		}
		s.batch.Decisions, alone = append(s.batch.Decisions, d), d.Pos
	}
	at := s.at + news.Position(len(s.batch.Decisions)) + 1
	s.batch.Decisions = append(s.batch.Decisions, news.Decision{Pos: at, At: s.now, Fate: news.Hidden, Story: alone, Reason: why, Similarity: 1})
	s.stories[alone].Hidden, s.stories[alone].Lead.Withdrawn = true, s.now
	if err := s.file(ctx, p.store); err != nil {
		return err
	}
	if err := s.mourn(ctx, p.store); err != nil {
		return err
	}
	s.gather()
	return nil
}

// standing are the tellings that may lead: those not withdrawn, if there are any.
func standing(ts []news.Telling) []news.Telling {
	left := slices.DeleteFunc(slices.Clone(ts), func(t news.Telling) bool { return !t.Withdrawn.IsZero() })
	if len(left) == 0 {
		return ts
	}
	return left
}

// revive publishes a story again that was hidden because its source withdrew it,
// now that another tells it.
func (s *step) revive(st *news.Story) {
	if st.Hidden && !st.Lead.Withdrawn.IsZero() {
		st.Hidden, s.revived = false, true
	}
}
