package fetch

import (
	"bytes"
	"encoding/xml"
	"strings"

	"aggregator/internal/canon"
)

// basesOf gives for each item, in document order, the xml:base in force for
// its content. The parser resolves what Atom holds, but not RSS descriptions.
// nil, at the price of one search, where the document has no xml:base.
func basesOf(body []byte) []string {
	if !bytes.Contains(body, []byte("xml:base")) {
		return nil
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = false
	var bases, stack []string
	item := 0 // depth of the open item
	for {
		token, err := d.RawToken()
		if err != nil {
			return bases
		}
		switch t := token.(type) {
		case xml.StartElement:
			stack = append(stack, baseOf(t, stack))
			if item == 0 && isItem(t.Name.Local) {
				item = len(stack)
				bases = append(bases, stack[len(stack)-1])
			} else if item == len(stack)-1 && isContent(t.Name.Local) {
				bases[len(bases)-1] = stack[len(stack)-1]
			}
		case xml.EndElement:
			if item == len(stack) {
				item = 0
			}
			stack = stack[:max(len(stack)-1, 0)]
		}
	}
}

func baseOf(t xml.StartElement, stack []string) string {
	outer := ""
	if len(stack) > 0 {
		outer = stack[len(stack)-1]
	}
	for _, a := range t.Attr {
		if a.Name.Space == "xml" && a.Name.Local == "base" {
			if abs := canon.Resolve(outer, a.Value); abs != "" {
				return abs
			}
			return strings.TrimSpace(a.Value)
		}
	}
	return outer
}

func isContent(name string) bool {
	switch strings.ToLower(name) {
	case "description", "encoded", "content", "summary", "body":
		return true
	}
	return false
}

// at is the base of the i-th item, "" where none is known.
func at(bases []string, i int) string {
	if i < len(bases) {
		return bases[i]
	}
	return ""
}
