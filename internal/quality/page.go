package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"text/template"
)

// The text of the page. Its figures come from the run.
//
//go:embed quality.md.tmpl
var pageText string

// A page is docs/quality.md.
type page struct {
	Default struct{ Teaser, Body line }
	Tables  []pageTable
	Costs   []line
	Pairs   []pairsRow
	Size    map[string]string // of each set
}

type pageTable struct {
	Title string
	Whole bool // with the figures that need all pairs
	Rows  []line
}

// A line is a row as people read it.
type line struct {
	Set, Text                           string
	Items, Pairs, Groups, Lost, LostOut string
	Precision, PrecisionOut, Recall, F1 string
	Hard, B3, Hidden                    string
	Prepare, Decide, Bytes              string
}

func newLine(r row) line {
	x, sum := r.result, r.result.sum
	return line{
		Set: r.set, Text: r.text,
		Items: whole(sum.items), Pairs: whole(sum.pairs), Groups: whole(sum.groups), Lost: whole(sum.lost), LostOut: whole(sum.lostOut),
		Precision: x.percent(precision), PrecisionOut: x.percent(precisionOut), Recall: x.percent(recall), F1: x.percent(f1), Hard: x.percent(hardRecall),
		B3:      fmt.Sprintf("%s / %s / %s", percent(x.at[b3Precision]), percent(x.at[b3Recall]), percent(x.at[b3F1])),
		Hidden:  fmt.Sprintf("%s / %s", percent(x.at[hidePrecision]), percent(x.at[hideRecall])),
		Prepare: whole(micros(r.prepare)), Decide: whole(micros(r.decide)), Bytes: whole(r.bytes),
	}
}

// percent is a figure with its interval.
func (r result) percent(k int) string {
	if !r.known(k) {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", percent(r.at[k]), percent(r.low[k]), percent(r.high[k]))
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

// newPage makes the page of all that was measured.
func newPage(measured map[string][]row, pairs []pairsRow) page {
	p := page{Pairs: pairs, Size: map[string]string{}}
	for _, t := range tables() {
		pt := pageTable{Title: t.title, Whole: !t.across}
		for _, r := range measured[t.name] {
			pt.Rows = append(pt.Rows, newLine(r))
		}
		p.Tables = append(p.Tables, pt)
	}
	for _, r := range measured["cluster"] {
		l := newLine(r)
		p.Costs = append(p.Costs, l)
		p.Size[r.set] = l.Items + " / " + l.Groups + " / " + whole(r.result.sum.hideable)
	}
	for _, r := range measured["default"] {
		switch r.set + r.text {
		case "pooledteaser":
			p.Default.Teaser = newLine(r)
		case "pooledbody":
			p.Default.Body = newLine(r)
		}
	}
	return p
}

func (p page) write(name string) error {
	if p.Default.Body.Set == "" {
		return errors.New("the page needs all tables, sets and texts")
	}
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
