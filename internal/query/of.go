package query

import (
	"strconv"
	"strings"
	"unicode"

	"aggregator/internal/lang"
)

// listAfter is where in the query the list of `2 of (a, b)` begins, if l is the
// number before one; else 0. A number is a word like others.
func (p *parser) listAfter(l lexeme) int {
	if l.kind != bare || strings.Trim(l.text, "0123456789") != "" {
		return 0
	}
	rest := strings.TrimLeftFunc(p.src[p.at:], unicode.IsSpace)
	for _, of := range []string{"of", "OF"} {
		after, ok := strings.CutPrefix(rest, of)
		if after = strings.TrimLeftFunc(after, unicode.IsSpace); ok && after != "" && strings.IndexFunc(after, isOpen) == 0 {
			return len(p.src) - len(after)
		}
	}
	return 0
}

// of reads the list that begins at from, of which so many must hold.
func (p *parser) of(number lexeme, from int) *node {
	n := &node{op: opOf}
	list := p.list
	p.deeper()
	defer p.shallower()
	p.at, p.list = from, true
	p.next() // the (
	for first := true; first || p.lex.kind == comma; first = false {
		p.next()
		n.kids = append(n.kids, p.or())
	}
	if p.lex.kind != closed {
		p.fail(from, "this ( is never closed", "write a ) where it ends")
		return n
	}
	var err error
	n.number, err = strconv.Atoi(number.text)
	if err != nil || n.number < 1 || n.number > len(n.kids) {
		p.fail(number.offset, number.text+" of "+strconv.Itoa(len(n.kids))+" can never be", "write a number from 1 to "+strconv.Itoa(len(n.kids))+"; commas stand between the queries")
		return n
	}
	p.list = list
	p.next()
	return n
}

// stemsOf are the stems of a word of a term, in every language that has them.
func (p *parser) stemsOf(s string, w word, folded string) []stem {
	var stems []stem
	form := lowered(s, w, folded)
	for l := lang.None + 1; l < lang.Languages; l++ {
		of := stemOf(&p.stems, l, form)
		known := false
		for i := range stems {
			if stems[i].of == of {
				stems[i].in |= only(l)
				known = true
			}
		}
		if !known {
			stems = append(stems, stem{of, only(l)})
		}
	}
	return stems
}
