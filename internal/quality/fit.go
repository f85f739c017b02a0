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
	forEvents  = learn.Options{Ridge: 10, Trees: 60, Rate: .06, Leaf: 20, Smooth: 2, Rows: .7, Features: .5, Threshold: .65}
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

// fit learns from all sets, writes the models, and prints how well models learnt
// without an item's fold, and without its set, do on it.
func (o options) fit(w io.Writer) error {
	m := near.Learnt()
	m.Features = near.FeatureNames[:]
	var err error
	if m.Common, err = o.common(); err != nil {
		return err
	}
	story, err := o.samples(articles, m)
	if err != nil {
		return err
	}
	event, err := o.samples(events, m)
	if err != nil {
		return err
	}
	all := func(sample) bool { return true }
	m.Story = learn.Model(rowsOf(story, false, all), forStories)
	m.Event = learn.Model(rowsOf(event, true, all), forEvents)
	fmt.Fprintf(w, "%d pairs for stories, %d for events\n", len(story), len(event))
	if o.held != "" {
		if err := o.heldOut(w, story, m); err != nil {
			return err
		}
	}
	if o.models == "" {
		return nil
	}
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

// heldOut measures each item by models that never saw its fold.
func (o options) heldOut(w io.Writer, story []sample, m near.Models) error {
	var byFold [folds]near.Models
	for f := range byFold {
		byFold[f] = m
		byFold[f].Story = learn.Model(rowsOf(story, false, func(s sample) bool { return s.fold != f }), forStories)
	}
	t := tables()[0]
	for given := range strings.SplitSeq(o.held, ",") {
		cut, err := strconv.ParseFloat(given, 32)
		if err != nil {
			return fmt.Errorf("-held %q is no threshold (write one between 0 and 1)", given)
		}
		o.modelOf = func(r gold.Record) near.Models {
			m := byFold[foldOf(r)]
			m.Story.Threshold = float32(cut)
			return m
		}
		rows, err := o.measure(w, t)
		if err != nil {
			return err
		}
		printTable(w, fmt.Sprintf("held out, threshold %.2f", cut), rows, t.Question)
	}
	return nil
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
