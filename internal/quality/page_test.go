package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page has every table, figures where there are some, and nobody's texts.
func TestPage(t *testing.T) {
	o := options{data: t.TempDir(), library: "testdata/library", level: "all", sets: "all", text: "all", page: filepath.Join(t.TempDir(), "quality.md")}
	lines, err := os.ReadFile("testdata/tiny.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(strings.Fields(articles), strings.Fields(events)...) {
		pack(t, filepath.Join(o.data, name+".dev.jsonl.gz"), lines)
	}
	topicSets(t, o.data, filed+" "+partial)
	if err := o.run(&strings.Builder{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(o.page)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, want := range []string{
		"on 25 items of five sets",
		"| wire26 | 5 / 3 / 2 | English",
		"| stories no longer to be seen because of it | 5 of 15 | 5 of 15 |\n| … hidden behind another event | 0 | 0 |",
		"### Reports of one event\n\n| set | text | items | pairs | precision | recall | F1 | hard | B-cubed | hidden | lost |",
		"| hard | lost |",
		"| pooled | teaser | 25 | 15 | 33.3 (", "| pooled | body | 25 | 15 | ",
		"| reut87 | teaser | 5 | 3 | 33.3 (",
		"| Dams | 4 | 33.3 | 25.0 | 28.6 (",
		"| reut87 | body | Dams | 2 | 66.7 | 100.0 | 80.0 (",
		"| rw17 | teaser | Dams | 2 | – | 25.0 | – |",
		"| nyt17 | 6 | ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, bad := range []string{"<no value>", "NaN", "Dam breaks", "champion", o.data, "%!"} {
		if strings.Contains(page, bad) {
			t.Errorf("%q on the page", bad)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}

func TestPageNeedsAll(t *testing.T) {
	o := options{data: folder(t, "wire26"), level: "cluster", sets: "wire26", text: "all", page: filepath.Join(t.TempDir(), "quality.md")}
	if err := o.run(&strings.Builder{}); err == nil || err.Error() != "the page needs all tables, sets and texts" {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(o.page); err == nil {
		t.Error("a page of half the figures was written")
	}
}

func TestWhole(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 87922: "87,922", 1234567: "1,234,567"} {
		if got := whole(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}
