package query

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"aggregator/internal/lang"
)

// Fold gives s as queries compare it: without case, diacritics and width,
// Chinese characters simplified, the forms of one Arabic letter as one. What
// only looks like a diacritic and makes another letter stays: the marks of が, й
// and क़, the vowel signs of Hindi and Thai.
func Fold(s string) string {
	return string(norm.NFC.Bytes(appendFold(nil, norm.NFC.String(s)))) // ㈑ gives parts that are one letter
}

// appendFold appends s folded. Where letters and marks may be one letter, s is
// in NFC.
func appendFold(dst []byte, s string) []byte {
	from, voiced := len(dst), false
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			dst = append(dst, lower(c))
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		voiced = voiced || isHalfVoicing(r)
		dst = appendFoldRune(dst, r)
		i += n
	}
	if voiced { // half-width ｶﾞ is now カ and a mark: make it ガ
		dst = append(dst[:from], norm.NFC.Bytes(dst[from:])...)
	}
	return dst
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// latin is À to ſ without case and marks; a dot where it takes more than that.
const latin = "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.y" +
	"aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll....nnnnnn...oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzz."

func appendFoldRune(dst []byte, r rune) []byte {
	switch {
	case 'À' <= r && r <= 'ſ' && latin[r-'À'] != '.':
		return append(dst, latin[r-'À'])
	case 'А' <= r && r <= 'Я':
		return utf8.AppendRune(dst, r+'а'-'А')
	case 0x3400 <= r && r <= 0x9FFF:
		return utf8.AppendRune(dst, lang.Simple(r))
	case 0x0620 <= r && r <= 0x06F9 && arabicAs(r) != 0:
		return utf8.AppendRune(dst, arabicAs(r))
	case foldsToItself(r):
		return utf8.AppendRune(dst, r)
	}
	return appendFoldRare(dst, r)
}

// foldsToItself knows the letters of the common alphabets without looking
// them up: the rest costs ten times as much.
func foldsToItself(r rune) bool {
	switch {
	case 'а' <= r && r <= 'я', // й is no и with an accent
		r == 'ў',
		'α' <= r && r <= 'ω' && r != 'ς',
		'א' <= r && r <= 'ת',
		'ا' <= r && r <= 'ي' && r != 'ـ' && !isArabicMark(r),
		0x0900 <= r && r <= 0x0957, 0x0E00 <= r && r <= 0x0EFF, 0x1000 <= r && r <= 0x109F, // Hindi, Thai, Lao, Burmese
		isLoneRange(r):
		return true
	}
	return false
}

func appendFoldRare(dst []byte, r rune) []byte {
	r = unicode.ToLower(r)
	if foldsToItself(r) {
		return utf8.AppendRune(dst, r)
	}
	parts := norm.NFKD.PropertiesString(string(r)).Decomposition()
	if parts == nil {
		return appendPart(dst, r)
	}
	for len(parts) > 0 {
		p, n := utf8.DecodeRune(parts)
		dst = appendPart(dst, unicode.ToLower(p))
		parts = parts[n:]
	}
	return dst
}

// arabicAs is the letter that an Arabic one is compared as, 0 for itself: people
// and keyboards differ in the seat of the hamza, the end of a word, and between
// the Arabic and the Persian ك and ي.
func arabicAs(r rune) rune {
	switch r {
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ى', 'ی', 'ئ':
		return 'ي'
	case 'ؤ':
		return 'و'
	case 'ة', 'ۀ', 'ہ', 'ھ', 'ۂ':
		return 'ه'
	case 'ک', 'ڪ':
		return 'ك'
	}
	switch {
	case '٠' <= r && r <= '٩':
		return r - '٠' + '0'
	case '۰' <= r && r <= '۹':
		return r - '۰' + '0'
	}
	return 0
}

// spelled are the letters that Unicode does not take apart, and readers do.
func spelled(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'ħ':
		return "h"
	case 'ı':
		return "i"
	case 'ŧ':
		return "t"
	case 'þ':
		return "th"
	case 'ς':
		return "σ"
	}
	return ""
}

// appendPart appends what cannot be taken apart; ǽ is æ with an accent.
func appendPart(dst []byte, r rune) []byte {
	if s := spelled(r); s != "" {
		return append(dst, s...)
	}
	if isDiacritic(r) || isHidden(r) {
		return dst
	}
	if as := arabicAs(r); as != 0 {
		r = as
	}
	return utf8.AppendRune(dst, lang.Simple(r))
}

// isDiacritic tells the marks that a reader may leave out.
func isDiacritic(r rune) bool {
	switch {
	case 0x0300 <= r && r <= 0x036F,
		0x0483 <= r && r <= 0x0489,
		0x0591 <= r && r <= 0x05C7, // Hebrew points
		isArabicMark(r),
		0x1AB0 <= r && r <= 0x1AFF, 0x1DC0 <= r && r <= 0x1DFF,
		0x20D0 <= r && r <= 0x20FF, 0xFE20 <= r && r <= 0xFE2F:
		return true
	}
	return false
}

func isArabicMark(r rune) bool {
	return 0x0610 <= r && r <= 0x061A || 0x064B <= r && r <= 0x065F || r == 0x0670 ||
		0x06D6 <= r && r <= 0x06ED && unicode.IsMark(r)
}

// isHidden tells what stands inside a word and is not seen: soft hyphens,
// joiners, directions, variation selectors, the Arabic tatweel.
func isHidden(r rune) bool {
	return r == 'ـ' || 0xFE00 <= r && r <= 0xFE0F || unicode.Is(unicode.Cf, r)
}

// isHalfVoicing tells ﾞ and ﾟ, marks that Unicode counts as letters.
func isHalfVoicing(r rune) bool { return r == 0xFF9E || r == 0xFF9F }
