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
		s.events[at], err = p.eventOf(ctx, p.index.Event(at))
	}
	return err
}

// eventOf is what stories of one event say of it: the one that led it is
// forgotten before those that came later.
func (p *Poller) eventOf(ctx context.Context, at []news.Position) (string, error) {
	found, err := p.store.Story(ctx, at...)
	for _, pos := range at {
		if e := found[pos].Event; e != "" {
			return e, err
		}
	}
	return "", err
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
