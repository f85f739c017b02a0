package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// followStep is how many decisions one round trip of a reader of the log brings.
const followStep = 4096

// Follow implements store.Shared.
func (s *Store) Follow(ctx context.Context, after store.Tip, wait time.Duration) ([]news.Decision, store.Tip, error) {
	entries, tip, err := s.behind(ctx, after)
	if err == nil && len(entries) == 0 && tip == after && wait > 0 {
		if err = s.await(ctx, after, wait); err == nil {
			entries, tip, err = s.behind(ctx, after)
		}
	}
	if err != nil {
		return nil, after, s.wrap(err)
	}
	ds := make([]news.Decision, len(entries))
	for i, e := range entries {
		if ds[i], err = decision(e); err != nil {
			return nil, after, s.wrap(err)
		}
	}
	return ds, tip, nil
}

// behind reads whole appends behind a tip; an append that is longer than a step
// is read in one all the same.
func (s *Store) behind(ctx context.Context, after store.Tip) ([]redis.XMessage, store.Tip, error) {
	for n := int64(followStep); ; n *= 4 {
		entries, end, err := s.look(ctx, after, n)
		if err != nil {
			return nil, after, err
		}
		if int64(len(entries)) < n {
			return entries, end, nil
		}
		for i := len(entries) - 1; i >= 0; i-- {
			if chain, ends := entries[i].Values["c"].(string); ends {
				at, err := positionOf(entries[i])
				return entries[:i+1], store.Tip{At: at, Chain: chain}, err
			}
		}
	}
}

// look reads up to n entries behind a tip, and where the log ends. A tip whose
// decision has expired, and others behind it, cannot be told from one of another
// log; who stands there has missed decisions anyway.
func (s *Store) look(ctx context.Context, after store.Tip, n int64) ([]redis.XMessage, store.Tip, error) {
	said, err := s.scripts.follow.Run(ctx, s.db, []string{s.key("meta"), s.key("log")}, name(after.At), after.Chain, n).Slice()
	if err != nil {
		return nil, after, err
	}
	if len(said) == 0 {
		return nil, after, store.ErrLost
	}
	at, _ := said[0].(string)
	chain, _ := said[1].(string)
	rows, _ := said[2].([]any)
	end, err := position(at)
	if err != nil {
		return nil, after, err
	}
	entries := make([]redis.XMessage, len(rows))
	for i, row := range rows {
		if entries[i], err = entry(row); err != nil {
			return nil, after, err
		}
	}
	return entries, store.Tip{At: end, Chain: chain}, nil
}

// entry is one of a stream, as a script gives it: its id, then names and values.
func entry(row any) (redis.XMessage, error) {
	parts, _ := row.([]any)
	if len(parts) != 2 {
		return redis.XMessage{}, fmt.Errorf("%w: no entry of the log", store.ErrCorrupt)
	}
	e := redis.XMessage{Values: map[string]any{}}
	e.ID, _ = parts[0].(string)
	fields, _ := parts[1].([]any)
	for i := 0; i+1 < len(fields); i += 2 {
		name, _ := fields[i].(string)
		e.Values[name] = fields[i+1]
	}
	return e, nil
}

// await returns when there is something behind a tip, or after a while. A
// cancelled context does not end a read from Redis, so that one is left behind
// here; Close ends it.
func (s *Store) await(ctx context.Context, after store.Tip, wait time.Duration) error {
	came := make(chan error, 1)
	s.waiting.Go(func() {
		_, err := s.db.XRead(context.WithoutCancel(ctx), &redis.XReadArgs{
			Streams: []string{s.key("log"), name(after.At) + "-0"}, Count: 1, Block: max(wait, time.Millisecond),
		}).Result()
		came <- err
	})
	select {
	case err := <-came:
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AppendAt implements store.Shared.
func (s *Store) AppendAt(ctx context.Context, at store.Tip, b store.Batch) (store.Tip, error) {
	chain := newChain()
	end, err := s.append(ctx, at.At, at.Chain, chain, len(b.Decisions)+len(b.Stories) == 0, b)
	if err != nil || len(b.Decisions) == 0 {
		return at, err
	}
	return store.Tip{At: end, Chain: chain}, nil
}
