// Package query is the language of rules: `china AND (camp* OR "re-education")`.
//
// [Parse] reads a query once. [Prepare] reads an item once, cut into folded
// words, and any number of queries are then matched against it: one by
// [Query.Match], many by a [Set].
//
// What a query may hold, the strongest binding first:
//
//	camp  human-rights      a word in all its forms; a sequence of such words
//	"human rights"          that very sequence
//	tibet*  "human right*"  words that begin so
//	/[Ff]alun ?gong/        RE2, on the text as it stands; (?i) for any case
//	*  title:*              everything; whatever has a title
//	title:x  title:(x OR y) x in that field alone
//	2 of (x, y, z)          at least two of them
//	NOT x
//	x NEAR/8 y              at most 8 words from one to the other
//	x AND y   x y           both
//	x OR y                  either
//
// A plain term looks in title, summary and text. Words are compared folded
// (see [Fold]), and by their stems in the item's language, if it has any (see
// room lang): camp finds camps. Words in quotes, with a * and in the fields
// author, source and tag are compared as they are. Those of Chinese, Japanese,
// Korean, Thai, Lao, Khmer and Burmese are found anywhere in the text, and for
// NEAR each character counts.
//
// The fields title, summary, text, author, source and label compare words:
// label:rights finds the label "Human Rights". The others compare the whole:
// tag:ngo is that tag, folded (tag:state* a beginning); lang:zh is zh, zh-CN,
// zh-Hant; host:example.org is that host and those below it; url:"/world/"
// is found anywhere in the address; topic:China is membership, in
// China/Xinjiang too.
//
// The room is larger than others because it holds a language whole: reading it
// with a hint for each mistake (lex, parse), folding the words of all scripts
// (fold, words), and finding them (prepare, place, match; set and matcher for many
// queries at once).
package query

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"aggregator/internal/lang"
)

// A Query is a parsed rule. It does not change: goroutines may share it.
type Query struct {
	root *node
}

// An Error says where and why a query cannot be read.
type Error struct {
	Offset  int    // bytes into the query
	Message string // what is wrong
	Hint    string // what to write instead; may be ""
}

// Error gives message and hint, without the place: that is the caller's to
// show.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + e.Hint + ")"
}

type op uint8

const (
	opAll    op = iota // everything, or whatever has the field
	opWords            // words in a row
	opValue            // a host, url, lang or topic
	opRegexp           // an RE2 expression
	opOf               // at least so many of its kids
	opNot
	opNear
	opAnd
	opOr
)

// A node is one term, or an operator over others.
type node struct {
	op     op
	kids   []*node
	number int    // of words for NEAR, of kids for opOf
	field  field  // of a term
	typed  string // a term as it was written, without quotes, slashes, field
	quoted bool
	words  []pattern      // opWords
	value  string         // opValue, folded
	re     *regexp.Regexp // opRegexp
}

// A pattern is what one word must be.
type pattern struct {
	word   string // folded
	prefix bool   // it may go on
	glued  bool   // nothing may stand between it and the one before
	// stems are what it may be besides, where stems are compared: few, since the
	// word has the same stem in most languages.
	stems []stem
}

// A stem is that of a word in some languages, folded.
type stem struct {
	of string
	in languages
}

// languages is a set of lang.Language.
type languages uint32

func only(l lang.Language) languages { return 1 << l }

func (ls languages) has(l lang.Language) bool { return ls&only(l) != 0 }

// stem is that of the word in l; "" if none is compared.
func (w pattern) stem(l lang.Language) string {
	for _, s := range w.stems {
		if s.in.has(l) {
			return s.of
		}
	}
	return ""
}

// String is the query in its canonical form: operators written out, fields at
// each term, no needless parentheses. Parsed, it gives the same query.
func (q *Query) String() string { return q.root.String() }

func (n *node) String() string {
	switch n.op {
	case opNot:
		return "NOT " + n.kid(0)
	case opNear:
		return n.kid(0) + " NEAR/" + strconv.Itoa(n.number) + " " + n.kid(1)
	case opOf:
		parts := make([]string, len(n.kids))
		for i, k := range n.kids {
			parts[i] = k.String()
		}
		return strconv.Itoa(n.number) + " of (" + strings.Join(parts, ", ") + ")"
	case opAnd:
		return n.join(" AND ")
	case opOr:
		return n.join(" OR ")
	}
	return n.term()
}

func (n *node) term() string {
	s := n.typed
	switch {
	case n.op == opAll:
		s = "*"
	case n.op == opRegexp:
		s = "/" + s + "/"
	case n.quoted:
		s = `"` + s + `"`
	}
	if n.field == plain {
		return s
	}
	return fieldName(n.field) + ":" + s
}

func (n *node) join(operator string) string {
	parts := make([]string, len(n.kids))
	for i := range n.kids {
		parts[i] = n.kid(i)
	}
	return strings.Join(parts, operator)
}

// kid is a child in parentheses if it binds no stronger than its parent. NEAR
// is read from the left, so its first may be another.
func (n *node) kid(i int) string {
	k := n.kids[i]
	if k.op >= opNot && k.op >= n.op && !(n.op == opNot && k.op == opNot) && !(n.op == opNear && i == 0 && k.op == opNear) {
		return "(" + k.String() + ")"
	}
	return k.String()
}

// Mistaken is the first word in it that other languages would take for an
// operator: `or` in `china or tibet`, which asks for all three words. "" if
// there is none; quoted, the word is meant.
func (q *Query) Mistaken() string { return q.root.mistaken() }

func (n *node) mistaken() string {
	if n.op == opWords && n.field == plain && !n.quoted {
		switch strings.ToLower(n.typed) {
		case "and", "or", "not", "near":
			return n.typed
		}
	}
	for _, k := range n.kids {
		if word := k.mistaken(); word != "" {
			return word
		}
	}
	return ""
}

// Topics are the names in its topic: fields, as written, each once.
func (q *Query) Topics() []string { return q.root.topics(nil, false) }

// NotTopics are those of Topics that stand under a NOT: with more of them,
// the query may match less.
func (q *Query) NotTopics() []string { return q.root.topics(nil, true) }

func (n *node) topics(names []string, negated bool) []string {
	if n.op == opValue && n.field == topic && !negated && !slices.Contains(names, n.typed) {
		return append(names, n.typed)
	}
	for _, k := range n.kids {
		names = k.topics(names, negated && n.op != opNot)
	}
	return names
}
