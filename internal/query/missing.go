package query

import (
	"fmt"
	"strings"
)

// Missing is what an item lacks to be what q asks for, and what it has too
// much of, a phrase each; nil if it lacks nothing. Of a choice it is the whole.
func (q *Query) Missing(p *Prepared) []string {
	if q.Matches(p) {
		return nil
	}
	return q.root.missing(p)
}

// missing is of a node that does not hold.
func (n *node) missing(p *Prepared) []string {
	switch n.op {
	case opAnd:
		var all []string
		for _, k := range n.kids {
			if !k.holds(p) {
				all = append(all, k.missing(p)...)
			}
		}
		return all
	case opNot:
		c := &catch{p: p}
		c.take(n.kids[0])
		if len(c.words) > 0 {
			return []string{fmt.Sprintf("%s, but there is %s", n, strings.Join(c.words, ", "))}
		}
	case opOf:
		c := &catch{p: p}
		c.take(n)
		if len(c.words) > 0 {
			return []string{fmt.Sprintf("%s, of which there is only %s", n, strings.Join(c.words, ", "))}
		}
	case opNear:
		if len(p.spans(n.kids[0], 1)) > 0 && len(p.spans(n.kids[1], 1)) > 0 {
			return []string{fmt.Sprintf("%s, which are further apart", n)}
		}
	}
	return []string{n.String()}
}
