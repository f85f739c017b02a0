package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/width"
)

// A Fault is one thing wrong in one place of a file.
type Fault struct {
	File string `json:"file"` // as it was given, or as it is named from there
	// Line and Col count from 1, Col in characters; 0 where the whole file is
	// meant.
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Message string `json:"message"`
	Hint    string `json:"hint"`    // what to write instead; may be ""
	Excerpt string `json:"excerpt"` // the line, and a caret under the place; may be ""
}

// String is FILE:LINE:COL: what is wrong (what to write instead).
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Line, f.Col)
	}
	b.WriteString(": " + f.Message)
	if f.Hint != "" {
		b.WriteString(" (" + f.Hint + ")")
	}
	return b.String()
}

// Faults are all that is wrong, in the order of their places.
type Faults []Fault

// Error prints every fault, each with its excerpt.
func (fs Faults) Error() string {
	var b strings.Builder
	for i, f := range fs {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(f.String())
		if f.Excerpt != "" {
			b.WriteString("\n" + f.Excerpt)
		}
	}
	return b.String()
}

func (fs Faults) sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

// maxExcerpt is how many characters of a line are shown around the caret: a
// configuration in JSON has one line.
const maxExcerpt = 120

// excerpt shows the line and a caret under the column, in a terminal's cells:
// a Chinese character takes two.
func excerpt(line string, col int) string {
	runes, col := around([]rune(line), col, 3*maxExcerpt) // the key of a secret may stand before
	runes, col = around([]rune(hideSecrets(string(runes))), col, maxExcerpt)
	var pad strings.Builder
	for i, r := range runes[:col-1] {
		switch kind := width.LookupRune(r).Kind(); {
		case r == '\t':
			pad.WriteByte('\t')
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			pad.WriteString("  ")
		case r < ' ' || r == 0x7f:
			runes[i] = ' ' // a terminal must not be told what to do
			pad.WriteByte(' ')
		default:
			pad.WriteByte(' ')
		}
	}
	return "    " + string(runes) + "\n    " + pad.String() + "^"
}

// around cuts a line to most characters about the column.
func around(line []rune, col, most int) ([]rune, int) {
	col = max(1, min(col, len(line)+1))
	if len(line) <= most {
		return line, col
	}
	from := max(0, min(col-1-most/2, len(line)-most))
	return line[from : from+most], col - from
}

// hideSecrets puts a * for each character of a secret, so that the caret stays
// where it is: excerpts go to logs.
func hideSecrets(line string) string {
	for _, m := range secretInLine.FindAllStringSubmatchIndex(line, -1) {
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 {
				secret := line[m[g]:m[g+1]]
				stars := strings.Repeat("*", len([]rune(secret)))
				// As many bytes, so that the other places stay true.
				line = line[:m[g]] + stars + strings.Repeat("\x00", len(secret)-len(stars)) + line[m[g+1]:]
			}
		}
	}
	return strings.ReplaceAll(line, "\x00", "")
}

// secretInLine finds the values of secret keys, and passwords inside addresses.
var secretInLine = regexp.MustCompile(`(?i)\b(?:password|token|tokens|bearer_token|[\w-]*(?:key|secret|auth\w*))["']?\s*:\s+("[^"]*"?|'[^']*'?|\[[^\]]*\]?|[^\s,{}\[\]]+)|://[^\s/:@]*:([^\s/@]+)@`)
