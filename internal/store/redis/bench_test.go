package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/store/redis"
	"aggregator/internal/store/redis/redistest"
)

// BenchmarkFollow is what a new replica waits for before it is ready: the log of
// the window, a million decisions of 200 bytes, read and decoded.
func BenchmarkFollow(b *testing.B) {
	const decisions, step = 1_000_000, 5000
	s, _ := benchStore(b)
	var tip store.Tip
	for tip.At < decisions {
		batch := store.Batch{Decisions: make([]news.Decision, step)}
		for i := range batch.Decisions {
			pos := tip.At + news.Position(i) + 1
			k := uint64(pos) * 0x9e3779b97f4a7c15
			batch.Decisions[i] = news.Decision{Pos: pos, At: time.UnixMilli(int64(k >> 24)), Source: fmt.Sprintf("outlet%d.example/world/feed.xml", pos%3000), Fate: news.New, Story: pos,
				Keys: news.Keys{ID: k, URL: k + 1, Title: k + 2, Digest: k + 3, Text: []uint64{k + 4, k + 5}}, Sketch: []byte(strings.Repeat("abcdefgh", 8))}
		}
		var err error
		if tip, err = s.AppendAt(b.Context(), tip, batch); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		var at store.Tip
		for {
			ds, next, err := s.Follow(b.Context(), at, 0)
			if err != nil {
				b.Fatal(err)
			}
			if len(ds) == 0 {
				break
			}
			at = next
		}
		if at != tip {
			b.Fatalf("followed to %v, want %v", at, tip)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
}

// BenchmarkSources is what a source takes: its poll's record, and beside what it
// saw of the last document, 26 bytes an item; and what claiming it costs.
func BenchmarkSources(b *testing.B) {
	const sources, step, items = 100_000, 1000, 30
	s, server := benchStore(b)
	before, busy := server.Memory(b), server.CPU(b)
	now := time.Now()
	for from := 0; from < sources; from += step {
		batch := store.Batch{}
		for i := from; i < from+step; i++ {
			batch.Polls = append(batch.Polls, pollOf(i, items, now))
		}
		if _, err := s.AppendAt(b.Context(), store.Tip{}, batch); err != nil {
			b.Fatal(err)
		}
	}
	used := server.Memory(b) - before
	keeping := server.CPU(b) - busy
	claims := benchClaims(b, s, now.Add(time.Hour), sources)
	claiming := server.CPU(b) - busy - keeping
	held := server.Memory(b) - before - used
	for b.Loop() { // it was measured once
	}
	record, bare := len(store.EncodePoll(pollOf(1, items, now))), len(store.EncodePoll(pollOf(1, 0, now)))
	b.ReportMetric(float64(used)/sources, "B/source")
	b.ReportMetric(float64(used)/sources-float64(record-bare), "B/source-beside-items")
	b.ReportMetric(float64(used)/sources-float64(record), "B/source-beside-record")
	b.ReportMetric(float64(held)/sources, "B/claim-while-it-holds")
	b.ReportMetric(claims, "claims/s")
	b.ReportMetric(keeping*1e6/sources, "server-µs/poll")
	b.ReportMetric(claiming*1e6/sources, "server-µs/claim")
}

// benchClaims claims all of them, 100 at a time, and says how many a second.
func benchClaims(b *testing.B, s *redis.Store, now time.Time, sources int) float64 {
	limits := store.Limits{PerHost: 2, Interval: time.Second, Lease: time.Hour}
	began := time.Now()
	for from := 0; from < sources; from += 100 {
		var cs []store.Claim
		for i := from; i < from+100; i++ {
			cs = append(cs, store.Claim{Source: sourceOf(i), Host: fmt.Sprintf("outlet%d.example", i)})
		}
		got, err := s.Claim(b.Context(), now, limits, cs...)
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range got {
			if !c.OK {
				b.Fatalf("%+v", c)
			}
		}
	}
	return float64(sources) / time.Since(began).Seconds()
}

func sourceOf(i int) string { return fmt.Sprintf("outlet%d.example/world/feed.xml", i) }

func pollOf(i, items int, now time.Time) news.Poll {
	p := news.Poll{
		Source: sourceOf(i), Last: now, Next: now.Add(15 * time.Minute), Why: "schedule */15 * * * *", Status: 200, Good: now, Changed: now,
		ETag: fmt.Sprintf(`W/"%x-5f3c1a2b"`, i), LastModified: "Thu, 26 Nov 2026 02:53:13 GMT", Body: uint64(i), Whole: now,
		Feed: news.Feed{Title: fmt.Sprintf("Outlet %d: World news", i), Link: fmt.Sprintf("https://outlet%d.example/world", i)}, Items: items, Address: "203.0.113.7", Took: 212,
	}
	for j := range items {
		k := uint64(i*items+j) * 0x9e3779b97f4a7c15
		p.Seen = append(p.Seen, news.Seen{ID: k, Raw: k + 1, Piece: k + 2, Since: now.Unix() - int64(j)*600})
	}
	return p
}

func benchStore(b *testing.B) (*redis.Store, *redistest.Server) {
	server := redistest.Start(b)
	s, err := redis.Open(b.Context(), redis.Address{URL: server.URL()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s, server
}
