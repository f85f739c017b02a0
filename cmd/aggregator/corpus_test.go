package main

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/mmcdole/gofeed"

	"aggregator/internal/canon"
	"aggregator/internal/config"
	"aggregator/internal/poll"
)

// expected is one line of the corpus: what must come out of a document.
type expected struct {
	ID, Format string
	Items      *int
	MaxItems   *int `json:"max_items"`
	First      struct {
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

// TestCorpusPublished takes every document of the corpus, where it stands, all
// the way: polled, kept, and read back from our three feeds. Each is a site of
// its own, for many are mutations of one another and would be one story.
func TestCorpusPublished(t *testing.T) {
	dir := filepath.Join(shared(t), "corpus")
	cases, err := os.Open(filepath.Join(dir, "expectations.jsonl"))
	if err != nil {
		t.Logf("no corpus here: %v", err)
		return
	}
	defer cases.Close()
	in := bufio.NewScanner(cases)
	in.Buffer(nil, 1<<20)
	n := 0
	for ; in.Scan(); n++ {
		var e expected
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		t.Run(e.ID, func(t *testing.T) {
			t.Parallel()
			e.check(t, filepath.Join(dir, "docs", e.ID))
		})
	}
	if n < 100 {
		t.Errorf("only %d cases were read", n)
	}
}

func (e expected) check(t *testing.T, doc string) {
	body, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", e.Format)
		w.Write(body)
	}))
	defer origin.Close()
	s, report := polledOnce(t, origin.URL+"/feed.xml")
	defer s.store.Close()
	if !report.Items.Balanced() {
		t.Errorf("items do not add up: %+v", report.Items)
	}
	stories, err := s.stories(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if e.Items != nil && report.Items.Received != *e.Items {
		t.Errorf("%d items received, want %d; %v", report.Items.Received, *e.Items, report.Errors)
	}
	if e.MaxItems != nil && report.Items.Received > *e.MaxItems {
		t.Errorf("%d items, want at most %d", report.Items.Received, *e.MaxItems)
	}
	guids := map[string][]string{}
	for _, st := range stories {
		for _, told := range st.Tellings() {
			guids["urn:uuid:"+st.ID] = append(guids["urn:uuid:"+st.ID], told.GUID)
		}
	}
	for _, form := range []string{"atom", "rss", "json"} {
		items := e.readBack(t, s, form)
		if len(items) != len(stories) || len(items) != report.Items.New || len(items) == 0 && report.Items.Received > 0 {
			t.Errorf("%s: %d items of %d stories; %+v", form, len(items), len(stories), report.Items)
		}
		if wrong := e.nearest(items, guids, origin.URL); len(wrong) > 0 && len(items) > 0 {
			t.Errorf("%s: %s", form, strings.Join(wrong, "; "))
		}
	}
}

// polledOnce is a site of one source after one pass.
func polledOnce(t *testing.T, source string) (*site, poll.Report) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "aggregator.yaml")
	text := "url: https://feeds.example.org\n" + polite + "retain: 36500d\npublish: { max_age: 36500d, items: 10000, also: false }\nsources: [{ url: " + source + " }]\ntopics: [{ name: All, match: \"*\" }]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(context.Background(), cfg, poll.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.pass(context.Background(), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	return s, report
}

// readBack gives the items of one of our feeds, as another's parser reads them.
func (e expected) readBack(t *testing.T, s *site, form string) []*gofeed.Item {
	t.Helper()
	w := httptest.NewRecorder()
	s.feeds.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/topics/all."+form, nil))
	doc := w.Body.String()
	items := parse(t, form, doc)
	for _, it := range items {
		if e.NoActiveContent {
			harmless(t, form, it.Content+it.Description)
		}
	}
	return items
}

// parse reads a feed of ours. JSON goes by the field: gofeed would take
// "Ann (Lee)" apart into a name and an address.
func parse(t *testing.T, form, doc string) []*gofeed.Item {
	t.Helper()
	if form != "json" {
		strict(t, doc)
		feed, err := gofeed.NewParser().ParseString(doc)
		if err != nil {
			t.Fatalf("our %s: %v", form, err)
		}
		return feed.Items
	}
	var feed struct {
		Items []struct {
			ID, URL, Title string
			HTML           string    `json:"content_html"`
			Text           string    `json:"content_text"`
			Published      time.Time `json:"date_published"`
			Authors        []*gofeed.Person
		}
	}
	if err := json.Unmarshal([]byte(doc), &feed); err != nil {
		t.Fatal(err)
	}
	var items []*gofeed.Item
	for _, it := range feed.Items {
		items = append(items, &gofeed.Item{GUID: it.ID, Link: it.URL, Title: it.Title, Content: it.HTML, Description: it.Text, PublishedParsed: &it.Published, Authors: it.Authors})
	}
	return items
}

func strict(t *testing.T, doc string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(doc)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("not well-formed: %v", err)
			return
		}
	}
}

func harmless(t *testing.T, form, html string) {
	t.Helper()
	html = strings.ToLower(html)
	for _, bad := range []string{"<script", "<iframe", "<object", "<embed", "<applet", "<meta", "<style", "javascript:", " onload=", " onclick=", " onerror=", " style="} {
		if strings.Contains(html, bad) {
			t.Errorf("%s: %s in %s", form, bad, html)
		}
	}
}

// nearest says what is wrong with the item that is most like the expected one:
// our feeds are in the order of dates, not of the document.
func (e expected) nearest(items []*gofeed.Item, guids map[string][]string, origin string) (least []string) {
	for i, it := range items {
		if wrong := e.differences(it, guids[it.GUID], origin); i == 0 || len(wrong) < len(least) {
			least = wrong
		}
	}
	return least
}

func (e expected) differences(it *gofeed.Item, guids []string, origin string) (wrong []string) {
	same := func(what, got, want string) {
		want = strings.ReplaceAll(want, "{ORIGIN}", origin)
		if want != "" && got != want {
			wrong = append(wrong, fmt.Sprintf("%s %q, want %q", what, got, want))
		}
	}
	want := e.First
	same("title", noSpace(it.Title), want.Title)
	same("link", strings.TrimRight(it.Link, "/"), strings.TrimRight(strings.ReplaceAll(want.Link, "{ORIGIN}", origin), "/"))
	html := it.Content
	if html == "" {
		html = it.Description
	}
	if text := []rune(noSpace(canon.Text(html))); want.Content != "" {
		same("content", string(text[:min(len(text), len([]rune(want.Content)))]), want.Content)
	}
	if want.GUID != "" && !strings.Contains(strings.Join(guids, "\n")+"\n", want.GUID+"\n") {
		wrong = append(wrong, fmt.Sprintf("guid %q, want %q", guids, want.GUID))
	}
	if when := it.PublishedParsed; want.Date != 0 && want.Date < time.Now().Unix() && (when == nil || when.Unix() != want.Date) {
		wrong = append(wrong, fmt.Sprintf("date %v, want %v", when, time.Unix(want.Date, 0).UTC()))
	}
	same("author", author(it), want.Author+strings.Repeat(want.AuthorInherited, boolInt(want.Author == "")))
	if link := strings.ReplaceAll(want.ContentURL, "{ORIGIN}", origin); !strings.Contains(html, link) {
		wrong = append(wrong, fmt.Sprintf("no link to %s in %s", link, html))
	}
	return wrong
}

// author is the first; of RSS as it stands in dc:creator.
func author(it *gofeed.Item) string {
	if dc := it.DublinCoreExt; dc != nil && len(dc.Creator) > 0 {
		return dc.Creator[0]
	}
	if len(it.Authors) == 0 {
		return ""
	}
	return it.Authors[0].Name
}

func noSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
