package canon

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold brings text into the form in which words are compared: compatibility
// forms and widths unified (NFKC), lower case, accents of Latin, Greek and
// Cyrillic letters dropped. Marks that make another letter elsewhere (Thai
// vowels, kana voicing) stay.
func Fold(s string) string {
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
			foldRune(&b, s[i:i+size], r)
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// hasCaseOrAccent leaves out the scripts that have neither, which are most of
// Unicode: Hebrew to Burmese, Hangul, Han, kana.
func hasCaseOrAccent(r rune) bool {
	return r < 0x590 || 0x10a0 <= r && r < 0x1100 || 0x13a0 <= r && r < 0x1400 || 0x1c80 <= r && r < 0x3000 || 0xa640 <= r && r < 0xac00 || r >= 0x10000
}

func foldRune(b *strings.Builder, s string, r rune) {
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

// onlyAccents says whether a decomposition is a letter and nothing but accents.
func onlyAccents(d []byte) bool {
	_, size := utf8.DecodeRune(d)
	for _, r := range string(d[size:]) {
		if !isAccent(r) {
			return false
		}
	}
	return len(d) > size
}

func isAccent(r rune) bool { return 0x300 <= r && r <= 0x36f }

// isPlainCJK is most of Han, kana and Hangul.
func isPlainCJK(r rune) bool {
	return 0x3041 <= r && r <= 0x3096 || 0x30a1 <= r && r <= 0x30fa || r == 'ー' || 0x3400 <= r && r <= 0x4dbf || 0x4e00 <= r && r <= 0x9fff || 0xac00 <= r && r <= 0xd7a3
}

// Words are the words of s for comparing, folded: runs of letters, digits and
// their marks. Han, kana, Thai, Lao, Khmer and Burmese write no spaces: each
// run of them gives its overlapping pairs of characters (中国人 gives 中国 and
// 国人, a lone 中 itself), which find again what no dictionary has to cut.
// Hangul has spaces and stays whole. Digits are joined over the comma or point
// between them (1,000 and 1.5 give 1000 and 1.5).
func Words(s string) []string {
	s = Fold(s)
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

// Normal is the words of s with a space between them. Two texts are the same
// to a reader who sees neither case nor punctuation if this is.
func Normal(s string) string {
	if !isASCII(s) {
		return strings.Join(Words(s), " ")
	}
	b := make([]byte, 0, len(s))
	gap := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isAlnum(c):
			if gap && len(b) > 0 {
				b = append(b, ' ')
			}
			gap = false
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			b = append(b, c)
		case !isDecimal(s, i):
			gap = true
		case c == '.':
			b = append(b, c)
		}
	}
	return string(b)
}

// wordRun is the length of the word that s begins with.
func wordRun(s string) int {
	i := 0
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if !isAlnum(c) && !isDecimal(s, i) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isWord(r) || isUnspaced(r) {
			return i
		}
		i += size
	}
	return i
}

// isDecimal says whether s[i] is a comma or point between digits.
func isDecimal(s string, i int) bool {
	return (s[i] == ',' || s[i] == '.') && i > 0 && i+1 < len(s) && isDigit(s[i-1]) && isDigit(s[i+1])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func joinDigits(w string) string {
	if strings.IndexByte(w, ',') < 0 {
		return w
	}
	return strings.ReplaceAll(w, ",", "")
}

func isWord(r rune) bool {
	return isPlainCJK(r) || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func isUnspaced(r rune) bool {
	switch {
	case r < 0xe00:
		return false
	case isPlainCJK(r):
		return r < 0xac00 // Hangul has spaces
	case r < 0x3000 && r >= 0x1a00:
		return false
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー'
}

func unspacedRun(s string) int {
	for i, r := range s {
		if !isUnspaced(r) || !isWord(r) {
			return i
		}
	}
	return len(s)
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
