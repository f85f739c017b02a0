package config

import (
	_ "embed"
	"reflect"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"
)

//go:embed template.yaml
var template string

// Template is the commented aggregator.yaml that `init` writes, with these
// sources, or with some to begin with. It loads without a fault.
func Template(sources []OPMLSource) []byte {
	lines, found := entries(sources)
	if !found {
		more, _ := entries([]OPMLSource{
			{Name: "Human Rights Watch", URL: "https://www.hrw.org/rss/news", Tags: []string{"ngo"}},
			{Name: "UN News", URL: "https://news.un.org/feed/subscribe/en/news/all/rss.xml"},
			{Name: "BBC World", URL: "https://feeds.bbci.co.uk/news/world/rss.xml"},
			{Name: "BBC China", URL: "https://feeds.bbci.co.uk/news/world/asia/china/rss.xml"},
		})
		lines += more
	}
	return []byte(strings.Replace(template, "{{sources}}\n", lines, 1))
}

// entries are the lines of all sources; found says that one can be polled.
func entries(sources []OPMLSource) (lines string, found bool) {
	var b strings.Builder
	for _, s := range usable(sources) {
		entry, ok := sourceLines(s)
		b.WriteString(entry)
		found = found || ok
	}
	return b.String(), found
}

// usable cleans what readers export: feed: addresses, line ends in names, the
// same source twice.
func usable(sources []OPMLSource) []OPMLSource {
	var out []OPMLSource
	seen := map[string]bool{}
	for _, s := range sources {
		if rest, ok := strings.CutPrefix(s.URL, "feed:"); ok {
			s.URL = "https://" + strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(rest, "//"), "https://"), "http://")
		}
		if _, err := language.Parse(s.Language); err != nil {
			s.Language = ""
		}
		s.Name = strings.Join(strings.FieldsFunc(s.Name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
		if key := SourceKey(s.URL); !seen[key] {
			seen[key] = true
			out = append(out, s)
		}
	}
	uniqueNames(out)
	return out
}

// sourceLines is the entry of a list, a comment where Load would refuse it;
// the emitter knows what needs quotes.
func sourceLines(s OPMLSource) (lines string, ok bool) {
	spec := sourceSpec{URL: of(s.URL), Name: orNone(s.Name), Tags: list(s.Tags), Language: orNone(s.Language)}
	out, err := yaml.Marshal(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{encodeStruct(reflect.ValueOf(&spec).Elem())}})
	if err != nil {
		return "", false
	}
	indent, text := "  ", string(out)
	l := newLoader("", nil)
	if l.source(&spec); len(l.faults) > 0 {
		indent, text = "  # ", "left out: "+l.faults[0].Message+"\n"+text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(indent + line)
	}
	return b.String(), len(l.faults) == 0
}
