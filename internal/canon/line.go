package canon

import (
	"html"
	"strings"

	"golang.org/x/net/html/atom"
)

// Line is one line of plain text from a title, which may hold markup and
// entities and may as well hold none: tags are dropped only where they are
// complete and HTML has such an element, entities are decoded only where they
// are complete. "a < b", "AT&T" and "List<String>" stay.
func Line(s string) string {
	w := words{}
	w.b.Grow(len(s))
	hidden := hider{}
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			w.text(unescape(s))
			return w.b.String()
		}
		w.text(unescape(s[:i]))
		s = s[i:]
		n, tag := tagLength(s)
		if n == 0 {
			w.rune('<')
			s = s[1:]
			continue
		}
		if !inline(tag) {
			w.space()
		}
		if holdsNoText(tag) && s[1] != '/' {
			n += hidden.length(s[n:], tag)
		}
		s = s[n:]
	}
}

// tagLength is the length of the tag or comment that s begins with, or 0 where
// it begins with none. No search goes beyond the next "<", and for a comment's
// end beyond what a title may be.
func tagLength(s string) (int, atom.Atom) {
	if strings.HasPrefix(s, "<!--") {
		if end := strings.Index(s[:min(len(s), 4096)], "-->"); end > 0 {
			return end + len("-->"), atom.B
		}
		return 0, 0
	}
	name := strings.TrimPrefix(s[1:], "/")
	end := 0
	for end < len(name) && end < 16 && isAlnum(name[end]) {
		end++
	}
	tag := lookup(name[:end])
	if !isElement(tag) || end == len(name) {
		return 0, 0
	}
	if c := name[end]; c != '>' && c != '/' && c > ' ' {
		return 0, 0
	}
	next := strings.IndexAny(s[1:], "<>")
	if next < 0 || s[1+next] == '<' {
		return 0, 0
	}
	return next + 2, tag
}

// isElement: atom knows names of attributes too, and elements of SVG.
func isElement(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Br, atom.Div, atom.Img, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Hr,
		atom.Ul, atom.Ol, atom.Li, atom.Dl, atom.Dt, atom.Dd, atom.Table, atom.Tbody, atom.Thead, atom.Tfoot, atom.Tr, atom.Td,
		atom.Th, atom.Caption, atom.Pre, atom.Blockquote, atom.Center, atom.Section, atom.Article, atom.Header,
		atom.Footer, atom.Nav, atom.Aside, atom.Main, atom.Figure, atom.Figcaption, atom.Picture, atom.Audio,
		atom.Video, atom.Source, atom.Embed, atom.Object, atom.Param, atom.Applet, atom.Script, atom.Style,
		atom.Iframe, atom.Noscript, atom.Form, atom.Input, atom.Button, atom.Select, atom.Option, atom.Textarea,
		atom.Label, atom.Link, atom.Meta, atom.Base, atom.Html, atom.Head, atom.Body, atom.Title, atom.Svg, atom.Math,
		atom.Nobr, atom.Marquee, atom.Frame, atom.Frameset, atom.Noframes, atom.Noembed, atom.Area, atom.Map:
		return true
	}
	return inline(tag)
}

// unescape decodes entities once, only those that end in ";": html.UnescapeString
// alone makes "©right" of "&copyright" and eats the "&not" of a query.
func unescape(s string) string {
	amp := strings.IndexByte(s, '&')
	if amp < 0 || strings.IndexByte(s[amp:], ';') < 0 {
		return s
	}
	var b strings.Builder
	for amp >= 0 {
		b.WriteString(s[:amp])
		s = s[amp:]
		n := entityLength(s)
		if n > 0 {
			b.WriteString(html.UnescapeString(s[:n]))
		} else {
			b.WriteByte('&')
			n = 1
		}
		s = s[n:]
		amp = strings.IndexByte(s, '&')
	}
	b.WriteString(s)
	return b.String()
}

func entityLength(s string) int {
	const longest = len("&CounterClockwiseContourIntegral;")
	for i := 1; i < len(s) && i < longest; i++ {
		switch c := s[i]; {
		case c == ';':
			return i + 1
		case !isAlnum(c) && (c != '#' || i > 1):
			return 0
		}
	}
	return 0
}
