package fetch

import (
	"bytes"
	"strconv"
	"strings"
)

// repair is one way to mend a document that the parser does not read, or
// reads wrongly. It returns the mended document and what was lost, if anything.
type repair struct {
	name string // for people who read why
	mend func([]byte) (mended []byte, lost string)
}

// repairs for XML are tried in this order, each on what the one before gave.
func repairs() []repair {
	return []repair{
		// U+FFFE and U+FFFF are no characters (XML 1.0 2.2); one costs the whole feed.
		{"noncharacters", func(b []byte) ([]byte, string) { return dropNoncharacters(b), "" }},
		// &#x1F; and &#0; name no character; one of them costs the whole feed.
		{"references to control characters", func(b []byte) ([]byte, string) { return dropReferences(b), "" }},
		// Unclosed and crossed tags, attributes without quotes, "<" in text, the
		// end cut off.
		{"tags", mendTags},
	}
}

func dropNoncharacters(b []byte) []byte {
	if !bytes.Contains(b, []byte("\ufffe")) && !bytes.Contains(b, []byte("\uffff")) {
		return b
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\ufffe"), nil), []byte("\uffff"), nil)
}

// dropReferences drops numeric references to what XML 1.0 does not allow.
func dropReferences(b []byte) []byte {
	if !bytes.Contains(b, []byte("&#")) {
		return b
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		amp := bytes.Index(b, []byte("&#"))
		if amp < 0 {
			break
		}
		out = append(out, b[:amp]...)
		b = b[amp:]
		semi := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if semi > 0 && illegalReference(string(b[2:semi])) {
			b = b[semi+1:]
			continue
		}
		out = append(out, b[:2]...)
		b = b[2:]
	}
	return append(out, b...)
}

// mender writes tags that match one another.
type mender struct {
	out  []byte
	open []string
	// safe is the length of out after the last whole item, and how many tags
	// were open then: where a document that ends early is cut.
	safe, safeOpen int
	inItem         bool
}

// mendTags writes the document anew: tags closed in the order in which they
// were opened, attributes in quotes, signs that begin no tag escaped. A
// document that ends inside an item is cut after the last whole one.
func mendTags(b []byte) ([]byte, string) {
	m := mender{out: make([]byte, 0, len(b)+len(b)/16)}
	whole := true
	// A text of nothing but "<" would grow fourfold and is no feed anyway.
	most := 2*len(b) + 1<<10
	for len(b) > 0 && whole && len(m.out) < most {
		lt := bytes.IndexByte(b, '<')
		if lt < 0 {
			break
		}
		m.text(b[:lt])
		b = b[lt:]
		var n int
		n, whole = m.markup(b)
		b = b[n:]
		if len(m.open) == 0 && m.safe > 0 {
			return m.out, "" // the root is closed: what follows is not the feed's
		}
	}
	return m.finish()
}

func (m *mender) finish() ([]byte, string) {
	if len(m.open) == 0 {
		return m.out, ""
	}
	if m.inItem {
		m.out, m.open = m.out[:m.safe], m.open[:m.safeOpen]
	}
	m.closeTo(0)
	return m.out, "the document ends early: what came after its last whole item is missing"
}

// markup takes what begins with "<" and says how long it was, and whether it
// was whole.
func (m *mender) markup(b []byte) (n int, whole bool) {
	if n := skipSpecial(b); n > 0 {
		if bytes.HasPrefix(b, []byte("<![CDATA[")) {
			if !bytes.HasSuffix(b[:n], []byte("]]>")) {
				return n, false
			}
			m.out = append(m.out, b[:n]...)
		}
		return n, true
	}
	closing := len(b) > 1 && b[1] == '/'
	from := 1
	if closing {
		from = 2
	}
	name := nameLength(b[from:])
	if name == 0 {
		m.out = append(m.out, "&lt;"...)
		return 1, true
	}
	if next := bytes.IndexAny(b[1:], `<>"'`); next >= 0 && b[1+next] == '<' {
		// "<link <title>": the ">" was lost, or "a <b" was meant.
		m.out = append(m.out, "&lt;"...)
		return 1, true
	}
	gt := tagEnd(b)
	if gt < 0 {
		return len(b), false
	}
	if closing {
		m.end(string(b[2 : 2+name]))
	} else {
		m.start(string(b[1:1+name]), b[1+name:gt])
	}
	return gt + 1, true
}

func (m *mender) start(name string, attrs []byte) {
	if len(m.open) > maxDepth && !isItem(name) {
		return // the guard refuses what is deeper
	}
	if isItem(name) {
		if i := m.openItem(); i >= 0 {
			m.closeTo(i) // the item before was never closed
		}
		m.inItem = true
		m.safe, m.safeOpen = len(m.out), len(m.open)
	} else if m.nearest(name) >= 0 && isField(name) {
		m.closeTo(m.nearest(name)) // <title>one<title>two: the field before was never closed
	} else if i := m.openField(); i >= 0 && isField(name) {
		m.closeTo(i) // <title>one<link>…
	}
	m.out = append(append(m.out, '<'), name...)
	empty := len(attrs) > 0 && attrs[len(attrs)-1] == '/'
	if empty {
		attrs = attrs[:len(attrs)-1]
	}
	m.attributes(attrs)
	if empty {
		m.out = append(m.out, "/>"...)
		return
	}
	m.out = append(m.out, '>')
	m.open = append(m.open, name)
}

func (m *mender) end(name string) {
	i := m.nearest(name)
	if i < 0 {
		return
	}
	m.closeTo(i)
}

// closeTo closes the open tags from the innermost to the i-th.
func (m *mender) closeTo(i int) {
	for j := len(m.open) - 1; j >= i; j-- {
		m.out = append(append(append(m.out, "</"...), m.open[j]...), '>')
		if isItem(m.open[j]) {
			m.inItem = false
			m.safe, m.safeOpen = len(m.out), j
		}
	}
	m.open = m.open[:i]
}

func (m *mender) nearest(name string) int {
	for i := len(m.open) - 1; i >= 0 && !isItem(name); i-- {
		if m.open[i] == name {
			return i
		}
		if isItem(m.open[i]) && name != "channel" && !isRoot(name) {
			return -1 // nothing inside an item closes what is outside
		}
	}
	if isItem(name) {
		return m.openItem()
	}
	return -1
}

func (m *mender) openItem() int {
	for i := len(m.open) - 1; i >= 0; i-- {
		if isItem(m.open[i]) {
			return i
		}
	}
	return -1
}

// openField is the field of an item that is open, if the innermost tag is one.
func (m *mender) openField() int {
	if i := len(m.open) - 1; m.inItem && i >= 0 && isField(m.open[i]) && i == m.openItem()+1 {
		return i
	}
	return -1
}

// attributes writes them in double quotes.
func (m *mender) attributes(b []byte) {
	for {
		b = bytes.TrimLeft(b, " \t\r\n/\"'=")
		n := nameLength(b)
		if n == 0 {
			if len(b) == 0 {
				return
			}
			b = b[1:]
			continue
		}
		name := b[:n]
		b = bytes.TrimLeft(b[n:], " \t\r\n")
		var value []byte
		if len(b) > 0 && b[0] == '=' {
			value, b = attributeValue(bytes.TrimLeft(b[1:], " \t\r\n"))
		}
		m.out = append(append(append(m.out, ' '), name...), `="`...)
		m.text(bytes.ReplaceAll(bytes.ReplaceAll(value, []byte(`"`), []byte("&quot;")), []byte("<"), []byte("&lt;")))
		m.out = append(m.out, '"')
	}
}

func attributeValue(b []byte) (value, rest []byte) {
	if len(b) == 0 {
		return nil, nil
	}
	if q := b[0]; q == '"' || q == '\'' {
		if n := bytes.IndexByte(b[1:], q); n >= 0 {
			return b[1 : 1+n], b[2+n:]
		}
		b = b[1:]
	}
	if n := bytes.IndexAny(b, " \t\r\n"); n >= 0 {
		return b[:n], b[n:]
	}
	return b, nil
}

// text escapes the ampersands that begin no reference, and "]]>", which XML
// 1.0 (2.4) allows at the end of a CDATA section only.
func (m *mender) text(b []byte) {
	b = bytes.ReplaceAll(b, []byte("]]>"), []byte("]]&gt;"))
	for {
		amp := bytes.IndexByte(b, '&')
		if amp < 0 {
			break
		}
		m.out = append(m.out, b[:amp]...)
		b = b[amp:]
		if isReference(b) {
			m.out = append(m.out, '&')
		} else {
			m.out = append(m.out, "&amp;"...)
		}
		b = b[1:]
	}
	m.out = append(m.out, b...)
}

func isReference(b []byte) bool {
	semi := bytes.IndexByte(b[:min(len(b), 34)], ';')
	if semi < 2 {
		return false
	}
	for i, c := range b[1:semi] {
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && (c != '#' || i > 0) {
			return false
		}
	}
	return true
}

func isItem(name string) bool {
	switch strings.ToLower(local(name)) {
	case "item", "entry":
		return true
	}
	return false
}

func isRoot(name string) bool {
	switch strings.ToLower(local(name)) {
	case "rss", "rdf", "feed":
		return true
	}
	return false
}

// isField: the elements of an item that hold text and never one another.
func isField(name string) bool {
	switch strings.ToLower(name) {
	case "title", "link", "description", "guid", "pubdate", "id", "updated", "published", "summary", "content:encoded", "dc:date", "dc:creator", "category":
		return true
	}
	return false
}

func local(name string) string {
	return name[strings.IndexByte(name, ':')+1:]
}

// illegalReference says whether #ref; names no XML 1.0 character (2.2).
func illegalReference(ref string) bool {
	base := 10
	if len(ref) > 1 && (ref[0] == 'x' || ref[0] == 'X') {
		ref, base = ref[1:], 16
	}
	n, err := strconv.ParseUint(ref, base, 32)
	if err != nil {
		return false
	}
	switch {
	case n == '\t', n == '\n', n == '\r':
		return false
	}
	return n < ' ' || 0xd800 <= n && n < 0xe000 || n == 0xfffe || n == 0xffff || n > 0x10ffff
}
