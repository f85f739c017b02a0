package dedupe

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// benchStart is when the made-up news begins.
var benchStart = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)

// A newsroom makes up news of 100 sources: headlines and teasers of words as
// frequent as in a language, with names and numbers. One item in five is a
// lightly edited copy of a recent one by another source.
type newsroom struct {
	random *rand.Rand
	zipf   *rand.Zipf
	recent []news.Item
	n      int
	step   time.Duration
}

func newNewsroom(step time.Duration) *newsroom {
	r := rand.New(rand.NewPCG(1, 2))
	return &newsroom{random: r, zipf: rand.NewZipf(r, 1.15, 4, 60_000), step: step}
}

// spelling makes a word of a number: frequent ones are short.
func spelling(n uint64) string {
	const sounds = "ba ce di fo gu ha ke li mo nu pa re si to vu wa ye zi"
	var b strings.Builder
	for n += 3; n > 0; n /= 18 {
		b.WriteString(sounds[3*(n%18) : 3*(n%18)+2])
	}
	return b.String()
}

func (r *newsroom) words(n int) string {
	ws := make([]string, n)
	for i := range ws {
		switch r.random.IntN(12) {
		case 0:
			ws[i] = fmt.Sprint(r.random.IntN(400) + 1)
		case 1:
			ws[i] = "N" + spelling(r.random.Uint64N(200_000)) // a name
		default:
			ws[i] = spelling(r.zipf.Uint64())
		}
	}
	return strings.Join(ws, " ")
}

func (r *newsroom) next() news.Item {
	r.n++
	it := news.Item{Title: r.words(10), Summary: r.words(38) + "."}
	if len(r.recent) == 100 && r.random.IntN(5) == 0 {
		it = r.edited(r.recent[r.random.IntN(100)])
	}
	it.Source = fmt.Sprintf("https://s%d.example/feed", r.random.IntN(100))
	it.GUID = fmt.Sprint(r.n)
	it.URL = fmt.Sprintf("https://s.example/news/%d", 1_000_000+r.n)
	it.Seen = benchStart.Add(time.Duration(r.n) * r.step)
	if len(r.recent) == 100 {
		r.recent = r.recent[1:]
	}
	r.recent = append(r.recent, it)
	return it
}

func (r *newsroom) edited(it news.Item) news.Item {
	for _, s := range []*string{&it.Title, &it.Summary} {
		ws := strings.Fields(*s)
		for range 1 + len(ws)/12 {
			ws[r.random.IntN(len(ws))] = spelling(r.zipf.Uint64())
		}
		*s = strings.Join(ws, " ")
	}
	return it
}

// take decides and applies items, n at a time as polls bring them.
func absorb(x *Index, items []news.Item) {
	const poll = 25
	for ; len(items) > 0; items = items[min(poll, len(items)):] {
		batch := make([]Item, min(poll, len(items)))
		for i := range batch {
			batch[i] = Prepare(items[i])
			batch[i].Near = NearOthers
		}
		x.Apply(x.Decide(batch, batch[len(batch)-1].Seen)...)
	}
}

func make1000(next func() news.Item) []news.Item {
	items := make([]news.Item, 1000)
	for i := range items {
		items[i] = next()
	}
	return items
}

// measure fills a window with n items, then takes more of them, and reports
// what one costs in time, Prepare included, and in memory.
func measure(b *testing.B, n int, next func() news.Item) float64 {
	before := heap()
	x := New(7 * 24 * time.Hour)
	for x.Len() < n {
		absorb(x, make1000(next))
	}
	bytes := float64(heap()-before) / float64(x.Len())
	var spent time.Duration
	items := 0
	for b.Loop() {
		more := make1000(next)
		start := time.Now()
		absorb(x, more)
		spent += time.Since(start)
		items += len(more)
	}
	each := float64(spent.Nanoseconds()) / float64(items)
	b.ReportMetric(each, "ns/item")
	b.ReportMetric(bytes, "bytes/item")
	b.ReportMetric(0, "ns/op")
	runtime.KeepAlive(x)
	return each
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkNear: the cost of an item must not grow with the window.
func BenchmarkNear(b *testing.B) {
	each := map[int]float64{}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			each[n] = measure(b, n, newNewsroom(7*24*time.Hour/time.Duration(2*n)).next)
			if small := each[10_000]; small > 0 {
				b.ReportMetric(each[n]/small, "ratio")
			}
		})
	}
}

// BenchmarkFlood: a headline or template that comes again and again costs no
// more than other news.
func BenchmarkFlood(b *testing.B) {
	flood := func(title func(r *newsroom) string) func() news.Item {
		r := newNewsroom(time.Second)
		return func() news.Item {
			it := r.next()
			it.Title = title(r)
			return it
		}
	}
	b.Run("one headline", func(b *testing.B) {
		measure(b, 5_000, flood(func(*newsroom) string { return "Daily briefing from the newsroom of today" }))
	})
	b.Run("one template", func(b *testing.B) {
		measure(b, 100_000, flood(func(r *newsroom) string {
			return fmt.Sprintf("Quake of magnitude 4.%d strikes near %s", r.random.IntN(10), spelling(r.random.Uint64N(300)))
		}))
	})
	b.Run("one template, texts too", func(b *testing.B) {
		r := newNewsroom(time.Second)
		measure(b, 100_000, func() news.Item {
			it := r.next()
			m, place := r.random.IntN(10), spelling(r.random.Uint64N(300))
			it.Title = fmt.Sprintf("Quake of magnitude 4.%d strikes near %s", m, place)
			it.Summary = fmt.Sprintf("A quake of magnitude 4.%d struck %d km north of %s at a depth of %d km, the survey said. Nobody was hurt.", m, r.random.IntN(90), place, r.random.IntN(50))
			return it
		})
	})
	b.Run("Chinese", func(b *testing.B) {
		r := newNewsroom(time.Second)
		measure(b, 50_000, func() news.Item {
			it := r.next()
			it.Title, it.Summary = han(it.Title), han(it.Summary)
			return it
		})
	})
}

// han writes each word as one Chinese character, or two for a rare one.
func han(s string) string {
	var b strings.Builder
	for w := range strings.FieldsSeq(s) {
		h := canon.Hash(w)
		b.WriteRune('一' + rune(h%3000))
		if len(w) > 4 {
			b.WriteRune('一' + rune(h>>20%3000))
		}
	}
	return b.String()
}
