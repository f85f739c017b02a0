package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"aggregator/internal/quality/gold"
)

// A row is one set, measured one way.
type row struct {
	set     string
	text    string // teaser or body
	result  gold.Result
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

func (c column) width() int {
	if c.wide {
		return len(".993 .987-.999")
	}
	return len("hideP")
}

func columns(q gold.Question) []column {
	cs := []column{{gold.Precision, "P", true}, {gold.Recall, "R", true}, {gold.F1, "F1", true}, {gold.PrecisionOut, "Pout", false}, {gold.HardRecall, "hardR", true}}
	if q.Across {
		return cs
	}
	return append(cs, column{gold.B3Precision, "b3P", false}, column{gold.B3Recall, "b3R", false}, column{gold.B3F1, "b3F1", false},
		column{gold.HidePrecision, "hideP", false}, column{gold.HideRecall, "hideR", false})
}

// printTable writes a table for a terminal: one line a set.
func printTable(w io.Writer, title string, rows []row, q gold.Question) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "%s\n%-11s%-7s%6s ", title, "set", "text", "items")
	for _, c := range columns(q) {
		fmt.Fprintf(w, " %-*s", c.width(), c.name)
	}
	fmt.Fprintln(w, " lost out  prep µs dec µs B/item")
	for _, r := range rows {
		fmt.Fprintf(w, "%-11s%-7s%6.0f ", r.set, r.text, r.result.Sum.Items)
		for _, c := range columns(q) {
			fmt.Fprintf(w, " %-*s", c.width(), c.cell(r.result))
		}
		fmt.Fprintf(w, " %4.0f %3.0f  %7.1f %6.1f %6.0f\n", r.result.Sum.Lost, r.result.Sum.LostOut, micros(r.prepare), micros(r.decide), r.bytes)
	}
	fmt.Fprintln(w)
}

func (c column) cell(r gold.Result) string {
	if !r.Known(c.figure) {
		return "-"
	}
	if !c.wide {
		return decimal(r.At[c.figure])
	}
	return decimal(r.At[c.figure]) + " " + decimal(r.Low[c.figure]) + "-" + decimal(r.High[c.figure])
}

// decimal is a share as statistics print it: .993.
func decimal(v float64) string {
	return strings.TrimPrefix(fmt.Sprintf("%.3f", v), "0")
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// pool makes one row of several, group for group.
func pool(ms []measured, text string) row {
	p := row{set: "pooled", text: text}
	var all []gold.Tally
	var prepare, decide, bytes, items float64
	for _, m := range ms {
		n := m.row.result.Sum.Items
		all, items = append(all, m.tallies...), items+n
		prepare += n * float64(m.row.prepare)
		decide += n * float64(m.row.decide)
		bytes += n * m.row.bytes
	}
	p.result = gold.Measure(all)
	p.prepare, p.decide, p.bytes = time.Duration(prepare/items), time.Duration(decide/items), bytes/items
	return p
}
