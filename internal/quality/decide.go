package main

import (
	"bytes"
	"runtime"
	"slices"
	"time"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
)

// window is the product's own default.
const window = 7 * 24 * time.Hour

// A policy says between which tellings near text is looked for.
type policy string

const (
	within policy = "within" // in one source, too
	across policy = "across" // between sources only, which is the default
)

// prepare is how an item of a source with that policy comes to be judged.
func prepare(it news.Item, _ policy) dedupe.Item {
	return dedupe.Prepare(it)
}

// compare is how alike two items are by themselves, in [0, 1]; nil as long as
// dedupe has no door for it.
func compare() func(a, b dedupe.Item) float64 { return nil }

// A run is what the product made of a set.
type run struct {
	decisions []news.Decision // one a record
	story     []news.Position // that the record tells
	event     []news.Position // that the story belongs to
	item      map[news.Position]int
	prepare   time.Duration // a record, on one core
	decide    time.Duration // a record, with applying
	bytes     float64       // of the Index, a record
}

// decide lets the product decide about items in their order, each as it comes.
// It does so several times and keeps the least time: others use the machine.
func decide(items []news.Item, p policy, times int) run {
	var best run
	for n := range times {
		r := decideOnce(items, p)
		if n > 0 {
			r.prepare, r.decide = min(r.prepare, best.prepare), min(r.decide, best.decide)
		}
		best = r
	}
	best.bytes = indexBytes(best.decisions)
	return best
}

func decideOnce(items []news.Item, p policy) run {
	start := time.Now()
	prepared := make([]dedupe.Item, len(items))
	for i, it := range items {
		prepared[i] = prepare(it, p)
	}
	mid := time.Now()
	x, beside := dedupe.New(window), map[string]map[uint64]bool{}
	ds := make([]news.Decision, 0, len(items))
	for _, it := range prepared {
		if beside[it.Source] == nil {
			beside[it.Source] = map[uint64]bool{}
		}
		beside[it.Source][it.Keys.ID] = true
		it.Beside = beside[it.Source]
		d := x.Decide([]dedupe.Item{it}, it.Seen)[0]
		if d.Fate != news.Known {
			x.Apply(d)
		}
		ds = append(ds, d)
	}
	n := time.Duration(max(1, len(items)))
	r := run{decisions: ds, prepare: mid.Sub(start) / n, decide: time.Since(mid) / n}
	r.group()
	return r
}

// group fills in who tells what.
func (r *run) group() {
	leads := map[news.Position]news.Position{}
	r.item = map[news.Position]int{}
	for i, d := range r.decisions {
		if d.Fate == news.New {
			leads[d.Story] = d.Story
			if d.Event != 0 {
				leads[d.Story] = d.Event
			}
		}
		if d.Pos != 0 {
			r.item[d.Pos] = i
		}
		r.story = append(r.story, d.Story)
		r.event = append(r.event, leads[d.Story])
	}
}

// indexBytes is what the Index holds for each decision, without what an empty
// one has. The decisions are copied, as if they came out of a store: what the
// Index shares with them counts as its own.
func indexBytes(ds []news.Decision) float64 {
	ds = slices.DeleteFunc(slices.Clone(ds), func(d news.Decision) bool { return d.Fate == news.Known })
	x := dedupe.New(window)
	before := heap()
	for _, d := range ds {
		d.Sketch, d.Keys.Text = bytes.Clone(d.Sketch), slices.Clone(d.Keys.Text)
		x.Apply(d)
	}
	after := heap()
	runtime.KeepAlive(x)
	runtime.KeepAlive(ds)
	return max(0, after-before) / float64(max(1, len(ds)))
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
