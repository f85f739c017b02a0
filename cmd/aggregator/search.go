package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"aggregator/internal/config"
	"aggregator/internal/news"
	"aggregator/internal/page"
)

// stride is how many positions of the log a search reads at a time, from its
// end: when its time is up, it is the oldest that were not looked at.
const stride = 1000

// search tries a query on what is kept, for the pages. What the one who asks
// does not know of, no message names.
func (s *site) search(ctx context.Context, a page.Search, each func(news.Story, []string)) (looked int, err error) {
	q, _, faults := config.Query(a.Query)
	if faults == nil {
		known := *s.now.Load().Config
		known.Topics = slices.DeleteFunc(slices.Clone(known.Topics), func(t config.Topic) bool { return !slices.Contains(a.Topics, t.Name) })
		faults = known.Asks(a.Query, q)
	}
	if faults != nil {
		return 0, faultsOf(faults)
	}
	for stories := range s.backwards(ctx, a) {
		n, err := s.poller.Match(ctx, q, stories, each)
		if looked += n; err != nil {
			return looked, err
		}
		if err := ctx.Err(); err != nil {
			return looked, err
		}
	}
	return looked, nil
}

func faultsOf(faults config.Faults) (out page.Faults) {
	for _, f := range faults {
		out = append(out, page.Fault{Col: f.Col, Message: f.Message, Hint: f.Hint})
	}
	return out
}

// backwards are the stories to look at, in runs: those of a topic newest first,
// else the latest that came.
func (s *site) backwards(ctx context.Context, a page.Search) iter.Seq[iter.Seq2[news.Story, error]] {
	if a.In != "" {
		return func(yield func(iter.Seq2[news.Story, error]) bool) {
			yield(wanted(ctx, s.store.Shelf(ctx, a.In), a, func(st news.Story) bool { return st.Published.Before(a.Since) }))
		}
	}
	return func(yield func(iter.Seq2[news.Story, error]) bool) {
		at, err := s.store.At(ctx)
		oldest, worse := s.oldest(ctx)
		if err = errors.Join(err, worse); err != nil {
			yield(func(yield func(news.Story, error) bool) { yield(news.Story{}, err) })
			return
		}
		for ; at > 0; at -= min(at, stride) {
			to := at
			run := wanted(ctx, s.store.Stories(ctx, at-min(at, stride)), a, func(st news.Story) bool { return st.Pos > to })
			if !yield(turned(run)) || to <= oldest || s.before(ctx, to, a.Since) {
				return
			}
		}
	}
}

// turned are stories from the last to the first; an error comes first.
func turned(stories iter.Seq2[news.Story, error]) iter.Seq2[news.Story, error] {
	return func(yield func(news.Story, error) bool) {
		var run []news.Story
		for st, err := range stories {
			if err != nil {
				yield(st, err)
				return
			}
			run = append(run, st)
		}
		for _, st := range slices.Backward(run) {
			if !yield(st, nil) {
				return
			}
		}
	}
}

// oldest is the first position of the log that is kept.
func (s *site) oldest(ctx context.Context) (news.Position, error) {
	for d, err := range s.store.Since(ctx, 0) {
		return d.Pos, err
	}
	return 0, nil
}

// before says that what was decided up to a position came before a moment: so
// did what was published until then.
func (s *site) before(ctx context.Context, at news.Position, since time.Time) bool {
	if since.IsZero() || at <= stride {
		return false
	}
	for d, err := range s.store.Since(ctx, at-stride-1) {
		return err == nil && d.At.Before(since)
	}
	return false
}

// wanted are the stories that a search looks at, up to where it may end.
func wanted(ctx context.Context, stories iter.Seq2[news.Story, error], a page.Search, ends func(news.Story) bool) iter.Seq2[news.Story, error] {
	return func(yield func(news.Story, error) bool) {
		for st, err := range stories {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && ends(st) {
				return
			}
			if err == nil && (st.Into != 0 || st.Hidden || st.Published.Before(a.Since) || !a.May(st)) {
				continue
			}
			if !yield(st, err) {
				return
			}
		}
	}
}
