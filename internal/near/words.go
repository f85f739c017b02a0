package near

import (
	"strings"
	"unicode/utf8"

	"aggregator/internal/canon"
	"aggregator/internal/lang"
)

// word is the Word of a folded word.
func word(s string) Word {
	h := Word(canon.Hash(s)) & (1<<WordBits - 1) &^ 1
	if isDigit(s[0]) {
		h |= 1
	}
	return h
}

// numbers are the words that are written for small numbers: "five-year" and
// "5-year" are the same. "One" and "second" are left out: they mostly count
// nothing.
var numbers = map[string]string{
	"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
	"eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16", "seventeen": "17",
	"eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50",
	"third": "3", "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10",
}

// spelt are words and units of one meaning that headlines and texts write
// differently; "" is left out.
var spelt = map[string]string{
	"bn": "billion", "bln": "billion", "mn": "million", "mln": "million", "tn": "trillion", "trn": "trillion",
	"pct": "", "percent": "", "dlrs": "dollars", "dlr": "dollars", "s": "", "govt": "government",
	"qtr": "quarter", "qtly": "quarterly", "qtrly": "quarterly", "div": "dividend", "vs": "versus",
}

// units are what is written right behind a number.
var units = map[string]string{
	"b": "billion", "m": "million", "k": "thousand", "pc": "", "st": "", "nd": "", "rd": "", "th": "",
}

// words are what is compared of a text, in order, about most of them.
func words(s string, most int) (ws []Word) {
	s = firstBytes(s, most*32)
	ws = make([]Word, 0, min(most, len(s)/5)+1)
	for len(s) > 0 {
		n := piece(s)
		for w := range canon.EachWord(ordinals(lang.Simplify(undot(s[:n])))) {
			if len(ws) >= most {
				return ws[:most]
			}
			ws = appendWord(ws, w)
		}
		s = s[n:]
	}
	return ws
}

// piece is the length of a part of s of which words can be made apart from the
// rest, so that a long text is read no further than its words are needed: about
// a KB, up to a comma, stop or space with a letter or Han behind it.
func piece(s string) int {
	for i := 1 << 10; i < len(s); i++ {
		if (isLetter(s[i]) || 0xe4 <= s[i] && s[i] <= 0xe9) && ends(s[:i]) {
			return i
		}
	}
	return len(s)
}

func ends(s string) bool {
	last := s[len(s)-1]
	return last == ' ' || last == ',' || strings.HasSuffix(s, "。") || strings.HasSuffix(s, "、")
}

// appendWord: one word can be two, as 10bn.
func appendWord(ws []Word, w string) []Word {
	if isDigit(w[0]) {
		return appendNumber(ws, w)
	}
	if w[0] < utf8.RuneSelf {
		if k, ok := known[w]; ok && k == leftOut {
			return ws
		} else if ok {
			return append(ws, k)
		}
	}
	return append(ws, word(w))
}

// known are the words that are not just themselves.
var known = knownWords()

const leftOut Word = 1 << WordBits

func knownWords() map[string]Word {
	known := map[string]Word{}
	for w, n := range numbers {
		known[w] = word(n)
	}
	for w, as := range spelt {
		if known[w] = leftOut; as != "" {
			known[w] = word(as)
		}
	}
	for w := range weekdays {
		known[w] = word(w) | 1
	}
	return known
}

// weekdays count as numbers: "Weather on Monday" and "Weather on Tuesday" are
// as different as "Weather 3" and "Weather 4".
var weekdays = map[string]bool{
	"monday": true, "tuesday": true, "wednesday": true, "thursday": true, "friday": true, "saturday": true, "sunday": true,
	"lunes": true, "martes": true, "miercoles": true, "jueves": true, "viernes": true, "sabado": true, "domingo": true,
	"lundi": true, "mardi": true, "mercredi": true, "jeudi": true, "vendredi": true, "samedi": true, "dimanche": true,
	"montag": true, "dienstag": true, "mittwoch": true, "donnerstag": true, "freitag": true, "samstag": true, "sonntag": true,
}

// appendNumber takes 10bn apart, and the end off 12th and 1.50.
func appendNumber(ws []Word, w string) []Word {
	n := 0
	for n < len(w) && (isDigit(w[n]) || w[n] == '.') {
		n++
	}
	number, unit := w[:n], w[n:]
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	if t := strings.TrimLeft(number, "0"); t != "" && t[0] != '.' {
		number = t
	}
	ws = append(ws, word(number))
	u, ok := units[unit]
	if !ok {
		if u, ok = spelt[unit]; !ok {
			u = unit
		}
	}
	if u != "" {
		ws = append(ws, word(u))
	}
	return ws
}

// undot joins the letters of U.S. and U.N., which headlines write as US and UN.
func undot(s string) string {
	var b []byte
	done := 0
	for i := nextDot(s, 0); i < len(s); i = nextDot(s, i+1) {
		if initial(s, i) {
			b = append(b, s[done:i]...)
			done = i + 1
		}
	}
	if done == 0 {
		return s
	}
	return string(append(b, s[done:]...))
}

// nextDot is where the next dot is from i on, or the end.
func nextDot(s string, i int) int {
	if n := strings.IndexByte(s[i:], '.'); n >= 0 {
		return i + n
	}
	return len(s)
}

// initial says whether the dot s[i] ends one of several initials.
func initial(s string, i int) bool {
	alone := i > 0 && isLetter(s[i-1]) && (i == 1 || !isLetter(s[i-2]))
	next := i+2 < len(s) && isLetter(s[i+1]) && s[i+2] == '.'
	return alone && (next || i > 2 && s[i-2] == '.')
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// ordinals writes 第十三 and 第13 as 13, and a lone （上） （中） （下) as parts one to three:
// characters in pairs would hide that they count.
func ordinals(s string) string {
	if hasPart(s) {
		s = parts.Replace(s)
	}
	i := strings.Index(s, "第")
	if i < 0 {
		return s
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(s, "第") {
		b.WriteString(s[:i])
		s = s[i+len("第"):]
		n, rest := hanNumber(s)
		if n == "" && (s == "" || !isDigit(s[0])) {
			b.WriteString("第")
		}
		b.WriteString(n)
		s = rest
	}
	return b.String() + s
}

var parts = strings.NewReplacer("（上）", " 1 ", "（中）", " 2 ", "（下）", " 3 ", "(上)", " 1 ", "(中)", " 2 ", "(下)", " 3 ")

func hasPart(s string) bool {
	for _, end := range [...]string{"上)", "中)", "下)", "上）", "中）", "下）"} {
		if strings.Contains(s, end) {
			return true
		}
	}
	return false
}

const hanDigits = "零一二三四五六七八九"

// hanNumber reads a number below a hundred off the front.
func hanNumber(s string) (number, rest string) {
	value, digit, end := 0, 0, 0
	for i, r := range s {
		d := strings.IndexRune(hanDigits, r)
		switch {
		case d >= 0:
			digit = d / len("零")
		case r == '十':
			value, digit = max(digit, 1)*10, 0
		default:
			return decimal(value+digit, end), s[end:]
		}
		end = i + len("零")
	}
	return decimal(value+digit, end), s[end:]
}

func decimal(n, read int) string {
	if read == 0 {
		return ""
	}
	if n < 10 {
		return " " + string(rune('0'+n)) + " "
	}
	return " " + string(rune('0'+n/10%10)) + string(rune('0'+n%10)) + " "
}
