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

// Rules to begin with, and their test, where no other file brings any.
const (
	ownTopics = `topics:
  - name: China
    match: china OR chinese OR beijing OR xinjiang OR tibet* OR "hong kong" OR 中国 OR 中國
  - name: Human Rights
    match: '"human rights" OR censorship OR dissident OR "political prisoner" OR tag:ngo'
  - name: China/Human Rights          # the stories in both
  - { name: Everything, match: "*" }
`
	ownTests = `tests:                                # run by aggregator check
  - item: { title: Chinese dissident released in Beijing }
    topics: [China, Human Rights, China/Human Rights, Everything]   # exactly these
`
)

// Template is the commented aggregator.yaml that `init` writes, with these
// sources, or with some to begin with; and with the topics of these files
// beside it, or with some to begin with. It loads without a fault.
func Template(sources []OPMLSource, files []string) []byte {
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
	topics, tests := ownTopics, ownTests
	if len(files) > 0 {
		topics = includes(files)
		tests = "# tests:                              # run by aggregator check, with those of the files\n"
	}
	return []byte(strings.NewReplacer("{{sources}}\n", lines, "{{topics}}\n", topics, "{{tests}}\n", tests).Replace(template))
}

// includes takes the topics of these files in, and leaves one that their rules
// cannot know.
func includes(files []string) string {
	var b strings.Builder
	b.WriteString("include:                              # files with topics and tests; they are yours to change\n")
	for _, f := range files {
		b.WriteString("  - " + f + "\n")
	}
	b.WriteString("\ntopics:                               # yours beside them; none may have the name of one of theirs\n")
	b.WriteString("  - { name: Everything, match: \"*\" }\n")
	return b.String()
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
