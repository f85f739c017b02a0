package near

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The first four scanners below stand for one regular expression, which is
// fifty times slower; slow_test.go keeps it. Each gives the length of the
// dateline that s begins with.

// dateline: "SEOUL, Aug 20 (Reuters) - ", "By Jane Doe LONDON (AP) — ",
// "Max Hunder [キーウ 18日 ロイター] - ", "路透北京3月15日 - ", "Aug 18 : ".
func dateline(s string) (n int, ok bool) {
	for _, scan := range [...]func(string) (int, bool){
		agencyDateline, hanDateline, dayDateline, placeDateline, namedDateline, tassDateline, reporterDateline,
	} {
		if n, ok = scan(s); ok {
			return n, ok
		}
	}
	return 0, false
}

// agencyDateline: "SEOUL, Aug 20 (Reuters) - ": up to 90 characters of one
// sentence, up to 40 in brackets, a dash or colon or the end.
func agencyDateline(s string) (int, bool) {
	open, _ := upTo(s, 0, 90)
	if open < 0 || s[open] != '(' && s[open] != '[' {
		return 0, false
	}
	end, inside := upTo(s[open+1:], bracketsOnly, 40)
	if end < 0 || inside < 2 || s[open+1+end] == '(' || s[open+1+end] == '[' {
		return 0, false
	}
	end = skip(s, open+end+2, ' ')
	n := end + dashRun(s[end:], true)
	return skip(s, n, ' '), n > end || end == len(s)
}

const bracketsOnly = 1

// upTo is where the first bracket stands or the first end of a sentence, and
// how many characters before it; -1 if they are more than most or there is none.
func upTo(s string, what, most int) (at, count int) {
	for i, r := range s {
		switch r {
		case '(', ')', '[', ']':
			return i, count
		case '.', '!', '?', '。':
			if what != bracketsOnly {
				return i, count
			}
		}
		if count++; count > most {
			break
		}
	}
	return -1, 0
}

// skip is the place behind one c at s[i], if there is one.
func skip(s string, i int, c byte) int {
	if i < len(s) && s[i] == c {
		i++
	}
	return i
}

// dashRun is the length of the run of dashes that s begins with.
func dashRun(s string, colons bool) int {
	n := 0
	for _, r := range s {
		if r != '-' && r != '–' && r != '—' && !(colons && r == ':') {
			return n
		}
		n += utf8.RuneLen(r)
	}
	return n
}

// dashOrColon is the length of dashes, or a colon, and a space behind.
func dashOrColon(s string) (int, bool) {
	n := dashRun(s, false)
	if n == 0 {
		n = skip(s, 0, ':')
	}
	return n + 1, n > 0 && n < len(s) && s[n] == ' '
}

// A stretch is where the characters of a run end: at[0] is 0, at[n] its length.
type stretch struct {
	at [32]int
	n  int
}

// stretchOf is the run of characters of one kind that s begins with, at most
// most of them, most < 32.
func stretchOf(s string, most int, is func(rune) bool) (x stretch) {
	for i, r := range s {
		x.at[x.n] = i
		if x.n == most || !is(r) {
			return x
		}
		x.n++
	}
	x.at[x.n] = len(s)
	return x
}

// hanDateline: "路透北京3月15日 - ", "新华社东京3月3日电 ": up to 24 characters
// and a number before a day or month, up to six behind.
func hanDateline(s string) (int, bool) {
	x := stretchOf(s, 24+2+1, inSentence)
	for k := x.n; k > 2; k-- {
		day, end := x.at[k-1], x.at[k]
		if w := s[day:end]; w != "日" && w != "月" || !isDigit(s[day-1]) {
			continue
		}
		if before := k - 1; before > 25 && !isDigit(s[day-2]) {
			continue
		}
		if n, ok := afterDay(s[end:]); ok {
			return end + n, true
		}
	}
	return 0, false
}

func afterDay(s string) (int, bool) {
	if n := cabled(s); n > 0 {
		if m, ok := afterCabled(s[n:]); ok {
			return n + m, true
		}
	}
	return afterCabled(s)
}

func afterCabled(s string) (int, bool) {
	x := stretchOf(s, 6, inSentence)
	for k := x.n; k >= 0; k-- {
		end := x.at[k]
		if spaced := skip(s, end, ' '); spaced > end {
			if n, ok := endOfCable(s[spaced:]); ok {
				return spaced + n, true
			}
		}
		if n, ok := endOfCable(s[end:]); ok {
			return end + n, true
		}
	}
	return 0, false
}

// endOfCable: dashes and a space, or 电 and perhaps a colon.
func endOfCable(s string) (int, bool) {
	if n := dashRun(s, false); n > 0 && n < len(s) && s[n] == ' ' {
		return n + 1, true
	}
	n := cabled(s)
	if n == 0 {
		return 0, false
	}
	for n < len(s) && strings.IndexByte("\t\n\f\r ", s[n]) >= 0 {
		n++
	}
	return skip(s, n, ':'), true
}

// cabled is the length of the character for "cabled" that s begins with.
func cabled(s string) int {
	for _, c := range [...]string{"电", "電", "讯", "訊"} {
		if strings.HasPrefix(s, c) {
			return len(c)
		}
	}
	return 0
}

// dayDateline: "Aug 18 : ", "Kuala Lumpur, Sept. 3 - ".
func dayDateline(s string) (int, bool) {
	if r, size := utf8.DecodeRuneInString(s); unicode.IsUpper(r) {
		x := stretchOf(s[size:], 30, inPlace)
		for k := x.n; k > 0; k-- {
			end := skip(s, size+x.at[k], ',')
			if end == len(s) || s[end] != ' ' {
				continue
			}
			if n, ok := monthDay(s[end+1:]); ok {
				return end + 1 + n, true
			}
		}
	}
	return monthDay(s)
}

// monthDay: "Aug 18 : ", "Sept. 3 — ".
func monthDay(s string) (int, bool) {
	if len(s) < len("May 1: ") || strings.IndexByte("JFMASOND", s[0]) < 0 || !strings.Contains("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", s[:3]) {
		return 0, false
	}
	i := 3
	for i < len(s) && 'a' <= s[i] && s[i] <= 'z' {
		i++
	}
	i = skip(s, i, '.')
	if i == len(s) || s[i] != ' ' {
		return 0, false
	}
	i++
	first := i
	for i < len(s) && i < first+2 && isDigit(s[i]) {
		i++
	}
	if i == first {
		return 0, false
	}
	i = skip(s, i, ' ')
	n, ok := dashOrColon(s[i:])
	return i + n, ok
}

// placeDateline: "NEW YORK -- ", "MANILA, Philippines - ".
func placeDateline(s string) (int, bool) {
	r, size := utf8.DecodeRuneInString(s)
	if !unicode.IsUpper(r) {
		return 0, false
	}
	x := stretchOf(s[size:], 30, inCapitals)
	for k := x.n; k >= 2; k-- {
		end := size + x.at[k]
		if n, ok := country(s[end:]); ok {
			return end + n, true
		}
		if n, ok := dashOrColon(s[end:]); ok {
			return end + n, true
		}
	}
	return 0, false
}

// country: ", Philippines - ".
func country(s string) (int, bool) {
	rest, ok := strings.CutPrefix(s, ", ")
	r, size := utf8.DecodeRuneInString(rest)
	if !ok || !unicode.IsUpper(r) {
		return 0, false
	}
	x := stretchOf(rest[size:], 20, inCountry)
	for k := x.n; k > 0; k-- {
		end := len(", ") + size + x.at[k]
		if n, ok := dashOrColon(s[end:]); ok {
			return end + n, true
		}
	}
	return 0, false
}

// namedDateline knows the agency in the brackets, and takes for a dateline what
// others do not write so: "Madrid, 20 ago (EFE).- ", "SEOUL, Aug. 20 (Yonhap) -- ",
// and without a dash "New Delhi, Aug 20 (PTI) ".
func namedDateline(s string) (int, bool) {
	open := strings.IndexAny(firstBytes(s, 90), "([")
	if open < 0 || sentenceEnds(s[:open]) {
		return 0, false
	}
	end, _ := upTo(s[open+1:], bracketsOnly, 40)
	if end < 0 {
		return 0, false
	}
	if name := plain(s[open+1 : open+1+end]); agencies[name] == 0 && !tails[name] {
		return 0, false
	}
	before := strings.TrimSpace(s[:open])
	dated := before != "" && isDigit(before[len(before)-1])
	end = skip(s, skip(s, open+end+2, '.'), ' ')
	n := end + dashRun(s[end:], true)
	return skip(s, n, ' '), n > end || dated
}

// sentenceEnds: a stop behind a month ("Aug. 20") ends none.
func sentenceEnds(s string) bool {
	for i, r := range s {
		switch r {
		case '!', '?', '。':
			return true
		case '.':
			if i+2 >= len(s) || s[i+1] != ' ' || !isDigit(s[i+2]) {
				return true
			}
		}
	}
	return false
}

// tassDateline: "МОСКВА, 20 августа. /ТАСС/. ".
func tassDateline(s string) (int, bool) { return through(s, "/ТАСС/. ", 120) }

// reporterDateline: "홍길동 기자 = ", behind Yonhap's "(서울=연합뉴스) ".
func reporterDateline(s string) (int, bool) { return through(s, "기자 = ", 60) }

// through is the place behind mark, if that stands in the first n bytes.
func through(s, mark string, n int) (int, bool) {
	i := strings.Index(firstBytes(s, n), mark)
	return i + len(mark), i >= 0
}

func inSentence(r rune) bool {
	return r != '.' && r != '!' && r != '?' && r != '。' && r != '(' && r != ')'
}

func inPlace(r rune) bool {
	return r == '.' || r == '\'' || r == ' ' || r == '-' || unicode.IsLetter(r)
}

func inCapitals(r rune) bool {
	return r == '.' || r == '\'' || r == ' ' || r == '/' || r == '-' || unicode.IsUpper(r)
}

func inCountry(r rune) bool { return r == ' ' || r == '.' || unicode.IsLetter(r) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
