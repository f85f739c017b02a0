package poll

import (
	"context"
	"slices"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// mostGone is how many stories a topic's feed tells of as taken out.
const mostGone = 100

// mourn keeps which topics lost a story to a word, for their feeds to tell those
// who have it already, and takes that back for a story that is shown again.
func (s *step) mourn(ctx context.Context, kept store.Store) error {
	s.batch.Marks = map[string]string{}
	for pos, st := range s.stories {
		away, is := st.Hidden || st.Into != 0, topicsOf(*st)
		topics := is
		if away {
			topics = s.was[pos]
		}
		for _, topic := range topics {
			if err := s.note(ctx, kept, topic, st.ID, away); err != nil {
				return err
			}
		}
	}
	return nil
}

// note writes into the mark of a topic that a story is gone, or that it is not.
func (s *step) note(ctx context.Context, kept store.Store, topic, id string, away bool) error {
	name := news.GoneMark(topic)
	mark, have := s.batch.Marks[name]
	if !have {
		var err error
		if mark, err = kept.Mark(ctx, name); err != nil {
			return err
		}
	}
	oldest := s.now.Add(-s.plan.Retain)
	gone := slices.DeleteFunc(news.ReadGone(mark), func(g news.Gone) bool { return g.ID == id || g.When.Before(oldest) })
	if away {
		gone = slices.Insert(gone, 0, news.Gone{ID: id, When: s.now.Truncate(time.Second)})
	}
	if is := news.WriteGone(gone[:min(len(gone), mostGone)]); is != mark {
		s.batch.Marks[name] = is
	}
	return nil
}

// touched are the stories of a step.
func (s *step) touched() (at []news.Position) {
	for pos := range s.stories {
		at = append(at, pos)
	}
	return at
}
