package dedupe

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"aggregator/internal/canon"
	"aggregator/internal/near"
)

// A Compared is what is compared of an item, in words.
type Compared struct {
	Headline  []Piece  // without rubrics and the names of sources
	CutOff    string   // what was cut off the headline
	Beginning []Piece  // of the text, without dateline; nil if it is the headline again
	Slug      []string // words of the address, where they are others than the headline's
	Agencies  []string // that it names as its source
	Words     int      // of the longest text
	Body      bool     // there is a whole text, long enough to be compared
	Sketch    int      // bytes
}

// A Piece is a word, or some characters where no spaces are written.
type Piece struct {
	Text   string
	Alone  bool // the other item has it neither in headline nor in beginning
	Joined bool // no space before it
}

// show says what is compared of an item; other is the sketch of the other one,
// and both know whether their headlines end in the name of a source.
func show(it Item, other near.Sketch) Compared {
	text, s := toCompare(it.Item, it.Names), it.Sketch
	headline, off := cutOff(text, s.Cut)
	there := func(w near.Word) bool { return has(other.Head(), w) || has(other.Lead, w) }
	c := Compared{
		Headline: marked(parts(headline), there), CutOff: off, Agencies: near.Agencies(s.Wires),
		Words: it.Words, Body: s.Body.Shingles > 0, Sketch: len(s.Pack()),
	}
	if len(s.Lead) > 0 {
		c.Beginning = marked(within(parts(near.Lead(text.Lead)), s.Lead), there)
	}
	_, rest, _ := strings.Cut(it.URL, "//")
	_, path, _ := strings.Cut(rest, "/")
	for _, w := range canon.Words(path) {
		if ws := near.Words(w); len(ws) > 0 && !slices.ContainsFunc(ws, func(w near.Word) bool { return !has(s.Slug, w) }) {
			c.Slug = append(c.Slug, w)
		}
	}
	return c
}

// cutOff parts a headline into what is compared and the rest.
func cutOff(t near.Text, cut bool) (headline, off string) {
	whole := strings.TrimSpace(norm.NFKC.String(t.Title))
	head, tail := near.Title(t.Title, t.Names)
	from := max(0, strings.Index(whole, head))
	to := min(len(whole), from+len(head))
	if tail != "" && !cut {
		to += max(0, strings.Index(whole[to:], tail)+len(tail))
	}
	return whole[from:to], strings.Join(strings.Fields(whole[:from]+" "+whole[to:]), " ")
}

// A part is a piece with the words that it is compared by. Where no spaces are
// written, a character has the pair that it begins, and goes on from another.
type part struct {
	text     string
	words    []near.Word
	joined   bool // no space before it
	unspaced bool
	goesOn   bool
}

func parts(s string) (ps []part) {
	var last rune
	for _, r := range s {
		n := len(ps) - 1
		switch {
		case unicode.IsSpace(r):
			last = 0
			continue
		case unspaced(r):
			ps = append(ps, part{text: string(r), joined: last != 0, unspaced: true, goesOn: last != 0 && unspaced(last)})
			if ps[n+1].goesOn {
				ps[n].words = near.Words(string([]rune{last, r}))
			} else {
				ps[n+1].words = near.Words(string(r))
			}
		case last == 0 || unspaced(last):
			ps = append(ps, part{text: string(r), joined: last != 0})
		default:
			ps[n].text += string(r)
		}
		last = r
	}
	for i := range ps {
		if !ps[i].unspaced {
			ps[i].words = near.Words(ps[i].text)
		}
	}
	return ps
}

// unspaced says whether a character is of a script without spaces: three of
// them are two pairs.
func unspaced(r rune) bool { return len(canon.Words(string([]rune{r, r, r}))) == 2 }

// within keeps the parts whose words are lead.
func within(ps []part, lead []near.Word) []part {
	var all []near.Word
	for _, p := range ps {
		all = append(all, p.words...)
	}
	skip := 0
	for skip+len(lead) < len(all) && !slices.Equal(all[skip:skip+len(lead)], lead) {
		skip++
	}
	from, to, n := 0, len(ps), 0
	for i, p := range ps {
		if n <= skip {
			from = i
		}
		if n += len(p.words); n >= skip+len(lead) {
			to = i + 1
			break
		}
	}
	return ps[from:to]
}

// marked are pieces that say which the other item has not.
func marked(ps []part, other func(near.Word) bool) []Piece {
	pieces := make([]Piece, len(ps))
	for i, p := range ps {
		pieces[i] = Piece{Text: p.text, Joined: p.joined, Alone: slices.ContainsFunc(p.words, func(w near.Word) bool { return !other(w) })}
		if p.unspaced { // it is in two pairs
			pairs := p.words
			if p.goesOn {
				pairs = slices.Concat(pairs, ps[i-1].words)
			}
			pieces[i].Alone = len(pairs) > 0 && !slices.ContainsFunc(pairs, other)
		}
	}
	return pieces
}
