package gold

import (
	"cmp"
	"encoding/json"
	"path/filepath"
	"slices"
)

// A Pair is two texts and whether they tell the same.
type Pair struct {
	A, B Record
	Same bool
}

// LoadPairs reads DIR/NAME.pairs.jsonl.gz.
func LoadPairs(dir, name string) (ps []Pair, err error) {
	err = readLines(filepath.Join(dir, name+".pairs.jsonl.gz"), func(line []byte) error {
		var p struct {
			Label any
			Lang  string
			A, B  struct{ Title, Text, URL string }
		}
		if err := json.Unmarshal(line, &p); err != nil {
			return err
		}
		ps = append(ps, Pair{
			A:    Record{ID: "a", Publisher: "a", Title: p.A.Title, Summary: p.A.Text, URL: p.A.URL, Lang: p.Lang},
			B:    Record{ID: "b", Publisher: "b", Title: p.B.Title, Summary: p.B.Text, URL: p.B.URL, Lang: p.Lang},
			Same: p.Label == "OK" || p.Label == 1.0,
		})
		return nil
	})
	return ps, wrap(err, dir, name)
}

// A Judged pair is how alike it was found, and whether it is the same.
type Judged struct {
	Similarity float64
	Same       bool
}

// BestCut is the least similarity that should count as the same, by F1, and
// what it gives.
func BestCut(js []Judged) (cut float64, at Figures) {
	js = slices.SortedFunc(slices.Values(js), func(a, b Judged) int { return cmp.Compare(b.Similarity, a.Similarity) })
	var t Tally
	for _, j := range js {
		if j.Same {
			t.Pairs++
		}
	}
	for i, j := range js {
		if j.Same {
			t.Found++
		} else {
			t.Wrong++
		}
		tied := i+1 < len(js) && js[i+1].Similarity == j.Similarity
		if r := ratios(t); !tied && r[F1] > at[F1] {
			cut, at = j.Similarity, r
		}
	}
	return cut, at
}
