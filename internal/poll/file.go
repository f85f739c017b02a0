package poll

import (
	"context"

	"aggregator/internal/canon"
	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/topic"
)

// file puts the stories under their topics, by all that is told of them.
func (s *step) file(ctx context.Context, kept store.Store) error {
	if err := s.readItems(ctx, kept); err != nil {
		return err
	}
	for _, st := range s.stories {
		st.Topics = fileStory(s.plan, st, s.items)
	}
	return nil
}

// readItems brings the items of older tellings.
func (s *step) readItems(ctx context.Context, kept store.Store) error {
	var at []news.Position
	for _, st := range s.stories {
		for _, t := range tellings(st) {
			if _, have := s.items[t.Pos]; !have {
				at = append(at, t.Pos)
			}
		}
	}
	if len(at) == 0 {
		return nil
	}
	found, err := kept.Items(ctx, at...)
	for pos, it := range found {
		it.Text = canon.Text(it.HTML)
		s.items[pos] = it
	}
	return err
}

// fileStory is where a story is filed: nowhere if a person hid it or merged it
// into another.
func fileStory(pl *plan, st *news.Story, items map[news.Position]news.Item) []news.Filing {
	if st.Hidden || st.Into != 0 {
		return nil
	}
	return pl.Filer.File(toFile(pl, st, items))
}

// toFile are the tellings of a story as rules see them.
func toFile(pl *plan, st *news.Story, items map[news.Position]news.Item) []topic.Telling {
	var ts []topic.Telling
	for _, t := range tellings(st) {
		src := news.Source{Key: t.Source}
		if known := pl.byKey[t.Source]; known != nil {
			src = known.Source
		}
		src.Name = t.Name
		ts = append(ts, topic.Telling{Item: items[t.Pos], Source: src})
	}
	return ts
}

func topicsOf(st news.Story) []string {
	names := make([]string, len(st.Topics))
	for i, f := range st.Topics {
		names[i] = f.Topic
	}
	return names
}
