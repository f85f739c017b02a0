package near

import (
	"strings"

	"aggregator/internal/canon"
)

// address is what an address tells of its article: the words of its slug, for
// publishers change headlines and keep it, and the article's number, for others
// change the slug and keep that.
func address(url string) (slug []Word, article Word) {
	_, rest, _ := strings.Cut(url, "//")
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	words := ""
	for p := range strings.SplitSeq(path, "/") {
		if dashes(p) > dashes(words) {
			words = p
		}
	}
	if n := number(path); n != "" {
		article = word("article " + strings.TrimPrefix(strings.ToLower(host), "www.") + " " + n)
	}
	if dashes(words) < 3 || len(words) > 300 || strings.Contains(words, "%") {
		return nil, article
	}
	words = strings.TrimSuffix(strings.TrimSuffix(words, ".html"), ".htm")
	for w := range canon.EachWord(words) {
		if len(slug) >= mostSlug {
			break
		}
		if isDigits(w) && len(w) > 4 { // its number, or a date
			continue
		}
		slug = appendWord(slug, w)
	}
	return slug[:min(len(slug), mostSlug)], article
}

func dashes(s string) int { return strings.Count(s, "-") + strings.Count(s, "_") }

// number is the last run of six digits or more in a path that is no date.
func number(path string) string {
	for end := len(path); end > 0; {
		start := end
		for start > 0 && isDigit(path[start-1]) {
			start--
		}
		n := path[start:end]
		if len(n) >= 6 && !(len(n) == 8 && strings.HasPrefix(n, "20")) {
			return n
		}
		end = min(start, end-1)
	}
	return ""
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
