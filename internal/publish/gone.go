package publish

import (
	"context"
	"time"

	"aggregator/internal/news"
)

// gone are the stories that were taken out of a topic, as its feed tells of them
// (RFC 6721): no longer than it would have told of the stories.
func (p *Publisher) gone(ctx context.Context, t Topic, now, until time.Time) ([]news.Gone, time.Time, error) {
	mark, err := p.store.Mark(ctx, news.GoneMark(t.Name))
	if err != nil {
		return nil, until, err
	}
	var out []news.Gone
	for _, g := range news.ReadGone(mark) {
		if t.MaxAge > 0 && now.Sub(g.When) > t.MaxAge {
			continue
		}
		if end := g.When.Add(t.MaxAge); t.MaxAge > 0 && (until.IsZero() || end.Before(until)) {
			until = end
		}
		out = append(out, news.Gone{ID: "urn:uuid:" + line(g.ID), When: seconds(g.When)})
	}
	return out, until, nil
}
