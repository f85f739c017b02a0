package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"aggregator/internal/dedupe"
	"aggregator/internal/near"
	"aggregator/internal/news"
	"aggregator/internal/quality/gold"
	"aggregator/internal/quality/learn"
)

// folds is how many parts the stories are dealt into: each part is judged by
// what was learnt from the others.
const folds = 5

// How the two models are learnt. Found by trying, on the folds.
var (
	forStories = learn.Options{Ridge: 3, Trees: 250, Rate: .08, Leaf: 8, Smooth: 1, Rows: .7, Features: .4, Threshold: .65}
	forEvents  = learn.Options{Ridge: 10, Trees: 60, Rate: .06, Leaf: 20, Smooth: 2, Rows: .7, Features: .5, Threshold: .72}
)

// A sample is a labelled pair with the parts that its items belong to.
type sample struct {
	set   string
	fold  int
	story learn.Row
	event bool
}

// pairsOf are the pairs that the product compares in a set.
func pairsOf(s gold.Set, bodies bool, m near.Models) []sample {
	var samples []sample
	x, records := dedupe.New(window), map[news.Position]gold.Record{}
	x.SetModels(m)
	for i, it := range items(s, bodies) {
		prepared := prepare(it, within)
		r := s.Records[i]
		for _, a := range x.Alike(prepared, it.Seen) {
			o := records[a.Of]
			samples = append(samples, sample{
				set: s.Name, fold: foldOf(r),
				story: learn.Row{Features: a.Features, Same: o.Cluster == r.Cluster, Weight: weightOf(s.Name)},
				event: o.Event == r.Event,
			})
		}
		d := x.Decide([]dedupe.Item{prepared}, it.Seen)[0]
		if d.Fate != news.Known {
			x.Apply(d)
			records[d.Pos] = r
		}
	}
	return samples
}

// foldOf deals stories out by their labels, so that all that tells one is in
// one part.
func foldOf(r gold.Record) int {
	h := fnv.New32a()
	io.WriteString(h, r.Event)
	return int(h.Sum32() % folds)
}

// rows of the samples that a filter lets through.
func rowsOf(samples []sample, event bool, keep func(sample) bool) []learn.Row {
	var rows []learn.Row
	for _, s := range samples {
		if !keep(s) {
			continue
		}
		row := s.story
		if event {
			row.Same = s.event
		}
		rows = append(rows, row)
	}
	return rows
}

// learnt are the models of all sets, and the pairs that those of stories were
// learnt from.
func (o options) learnt() (m near.Models, story []sample, err error) {
	m = near.Learnt()
	m.Features = near.FeatureNames[:]
	if m.Common, err = o.common(); err != nil {
		return m, nil, err
	}
	if story, err = o.samples(articles, m); err != nil {
		return m, nil, err
	}
	event, err := o.samples(events, m)
	if err != nil {
		return m, nil, err
	}
	all := func(sample) bool { return true }
	m.Story = learn.Model(rowsOf(story, false, all), forStories)
	m.Event = learn.Model(rowsOf(event, true, all), forEvents)
	return m, story, nil
}

// fit learns from all sets and writes the models.
func (o options) fit(w io.Writer) error {
	m, story, err := o.learnt()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "learnt from %d pairs\n", len(story))
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(o.models, append(b, '\n'), 0o644)
}

func (o options) samples(sets string, m near.Models) (all []sample, err error) {
	for _, name := range choose(sets, "all") {
		s, err := gold.Load(o.data, name, cleanTitle)
		if err != nil {
			return nil, err
		}
		all = append(all, pairsOf(s, false, m)...)
		if s.Bodies {
			all = append(all, pairsOf(s, true, m)...)
		}
	}
	return all, nil
}

// common are the words that at least five of a thousand items of some set have.
func (o options) common() ([]near.Common, error) {
	most := map[near.Word]int{}
	for _, name := range strings.Fields(articles) {
		s, err := gold.Load(o.data, name, cleanTitle)
		if err != nil {
			return nil, err
		}
		count := map[near.Word]int{}
		for _, it := range items(s, false) {
			sketch, seen := prepare(it, within).Sketch, map[near.Word]bool{}
			for _, w := range slices.Concat(sketch.Title, sketch.Lead) {
				if !seen[w] {
					seen[w], count[w] = true, count[w]+1
				}
			}
		}
		for w, n := range count {
			most[w] = max(most[w], n*1000/len(s.Records))
		}
	}
	var common []near.Common
	for w, n := range most {
		if n >= 5 {
			common = append(common, near.Common{uint32(w), uint32(n)})
		}
	}
	slices.SortFunc(common, func(a, b near.Common) int { return cmp.Compare(a[0], b[0]) })
	return common, nil
}

// A point of the curve is what a threshold gives when each item is judged by
// models that never saw its event.
type point struct {
	threshold float32
	rows      []row
}

// curve measures thresholds on held-out items.
func (o options) curve(w io.Writer, thresholds []float32) (points []point, err error) {
	m, story, err := o.learnt()
	if err != nil {
		return nil, err
	}
	var byFold [folds]near.Models
	for f := range byFold {
		byFold[f] = m
		byFold[f].Story = learn.Model(rowsOf(story, false, func(s sample) bool { return s.fold != f }), forStories)
	}
	for _, threshold := range thresholds {
		o.modelOf = func(r gold.Record) near.Models {
			m := byFold[foldOf(r)]
			m.Story.Threshold = threshold
			return m
		}
		rows, err := o.measure(w, tables()[0])
		if err != nil {
			return nil, err
		}
		points = append(points, point{threshold, rows})
	}
	return points, nil
}

func (o options) printCurve(w io.Writer) error {
	var thresholds []float32
	for given := range strings.SplitSeq(o.held, ",") {
		t, err := strconv.ParseFloat(given, 32)
		if err != nil || t <= 0 || t >= 1 {
			return fmt.Errorf("-held %q is no threshold (write one between 0 and 1)", given)
		}
		thresholds = append(thresholds, float32(t))
	}
	points, err := o.curve(w, thresholds)
	for _, p := range points {
		printTable(w, fmt.Sprintf("Held out, threshold %.2f", p.threshold), p.rows, gold.Question{})
	}
	return err
}

// weightOf lets small sets count for more, so that none is learnt from alone.
func weightOf(set string) float64 {
	switch set {
	case "zh21", "rss26in":
		return 2
	case "reut87":
		return 3
	}
	return 1
}
