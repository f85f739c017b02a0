package gold

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A Mistake is an item that was decided wrongly, beside the one that it was
// wrongly joined with, or should have been. Both are places in the set.
type Mistake struct {
	Item, Other int
	Cost        int  // pairs that are wrong or missed because of it
	Out         bool // they are of different events
	Why         string
}

// Wrong are the items that were joined with one of another group, the worst
// first. Where an item was right to join, and its story wrong before, the
// mistake is not its. There is a decision for each record.
func Wrong(rs []Record, ds []news.Decision, story []news.Position, q Question) (ms []Mistake) {
	stories, place := map[news.Position][]int{}, places(ds)
	for i, d := range ds {
		before := stories[story[i]]
		stories[story[i]] = append(before, i)
		if len(before) == 0 {
			continue
		}
		other, ok := place[d.Of]
		if !ok {
			other = before[0]
		}
		if q.Group(rs[i]) == q.Group(rs[other]) {
			continue
		}
		m := Mistake{Item: i, Other: other, Out: rs[i].Event != rs[other].Event, Why: why(d)}
		for _, j := range before {
			if q.Group(rs[i]) != q.Group(rs[j]) {
				m.Cost++
			}
		}
		ms = append(ms, m)
	}
	return worst(ms)
}

// Missed are the items that are in a story apart from earlier ones of their
// group, the worst first.
func Missed(rs []Record, ds []news.Decision, story []news.Position, q Question) (ms []Mistake) {
	groups, place := map[string][]int{}, places(ds)
	for i, d := range ds {
		g := q.Group(rs[i])
		m := Mistake{Item: i, Why: why(d)}
		refused, told := place[d.Refused.Of]
		for _, j := range groups[g] {
			if story[j] == story[i] || q.Across && rs[i].Publisher == rs[j].Publisher {
				continue
			}
			if m.Cost++; m.Cost == 1 || told && j == refused {
				m.Other = j
			}
		}
		if told && m.Other != refused {
			m.Why += " of “" + canon.Clip(rs[refused].Title, 60) + "”"
		}
		if m.Cost > 0 {
			ms = append(ms, m)
		}
		groups[g] = append(groups[g], i)
	}
	return worst(ms)
}

// places finds items by their position in the log.
func places(ds []news.Decision) map[news.Position]int {
	place := map[news.Position]int{}
	for i, d := range ds {
		if d.Pos != 0 {
			place[d.Pos] = i
		}
	}
	return place
}

func why(d news.Decision) string {
	s := d.Fate.String()
	if d.Reason != "" {
		s += fmt.Sprintf(" %s %.2f", d.Reason, d.Similarity)
	}
	if d.Refused.Of != 0 {
		s += fmt.Sprintf("; refused: %s %.2f", d.Refused.Guard, d.Refused.Similarity)
	}
	return s
}

// worst puts what joins different events first, then what costs most pairs.
func worst(ms []Mistake) []Mistake {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		if a.Out != b.Out && a.Out {
			return -1
		}
		if a.Out != b.Out {
			return 1
		}
		return cmp.Compare(b.Cost, a.Cost)
	})
	return ms
}

// Print writes the first n.
func Print(w io.Writer, title string, rs []Record, ms []Mistake, n int) {
	fmt.Fprintf(w, "%s: %d items\n", title, len(ms))
	for _, m := range ms[:min(n, len(ms))] {
		kind := "same event"
		if m.Out {
			kind = "OTHER EVENT"
		}
		fmt.Fprintf(w, "- %d pairs, %s, %s\n", m.Cost, kind, m.Why)
		for _, i := range []int{m.Other, m.Item} {
			r := rs[i]
			fmt.Fprintf(w, "    %s %-20s %s\n", r.Time.Format(time.DateTime), canon.Clip(r.Publisher, 20), canon.Clip(r.Title, 110))
		}
	}
	fmt.Fprintln(w)
}
