package near

import (
	_ "embed"
	"strings"

	"aggregator/internal/canon"
)

//go:embed data/agencies.txt
var agencyLines string

// agencies are the names of news agencies, plain, and the bit of each.
var agencies = agencyBits(agencyLines)

func agencyBits(s string) map[string]uint32 {
	bits, bit := map[string]uint32{}, uint32(1)
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		for name := range strings.SplitSeq(line, ",") {
			bits[plain(name)] = bit
		}
		bit <<= 1
	}
	return bits
}

// wires are the agencies that a text names as its source: in the name of its
// feed, its address, behind its headline, or in its dateline. Two agencies do
// not print each other's reports.
func wires(t Text) uint32 {
	_, rest, _ := strings.Cut(t.URL, "//")
	host, _, _ := strings.Cut(rest, "/")
	found := wire(host, ".")
	for _, n := range t.Names {
		found |= wire(n, " _-/")
	}
	if i, n := lastSeparator(t.Title); i > 0 {
		found |= agencies[plain(t.Title[i+n:])]
	}
	if open, inside, ok := lastBracket(strings.TrimSpace(t.Title)); ok && open > 0 {
		found |= agencies[plain(inside)]
	}
	return found | wire(dateOf(t.Lead), " ,()[]（）［］【】-:：")
}

func wire(s, separators string) (found uint32) {
	for _, p := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		p = plain(p)
		for len(p) > 0 {
			if bit := agencies[p]; bit != 0 {
				return found | bit
			}
			p = cutLastOfHan(p)
		}
	}
	return found
}

// cutLastOfHan shortens 路透北京 to 路透; a word in letters is whole or nothing.
func cutLastOfHan(p string) string {
	if p[0] < 0xe0 || len(p) <= 6 {
		return ""
	}
	return p[:len(p)-3]
}

// dateOf is the dateline that Lead takes off.
func dateOf(lead string) string {
	front := canon.NFKC(firstBytes(lead, 300))
	i := strings.Index(front, Lead(front))
	return front[:max(i, 0)]
}
