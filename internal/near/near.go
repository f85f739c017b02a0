// Package near says how much two items tell the same in nearly the same words.
//
// An item is made into a [Sketch]: the words of its headline without rubrics
// and names of sources, the words its text begins with, and a digest of the
// rest, some 200 bytes. A [Comparer] weighs two sketches by how rare their words
// are and gives [Features] of the pair, which a [Model] turns into a similarity
// in [0, 1]. Nothing here knows stories, sources or stores.
//
// What was learnt from labelled stories, and the lists of rubrics, agencies and
// names of sources, are the files in data; `make refit` learns anew.
package near

// A Word is the hash of a word, 24 bits; the lowest says that it is a number.
type Word uint32

// WordBits is how many bits of a Word are used.
const WordBits = 24

// Number says whether the word is one: digits, a number written out, the name
// of a weekday.
func (w Word) Number() bool { return w&1 != 0 }

// How many words are compared: of a headline, of a text's beginning, of an
// address, of a whole text.
const (
	mostTitle = 40
	mostTail  = 10
	mostLead  = 48
	mostSlug  = 20
	mostBody  = 400
)

// A Text is what is compared of an item, as plain text.
type Text struct {
	Title string
	Names []string // what its source is called
	Lead  string   // the teaser, else the text
	Body  string   // the whole text; "" where there is only a teaser
	URL   string
}

// A Sketch is what near texts are compared by.
type Sketch struct {
	// Title is the words of the headline, in order; its last Tail words stand
	// behind a dash and may be the name of a source nobody told us of. Cut says
	// that they were found to be one.
	Title []Word
	Tail  int
	Cut   bool
	Lead  []Word // of the text's beginning, in order, without dateline
	Slug  []Word // of the address, if they are others than the headline's
	// Article is the hash of the article's number in its address, 0: none.
	Article Word
	// Wires are the agencies that it names as its source.
	Wires uint32
	Body  Body
	// Rare are the words by which it is found again, as places in Title and
	// then Lead.
	Rare []uint8
}

// Head is the headline's words, without the name of a source.
func (s *Sketch) Head() []Word {
	if s.Cut {
		return s.Title[:len(s.Title)-s.Tail]
	}
	return s.Title
}

// Make is the sketch of a text. Rare is left to who knows which words are.
func Make(t Text) Sketch {
	head, tail := Title(t.Title, t.Names)
	s := Sketch{Title: words(head, mostTitle), Wires: wires(t)}
	whole := s.Title
	if tail != "" {
		s.Title = append(s.Title[:len(s.Title):len(s.Title)], words(tail, mostTail)...)
		s.Tail = len(s.Title) - len(whole)
	}
	s.Lead = withoutTitle(words(Lead(t.Lead), mostLead+mostTitle), whole, s.Title)
	s.Slug, s.Article = address(t.URL)
	if few(s.Slug, s.Title) {
		s.Slug = nil
	}
	if t.Body != "" {
		s.Body = digest(words(Lead(t.Body), mostBody))
	}
	return s
}

// withoutTitle: many teasers are the headline again and the name of the source,
// which tells nothing new.
func withoutTitle(lead []Word, titles ...[]Word) []Word {
	for _, title := range titles {
		for skip := range 3 {
			if len(title) == 0 || len(lead) < len(title)+skip || !equal(lead[skip:len(title)+skip], title) {
				continue
			}
			rest := lead[len(title)+skip:]
			if len(rest) < 12 {
				return nil
			}
			return rest[:min(len(rest), mostLead)]
		}
	}
	return lead[:min(len(lead), mostLead)]
}

func equal(a, b []Word) bool {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// few: fewer than two words of a are not in b.
func few(a, b []Word) bool {
	n := 0
	for _, w := range a {
		if !has(b, w) {
			n++
		}
	}
	return n < 2
}

func has(ws []Word, w Word) bool {
	for _, x := range ws {
		if x == w {
			return true
		}
	}
	return false
}

// Headline is one Word for the whole headline; 0 if it is too short to mean
// one thing.
func (s *Sketch) Headline() Word {
	if len(s.Head()) < 3 {
		return 0
	}
	return Mix(s.Head())
}

// Mix is one Word for words in a row.
func Mix(ws []Word) Word { return Word(mix(ws)>>20)&(1<<WordBits-1) | 1<<(WordBits-1) }
