package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/store/redis"
	"aggregator/internal/store/redis/redistest"
)

func open(t *testing.T, at redis.Address) *redis.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// tells is a batch of n new stories with long texts.
func tells(at news.Position, n int) store.Batch {
	b := store.Batch{Items: map[news.Position]news.Item{}}
	for i := range n {
		pos := at + news.Position(i) + 1
		it := news.Item{Source: "a", GUID: fmt.Sprint(pos), Title: fmt.Sprint("Story ", pos), HTML: long(int(pos), 2000)}
		b.Items[pos] = it
		b.Decisions = append(b.Decisions, news.Decision{Pos: pos, At: time.UnixMilli(1), Source: "a", Fate: news.New, Story: pos})
		b.Stories = append(b.Stories, news.Story{ID: fmt.Sprint("id", pos), Pos: pos, Topics: []news.Filing{{Topic: "World"}, {Topic: "China"}}})
	}
	b.Polls = []news.Poll{{Source: "a", ETag: fmt.Sprint(at), Next: time.UnixMilli(5)}}
	b.Marks = map[string]string{"m": fmt.Sprint(at)}
	return b
}

// long is text that does not shrink much.
func long(seed, n int) string {
	var b strings.Builder
	for x := uint64(seed)*0x9e3779b97f4a7c15 + 1; b.Len() < n; x = x*6364136223846793005 + 1442695040888963407 {
		fmt.Fprintf(&b, "%x ", x>>20)
	}
	return b.String()
}

// An append whose answer is lost on its way is made again by the client, and
// counts once; even if another comes between.
func TestLostAnswer(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server)
	s, other := open(t, redis.Address{URL: "redis://" + proxy.Address}), open(t, redis.Address{URL: server.URL()})
	tip, err := s.AppendAt(t.Context(), store.Tip{}, tells(0, 2))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		proxy.Deaf.Store(1)
		next, err := s.AppendAt(t.Context(), tip, tells(tip.At, 3))
		if err != nil || next.At != tip.At+3 {
			t.Fatalf("the log ends at %v, %v", next, err)
		}
		if proxy.Deaf.Load() > 0 {
			t.Fatal("no answer was lost")
		}
		if tip, err = other.AppendAt(t.Context(), next, tells(next.At, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if stats, err := other.Stats(t.Context()); err != nil || stats.Decisions != 22 || stats.Stories != 22 {
		t.Errorf("%+v, %v: want 22 of each", stats, err)
	}
	for i, deaf := range []int32{0, 1} { // once before, so that it is not the asking for the script that is lost
		proxy.Deaf.Store(deaf)
		got, err := s.Claim(t.Context(), time.UnixMilli(9), store.Limits{PerHost: 2, Lease: time.Minute}, store.Claim{Source: fmt.Sprint("source", i), Host: "h"})
		if err != nil || !got[0].OK {
			t.Errorf("a claim of whose answers %d is lost: %+v, %v", deaf, got, err)
		}
	}
}

// A server that says no more holds nobody longer than the context, or than an
// answer may take.
func TestMute(t *testing.T) {
	proxy := redistest.NewProxy(t, redistest.Start(t))
	s := open(t, redis.Address{URL: "redis://" + proxy.Address, Patience: 200 * time.Millisecond})
	proxy.Mute.Store(true)
	for name, d := range map[string]time.Duration{"by its context": 50 * time.Millisecond, "by itself": time.Hour} {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		began := time.Now()
		_, err := s.Append(ctx, 0, tells(0, 1))
		if err == nil || !strings.Contains(err.Error(), "does not answer in time") || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
		_, _, err = s.Follow(ctx, store.Tip{}, 10*time.Millisecond)
		if err == nil || time.Since(began) > 10*time.Second {
			t.Errorf("%s, following: %v after %s", name, err, time.Since(began))
		}
		cancel()
	}
}

// A server that fills up keeps batches whole until it takes no more; then it keeps
// nothing of one, says why, and is read as ever.
func TestFull(t *testing.T) {
	server := redistest.Start(t, "--maxmemory", "8mb", "--maxmemory-policy", "noeviction")
	s := open(t, redis.Address{URL: server.URL()})
	at, err := news.Position(0), error(nil)
	for {
		next, failed := s.Append(t.Context(), at, tells(at, 20))
		if err = failed; err != nil {
			break
		}
		at = next
	}
	if !strings.Contains(err.Error(), "it is full (maxmemory): give it more, or shorten `retain`") {
		t.Errorf("a full server says %v", err)
	}
	// Every kind of change is refused, not a large one alone.
	server.Do(t, "CONFIG", "SET", "maxmemory", "4mb")
	refile := store.Batch{Stories: tells(0, 1).Stories, Marks: map[string]string{"m": "refiled"}}
	refile.Stories[0].Topics = []news.Filing{{Topic: "Other"}}
	for name, b := range map[string]store.Batch{"a poll": {Polls: []news.Poll{{Source: "b"}}}, "a mark": {Marks: map[string]string{"m": "other"}}} {
		if _, err := s.Append(t.Context(), at, b); err == nil {
			t.Errorf("%s is kept by a full server", name)
		}
	}
	_, refiled := s.Append(t.Context(), at, refile)
	whole(t, s, at, refiled == nil)
	if at == 0 {
		t.Fatal("nothing was kept at all")
	}
	open(t, redis.Address{URL: server.URL()})             // and so after a restart
	if err := s.Expire(t.Context(), at*3/4); err != nil { // forgetting makes room
		t.Error(err)
	}
	if _, err := s.Append(t.Context(), at, tells(at, 1)); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}

// whole holds what is kept up to a position to be all of the batches before it.
func whole(t *testing.T, s *redis.Store, at news.Position, refiled bool) {
	t.Helper()
	stats, err := s.Stats(t.Context())
	if n := int(at); err != nil || stats.At != at || stats.Decisions != n || stats.Items != n || stats.Stories != n || stats.Polls != 1 {
		t.Errorf("%+v, %v: want %d of each and one poll", stats, err, at)
	}
	counts, err := s.Count(t.Context())
	want, mark := int(at), fmt.Sprint(at-20)
	if refiled {
		want, mark = want-1, "refiled"
	}
	if err != nil || counts["World"] != want || counts["China"] != want || counts["Other"] != int(at)-want {
		t.Errorf("topics hold %v, %v; want %d", counts, err, want)
	}
	if got, err := s.Mark(t.Context(), "m"); err != nil || got != mark {
		t.Errorf("the mark is %s, %v; want %s", got, err, mark)
	}
	if p, err := s.Poll(t.Context(), "a"); err != nil || p.ETag != fmt.Sprint(at-20) {
		t.Errorf("the poll is %+v, %v", p, err)
	}
}

// A server that goes away and comes back is used again without a restart.
func TestAway(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	s := open(t, redis.Address{URL: server.URL()})
	at, err := s.Append(t.Context(), 0, tells(0, 3))
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if _, err := s.Append(t.Context(), at, tells(at, 1)); err == nil || !strings.Contains(err.Error(), "nothing listens there") {
		t.Errorf("while it is away: %v", err)
	}
	if _, err := s.Append(cancelled(t), at, tells(at, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	server.Run(t)
	if at, err = s.Append(t.Context(), at, tells(at, 1)); err != nil || at != 4 {
		t.Errorf("back again: %d, %v", at, err)
	}
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
