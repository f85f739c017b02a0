package fetch

import (
	"bytes"
	"errors"
	"fmt"
)

// The parser is quadratic in namespace declarations in force (113 KB cost it
// 4.3 s and 622 MB) and recursive in depth (11 MB of nested tags: 7 s, 1.3 GiB).
const (
	maxDepth = 64
	// maxScope is how many declarations may be in force at once. The root's
	// count: real ones have up to 40. Declarations that end again, such as each
	// entry's <div xmlns="…xhtml">, are free in any number.
	maxScope = 128
	// maxPieces is how many comments and CDATA sections may cut the text of one
	// element in pieces: the parser joins them one by one.
	maxPieces = 1000
	// maxScopeWork is the sum of declarations in force over all elements: the
	// parser copies them at each. 16 million take it about a second.
	maxScopeWork = 16 << 20
	// maxElements is for the whole document: the parser keeps some 300 bytes for
	// each that it does not know. Ten thousand items have some 20 each.
	maxElements = 400_000
	// maxAttributes is for one element: 10 MB of them are 2 million.
	maxAttributes = 1000
)

var (
	errDeep       = fmt.Errorf("elements nested deeper than %d: this is no feed", maxDepth)
	errPieces     = errors.New("too many comments or CDATA sections in one element: this is no feed")
	errNamespaces = errors.New("too many namespace declarations: this is no feed")
	errElements   = fmt.Errorf("more than %d elements: this is no feed we can hold; ask the publisher for a shorter one", maxElements)
	errAttributes = fmt.Errorf("more than %d attributes on one element: this is no feed", maxAttributes)
)

// costly says that no mending makes the document cheaper.
func costly(err error) bool {
	for _, e := range [...]error{errDeep, errPieces, errNamespaces, errElements, errAttributes} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// guard walks the tags before the parser does and refuses what would cost too
// much. sound is false where the tags do not match one another: the parser
// would invent the missing ones, but not where they were.
func guard(body []byte) (sound bool, err error) {
	g := guardState{sound: true}
	for whole := len(body); len(body) > 0 && err == nil; {
		lt := bytes.IndexByte(body, '<')
		if lt < 0 {
			break
		}
		body = body[lt:]
		if n := skipSpecial(body); n > 0 {
			if g.pieces++; g.pieces > maxPieces {
				return false, errPieces
			}
			body = body[n:]
			continue
		}
		gt := tagEnd(body)
		if gt < 0 {
			if tooManyAttributes(body) {
				return false, errAttributes
			}
			return false, nil
		}
		g.pieces = 0
		if err = g.tag(body[1:gt]); err == errItems {
			return g.sound, g.tooMany(whole - len(body))
		}
		body = body[gt+1:]
	}
	return g.sound && len(g.open) == 0, err
}

type guardState struct {
	open   []openTag
	scope  int
	work   int
	pieces int
	sound  bool

	items, elements int
}

type openTag struct {
	name  []byte
	decls int
}

// tag takes what stands between < and >.
func (g *guardState) tag(tag []byte) error {
	switch {
	case len(tag) == 0:
		g.sound = false
	case tag[0] == '/':
		g.end(bytes.TrimRight(tag[1:], " \t\r\n"))
	default:
		return g.start(tag)
	}
	return nil
}

func (g *guardState) start(tag []byte) error {
	name := tag[:nameLength(tag)]
	if len(name) == 0 {
		g.sound = false
		return nil
	}
	if isItemName(name) {
		if g.items++; g.items > maxItems {
			return errItems
		}
	}
	if g.elements++; g.elements > maxElements {
		return errElements
	}
	if tooManyAttributes(tag) {
		return errAttributes
	}
	decls := bytes.Count(tag, []byte("xmlns"))
	g.scope += decls
	g.work += g.scope
	if g.scope > maxScope || g.work > maxScopeWork {
		return errNamespaces
	}
	if tag[len(tag)-1] == '/' {
		g.scope -= decls
		return nil
	}
	if g.open = append(g.open, openTag{name, decls}); len(g.open) > maxDepth {
		return errDeep
	}
	return nil
}

func (g *guardState) end(name []byte) {
	top := len(g.open) - 1
	if top < 0 {
		// A second root or rubbish after the first, which no parser reads.
		return
	}
	if !bytes.Equal(g.open[top].name, name) {
		g.sound = false
		return
	}
	g.scope -= g.open[top].decls
	g.open = g.open[:top]
}

// skipSpecial is the length of the comment, CDATA section, instruction or
// declaration that b begins with; 0 where it begins with none. One without an
// end runs to the end of b.
func skipSpecial(b []byte) int {
	for _, s := range [...]struct{ start, end string }{
		{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"},
	} {
		if !bytes.HasPrefix(b, []byte(s.start)) {
			continue
		}
		if s.start == "<!" {
			return declarationEnd(b)
		}
		if n := bytes.Index(b[len(s.start):], []byte(s.end)); n >= 0 {
			return len(s.start) + n + len(s.end)
		}
		return len(b)
	}
	return 0
}

// declarationEnd: a DOCTYPE may hold declarations of its own in brackets; they
// are looked for in the next 16 KB only.
func declarationEnd(b []byte) int {
	end := bytes.IndexByte(b, '>')
	if end < 0 {
		return len(b)
	}
	if open := bytes.IndexByte(b[:end], '['); open >= 0 {
		near := b[open:min(len(b), open+16<<10)]
		if n := bytes.Index(near, []byte("]>")); n >= 0 {
			return open + n + 2
		}
		if n := bytes.IndexByte(near, ']'); n >= 0 {
			if m := bytes.IndexByte(near[n:], '>'); m >= 0 {
				return open + n + m + 1
			}
		}
	}
	return end + 1
}

// tagEnd finds the ">" of the tag that b begins with, past those in quotes;
// -1 where there is none.
func tagEnd(b []byte) int {
	gt := bytes.IndexByte(b, '>')
	if gt < 0 || bytes.IndexByte(b[:gt], '"') < 0 && bytes.IndexByte(b[:gt], '\'') < 0 {
		return gt
	}
	quote := byte(0)
	for i, c := range b {
		switch {
		case quote == 0 && c == '>':
			return i
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		case c == '<' && i > 0:
			return gt // a quote that is never closed
		}
	}
	return gt
}

// nameLength is that of the XML name at the beginning of b.
func nameLength(b []byte) int {
	for i, c := range b {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '-' || c == '.')) {
			return i
		}
	}
	return len(b)
}
