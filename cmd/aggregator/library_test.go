package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aggregator/deploy/topics"
	"aggregator/internal/config"
	"aggregator/internal/topic"
)

// libraryLanguages are those in which each topic of the library must find
// something.
var libraryLanguages = []string{"en", "es", "fr", "de", "ar", "zh"}

// TestLibrary runs the tests of the starter library: each file with what it
// needs, and all files together.
func TestLibrary(t *testing.T) {
	for _, f := range topics.Library() {
		t.Run(f.Name, func(t *testing.T) {
			cfg := runLibrary(t, f.Name)
			if len(f.Titles) == 0 {
				t.Error("init finds no topic in it")
			}
			for _, title := range f.Titles {
				testedWell(t, cfg, title)
			}
		})
	}
	t.Run("all", func(t *testing.T) { runLibrary(t, "all") })
}

// runLibrary loads the named files as `init --topics` writes them, and runs
// their tests.
func runLibrary(t *testing.T, names ...string) *config.Config {
	t.Helper()
	files, err := topics.Select(names)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	main := "sources: [{ url: https://example.org/feed }]\ninclude:\n"
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name+".yaml"), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		main += fmt.Sprintf("  - %s.yaml\n", f.Name)
	}
	path := filepath.Join(dir, "aggregator.yaml")
	if err := os.WriteFile(path, []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	filer, err := topic.New(cfg.Rules())
	if err != nil {
		t.Fatal(err)
	}
	result := check(cfg, filer, time.Now())
	for _, w := range result.Warnings {
		t.Errorf("warning: %v", w)
	}
	for _, test := range result.Tests {
		if !test.Passed {
			t.Errorf("%s: %s\n  %s", filepath.Base(test.Where), test.Title, strings.Join(test.Said, "\n  "))
		}
	}
	return cfg
}

// testedWell wants tests of the topic in each language, and of what is near to
// it and not in it.
func testedWell(t *testing.T, cfg *config.Config, title string) {
	t.Helper()
	found, near := map[string]int{}, 0
	for _, test := range cfg.Tests {
		if slices.Contains(test.Topics, title) {
			language, _, _ := strings.Cut(test.Item.Language, "-")
			found[language]++
		}
		if slices.Contains(test.Not, title) {
			near++
		}
	}
	all := near
	for _, n := range found {
		all += n
	}
	if all < 8 || near < 2 {
		t.Errorf("%s: %d tests, %d of them of what is near, want 8 and 2", title, all, near)
	}
	for _, language := range libraryLanguages {
		if found[language] == 0 {
			t.Errorf("%s: no test in %q finds it", title, language)
		}
	}
}
