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

// look reads up to n entries behind a tip, and where the log ends, as of one
// moment; first it makes sure that the log goes through the tip.
func (s *Store) look(ctx context.Context, after store.Tip, n int64) ([]redis.XMessage, store.Tip, error) {
	p := s.db.TxPipeline()
	meta := p.HMGet(ctx, s.key("meta"), "at", "chain", "gone", "before")
	id := name(after.At) + "-0"
	there := p.XRange(ctx, s.key("log"), id, id)
	behind := p.XRangeN(ctx, s.key("log"), "("+id, "+", n)
	if _, err := p.Exec(ctx); err != nil {
		return nil, after, err
	}
	var now meta4
	if err := meta.Scan(&now); err != nil {
		return nil, after, fmt.Errorf("%w: %v", store.ErrCorrupt, err)
	}
	if !now.goesThrough(after, there.Val()) {
		return nil, after, store.ErrLost
	}
	return behind.Val(), store.Tip{At: news.Position(now.At), Chain: now.Chain}, nil
}

// meta4 is what is kept of the log's end, and of the last decision that expired.
type meta4 struct {
	At     uint64 `redis:"at"`
	Chain  string `redis:"chain"`
	Gone   uint64 `redis:"gone"`
	Before string `redis:"before"`
}

// goesThrough is chain.lua's twin. A tip whose decision has expired, and others
// behind it, cannot be told from one of another log; who stands there has missed
// decisions anyway.
func (m meta4) goesThrough(t store.Tip, there []redis.XMessage) bool {
	switch at := uint64(t.At); {
	case at == 0:
		return true
	case at == m.At:
		return t.Chain == m.Chain
	case at > m.At:
		return false
	case at == m.Gone:
		return t.Chain == m.Before
	}
	return len(there) == 1 && there[0].Values["c"] == t.Chain
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
