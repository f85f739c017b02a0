package poll

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/schedule"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
	"aggregator/internal/store/redis"
	"aggregator/internal/store/redis/redistest"
	"aggregator/internal/topic"
)

const (
	storeSources = 2000
	pollOverhead = 290 // of a source in Redis beside its record: BenchmarkSources
	storeItems   = 65  // of each: 130,000 in all, 100,000 stories in two topics
)

// BenchmarkStores has one poller fill either store, and ask again: nothing but the
// store is real of what it waits for. Redis here is on the same machine.
func BenchmarkStores(b *testing.B) {
	b.Run("bolt", func(b *testing.B) {
		for range b.N {
			kept, err := bolt.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			benchStore(b, kept, nil)
			kept.Close()
		}
	})
	b.Run("redis", func(b *testing.B) {
		for range b.N {
			server := redistest.Start(b)
			kept, err := redis.Open(b.Context(), redis.Address{URL: server.URL()})
			if err != nil {
				b.Fatal(err)
			}
			benchStore(b, kept, server)
			kept.Close()
			server.Kill()
		}
	})
}

func benchStore(b *testing.B, kept store.Store, server *redistest.Server) {
	before, _ := usedBy(b, server)
	plan, o := benchPlan(b)
	p, err := Open(b.Context(), kept, plan, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for _, pass := range []string{"new", "unchanged"} {
		trips, began := tripsOf(kept), time.Now()
		_, busy := usedBy(b, server)
		r, err := p.Pass(ctx, nil, true)
		if err != nil || r.Sources.Polled != storeSources {
			b.Fatalf("%+v, %v", r, err)
		}
		took := time.Since(began).Seconds()
		b.ReportMetric(storeSources/took, pass+"-polls/s")
		if trips := tripsOf(kept) - trips; trips > 0 {
			b.ReportMetric(float64(trips)/storeSources, pass+"-trips/poll")
		}
		if pass == "new" {
			b.ReportMetric(float64(r.Stories)/took, "stories/s")
			_, until := usedBy(b, server)
			b.ReportMetric((until-busy)*1e6/float64(r.Stories), "server-µs/story")
			b.Logf("%d stories of %d items", r.Stories, r.Items.Received)
		}
	}
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	o.items = nil
	after, _ := usedBy(b, server)
	sizes(b, kept, after-before)
}

// sizes are what a story takes in all and beside its tellings' compressed items,
// and a source beside 26 bytes for each item of its last document.
func sizes(b *testing.B, kept store.Store, used int64) {
	stats, err := kept.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if used == 0 {
		used = stats.Bytes
	}
	texts, codec := 0, store.NewCodec()
	for at := news.Position(1); at <= stats.At; at++ {
		items, err := kept.Items(b.Context(), at)
		if err != nil {
			b.Fatal(err)
		}
		raw, err := codec.Encode(items[at])
		if err != nil {
			b.Fatal(err)
		}
		texts += len(raw)
	}
	polls := 0
	for p, err := range kept.Polls(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		polls += len(store.EncodePoll(p)) + pollOverhead
	}
	stories := float64(stats.Stories)
	b.ReportMetric(float64(used-int64(polls))/stories, "B/story")
	b.ReportMetric(float64(used-int64(polls)-int64(texts))/stories, "B/story-beside-text")
}

func tripsOf(kept store.Store) int64 {
	if counts, ok := kept.(interface{ Trips() int64 }); ok {
		return counts.Trips()
	}
	return 0
}

// usedBy is what the server uses, bytes and seconds; nothing without one.
func usedBy(b *testing.B, server *redistest.Server) (memory int64, cpu float64) {
	if server == nil {
		return 0, 0
	}
	return server.Memory(b), server.CPU(b)
}

// benchPlan is sources of which three items in thirteen tell what others tell,
// under rules that file each under two topics.
func benchPlan(b *testing.B) (Plan, *outlets) {
	d := &desk{outlets: newOutlets()}
	plan := Plan{Prefer: []string{"tier", "fullest", "earliest"}, Window: 7 * 24 * time.Hour, Retain: 30 * 24 * time.Hour, Concurrency: 64, PerHost: 8, Fetcher: d.outlets}
	words := rand.New(rand.NewPCG(1, 2))
	often := rand.NewZipf(words, 1.1, 8, 20_000)
	sentence := func(n int) string {
		var text strings.Builder
		for range n {
			fmt.Fprintf(&text, "%s ", strings.ToLower(strconv.FormatUint(often.Uint64()*7919+1000, 36)))
		}
		return text.String()
	}
	var all []news.Item
	for i := range storeSources {
		s := Source{Source: news.Source{Key: fmt.Sprintf("outlet%d.example/world/feed.xml", i), URL: fmt.Sprintf("https://outlet%d.example/world/feed.xml", i), Name: fmt.Sprint("Outlet ", i), Tier: 5}}
		var items []news.Item
		for j := range storeItems {
			it := news.Item{GUID: fmt.Sprintf("https://outlet%d.example/2026/%d", i, j), URL: fmt.Sprintf("https://outlet%d.example/2026/%d", i, j)}
			if j < 15 && i > 0 {
				of := all[len(all)-storeItems+20+j]
				it.Title, it.Text = of.Title, of.Text
			} else {
				it.Title, it.Text = sentence(10), sentence(300)
			}
			items = append(items, it)
		}
		all = append(all, items...)
		d.set(s.Key, items...)
		plan.Sources = append(plan.Sources, s)
	}
	every, _, err := schedule.Parse("@every 15m")
	if err != nil {
		b.Fatal(err)
	}
	for i := range plan.Sources {
		plan.Sources[i].Schedule = every
	}
	anything, err := query.Parse("*")
	if err != nil {
		b.Fatal(err)
	}
	if plan.Filer, err = topic.New([]topic.Rule{{Name: "World", Match: anything}, {Name: "World/All of it", Match: anything}}); err != nil {
		b.Fatal(err)
	}
	return plan, d.outlets
}
