package canon

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"golang.org/x/net/html/atom"
)

// Text is the plain words of HTML: tags out, scripts and styles out with what
// they hold, entities decoded once, white space collapsed, control characters
// out. Tags that end a line on a page become spaces, lest "one<br>two" become
// "onetwo".
func Text(s string) string {
	w := words{}
	w.b.Grow(len(s))
	// Every "<" before the last ">" has one to end it, so no search is in vain.
	last := strings.LastIndexByte(s, '>') + 1
	s, rest := s[:last], s[last:]
	hidden := hider{}
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		w.text(decode(s[:i]))
		s = s[i:]
		n, tag := anyTag(s)
		if n == 0 {
			w.rune('<')
			s = s[1:]
			continue
		}
		if !inline(tag) {
			w.space()
		}
		if holdsNoText(tag) && s[1] != '/' && s[n-2] != '/' {
			n += hidden.length(s[n:], tag)
		}
		s = s[n:]
	}
	w.text(decode(s))
	w.text(decode(rest[:cutTag(rest)]))
	return w.b.String()
}

// cutTag is where a tag begins that was cut off, as teasers end; else the end.
func cutTag(s string) int {
	for i := 0; i+1 < len(s); i++ {
		if c := s[i+1]; s[i] == '<' && (c == '/' || c == '!' || isAlnum(c) && c > '9') {
			return i
		}
	}
	return len(s)
}

// decode is html.UnescapeString, which knows entities without ";" as well, as
// browsers do.
func decode(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	return html.UnescapeString(s)
}

// anyTag is the length of the tag, comment or instruction that s begins with
// (HTML 13.2.5.6), 0 where it begins with none, and its element.
func anyTag(s string) (int, atom.Atom) {
	name := strings.TrimPrefix(s[1:], "/")
	switch {
	case strings.HasPrefix(s, "<!--"):
		if end := strings.Index(s[4:], "-->"); end >= 0 {
			return 4 + end + len("-->"), atom.B
		}
		return len(s), atom.B
	case strings.HasPrefix(s, "<!"), strings.HasPrefix(s, "<?"):
		return strings.IndexByte(s, '>') + 1, atom.B
	case name == "" || !isAlnum(name[0]) || name[0] <= '9':
		return 0, 0
	}
	end := 0
	for end < len(name) && isAlnum(name[end]) {
		end++
	}
	return closing(s), lookup(name[:end])
}

// closing is the length of the tag that s begins with, past ">" in quotes; 0
// where it never ends.
func closing(s string) int {
	gt := strings.IndexByte(s, '>')
	if gt < 0 || strings.IndexByte(s[:gt], '=') < 0 {
		return gt + 1
	}
	quote := byte(0)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '>':
			return i + 1
		case (c == '"' || c == '\'') && s[i-1] == '=':
			quote = c
		}
	}
	return gt + 1
}

// lookup finds an element by name in any case.
func lookup(name string) atom.Atom {
	var lower [16]byte
	if len(name) > len(lower) {
		return 0
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	return atom.Lookup(lower[:len(name)])
}

// hider knows which elements are not closed any more in the rest of a text, so
// that nothing is searched for twice.
type hider struct{ open []atom.Atom }

// length is that of what the element holds, its end tag excluded; s is what
// follows its start tag. One that is never closed hides nothing but a program:
// the rest of the text is not lost.
func (h *hider) length(s string, tag atom.Atom) int {
	n := -1
	if !slices.Contains(h.open, tag) {
		n = indexFold(s, "</"+tag.String())
	}
	if n >= 0 {
		return n
	}
	h.open = append(h.open, tag)
	if tag == atom.Script || tag == atom.Style {
		return len(s)
	}
	return 0
}

func indexFold(s, lower string) int {
	for i := 0; ; {
		lt := strings.Index(s[i:], "</")
		if lt < 0 || i+lt+len(lower) > len(s) {
			return -1
		}
		if i += lt; strings.EqualFold(s[i:i+len(lower)], lower) {
			return i
		}
		i += 2
	}
}

// holdsNoText: elements whose text a browser reads as something else.
func holdsNoText(tag atom.Atom) bool {
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Iframe, atom.Noembed, atom.Noframes, atom.Noscript, atom.Template:
		return true
	}
	return false
}

// inline elements leave the words on both sides joined.
func inline(tag atom.Atom) bool {
	switch tag {
	case atom.A, atom.Abbr, atom.Acronym, atom.B, atom.Bdi, atom.Bdo, atom.Big, atom.Cite, atom.Code, atom.Del,
		atom.Dfn, atom.Em, atom.Font, atom.I, atom.Ins, atom.Kbd, atom.Mark, atom.Q, atom.Rb, atom.Rp, atom.Rt,
		atom.Ruby, atom.S, atom.Samp, atom.Small, atom.Span, atom.Strike, atom.Strong, atom.Sub, atom.Sup,
		atom.Time, atom.Tt, atom.U, atom.Var, atom.Wbr:
		return true
	}
	return false
}

// Clip is the first n characters of s, cut at a word's end where one is near,
// with "…" after them; s itself where it is no longer. It never cuts inside
// what a reader sees as one character.
func Clip(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	end, count := 0, 0
	for g := graphemes.FromString(s); g.Next(); {
		if count += utf8.RuneCountInString(g.Value()); count > n-1 {
			break
		}
		end += len(g.Value())
	}
	cut := s[:end]
	// Chinese has no spaces: a space far away is no word's end.
	if i := strings.LastIndexByte(cut, ' '); i > end-end/3 && s[end] != ' ' {
		cut = cut[:i]
	}
	return strings.TrimRightFunc(cut, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:-–—", r) }) + "…"
}

// words collects text with its white space collapsed.
type words struct {
	b       strings.Builder
	pending bool // a space is due before the next word
}

func (w *words) space() { w.pending = w.b.Len() > 0 }

func (w *words) rune(r rune) {
	if w.pending {
		w.b.WriteByte(' ')
		w.pending = false
	}
	w.b.WriteRune(r)
}

func (w *words) text(s string) {
	for len(s) > 0 {
		n := plainRun(s)
		if n > 0 {
			if w.pending {
				w.b.WriteByte(' ')
				w.pending = false
			}
			w.b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch {
		case unicode.IsSpace(r):
			w.space()
		case r == utf8.RuneError && size == 1, unicode.IsControl(r), isInvisible(r):
		default:
			w.rune(r)
		}
	}
}

// plainRun is the length of the run of printing ASCII that s begins with.
func plainRun(s string) int {
	i := 0
	for i < len(s) && s[i] > ' ' && s[i] < 0x7f {
		i++
	}
	return i
}

// isInvisible: what only tells a typesetter where a line may break, byte order
// marks, and code points that are no characters.
func isInvisible(r rune) bool {
	if isDirection(r) {
		return true
	}
	switch r {
	case '\u00ad', '\u200b', '\u2060', '\ufeff', '\ufffe', '\uffff':
		return true
	}
	return false
}

// isDirection: controls that turn the direction of what follows, also of what
// others wrote behind it (CVE-2021-42574). Markup has dir and <bdi> for that
// (Unicode Technical Report 20, 3.3); the marks LRM and RLM turn nothing.
func isDirection(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// undirected is s without them.
func undirected(s string) string {
	if strings.IndexFunc(s, isDirection) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isDirection(r) {
			return -1
		}
		return r
	}, s)
}
