package poll

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
	"aggregator/internal/topic"
)

// A start reads the log of the whole window: a million decisions must take
// less than five seconds and half a KiB each.
func BenchmarkReplay(b *testing.B) {
	const decisions, step = 1_000_000, 20_000
	kept, err := bolt.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer kept.Close()
	for at := news.Position(0); at < decisions; {
		if at, err = kept.Append(b.Context(), at, store.Batch{Decisions: manyDecisions(at, step)}); err != nil {
			b.Fatal(err)
		}
	}
	d := newDeskPlan()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for range b.N {
		p, err := Open(b.Context(), kept, d, Options{Log: slog.New(slog.DiscardHandler), Scheduled: true})
		if err != nil {
			b.Fatal(err)
		}
		if p.index.Len() != decisions {
			b.Fatalf("%d remembered", p.index.Len())
		}
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(p)
		b.StartTimer()
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/decisions, "B/decision")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
}

func newDeskPlan() Plan {
	return Plan{Filer: noRules(), Window: 7 * 24 * time.Hour, Retain: 30 * 24 * time.Hour}
}

func manyDecisions(at news.Position, n int) []news.Decision {
	ds := make([]news.Decision, n)
	for i := range ds {
		pos := at + news.Position(i) + 1
		k := uint64(pos) * 0x9e3779b97f4a7c15
		d := news.Decision{Pos: pos, At: time.Now(), Since: time.Now(), Source: fmt.Sprintf("outlet%d.example/feed.xml", i%3000), Fate: news.New, Story: pos,
			Keys: news.Keys{ID: k, URL: k + 1, Title: k + 2, Digest: k + 3, Text: []uint64{k + 4, k + 5}}}
		if i%4 == 0 && pos > 100 {
			d.Fate, d.Story, d.Reason, d.Similarity = news.Duplicate, pos-50, "text", 1
		}
		for j := range d.ID {
			d.ID[j] = byte(k >> (j % 8 * 8))
		}
		ds[i] = d
	}
	return ds
}

func noRules() *topic.Filer {
	f, err := topic.New(nil)
	if err != nil {
		panic(err)
	}
	return f
}
