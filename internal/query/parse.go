package query

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"aggregator/internal/lang"
)

const (
	maxDepth  = 100 // of parentheses and NOTs: no query of a person has ten
	maxNear   = 100 // words
	minPrefix = 2   // letters before a *
)

// Parse reads a query. The error is an [*Error].
func Parse(s string) (*Query, error) {
	p := parser{src: s}
	if !utf8.ValidString(s) {
		p.fail(badByte(s), "this is not UTF-8", "save the file as UTF-8")
		return nil, p.err
	}
	p.next()
	root := p.or()
	if p.lex.kind == closed {
		p.fail(p.lex.offset, "there is no ( for this )", "")
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Query{root}, nil
}

func badByte(s string) int {
	for i, r := range s {
		if _, n := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && n == 1 {
			return i
		}
	}
	return len(s)
}

// A parser reads by recursive descent. After the first error it sees only
// the end.
type parser struct {
	src   string
	at    int    // where lex ends
	lex   lexeme // to be read next
	last  lexeme // read before
	field field  // that binds the terms being read
	list  bool   // a comma ends the query being read
	stems lang.Stemmer
	depth int
	err   *Error
}

func (p *parser) fail(offset int, message, hint string) {
	if p.err == nil {
		p.err = &Error{offset, message, hint}
	}
	p.lex = lexeme{offset: offset}
	p.at = len(p.src)
}

func (p *parser) or() *node {
	kids := []*node{p.and()}
	for p.lex.kind == or {
		p.next()
		kids = append(kids, p.and())
	}
	return flat(opOr, kids)
}

func (p *parser) and() *node {
	kids := []*node{p.near()}
	for p.lex.kind != end && p.lex.kind != closed && p.lex.kind != or && p.lex.kind != comma {
		if p.lex.kind == and {
			p.next()
		}
		kids = append(kids, p.near())
	}
	return flat(opAnd, kids)
}

// flat is the node of op over kids; kids of the same op give their own.
func flat(o op, kids []*node) *node {
	if len(kids) == 1 {
		return kids[0]
	}
	n := &node{op: o}
	for _, k := range kids {
		if k.op == o {
			n.kids = append(n.kids, k.kids...)
		} else {
			n.kids = append(n.kids, k)
		}
	}
	return n
}

func (p *parser) near() *node {
	n := p.unary()
	for p.lex.kind == near {
		o := p.lex
		p.next()
		n = &node{op: opNear, number: o.within, kids: []*node{n, p.unary()}}
		if p.err == nil && !(n.kids[0].hasPlace() && n.kids[1].hasPlace()) {
			p.fail(o.offset, "NEAR stands between words, sequences, or these joined by OR", "a NEAR/8 (b OR c), NOT (a NEAR/8 b)")
		}
	}
	return n
}

// hasPlace tells whether the text has places where n is.
func (n *node) hasPlace() bool {
	for _, k := range n.kids {
		if !k.hasPlace() {
			return false
		}
	}
	return n.op == opWords || n.op == opNear || n.op == opOr
}

func (p *parser) unary() *node {
	if p.lex.kind != not {
		return p.primary()
	}
	p.deeper()
	defer p.shallower()
	p.next()
	return &node{op: opNot, kids: []*node{p.unary()}}
}

func (p *parser) deeper() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.lex.offset, "more than 100 parentheses or NOTs inside one another", "")
	}
}

func (p *parser) shallower() { p.depth-- }

func (p *parser) primary() *node {
	switch l := p.lex; l.kind {
	case open:
		return p.group(plain)
	case bound:
		return p.bound(l)
	case bare, quote, expression:
		if list := p.listAfter(l); list > 0 {
			return p.of(l, list)
		}
		return p.term(plain)
	}
	p.failMissing()
	return &node{}
}

// group reads what is in parentheses; f binds it.
func (p *parser) group(f field) *node {
	from := p.lex.offset
	outer, list := p.field, p.list
	p.deeper()
	defer p.shallower()
	if f != plain {
		p.field = f
	}
	p.list = false
	p.next()
	n := p.or()
	if p.lex.kind != closed {
		p.fail(from, "this ( is never closed", "write a ) where it ends")
		return n
	}
	p.field, p.list = outer, list
	p.next()
	return n
}

func (p *parser) bound(l lexeme) *node {
	p.field = l.field
	p.next()
	switch p.lex.kind {
	case open:
		p.field = plain // again behind the group
		return p.group(l.field)
	case bare, quote, expression:
		return p.term(l.field)
	}
	p.fail(p.lex.offset, "a term is missing after "+l.text, `title:camp, title:"two words" or title:(a OR b)`)
	return &node{}
}

// term reads one term; only binds it alone, p.field may bind the group.
func (p *parser) term(only field) *node {
	l := p.lex
	n := &node{field: p.field, typed: strings.TrimSpace(l.text), quoted: l.kind == quote}
	switch {
	case n.field == topic && (l.kind == expression || l.text == "*"):
		p.fail(l.offset, "topic: takes the name of one topic", starHint(topic))
	case l.kind == expression:
		p.expression(n, l)
	case l.kind == bare && utf8.RuneCountInString(l.text) == 1 && strings.IndexFunc(l.text, isStar) == 0:
		n.op, n.typed = opAll, ""
	case n.field >= host:
		p.value(n, l)
	default:
		p.words(n, l)
	}
	if only != plain {
		p.field = plain
	}
	p.next()
	return n
}

func (p *parser) expression(n *node, l lexeme) {
	n.op, n.typed = opRegexp, l.text
	re, err := regexp.Compile(l.text)
	var bad *syntax.Error
	switch {
	case l.text == "":
		p.fail(l.offset, "an empty expression", "write what it is to find: /gulags?/")
	case errors.As(err, &bad):
		p.fail(l.offset+1+max(0, strings.Index(l.text, bad.Expr)), bad.Code.String()+" in this expression: "+bad.Expr, "expressions are RE2: no look-around, no back-references")
	case re.MatchString(""):
		p.fail(l.offset, "this expression finds nothing at all, everywhere", "let it need one character: /x+/ for /x*/")
	}
	n.re = re
}

// value reads a host, url, lang or topic.
func (p *parser) value(n *node, l lexeme) {
	n.op = opValue
	n.value = foldValue(n.field, n.typed)
	star := strings.IndexFunc(n.typed, isStar)
	switch {
	case n.value == "":
		p.fail(l.offset, "nothing in the quotes", "")
	case star >= 0:
		p.fail(l.offset+star, "no * in "+fieldName(n.field)+":", starHint(n.field))
	case n.field == host && strings.ContainsAny(n.value, "/:@ "):
		p.fail(l.offset, "this is no host", "host:example.org, or url: for a part of the address")
	case n.field == topic:
		n.typed = strings.Join(strings.Fields(n.typed), " ")
	}
}

func starHint(f field) string {
	switch f {
	case host:
		return "host:example.org holds the hosts below it, too"
	case url:
		return "url: is found anywhere in the address"
	case language:
		return "lang:zh holds zh-CN, zh-Hant, too"
	}
	return "topic:China holds China/Xinjiang, too"
}

// words cuts a term into the patterns of its words.
func (p *parser) words(n *node, l lexeme) {
	n.op = opWords
	from := l.offset
	if l.kind == quote {
		_, n := utf8.DecodeRuneInString(p.src[from:])
		from += n
	}
	stars, alone := 0, false
	stemmed := !n.quoted && slices.Contains([]field{plain, title, summary, text, label}, n.field)
	eachWord(l.text, func(w word) {
		pat := pattern{word: string(appendWord(nil, l.text, w)), glued: w.glued && w.lone && alone}
		alone = w.lone
		if r, _ := utf8.DecodeRuneInString(l.text[w.to:]); isStar(r) {
			stars++
			pat.prefix = !w.lone
			p.checkPrefix(pat, from+int(w.from))
		}
		if stemmed && !pat.prefix && !w.lone {
			pat.stems = p.stemsOf(l.text, w, pat.word)
		}
		n.words = append(n.words, pat)
	})
	p.checkStars(l.text, from, stars)
	if len(n.words) == 0 {
		p.fail(l.offset, "no letter or digit to look for", "")
	}
}

func (p *parser) checkPrefix(pat pattern, offset int) {
	if pat.prefix && utf8.RuneCountInString(pat.word) < minPrefix {
		p.fail(offset, "too short before the *", "two letters at least; * alone is everything")
	}
}

// checkStars finds a * that does not end a word, or has more of it behind.
func (p *parser) checkStars(s string, from, ends int) {
	for i, r := range s {
		if !isStar(r) {
			continue
		}
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		if ends--; ends < 0 || unicode.IsLetter(after) || unicode.IsDigit(after) {
			p.fail(from+i, "* stands only at the end of a word", "an expression can do more: /wom[ae]n/")
			return
		}
	}
}

// failMissing says what is missing where a term should be.
func (p *parser) failMissing() {
	at, before := p.lex, p.last
	switch {
	case p.err != nil:
	case at.kind == closed && before.kind == open:
		p.fail(before.offset, "nothing in these parentheses", "")
	case before.kind == end && at.kind == end:
		p.fail(at.offset, "the query is empty", "* is everything")
	case at.kind == comma, before.kind == comma:
		p.fail(at.offset, "a term is missing between commas", "2 of (a, b OR c, d)")
	case before.kind == and, before.kind == or, before.kind == not, before.kind == near:
		p.fail(before.offset, "a term is missing after "+before.text, operatorHint(before))
	case at.kind == closed && p.depth == 0:
		p.fail(at.offset, "there is no ( for this )", "")
	case at.kind == end:
		p.fail(before.offset, "this ( is never closed", "write a ) where it ends")
	default:
		p.fail(at.offset, "a term is missing before "+at.text, operatorHint(at))
	}
}

func operatorHint(l lexeme) string {
	word, _, _ := strings.Cut(strings.ToLower(l.text), "/")
	return `"` + word + `" in quotes is the word`
}
