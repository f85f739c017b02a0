package main

import (
	"bytes"
	"html"
	"runtime"
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/dedupe"
	"aggregator/internal/near"
	"aggregator/internal/news"
	"aggregator/internal/quality/gold"
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
func prepare(it news.Item, p policy) dedupe.Item {
	prepared := dedupe.Prepare(it)
	prepared.Near = dedupe.NearOthers
	if p == within {
		prepared.Near = dedupe.NearOwn
	}
	return prepared
}

// items are the records as RSS feeds would bring them, one feed a publisher.
func items(s gold.Set, bodies bool) []news.Item {
	its := make([]news.Item, len(s.Records))
	cleaner := canon.NewCleaner()
	for i, r := range s.Records {
		its[i] = item(r, cleaner, bodies)
	}
	return its
}

// item has the teaser in the description and the body in content:encoded. As
// room fetch does it, a teaser that is all there is counts as the content.
func item(r gold.Record, cleaner *canon.Cleaner, bodies bool) news.Item {
	it := news.Item{
		Source: r.Publisher, Feed: news.Feed{Title: r.Publisher}, GUID: r.ID, URL: r.URL,
		Title: canon.Line(r.Title), Published: r.Time, Seen: r.Time, Language: r.Lang,
	}
	content := r.Summary
	if bodies && r.Body != "" {
		content = "<p>" + html.EscapeString(r.Body) + "</p>"
		it.Summary = canon.Text(r.Summary)
	}
	it.HTML = cleaner.HTML(content, r.URL)
	it.Text = canon.Text(it.HTML)
	return it
}

// A run is what the product made of a set.
type run struct {
	decisions []news.Decision // one a record
	story     []news.Position // that the record tells
	event     []news.Position // that the story belongs to
	prepare   time.Duration   // a record, on one core
	decide    time.Duration   // a record, with applying
	bytes     float64         // of the Index, a record
}

// decide lets the product decide about items in their order, each as it comes.
// It does so several times and keeps the least time: others use the machine.
// models, if not nil, are what the i-th is judged by.
func decide(items []news.Item, p policy, times int, models func(i int) near.Models) run {
	var best run
	for n := range times {
		r := decideOnce(items, p, models)
		if n > 0 {
			r.prepare, r.decide = min(r.prepare, best.prepare), min(r.decide, best.decide)
		}
		best = r
	}
	best.bytes = indexBytes(best.decisions)
	return best
}

func decideOnce(items []news.Item, p policy, models func(i int) near.Models) run {
	start := time.Now()
	prepared := make([]dedupe.Item, len(items))
	for i, it := range items {
		prepared[i] = prepare(it, p)
	}
	mid := time.Now()
	x, beside := dedupe.New(window), map[string]map[uint64]bool{}
	x.SetEvents(true)
	ds := make([]news.Decision, 0, len(items))
	for i, it := range prepared {
		if models != nil {
			x.SetModels(models(i))
		}
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
	for _, d := range r.decisions {
		if d.Fate == news.New {
			leads[d.Story] = d.Story
			if d.Event != 0 {
				leads[d.Story] = d.Event
			}
		}
		r.story = append(r.story, d.Story)
		r.event = append(r.event, leads[d.Story])
	}
}

// grouping is what answers a question.
func (r run) grouping(q gold.Question) []news.Position {
	if q.Events {
		return r.event
	}
	return r.story
}

// indexBytes is what the Index holds for each telling, without what an empty
// one has. The decisions are copied, as if they came out of a store: what the
// Index shares with them counts as its own.
func indexBytes(ds []news.Decision) float64 {
	x := dedupe.New(window)
	before := heap()
	for _, d := range ds {
		d.Sketch, d.Keys.Text = bytes.Clone(d.Sketch), slices.Clone(d.Keys.Text)
		if d.Fate != news.Known {
			x.Apply(d)
		}
	}
	after := heap()
	runtime.KeepAlive(x)
	runtime.KeepAlive(ds)
	return max(0, after-before) / float64(max(1, x.Len()))
}

func heap() float64 {
	runtime.GC()
	runtime.GC() // what pools keep goes at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
