package main

import (
	"testing"
	"time"

	"aggregator/internal/quality/gold"
)

func TestPool(t *testing.T) {
	one, two := []gold.Tally{{Items: 1, Groups: 1}}, []gold.Tally{{Items: 2, Groups: 1, Pairs: 1, Found: 1}, {Items: 1, Groups: 1, Wrong: 1}}
	p := pool([]measured{
		{row{result: gold.Measure(one), prepare: 4 * time.Microsecond, decide: 8 * time.Microsecond, bytes: 100}, one},
		{row{result: gold.Measure(two), prepare: 8 * time.Microsecond, decide: 4 * time.Microsecond, bytes: 200}, two},
	}, "body")
	if p.prepare != 7*time.Microsecond || p.decide != 5*time.Microsecond || p.bytes != 175 {
		t.Errorf("%v, %v, %v bytes", p.prepare, p.decide, p.bytes)
	}
	if p.result.At[gold.Precision] != .5 || p.result.At[gold.Recall] != 1 || p.result.Sum.Groups != 3 {
		t.Errorf("%+v", p.result)
	}
}

func TestCellOfNothing(t *testing.T) {
	r := gold.Measure([]gold.Tally{{Items: 1, Groups: 1}})
	for _, c := range columns(gold.Question{Across: true}) {
		if got := c.cell(r); got != "-" {
			t.Errorf("%s of nothing is %s", c.name, got)
		}
	}
}
