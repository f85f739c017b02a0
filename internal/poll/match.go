package poll

import (
	"context"
	"fmt"
	"iter"

	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/store"
	"aggregator/internal/topic"
)

// Match tries a query on kept stories as the rule of a topic: a story is caught
// if one of its tellings is. each hears of those that are, and of the words;
// Match says how many it looked at. Stories that people hid or merged into
// others are passed over. topic: in the query is where a story is filed now.
func (p *Poller) Match(ctx context.Context, q *query.Query, stories iter.Seq2[news.Story, error], each func(st news.Story, words []string)) (looked int, err error) {
	pl, reader := p.plan.Load(), new(query.Reader)
	for batch, err := range store.InSteps(stories, refileStep) {
		if err != nil {
			return looked, fmt.Errorf("poll: match: %w", err)
		}
		items, err := p.itemsOf(ctx, batch)
		if err != nil {
			return looked, fmt.Errorf("poll: match: %w", err)
		}
		for _, st := range batch {
			if st.Hidden || st.Into != 0 {
				continue
			}
			looked++
			if words, ok := matchStory(reader, q, toFile(pl, &st, items), topicsOf(st)); ok {
				each(st, ownWords(words))
			}
		}
	}
	return looked, nil
}

// matchStory gives the words of the first telling that the query catches.
func matchStory(reader *query.Reader, q *query.Query, tellings []topic.Telling, topics []string) (words []string, ok bool) {
	for _, t := range tellings {
		if words, ok := q.Match(reader.Prepare(topic.Doc(t)).In(topics...)); ok {
			return words, true
		}
	}
	return nil, false
}
