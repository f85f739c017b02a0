package query

import (
	"slices"
	"strings"
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
	op     op // opAnd, opOr, opNot, opOf; any other is a leaf
	number int
	leaf   int32
	kids   []branch
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
	switch n.op {
	case opAnd, opOr, opNot, opOf:
		b := branch{op: n.op, number: n.number}
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
	return branch{op: n.op, leaf: l}
}

// name enters what leads to the leaf.
func (s *Set) name(l int32) {
	n := s.leaves[l].node
	if n.op == opValue && n.field != url {
		k := named{n.field, n.value}
		s.values[k] = append(s.values[k], l)
		s.leaves[l].named = true
	}
	for _, w := range n.needs() {
		s.leaves[l].named = true
		if w.prefix {
			k := w.word[:startLength(len(w.word))]
			s.starts[k] = append(s.starts[k], started{l, w.word})
			continue
		}
		s.words[w.word] = append(s.words[w.word], l)
		for _, st := range w.stems {
			s.stems[st.of] = append(s.stems[st.of], stemmed{l, st.in})
		}
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
	case opAnd:
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

// needs are patterns of which at least one is in every item that n matches, for
// words and what NEAR binds.
func (n *node) needs() []pattern {
	switch n.op {
	case opWords:
		return []pattern{slices.MaxFunc(n.words, rarer)}
	case opNear:
		a, b := n.kids[0].needs(), n.kids[1].needs()
		if len(b) < len(a) {
			return b
		}
		return a
	case opOr:
		var all []pattern
		for _, k := range n.kids {
			all = append(all, k.needs()...)
		}
		return all
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

// Match gives the queries that the item is what they ask for. Call Done when
// all is known of them that is wanted.
func (s *Set) Match(p *Prepared) Matched {
	m := s.spare.Get().(*matcher)
	m.begin(p)
	for i := range p.forms {
		m.form(int32(i))
	}
	for _, v := range p.values {
		m.value(v)
	}
	for _, q := range s.always {
		m.offer(q)
	}
	m.hits = m.hits[:0]
	for _, q := range m.offered {
		if m.holds(&s.branches[q]) {
			m.hits = append(m.hits, int(q))
		}
	}
	slices.Sort(m.hits)
	return Matched{m.hits, m}
}

// Matched is what a Set found.
type Matched struct {
	// Queries are by their places in what NewSet was given, in that order.
	Queries []int
	m       *matcher
}

// Words are those that [Query.Match] gives for one of Queries.
func (f Matched) Words(query int) []string {
	c := &catch{p: f.m.p}
	f.m.take(&f.m.set.branches[query], c)
	return c.words
}

// Done gives the working memory back; Queries are void then.
func (f Matched) Done() {
	f.m.p = nil
	f.m.set.spare.Put(f.m)
}

// A matcher is the working memory of one Match. What stands in leaves and
// queries counts only if it has the time of now.
type matcher struct {
	set     *Set
	p       *Prepared
	now     uint32
	leaves  []uint32 // now<<1, and 1 if the leaf holds
	tokens  []int32  // of a leaf that is one word and holds: where it does first; -1: not known
	queries []uint32 // now: is among offered
	offered []int32
	hits    []int
}

func (m *matcher) begin(p *Prepared) {
	m.p, m.offered = p, m.offered[:0]
	if m.now++; m.now == 1<<31 {
		clear(m.leaves)
		clear(m.queries)
		m.now = 1
	}
}

// form follows one word of the item.
func (m *matcher) form(i int32) {
	f, s := &m.p.forms[i], m.set
	for _, l := range s.words[f.text] {
		m.named(l, f)
	}
	if f.stem != "" {
		for _, st := range s.stems[f.stem] {
			if st.in.has(m.p.lang) {
				m.named(st.leaf, f)
			}
		}
	}
	for _, n := range s.lengths {
		if n > len(f.text) {
			return
		}
		for _, st := range s.starts[f.text[:n]] {
			if strings.HasPrefix(f.text, st.prefix) {
				m.named(st.leaf, f)
			}
		}
	}
}

// value follows a value and those that it stands below: zh-Hant and zh,
// news.example.org and example.org, China/Xinjiang and China.
func (m *matcher) value(v value) {
	if len(m.set.values) == 0 || v.field < host {
		return
	}
	for rest := v.folded; rest != ""; rest = above(v.field, rest) {
		for _, l := range m.set.values[named{v.field, rest}] {
			m.named(l, nil)
		}
	}
}

func above(f field, value string) string {
	if f == host {
		_, rest, _ := strings.Cut(value, ".")
		return rest
	}
	mark := "/"
	if f == language {
		mark = "-"
	}
	return value[:max(0, strings.LastIndex(value, mark))]
}

// named looks at a leaf that has what it needs, in the form f, and follows it
// to queries if it holds.
func (m *matcher) named(l int32, f *form) {
	if m.leaves[l]>>1 == m.now {
		return
	}
	n := m.set.leaves[l].node
	m.leaves[l], m.tokens[l] = m.now<<1, -1
	if f != nil && n.op == opWords && len(n.words) == 1 && n.field != tag && n.looksIn(m.p.values[m.p.tokens[f.first].value]) {
		m.tokens[l] = f.first // forms come as they first stand in the item
	} else if !n.holds(m.p) {
		return
	}
	m.leaves[l] |= 1
	for _, q := range m.set.leaves[l].queries {
		m.offer(q)
	}
}

func (m *matcher) offer(q int32) {
	if m.queries[q] != m.now {
		m.queries[q] = m.now
		m.offered = append(m.offered, q)
	}
}

// holds tells whether the item is what b asks for.
func (m *matcher) holds(b *branch) bool {
	switch b.op {
	case opNot:
		return !m.holds(&b.kids[0])
	case opAnd:
		return m.count(b.kids, len(b.kids)) == len(b.kids)
	case opOr:
		return m.count(b.kids, 1) == 1
	case opOf:
		return m.count(b.kids, b.number) == b.number
	}
	if m.leaves[b.leaf]>>1 != m.now {
		m.leaves[b.leaf], m.tokens[b.leaf] = m.now<<1, -1
		if l := m.set.leaves[b.leaf]; !l.named && l.holds(m.p) {
			m.leaves[b.leaf] |= 1
		}
	}
	return m.leaves[b.leaf]&1 == 1
}

// count is how many of the kids hold, until n do or no longer can.
func (m *matcher) count(kids []branch, n int) (held int) {
	for i := range kids {
		if m.holds(&kids[i]) {
			held++
		}
		if held == n || held+len(kids)-1-i < n {
			break
		}
	}
	return held
}

// take collects the words of b, which holds.
func (m *matcher) take(b *branch, c *catch) {
	switch b.op {
	case opNot:
	case opAnd, opOr, opOf:
		for i := range b.kids {
			if len(c.words) < maxWords && m.holds(&b.kids[i]) {
				m.take(&b.kids[i], c)
			}
		}
	default:
		n := m.set.leaves[b.leaf].node
		if t := m.tokens[b.leaf]; t >= 0 && !n.words[0].prefix {
			c.add(m.p.surface(span{int(t), int(t) + 1}))
			return
		}
		c.take(n)
	}
}
