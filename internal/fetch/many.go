package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxItems of one document are read. The largest archives that sites offer as a
// feed have some thousands; what comes in bulk is old, and costs memory alone.
const maxItems = 10_000

// errItems is what the guard says at the first item too many.
var errItems = errors.New("too many items")

// A tooManyError is where a document is to be cut, and what is open there.
type tooManyError struct {
	at   int
	open []openTag
}

func (e *tooManyError) Error() string { return errItems.Error() }

func (g *guardState) tooMany(at int) error { return &tooManyError{at, g.open} }

// cut is the document up to there, closed.
func (e *tooManyError) cut(body []byte) []byte {
	out := slices.Clone(body[:e.at])
	for _, t := range slices.Backward(e.open) {
		out = append(append(append(out, "</"...), t.name...), '>')
	}
	return out
}

func lostItems(all int) string {
	if all == 0 {
		return fmt.Sprintf("the document has more than %d items: the first %d were read", maxItems, maxItems)
	}
	return fmt.Sprintf("the document has %d items: the %d newest were read", all, maxItems)
}

// newest leaves the items that are read of a document with more: the first, for
// feeds begin with what is new, but the last where these are the newer ones. "" is
// lost where it is not sure which they are; the guard cuts what is still too long.
func newest(body []byte) (rest []byte, lost string) {
	if bytes.Count(body, []byte("</item>"))+bytes.Count(body, []byte("</entry>")) <= maxItems {
		return body, ""
	}
	pieces := piecesOf(body)
	n := len(pieces)
	if n <= maxItems {
		return body, ""
	}
	lost = lostItems(n)
	first, last := pieces[0], pieces[n-1]
	if dateIn(body[last.from:last.to]).After(dateIn(body[first.from:first.to])) {
		return slices.Concat(body[:first.from], body[pieces[n-maxItems].from:]), lost
	}
	return slices.Concat(body[:pieces[maxItems].from], body[last.to:]), lost
}

// dateIn is the first date in an item, zero where there is none.
func dateIn(item []byte) time.Time {
	for _, tag := range [...]string{"<pubDate>", "<published>", "<dc:date>", "<updated>"} {
		_, rest, ok := bytes.Cut(item, []byte(tag))
		if !ok {
			continue
		}
		text, _, _ := bytes.Cut(rest[:min(len(rest), 100)], []byte("<"))
		if at, ok := readDate(string(text)); ok {
			return at
		}
	}
	return time.Time{}
}

// isItemName is isItem for what the guard sees, without copying.
func isItemName(name []byte) bool {
	name = name[bytes.IndexByte(name, ':')+1:]
	switch len(name) {
	case 4:
		return bytes.EqualFold(name, []byte("item"))
	case 5:
		return bytes.EqualFold(name, []byte("entry"))
	}
	return false
}

// tooManyAttributes counts words outside quotes, where there is room for as many.
func tooManyAttributes(tag []byte) bool {
	if len(tag) < 2*maxAttributes {
		return false
	}
	n, quote, space := 0, byte(0), false
	for _, c := range tag {
		switch {
		case quote != 0:
			if c == quote {
				quote, space = 0, true
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			space = true
		case space:
			n, space = n+1, false
		}
	}
	return n > maxAttributes
}

// maxValues of a JSON document: strings, numbers, objects and lists. Ten thousand
// items have some 20 each.
const maxValues = 400_000

// fewJSON cuts a JSON Feed after the items that are read: before any parser has
// made objects of the rest.
func fewJSON(b []byte) (rest []byte, lost string, err error) {
	var open []byte
	items, values := 0, 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			i = stringEnd(b, i)
		case ',', ':':
			values++
		case '{', '[':
			if c == '{' && (string(open) == "{[" || string(open) == "[") {
				if items++; items > maxItems {
					end := map[int]string{1: "]", 2: "]}"}[len(open)]
					return append(bytes.TrimRight(slices.Clone(b[:i]), ", \t\r\n"), end...), lostItems(0), nil
				}
			}
			values++
			open = append(open, c)
		case '}', ']':
			open = open[:max(len(open)-1, 0)]
		}
		if values > maxValues || len(open) > maxDepth {
			return nil, "", fmt.Errorf("this JSON has more than %d values, or is nested deeper than %d: this is no feed we can hold", maxValues, maxDepth)
		}
	}
	return b, "", nil
}

// stringEnd is where the quote stands that ends the string at i; the end of b
// where none does.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(b)
}
