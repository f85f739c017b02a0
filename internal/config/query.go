package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"aggregator/internal/news"
	"aggregator/internal/query"
)

// Query reads a query that stands by itself, as on a command line. What is wrong
// is a fault with its place in the query; warnings are like those of a rule.
func Query(text string) (q *query.Query, warnings, faults Faults) {
	q, err := query.Parse(text)
	var at *query.Error
	switch {
	case errors.As(err, &at):
		return nil, nil, Faults{faultIn(text, at.Offset, at.Message, at.Hint)}
	case err != nil:
		return nil, nil, Faults{faultIn(text, 0, err.Error(), "")}
	}
	if word := q.Mistaken(); word != "" {
		warnings = append(warnings, faultIn(text, strings.Index(text, word), mistakenMessage(word), mistakenHint(word)))
	}
	return q, warnings, nil
}

// Asks finds the topics that a query by itself names and that are none here.
func (c *Config) Asks(text string, q *query.Query) Faults {
	known, paths := map[string]bool{}, map[string]bool{}
	for _, t := range c.Topics {
		known[t.Name], paths[t.Path()] = true, true
	}
	var faults Faults
	for _, name := range q.Topics() {
		if !paths[news.Topic{Name: name}.Path()] {
			faults = append(faults, faultIn(text, strings.Index(text, name), fmt.Sprintf("there is no topic %q", name), instead(name, known)))
		}
	}
	return faults
}

func faultIn(text string, offset int, message, hint string) Fault {
	offset = max(0, min(offset, len(text)))
	col := utf8.RuneCountInString(text[:offset]) + 1
	line := strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
	return Fault{File: "query", Line: 1, Col: col, Message: message, Hint: hint, Excerpt: excerpt(line, col)}
}

func mistakenMessage(word string) string {
	return fmt.Sprintf("%q in small letters is a word that must be found", word)
}

func mistakenHint(word string) string {
	return fmt.Sprintf("write %s for the operator, %q in quotes for the word", strings.ToUpper(word), word)
}
