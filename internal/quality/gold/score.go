// Package gold holds labelled sets of items, and says how far a grouping of
// them agrees with the labels.
package gold

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"aggregator/internal/news"
)

// A Tally is what one group adds to the sums that the figures are made of. A
// wrong pair is shared half and half between the two groups that it joins.
type Tally struct {
	Items, Pairs, Found   float64 // pairs of the group, and those found
	Wrong, WrongEvent     float64 // pairs with others; of them, those of the same event
	b3p, b3r              float64
	hidden, hiddenRight   float64 // items behind the head of a story, which is of the group
	Hideable, unhidden    float64
	Hard, HardFound       float64 // pairs that neither title nor address gives away
	Groups, Lost, LostOut float64 // no item is a head; and the head is of another event
}

func (t *Tally) add(u Tally) {
	t.Items, t.Pairs, t.Found = t.Items+u.Items, t.Pairs+u.Pairs, t.Found+u.Found
	t.Wrong, t.WrongEvent = t.Wrong+u.Wrong, t.WrongEvent+u.WrongEvent
	t.b3p, t.b3r = t.b3p+u.b3p, t.b3r+u.b3r
	t.hidden, t.hiddenRight = t.hidden+u.hidden, t.hiddenRight+u.hiddenRight
	t.Hideable, t.unhidden = t.Hideable+u.Hideable, t.unhidden+u.unhidden
	t.Hard, t.HardFound = t.Hard+u.Hard, t.HardFound+u.HardFound
	t.Groups, t.Lost, t.LostOut = t.Groups+u.Groups, t.Lost+u.Lost, t.LostOut+u.LostOut
}

// A Question is what is asked of a grouping.
type Question struct {
	Events bool // compare with the events, not with the copies of articles
	Across bool // pairs of one publisher are not asked for
}

// Group is the label that a record has, to that question.
func (q Question) Group(r Record) string {
	if q.Events {
		return r.Event
	}
	return r.Cluster
}

// Tallies compares a grouping of records with their labels; both are in order
// of arrival, and the first item of a story is its head. It is one tally a
// group, in order of arrival.
func Tallies(rs []Record, story []news.Position, q Question) []Tally {
	groups, stories := map[string][]int{}, map[news.Position][]int{}
	var order []string
	for i, r := range rs {
		g := q.Group(r)
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], i)
		stories[story[i]] = append(stories[story[i]], i)
	}
	ts := make([]Tally, len(order))
	for n, g := range order {
		ts[n] = tallyOf(rs, groups[g], story, stories, q)
	}
	return ts
}

func tallyOf(rs []Record, members []int, story []news.Position, stories map[news.Position][]int, q Question) Tally {
	t := Tally{Groups: 1, Items: float64(len(members)), Hideable: float64(len(members) - 1), Pairs: pairs(rs, members, q)}
	g, heads, sameEvent := q.Group(rs[members[0]]), 0, false
	for _, part := range parts(members, story) {
		whole := stories[story[part[0]]]
		k, all := float64(len(part)), float64(len(whole))
		t.Found += pairs(rs, part, q)
		t.Wrong += k * (all - k) / 2
		t.WrongEvent += k * float64(strangers(rs, whole, rs[part[0]].Event, g, q)) / 2
		t.b3p += k * k / all
		t.b3r += k * k / t.Items
		head := rs[whole[0]]
		if q.Group(head) == g {
			heads++
			t.hidden, t.hiddenRight = t.hidden+k-1, t.hiddenRight+k-1
			continue
		}
		t.hidden += k
		sameEvent = sameEvent || head.Event == rs[part[0]].Event
	}
	t.unhidden = float64(max(0, heads-1))
	if heads == 0 {
		t.Lost = 1
		if !sameEvent {
			t.LostOut = 1
		}
	}
	t.Hard, t.HardFound = hardPairs(rs, members, story, q)
	return t
}

// parts splits members by the story that they are in.
func parts(members []int, story []news.Position) (ps [][]int) {
	place := map[news.Position]int{}
	for _, i := range members {
		n, ok := place[story[i]]
		if !ok {
			n = len(ps)
			place[story[i]] = n
			ps = append(ps, nil)
		}
		ps[n] = append(ps[n], i)
	}
	return ps
}

// strangers are the items of a story that are of the event, but not of the
// group.
func strangers(rs []Record, story []int, event, group string, q Question) (n int) {
	for _, i := range story {
		if rs[i].Event == event && q.Group(rs[i]) != group {
			n++
		}
	}
	return n
}

// pairs counts the pairs that are asked for.
func pairs(rs []Record, members []int, q Question) float64 {
	n := float64(len(members))
	all := n * (n - 1) / 2
	if !q.Across {
		return all
	}
	publishers := map[string]float64{}
	for _, i := range members {
		all -= publishers[rs[i].Publisher]
		publishers[rs[i].Publisher]++
	}
	return all
}

func hardPairs(rs []Record, members []int, story []news.Position, q Question) (all, found float64) {
	for n, i := range members {
		for _, j := range members[:n] {
			a, b := rs[i], rs[j]
			sameURL := a.CanonicalURL == b.CanonicalURL && a.CanonicalURL != ""
			if a.CleanTitle == b.CleanTitle || sameURL || q.Across && a.Publisher == b.Publisher {
				continue
			}
			all++
			if story[i] == story[j] {
				found++
			}
		}
	}
	return all, found
}

// The figures, each a share in [0, 1].
const (
	Precision = iota // of pairs
	Recall
	F1
	PrecisionOut // where only pairs of different events are wrong
	B3Precision
	B3Recall
	B3F1
	HidePrecision // of the hidden items, those that are behind one of their own group
	HideRecall    // of those that could be hidden
	HardRecall
	count
)

// Figures are by the names above.
type Figures [count]float64

func ratios(t Tally) Figures {
	p, r := share(t.Found, t.Found+t.Wrong, 1), share(t.Found, t.Pairs, 1)
	bp, br := share(t.b3p, t.Items, 1), share(t.b3r, t.Items, 1)
	return Figures{
		Precision: p, Recall: r, F1: share(2*p*r, p+r, 0),
		PrecisionOut: share(t.Found, t.Found+t.Wrong-t.WrongEvent, 1),
		B3Precision:  bp, B3Recall: br, B3F1: share(2*bp*br, bp+br, 0),
		HidePrecision: share(t.hiddenRight, t.hidden, 1),
		HideRecall:    share(t.Hideable-t.unhidden, t.Hideable, 1),
		HardRecall:    share(t.HardFound, t.Hard, 1),
	}
}

func share(a, b, none float64) float64 {
	if b == 0 {
		return none
	}
	return a / b
}

// A Result is figures with their 95% intervals.
type Result struct {
	Sum       Tally
	At        Figures
	Low, High Figures
}

// Known says whether a figure is a share of anything.
func (r Result) Known(figure int) bool {
	switch figure {
	case Precision, PrecisionOut:
		return r.Sum.Found+r.Sum.Wrong > 0
	case Recall, F1:
		return r.Sum.Pairs > 0
	case HardRecall:
		return r.Sum.Hard > 0
	}
	return true
}

// resamples is how often the groups are drawn anew for the intervals.
const resamples = 1000

// Measure sums tallies up. The intervals come from drawing the groups anew,
// with the same luck each time.
func Measure(ts []Tally) Result {
	var r Result
	for _, t := range ts {
		r.Sum.add(t)
	}
	r.At = ratios(r.Sum)
	luck := rand.New(rand.NewPCG(1, 1))
	var drawn [count][]float64
	for range resamples {
		var sum Tally
		for range ts {
			sum.add(ts[luck.IntN(len(ts))])
		}
		for k, v := range ratios(sum) {
			drawn[k] = append(drawn[k], v)
		}
	}
	for k, vs := range drawn {
		slices.SortFunc(vs, cmp.Compare[float64])
		r.Low[k], r.High[k] = vs[resamples*25/1000], vs[resamples*975/1000]
	}
	return r
}
