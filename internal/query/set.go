package query

import (
	"slices"
	"sync"
)

// A Set is many queries, matched against one item after the other. It does
// not change but for working memory: goroutines may share it.
//
// The terms of all queries are its leaves, each once however many queries have
// it. A word of the item leads to the leaves that need it, and a leaf that holds
// to the queries that cannot match without one like it; no other query is looked
// at, but for those that need no word in particular. So an item costs its length
// and its hits, not the number of queries.
type Set struct {
	branches []branch // of each query
	leaves   []leaf
	words    map[string][]int32   // a needed word → leaves
	stems    map[string][]stemmed // a needed stem → leaves
	starts   map[string][]started // the first bytes of a needed prefix → leaves
	lengths  []int                // of the keys of starts, ascending
	values   map[named][]int32    // a host, language or topic → leaves
	always   []int32              // queries that may match whatever the words
	spare    sync.Pool            // of *matcher
}

// A branch is a node of a query over leaves of the set.
type branch struct {
	*node
	leaf int32 // of one that has no kids
	kids []branch
}

// A leaf is a node that the set does not take apart.
type leaf struct {
	*node
	named   bool    // it holds only where words or values of the item name it
	queries []int32 // that it leads to
}

// A named is a value that a field must have, or one that stands below it:
// host:example.org, lang:zh, topic:China.
type named struct {
	field field
	value string
}

type stemmed struct {
	leaf int32
	in   languages
}

type started struct {
	leaf   int32
	prefix string
}

// startLengths are how many bytes of a prefix are looked up: the most of these
// that it has.
var startLengths = [...]int{2, 3, 4, 6, 8}

// NewSet prepares queries to be matched together.
func NewSet(queries []*Query) *Set {
	s := &Set{words: map[string][]int32{}, stems: map[string][]stemmed{}, starts: map[string][]started{}, values: map[named][]int32{}}
	known := map[string]int32{}
	for i, q := range queries {
		b := s.branch(q.root, known)
		s.branches = append(s.branches, b)
		needs := s.needs(b)
		if len(needs) == 0 {
			s.always = append(s.always, int32(i))
		}
		for _, l := range needs {
			s.leaves[l].queries = append(s.leaves[l].queries, int32(i))
		}
	}
	for k := range s.starts {
		s.lengths = append(s.lengths, len(k))
	}
	slices.Sort(s.lengths)
	s.lengths = slices.Compact(s.lengths)
	s.spare.New = func() any {
		return &matcher{set: s, leaves: make([]uint32, len(s.leaves)), tokens: make([]int32, len(s.leaves)), queries: make([]uint32, len(s.branches))}
	}
	return s
}

func (s *Set) branch(n *node, known map[string]int32) branch {
	if len(n.kids) > 0 {
		b := branch{node: n}
		for _, k := range n.kids {
			b.kids = append(b.kids, s.branch(k, known))
		}
		return b
	}
	text := n.String()
	l, ok := known[text]
	if !ok {
		l = int32(len(s.leaves))
		known[text] = l
		s.leaves = append(s.leaves, leaf{node: n})
		s.name(l)
	}
	return branch{node: n, leaf: l}
}

// name enters what leads to the leaf.
func (s *Set) name(l int32) {
	n := s.leaves[l].node
	if n.op == opValue && n.field != url {
		k := named{n.field, n.value}
		s.values[k] = append(s.values[k], l)
		s.leaves[l].named = true
	}
	if n.op != opWords {
		return
	}
	s.leaves[l].named = true
	w := slices.MaxFunc(n.words, rarer)
	if w.prefix {
		k := w.word[:startLength(len(w.word))]
		s.starts[k] = append(s.starts[k], started{l, w.word})
		return
	}
	s.words[w.word] = append(s.words[w.word], l)
	for _, st := range w.stems {
		s.stems[st.of] = append(s.stems[st.of], stemmed{l, st.in})
	}
}

func startLength(n int) int {
	length := startLengths[0]
	for _, l := range startLengths {
		if l <= n {
			length = l
		}
	}
	return length
}

// needs are the leaves of which at least one holds for every item that b
// matches; none if there are no such.
func (s *Set) needs(b branch) []int32 {
	switch b.op {
	case opNot:
		return nil
	case opAnd, opNear:
		return s.fewest(b.kids, 1)
	case opOr:
		return s.fewest(b.kids, len(b.kids))
	case opOf: // of k kids at least n: one of any k-n+1
		return s.fewest(b.kids, len(b.kids)-b.number+1)
	}
	if !s.leaves[b.leaf].named {
		return nil
	}
	return []int32{b.leaf}
}

// fewest are the needs of those n kids that need the fewest.
func (s *Set) fewest(kids []branch, n int) []int32 {
	var all [][]int32
	for _, k := range kids {
		if needs := s.needs(k); len(needs) > 0 {
			all = append(all, needs)
		}
	}
	if len(all) < n {
		return nil
	}
	slices.SortStableFunc(all, func(a, b []int32) int { return len(a) - len(b) })
	return slices.Concat(all[:n]...)
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
