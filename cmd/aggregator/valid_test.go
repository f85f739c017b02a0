package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aggregator/internal/feedcheck"
)

// validDocument holds a document that we published to its specification: what was
// served, written or pushed. self is the address that it must name, "" for any.
func validDocument(t testing.TB, where string, doc []byte, self string) {
	t.Helper()
	if found := feedcheck.Check(doc, self); len(found) > 0 {
		t.Errorf("%s is not valid:\n%s\nin:\n%.3000s", where, feedcheck.Words(found), doc)
	}
}

// valid looks at an answer, if it is a document that people subscribe to.
func (a answer) valid(t testing.TB, path string) {
	t.Helper()
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	switch media {
	case "application/atom+xml", "application/rss+xml", "application/feed+json", "text/x-opml":
		if a.status == 200 && a.header.Get("Content-Encoding") == "" {
			validDocument(t, path, []byte(a.body), "")
		}
	}
}

// validTree looks at all that is written for a static host below dir.
func validTree(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch ext := filepath.Ext(path); {
		case d.Name() == "topics.opml":
		case ext != ".atom" && ext != ".rss" && ext != ".json" || !strings.Contains(filepath.ToSlash(path[len(dir):]), "/topics/"):
			return nil
		}
		doc, err := os.ReadFile(path)
		if err == nil {
			validDocument(t, path, doc, "")
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
}
