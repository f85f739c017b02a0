package query

import (
	"slices"
	"strings"
)

// maxWords is how many words an explanation holds: a reader reads no more.
const maxWords = 10

// Match tells whether the item is what q asks for, and the words of the item
// that it caught: as they stand there, each once, in the order of the query,
// ten at most. Of a NEAR it is the passage, of a host, url, lang or topic the
// value, of a NOT nothing.
func (q *Query) Match(p *Prepared) (words []string, ok bool) {
	if !q.Matches(p) {
		return nil, false
	}
	return q.Words(p), true
}

// Matches tells whether the item is what q asks for.
func (q *Query) Matches(p *Prepared) bool { return q.root.holds(p) }

// Words are those that Match gives, of an item that q is known to match.
func (q *Query) Words(p *Prepared) []string {
	c := &catch{p: p}
	c.take(q.root)
	return c.words
}

// holds tells whether p is what n asks for, and stops as soon as that is sure.
func (n *node) holds(p *Prepared) bool {
	switch n.op {
	case opAll:
		return n.field == plain || slices.ContainsFunc(p.values, n.looksIn)
	case opNot:
		return !n.kids[0].holds(p)
	case opAnd:
		return !slices.ContainsFunc(n.kids, func(k *node) bool { return !k.holds(p) })
	case opOr:
		return slices.ContainsFunc(n.kids, func(k *node) bool { return k.holds(p) })
	case opOf:
		return n.countOf(p) >= n.number
	case opWords:
		return p.hasSequence(n)
	case opNear:
		return len(p.spans(n, 1)) > 0
	}
	return n.firstValue(p) != ""
}

// countOf is how many of the kids hold, up to what is needed.
func (n *node) countOf(p *Prepared) (held int) {
	for _, k := range n.kids {
		if k.holds(p) {
			held++
		}
		if held == n.number {
			break
		}
	}
	return held
}

// looksIn tells whether a term looks in v.
func (n *node) looksIn(v value) bool { return n.field.holds(v.field) }

func (f field) holds(in field) bool {
	return f == in || f == plain && in <= text
}

// firstValue is what an expression, host, url, lang or topic finds first.
func (n *node) firstValue(p *Prepared) string {
	for _, v := range p.values {
		if !n.looksIn(v) {
			continue
		}
		if n.op == opRegexp {
			if at := n.re.FindStringIndex(v.raw); at != nil && at[1] > at[0] {
				return v.raw[at[0]:at[1]]
			}
		} else if n.isValue(v) {
			return v.raw
		}
	}
	return ""
}

func (n *node) isValue(v value) bool {
	switch n.field {
	case url:
		return strings.Contains(v.folded, n.value)
	case host:
		return v.folded == n.value || strings.HasSuffix(v.folded, "."+n.value)
	case language:
		return v.folded == n.value || strings.HasPrefix(v.folded, n.value+"-")
	}
	return v.folded == n.value || strings.HasPrefix(v.folded, n.value+"/")
}

// A catch collects the words that a query found.
type catch struct {
	p     *Prepared
	words []string
}

// take collects the words of n, which holds.
func (c *catch) take(n *node) {
	switch n.op {
	case opAll, opNot:
	case opAnd:
		for _, k := range n.kids {
			c.take(k)
		}
	case opOr, opOf:
		for _, k := range n.kids {
			if len(c.words) < maxWords && k.holds(c.p) {
				c.take(k)
			}
		}
	case opWords, opNear:
		c.takeSpans(n)
	default:
		c.add(n.firstValue(c.p))
	}
}

// takeSpans adds the first place of n; of a prefix each of its words.
func (c *catch) takeSpans(n *node) {
	limit := 1
	if n.op == opWords && slices.ContainsFunc(n.words, func(w pattern) bool { return w.prefix }) {
		limit = 100 // "tibet*" is Tibet, Tibetan and Tibetans; the rest is repetition
	}
	for _, s := range c.p.spans(n, limit) {
		c.add(c.p.surface(s))
	}
}

func (c *catch) add(s string) {
	known := func(w string) bool { return strings.EqualFold(w, s) }
	if s != "" && len(c.words) < maxWords && !slices.ContainsFunc(c.words, known) {
		c.words = append(c.words, s)
	}
}
