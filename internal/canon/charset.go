package canon

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// UTF8 gives the document in UTF-8, without byte order mark and without the
// XML prolog's word on its encoding, which is no longer true. The charset is
// that of the byte order mark, else the one that contentType (an HTTP header)
// names, else the prolog's, else what the bytes look like. A declaration that
// the bytes contradict is not believed: valid UTF-8 with letters beyond ASCII
// is UTF-8 whatever it says, and bytes that are no UTF-8 in what says so are
// windows-1252, as browsers read them, one by one.
//
// The same goes for a charset that nobody knows: its ASCII at least is read.
//
// The document is returned as it is, without copying, where nothing is to do.
// The error is that of a decoder that gave up.
func UTF8(body []byte, contentType string) ([]byte, error) {
	if enc, n := byteOrder(body); enc != nil {
		return transcode(enc, body[n:])
	} else if n > 0 {
		body = body[n:]
	}
	if utf8.Valid(body) && bytes.IndexByte(body, escape) < 0 {
		return blankEncoding(body), nil
	}
	if mostlyUTF8(body) {
		return mend(body), nil
	}
	for _, label := range [...]string{headerCharset(contentType), prologCharset(body)} {
		enc, known := charsetOf(label)
		if known && enc != unicode.UTF8 && !isWide(enc) {
			return transcode(enc, body)
		}
	}
	return mend(body), nil
}

// escape switches the character sets of ISO-2022-JP, which is valid UTF-8.
const escape = 0x1b

// mostlyUTF8 says that few bytes beyond ASCII are no UTF-8. In other charsets
// nearly all are.
func mostlyUTF8(body []byte) bool {
	good, bad := 0, 0
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		switch {
		case size > 1:
			good++
		case r == utf8.RuneError:
			bad++
		}
		body = body[size:]
	}
	return good > 4*bad
}

// mend keeps what is UTF-8 and reads the other bytes as windows-1252: a text
// pasted from a word processor into a page that is UTF-8.
func mend(body []byte) []byte {
	if utf8.Valid(body) {
		return blankEncoding(body)
	}
	out := make([]byte, 0, mendedLen(body))
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		if r == utf8.RuneError && size == 1 {
			out = utf8.AppendRune(out, charmap.Windows1252.DecodeByte(body[0]))
		} else {
			out = append(out, body[:size]...)
		}
		body = body[size:]
	}
	return blankEncoding(out)
}

// mendedLen is how long mend makes it: exact, for 10 MB of nothing but such bytes
// grow to 20, and each step on the way would be a copy.
func mendedLen(body []byte) (n int) {
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		if n += size; r == utf8.RuneError && size == 1 {
			n += utf8.RuneLen(charmap.Windows1252.DecodeByte(body[0])) - 1
		}
		body = body[size:]
	}
	return n
}

func transcode(enc encoding.Encoding, body []byte) ([]byte, error) {
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		return nil, fmt.Errorf("charset: %w", err)
	}
	return blankEncoding(out), nil
}

// byteOrder finds UTF-16 and UTF-32 by their byte order mark or, without one,
// by the zeros around the "<" or "{" that a feed begins with (XML 1.0 F.1). n
// is the length of the mark. Bytes in UTF-8 behind a mark have no enc.
func byteOrder(b []byte) (enc encoding.Encoding, n int) {
	const be, le, no = unicode.BigEndian, unicode.LittleEndian, unicode.IgnoreBOM
	starts := func(s string) bool { return bytes.HasPrefix(b, []byte(s)) }
	switch {
	case starts("\xef\xbb\xbf"):
		return nil, 3
	case starts("\x00\x00\xfe\xff"):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4
	case starts("\xff\xfe\x00\x00"):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4
	case starts("\xfe\xff"):
		return unicode.UTF16(be, no), 2
	case starts("\xff\xfe"):
		return unicode.UTF16(le, no), 2
	case starts("\x00\x00\x00<"):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 0
	case starts("<\x00\x00\x00"):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 0
	case starts("\x00<\x00"), starts("\x00{\x00"):
		return unicode.UTF16(be, no), 0
	case starts("<\x00") && len(b) > 3 && b[3] == 0, starts("{\x00") && len(b) > 3 && b[3] == 0:
		return unicode.UTF16(le, no), 0
	case starts("\x4c\x6f\xa7\x94"): // "<?xm" in EBCDIC
		return charmap.CodePage037, 0
	}
	return nil, 0
}

func headerCharset(contentType string) string {
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		return params["charset"]
	}
	// Servers send "text/xml; charset=utf-8;;" and the like.
	_, label, _ := strings.Cut(strings.ToLower(contentType), "charset=")
	return strings.Trim(label, ` "';`)
}

// prolog is the XML declaration at the beginning, with what is before it.
func prolog(body []byte) (start, end int) {
	head := body[:min(len(body), 1024)]
	start = bytes.Index(head, []byte("<?xml"))
	if start < 0 {
		return 0, 0
	}
	n := bytes.Index(head[start:], []byte("?>"))
	if n < 0 {
		return 0, 0
	}
	return start, start + n
}

// encodingValue is where in the prolog the value of encoding="…" stands.
func encodingValue(body []byte) (attr, start, end int) {
	from, to := prolog(body)
	decl := body[from:to]
	attr = bytes.Index(decl, []byte("encoding"))
	if attr < 0 {
		return 0, 0, 0
	}
	quote := bytes.IndexAny(decl[attr:], `"'`)
	if quote < 0 {
		return 0, 0, 0
	}
	start = attr + quote + 1
	n := bytes.IndexByte(decl[start:], decl[start-1])
	if n < 0 {
		return 0, 0, 0
	}
	return from + attr, from + start, from + start + n
}

func prologCharset(body []byte) string {
	_, start, end := encodingValue(body)
	return string(body[start:end])
}

// blankEncoding overwrites the prolog's encoding="…" with spaces, in a copy.
func blankEncoding(body []byte) []byte {
	attr, start, end := encodingValue(body)
	if end == 0 || strings.EqualFold(string(body[start:end]), "utf-8") {
		return body
	}
	out := bytes.Clone(body)
	for i := attr; i <= end; i++ {
		out[i] = ' '
	}
	return out
}

// charsetOf knows the web's names for charsets first, then IANA's.
func charsetOf(label string) (encoding.Encoding, bool) {
	label = strings.TrimSpace(label)
	switch strings.ToLower(label) {
	case "utf8", "utf_8", "utf-8", "u8", "us-ascii", "ascii":
		return unicode.UTF8, true // high bytes in us-ascii: UTF-8 or, mended, windows-1252
	}
	if enc, _ := charset.Lookup(label); enc != nil {
		return enc, true
	}
	if enc, err := ianaindex.IANA.Encoding(label); err == nil && enc != nil {
		return enc, true
	}
	// Python and iconv write cp1252, x-sjis and so on with underscores.
	if enc, err := ianaindex.IANA.Encoding(strings.ReplaceAll(label, "_", "-")); err == nil && enc != nil {
		return enc, true
	}
	return nil, false
}

// isWide says that the charset has more than one byte for "<". byteOrder did
// not see it, so the document is not written in it.
func isWide(enc encoding.Encoding) bool {
	out, err := enc.NewDecoder().Bytes([]byte("<?xml "))
	return err != nil || string(out) != "<?xml "
}

// Clean leaves only the characters that XML 1.0 (2.2) and HTML allow, and only
// valid UTF-8.
func Clean(s string) string {
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isXML(r, size) {
			return clean(s, i)
		}
		i += size
	}
	return s
}

func clean(s string, from int) string {
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:from])
	for s = s[from:]; len(s) > 0; {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case isXML(r, size):
			b.WriteString(s[:size])
		case r >= 0x80 && r < 0xa0:
			// What was windows-1252 and was taken for Latin-1, as HTML has it
			// (13.2.5.80).
			if c := charmap.Windows1252.DecodeByte(byte(r)); isXML(c, 0) {
				b.WriteRune(c)
			}
		}
		s = s[size:]
	}
	return b.String()
}

// isXML says that XML 1.0 allows a character (2.2), and does not advise against
// it: control characters, and what is no character, are faults in HTML.
func isXML(r rune, size int) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return true
	case r == utf8.RuneError:
		return size > 1
	}
	return r >= ' ' && r < 0x7f || r >= 0xa0 && r&0xfffe != 0xfffe && (r < 0xfdd0 || r > 0xfdef)
}
