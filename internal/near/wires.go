package near

import (
	_ "embed"
	"strings"
	"unicode/utf8"

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
		found |= firstOf(wire(n, ":|"), n, " _-/")
	}
	if i, n := lastSeparator(t.Title); i > 0 {
		found |= agencies[plain(t.Title[i+n:])]
	}
	if open, inside, ok := lastBracket(strings.TrimSpace(t.Title)); ok && open > 0 {
		found |= agencies[plain(inside)]
	}
	const between = ",()[]（）［］【】:：=＝/"
	date := dateOf(t.Lead)
	return found | firstOf(wire(date, between), date, between+" -")
}

// firstOf is what was found between whole names, else between words: there are
// agencies of two words, and feeds are called "Reuters World News".
func firstOf(found uint32, s, separators string) uint32 {
	if found != 0 {
		return found
	}
	return wire(s, separators)
}

// wire is the first agency that is named between separators.
func wire(s, separators string) uint32 {
	for p := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if bit := agency(plain(p)); bit != 0 {
			return bit
		}
	}
	return 0
}

// agency is the bit of a plain name. Han and kana have no spaces: 路透北京 and
// 東京共同 name places, too. A word in letters is whole or nothing.
func agency(name string) uint32 {
	if bit := agencies[name]; bit != 0 || name == "" || name[0] < 0xe0 {
		return bit
	}
	for i, r := range name {
		if bit := agencies[name[:i]] | agencies[name[i+utf8.RuneLen(r):]]; bit != 0 {
			return bit
		}
	}
	return 0
}

// dateOf is the dateline that Lead takes off.
func dateOf(lead string) string {
	front := canon.NFKC(firstBytes(lead, 300))
	i := strings.Index(front, Lead(front))
	return front[:max(i, 0)]
}
