package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/dedupe"
)

// A pair is two texts and whether they tell the same.
type pair struct {
	a, b record
	same bool
}

// loadPairs reads DIR/NAME.pairs.jsonl.gz.
func loadPairs(dir, name string) (ps []pair, err error) {
	err = readLines(filepath.Join(dir, name+".pairs.jsonl.gz"), func(line []byte) error {
		var p struct {
			Label any
			Lang  string
			A, B  struct{ Title, Text, URL string }
		}
		if err := json.Unmarshal(line, &p); err != nil {
			return err
		}
		ps = append(ps, pair{
			a:    record{ID: "a", Publisher: "a", Title: p.A.Title, Summary: p.A.Text, URL: p.A.URL, Lang: p.Lang},
			b:    record{ID: "b", Publisher: "b", Title: p.B.Title, Summary: p.B.Text, URL: p.B.URL, Lang: p.Lang},
			same: p.Label == "OK" || p.Label == 1.0,
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return ps, nil
}

// A judged pair is how alike it was found.
type judged struct {
	similarity float64
	same       bool
}

func judge(ps []pair, compare func(a, b dedupe.Item) float64) []judged {
	cleaner := canon.NewCleaner()
	js := make([]judged, len(ps))
	for i, p := range ps {
		p.a.Time, p.b.Time = time.Unix(0, 0), time.Unix(0, 0)
		js[i] = judged{compare(prepare(p.a.item(cleaner, false), across), prepare(p.b.item(cleaner, false), across)), p.same}
	}
	return js
}

// bestCut is the least similarity that should count as the same, by F1, and
// what it gives.
func bestCut(js []judged) (cut float64, at figures) {
	js = slices.SortedFunc(slices.Values(js), func(a, b judged) int { return cmp.Compare(b.similarity, a.similarity) })
	var t tally
	for _, j := range js {
		if j.same {
			t.pairs++
		}
	}
	for i, j := range js {
		if j.same {
			t.found++
		} else {
			t.wrong++
		}
		tied := i+1 < len(js) && js[i+1].similarity == j.similarity
		if r := ratios(t); !tied && r[f1] > at[f1] {
			cut, at = j.similarity, r
		}
	}
	return cut, at
}

// A pairsRow is what one set of pairs gives, as people read it.
type pairsRow struct {
	Set, Pairs, Cut, Precision, Recall, F1 string
}

func newPairsRow(name string, js []judged) pairsRow {
	cut, at := bestCut(js)
	return pairsRow{name, whole(float64(len(js))), fmt.Sprintf("%.2f", cut), percent(at[precision]), percent(at[recall]), percent(at[f1])}
}

func (r pairsRow) String() string {
	return fmt.Sprintf("%-11s%s pairs: best at %s, P %s R %s F1 %s", r.Set, r.Pairs, r.Cut, r.Precision, r.Recall, r.F1)
}
