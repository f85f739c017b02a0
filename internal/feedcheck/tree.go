package feedcheck

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// spaces are the namespaces that feeds may use, with the prefix that they have
// in the tables.
var spaces = map[string]string{
	"":                            "",
	"http://www.w3.org/2005/Atom": "atom:",
	"http://purl.org/rss/1.0/modules/content/":     "content:",
	"http://purl.org/dc/elements/1.1/":             "dc:",
	"http://search.yahoo.com/mrss/":                "media:",
	"http://www.itunes.com/dtds/podcast-1.0.dtd":   "itunes:",
	"https://podcastindex.org/namespace/1.0":       "podcast:",
	"http://purl.org/syndication/history/1.0":      "fh:",
	"http://purl.org/atompub/tombstones/1.0":       "at:",
	"http://www.w3.org/XML/1998/namespace":         "xml:",
	"http://www.w3.org/1999/xhtml":                 "xhtml:",
	"http://purl.org/syndication/thread/1.0":       "thr:",
	"http://purl.org/rss/1.0/modules/syndication/": "sy:",
}

// obsolete are namespaces that were replaced.
var obsolete = map[string]bool{
	"http://purl.org/atom/ns#":                       true, // Atom 0.3
	"http://backend.userland.com/rss2":               true,
	"http://search.yahoo.com/mrss":                   true, // without the slash
	"http://www.itunes.com/DTDs/Podcast-1.0.dtd":     true,
	"http://my.netscape.com/rdf/simple/0.9/":         true,
	"http://purl.org/rss/1.0/modules/dublincore/":    true,
	"http://www.w3.org/1999/02/22-rdf-syntax-ns#rss": true,
}

// node is an element: its name as in the tables, its attributes without the
// declarations of namespaces.
type node struct {
	name  string
	attrs map[string]string
	kids  []*node
	text  string
	where string
	up    *node
}

// parse reads a document; nil where it is not well formed.
func parse(r *report, doc []byte) *node {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var root, in *node
	for {
		token, err := d.Token()
		line, _ := d.InputPos()
		where := fmt.Sprintf("line %d", line)
		if errors.Is(err, io.EOF) && root != nil {
			return root
		} else if err != nil {
			r.add("not-well-formed", where, "%v", err)
			return nil
		}
		switch t := token.(type) {
		case xml.StartElement:
			n := newNode(r, t, where)
			switch {
			case in != nil:
				n.up, in.kids = in, append(in.kids, n)
			case root != nil:
				r.add("not-well-formed", where, "a second root element")
				return nil
			default:
				root = n
			}
			in = n
		case xml.EndElement:
			in.checkText(r)
			in = in.up
		case xml.CharData:
			if in != nil {
				in.text += string(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				r.add("not-well-formed", where, "text outside of the root")
			}
		case xml.Directive:
			r.add("doctype", where, "readers refuse document types")
		}
	}
}

func newNode(r *report, t xml.StartElement, where string) *node {
	n := &node{name: nameOf(r, t.Name, where), attrs: map[string]string{}, where: where}
	seen := map[xml.Name]bool{}
	for _, a := range t.Attr {
		if seen[a.Name] {
			r.add("not-well-formed", where, "%s has the attribute %s twice", n.name, a.Name.Local)
		}
		seen[a.Name] = true
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns":
			checkSpace(r, a.Value, where)
		default:
			n.attrs[nameOf(r, a.Name, where)] = a.Value
		}
	}
	return n
}

func checkSpace(r *report, space, where string) {
	if obsolete[space] {
		r.add("obsolete-namespace", where, "%s", space)
	} else if _, known := spaces[space]; !known {
		r.add("unknown-namespace", where, "%s", space)
	}
}

func nameOf(r *report, n xml.Name, where string) string {
	if prefix, ok := spaces[n.Space]; ok {
		return prefix + n.Local
	}
	// encoding/xml gives "xml" for its own, and prefixes that nobody declared as
	// they are.
	if n.Space == "xml" {
		return "xml:" + n.Local
	}
	if !strings.Contains(n.Space, ":") {
		r.add("not-well-formed", where, "the prefix of %s:%s is not declared", n.Space, n.Local)
	}
	return "{" + n.Space + "}" + n.Local
}

func (n *node) checkText(r *report) {
	for _, c := range n.text {
		if c >= 0x7f && c < 0xa0 || c >= 0xfdd0 && c <= 0xfdef || c&0xfffe == 0xfffe {
			r.add("control-character", n.where, "%s holds %U", n.name, c)
			return
		}
	}
}

// kid is the first child of a name, nil where there is none.
func (n *node) kid(name string) *node {
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

func (n *node) all(name string) (found []*node) {
	for _, k := range n.kids {
		if k.name == name {
			found = append(found, k)
		}
	}
	return found
}

// textOf is the text of a child, "" where there is none.
func (n *node) textOf(name string) string {
	if k := n.kid(name); k != nil {
		return k.text
	}
	return ""
}

// An element is what the tables say of one. kids and attrs are names as in a
// DTD: a? at most once, a* any number, a+ at least once, a exactly once.
type element struct {
	kids  string
	attrs string
	value value // of its text; nil: it has none
}

// A table has elements by name; "parent>name" goes before "name".
type table map[string]element

func (t table) of(n *node) (element, bool) {
	if n.up != nil {
		if e, ok := t[n.up.name+">"+n.name]; ok {
			return e, true
		}
	}
	e, ok := t[n.name]
	return e, ok
}

// hold compares a node, and all in it, with the table.
func (n *node) hold(r *report, t table) {
	e, ok := t.of(n)
	if !ok {
		r.add("undefined-element", n.where, "%s", n.name)
		return
	}
	n.holdKids(r, e, t)
	n.holdAttrs(r, e)
	switch {
	case e.value != nil:
		n.found(r, n.name, e.value(n.text))
	case strings.TrimSpace(n.text) != "":
		r.add("unexpected-text", n.where, "%s holds %.40q", n.name, n.text)
	}
}

func (n *node) holdKids(r *report, e element, t table) {
	count := map[string]int{}
	for _, k := range n.kids {
		count[k.name]++
	}
	allowed := map[string]bool{}
	for _, word := range strings.Fields(e.kids) {
		name := strings.TrimRight(word, "?*+")
		allowed[name] = true
		how := word[len(name):]
		if count[name] == 0 && (how == "" || how == "+") {
			r.add("missing-element", n.where, "%s has no %s", n.name, name)
		}
		if count[name] > 1 && (how == "" || how == "?") {
			r.add("too-many-elements", n.where, "%s has %d %s", n.name, count[name], name)
		}
	}
	for _, k := range n.kids {
		if !allowed[k.name] {
			r.add("undefined-element", k.where, "%s in %s", k.name, n.name)
			continue
		}
		k.hold(r, t)
	}
}

func (n *node) holdAttrs(r *report, e element) {
	allowed := map[string]bool{}
	for _, word := range strings.Fields(e.attrs) {
		name := strings.TrimRight(word, "?")
		allowed[name] = true
		v, has := n.attrs[name]
		if !has {
			if word == name {
				r.add("missing-attribute", n.where, "%s has no %s", n.name, name)
			}
			continue
		}
		check := attrValues[name]
		if special, ok := attrValues[n.name+"@"+name]; ok {
			check = special
		}
		n.found(r, n.name+" "+name, check(v))
	}
	for name := range n.attrs {
		if !allowed[name] {
			r.add("undefined-attribute", n.where, "%s of %s", name, n.name)
		}
	}
}

// found reports what a value check said.
func (n *node) found(r *report, what string, f fault) {
	if f.rule != "" {
		r.add(f.rule, n.where, "%s: %s", what, f.what)
	}
}
