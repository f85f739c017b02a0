package feedcheck

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/feeds"
)

func TestPublishedGoldens(t *testing.T) {
	files, err := filepath.Glob("../publish/testdata/golden/*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d goldens, %v", len(files), err)
	}
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := Check(doc, ""); len(found) > 0 {
			t.Errorf("%s:\n%s", file, Words(found))
		}
	}
}

// TestBad has a document for each fault: its first line is the rule that must be
// found, and those that may be broken with it. No other may.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, doc, _ := bytes.Cut(raw, []byte("\n"))
		rules := strings.Fields(string(first))
		found := Check(doc, "")
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.Rule == rules[0] }) {
			t.Errorf("%s: no %s in:\n%s", file, rules[0], Words(found))
		}
		if slices.ContainsFunc(found, func(f Finding) bool { return !slices.Contains(rules, f.Rule) }) {
			t.Errorf("%s holds other faults, too:\n%s", file, Words(found))
		}
	}
}

// TestGood are documents that other programs write, and that are fine.
func TestGood(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := Check(doc, ""); len(found) > 0 {
			t.Errorf("%s:\n%s", file, Words(found))
		}
	}
}

// bare are the items by which gorilla/feeds was tried: what it writes of any of
// them is not valid, in any format.
func bare() map[string]*feeds.Item {
	when := time.Date(2026, 5, 5, 8, 0, 0, 0, time.UTC)
	link := &feeds.Link{Href: "https://example.org/1"}
	return map[string]*feeds.Item{
		"full":        {Title: "T", Link: link, Description: "D", Id: "https://example.org/1", Content: "<p>x</p>", Created: when, Updated: when, Author: &feeds.Author{Name: "A", Email: "a@example.org"}, Enclosure: &feeds.Enclosure{Url: "https://example.org/1.mp3", Length: "1", Type: "audio/mpeg"}},
		"title alone": {Title: "T", Link: &feeds.Link{}},
		"no dates":    {Title: "T", Link: link, Id: "https://example.org/1", Content: "x"},
		"no id":       {Title: "T", Link: link, Created: when, Content: "x"},
		"no link":     {Title: "T", Link: &feeds.Link{}, Id: "urn:x:1", Created: when, Content: "x"},
		"no title":    {Link: link, Id: "https://example.org/1", Created: when, Content: "x"},
		"control":     {Title: "T\x0b", Link: link, Id: "https://example.org/1", Created: when, Content: "a\x0bb"},
		"cdata":       {Title: "T", Link: link, Id: "https://example.org/1", Created: when, Content: "a ]]> b"},
		"bad UTF-8":   {Title: "T\xff", Link: link, Id: "https://example.org/1", Created: when, Content: "a\xffb"},
		"name alone":  {Title: "T", Link: link, Id: "https://example.org/1", Created: when, Author: &feeds.Author{Name: "A"}},
		"half a file": {Title: "T", Link: link, Id: "https://example.org/1", Created: when, Enclosure: &feeds.Enclosure{Url: "https://example.org/1.mp3"}},
	}
}

func TestBareGorilla(t *testing.T) {
	if n := len(bare()); n != 11 {
		t.Fatalf("%d shapes", n)
	}
	for shape, item := range bare() {
		f := &feeds.Feed{Title: "F", Link: &feeds.Link{Href: "https://example.org/"}, Description: "D", Created: time.Date(2026, 5, 5, 8, 0, 0, 0, time.UTC)}
		f.Add(item)
		for format, write := range map[string]func(*bytes.Buffer) error{
			"atom": func(b *bytes.Buffer) error { return f.WriteAtom(b) },
			"rss":  func(b *bytes.Buffer) error { return f.WriteRss(b) },
			"json": func(b *bytes.Buffer) error { return f.WriteJSON(b) },
		} {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				continue // it says so itself
			}
			if len(Check(b.Bytes(), "")) == 0 {
				t.Errorf("%s of %q passes:\n%s", format, shape, &b)
			}
		}
	}
}

// TestSelf compares the address.
func TestSelf(t *testing.T) {
	for _, format := range []string{"atom", "rss", "json"} {
		doc, err := os.ReadFile("../publish/testdata/golden/full." + format)
		if err != nil {
			t.Fatal(err)
		}
		if found := Check(doc, "https://elsewhere.example/"); len(found) != 1 || found[0].Rule != "self-mismatch" {
			t.Errorf("%s: %s", format, Words(found))
		}
		if found := Check(doc, "https://feeds.example.org/news/topics/china."+format); len(found) > 0 {
			t.Errorf("%s: %s", format, Words(found))
		}
	}
}

// TestEveryRule: no rule is without a document that breaks it.
func TestEveryRule(t *testing.T) {
	shown := map[string]bool{"self-mismatch": true, "not-utf8": true, "empty-document": true, "unknown-format": true} // shown above and below
	files, _ := filepath.Glob("testdata/bad/*")
	for _, file := range files {
		raw, _ := os.ReadFile(file)
		first, _, _ := strings.Cut(string(raw), "\n")
		shown[strings.Fields(first)[0]] = true
	}
	sources, _ := filepath.Glob("*.go")
	for _, file := range sources {
		code, _ := os.ReadFile(file)
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, call := range []string{`wrong("`, `.add("`} {
			parts := strings.Split(string(code), call)
			for _, p := range parts[1:] {
				if rule, _, _ := strings.Cut(p, `"`); !shown[rule] {
					t.Errorf("%s: no document in testdata/bad breaks %s", file, rule)
				}
			}
		}
	}
	for doc, rule := range map[string]string{"": "empty-document", "<html/>": "unknown-format", "<feed>\xff</feed>": "not-utf8"} {
		if found := Check([]byte(doc), ""); len(found) != 1 || found[0].Rule != rule {
			t.Errorf("%q: %s, want %s", doc, Words(found), rule)
		}
	}
}

// FuzzCheck: whatever the document, there is an answer.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*", "testdata/bad/*-html-*"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			doc, _ := os.ReadFile(file)
			f.Add(doc)
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		found := Check(doc, "https://example.org/")
		if len(found) == 0 && !bytes.Contains(doc, []byte("opml")) {
			t.Errorf("a document that does not stand there passes:\n%s", doc)
		}
		Words(found)
	})
}
