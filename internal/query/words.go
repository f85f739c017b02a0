package query

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A word is a place in a text: letters and digits in a row, or one character
// of a script that is written without spaces ("lone"), so that a term of such
// a script is a sequence and found anywhere.
//
// These are not the words of UAX #29, which keeps "l'Iran" and "Xi's" whole:
// here Iran is found in the one and Xi in the other.
type word struct {
	from, to int32 // bytes of the text
	lone     bool  // one character of Chinese, Japanese, Korean, Thai, …
	glued    bool  // begins where the word before ended
	accented bool  // has marks that may be one with the letter before
}

// eachWord calls do with the words of s, in order.
func eachWord(s string, do func(word)) {
	last := 0
	for i := 0; i < len(s); {
		c, n := classAt(s, i)
		if c != letter && c != lone {
			i += n
			continue
		}
		end, accented := wordEnd(s, i, i+n, c)
		do(word{int32(i), int32(end), c == lone, i == last, accented})
		i, last = skipPossessive(s, end), end
	}
}

// wordEnd is where the word ends that begins at from with a character of
// class c; i is after that character.
func wordEnd(s string, from, i int, c class) (end int, accented bool) {
	if c == letter && i < len(s) && s[i] == '.' {
		if end := acronymEnd(s, from); end > 0 {
			return end, false
		}
	}
	for i < len(s) {
		for c == letter && i < len(s) && isASCIIWord(s[i]) {
			i++
		}
		next, n := classAt(s, i)
		if next == gap || next == lone || next == letter && c == lone {
			break
		}
		accented = accented || next == accent
		i += n
	}
	return i, accented
}

// acronymEnd is where the last letter of U.S. or U.N. stands, which are read
// as US and UN; 0 when there is none at i, as in "a.com" or "J. Smith".
func acronymEnd(s string, i int) int {
	letters := 0
	for i < len(s) && isASCIILetter(s[i]) {
		letters++
		i++
		if c, _ := classAt(s, i); c != gap {
			return 0
		}
		if i+1 >= len(s) || s[i] != '.' || !isASCIILetter(s[i+1]) {
			break
		}
		i++
	}
	if letters < 2 {
		return 0
	}
	return i
}

// skipPossessive steps over the 's after a word: "China's government" is
// found by "china government", and Xi's finds Xi.
func skipPossessive(s string, i int) int {
	if i < len(s) && s[i] == ' ' {
		return i
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	if !isApostrophe(r) || i+n >= len(s) || s[i+n]|0x20 != 's' {
		return i
	}
	if c, _ := classAt(s, i+n+1); c != gap && c != lone {
		return i
	}
	return i + n + 1
}

func isApostrophe(r rune) bool {
	switch r {
	case '\'', '’', '‘', '′', '＇', '`', '´':
		return true
	}
	return isLetterApostrophe(r)
}

// isLetterApostrophe tells the apostrophes of Oʻzbekiston and м'ята that
// Unicode counts as letters.
func isLetterApostrophe(r rune) bool { return 0x02B9 <= r && r <= 0x02BF }

// appendWord appends word w of s, folded; U.S loses its dots.
func appendWord(dst []byte, s string, w word) []byte {
	from := len(dst)
	surface := s[w.from:w.to]
	if w.accented {
		surface = norm.NFC.String(surface)
	}
	dst = appendFold(dst, surface)
	if len(dst) > from+1 && dst[from+1] == '.' {
		dst = dst[:from+len(slices.DeleteFunc(dst[from:], func(c byte) bool { return c == '.' }))]
	}
	return dst
}

// A class is what a character is to words.
type class uint8

const (
	gap    class = iota
	letter       // or digit
	lone         // a word by itself
	mark         // belongs to the character before, or is not seen at all
	accent       // a mark that may be one letter with the character before
)

func classAt(s string, i int) (class, int) {
	if i >= len(s) {
		return gap, 0
	}
	if c := s[i]; c < utf8.RuneSelf {
		if isASCIIWord(c) {
			return letter, 1
		}
		return gap, 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return classOf(r), n
}

func isASCIILetter(c byte) bool { return (c|0x20)-'a' < 26 }

func isASCIIWord(c byte) bool { return (c|0x20)-'a' < 26 || c-'0' < 10 }

// classOf knows the common alphabets without looking them up.
func classOf(r rune) class {
	switch {
	case 'À' <= r && r <= 0x024F && r != '×' && r != '÷',
		0x0400 <= r && r <= 0x0481, // Cyrillic
		0x0388 <= r && r <= 0x03CE, // Greek
		'א' <= r && r <= 'ת',
		'ء' <= r && r <= 'ي' && r != 'ـ':
		return letter
	case isLoneRange(r):
		return lone
	}
	return classOfRare(r)
}

// isLoneRange holds the most of the characters of Chinese, Japanese, Korean.
func isLoneRange(r rune) bool {
	return 0x4E00 <= r && r <= 0x9FFF ||
		0x3041 <= r && r <= 0x3096 ||
		0x30A1 <= r && r <= 0x30FA || r == 'ー' ||
		0xAC00 <= r && r <= 0xD7A3
}

func classOfRare(r rune) class {
	switch {
	case isLetterApostrophe(r):
		return gap
	case isHidden(r), 0x064B <= r && r <= 0x0652, 0x0E00 <= r && r <= 0x0EFF && unicode.IsMark(r):
		return mark
	case unicode.IsMark(r), isHalfVoicing(r), 0x1160 <= r && r <= 0x11FF: // of Korean, taken apart
		return accent
	case unicode.IsLetter(r), r == '〇':
		if isLone(r) {
			return lone
		}
		return letter
	case unicode.IsDigit(r):
		return letter
	}
	return gap
}

// isLone tells the letters of scripts written without spaces, and Korean,
// whose particles stick to the word.
func isLone(r rune) bool {
	if r < 0x0E00 { // nothing below Thai
		return false
	}
	return unicode.In(r, unicode.Thai, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana,
		unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == '々' || r == 'ー'
}
