// Package feedcheck holds documents that we publish to their specifications, and
// to what the W3C feed validator warns of: Atom (RFC 4287, 5005, 6721), RSS 2.0
// with the RSS Advisory Board's Best Practices Profile, JSON Feed 1.1 and
// OPML 2.0. It is for tests alone: no room imports it.
//
// It is stricter than readers are, and than the specifications: an element that
// no table here names is a fault, even where it would be allowed. Who publishes
// something new says here what it may look like.
//
// Four formats' rules take more lines than a room should have; most of them are
// tables.
//
// Read tree.go (XML, and the tables' form), then atom.go, rss.go and opml.go (the
// tables), values.go and html.go (what stands in elements), json.go.
package feedcheck

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Finding is one fault of a document.
type Finding struct {
	Rule  string // its name, as in testdata/bad
	Where string // line, or the place in JSON
	What  string // in words
}

func (f Finding) String() string { return f.Rule + " at " + f.Where + ": " + f.What }

type report []Finding

func (r *report) add(rule, where, format string, args ...any) {
	*r = append(*r, Finding{rule, where, fmt.Sprintf(format, args...)})
}

// Check gives the faults of a document in any format. self is the address where
// it stands, "" where that is not to be compared.
func Check(doc []byte, self string) []Finding {
	var r report
	switch start := bytes.TrimLeft(doc, " \t\r\n"); {
	case !utf8.Valid(doc):
		r.add("not-utf8", "document", "it holds bytes that are no UTF-8")
	case len(start) == 0:
		r.add("empty-document", "document", "there is nothing in it")
	case start[0] == '{':
		checkJSON(&r, doc, self)
	default:
		checkXML(&r, doc, self)
	}
	return r
}

func checkXML(r *report, doc []byte, self string) {
	root := parse(r, doc)
	if root == nil {
		return
	}
	switch root.name {
	case "atom:feed":
		root.hold(r, atomElements)
		checkAtom(r, root, self)
	case "rss":
		root.hold(r, rssElements)
		checkRSS(r, root, self)
	case "opml":
		root.hold(r, opmlElements)
	default:
		r.add("unknown-format", root.where, "the root is %s", root.name)
	}
}

// Words are findings as one text, a line each.
func Words(fs []Finding) string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}
