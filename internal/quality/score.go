package main

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"aggregator/internal/news"
)

// A tally is what one gold group adds to the sums that the figures are made of.
// A wrong pair is shared half and half between the two groups that it joins.
type tally struct {
	items, pairs, found   float64 // pairs of the group, and those found
	wrong, wrongEvent     float64 // pairs with others; of them, those of the same event
	b3p, b3r              float64
	hidden, hiddenRight   float64 // items behind the head of a story, which is of the group
	hideable, unhidden    float64
	hard, hardFound       float64 // pairs that neither title nor address gives away
	groups, lost, lostOut float64 // no item is a head; and the head is of another event
}

func (t *tally) add(u tally) {
	t.items, t.pairs, t.found = t.items+u.items, t.pairs+u.pairs, t.found+u.found
	t.wrong, t.wrongEvent = t.wrong+u.wrong, t.wrongEvent+u.wrongEvent
	t.b3p, t.b3r = t.b3p+u.b3p, t.b3r+u.b3r
	t.hidden, t.hiddenRight = t.hidden+u.hidden, t.hiddenRight+u.hiddenRight
	t.hideable, t.unhidden = t.hideable+u.hideable, t.unhidden+u.unhidden
	t.hard, t.hardFound = t.hard+u.hard, t.hardFound+u.hardFound
	t.groups, t.lost, t.lostOut = t.groups+u.groups, t.lost+u.lost, t.lostOut+u.lostOut
}

// A question is what is asked of a grouping.
type question struct {
	events bool // compare with the events, not with the copies of articles
	across bool // pairs of one publisher are not asked for
}

func (q question) gold(r record) string {
	if q.events {
		return r.Event
	}
	return r.Cluster
}

// tallies compares a grouping of records, given in order of arrival, with the
// labels: one tally a gold group, in order of arrival.
func tallies(rs []record, story []news.Position, q question) []tally {
	gold, stories := map[string][]int{}, map[news.Position][]int{}
	var order []string
	for i, r := range rs {
		g := q.gold(r)
		if gold[g] == nil {
			order = append(order, g)
		}
		gold[g] = append(gold[g], i)
		stories[story[i]] = append(stories[story[i]], i)
	}
	ts := make([]tally, len(order))
	for n, g := range order {
		ts[n] = tallyOf(rs, gold[g], story, stories, q)
	}
	return ts
}

func tallyOf(rs []record, members []int, story []news.Position, stories map[news.Position][]int, q question) tally {
	t := tally{groups: 1, items: float64(len(members)), hideable: float64(len(members) - 1), pairs: pairs(rs, members, q)}
	g, heads, sameEvent := q.gold(rs[members[0]]), 0, false
	for _, part := range parts(members, story) {
		whole := stories[story[part[0]]]
		k, all := float64(len(part)), float64(len(whole))
		t.found += pairs(rs, part, q)
		t.wrong += k * (all - k) / 2
		t.wrongEvent += k * float64(strangers(rs, whole, rs[part[0]].Event, g, q)) / 2
		t.b3p += k * k / all
		t.b3r += k * k / t.items
		head := rs[whole[0]]
		if q.gold(head) == g {
			heads++
			t.hidden, t.hiddenRight = t.hidden+k-1, t.hiddenRight+k-1
			continue
		}
		t.hidden += k
		sameEvent = sameEvent || head.Event == rs[part[0]].Event
	}
	t.unhidden = float64(max(0, heads-1))
	if heads == 0 {
		t.lost = 1
		if !sameEvent {
			t.lostOut = 1
		}
	}
	t.hard, t.hardFound = hardPairs(rs, members, story, q)
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
func strangers(rs []record, story []int, event, group string, q question) (n int) {
	for _, i := range story {
		if rs[i].Event == event && q.gold(rs[i]) != group {
			n++
		}
	}
	return n
}

// pairs counts the pairs that are asked for.
func pairs(rs []record, members []int, q question) float64 {
	n := float64(len(members))
	all := n * (n - 1) / 2
	if !q.across {
		return all
	}
	publishers := map[string]float64{}
	for _, i := range members {
		all -= publishers[rs[i].Publisher]
		publishers[rs[i].Publisher]++
	}
	return all
}

func hardPairs(rs []record, members []int, story []news.Position, q question) (all, found float64) {
	for n, i := range members {
		for _, j := range members[:n] {
			a, b := rs[i], rs[j]
			sameURL := a.canonicalURL == b.canonicalURL && a.canonicalURL != ""
			if a.cleanTitle == b.cleanTitle || sameURL || q.across && a.Publisher == b.Publisher {
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

// Figures are shares in [0, 1].
const (
	precision = iota // of pairs
	recall
	f1
	precisionOut // where only pairs of different events are wrong
	b3Precision
	b3Recall
	b3F1
	hidePrecision // hidden items that are behind one of their own group
	hideRecall    // of what could be hidden
	hardRecall
	lost    // groups of which no item is to be seen
	lostOut // … and what is to be seen instead is another event
	count
)

type figures [count]float64

func ratios(t tally) figures {
	p, r := share(t.found, t.found+t.wrong, 1), share(t.found, t.pairs, 1)
	bp, br := share(t.b3p, t.items, 1), share(t.b3r, t.items, 1)
	return figures{
		precision: p, recall: r, f1: share(2*p*r, p+r, 0),
		precisionOut: share(t.found, t.found+t.wrong-t.wrongEvent, 1),
		b3Precision:  bp, b3Recall: br, b3F1: share(2*bp*br, bp+br, 0),
		hidePrecision: share(t.hiddenRight, t.hidden, 1),
		hideRecall:    share(t.hideable-t.unhidden, t.hideable, 1),
		hardRecall:    share(t.hardFound, t.hard, 1),
		lost:          share(t.lost, t.groups, 0), lostOut: share(t.lostOut, t.groups, 0),
	}
}

func share(a, b, none float64) float64 {
	if b == 0 {
		return none
	}
	return a / b
}

// A result is figures with their 95% intervals.
type result struct {
	sum       tally
	at        figures
	low, high figures
}

// known says whether a figure is a share of anything.
func (r result) known(figure int) bool {
	switch figure {
	case precision, precisionOut:
		return r.sum.found+r.sum.wrong > 0
	case recall, f1:
		return r.sum.pairs > 0
	case hardRecall:
		return r.sum.hard > 0
	}
	return true
}

// resamples is how often the groups are drawn anew for the intervals.
const resamples = 1000

// measure sums tallies up. The intervals come from drawing the gold groups
// anew, with the same luck each time.
func measure(ts []tally) result {
	var r result
	for _, t := range ts {
		r.sum.add(t)
	}
	r.at = ratios(r.sum)
	luck := rand.New(rand.NewPCG(1, 1))
	var drawn [count][]float64
	for range resamples {
		var sum tally
		for range ts {
			sum.add(ts[luck.IntN(len(ts))])
		}
		for k, v := range ratios(sum) {
			drawn[k] = append(drawn[k], v)
		}
	}
	for k, vs := range drawn {
		slices.SortFunc(vs, cmp.Compare[float64])
		r.low[k], r.high[k] = vs[resamples*25/1000], vs[resamples*975/1000]
	}
	return r
}
