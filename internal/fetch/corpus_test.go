package fetch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// expectation is one line of the corpus: what must come out of a document.
type expectation struct {
	ID, Category, Format string
	Items                *int
	MaxItems             *int `json:"max_items"`
	First                struct {
		Title, Content, Link, GUID, Author string
		Date                               int64
		AuthorInherited                    string `json:"author_inherited"`
		ContentURL                         string `json:"content_url"`
	}
	NoActiveContent bool `json:"no_active_content"`
}

// shared is the folder beside the module that holds documents of others, which
// are read where they stand and never copied.
func shared(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared")
		}
	}
	t.Fatal("no go.mod above the test")
	return ""
}

// TestCorpus runs every case of the corpus where it stands.
func TestCorpus(t *testing.T) {
	dir := filepath.Join(shared(t), "corpus")
	cases, err := os.Open(filepath.Join(dir, "expectations.jsonl"))
	if err != nil {
		t.Logf("no corpus here: %v", err)
		return
	}
	defer cases.Close()
	lines := bufio.NewScanner(cases)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var e expectation
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		n++
		t.Run(e.ID, func(t *testing.T) { checkCase(t, filepath.Join(dir, "docs", e.ID), e) })
	}
	if n < 100 {
		t.Errorf("only %d cases were read", n)
	}
}

func checkCase(t *testing.T, doc string, e expectation) {
	body, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", e.Format)
		w.Write(body)
	}))
	defer server.Close()
	c, err := New(Options{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	src := news.Source{Key: e.ID, URL: server.URL + "/feed.xml"}
	r := c.Fetch(context.Background(), src, news.Poll{}, 0, time.Now())
	if r.Err != nil && e.Items != nil && *e.Items > 0 {
		t.Errorf("error: %v", r.Err)
	}
	if e.Items != nil && len(r.Items) != *e.Items {
		t.Errorf("%d items, want %d", len(r.Items), *e.Items)
	}
	if e.MaxItems != nil && len(r.Items) > *e.MaxItems {
		t.Errorf("%d items, want at most %d", len(r.Items), *e.MaxItems)
	}
	if e.NoActiveContent {
		for _, it := range r.Items {
			checkHarmless(t, it)
		}
	}
	if len(r.Items) > 0 {
		checkFirst(t, r.Items[0], e, server.URL)
	}
}

func checkFirst(t *testing.T, it news.Item, e expectation, origin string) {
	want := e.First
	same := func(what, got, want string) {
		t.Helper()
		if want != "" && got != want {
			t.Errorf("%s %q, want %q", what, got, want)
		}
	}
	slash := func(s string) string { return strings.TrimRight(strings.ReplaceAll(s, "{ORIGIN}", origin), "/") }
	same("title", squeeze(it.Title), want.Title)
	if want.Content != "" {
		same("content", head(squeeze(canon.Text(it.HTML)), len([]rune(want.Content))), want.Content)
	}
	if want.Link != "" {
		same("link", slash(it.URL), slash(want.Link))
	}
	same("guid", it.GUID, want.GUID)
	if want.Date != 0 && it.Claimed().Unix() != want.Date {
		t.Errorf("date %v, want %v", it.Claimed(), time.Unix(want.Date, 0).UTC())
	}
	author := ""
	if len(it.Authors) > 0 {
		author = first(it.Authors[0].Name, it.Authors[0].Email)
	}
	same("author", author, first(want.Author, want.AuthorInherited))
	if want.ContentURL != "" && !strings.Contains(it.HTML, strings.ReplaceAll(want.ContentURL, "{ORIGIN}", origin)) {
		t.Errorf("no link to %s in %s", want.ContentURL, it.HTML)
	}
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func head(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func checkHarmless(t *testing.T, it news.Item) {
	t.Helper()
	data := []byte(strings.ToLower(it.HTML))
	for _, bad := range []string{"<script", "<iframe", "<object", "<embed", "<applet", "<meta", "<style", "javascript:", "onload=", "onclick=", "style="} {
		if bytes.Contains(data, []byte(bad)) {
			t.Errorf("%s in %s", bad, it.HTML)
		}
	}
	if strings.Contains(it.Title+it.Summary, "<script") {
		t.Errorf("a script in %q, %q", it.Title, it.Summary)
	}
}
