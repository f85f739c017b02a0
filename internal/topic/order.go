package topic

import (
	"fmt"
	"slices"
	"strings"

	"aggregator/internal/news"
	"aggregator/internal/query"
)

// links bind a rule to others, by their numbers.
type links struct {
	asked   []int    // in topic: fields of its queries
	against []int    // those of asked that speak against the story
	joins   [][2]int // A and B of A/B
	below   []int    // the topics whose stories it holds
	above   []int    // those that hold its stories
	joined  []int    // those that are made of it and another
}

// link finds what binds the rules.
func (f *Filer) link() error {
	f.links = make([]links, len(f.rules))
	for i, r := range f.rules {
		if err := f.linkQueries(i); err != nil {
			return err
		}
		f.links[i].joins = f.joins(r.Name)
		for _, pair := range f.links[i].joins {
			f.links[pair[0]].joined = append(f.links[pair[0]].joined, i)
			f.links[pair[1]].joined = append(f.links[pair[1]].joined, i)
		}
		for _, p := range (news.Topic{Name: r.Name}).Parents() {
			if above, ok := f.names[key(p)]; ok {
				f.links[above].below = append(f.links[above].below, i)
				f.links[i].above = append(f.links[i].above, above)
			}
		}
	}
	return nil
}

func (f *Filer) linkQueries(i int) error {
	r := f.rules[i]
	if r.Match != nil {
		if err := f.linkQuery(i, r.Match, false); err != nil {
			return err
		}
	}
	for _, w := range r.Score {
		if err := f.linkQuery(i, w.Query, w.Weight < 0); err != nil {
			return err
		}
	}
	return nil
}

func (f *Filer) linkQuery(i int, q *query.Query, against bool) error {
	l := &f.links[i]
	denied := q.NotTopics()
	for _, name := range q.Topics() {
		other, ok := f.names[key(name)]
		if !ok {
			return fmt.Errorf("topic %s: its rule asks for topic:%q, which is none", f.rules[i].Name, name)
		}
		l.asked = append(l.asked, other)
		if against || slices.Contains(denied, name) {
			l.against = append(l.against, other)
		}
	}
	return nil
}

// joins are the pairs of topics that a name is made of.
func (f *Filer) joins(name string) [][2]int {
	var pairs [][2]int
	for i, c := range name {
		if c != '/' {
			continue
		}
		a, okA := f.names[key(name[:i])]
		b, okB := f.names[key(name[i+1:])]
		if okA && okB {
			pairs = append(pairs, [2]int{a, b})
		}
	}
	return pairs
}

// needed are the rules that rule i is made of: what it asks for, and joins.
func (f *Filer) needed(i int) []int {
	is := slices.Clone(f.links[i].asked)
	for _, pair := range f.links[i].joins {
		is = append(is, pair[0], pair[1])
	}
	return is
}

// order refuses circles, and gives the rules their levels: a rule comes after
// all that speaks against it, and not before what speaks for it. (Datalog calls
// this stratified negation.)
func (f *Filer) order() error {
	done := make([]bool, len(f.rules))
	for i := range f.rules {
		if err := f.refuseCircle(i, nil, done); err != nil {
			return err
		}
	}
	f.levels = make([]int, len(f.rules))
	for changed := true; changed; {
		changed = false
		for i := range f.rules {
			level := f.level(i)
			if level > len(f.rules) {
				return fmt.Errorf("topic %s: it depends on what is not in itself, by topic: under NOT or with a negative weight", f.rules[i].Name)
			}
			changed = changed || level != f.levels[i]
			f.levels[i] = level
		}
	}
	return nil
}

// level is the lowest that rule i can have beside the others.
func (f *Filer) level(i int) int {
	level := 0
	for _, other := range f.needed(i) {
		level = max(level, f.levels[other])
	}
	for _, other := range f.links[i].below {
		level = max(level, f.levels[other])
	}
	for _, other := range f.links[i].against {
		level = max(level, f.levels[other]+1)
	}
	return level
}

// refuseCircle walks what rule i is made of; path leads to it.
func (f *Filer) refuseCircle(i int, path []int, done []bool) error {
	if at := slices.Index(path, i); at >= 0 {
		return fmt.Errorf("topic %s: it is made of itself: %s", f.rules[i].Name, f.arrows(append(path[at:], i)))
	}
	if done[i] {
		return nil
	}
	for _, other := range f.needed(i) {
		if err := f.refuseCircle(other, append(path, i), done); err != nil {
			return err
		}
	}
	done[i] = true
	return nil
}

func (f *Filer) arrows(path []int) string {
	names := make([]string, len(path))
	for i, rule := range path {
		names[i] = f.rules[rule].Name
	}
	return strings.Join(names, " → ")
}
