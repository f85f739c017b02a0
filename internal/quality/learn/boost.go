package learn

import (
	"math"
	"math/rand/v2"
	"slices"

	"aggregator/internal/near"
)

// bins is how many cuts of a feature are tried.
const bins = 48

// A grower grows trees over rows, whose features are numbered bins.
type grower struct {
	Options
	rows     []Row
	cuts     [features][]float32
	binned   [][features]uint8
	margin   []float64
	gradient []float64
	hessian  []float64
	random   *rand.Rand
}

func boost(rows []Row, linear *near.Model, o Options) []near.Tree {
	g := &grower{Options: o, rows: rows, random: rand.New(rand.NewPCG(1, 2))}
	g.bin()
	g.margin = make([]float64, len(rows))
	for i := range rows {
		g.margin[i] = float64(linear.Linear(&rows[i].Features))
	}
	g.gradient, g.hessian = make([]float64, len(rows)), make([]float64, len(rows))
	trees := make([]near.Tree, 0, o.Trees)
	for range o.Trees {
		for i, r := range rows {
			p := logistic(g.margin[i])
			g.gradient[i], g.hessian[i] = r.Weight*(p-is(r.Same)), max(r.Weight*p*(1-p), 1e-9)
		}
		trees = append(trees, g.tree())
	}
	return trees
}

// bin sets the cuts of each feature at even shares of its values, rows that are
// the same counting for more: they are few, and the cuts lie among them.
func (g *grower) bin() {
	for f := range features {
		var values []float32
		for i, r := range g.rows {
			if r.Same || i%8 == 0 {
				values = append(values, r.Features[f])
			}
		}
		slices.Sort(values)
		values = slices.Compact(values)
		for b := 1; b < bins && len(values) > 1; b++ {
			i := b * len(values) / bins
			if i > 0 {
				g.cuts[f] = append(g.cuts[f], (values[i-1]+values[i])/2)
			}
		}
		g.cuts[f] = slices.Compact(g.cuts[f])
	}
	g.binned = make([][features]uint8, len(g.rows))
	for i, r := range g.rows {
		for f, v := range r.Features {
			n, _ := slices.BinarySearch(g.cuts[f], v) // cuts[n-1] < v
			g.binned[i][f] = uint8(n)
		}
	}
}

// tree grows one and moves the margins by it.
func (g *grower) tree() (t near.Tree) {
	sample := make([]int32, 0, len(g.rows))
	for i := range g.rows {
		if g.random.Float64() < g.Rows {
			sample = append(sample, int32(i))
		}
	}
	var asked []int
	for f := range features {
		if g.random.Float64() < g.Features {
			asked = append(asked, f)
		}
	}
	nodes := [15][]int32{0: sample}
	for n := range 7 {
		f, cut := g.split(nodes[n], asked)
		t.At[n], t.Cut[n] = uint8(f), float32(math.MaxFloat32)
		if cut >= 0 {
			t.Cut[n] = g.cuts[f][cut]
		}
		for _, i := range nodes[n] {
			next := 2*n + 1
			if cut >= 0 && int(g.binned[i][f]) > cut {
				next++
			}
			nodes[next] = append(nodes[next], i)
		}
	}
	for n := range t.Leaf {
		t.Leaf[n] = float32(g.Rate * g.leaf(nodes[n+7]))
	}
	for i := range g.rows {
		m := near.Model{Weights: nil, Trees: []near.Tree{t}}
		g.margin[i] += float64(m.Mend(&g.rows[i].Features))
	}
	return t
}

func (g *grower) leaf(rows []int32) float64 {
	gradient, hessian := 0.0, g.Smooth
	for _, i := range rows {
		gradient, hessian = gradient+g.gradient[i], hessian+g.hessian[i]
	}
	return max(-3, min(3, -gradient/hessian))
}

// split is the question that tells most; cut is -1 where none is worth asking.
func (g *grower) split(rows []int32, asked []int) (feature, cut int) {
	type sums struct{ gradient, hessian, weight float64 }
	best, feature, cut := 1e-6, 0, -1
	var all sums
	for _, i := range rows {
		all.gradient, all.hessian, all.weight = all.gradient+g.gradient[i], all.hessian+g.hessian[i], all.weight+g.rows[i].Weight
	}
	score := func(s sums) float64 { return s.gradient * s.gradient / (s.hessian + g.Smooth) }
	for _, f := range asked {
		var bin [bins + 1]sums
		for _, i := range rows {
			b := &bin[g.binned[i][f]]
			b.gradient, b.hessian, b.weight = b.gradient+g.gradient[i], b.hessian+g.hessian[i], b.weight+g.rows[i].Weight
		}
		var left sums
		for c := range g.cuts[f] {
			left.gradient, left.hessian, left.weight = left.gradient+bin[c].gradient, left.hessian+bin[c].hessian, left.weight+bin[c].weight
			right := sums{all.gradient - left.gradient, all.hessian - left.hessian, all.weight - left.weight}
			if left.weight < g.Leaf || right.weight < g.Leaf {
				continue
			}
			if gain := score(left) + score(right) - score(all); gain > best {
				best, feature, cut = gain, f, c
			}
		}
	}
	return feature, cut
}
