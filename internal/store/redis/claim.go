package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// Claims are of a source by its name, so that no list of what is due is kept
// beside the polls: a poll's record opens with its due moment, which the script
// reads there.

// dueBytes open a poll's record: Unix milliseconds, big endian.
const dueBytes = 8

// Claim implements store.Shared.
func (s *Store) Claim(ctx context.Context, now time.Time, l store.Limits, cs ...store.Claim) ([]store.Claimed, error) {
	if len(cs) == 0 {
		return nil, nil
	}
	args := []any{s.key("host "), s.key("spacing "), now.UnixMilli(), l.PerHost, l.Interval.Milliseconds(), l.Lease.Milliseconds(),
		s.owner + strconv.FormatInt(s.calls.Add(1), 36)}
	for _, c := range cs {
		origin := c.Origin
		if origin == "" {
			origin = c.Host
		}
		args = append(args, c.Source, c.Host, origin, c.Forced, c.Anyway)
	}
	answers, err := s.scripts.claim.Run(ctx, s.db, []string{s.key("polls"), s.key("claims"), s.key("rests")}, args...).Slice()
	if err != nil {
		return nil, s.wrap(err)
	}
	if len(answers) != 2*len(cs) {
		return nil, s.wrap(fmt.Errorf("%w: %d answers to %d claims", store.ErrCorrupt, len(answers), len(cs)))
	}
	all := make([]store.Claimed, len(cs))
	for i, c := range cs {
		if all[i], err = s.claimed(now, c.Source, answers[2*i], answers[2*i+1]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *Store) claimed(now time.Time, source string, wait, record any) (store.Claimed, error) {
	milli, _ := wait.(int64)
	answer := store.Claimed{OK: milli == 0, Poll: news.Poll{Source: source}}
	if !answer.OK {
		answer.Until = now.Add(time.Duration(milli) * time.Millisecond)
	}
	raw, polled := record.(string)
	if !polled {
		return answer, nil
	}
	var err error
	answer.Poll, err = s.decodePoll(source, raw)
	return answer, err
}

// Release implements store.Shared.
func (s *Store) Release(ctx context.Context, sources ...string) error {
	if len(sources) == 0 {
		return nil
	}
	args := []any{s.key("host "), s.owner}
	for _, source := range sources {
		args = append(args, source)
	}
	return s.wrap(s.scripts.release.Run(ctx, s.db, []string{s.key("claims")}, args...).Err())
}

// Rest implements store.Shared.
func (s *Store) Rest(ctx context.Context, origin string, until time.Time) error {
	return s.wrap(s.db.HSet(ctx, s.key("rests"), origin, until.UnixMilli()).Err())
}

// Lease implements store.Shared.
func (s *Store) Lease(ctx context.Context, name, who string, d time.Duration) (bool, error) {
	has, err := s.scripts.lease.Run(ctx, s.db, []string{s.key("lease ", name)}, who, max(d.Milliseconds(), 0)).Bool()
	return has, s.wrap(err)
}
