package query

import (
	"slices"
	"strings"
)

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
	if f != nil && n.op == opWords && len(n.words) == 1 && n.field != tag && m.p.looksAt(n, f.first) {
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
	case opNear:
		return m.count(b.kids, 2) == 2 && len(m.spans(b)) > 0
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

// spans are the places of b, which words, OR and NEAR have; those of what does
// not hold are not looked for.
func (m *matcher) spans(b *branch) []span {
	switch b.op {
	case opWords:
		return m.p.sequences(b.node, 0)
	case opNear:
		return m.p.near(m.spans(&b.kids[0]), m.spans(&b.kids[1]), b.number)
	}
	var found []span
	for i := range b.kids {
		if m.holds(&b.kids[i]) {
			found = append(found, m.spans(&b.kids[i])...)
		}
	}
	return inOrder(found)
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
		if len(b.kids) == 0 && m.tokens[b.leaf] >= 0 && !b.words[0].prefix {
			t := int(m.tokens[b.leaf])
			c.add(m.p.surface(span{t, t + 1}))
			return
		}
		c.take(b.node)
	}
}
