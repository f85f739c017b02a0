package redis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// readStep is how many records one round trip brings. The first of a shelf
// brings fewer: most who read one want a feed's worth.
const (
	readStep    = 512
	firstStep   = 128
	shelvedStep = 4096
)

// At implements store.Store.
func (s *Store) At(ctx context.Context) (news.Position, error) {
	at, err := s.db.HGet(ctx, s.key("meta"), "at").Result()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, s.wrap(err)
	}
	p, err := position(at)
	return p, s.wrap(err)
}

// Items implements store.Store.
func (s *Store) Items(ctx context.Context, at ...news.Position) (map[news.Position]news.Item, error) {
	return get(ctx, s, "items", at, func(raw string) (it news.Item, err error) {
		return it, s.codec.Decode([]byte(raw), &it)
	})
}

// Story implements store.Store.
func (s *Store) Story(ctx context.Context, at ...news.Position) (map[news.Position]news.Story, error) {
	return get(ctx, s, "stories", at, s.decodeStory)
}

func (s *Store) decodeStory(record string) (st news.Story, err error) {
	raw, err := withoutPlaces(record)
	if err != nil {
		return st, err
	}
	return st, s.codec.Decode([]byte(raw), &st)
}

func get[T any](ctx context.Context, s *Store, key string, at []news.Position, decode func(string) (T, error)) (map[news.Position]T, error) {
	vs := make(map[news.Position]T, len(at))
	for step := range slices.Chunk(at, readStep) {
		fields := make([]string, len(step))
		for i, p := range step {
			fields[i] = name(p)
		}
		raws, err := s.db.HMGet(ctx, s.key(key), fields...).Result()
		if err != nil {
			return nil, s.wrap(err)
		}
		for i, raw := range raws {
			text, ok := raw.(string)
			if !ok {
				continue
			}
			v, err := decode(text)
			if err != nil {
				return nil, s.wrap(fmt.Errorf("%s %d: %w", key, step[i], err))
			}
			vs[step[i]] = v
		}
	}
	return vs, nil
}

// Since implements store.Store.
func (s *Store) Since(ctx context.Context, after news.Position) iter.Seq2[news.Decision, error] {
	return func(yield func(news.Decision, error) bool) {
		for {
			entries, err := s.db.XRangeN(ctx, s.key("log"), name(after+1)+"-0", "+", readStep).Result()
			if err != nil {
				yield(news.Decision{}, s.wrap(err))
				return
			}
			for _, e := range entries {
				d, err := decision(e)
				if err != nil {
					yield(news.Decision{}, s.wrap(err))
					return
				}
				if after = d.Pos; !yield(d, nil) {
					return
				}
			}
			if len(entries) < readStep {
				return
			}
		}
	}
}

// positionOf is the number in an entry's id.
func positionOf(e redis.XMessage) (news.Position, error) {
	id, _, _ := strings.Cut(e.ID, "-")
	return position(id)
}

func decision(e redis.XMessage) (news.Decision, error) {
	pos, err := positionOf(e)
	if err != nil {
		return news.Decision{}, err
	}
	raw, _ := e.Values["d"].(string)
	return store.DecodeDecision(pos, []byte(raw))
}

// Stories implements store.Store. Positions are dense, so that no list of those
// at which a story began is kept: what is not there costs an empty answer.
func (s *Store) Stories(ctx context.Context, after news.Position) iter.Seq2[news.Story, error] {
	return func(yield func(news.Story, error) bool) {
		from, end, err := s.bounds(ctx, after)
		if err != nil {
			yield(news.Story{}, err)
			return
		}
		for ; from <= end; from += readStep {
			var at []news.Position
			for p := from; p < from+readStep && p <= end; p++ {
				at = append(at, p)
			}
			stories, err := s.Story(ctx, at...)
			if err != nil {
				yield(news.Story{}, err)
				return
			}
			for _, p := range at {
				if st, ok := stories[p]; ok && !yield(st, nil) {
					return
				}
			}
		}
	}
}

// bounds are the first position behind `after` that is in the log, and the
// log's end.
func (s *Store) bounds(ctx context.Context, after news.Position) (from, end news.Position, err error) {
	if end, err = s.At(ctx); err != nil {
		return 0, 0, err
	}
	first, err := s.db.XRangeN(ctx, s.key("log"), name(after+1)+"-0", "+", 1).Result()
	if err != nil {
		return 0, 0, s.wrap(err)
	}
	if len(first) == 0 {
		return end + 1, end, nil
	}
	from, err = positionOf(first[0])
	return from, end, s.wrap(err)
}

// Poll implements store.Store.
func (s *Store) Poll(ctx context.Context, source string) (news.Poll, error) {
	raw, err := s.db.HGet(ctx, s.key("polls"), source).Result()
	if errors.Is(err, redis.Nil) {
		return news.Poll{Source: source}, nil
	}
	if err != nil {
		return news.Poll{Source: source}, s.wrap(err)
	}
	return s.decodePoll(source, raw)
}

func (s *Store) decodePoll(source, raw string) (news.Poll, error) {
	p, err := store.DecodePoll([]byte(raw[min(dueBytes, len(raw)):]))
	if err != nil {
		return p, s.wrap(fmt.Errorf("poll of %s: %w", source, err))
	}
	return p, nil
}

// Polls implements store.Store.
func (s *Store) Polls(ctx context.Context) iter.Seq2[news.Poll, error] {
	return func(yield func(news.Poll, error) bool) {
		sources, err := s.db.HKeys(ctx, s.key("polls")).Result()
		if err != nil {
			yield(news.Poll{}, s.wrap(err))
			return
		}
		slices.Sort(sources)
		for step := range slices.Chunk(sources, readStep) {
			raws, err := s.db.HMGet(ctx, s.key("polls"), step...).Result()
			if err != nil {
				yield(news.Poll{}, s.wrap(err))
				return
			}
			for i, raw := range raws {
				text, ok := raw.(string)
				if !ok {
					continue
				}
				if p, err := s.decodePoll(step[i], text); !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string) (string, error) {
	v, err := s.db.HGet(ctx, s.key("marks"), name).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return v, s.wrap(err)
}

// Marks implements store.Store.
func (s *Store) Marks(ctx context.Context) (map[string]string, error) {
	marks, err := s.db.HGetAll(ctx, s.key("marks")).Result()
	return marks, s.wrap(err)
}

// Stats implements store.Store. Bytes are what Redis reckons from samples.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	at, err := s.At(ctx)
	if err != nil {
		return store.Stats{}, err
	}
	counts, err := s.Count(ctx)
	if err != nil {
		return store.Stats{}, err
	}
	p := s.db.Pipeline()
	first, log := p.XRangeN(ctx, s.key("log"), "-", "+", 1), p.XLen(ctx, s.key("log"))
	items, stories, polls := p.HLen(ctx, s.key("items")), p.HLen(ctx, s.key("stories")), p.HLen(ctx, s.key("polls"))
	var sizes []*redis.IntCmd
	for _, name := range []string{"meta", "log", "items", "stories", "topics", "polls", "marks"} {
		sizes = append(sizes, p.MemoryUsage(ctx, s.key(name)))
	}
	for topic := range counts {
		sizes = append(sizes, p.MemoryUsage(ctx, s.shelf(topic)))
	}
	if _, err := p.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) && !forbidden(err) {
		return store.Stats{}, s.wrap(err)
	}
	st := store.Stats{At: at, Decisions: int(log.Val()), Items: int(items.Val()), Stories: int(stories.Val()), Topics: len(counts), Polls: int(polls.Val())}
	for _, size := range sizes {
		st.Bytes += size.Val()
	}
	for _, e := range first.Val() {
		if st.Oldest, err = positionOf(e); err != nil {
			return st, s.wrap(err)
		}
	}
	return st, nil
}
