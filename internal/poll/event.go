package poll

import (
	"context"

	"aggregator/internal/news"
)

// loadEvents finds the events that stories are to begin in. It touches a story
// that leads one only to say so, when it gets company for the first time.
func (s *step) loadEvents(ctx context.Context, p *Poller, ds []news.Decision) error {
	for _, d := range ds {
		if d.Fate != news.New || d.Event == 0 || d.Event > s.at {
			continue
		}
		if _, have := s.events[d.Event]; have || s.stories[d.Event] != nil {
			continue
		}
		if err := s.loadEvent(ctx, p, d.Event); err != nil {
			return err
		}
	}
	return nil
}

func (s *step) loadEvent(ctx context.Context, p *Poller, at news.Position) error {
	found, err := p.store.Story(ctx, at)
	if err != nil {
		return err
	}
	lead, kept := found[at]
	switch {
	case kept && lead.Event == "":
		s.stories[at], s.was[at] = &lead, topicsOf(lead)
	case kept:
		s.events[at] = lead.Event
	default:
		s.events[at], err = p.outlived(ctx, at)
	}
	return err
}

// outlived is an event whose first story is forgotten, as the latest that joined
// it names it; "" if nobody knows it any more. Which that is stands in the log:
// it is read once, and again only when that one is forgotten, too.
func (p *Poller) outlived(ctx context.Context, at news.Position) (string, error) {
	if e, err := p.joined(ctx, at); e != "" || err != nil {
		return e, err
	}
	p.latest = map[news.Position]news.Position{}
	for d, err := range p.store.Since(ctx, 0) {
		if err != nil {
			return "", err
		}
		if d.Fate == news.New && d.Event != 0 {
			p.latest[d.Event] = d.Story
		}
	}
	return p.joined(ctx, at)
}

// joined is the event that the latest story belongs to which joined the one at
// a position.
func (p *Poller) joined(ctx context.Context, at news.Position) (string, error) {
	pos := p.latest[at]
	if pos == 0 {
		return "", nil
	}
	found, err := p.store.Story(ctx, pos)
	return found[pos].Event, err
}

// event is the Story.Event of those that belong to the event which the story
// leads that began at a position; "" if nobody knows it any more.
func (s *step) event(at news.Position) string {
	lead := s.stories[at]
	if lead == nil {
		return s.events[at]
	}
	if lead.Event == "" {
		lead.Event = lead.ID
	}
	return lead.Event
}
