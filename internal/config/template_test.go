package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTemplateLoads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aggregator.yaml")
	write(t, path, string(Template(nil, nil)))
	c := load(t, path)
	if len(c.Sources) < 3 || len(c.Topics) < 3 || len(c.Tests) == 0 || len(c.Warnings) > 0 {
		t.Errorf("%d sources, %d topics, %d tests, warnings %v", len(c.Sources), len(c.Topics), len(c.Tests), c.Warnings)
	}
}

func TestTemplateIncludes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "china.yaml"), "topics: [{ name: China, match: china }]\ntests: [{ item: { title: China }, topics: [China, Everything] }]\n")
	path := filepath.Join(dir, "aggregator.yaml")
	write(t, path, string(Template(nil, []string{"china.yaml"})))
	c := load(t, path)
	if len(c.Sources) < 3 || len(c.Topics) != 2 || len(c.Tests) != 1 || len(c.Warnings) > 0 {
		t.Errorf("%d sources, %d topics, %d tests, warnings %v", len(c.Sources), len(c.Topics), len(c.Tests), c.Warnings)
	}
}

// TestTemplateTakesAnySource puts the OPML file of a reader into the template:
// what can be polled is, the rest stands there as a comment.
func TestTemplateOfNothingUsable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aggregator.yaml")
	write(t, path, string(Template([]OPMLSource{{URL: "feed"}}, nil)))
	if c := load(t, path); len(c.Sources) == 0 {
		t.Error("no sources")
	}
}

func TestTemplateTakesAnySource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aggregator.yaml")
	sources := []OPMLSource{
		{Name: "- x: [y] # \"z\" '", URL: "https://a.example/feed?x={1}", Tags: []string{"a: b", "#c", "d,e"}},
		{Name: "${HOME}\t人民网", URL: "https://b.example/feed#x"},
		{Name: "no address", URL: "feed"},
		{Name: "no scheme", URL: "c.example/feed"},
		{Name: "ftp", URL: "ftp://f.example/feed"},
		{Name: "feed", URL: "feed://g.example/feed"},
		{URL: "https://d.example/feed", Language: "not a language"},
		{Name: "true", URL: "https://e.example:99999/feed"},
		{Name: "again", URL: "http://a.example:80/feed?x={1}"},
	}
	write(t, path, string(Template(sources, nil)))
	c := load(t, path)
	var names []string
	for _, s := range c.Sources {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{sources[0].Name, "${HOME} 人民网", "feed", ""}, names); diff != "" {
		t.Errorf("wanted -, got +:\n%s", diff)
	}
	if text := string(Template(sources, nil)); strings.Count(text, "# left out: ") != 4 {
		t.Errorf("what is no address should stand there as a comment:\n%s", text)
	}
}
