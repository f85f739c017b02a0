package query

import (
	"cmp"
	"iter"
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
		found = p.near(p.spans(n.kids[0], 0), p.spans(n.kids[1], 0), n.number)
	default: // opOr
		for _, k := range n.kids {
			found = append(found, p.spans(k, limit)...)
		}
	}
	found = inOrder(found)
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	return found
}

// inOrder has the first places first, each once.
func inOrder(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	return slices.Compact(spans)
}

// sequences are the places where all words of n stand in a row.
func (p *Prepared) sequences(n *node, limit int) []span {
	var found []span
	for i := range p.places(n.words[0]) {
		if s := (span{i, i + len(n.words)}); p.isSequence(n, s) {
			found = append(found, s)
			if len(found) == limit {
				break
			}
		}
	}
	return found
}

// hasSequence tells whether there is one.
func (p *Prepared) hasSequence(n *node) bool {
	for i := range p.places(n.words[0]) {
		if p.isSequence(n, span{i, i + len(n.words)}) {
			return true
		}
	}
	return false
}

// places are the tokens that w may be, in order.
func (p *Prepared) places(w pattern) iter.Seq[int] {
	return func(yield func(int) bool) {
		var few [8]int32
		forms := p.formsOf(w, few[:0])
		if len(forms) == 1 {
			p.eachToken(forms[0], yield)
			return
		}
		var all []int
		for _, f := range forms {
			p.eachToken(f, func(i int) bool {
				all = append(all, i)
				return true
			})
		}
		slices.Sort(all)
		for _, i := range all {
			if !yield(i) {
				return
			}
		}
	}
}

func (p *Prepared) eachToken(f int32, yield func(int) bool) {
	for i := p.forms[f].first; yield(int(i)); {
		if i = p.tokens[i].next; i == 0 {
			return
		}
	}
}

// formsOf appends the forms that w may be, each once.
func (p *Prepared) formsOf(w pattern, forms []int32) []int32 {
	if w.prefix {
		for i := range p.forms {
			if strings.HasPrefix(p.forms[i].text, w.word) {
				forms = append(forms, int32(i))
			}
		}
		return forms
	}
	if f, ok := p.byWord[w.word]; ok {
		forms = append(forms, f)
	}
	if stem := w.stem(p.lang); stem != "" {
		if f, ok := p.byStem[stem]; ok {
			for ; f >= 0; f = p.forms[f].same {
				if p.forms[f].text != w.word {
					forms = append(forms, f)
				}
			}
		}
	}
	return forms
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

// looksAt tells whether a term looks where token i stands.
func (p *Prepared) looksAt(n *node, i int32) bool {
	v := p.values[p.tokens[i].value]
	return n.looksIn(v) && int(i) < v.end
}

func (p *Prepared) is(w pattern, i int) bool {
	if w.glued && !p.tokens[i].glued {
		return false
	}
	f := &p.forms[p.tokens[i].form]
	return f.text == w.word || w.prefix && strings.HasPrefix(f.text, w.word) || f.stem != "" && f.stem == w.stem(p.lang)
}

// near are the passages from one of as to one of bs, at most within words apart
// and not overlapping.
func (p *Prepared) near(as, bs []span, within int) []span {
	longest := 0
	for _, b := range bs {
		longest = max(longest, b.to-b.from)
	}
	var found []span
	low := 0
	for _, a := range as {
		for low < len(bs) && bs[low].from+longest+within <= a.from {
			low++
		}
		for _, b := range bs[low:] {
			if b.from-a.to >= within {
				break
			}
			if p.apart(a, b) <= within {
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
