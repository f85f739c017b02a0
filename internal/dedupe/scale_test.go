package dedupe

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"aggregator/internal/near"
	"aggregator/internal/news"
)

// A wire makes up news as sketches: words by Zipf's law, one item in five a
// lightly edited copy of a recent one, by another source.
type wire struct {
	random *rand.Rand
	common *rand.Zipf
	recent []near.Sketch
	n      int
	make   func(*wire) near.Sketch
}

func newWire(make func(*wire) near.Sketch) *wire {
	r := rand.New(rand.NewPCG(3, 9))
	return &wire{random: r, common: rand.NewZipf(r, 1.07, 4, 400_000), make: make}
}

func (w *wire) words(n int) (ws []near.Word) {
	for range n {
		ws = append(ws, near.Word(w.common.Uint64()*2654435761>>7)&(1<<near.WordBits-1)&^1)
	}
	return ws
}

func report(w *wire) near.Sketch {
	if len(w.recent) > 100 && w.random.IntN(5) == 0 {
		s := w.recent[w.random.IntN(len(w.recent))]
		s.Title = append([]near.Word(nil), s.Title...)
		s.Title[w.random.IntN(len(s.Title))] = w.words(1)[0]
		return s
	}
	s := near.Sketch{Title: w.words(11), Lead: w.words(36)}
	if w.recent = append(w.recent, s); len(w.recent) > 5000 {
		w.recent = w.recent[1000:]
	}
	return s
}

// next is the next item, half a second after the last.
func (w *wire) next() (Item, time.Time) {
	w.n++
	now := time.Unix(1.7e9, 0).Add(time.Duration(w.n) * 400 * time.Millisecond)
	s := w.make(w)
	it := Item{Item: news.Item{Source: fmt.Sprint(w.random.IntN(500)), GUID: fmt.Sprint(w.n), Seen: now}, Near: NearOthers, Sketch: s}
	k := uint64(w.n) * 0x9e3779b97f4a7c15
	it.Keys = news.Keys{ID: k, URL: k + 1, Title: k + 2, Digest: k + 3, Text: []uint64{k + 4}}
	return it, now
}

// feed has n items decided and says how long one took.
func (w *wire) feed(x *Index, n int) (each time.Duration, copies int) {
	var spent time.Duration
	for range n {
		it, now := w.next()
		start := time.Now()
		d := x.Decide([]Item{it}, now)[0]
		x.Apply(d)
		spent += time.Since(start)
		if d.Fate == news.Duplicate {
			copies++
		}
	}
	return spent / time.Duration(n), copies
}

// The cost of an item does not grow with the window: at a million tellings in it
// less than twice that at ten thousand.
func BenchmarkWindow(b *testing.B) {
	for range b.N {
		before := heapInUse()
		x, w := New(7*24*time.Hour), newWire(report)
		w.feed(x, 10_000)
		small, _ := w.feed(x, 4000)
		w.feed(x, 50_000)
		bytes := float64(heapInUse()-before) / float64(x.Len())
		large, copies := w.feed(x, 4000)
		b.ReportMetric(float64(small.Nanoseconds())/1e3, "µs/item@10k")
		b.ReportMetric(float64(large.Nanoseconds())/1e3, "µs/item@1M")
		b.ReportMetric(float64(large)/float64(small), "ratio")
		b.ReportMetric(bytes, "B/item@1M")
		b.ReportMetric(float64(copies)/40, "%copies")
		b.ReportMetric(0, "ns/op")
		runtime.KeepAlive(x)
	}
}

// Floods: what one headline, or one template, costs when there is no end to it.
func BenchmarkFlood(b *testing.B) {
	headline := newWire(report).words(9)
	same := func(w *wire) near.Sketch {
		return near.Sketch{Title: headline, Lead: w.words(30)}
	}
	quake := newWire(report).words(40)
	template := func(w *wire) near.Sketch {
		s := near.Sketch{Title: append([]near.Word(nil), quake[:9]...), Lead: append([]near.Word(nil), quake[9:]...)}
		number, place := near.Word(w.random.IntN(90))<<1|1, w.words(1)[0]
		s.Title[2], s.Title[6], s.Lead[3], s.Lead[8] = number, place, number, place
		return s
	}
	for _, c := range []struct {
		name string
		make func(*wire) near.Sketch
		n    int
	}{{"headline", same, 5000}, {"template", template, 100_000}} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				x, w := New(7*24*time.Hour), newWire(report)
				w.feed(x, 10_000)
				usual, _ := w.feed(x, 4000)
				w.make = c.make
				flood, _ := w.feed(x, c.n)
				last, _ := w.feed(x, 1000)
				w.make = report
				after, _ := w.feed(x, 4000)
				b.ReportMetric(float64(usual.Nanoseconds())/1e3, "µs/item-usual")
				b.ReportMetric(float64(flood.Nanoseconds())/1e3, "µs/item-flood")
				b.ReportMetric(float64(last.Nanoseconds())/1e3, "µs/item-last")
				b.ReportMetric(float64(after.Nanoseconds())/1e3, "µs/item-after")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
