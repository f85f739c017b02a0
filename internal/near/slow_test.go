package near

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"aggregator/internal/canon"
	"aggregator/internal/lang"

	"golang.org/x/text/unicode/norm"
)

// How Make was first written, with regular expressions: the short way to say
// what the scanners do, and what they are compared with.

const opening, closing = "【[［〔(（〖《", "】]］〕)）〗》"

func slowMake(t Text) Sketch {
	head, tail := slowTitle(t.Title, t.Names)
	s := Sketch{Title: slowWords(head, mostTitle), Wires: wires(t)}
	whole := s.Title
	if tail != "" {
		s.Title = append(s.Title[:len(s.Title):len(s.Title)], slowWords(tail, mostTail)...)
		s.Tail = len(s.Title) - len(whole)
	}
	s.Lead = withoutTitle(slowWords(slowLead(t.Lead), mostLead+mostTitle), whole, s.Title)
	s.Slug, s.Article = slowAddress(t.URL)
	if few(s.Slug, s.Title) {
		s.Slug = nil
	}
	if t.Body != "" {
		s.Body = digest(slowWords(slowLead(t.Body), mostBody))
	}
	return s
}

func slowWords(s string, most int) (ws []Word) {
	s = firstBytes(s, most*32)
	ws = make([]Word, 0, min(most, len(s)/5+1))
	for _, w := range canon.Words(slowOrdinals(lang.Simplify(slowUndot(s)))) {
		if len(ws) >= most {
			return ws[:most]
		}
		ws = slowAppendWord(ws, w)
	}
	return ws
}

func slowAppendWord(ws []Word, w string) []Word {
	if n, ok := numbers[w]; ok {
		return append(ws, word(n))
	}
	if w[0] >= '0' && w[0] <= '9' {
		return slowAppendNumber(ws, w)
	}
	if u, ok := spelt[w]; ok {
		w = u
	}
	if w == "" {
		return ws
	}
	if weekdays[w] {
		return append(ws, word(w)|1)
	}
	return append(ws, word(w))
}

func slowAppendNumber(ws []Word, w string) []Word {
	n := 0
	for n < len(w) && (w[n] >= '0' && w[n] <= '9' || w[n] == '.') {
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

func slowUndot(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '.' || !slowInitial(s, i) {
			b = append(b, s[i])
		}
	}
	return string(b)
}

func slowInitial(s string, i int) bool {
	alone := i > 0 && isLetter(s[i-1]) && (i == 1 || !isLetter(s[i-2]))
	next := i+2 < len(s) && isLetter(s[i+1]) && s[i+2] == '.'
	return alone && (next || i > 2 && s[i-2] == '.')
}

func slowOrdinals(s string) string {
	if !strings.ContainsAny(s, "第（(") {
		return s
	}
	s = slowParts.Replace(s)
	i := strings.Index(s, "第")
	if i < 0 {
		return s
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(s, "第") {
		b.WriteString(s[:i])
		s = s[i+len("第"):]
		n, rest := slowHanNumber(s)
		if n == "" && (s == "" || !isDigit(s[0])) {
			b.WriteString("第")
		}
		b.WriteString(n)
		s = rest
	}
	return b.String() + s
}

var slowParts = strings.NewReplacer("（上）", " 1 ", "（中）", " 2 ", "（下）", " 3 ", "(上)", " 1 ", "(中)", " 2 ", "(下)", " 3 ")

func slowHanNumber(s string) (number, rest string) {
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

func slowTitle(s string, names []string) (head, tail string) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	for range 4 {
		t := slowTrimTail(slowTrimRubric(s, names), names)
		if t == s || t == "" {
			break
		}
		s = t
	}
	i, n := slowLastSeparator(s)
	if i <= 0 {
		return s, ""
	}
	head, tail = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+n:])
	if len(head) < len(tail) || utf8.RuneCountInString(tail) > 40 {
		return s, ""
	}
	return head, tail
}

var slowSeparators = []string{" - ", " | ", " – ", " — ", " · ", " :: ", " » ", " • "}

func slowLastSeparator(s string) (at, n int) {
	at = -1
	for _, sep := range slowSeparators {
		if i := strings.LastIndex(s, sep); i > at {
			at, n = i, len(sep)
		}
	}
	if i := strings.LastIndex(s, "|"); i > at {
		at, n = i, 1
	}
	return at, n
}

func slowTrimTail(s string, names []string) string {
	if i, n := slowLastSeparator(s); i > 0 && slowIsSource(s[i+n:], names) {
		return strings.TrimSpace(s[:i])
	}
	if open, inside, ok := slowLastBracket(s); ok && open > 0 && slowIsSource(inside, names) {
		return strings.TrimSpace(s[:open])
	}
	return s
}

func slowLastBracket(s string) (open int, inside string, ok bool) {
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

func slowIsSource(s string, names []string) bool {
	s = strings.TrimSpace(s)
	if s == "" {
		return true
	}
	if slowHostname.MatchString(s) {
		return true
	}
	f := slowPlain(s)
	for _, n := range names {
		if n = slowPlain(n); n != "" && (f == n || len(f) > 5 && strings.HasPrefix(n, f)) {
			return true
		}
	}
	return tails[f]
}

var slowHostname = regexp.MustCompile(`^(?i)[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|org|net|co|uk|in|jp|cn|tw|hk|de|fr|es|it|br|au|ca|eu|info|tv|news|io|ru|ch|at|nl|be|se|no|pl|kr|sg|my|pk|bd|lk|za|ke|ng|mx|ar|cl|nz|ie|us|gov|edu)$`)

func slowPlain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(s))
}

func slowTrimRubric(s string, names []string) string {
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
	if m := slowNumbered.FindString(s); m != "" && len(m) < len(s) {
		return strings.TrimSpace(s[len(m):])
	}
	for _, sep := range []string{":", "：", "|", " - ", "-", "－", " – ", " — ", "/"} {
		i := strings.Index(s, sep)
		if i <= 0 || i+len(sep) >= len(s) {
			continue
		}
		front := s[:i]
		if rubrics[slowPlain(front)] || (sep != "-" && sep != "/") && slowIsSource(front, names) && !slowHostname.MatchString(front) {
			return strings.TrimSpace(s[i+len(sep):])
		}
	}
	if first, rest, ok := strings.Cut(s, " "); ok && len(rest) > 20 && (first == "Watch" || first == "WATCH" || first == "VIDEO" || first == "再送") {
		return rest
	}
	return s
}

var slowNumbered = regexp.MustCompile(`^(?i)(update|wrapup|correct(ed|ion)|refile|rpt|repeat|brief|factbox|timeline|newsmaker|preview|review|poll|exclusive|analysis|insight|focus|feature|graphic|column|explainer|special report|interview|deals|soccer|cricket|tennis|golf|再送|訂正|改正)( ?\d{1,2})? ?[-–—] ?`)

func slowLead(s string) string {
	s = strings.TrimSpace(norm.NFKC.String(firstBytes(s, mostBody*16)))
	for range 3 {
		t := slowTrimDateline(s)
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

func slowTrimDateline(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if strings.ContainsRune(opening, r) && r != '《' {
		end := strings.IndexAny(s[size:], closing)
		if end >= 0 && utf8.RuneCountInString(s[size:size+end]) <= 50 {
			_, n := utf8.DecodeRuneInString(s[size+end:])
			return strings.TrimLeft(s[size+end+n:], " -–—:：　,")
		}
	}
	if loc := slowDateline.FindStringIndex(s); loc != nil && loc[1] < len(s) {
		return s[loc[1]:]
	} else if loc != nil {
		return s
	}
	for _, scan := range []func(string) (int, bool){namedDateline, tassDateline, reporterDateline} {
		if n, ok := scan(s); ok && n < len(s) {
			return s[n:]
		} else if ok {
			return s
		}
	}
	return s
}

var slowDateline = regexp.MustCompile(`^(?:[^.!?。()\[\]]{0,90}[(\[][^()\[\]]{2,40}[)\]] ?(?:[-–—:]+|$) ?` +
	`|[^.!?。()]{1,24}\d{1,2}[日月][电電讯訊]?[^.!?。()]{0,6} ?(?:[-–—]+ |[电電讯訊]\s*[:：]?)` +
	`|(?:\p{Lu}[\p{L}.' -]{1,30},? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.? \d{1,2} ?(?:[-–—]+|:) ` +
	`|\p{Lu}[\p{Lu}.' /-]{2,30}(?:, \p{Lu}[\p{L} .]{1,20})?(?:[-–—]+|:) )`)

func slowAddress(url string) (slug []Word, article Word) {
	_, rest, _ := strings.Cut(url, "//")
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	longest := ""
	for p := range strings.SplitSeq(path, "/") {
		if dashes(p) > dashes(longest) {
			longest = p
		}
	}
	if n := number(path); n != "" {
		article = word("article " + strings.TrimPrefix(strings.ToLower(host), "www.") + " " + n)
	}
	if dashes(longest) < 3 || len(longest) > 300 || strings.Contains(longest, "%") {
		return nil, article
	}
	longest = strings.TrimSuffix(strings.TrimSuffix(longest, ".html"), ".htm")
	for _, w := range canon.Words(longest) {
		if len(slug) >= mostSlug {
			break
		}
		if isDigits(w) && len(w) > 4 { // its number, or a date
			continue
		}
		slug = slowAppendWord(slug, w)
	}
	return slug[:min(len(slug), mostSlug)], article
}
