package canon

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// How Fold and Words were first written: what they return is hashed into kept
// stores, and must stay.

func slowFold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	if !norm.NFKC.IsNormalString(s) {
		s = norm.NFKC.String(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			b.WriteByte(c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if hasCaseOrAccent(r) {
			slowFoldRune(&b, s[i:i+size], r)
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func slowFoldRune(b *strings.Builder, s string, r rune) {
	if isAccent(r) {
		return
	}
	if d := norm.NFD.PropertiesString(s).Decomposition(); len(d) > 0 && onlyAccents(d) {
		r, _ = utf8.DecodeRune(d)
	}
	switch r = unicode.ToLower(r); r {
	case 'ß':
		b.WriteString("ss")
	case 'ς':
		b.WriteRune('σ')
	// Letters with a stroke are no letter and accent to Unicode, but people
	// type them without.
	case 'ø':
		b.WriteByte('o')
	case 'ł':
		b.WriteByte('l')
	case 'đ':
		b.WriteByte('d')
	case 'ı':
		b.WriteByte('i')
	default:
		b.WriteRune(r)
	}
}

func slowWords(s string) []string {
	s = slowFold(s)
	ws := make([]string, 0, len(s)/6+1)
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if !isAlnum(c) {
				i++
				continue
			}
		} else if r, size := utf8.DecodeRuneInString(s[i:]); !isWord(r) {
			i += size
			continue
		} else if isUnspaced(r) {
			n := unspacedRun(s[i:])
			ws = appendPairs(ws, s[i:i+n])
			i += n
			continue
		}
		n := wordRun(s[i:])
		ws = append(ws, joinDigits(s[i:i+n]))
		i += n
	}
	return ws
}

func appendPairs(ws []string, run string) []string {
	prev := -1
	for i, r := range run {
		if prev >= 0 {
			ws = append(ws, run[prev:i+utf8.RuneLen(r)])
		}
		prev = i
	}
	if prev == 0 {
		return append(ws, run)
	}
	return ws
}
