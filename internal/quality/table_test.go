package main

import (
	"testing"
	"time"
)

func TestPool(t *testing.T) {
	one, two := []tally{{items: 1, groups: 1}}, []tally{{items: 2, groups: 1, pairs: 1, found: 1}, {items: 1, groups: 1, wrong: 1}}
	p := pool([]measured{
		{row{result: measure(one), prepare: 4 * time.Microsecond, decide: 8 * time.Microsecond, bytes: 100}, one},
		{row{result: measure(two), prepare: 8 * time.Microsecond, decide: 4 * time.Microsecond, bytes: 200}, two},
	}, "body")
	if p.prepare != 7*time.Microsecond || p.decide != 5*time.Microsecond || p.bytes != 175 {
		t.Errorf("%v, %v, %v bytes", p.prepare, p.decide, p.bytes)
	}
	if p.result.at[precision] != .5 || p.result.at[recall] != 1 || p.result.sum.groups != 3 {
		t.Errorf("%+v", p.result)
	}
}

func TestCellOfNothing(t *testing.T) {
	r := measure([]tally{{items: 1, groups: 1}})
	for _, c := range columns(question{across: true}) {
		if got := c.cell(r); got != "-" {
			t.Errorf("%s of nothing is %s", c.name, got)
		}
	}
}
