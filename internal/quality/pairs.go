package main

import (
	"fmt"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/dedupe"
	"aggregator/internal/quality/gold"
)

// compare is how alike two items are by themselves, in an Index that holds
// nothing else; in [0, 1].
func compare() func(a, b dedupe.Item) float64 {
	x, now := dedupe.New(window), time.Now()
	return func(a, b dedupe.Item) float64 { return float64(x.Compare(a, b, now).Similarity) }
}

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
	return fmt.Sprintf("%-11s%d pairs: best at %.3f, P %s R %s F1 %s", name, len(js), cut, decimal(at[gold.Precision]), decimal(at[gold.Recall]), decimal(at[gold.F1]))
}
