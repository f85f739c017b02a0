package canon

import (
	"iter"
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
	s = NFKC(s)
	b := make([]byte, 0, len(s)+len(s)/8)
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			b = append(b, c)
			i++
			continue
		}
		if isHanLead(c) {
			n := hanRun(s[i:])
			b = append(b, s[i:i+n]...)
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if hasCaseOrAccent(r) {
			b = foldRune(b, s[i:i+size], r)
		} else {
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return string(b)
}

// isHanLead: bytes that begin U+3000 to U+9FFF and nothing else: Han and kana,
// which have neither case nor accents.
func isHanLead(c byte) bool { return 0xe3 <= c && c <= 0xe9 }

// hanBytes is the length in UTF-8 of what begins so.
const hanBytes = 3

func isTail(c byte) bool { return c&0xc0 == 0x80 }

// hanRun is the length of the run of Han and kana that s begins with; at least
// one byte, if that is broken.
func hanRun(s string) int {
	i := 0
	for i+hanBytes <= len(s) && isHanLead(s[i]) && isTail(s[i+1]) && isTail(s[i+2]) {
		i += hanBytes
	}
	return max(i, 1)
}

// hasCaseOrAccent leaves out the scripts that have neither, which are most of
// Unicode: Hebrew to Burmese, Hangul, Han, kana.
func hasCaseOrAccent(r rune) bool {
	return r < 0x590 || 0x10a0 <= r && r < 0x1100 || 0x13a0 <= r && r < 0x1400 || 0x1c80 <= r && r < 0x3000 || 0xa640 <= r && r < 0xac00 || r >= 0x10000
}

func foldRune(b []byte, s string, r rune) []byte {
	if isAccent(r) {
		return b
	}
	if 0x410 <= r && r <= 0x44f && r|0x20 != 'й' { // most of Cyrillic
		return utf8.AppendRune(b, max(r, (r-0x410)&0x1f+0x430))
	}
	if 0xc0 <= r && r <= 0xff && latin1[r-0xc0] != '?' {
		return append(b, latin1[r-0xc0])
	}
	if d := norm.NFD.PropertiesString(s).Decomposition(); len(d) > 0 && onlyAccents(d) {
		r, _ = utf8.DecodeRune(d)
	}
	switch r = unicode.ToLower(r); r {
	case 'ß':
		return append(b, "ss"...)
	case 'ς':
		return utf8.AppendRune(b, 'σ')
	// Letters with a stroke are no letter and accent to Unicode, but people
	// type them without.
	case 'ø':
		return append(b, 'o')
	case 'ł':
		return append(b, 'l')
	case 'đ':
		return append(b, 'd')
	case 'ı':
		return append(b, 'i')
	}
	return utf8.AppendRune(b, r)
}

// latin1 is what U+00C0 to U+00FF fold to, where that is one letter.
const latin1 = "aaaaaa?ceeeeiiii?nooooo?ouuuuy??aaaaaa?ceeeeiiii?nooooo?ouuuuy?y"

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
	ws := make([]string, 0, len(s)/6+1)
	for w := range EachWord(s) {
		ws = append(ws, w)
	}
	return ws
}

// EachWord yields the [Words] of s one by one, without room for all of them.
func EachWord(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		s := Fold(s)
		for len(s) > 0 {
			n, kind := run(s)
			switch {
			case kind == unspaced && !eachPair(s[:n], yield), kind == spaced && !yield(joinDigits(s[:n])):
				return
			}
			s = s[n:]
		}
	}
}

// What a run of characters is.
const (
	between  = iota // words
	spaced          // one word
	unspaced        // words without spaces
)

// run is the length of what s begins with, and its kind.
func run(s string) (n, kind int) {
	c := s[0]
	if c < utf8.RuneSelf {
		if !isAlnum(c) {
			return 1, between
		}
		return wordRun(s), spaced
	}
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case !isWord(r):
		return size, between
	case isUnspaced(r):
		return unspacedRun(s), unspaced
	}
	return wordRun(s), spaced
}

// Normal is the words of s with a space between them. Two texts are the same
// to a reader who sees neither case nor punctuation if this is.
func Normal(s string) string {
	if isASCII(s) {
		return normalASCII(s)
	}
	b := make([]byte, 0, len(s)*5/2) // pairs of Han are seven bytes for three
	for w := range EachWord(s) {
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = append(b, w...)
	}
	return string(b)
}

func normalASCII(s string) string {
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
	return isPlainCJK(r) || isCommonLetter(r) || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// isCommonLetter is most of Cyrillic and Arabic.
func isCommonLetter(r rune) bool {
	return 0x400 <= r && r <= 0x481 || 0x620 <= r && r <= 0x65f
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

// eachPair yields the overlapping pairs of characters of a run, a lone one
// itself, and says whether to go on.
func eachPair(run string, yield func(string) bool) bool {
	first, second := 0, width(run)
	if second == len(run) {
		return yield(run)
	}
	for second < len(run) {
		end := second + width(run[second:])
		if !yield(run[first:end]) {
			return false
		}
		first, second = second, end
	}
	return true
}

// width is the length of the character that s begins with, which is none that
// is broken.
func width(s string) int {
	if isHanLead(s[0]) {
		return hanBytes
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}
