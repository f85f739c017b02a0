package canon

import (
	"html"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Most of what feeds hold is paragraphs, emphasis, lists and links. That much
// the rewriter's own tokens say whole, and the policy, the dearer half, would
// change nothing of it: plainHTML writes just what the policy would, and gives
// up at the first thing that is not of these. A property test holds the two
// together.

// plainHTML is s as safe HTML if it holds nothing but plain elements without
// attributes, and links.
func plainHTML(s, base string) (string, bool) {
	r := rewriter{base: base}
	r.b.Grow(len(s) + 64)
	z := xhtml.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return r.b.String(), true
		case xhtml.TextToken:
			writeText(&r.b, html.EscapeString(string(z.Text())))
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			if !isPlainElement(tag) || isVoid(tag.String()) {
				return "", false
			}
			r.b.WriteString("</")
			r.b.WriteString(tag.String())
			r.b.WriteByte('>')
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			if !r.plainTag(z) {
				return "", false
			}
		default:
			return "", false
		}
	}
}

func (r *rewriter) plainTag(z *xhtml.Tokenizer) bool {
	name, more := z.TagName()
	tag := atom.Lookup(name)
	if !isPlainElement(tag) {
		return false
	}
	href := ""
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		switch key := string(k); {
		case !wanted(key):
		case key == "href" && tag == atom.A && href == "":
			if href = Resolve(r.base, string(v)); href == "" {
				return false
			}
		default:
			return false
		}
	}
	r.b.WriteByte('<')
	r.b.WriteString(tag.String())
	if href != "" {
		r.b.WriteString(` href="`)
		r.b.WriteString(html.EscapeString(href))
		r.b.WriteByte('"')
	}
	r.b.WriteByte('>')
	return true
}

func isPlainElement(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Br, atom.B, atom.I, atom.Em, atom.Strong, atom.U, atom.Ul, atom.Ol, atom.Li, atom.Blockquote, atom.Hr,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Div, atom.Code, atom.Sub, atom.Sup, atom.A:
		return true
	}
	return false
}
