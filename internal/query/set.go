package query

import "slices"

// A Set is many queries, matched against one item after the other. It does
// not change: goroutines may share it.
//
// A query is looked at only when the item has one of the words that it cannot
// do without; those that need no word in particular are always looked at.
type Set struct {
	queries []*Query
	words   map[string][]int // a needed word → queries
	starts  map[string][]int // the first bytes of a needed prefix → queries
	always  []int
}

// maxStart is how many bytes of a prefix are looked up.
const maxStart = 4

// A Hit says that a query matched, and by which words; see [Query.Match].
type Hit struct {
	Index int // of the queries given to NewSet
	Words []string
}

// NewSet prepares queries to be matched together.
func NewSet(queries []*Query) *Set {
	s := &Set{queries: queries, words: map[string][]int{}, starts: map[string][]int{}}
	for i, q := range queries {
		needs := q.root.needs()
		if len(needs) == 0 {
			s.always = append(s.always, i)
		}
		for _, w := range needs {
			if w.prefix {
				k := start(w.word, maxStart)
				s.starts[k] = append(s.starts[k], i)
			} else {
				s.words[w.word] = append(s.words[w.word], i)
			}
		}
	}
	return s
}

func start(s string, n int) string { return s[:min(n, len(s))] }

// Match gives a Hit for each query that the item is what it asks for, in
// their order.
func (s *Set) Match(p *Prepared) []Hit {
	var hits []Hit
	for _, i := range s.candidates(p) {
		if words, ok := s.queries[i].Match(p); ok {
			hits = append(hits, Hit{i, words})
		}
	}
	return hits
}

// candidates are the queries that may match, in their order.
func (s *Set) candidates(p *Prepared) []int {
	is := slices.Clone(s.always)
	for w := range p.first {
		is = append(is, s.words[w]...)
		if len(s.starts) == 0 {
			continue
		}
		for n := minPrefix; n <= min(maxStart, len(w)); n++ {
			is = append(is, s.starts[w[:n]]...)
		}
	}
	slices.Sort(is)
	return slices.Compact(is)
}

// needs are patterns of which at least one is in every item that n matches;
// none if there are no such.
func (n *node) needs() []pattern {
	switch n.op {
	case opWords:
		return []pattern{slices.MaxFunc(n.words, rarer)}
	case opAnd, opNear:
		return n.fewestNeeds()
	case opOr:
		return n.allNeeds()
	}
	return nil
}

// rarer orders patterns by what they promise to leave out.
func rarer(a, b pattern) int {
	if a.prefix != b.prefix {
		if a.prefix {
			return -1
		}
		return 1
	}
	return len(a.word) - len(b.word)
}

func (n *node) fewestNeeds() []pattern {
	var fewest []pattern
	for _, k := range n.kids {
		if needs := k.needs(); len(needs) > 0 && (fewest == nil || len(needs) < len(fewest)) {
			fewest = needs
		}
	}
	return fewest
}

func (n *node) allNeeds() []pattern {
	var all []pattern
	for _, k := range n.kids {
		needs := k.needs()
		if len(needs) == 0 {
			return nil
		}
		all = append(all, needs...)
	}
	return all
}
