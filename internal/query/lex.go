package query

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A lexeme is one piece of a query as written.
type lexeme struct {
	kind   kind
	offset int
	text   string // as written; of what is quoted, the inside
	within int    // of NEAR
	field  field
}

type kind uint8

const (
	end kind = iota
	open
	closed
	and
	or
	not
	near
	bound // a field and its colon
	comma // between the queries of a list
	bare  // a word
	quote
	expression
)

// next reads the lexeme at p.at into p.lex.
func (p *parser) next() {
	p.last = p.lex
	p.at += len(p.src[p.at:]) - len(strings.TrimLeftFunc(p.src[p.at:], unicode.IsSpace))
	p.lex = lexeme{offset: p.at}
	if p.err != nil || p.at == len(p.src) {
		return
	}
	switch r, n := utf8.DecodeRuneInString(p.src[p.at:]); {
	case isOpen(r):
		p.take(open, n)
	case isClose(r):
		p.take(closed, n)
	case p.list && isComma(r):
		p.take(comma, n)
	case isQuote(r):
		p.lexQuote(n)
	case r == '/':
		p.lexExpression()
	default:
		p.lexWord()
	}
}

// take makes the next n bytes the lexeme.
func (p *parser) take(k kind, n int) {
	p.lex.kind = k
	p.lex.text = p.src[p.at : p.at+n]
	p.at += n
}

func isOpen(r rune) bool  { return r == '(' || r == '（' }
func isClose(r rune) bool { return r == ')' || r == '）' }
func isBreak(r rune) bool {
	return unicode.IsSpace(r) || isOpen(r) || isClose(r) || isQuote(r)
}

func isColon(r rune) bool { return r == ':' || r == '：' }
func isStar(r rune) bool  { return r == '*' || r == '＊' }
func isComma(r rune) bool { return strings.ContainsRune(",;，；、", r) }

// isQuote takes what editors and other languages make of a quote, too.
func isQuote(r rune) bool { return strings.ContainsRune("\"“”„‟＂«»", r) }

func (p *parser) lexQuote(n int) {
	inside := p.src[p.at+n:]
	i := strings.IndexFunc(inside, isQuote)
	if i < 0 {
		p.fail(p.at, "this quote is never closed", `write a " where it ends`)
		return
	}
	_, m := utf8.DecodeRuneInString(inside[i:])
	p.lex.kind, p.lex.text = quote, inside[:i]
	p.at += n + i + m
}

// lexExpression reads /re/; a slash inside is written \/.
func (p *parser) lexExpression() {
	for i := p.at + 1; i < len(p.src); i++ {
		switch p.src[i] {
		case '\\':
			i++
		case '/':
			p.lex.kind, p.lex.text = expression, p.src[p.at+1:i]
			p.at = i + 1
			if r, _ := utf8.DecodeRuneInString(p.src[p.at:]); p.at < len(p.src) && !isBreak(r) && !(p.list && isComma(r)) {
				p.fail(p.at, "nothing may follow the / of an expression", `flags go inside: /(?i)gulag/; an address goes in quotes: url:"/world/2026"`)
			}
			return
		}
	}
	p.fail(p.at, "this expression is never closed", `write a / where it ends, \/ for a slash inside`)
}

// lexWord reads a word, an operator, or a field with its colon.
func (p *parser) lexWord() {
	rest := p.src[p.at:]
	n := strings.IndexFunc(rest, isBreak)
	if n < 0 {
		n = len(rest)
	}
	if i := commaIn(rest[:n]); p.list && i >= 0 {
		n = i
	}
	if i := strings.IndexFunc(rest[:n], isColon); i > 0 && p.lexField(rest[:i], i) {
		return
	}
	if p.err != nil {
		return
	}
	p.take(bare, n)
	p.lexOperator()
	if p.lex.kind == bare {
		p.checkWord()
	}
}

// lexField takes name and the colon after it. Behind a field, a colon is only
// a character: url:https://example.org.
func (p *parser) lexField(name string, n int) bool {
	f, known := fieldOf(name)
	switch {
	case known && p.field != plain:
		p.fail(p.at, "a field inside a field", "give each term its own: title:a summary:b")
	case p.field != plain:
		return false
	case !known:
		p.fail(p.at, "there is no field "+name, fieldHint(name))
	default:
		_, m := utf8.DecodeRuneInString(p.src[p.at+n:])
		p.take(bound, n+m)
		p.lex.field = f
	}
	return known
}

func fieldOf(name string) (field, bool) {
	name = Fold(name)
	for f := title; f < fields; f++ {
		if fieldName(f) == name {
			return f, true
		}
	}
	return plain, false
}

// lexOperator turns a word into the operator that it is.
func (p *parser) lexOperator() {
	switch s := p.lex.text; {
	case s == "AND":
		p.lex.kind = and
	case s == "OR":
		p.lex.kind = or
	case s == "NOT":
		p.lex.kind = not
	case s == "NEAR", strings.HasPrefix(s, "NEAR/"):
		p.lexNear(strings.TrimPrefix(s, "NEAR"))
	}
}

func (p *parser) lexNear(slash string) {
	n, err := strconv.Atoi(strings.TrimPrefix(slash, "/"))
	if slash == "" || err != nil || n < 1 || n > maxNear {
		p.fail(p.lex.offset, "NEAR needs the number of words, 1 to 100", "NEAR/8")
		return
	}
	p.lex.kind, p.lex.within = near, n
}

// checkWord refuses what other languages of queries write, and would here
// silently be something else.
func (p *parser) checkWord() {
	s := p.lex.text
	if i := commaIn(s); i >= 0 && p.field < host {
		p.fail(p.lex.offset+i, "a comma means nothing here", `write OR between words, quotes around them, or 2 of (a, b, c)`)
		return
	}
	switch {
	case p.field >= host:
	case s[0] == '-' || s[0] == '!':
		p.fail(p.lex.offset, "no word begins with "+s[:1], "write NOT "+strings.TrimLeft(s, "-!"))
	case strings.Trim(s, "&") == "":
		p.fail(p.lex.offset, s+" is no operator", "write AND")
	case strings.Trim(s, "|") == "":
		p.fail(p.lex.offset, s+" is no operator", "write OR")
	}
}

// commaIn finds a comma that does not stand between digits, as in 1,000.
func commaIn(s string) int {
	for i, r := range s {
		if isComma(r) && !(i > 0 && i+1 < len(s) && isDigit(s[i-1]) && isDigit(s[i+1])) {
			return i
		}
	}
	return -1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// fieldHint names the field that was meant, if one is near.
func fieldHint(name string) string {
	name = Fold(name)
	best, least := "", min(3, len(name)/2+1)
	for f := title; f < fields; f++ {
		d := distance(name, fieldName(f))
		if strings.HasPrefix(name, fieldName(f)) { // language:, hostname:, topics:
			d = 0
		}
		if d < least {
			best, least = fieldName(f), d
		}
	}
	if best != "" {
		return "did you mean " + best + ":?"
	}
	return "quote what has a colon in it"
}

// distance counts the letters to change, add or take to make a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
