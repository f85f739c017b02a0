package config

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// A document is a file that was read.
type document struct {
	path  string // as faults name it
	data  string
	split []string // its lines, once a fault asks for them
}

func (d *document) line(n int) string {
	if d.split == nil {
		// What YAML takes for the end of a line, so that we count as it does.
		d.split = strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(d.data), "\n")
	}
	if n < 1 || n > len(d.split) {
		return ""
	}
	return d.split[n-1]
}

// A place is where a value stands. The zero place is that of a default.
type place struct {
	doc  *document
	node *yaml.Node
}

func (p place) given() bool { return p.node != nil }

// where is FILE:LINE.
func (p place) where() string {
	if p.node == nil {
		return ""
	}
	return p.doc.path + ":" + itoa(p.node.Line)
}

// orElse is the first place that is given.
func (p place) orElse(others ...place) place {
	for _, o := range append([]place{p}, others...) {
		if o.given() {
			return o
		}
	}
	return p
}

// inside gives line and column of the byte at offset of the scalar's value:
// where in the file a query goes wrong. It walks value and source side by
// side, and falls back on where the scalar begins if they part.
func (p place) inside(offset int) (line, col int) {
	w := walker{doc: p.doc, line: p.node.Line, col: p.node.Column}
	var ok bool
	switch style := p.node.Style; {
	case style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		ok = w.block(p.node.Value, offset)
	case style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		ok = w.quoted(p.node.Value, offset)
	default:
		ok = w.plain(p.node.Value, offset)
	}
	if !ok {
		return p.node.Line, p.node.Column
	}
	return w.line, w.col
}

// A walker goes through the source of one scalar.
type walker struct {
	doc       *document
	line, col int // as in Fault
}

// rest is what the line still holds.
func (w *walker) rest() string {
	text := w.doc.line(w.line)
	for range w.col - 1 {
		_, n := utf8.DecodeRuneInString(text)
		text = text[n:]
	}
	return text
}

func (w *walker) plain(value string, offset int) bool {
	return w.flow(value, offset, 0)
}

func (w *walker) quoted(value string, offset int) bool {
	quote := w.rest()
	if quote == "" || quote[0] != '"' && quote[0] != '\'' {
		return false // a tag or an anchor comes first
	}
	w.col++
	return w.flow(value, offset, quote[0])
}

// flow walks a scalar whose line ends fold to one space.
func (w *walker) flow(value string, offset int, quote byte) bool {
	for i, r := range value {
		text := w.rest()
		if folded := strings.TrimLeft(text, " \t") == ""; folded && (r == ' ' || r == '\n') {
			if i >= offset {
				return true
			}
			w.nextLine()
			continue
		}
		n := sourceLength(text, quote)
		if n == 0 || n == 1 && !strings.HasPrefix(text, string(r)) {
			return false
		}
		if i >= offset {
			return true
		}
		w.col += n
	}
	return true
}

// nextLine goes to the first word of the next line.
func (w *walker) nextLine() {
	w.line++
	text := w.doc.line(w.line)
	w.col = 1 + len(text) - len(strings.TrimLeft(text, " \t"))
}

// sourceLength is how many characters of the source stand for one of the
// value; 0 at the end of the line.
func sourceLength(text string, quote byte) int {
	switch {
	case text == "":
		return 0
	case quote == '\'' && strings.HasPrefix(text, "''"):
		return 2
	case quote != '"' || text[0] != '\\':
		return 1
	case len(text) == 1:
		return 0 // a line that goes on: rare enough to point at the beginning
	}
	switch text[1] {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}

// block walks a literal or folded scalar: its lines begin below, and each line
// end is one character.
func (w *walker) block(value string, offset int) bool {
	w.nextLine()
	indent := w.col
	for i, r := range value {
		if i >= offset {
			return true
		}
		text := w.rest()
		if text == "" {
			w.line++
			w.col = indent
			continue
		}
		if !strings.HasPrefix(text, string(r)) {
			return false
		}
		w.col++
	}
	return true
}
