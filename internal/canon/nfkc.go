package canon

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NFKC is s in Unicode's normal form KC, as [norm.NFKC] makes it, which takes
// 30 times as long where text is Chinese or Japanese: its full-width commas
// alone make all of it be composed anew.
func NFKC(s string) string {
	done := settled(s)
	if done == len(s) {
		return s
	}
	if !utf8.ValidString(s) {
		return norm.NFKC.String(s) // half a character at the end of a piece stays as it is there
	}
	b := append(make([]byte, 0, len(s)+8), s[:done]...)
	for done < len(s) {
		if to, n := compatible(s[done:]); n > 0 {
			b = append(b, to...)
			done += n
		} else {
			b, done = compose(b, s, done)
		}
		n := settled(s[done:])
		b = append(b, s[done:done+n]...)
		done += n
	}
	return string(b)
}

// compose leaves to norm what stands at s[at:] up to the next character known
// here, and the one before, which may join with it. b is what s[:at] became.
func compose(b []byte, s string, at int) ([]byte, int) {
	_, n := utf8.DecodeLastRuneInString(s[:at])
	start, end := at-n, at
	b = b[:len(b)-len(norm.NFKC.String(s[start:at]))]
	for end < len(s) && settled(s[end:min(end+utf8.UTFMax, len(s))]) == 0 {
		if _, n := compatible(s[end:]); n > 0 {
			break
		}
		_, n := utf8.DecodeRuneInString(s[end:])
		end += n
	}
	return norm.NFKC.AppendString(b, s[start:end]), end
}

// settled is the length of the run of characters that s begins with which stay
// as they are and do not join with what stands before them.
func settled(s string) int {
	i := 0
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			continue
		}
		if 0xe4 <= c && c <= 0xe9 && i+2 < len(s) && isTail(s[i+1]) && isTail(s[i+2]) { // U+4000 to U+9FFF
			i += hanBytes
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isSettled(r) || size == 1 {
			return i
		}
		i += size
	}
	return i
}

// isSettled knows the most common ones; a test compares it with Unicode's data.
func isSettled(r rune) bool {
	switch {
	case isPlainCJK(r):
		return true
	case r < 0x180: // Latin; ª µ ĳ ŀ ŉ ſ and the like change
		return 0xc0 <= r && r <= 0x131 || 0x134 <= r && r <= 0x13e || 0x141 <= r && r <= 0x148 || 0x14a <= r && r <= 0x17e ||
			r == '«' || r == '»' || r == '·' || r == '°' || r == '£' || r == '©' || r == '®'
	case r < 0x590: // Cyrillic
		return 0x400 <= r && r <= 0x481
	case r < 0x2000: // Arabic
		return 0x621 <= r && r <= 0x63a || 0x641 <= r && r <= 0x64a || r == '،' || r == '؟'
	case r < 0x3000: // dashes, quotation marks, bullets, the euro
		return 0x2012 <= r && r <= 0x2016 || 0x2018 <= r && r <= 0x2023 || r == '€'
	}
	return 0x3001 <= r && r <= 0x301d
}

// compatible is what the character that s begins with becomes, and its length;
// 0 if it is not known here.
func compatible(s string) (to string, n int) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case 0xff01 <= r && r <= 0xff5e:
		at := r - 0xff01
		return narrow[at : at+1], size
	case r == '\u3000' || r == '\u00a0':
		return " ", size
	case r == '…':
		return "...", size
	}
	return "", 0
}

// narrow are the characters that U+FF01 to U+FF5E are wide forms of.
const narrow = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
