package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A mistake is an item that was decided wrongly, beside the one that it was
// wrongly joined with, or should have been.
type mistake struct {
	item, other int
	cost        int  // pairs that are wrong or missed because of it
	out         bool // they are of different events
	why         string
}

// wrong are the items that were joined with one of another group. Where the
// item was right to join, and its story wrong before, the mistake is not its.
func wrong(rs []record, r run, story []news.Position, q question) (ms []mistake) {
	stories := map[news.Position][]int{}
	for i := range rs {
		before := stories[story[i]]
		stories[story[i]] = append(before, i)
		if len(before) == 0 {
			continue
		}
		d := r.decisions[i]
		other, ok := r.item[d.Of]
		if !ok {
			other = before[0]
		}
		m := mistake{item: i, other: other, out: rs[i].Event != rs[other].Event, why: fmt.Sprintf("%v %s %.2f", d.Fate, d.Reason, d.Similarity)}
		for _, j := range before {
			if q.gold(rs[i]) != q.gold(rs[j]) {
				m.cost++
			}
		}
		if q.gold(rs[i]) != q.gold(rs[other]) {
			ms = append(ms, m)
		}
	}
	return worst(ms)
}

// missed are the items that are in a story apart from earlier ones of their
// group.
func missed(rs []record, r run, story []news.Position, q question) (ms []mistake) {
	groups := map[string][]int{}
	for i := range rs {
		g := q.gold(rs[i])
		d := r.decisions[i]
		m := mistake{item: i, why: fmt.Sprintf("%v %s %.2f", d.Fate, d.Reason, d.Similarity)}
		refused, told := r.item[d.Refused.Of]
		if told {
			m.why += fmt.Sprintf("; refused %s %.2f", d.Refused.Guard, d.Refused.Similarity)
		}
		for _, j := range groups[g] {
			if story[j] == story[i] || q.across && rs[i].Publisher == rs[j].Publisher {
				continue
			}
			if m.cost++; m.cost == 1 || told && j == refused {
				m.other = j
			}
		}
		if told && m.cost > 0 && m.other != refused {
			m.why += " of “" + canon.Clip(rs[refused].Title, 60) + "”"
		}
		if m.cost > 0 {
			ms = append(ms, m)
		}
		groups[g] = append(groups[g], i)
	}
	return worst(ms)
}

// worst puts what joins different events first, then what costs most pairs.
func worst(ms []mistake) []mistake {
	slices.SortStableFunc(ms, func(a, b mistake) int {
		if a.out != b.out {
			if a.out {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.cost, a.cost)
	})
	return ms
}

// printMistakes writes the first n.
func printMistakes(w io.Writer, title string, rs []record, ms []mistake, n int) {
	if n == 0 {
		return
	}
	fmt.Fprintf(w, "%s: %d items\n", title, len(ms))
	for _, m := range ms[:min(n, len(ms))] {
		kind := "same event"
		if m.out {
			kind = "OTHER EVENT"
		}
		fmt.Fprintf(w, "- %d pairs, %s, %s\n", m.cost, kind, m.why)
		for _, i := range []int{m.other, m.item} {
			r := rs[i]
			fmt.Fprintf(w, "    %s %-20s %s\n", r.Time.Format(time.DateTime), canon.Clip(r.Publisher, 20), canon.Clip(r.Title, 110))
		}
	}
	fmt.Fprintln(w)
}
