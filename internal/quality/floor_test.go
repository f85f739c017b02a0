package main

import (
	"io"
	"testing"

	"aggregator/internal/quality/gold"
)

// A floor is the least that a line of a table must read. These are the figures
// that were promised, not those reached, which docs/quality.md gives.
type floor struct {
	set, text           string
	precision, f1, hard float64
}

func TestFloors(t *testing.T) {
	o := options{data: shared(t), level: "all", sets: "all", text: "all"}
	if o.data == "" {
		return
	}
	for name, floors := range map[string][]floor{
		"cluster": {
			{"pooled", "teaser", .99, .955, .65}, {"pooled", "body", .99, .965, .80},
			{"wire26", "teaser", 0, .96, 0}, {"wire26ja", "teaser", 0, .98, 0}, {"reut87", "teaser", 0, .96, 0},
			{"zh21", "teaser", 0, .91, 0}, {"zh21", "body", 0, .96, 0}, {"rss26in", "teaser", 0, .75, 0},
		},
		"event": {
			{"rss26in", "teaser", 0, .72, 0}, {"uci14", "teaser", 0, .68, 0}, {"allsides21", "teaser", 0, .80, 0}, {"basil", "body", 0, .95, 0},
		},
	} {
		rows := map[[2]string]gold.Figures{}
		for _, table := range tables() {
			if table.name != name {
				continue
			}
			measured, err := o.measure(io.Discard, table)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range measured {
				rows[[2]string{r.set, r.text}] = r.result.At
				if name == "cluster" && r.result.Sum.LostOut > 0 {
					t.Errorf("%s %s: %v stories lost under another event", r.set, r.text, r.result.Sum.LostOut)
				}
			}
		}
		for _, f := range floors {
			at, ok := rows[[2]string{f.set, f.text}]
			if !ok || at[gold.Precision] < f.precision || at[gold.F1] < f.f1 || at[gold.HardRecall] < f.hard {
				t.Errorf("%s, %s by %s: measured %v (%v), promised precision %v, F1 %v, hard recall %v", name, f.set, f.text, at, ok, f.precision, f.f1, f.hard)
			}
		}
	}
}
