package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A row is one set, measured one way.
type row struct {
	set     string
	text    string // teaser or body
	result  result
	prepare time.Duration // an item
	decide  time.Duration
	bytes   float64 // an item
}

// columns are the figures that a table shows, with their names.
type column struct {
	figure int
	name   string
	wide   bool // with its interval
}

func columns(q question) []column {
	cs := []column{{precision, "P", true}, {recall, "R", true}, {f1, "F1", true}, {precisionOut, "Pout", false}, {hardRecall, "hardR", true}}
	if q.across {
		return cs
	}
	return append(cs, column{b3Precision, "b3P", false}, column{b3Recall, "b3R", false}, column{b3F1, "b3F1", false},
		column{hidePrecision, "hideP", false}, column{hideRecall, "hideR", false})
}

// print writes a table for a terminal: one line a set.
func print(w io.Writer, title string, rows []row, q question) {
	fmt.Fprintf(w, "%s\n%-11s%-7s%6s ", title, "set", "text", "items")
	for _, c := range columns(q) {
		fmt.Fprintf(w, " %-*s", c.width(), c.name)
	}
	fmt.Fprintln(w, " lost out  prep µs dec µs B/item")
	for _, r := range rows {
		fmt.Fprintf(w, "%-11s%-7s%6.0f ", r.set, r.text, r.result.sum.items)
		for _, c := range columns(q) {
			fmt.Fprintf(w, " %-*s", c.width(), c.cell(r.result))
		}
		fmt.Fprintf(w, " %4.0f %3.0f  %7.1f %6.1f %6.0f\n", r.result.sum.lost, r.result.sum.lostOut, micros(r.prepare), micros(r.decide), r.bytes)
	}
	fmt.Fprintln(w)
}

func (c column) width() int {
	if c.wide {
		return len(".993 .987-.999")
	}
	return len("hideP")
}

func (c column) cell(r result) string {
	if !r.known(c.figure) {
		return "-"
	}
	if !c.wide {
		return decimal(r.at[c.figure])
	}
	return decimal(r.at[c.figure]) + " " + decimal(r.low[c.figure]) + "-" + decimal(r.high[c.figure])
}

// decimal is a share as statistics print it: .993.
func decimal(v float64) string {
	return strings.TrimPrefix(fmt.Sprintf("%.3f", v), "0")
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// pool makes one row of several, group for group.
func pool(ms []measured, text string) row {
	p := row{set: "pooled", text: text}
	var all []tally
	var prepare, decide, bytes, items float64
	for _, m := range ms {
		n := m.row.result.sum.items
		all, items = append(all, m.tallies...), items+n
		prepare += n * float64(m.row.prepare)
		decide += n * float64(m.row.decide)
		bytes += n * m.row.bytes
	}
	p.result = measure(all)
	p.prepare, p.decide, p.bytes = time.Duration(prepare/items), time.Duration(decide/items), bytes/items
	return p
}
