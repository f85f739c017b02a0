package store

import (
	"context"
	"errors"
	"iter"

	"aggregator/internal/news"
)

// Keep appends what holds wherever the log ends.
func Keep(ctx context.Context, s Store, b Batch) error {
	return Rewrite(ctx, s, func() (Batch, error) { return b, nil })
}

// Rewrite keeps what is made of things as they are read. Where another process
// appends meanwhile they are read again.
func Rewrite(ctx context.Context, s Store, read func() (Batch, error)) error {
	for {
		at, err := s.At(ctx)
		if err != nil {
			return err
		}
		b, err := read()
		if err != nil || b.Empty() {
			return err
		}
		if _, err = s.Append(ctx, at, b); !errors.Is(err, ErrBehind) {
			return err
		}
	}
}

// InSteps gathers what a sequence yields, n at a time.
func InSteps(stories iter.Seq2[news.Story, error], n int) iter.Seq2[[]news.Story, error] {
	return func(yield func([]news.Story, error) bool) {
		var batch []news.Story
		for st, err := range stories {
			if err != nil {
				yield(nil, err)
				return
			}
			if batch = append(batch, st); len(batch) < n {
				continue
			}
			if !yield(batch, nil) {
				return
			}
			batch = nil
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}
