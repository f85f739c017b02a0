package main

import (
	"fmt"

	"aggregator/internal/canon"
	"aggregator/internal/dedupe"
	"aggregator/internal/quality/gold"
)

// compare is how alike two items are by themselves, in [0, 1]; nil as long as
// dedupe has no door for it.
func compare() func(a, b dedupe.Item) float64 { return nil }

func judge(ps []gold.Pair, compare func(a, b dedupe.Item) float64) []gold.Judged {
	cleaner := canon.NewCleaner()
	js := make([]gold.Judged, len(ps))
	for i, p := range ps {
		a, b := prepare(item(p.A, cleaner, false), across), prepare(item(p.B, cleaner, false), across)
		js[i] = gold.Judged{Similarity: compare(a, b), Same: p.Same}
	}
	return js
}

func pairsLine(name string, js []gold.Judged) string {
	cut, at := gold.BestCut(js)
	return fmt.Sprintf("%-11s%d pairs: best at %.2f, P %s R %s F1 %s", name, len(js), cut, decimal(at[gold.Precision]), decimal(at[gold.Recall]), decimal(at[gold.F1]))
}
