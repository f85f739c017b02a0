package near

import (
	"fmt"
	"math/bits"
	"strings"

	"aggregator/internal/canon"
	"aggregator/internal/lang"
)

// spell writes words out, which are hashes: it knows what can be said of a
// text, and the numbers, and asks which of them have those hashes.
func spell(ws []Word, text string) string {
	spellings := map[Word]string{}
	for n := range 1000 {
		spellings[word(fmt.Sprint(n))] = fmt.Sprint(n)
	}
	for _, w := range sayable(text) {
		spellings[word(w)] = w
		if weekdays[w] {
			spellings[word(w)|1] = w + "#"
		}
	}
	var out []string
	for _, w := range ws {
		s, ok := spellings[w]
		if !ok {
			s = fmt.Sprintf("?%06x", w)
		}
		if w.Number() != isNumber(s) {
			s += "!" // it counts, and should not, or the other way round
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func isNumber(s string) bool { return isDigit(s[0]) || strings.HasSuffix(s, "#") }

// sayable are words that a text may be taken for, whatever the rules.
func sayable(text string) (ws []string) {
	simple := lang.Simplify(canon.NFKC(text))
	ws = append(canon.Words(simple), canon.Words(strings.ReplaceAll(simple, ".", ""))...)
	for _, r := range simple { // parts of what stands between numbers
		ws = append(ws, string(r))
	}
	for _, as := range spelt {
		ws = append(ws, canon.Words(as)...)
	}
	for _, as := range units {
		ws = append(ws, canon.Words(as)...)
	}
	for _, w := range canon.Words(simple) {
		if u := strings.TrimLeft(w, "0123456789."); u != "" && u != w {
			ws = append(ws, u, w[:len(w)-len(u)])
		}
		ws = append(ws, strings.TrimRight(w, "0"), strings.TrimLeft(w, "0"))
	}
	kept := ws[:0]
	for _, w := range ws {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return kept
}

func spellArticle(article Word, url string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
	host = strings.TrimPrefix(strings.ToLower(host), "www.")
	for _, n := range strings.FieldsFunc(url, func(r rune) bool { return r < '0' || r > '9' }) {
		if word("article "+host+" "+n) == article {
			return host + " " + n
		}
	}
	return fmt.Sprintf("?%06x", article)
}

// spellAgencies names agencies by the first of their names in the list.
func spellAgencies(found uint32) (names []string) {
	bit := uint32(1)
	for line := range strings.Lines(agencyLines) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if found&bit != 0 {
			first, _, _ := strings.Cut(line, ",")
			names = append(names, first)
		}
		bit <<= 1
	}
	if bits.OnesCount32(found) != len(names) {
		names = append(names, "an agency that is not in the list")
	}
	return names
}
