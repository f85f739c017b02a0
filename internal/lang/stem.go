package lang

import (
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"
)

// A Language is one whose words have stems, by number; None is any other.
type Language uint8

// None is a language without stems: Chinese, Persian, or one we do not know.
const None Language = 0

// Languages is how many there are, None among them.
const Languages = 20

// A grammar is what takes the endings off in one language.
type grammar struct {
	tags string // primary, with spaces between
	stem func(*snowballstem.Env) bool
}

// grammars are by Language.
var grammars = [Languages]grammar{
	{}, {"en", english.Stem}, {"es", spanish.Stem}, {"fr", french.Stem}, {"de", german.Stem}, {"ar", arabic.Stem}, {"ru", russian.Stem},
	{"pt", portuguese.Stem}, {"it", italian.Stem}, {"nl", dutch.Stem}, {"sv", swedish.Stem}, {"da", danish.Stem}, {"no nb nn", norwegian.Stem},
	{"fi", finnish.Stem}, {"hu", hungarian.Stem}, {"ro", romanian.Stem}, {"tr", turkish.Stem}, {"ta", tamil.Stem}, {"ga", irish.Stem},
	{"ca", spanishLike},
}

// spanishLike takes off the plural alone: Catalan has no stemmer here, and the
// Spanish one would take its words apart in the wrong places.
func spanishLike(env *snowballstem.Env) bool {
	if w := env.Current(); len(w) > 4 && strings.HasSuffix(w, "s") {
		env.SetCurrent(w[:len(w)-1])
	}
	return true
}

// Numbered is the Language of a BCP 47 tag.
func Numbered(tag string) Language {
	if tag = Primary(tag); tag == "" {
		return None
	}
	for i, g := range grammars {
		for t := range strings.FieldsSeq(g.tags) {
			if t == tag {
				return Language(i)
			}
		}
	}
	return None
}

// A Stemmer gives the stems of one language after the other. It keeps its
// working memory: no two goroutines may share it.
type Stemmer struct{ env *snowballstem.Env }

// Stem is what the forms of a word have in common, as Snowball sees it: camp of
// camps, arrest of arrested. The word is in lower case and in NFC, with its
// accents. Where Snowball throws two words together that news keeps apart, the
// stem is the one of the table in apart.go.
func (s *Stemmer) Stem(l Language, word string) string {
	if l == None || len(word) < 3 {
		return word
	}
	if stem, own := apart[l][word]; own {
		return stem
	}
	if s.env == nil {
		s.env = snowballstem.NewEnv("")
	}
	s.env.SetCurrent(before(l, word))
	grammars[l].stem(s.env)
	if stem := after(l, s.env.Current()); stem != "" {
		return stem
	}
	return word
}

// before and after mend what Snowball misses in news.
func before(l Language, word string) string {
	switch l {
	case arabicNumber:
		return bare(word)
	case portugueseNumber: // eleições is the plural of eleição
		if rest, ok := strings.CutSuffix(word, "ões"); ok {
			return rest + "ão"
		}
	}
	return word
}

func after(l Language, stem string) string {
	if l == frenchNumber && len(stem) > 4 && (strings.HasSuffix(stem, "us") || strings.HasSuffix(stem, "is")) { // détenus, amis
		return stem[:len(stem)-1]
	}
	return stem
}

const (
	englishNumber Language = iota + 1
	spanishNumber
	frenchNumber
	germanNumber
	arabicNumber
	russianNumber
	portugueseNumber
)

// bare takes the article and the little words before it off an Arabic word
// (light10 of Larkin, Ballesteros and Connell does so): Snowball takes والصين,
// and China, for a plural, and leaves للصين, to China, as it is.
func bare(word string) string {
	for _, before := range []string{"وبال", "وال", "فال", "بال", "كال", "ولل", "لل", "ال"} {
		if rest, ok := strings.CutPrefix(word, before); ok && utf8.RuneCountInString(rest) >= 3 {
			return rest
		}
	}
	if rest, ok := strings.CutPrefix(word, "و"); ok && utf8.RuneCountInString(rest) >= 4 {
		return rest
	}
	return word
}
