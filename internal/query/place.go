package query

import (
	"cmp"
	"slices"
	"strings"
)

// A span is a place in a Prepared: tokens [from, to).
type span struct{ from, to int }

// spans are the places of a words, NEAR or OR node, the first ones first,
// limit at most; 0 is no limit. A place lies within one value.
func (p *Prepared) spans(n *node, limit int) []span {
	var found []span
	switch {
	case n.op == opWords:
		return p.sequences(n, limit)
	case n.op == opNear:
		found = p.near(n)
	default: // opOr
		for _, k := range n.kids {
			found = append(found, p.spans(k, limit)...)
		}
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	found = slices.Compact(found)
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	return found
}

// sequences are the places where all words of n stand in a row.
func (p *Prepared) sequences(n *node, limit int) []span {
	var found []span
	for i := p.start(n.words[0], -1); i >= 0; i = p.start(n.words[0], i) {
		if s := (span{i, i + len(n.words)}); p.isSequence(n, s) {
			found = append(found, s)
			if len(found) == limit {
				break
			}
		}
	}
	return found
}

// start is the first token after i that w may be; -1: there is none.
func (p *Prepared) start(w pattern, i int) int {
	if w.prefix {
		for i++; i < len(p.tokens); i++ {
			if strings.HasPrefix(p.word(i), w.word) {
				return i
			}
		}
		return -1
	}
	if i < 0 {
		if first, ok := p.first[w.word]; ok {
			return int(first)
		}
		return -1
	}
	if next := p.tokens[i].next; next > 0 {
		return int(next)
	}
	return -1
}

// isSequence tells whether the words of n stand at s, the first of which does.
func (p *Prepared) isSequence(n *node, s span) bool {
	if s.to > len(p.tokens) {
		return false
	}
	first := p.tokens[s.from]
	v := p.values[first.value]
	if !n.looksIn(v) || s.to > v.end || v.field == tag && (s.from != v.first || s.to != v.end) {
		return false
	}
	for i, w := range n.words[1:] {
		if !p.is(w, s.from+1+i) {
			return false
		}
	}
	return true
}

func (p *Prepared) is(w pattern, i int) bool {
	if w.glued && !p.tokens[i].glued {
		return false
	}
	return p.word(i) == w.word || w.prefix && strings.HasPrefix(p.word(i), w.word)
}

// near are the passages from a place of one kid to a place of the other, at
// most n.within words apart and not overlapping.
func (p *Prepared) near(n *node) []span {
	as, bs := p.spans(n.kids[0], 0), p.spans(n.kids[1], 0)
	longest := 0
	for _, b := range bs {
		longest = max(longest, b.to-b.from)
	}
	var found []span
	low := 0
	for _, a := range as {
		for low < len(bs) && bs[low].from+longest+n.within <= a.from {
			low++
		}
		for _, b := range bs[low:] {
			if b.from-a.to >= n.within {
				break
			}
			if p.apart(a, b) <= n.within {
				found = append(found, span{min(a.from, b.from), max(a.to, b.to)})
			}
		}
	}
	return found
}

// apart is how many words it is from one to the other, 1 for neighbours;
// beyond all limits if they overlap or stand in different values.
func (p *Prepared) apart(a, b span) int {
	if b.from < a.from {
		a, b = b, a
	}
	if b.from < a.to || p.tokens[a.from].value != p.tokens[b.from].value {
		return maxNear + 1
	}
	return b.from - a.to + 1
}
