package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/template"

	"aggregator/internal/quality/gold"
)

// The text of the page. Its figures come from the run.
//
//go:embed quality.md.tmpl
var pageText string

// A page is docs/quality.md.
type page struct {
	Teaser, Body line // the default, over all sets
	Tables       []pageTable
	Held         []line // sets, held out, at the threshold that is used
	Curve        []line // pooled, held out, Set being the threshold
	Costs        []line
	Topics       []line // over the sets that are one to the targets
	TopicSets    []line // each set
	TopicSize    map[string]string
	Least        int               // items of a topic
	Size         map[string]string // of each set
}

type pageTable struct {
	Title string
	Whole bool // with the figures that need all pairs
	Rows  []line
}

// A line is a row as people read it.
type line struct {
	Set, Text, Topic, Items, Pairs, Groups, Lost, LostOut string
	Precision, PrecisionOut, Recall, F1, Hard, B3, Hidden string
	Prepare, Decide, Bytes                                string
}

func newLine(r row) line {
	x, sum := r.result, r.result.Sum
	return line{
		Set: r.set, Text: r.text,
		Items: whole(sum.Items), Pairs: whole(sum.Pairs), Groups: whole(sum.Groups), Lost: whole(sum.Lost), LostOut: whole(sum.LostOut),
		Precision: interval(x, gold.Precision), PrecisionOut: interval(x, gold.PrecisionOut), Recall: interval(x, gold.Recall), F1: interval(x, gold.F1), Hard: interval(x, gold.HardRecall),
		B3:      fmt.Sprintf("%s / %s / %s", percent(x.At[gold.B3Precision]), percent(x.At[gold.B3Recall]), percent(x.At[gold.B3F1])),
		Hidden:  fmt.Sprintf("%s / %s", percent(x.At[gold.HidePrecision]), percent(x.At[gold.HideRecall])),
		Prepare: whole(micros(r.prepare)), Decide: whole(micros(r.decide)), Bytes: whole(r.bytes),
	}
}

// interval is a figure with its interval.
func interval(r gold.Result, k int) string {
	if !r.Known(k) {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", percent(r.At[k]), percent(r.Low[k]), percent(r.High[k]))
}

func percent(v float64) string { return fmt.Sprintf("%.1f", 100*v) }

// whole is a number without a fraction, its thousands parted.
func whole(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// pageThresholds are the points of the curve that the page shows.
var pageThresholds = [...]float32{.5, .65, forStories.Threshold, .9, .95}

// newPage makes the page of all that was measured.
func newPage(measured map[string][]row, topics []topicRow) page {
	p := page{Size: map[string]string{}, TopicSize: map[string]string{}, Least: least}
	p.file(topics)
	for _, t := range tables() {
		pt := pageTable{Title: t.title, Whole: !t.Across}
		for _, r := range measured[t.name] {
			pt.Rows = append(pt.Rows, newLine(r))
		}
		p.Tables = append(p.Tables, pt)
	}
	for _, r := range measured["cluster"] {
		l := newLine(r)
		p.Costs = append(p.Costs, l)
		p.Size[r.set] = l.Items + " / " + l.Groups + " / " + whole(r.result.Sum.Hideable)
	}
	for _, r := range measured["default"] {
		if r.set == "pooled" && r.text == "teaser" {
			p.Teaser = newLine(r)
		} else if r.set == "pooled" {
			p.Body = newLine(r)
		}
	}
	return p
}

// hold fills in what was measured on held-out items.
func (p *page) hold(points []point) {
	for _, at := range points {
		for _, r := range at.rows {
			l := newLine(r)
			if at.threshold == forStories.Threshold {
				p.Held = append(p.Held, l)
			}
			if r.set == "pooled" {
				l.Set = fmt.Sprintf("%.2f", at.threshold)
				p.Curve = append(p.Curve, l)
			}
		}
	}
}

// file fills in how topics were filed. Where labels are incomplete, what is
// filed beside them may be right.
func (p *page) file(rows []topicRow) {
	for _, r := range rows {
		x := r.result
		l := line{
			Set: r.set, Text: r.text, Topic: r.topic, Items: whole(x.Sum.Groups), Precision: "–", F1: "–",
			Recall: percent(x.At[gold.Recall]),
		}
		if !r.partial {
			l.Precision, l.F1 = percent(x.At[gold.Precision]), interval(x, gold.F1)
		}
		p.TopicSize[r.set] = whole(x.Sum.Items)
		if r.set == strings.Join(strings.Fields(pooled), " + ") {
			p.Topics = append(p.Topics, l)
		} else if !slices.Contains(strings.Fields(pooled), r.set) {
			p.TopicSets = append(p.TopicSets, l)
		}
	}
}

// complete says what is missing, before more is measured for the page.
func (p page) complete() error {
	if p.Body.Set == "" || p.Topics == nil {
		return errors.New("the page needs all tables, sets and texts")
	}
	return nil
}

func (p page) write(name string) error {
	t, err := template.New("page").Option("missingkey=error").Parse(pageText)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
