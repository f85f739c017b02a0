package canon

import (
	"bytes"
	"html"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A Cleaner makes HTML safe by an allow-list. It is safe for use by many at
// once; building one costs some 100 µs, so it is built once and handed around.
type Cleaner struct {
	policy *bluemonday.Policy
}

// NewCleaner gives the one policy of the house: what carries text, images,
// sound and video stays; scripts, styles, forms, frames and handlers go.
func NewCleaner() *Cleaner {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"p", "br", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "section", "article", "header", "footer", "aside", "main", "address",
		"b", "i", "em", "strong", "u", "s", "strike", "del", "ins", "mark", "small", "big", "sub", "sup", "tt", "code", "kbd", "samp", "var", "pre",
		"abbr", "acronym", "cite", "dfn", "q", "blockquote", "time", "bdi", "bdo", "ruby", "rb", "rp", "rt", "wbr", "center", "font", "a",
		"ul", "ol", "li", "dl", "dt", "dd", "details", "summary",
		"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th",
		"figure", "figcaption", "picture", "audio", "video",
	)
	p.AllowNoAttrs().OnElements("a", "font", "span", "q", "audio", "video")
	p.AllowAttrs("title", "lang").Globally()
	p.AllowAttrs("dir").Matching(bluemonday.Direction).Globally()
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("cite").OnElements("blockquote", "q", "del", "ins")
	p.AllowAttrs("datetime").OnElements("time", "del", "ins")
	p.AllowAttrs("src").OnElements("img", "audio", "video", "source", "track")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(bluemonday.NumberOrPercent).OnElements("img", "video", "td", "th", "col")
	p.AllowAttrs("poster").OnElements("video")
	p.AllowAttrs("controls").OnElements("audio", "video")
	p.AllowAttrs("type").OnElements("source", "ol", "li")
	p.AllowAttrs("start", "reversed").OnElements("ol")
	p.AllowAttrs("value").Matching(bluemonday.Integer).OnElements("li")
	p.AllowAttrs("colspan", "rowspan", "span").Matching(bluemonday.Integer).OnElements("td", "th", "col", "colgroup")
	p.AllowAttrs("kind", "srclang", "label").OnElements("track")
	p.AllowURLSchemes("http", "https", "mailto", "tel", "magnet")
	p.AllowDataURIImages()
	p.RequireParseableURLs(true)
	return &Cleaner{policy: p}
}

// HTML is s as safe HTML: absolute links against base, tags closed, images
// that only count readers left out. A base of "" leaves out relative links.
// HTML of HTML changes nothing.
func (c *Cleaner) HTML(s, base string) string {
	s = strings.TrimSpace(newlines(undirected(Clean(s))))
	if strings.IndexByte(s, '<') < 0 && strings.IndexByte(s, '&') < 0 {
		return strings.ReplaceAll(s, ">", "&gt;")
	}
	safe, plain := plainHTML(s, base)
	if !plain {
		safe = c.byPolicy(s, base)
	}
	// Once more: "&#1;" and "&#13;" are characters only now.
	return strings.TrimSpace(newlines(undirected(Clean(closeTags(safe)))))
}

// newlines writes line ends as HTML reads them (HTML 13.2.3.5).
func newlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
}

func (c *Cleaner) byPolicy(s, base string) string {
	r := rewriter{base: base}
	r.b.Grow(len(s) + 64)
	r.run(s)
	return c.policy.Sanitize(r.b.String())
}

// rewriter copies HTML, its addresses made absolute and what shall not be seen
// left out with all it holds. What it leaves in is for the policy to judge.
type rewriter struct {
	base  string
	b     strings.Builder
	attrs []xhtml.Attribute
}

func (r *rewriter) run(s string) {
	z := xhtml.NewTokenizer(strings.NewReader(s))
	var hidden atom.Atom // the element that hides what stands here
	var open hider
	pos := 0
	for {
		kind := z.Next()
		raw := z.Raw() // before TagName: that lower-cases in place
		pos += len(raw)
		switch {
		case kind == xhtml.ErrorToken:
			return
		case hidden != 0:
			if name, _ := z.TagName(); kind == xhtml.EndTagToken && atom.Lookup(name) == hidden {
				hidden = 0
			}
		case kind == xhtml.TextToken:
			r.b.Write(raw)
		case kind == xhtml.CommentToken:
			if isProgram(raw) {
				r.b.WriteString(html.EscapeString(string(raw)))
			}
		case kind == xhtml.EndTagToken:
			r.b.Write(raw)
		case kind == xhtml.SelfClosingTagToken, kind == xhtml.StartTagToken:
			hidden = r.tag(z, kind, &open, s[min(pos, len(s)):])
		}
	}
}

// tag takes a start tag; rest is what follows it. It returns the element if it
// hides what it holds.
func (r *rewriter) tag(z *xhtml.Tokenizer, kind xhtml.TokenType, open *hider, rest string) atom.Atom {
	name, more := z.TagName()
	tag := atom.Lookup(name)
	if kind == xhtml.SelfClosingTagToken {
		// <script src="x"/> is XHTML for an empty element, not the beginning of
		// a script that runs to the end of the text.
		z.NextIsNotRawText()
	}
	switch {
	case holdsNoText(tag):
		if kind == xhtml.StartTagToken && open.length(rest, tag) > 0 {
			return tag
		}
		z.NextIsNotRawText()
	case !isShell(tag):
		r.start(z, tag, string(name), more)
	}
	return 0
}

// isProgram: "<?php …" is a comment to a browser, but text to whoever forgot to
// escape it. What Word writes ("<?xml:namespace …") is neither.
func isProgram(comment []byte) bool {
	return bytes.HasPrefix(comment, []byte("<?")) && !bytes.HasPrefix(comment, []byte("<?xml"))
}

// isShell: elements that the policy would leave out with all they hold, to the
// end of the text where nobody closes them. What they hold is what a browser
// shows that cannot show the object.
func isShell(tag atom.Atom) bool {
	switch tag {
	case atom.Object, atom.Embed, atom.Applet, atom.Frame, atom.Frameset:
		return true
	}
	return false
}

// start writes a start tag, with its addresses absolute.
func (r *rewriter) start(z *xhtml.Tokenizer, tag atom.Atom, name string, more bool) {
	r.attrs = r.attrs[:0]
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if tag == atom.Img && hides(string(k), string(v)) {
			return
		}
		if !wanted(string(k)) {
			continue
		}
		r.attrs = append(r.attrs, xhtml.Attribute{Key: string(k), Val: string(v)})
	}
	if tag == atom.Img && !r.image() {
		return
	}
	r.b.WriteByte('<')
	r.b.WriteString(name)
	for _, a := range r.attrs {
		if holdsURL(a.Key) {
			if a.Val = r.address(tag, a.Val); a.Val == "" {
				continue
			}
		}
		r.b.WriteByte(' ')
		r.b.WriteString(a.Key)
		r.b.WriteString(`="`)
		r.b.WriteString(html.EscapeString(a.Val))
		r.b.WriteByte('"')
	}
	r.b.WriteByte('>')
}

// wanted leaves out early what the policy would leave out later, at a cost:
// most attributes there are, such as class, style, srcset and sizes.
func wanted(key string) bool {
	switch key {
	case "title", "lang", "dir", "href", "cite", "datetime", "src", "alt", "width", "height", "poster", "controls", "type", "start",
		"reversed", "value", "colspan", "rowspan", "span", "kind", "srclang", "label", "data-src", "data-lazy-src", "data-original":
		return true
	}
	return false
}

func holdsURL(key string) bool {
	return key == "href" || key == "src" || key == "cite" || key == "poster"
}

func (r *rewriter) address(tag atom.Atom, ref string) string {
	if tag == atom.Img && strings.HasPrefix(ref, "data:image/") {
		return ref
	}
	if tag == atom.A {
		for _, scheme := range [...]string{"mailto:", "tel:", "magnet:"} {
			if strings.HasPrefix(ref, scheme) {
				return ref
			}
		}
	}
	return Resolve(r.base, ref)
}

// closeTags closes what the source left open and drops what closes nothing, so
// that the text can stand inside a page. It knows only what the policy writes:
// <name attr="value"> with all else escaped. Quotes need no escape in text.
func closeTags(s string) string {
	// Browsers flatten what is nested deeper, and so is the work bounded.
	const maxOpen = 256
	var b strings.Builder
	b.Grow(len(s))
	var open []string
	for len(s) > 0 {
		lt := strings.IndexByte(s, '<')
		if lt < 0 {
			lt = len(s)
		}
		writeText(&b, s[:lt])
		if s = s[lt:]; s == "" {
			break
		}
		end := strings.IndexByte(s, '>') + 1
		if tag := s[:end]; tag[1] == '/' {
			open = closeTag(&b, open, tag[2:end-1])
		} else if len(open) < maxOpen && !showsNothing(tag) {
			name, _, _ := strings.Cut(tag[1:end-1], " ")
			if !isVoid(name) {
				open = append(open, name)
			}
			b.WriteString(tag)
		}
		s = s[end:]
	}
	for i := len(open) - 1; i >= 0; i-- {
		writeEnd(&b, open[i])
	}
	return b.String()
}

// showsNothing: without an address, as where the source's was a script, these are
// nothing.
func showsNothing(tag string) bool {
	name, _, _ := strings.Cut(strings.Trim(tag, "</>"), " ")
	switch name {
	case "img", "source", "track":
		return !strings.Contains(tag, ` src="`)
	}
	return false
}

// closeTag closes the nearest open element of that name and those inside it.
func closeTag(b *strings.Builder, open []string, name string) []string {
	for i := len(open) - 1; i >= 0; i-- {
		if open[i] != name {
			continue
		}
		for j := len(open) - 1; j >= i; j-- {
			if j == i || !endOptional(open[j]) {
				b.WriteString("</")
				b.WriteString(open[j])
				b.WriteByte('>')
			}
		}
		return open[:i]
	}
	return open
}

func writeEnd(b *strings.Builder, name string) {
	if !endOptional(name) {
		b.WriteString("</")
		b.WriteString(name)
		b.WriteByte('>')
	}
}

// endOptional: a <p> may be open twice over in the list of open elements, as
// the second closes the first (HTML 13.1.2.4).
func endOptional(name string) bool {
	switch name {
	case "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "caption", "rb", "rt", "rp":
		return true
	}
	return false
}

func isVoid(name string) bool {
	switch name {
	case "br", "hr", "img", "wbr", "col", "source", "track", "br/", "hr/", "img/", "wbr/", "col/", "source/", "track/":
		return true
	}
	return false
}

func writeText(b *strings.Builder, s string) {
	if strings.Contains(s, "&#") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "&#39;", "'"), "&#34;", `"`)
	}
	b.WriteString(s)
}
