package news

import (
	"strings"
	"unicode"
)

// A Topic is a named rule, written China/Human Rights. The rule itself is in
// room topic.
type Topic struct {
	Name string
}

// Path is the topic's place under /topics/: each segment in lower case, each
// run of anything but letters and digits a "-".
func (t Topic) Path() string {
	segments := strings.Split(t.Name, "/")
	for i, s := range segments {
		segments[i] = slug(s)
	}
	return strings.Join(segments, "/")
}

func slug(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	return strings.Join(words, "-")
}

// Parents are the topics above it, nearest first: China for China/Human Rights.
func (t Topic) Parents() []string {
	var ps []string
	for i := strings.LastIndexByte(t.Name, '/'); i > 0; i = strings.LastIndexByte(t.Name[:i], '/') {
		ps = append(ps, strings.TrimSpace(t.Name[:i]))
	}
	return ps
}
