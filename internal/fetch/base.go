package fetch

import (
	"bytes"
	"encoding/xml"
	"strings"

	"aggregator/internal/canon"
)

// A scope is what is in force for the content of an item: xml:base, xml:lang.
type scope struct{ base, lang string }

// scopesOf gives for each item, in document order, what is in force for its
// content. The parser resolves what Atom holds, but not RSS descriptions, and of
// languages knows the root's alone. nil, at the price of two searches, where the
// document says nothing of its items.
func scopesOf(body []byte) []scope {
	inside := body[max(tagEnd(body), 0):]
	if !bytes.Contains(body, []byte("xml:base")) && !bytes.Contains(inside, []byte("xml:lang")) {
		return nil
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = false
	var scopes, stack []scope
	item := 0 // depth of the open item
	for {
		token, err := d.RawToken()
		if err != nil {
			return scopes
		}
		switch t := token.(type) {
		case xml.StartElement:
			stack = append(stack, scopeOf(t, stack))
			if item == 0 && isItem(t.Name.Local) {
				item = len(stack)
				scopes = append(scopes, stack[len(stack)-1])
			} else if item == len(stack)-1 && isContent(t.Name.Local) {
				scopes[len(scopes)-1] = stack[len(stack)-1]
			}
		case xml.EndElement:
			if item == len(stack) {
				item = 0
			}
			stack = stack[:max(len(stack)-1, 0)]
		}
	}
}

func scopeOf(t xml.StartElement, stack []scope) (s scope) {
	if len(stack) > 0 {
		s = stack[len(stack)-1]
	}
	for _, a := range t.Attr {
		switch {
		case a.Name.Space != "xml":
		case a.Name.Local == "base":
			s.base = first(canon.Resolve(s.base, a.Value), a.Value)
		case a.Name.Local == "lang":
			s.lang = strings.TrimSpace(a.Value)
		}
	}
	return s
}

func isContent(name string) bool {
	switch strings.ToLower(name) {
	case "description", "encoded", "content", "summary", "body":
		return true
	}
	return false
}

// at is the scope of the i-th item.
func at(scopes []scope, i int) scope {
	if i < len(scopes) {
		return scopes[i]
	}
	return scope{}
}
