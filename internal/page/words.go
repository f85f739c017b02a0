package page

import (
	"slices"
	"strings"
	"unicode"

	"aggregator/internal/query"
)

// mostAsked is how many words of a search are looked for.
const mostAsked = 24

// asQuery makes a query of what a person typed into the search box: all of the
// words, what is in quotes as it stands. Whatever they typed, it can be read; ""
// if there is no word in it.
func asQuery(typed string) string {
	var terms []string
	parts := strings.Split(oneQuote(typed), `"`)
	for i, part := range parts {
		if i%2 == 1 && i < len(parts)-1 { // a quote that is not closed is none
			terms = append(terms, phrase(part))
			continue
		}
		for word := range strings.FieldsSeq(part) {
			terms = append(terms, term(word))
		}
	}
	terms = slices.DeleteFunc(terms, func(t string) bool {
		_, err := query.Parse(t)
		return t == "" || err != nil // a sign that Unicode takes for a letter, such as ʼ
	})
	return strings.Join(terms[:min(mostAsked, len(terms))], " ")
}

// term is a word as it is compared by its stem, if it is nothing but a word;
// else what of it are words, in a row.
func term(word string) string {
	if isPlain(word) {
		return word
	}
	return phrase(word)
}

// isPlain says that a word means itself in a query: operators are in capitals,
// and "2 of" begins with a digit.
func isPlain(word string) bool {
	switch strings.ToUpper(word) {
	case "AND", "OR", "NOT", "NEAR", "OF":
		return false
	}
	return !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) })
}

// phrase is what of a text are words, in quotes.
func phrase(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	if len(words) == 0 {
		return ""
	}
	return `"` + strings.Join(words, " ") + `"`
}

// oneQuote writes all quotes alike.
func oneQuote(s string) string {
	s = strings.ToValidUTF8(s, " ")
	return strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "＂", `"`, "\x00", " ").Replace(s)
}
