package page

import (
	"strings"
	"unicode"
)

// An edit says what became of words between two texts.
type edit int

const (
	same edit = iota
	gone      // only in the first
	come      // only in the second
)

// A piece is words in a row with one fate.
type piece struct {
	edit
	Text string
}

// Gone and Come are for templates.
func (p piece) Gone() bool { return p.edit == gone }
func (p piece) Come() bool { return p.edit == come }

const (
	// mostWords are compared of each text; what is behind them is left out.
	mostWords = 750
	// leastAlike is what two texts must share to be shown as one with changes:
	// below it marks are noise.
	leastAlike = 0.3
)

// compare marks what became of a's words in b. Texts too different to be read
// so come back as b alone, and alike is false. White space makes no difference.
func compare(a, b string) (pieces []piece, alike bool) {
	x, y := cutWords(a), cutWords(b)
	x, y = x[:min(mostWords, len(x))], y[:min(mostWords, len(y))]
	kept, edits := edits(x, y)
	if float64(kept) < leastAlike*float64(max(len(x), len(y))) {
		return joined([]piece{{same, strings.Join(y, "")}}), false
	}
	return joined(edits), true
}

// edits are a longest common subsequence of words and what stands between, and
// how long it is. It takes len(x)·len(y) steps.
func edits(x, y []string) (kept int, out []piece) {
	named := map[string]int{}
	a, b := numbers(x, named), numbers(y, named)
	longest := lengths(a, b)
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && a[i] == b[j]:
			out = append(out, piece{same, y[j]})
			i, j, kept = i+1, j+1, kept+1
		case j == len(y) || i < len(x) && longest[i+1][j] >= longest[i][j+1]:
			out = append(out, piece{gone, x[i]})
			i++
		default:
			out = append(out, piece{come, y[j]})
			j++
		}
	}
	return kept, out
}

// numbers gives equal words, but for the space behind them, one number.
func numbers(words []string, named map[string]int) []int {
	out := make([]int, len(words))
	for i, w := range words {
		w = strings.TrimSuffix(w, " ")
		n, ok := named[w]
		if !ok {
			n = len(named)
			named[w] = n
		}
		out[i] = n
	}
	return out
}

// lengths are how many words x[i:] and y[j:] share in order.
func lengths(x, y []int) [][]uint16 {
	all := make([]uint16, (len(x)+1)*(len(y)+1))
	l := make([][]uint16, len(x)+1)
	for i := range l {
		l[i] = all[i*(len(y)+1) : (i+1)*(len(y)+1)]
	}
	for i := len(x) - 1; i >= 0; i-- {
		row, next := l[i], l[i+1]
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				row[j] = next[j+1] + 1
			} else {
				row[j] = max(next[j], row[j+1])
			}
		}
	}
	return l
}

// joined puts neighbours with one fate together.
func joined(ps []piece) (out []piece) {
	for _, p := range ps {
		if n := len(out); n > 0 && out[n-1].edit == p.edit {
			out[n-1].Text += p.Text
		} else if p.Text != "" {
			out = append(out, p)
		}
	}
	return out
}

// cutWords cuts a text into words, each with the one space behind it, signs
// apart. Scripts without spaces are cut into characters.
func cutWords(s string) (words []string) {
	for _, field := range strings.Fields(s) {
		from, was := 0, 0
		for i, r := range field {
			k := kindOf(r)
			if i > 0 && (k != was || k == sign || k == lone) {
				words = append(words, field[from:i])
				from = i
			}
			was = k
		}
		words = append(words, field[from:]+" ")
	}
	if n := len(words); n > 0 {
		words[n-1] = strings.TrimSuffix(words[n-1], " ")
	}
	return words
}

const (
	letter = iota + 1
	lone
	sign
)

// kindOf keeps marks, apostrophes and hyphens with their word.
func kindOf(r rune) int {
	switch {
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) && unicode.IsLetter(r):
		return lone
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune("'’-‐\u200c\u200d", r):
		return letter
	}
	return sign
}
