package redis

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// Shelf implements store.Store.
func (s *Store) Shelf(ctx context.Context, topic string) iter.Seq2[news.Story, error] {
	return func(yield func(news.Story, error) bool) {
		for step, err := range s.steps(ctx, topic, firstStep) {
			if err != nil {
				yield(news.Story{}, err)
				return
			}
			at := make([]news.Position, len(step))
			for i, p := range step {
				at[i] = p.Pos
			}
			stories, err := s.Story(ctx, at...)
			if err != nil {
				yield(news.Story{}, err)
				return
			}
			for _, p := range at {
				// It may have expired between two looks.
				if st, ok := stories[p]; ok && !yield(st, nil) {
					return
				}
			}
		}
	}
}

// Shelved implements store.Store.
func (s *Store) Shelved(ctx context.Context, topic string) iter.Seq2[store.Place, error] {
	return func(yield func(store.Place, error) bool) {
		for step, err := range s.steps(ctx, topic, shelvedStep) {
			if err != nil {
				yield(store.Place{}, err)
				return
			}
			for _, p := range step {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

// steps yields a topic's places on the shelf, so many a round trip at first. It
// goes on from a score, not from a rank: what comes meanwhile moves all ranks.
func (s *Store) steps(ctx context.Context, topic string, n int) iter.Seq2[[]store.Place, error] {
	return func(yield func([]store.Place, error) bool) {
		for from, had := "-inf", 0; ; n = max(n, readStep) {
			step, err := s.db.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: s.shelf(topic), Start: from, Stop: "+inf", ByScore: true, Offset: int64(had), Count: int64(n)}).Result()
			if err != nil {
				yield(nil, s.wrap(err))
				return
			}
			places := make([]store.Place, len(step))
			for i, z := range step {
				if places[i], err = place(z); err != nil {
					yield(nil, s.wrap(fmt.Errorf("shelf of %s: %w", topic, err)))
					return
				}
				if score := strconv.FormatFloat(z.Score, 'f', -1, 64); score != from {
					from, had = score, 0
				}
				had++
			}
			if len(places) > 0 && !yield(places, nil) || len(step) < n {
				return
			}
		}
	}
}

func place(z redis.Z) (store.Place, error) {
	called, _ := z.Member.(string)
	if len(called) < 9 {
		return store.Place{}, fmt.Errorf("%w: a place that names no story", store.ErrCorrupt)
	}
	return store.Place{
		Published: time.UnixMilli(-int64(z.Score)).UTC(), ID: memberID(called),
		Pos: news.Position(binary.BigEndian.Uint64([]byte(called[len(called)-8:]))),
	}, nil
}

// Count implements store.Store.
func (s *Store) Count(ctx context.Context) (map[string]int, error) {
	all, err := s.scripts.count.Run(ctx, s.db, []string{s.key("topics")}, s.shelf("")).Slice()
	if err != nil {
		return nil, s.wrap(err)
	}
	counts := map[string]int{}
	for pair := range slices.Chunk(all, 2) {
		topic, _ := pair[0].(string)
		n, _ := pair[1].(int64)
		counts[topic] = int(n)
	}
	return counts, nil
}
