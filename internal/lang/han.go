package lang

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

//go:generate go run hangen.go

// Simplify is s with traditional Chinese characters made simplified, one by
// one, for comparing only: 發 (to send) and 髮 (hair) both become 发, and a
// Japanese 東京 becomes 东京. Simplified characters that are traditional ones
// as well (著, 乾) stay.
func Simplify(s string) string {
	i, to := nextTraditional(s, 0)
	if to == "" {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	done := 0
	for ; to != ""; i, to = nextTraditional(s, done) {
		b.WriteString(s[done:i])
		b.WriteString(to)
		done = i + hanBytes
	}
	b.WriteString(s[done:])
	return b.String()
}

// hanBytes is the length of every character in the table in UTF-8, U+3400 to
// U+9FFF.
const hanBytes = 3

// nextTraditional finds the first traditional character of s from i on, and
// its simplified form; "" if there is none. It looks at bytes, so that other
// scripts cost next to nothing: these characters begin with 0xE3 to 0xE9, and
// no other character has such a byte.
func nextTraditional(s string, i int) (int, string) {
	for i+hanBytes <= len(s) {
		c := s[i]
		if c < 0xe3 || c > 0xe9 {
			i++
			continue
		}
		r := rune(c&0xf)<<12 | rune(s[i+1]&0x3f)<<6 | rune(s[i+2]&0x3f)
		if to := simplified(r); to != "" && isTail(s[i+1]) && isTail(s[i+2]) {
			return i, to
		}
		i++
	}
	return i, ""
}

func isTail(c byte) bool { return c&0xc0 == 0x80 }

// Simple is a character simplified, or as it is.
func Simple(r rune) rune {
	if to := simplified(r); to != "" {
		r, _ = utf8.DecodeRuneInString(to)
	}
	return r
}

// A hanPage is 64 characters: which of them are in the table, and how many are
// before them.
type hanPage struct {
	bits   uint64
	before uint16
}

// simplified is the simplified form of a character; "" if it is one.
func simplified(r rune) string {
	n := (r - 0x3400) / 64
	if r < 0x3400 || int(n) >= len(hanPages) {
		return ""
	}
	p, bit := hanPages[n], uint64(1)<<(r%64)
	if p.bits&bit == 0 {
		return ""
	}
	at := (int(p.before) + bits.OnesCount64(p.bits&(bit-1))) * hanBytes
	return hanSimplified[at : at+hanBytes]
}
