package near

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"aggregator/internal/canon"
)

//go:embed data/rubrics.txt
var rubricLines string

//go:embed data/tails.txt
var tailLines string

// rubrics stand before a headline, tails are names of sources behind it; plain.
var rubrics, tails = lines(rubricLines), lines(tailLines)

func lines(s string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			set[plain(line)] = true
		}
	}
	return set
}

// isOpening and isClosing: brackets that hold rubrics and datelines.
func isOpening(r rune) bool {
	switch r {
	case '【', '[', '［', '〔', '(', '（', '〖', '《':
		return true
	}
	return false
}

func isClosing(r rune) bool {
	switch r {
	case '】', ']', '］', '〕', ')', '）', '〗', '》':
		return true
	}
	return false
}

// afterBracket is what stands behind a bracket of at most most characters that
// s begins with. 《 holds the title of a book or paper, which is news.
func afterBracket(s string, most int) (rest string, ok bool) {
	r, size := utf8.DecodeRuneInString(s)
	if !isOpening(r) || r == '《' {
		return "", false
	}
	count := 0
	for i, r := range s[size:] {
		if isClosing(r) {
			return s[size+i+utf8.RuneLen(r):], true
		}
		if count++; count > most {
			break
		}
	}
	return "", false
}

// Title takes from a headline what its publisher put around it: rubrics
// ("Exclusive:", "【独家】") and the names of sources ("- Reuters"). tail is what
// stands behind the last separator and may be the name of a source nobody told
// us of.
func Title(s string, names []string) (head, tail string) {
	s = strings.TrimSpace(canon.NFKC(s))
	known := sources{names: names}
	for range 4 {
		t := known.trimTail(known.trimRubric(s))
		if t == s || t == "" {
			break
		}
		s = t
	}
	i, n := lastSeparator(s)
	if i <= 0 {
		return s, ""
	}
	head, tail = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+n:])
	if len(head) < len(tail) || utf8.RuneCountInString(tail) > 40 {
		return s, ""
	}
	return head, tail
}

// lastSeparator is the last place where a name may begin, and the length of
// what stands before the name there; -1 if there is none.
func lastSeparator(s string) (at, n int) {
	for i := len(s) - 1; i >= 0; i-- {
		switch {
		case s[i] == '|':
			return i, 1
		case s[i] == ' ':
			if n := separator(s[i:]); n > 0 {
				return i, n
			}
		}
	}
	return -1, 0
}

func separator(s string) int {
	for _, sep := range [...]string{" - ", " – ", " — ", " · ", " :: ", " » ", " • "} {
		if strings.HasPrefix(s, sep) {
			return len(sep)
		}
	}
	return 0
}

// sources are the names we were told.
type sources struct {
	names []string
	plain []string // the same, once they are asked for
}

// trimTail takes the name of a source off the end.
func (k *sources) trimTail(s string) string {
	if i, n := lastSeparator(s); i > 0 && k.has(s[i+n:]) {
		return strings.TrimSpace(s[:i])
	}
	if open, inside, ok := lastBracket(s); ok && open > 0 && k.has(inside) {
		return strings.TrimSpace(s[:open])
	}
	return s
}

func lastBracket(s string) (open int, inside string, ok bool) {
	r, size := utf8.DecodeLastRuneInString(s)
	if !isClosing(r) || r == '》' {
		return 0, "", false
	}
	open = strings.LastIndexFunc(s, isOpening)
	if open < 0 {
		return 0, "", false
	}
	_, first := utf8.DecodeRuneInString(s[open:])
	if open+first > len(s)-size {
		return 0, "", false
	}
	return open, s[open+first : len(s)-size], true
}

// has: a host name, a name we were told, or one of the known agencies and
// papers.
func (k *sources) has(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || isHostname(s) || k.named(plain(s))
}

func (k *sources) named(s string) bool {
	if k.plain == nil {
		for _, n := range k.names {
			k.plain = append(k.plain, plain(n))
		}
	}
	for _, n := range k.plain {
		if n != "" && (s == n || len(s) > 5 && strings.HasPrefix(n, s)) {
			return true
		}
	}
	return tails[s]
}

// isHostname: labels with dots between them, the last of which is one of those
// that newspapers have.
func isHostname(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || s[0] == '.' || !domains[strings.ToLower(s[dot+1:])] {
		return false
	}
	for i := range dot {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '-' && (c != '.' || s[i+1] == '.') {
			return false
		}
	}
	return true
}

var domains = set("com org net co uk in jp cn tw hk de fr es it br au ca eu info tv news io ru ch at nl be se no pl kr sg my pk bd lk za ke ng mx ar cl nz ie us gov edu")

func set(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// plain is letters and digits alone, lower case.
func plain(s string) string {
	b := make([]byte, 0, 64)
	for _, r := range canon.NFKC(s) {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			b = append(b, byte(r))
		case 'A' <= r && r <= 'Z':
			b = append(b, byte(r)|0x20)
		case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	return string(b)
}

// trimRubric takes a rubric off the front.
func (k *sources) trimRubric(s string) string {
	if rest, ok := afterBracket(s, 12); ok {
		if rest = strings.TrimSpace(rest); rest != "" {
			return rest
		}
	}
	if n := numbered(s); 0 < n && n < len(s) {
		return strings.TrimSpace(s[n:])
	}
	for _, sep := range [...]string{":", "|", " - ", "-", " – ", " — ", "/"} {
		i := strings.Index(s, sep)
		if i <= 0 || i+len(sep) >= len(s) {
			continue
		}
		if k.isRubric(s[:i], sep != "-" && sep != "/") {
			return strings.TrimSpace(s[i+len(sep):])
		}
	}
	if first, rest, ok := strings.Cut(s, " "); ok && len(rest) > 20 && (first == "Watch" || first == "WATCH" || first == "VIDEO" || first == "再送") {
		return rest
	}
	return s
}

// isRubric: a known one or, where that is no part of a word, a source's name. A
// host name there is the subject.
func (k *sources) isRubric(s string, orName bool) bool {
	return rubrics[plain(s)] || orName && k.has(s) && !isHostname(s)
}

// numbered is the length of "UPDATE 1-", "WRAPUP 3-", "RPT-", as news agencies
// put them before headlines; 0 if s has none.
func numbered(s string) int {
	n := dispatch(s)
	if n == 0 {
		return 0
	}
	if at := skip(s, n, ' '); at < len(s) && isDigit(s[at]) {
		n = at + 1
		if n < len(s) && isDigit(s[n]) {
			n++
		}
	}
	n = skip(s, n, ' ')
	r, size := utf8.DecodeRuneInString(s[n:])
	if r != '-' && r != '–' && r != '—' {
		return 0
	}
	return skip(s, n+size, ' ')
}

// dispatch is the length of the kind of dispatch that s begins with.
func dispatch(s string) int {
	for _, w := range dispatches {
		if len(s) > len(w) && strings.EqualFold(s[:len(w)], w) {
			return len(w)
		}
	}
	return 0
}

var dispatches = [...]string{
	"update", "wrapup", "corrected", "correction", "refile", "rpt", "repeat", "brief", "factbox", "timeline", "newsmaker",
	"preview", "review", "poll", "exclusive", "analysis", "insight", "focus", "feature", "graphic", "column", "explainer",
	"special report", "interview", "deals", "soccer", "cricket", "tennis", "golf", "再送", "訂正", "改正",
}

// Lead takes datelines off a text's front and advice off its end.
func Lead(s string) string {
	s = strings.TrimSpace(canon.NFKC(firstBytes(s, mostBody*16)))
	for range 3 {
		t := trimDateline(s)
		if t == s {
			break
		}
		s = t
	}
	for _, cut := range endings {
		end := s[max(0, len(s)-lastBytes):]
		if !strings.Contains(end, cut) {
			continue
		}
		if i := strings.LastIndex(s, cut); i > 0 {
			s = s[:i]
		}
	}
	return strings.TrimSpace(s)
}

// lastBytes is where advice stands.
const lastBytes = 119

// firstBytes is at most the first n bytes of s, whole characters.
func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

var endings = []string{"Read more", "Read full", "Continue reading", "The post ", "Click here", "続きを読む", "阅读全文", "阅读更多", "Leer más", "Lire la suite", "Weiterlesen"}

func trimDateline(s string) string {
	if rest, ok := afterBracket(s, 50); ok {
		return strings.TrimLeft(rest, " -–—:：　,")
	}
	if n, ok := dateline(s); ok && n < len(s) {
		return s[n:]
	}
	return s
}
