package near

import (
	_ "embed"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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

// brackets that hold rubrics and datelines.
const opening, closing = "【[［〔(（〖《", "】]］〕)）〗》"

// Title takes from a headline what its publisher put around it: rubrics
// ("Exclusive:", "【独家】") and the names of sources ("- Reuters"). tail is what
// stands behind the last separator and may be the name of a source nobody told
// us of.
func Title(s string, names []string) (head, tail string) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	for range 4 {
		t := trimTail(trimRubric(s, names), names)
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

var separators = []string{" - ", " | ", " – ", " — ", " · ", " :: ", " » ", " • "}

func lastSeparator(s string) (at, n int) {
	at = -1
	for _, sep := range separators {
		if i := strings.LastIndex(s, sep); i > at {
			at, n = i, len(sep)
		}
	}
	if i := strings.LastIndex(s, "|"); i > at {
		at, n = i, 1
	}
	return at, n
}

// trimTail takes the name of a source off the end.
func trimTail(s string, names []string) string {
	if i, n := lastSeparator(s); i > 0 && isSource(s[i+n:], names) {
		return strings.TrimSpace(s[:i])
	}
	if open, inside, ok := lastBracket(s); ok && open > 0 && isSource(inside, names) {
		return strings.TrimSpace(s[:open])
	}
	return s
}

func lastBracket(s string) (open int, inside string, ok bool) {
	r, size := utf8.DecodeLastRuneInString(s)
	if !strings.ContainsRune(closing, r) || r == '》' {
		return 0, "", false
	}
	open = strings.LastIndexAny(s, opening)
	if open < 0 {
		return 0, "", false
	}
	_, first := utf8.DecodeRuneInString(s[open:])
	if open+first > len(s)-size {
		return 0, "", false
	}
	return open, s[open+first : len(s)-size], true
}

// isSource: a host name, a name we were told, or one of the known agencies and
// papers.
func isSource(s string, names []string) bool {
	s = strings.TrimSpace(s)
	if s == "" {
		return true
	}
	if hostname.MatchString(s) {
		return true
	}
	f := plain(s)
	for _, n := range names {
		if n = plain(n); n != "" && (f == n || len(f) > 5 && strings.HasPrefix(n, f)) {
			return true
		}
	}
	return tails[f]
}

var hostname = regexp.MustCompile(`^(?i)[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|org|net|co|uk|in|jp|cn|tw|hk|de|fr|es|it|br|au|ca|eu|info|tv|news|io|ru|ch|at|nl|be|se|no|pl|kr|sg|my|pk|bd|lk|za|ke|ng|mx|ar|cl|nz|ie|us|gov|edu)$`)

// plain is letters and digits alone, lower case.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(s))
}

// trimRubric takes a rubric off the front.
func trimRubric(s string, names []string) string {
	r, size := utf8.DecodeRuneInString(s)
	if strings.ContainsRune(opening, r) && r != '《' {
		end := strings.IndexAny(s[size:], closing)
		if end >= 0 && utf8.RuneCountInString(s[size:size+end]) <= 12 {
			_, n := utf8.DecodeRuneInString(s[size+end:])
			if rest := strings.TrimSpace(s[size+end+n:]); rest != "" {
				return rest
			}
		}
	}
	if m := numbered.FindString(s); m != "" && len(m) < len(s) {
		return strings.TrimSpace(s[len(m):])
	}
	for _, sep := range []string{":", "：", "|", " - ", "-", "－", " – ", " — ", "/"} {
		i := strings.Index(s, sep)
		if i <= 0 || i+len(sep) >= len(s) {
			continue
		}
		front := s[:i]
		if rubrics[plain(front)] || (sep != "-" && sep != "/") && isSource(front, names) && !hostname.MatchString(front) {
			return strings.TrimSpace(s[i+len(sep):])
		}
	}
	if first, rest, ok := strings.Cut(s, " "); ok && len(rest) > 20 && (first == "Watch" || first == "WATCH" || first == "VIDEO" || first == "再送") {
		return rest
	}
	return s
}

// numbered: "UPDATE 1-", "WRAPUP 3-", "RPT-", as news agencies put them.
var numbered = regexp.MustCompile(`^(?i)(update|wrapup|correct(ed|ion)|refile|rpt|repeat|brief|factbox|timeline|newsmaker|preview|review|poll|exclusive|analysis|insight|focus|feature|graphic|column|explainer|special report|interview|deals|soccer|cricket|tennis|golf|再送|訂正|改正)( ?\d{1,2})? ?[-–—] ?`)

// Lead takes datelines off a text's front and advice off its end.
func Lead(s string) string {
	s = strings.TrimSpace(norm.NFKC.String(firstBytes(s, mostBody*16)))
	for range 3 {
		t := trimDateline(s)
		if t == s {
			break
		}
		s = t
	}
	for _, cut := range endings {
		if i := strings.LastIndex(s, cut); i > 0 && i > len(s)-120 {
			s = s[:i]
		}
	}
	return strings.TrimSpace(s)
}

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
	r, size := utf8.DecodeRuneInString(s)
	if strings.ContainsRune(opening, r) && r != '《' {
		end := strings.IndexAny(s[size:], closing)
		if end >= 0 && utf8.RuneCountInString(s[size:size+end]) <= 50 {
			_, n := utf8.DecodeRuneInString(s[size+end:])
			return strings.TrimLeft(s[size+end+n:], " -–—:：　,")
		}
	}
	if loc := dateline.FindStringIndex(s); loc != nil && loc[1] < len(s) {
		return s[loc[1]:]
	}
	return s
}

// dateline: "SEOUL, Aug 20 (Reuters) - ", "By Jane Doe LONDON (AP) — ",
// "Max Hunder [キーウ 18日 ロイター] - ", "路透北京3月15日 - ", "Aug 18 : ".
var dateline = regexp.MustCompile(`^(?:[^.!?。()\[\]]{0,90}[(\[][^()\[\]]{2,40}[)\]] ?(?:[-–—:]+|$) ?` +
	`|[^.!?。()]{1,24}\d{1,2}[日月][电電讯訊]?[^.!?。()]{0,6} ?(?:[-–—]+ |[电電讯訊]\s*[:：]?)` +
	`|(?:\p{Lu}[\p{L}.' -]{1,30},? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.? \d{1,2} ?(?:[-–—]+|:) ` +
	`|\p{Lu}[\p{Lu}.' /-]{2,30}(?:, \p{Lu}[\p{L} .]{1,20})?(?:[-–—]+|:) )`)
