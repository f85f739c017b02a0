package learn

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"aggregator/internal/near"
)

var options = Options{Ridge: 1, Trees: 60, Rate: .2, Leaf: 5, Smooth: 1, Rows: .8, Features: .5, Threshold: .5}

// made are rows whose truth a rule tells from two features; the others are noise.
func made(n int, same func(a, b float32) bool) []Row {
	r := rand.New(rand.NewPCG(5, 5))
	rows := make([]Row, n)
	for i := range rows {
		for f := range rows[i].Features {
			rows[i].Features[f] = r.Float32()
		}
		rows[i].Same, rows[i].Weight = same(rows[i].Features[3], rows[i].Features[7]), 1
	}
	return rows
}

func right(m near.Model, rows []Row) float64 {
	n := 0
	for _, r := range rows {
		if (m.Similarity(&r.Features) >= m.Threshold) == r.Same {
			n++
		}
	}
	return float64(n) / float64(len(rows))
}

// A line is learnt by the weights, what no line parts by the trees; on rows that
// were not seen.
func TestLearns(t *testing.T) {
	line := made(6000, func(a, b float32) bool { return a+b > 1 })
	m := Model(line[:4000], options)
	if got := right(near.Model{Threshold: .5, Bias: m.Bias, Weights: m.Weights}, line[4000:]); got < .98 {
		t.Errorf("the weights alone tell %.3f of a line", got)
	}
	corners := made(6000, func(a, b float32) bool { return (a > .5) != (b > .5) })
	m = Model(corners[:4000], options)
	alone := right(near.Model{Threshold: .5, Bias: m.Bias, Weights: m.Weights}, corners[4000:])
	if got := right(m, corners[4000:]); got < .85 || alone > .6 {
		t.Errorf("with trees %.3f of corners are told, with weights alone %.3f", got, alone)
	}
	if !reflect.DeepEqual(m, Model(corners[:4000], options)) {
		t.Error("the same rows gave another model")
	}
}

// Rows that weigh nothing teach nothing.
func TestWeights(t *testing.T) {
	rows := made(3000, func(a, _ float32) bool { return a > .5 })
	for i := range 1500 {
		rows[i].Same, rows[i].Weight = !rows[i].Same, 1e-9
	}
	if got := right(Model(rows, options), rows[1500:]); got < .97 {
		t.Errorf("%.3f of the rows that weigh are told", got)
	}
}
