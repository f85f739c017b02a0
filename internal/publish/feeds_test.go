package publish

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
	"pgregory.net/rapid"

	"aggregator/internal/canon"
	"aggregator/internal/feedcheck"
	"aggregator/internal/news"
)

func TestGolden(t *testing.T) {
	short := china()
	short.Name, short.Content = "China/Human Rights", "summary"
	bare := Topic{Topic: news.Topic{Name: "中国"}, Formats: []string{"rss"}}
	p, _ := over(t, china(), short, bare)
	for path, name := range map[string]string{
		"/topics/china.atom": "full.atom", "/topics/china.rss": "full.rss", "/topics/china.json": "full.json",
		"/topics/china/human-rights.atom": "summary.atom", "/topics/china/human-rights.rss": "summary.rss", "/topics/china/human-rights.json": "summary.json",
		"/topics/中国.rss": "empty.rss", "/topics.opml": "topics.opml",
	} {
		golden(t, name, body(t, p, path))
	}
}

func TestGoldensAreValid(t *testing.T) {
	all := func(pattern string) []string {
		found, err := filepath.Glob("testdata/golden/" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		return found
	}
	run(t, "xmllint", append([]string{"--noout"}, append(all("*.atom"), append(all("*.rss"), all("*.opml")...)...)...)...)
	run(t, "jing", append([]string{"-c", "testdata/atom.rnc"}, all("*.atom")...)...)
	run(t, "jing", append([]string{"-c", "testdata/rss.rnc"}, all("*.rss")...)...)
	for _, name := range all("*.json") {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkJSONFeed(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// run runs one of the validators that the tests need: libxml2-utils, jing.
func run(t testing.TB, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%s is not installed; `make test` installs it", name)
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
}

// checkJSONFeed holds a document to JSON Feed 1.1.
func checkJSONFeed(raw []byte) error {
	var doc struct {
		Version, Title *string
		Items          []map[string]any
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	if doc.Version == nil || *doc.Version != "https://jsonfeed.org/version/1.1" || doc.Title == nil || doc.Items == nil {
		return fmt.Errorf("version, title and items are required: %.200s", raw)
	}
	for _, it := range doc.Items {
		if id, _ := it["id"].(string); !strings.HasPrefix(id, "urn:uuid:") {
			return fmt.Errorf("id %v", it["id"])
		}
		if it["content_html"] == nil && it["content_text"] == nil {
			return fmt.Errorf("%v has neither content_html nor content_text", it["id"])
		}
		for _, name := range []string{"date_published", "date_modified"} {
			if _, err := time.Parse(time.RFC3339, it[name].(string)); err != nil {
				return err
			}
		}
		files, _ := it["attachments"].([]any)
		for _, f := range files {
			if f := f.(map[string]any); f["url"] == nil || f["mime_type"] == nil {
				return fmt.Errorf("attachment %v", f)
			}
		}
	}
	return nil
}

// TestRoundTrip reads back with a parser what was written: the table of a
// published story, row by row.
func TestRoundTrip(t *testing.T) {
	p, _ := over(t, china())
	for _, format := range []string{"atom", "rss", "json"} {
		got := parse(t, body(t, p, "/topics/china."+format))
		if got.Title != "China — News & views" || len(got.Items) != 5 {
			t.Fatalf("%s: %q with %d items", format, got.Title, len(got.Items))
		}
		if want := "https://feeds.example.org/news/topics/china." + format; got.FeedLink != want {
			t.Errorf("%s: self %q, want %q", format, got.FeedLink, want)
		}
		if got.Link != "https://feeds.example.org/news/topics/china" {
			t.Errorf("%s: home %q", format, got.Link)
		}
		checkFirst(t, format, got.Items[0])
		if got := got.Items[4].Description; got != "Nothing but <words> & signs." && (format != "rss" || got != "Nothing but &lt;words&gt; &amp; signs.") {
			t.Errorf("%s: summary %q", format, got)
		}
		if it := got.Items[1]; it.Title != "新疆：没有标题的一段话。" || !strings.Contains(it.Content, "新疆：没有标题的一段话。") || it.Link != "" {
			t.Errorf("%s: untitled item %+v", format, it)
		}
	}
}

func checkFirst(t *testing.T, format string, it *gofeed.Item) {
	t.Helper()
	is := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %s is %v, want %v", format, what, got, want)
		}
	}
	is("id", it.GUID, "urn:uuid:6f1c0a52-0001-5000-8000-000000000001")
	is("link", it.Link, "https://wire.example.org/2026/05/urumqi?id=7&page=1")
	title := "Scholar <released> in Ürümqi & flown home"
	if format == "rss" { // which does not say whether a title is HTML: see inert
		title = "Scholar < released> in Ürümqi & flown home"
	}
	is("title", it.Title, title)
	is("summary", it.Description, `A scholar held since 2017 was released, the family says: "at last".`)
	if !strings.Contains(it.Content, "was <b>released</b> on") || !strings.Contains(it.Content, "and ]]> alike") {
		t.Errorf("%s: content %q", format, it.Content)
	}
	foot := `<p>Also reported by <a href="https://daily.example.org/scholar">Daily &#34;News&#34;</a>, Radio &lt;1&gt;.</p>`
	if !strings.HasSuffix(it.Content, foot) {
		t.Errorf("%s: foot of %q", format, it.Content)
	}
	is("author", it.Authors[0].Name, "A. Writer")
	is("published", it.PublishedParsed.UTC(), time.Date(2026, 5, 5, 8, 0, 0, 0, time.UTC))
	if format != "rss" { // of RSS gofeed takes neither atom:updated nor a second dc:creator
		is("second author", it.Authors[1].Email, "desk@wire.example.org")
		is("updated", it.UpdatedParsed.UTC(), time.Date(2026, 5, 5, 9, 30, 0, 0, time.UTC))
	}
	is("tags", it.Categories, []string{"China", "China/Human Rights", "World", "Human rights"})
	is("file", it.Enclosures[0].URL, "https://wire.example.org/audio/7.mp3")
	is("its type", it.Enclosures[0].Type, "audio/mpeg")
	is("its length", it.Enclosures[0].Length, "5000000000")
}

func parse(t testing.TB, doc []byte) *gofeed.Feed {
	t.Helper()
	got, err := gofeed.NewParser().Parse(bytes.NewReader(doc))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, doc)
	}
	return got
}

func TestFeedSaysNothingNewOfItself(t *testing.T) {
	p, _ := over(t, china())
	for _, format := range []string{"atom", "rss", "json"} {
		before := body(t, p, "/topics/china."+format)
		p.now = func() time.Time { return noon.Add(48 * time.Hour) }
		p.Changed(nil)
		if after := body(t, p, "/topics/china."+format); !bytes.Equal(before, after) {
			t.Errorf("%s: the same stories gave other bytes two days later", format)
		}
	}
}

func TestForgottenItem(t *testing.T) {
	s := open(t, t.TempDir())
	b := shelf(t)
	b.Items = nil
	keep(t, s, b)
	got := parse(t, body(t, start(s, testSite(china())), "/topics/china.atom"))
	if it := got.Items[0]; it.Title == "" || it.Link == "" || it.GUID == "" {
		t.Errorf("a story whose item is gone lost what the story knows: %+v", it)
	}
}

// nasty are strings that broke feeds.
var nasty = []string{
	"", "plain", "]]>", "<![CDATA[", "&amp;", "&", "<b>", "</item>", "\x00", "\x0b\x1f", "\xff\xfe", "\xed\xa0\x80", "\ufffe\uffff",
	"\u2028", "\r\n", "\t", "\"'", "<?xml?>", "<!--", "-->", "𝕏 emoji 🇺🇳", "\u202e", "javascript:alert(1)", "http://[::1", "https://例え.jp/ä b?q=ü",
	"mailto:a@b", "tag:x,2026:y", "a@b", "a@b@c", "%zz", "en_US", "x-", "text/html; charset=x", "audio/", " ",
	"</b>", "&lt;", "&copy", "&#60;b&#62;", "<p><b>a</p></i>", "<div><p>a<div>b", "<a href='/x'>x", "<img src=x onerror=y>", "<script>", "<table><td>", "<ul><li>a<li>b",
	"<b title=\"&\">", "<a href=\"mailto:a b\">m</a>", "<a href=\"https://x.example/a b\">", "<svg><path></svg>", "<br></br>", "</p>", "<p/>", "<!DOCTYPE html>", "<?php x ?>",
	"\u0085", "\u0092", "\u007f", "\ufdd0", "\U0001ffff", "\u200f\u202e\u2066", "\u00a0", "\ufeff", "data:text/html,x", "DATA:image/svg+xml,x", "vbscript:x", "file:///etc/passwd",
	"https://[2001:db8::1]:8080/x", "https://user:pw@x.example/", "https://x..example/", "https://-x.example/", "https://1.2.3", "https://x.example:99999/", "http://", "//x.example/y", "../y", "?q", "#f",
	"a b@x.example", "\"a b\"@x.example", "a@localhost", "a@-x", "\"<a@b.example>", "zh-Hant-TW", "en-GB-oed", "i-klingon", "qqqq", "audio/*", "foo/bar", "audio/mpeg", "https://x.example/1.mp3",
	"<a title='" + strings.Repeat("x", 5000) + "'>", strings.Repeat("<div>", 400), strings.Repeat("<b><i>", 50), strings.Repeat("</div>", 50), "urn:x", "urn:uuid:1", "urn:isbn:123",
}

func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(nasty), rapid.String()), 0, 3).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}

var cleaner = canon.NewCleaner()

func somePeople(t *rapid.T) (ps []news.Person) {
	for range rapid.SampledFrom([]int{0, 1, 2, 100}).Draw(t, "people") {
		ps = append(ps, news.Person{Name: text().Draw(t, "name"), Email: text().Draw(t, "email"), URL: text().Draw(t, "person")})
	}
	return ps
}

func someFile() *rapid.Generator[news.Enclosure] {
	return rapid.Custom(func(t *rapid.T) news.Enclosure {
		return news.Enclosure{
			URL: text().Draw(t, "file"), Type: text().Draw(t, "type"), Length: rapid.Int64().Draw(t, "length"), Title: text().Draw(t, "file title"),
			Duration: time.Duration(rapid.Int64().Draw(t, "duration")), Width: rapid.Int().Draw(t, "width"), Height: rapid.Int().Draw(t, "height"),
		}
	})
}

// odd draws a story with anything in any field.
func odd(t *rapid.T, at news.Position) (news.Story, news.Item) {
	s := func(name string) string { return text().Draw(t, name) }
	when := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "when"), 999).UTC()
	it := news.Item{
		Source: "s" + s("source"), GUID: s("guid"), URL: s("url"), Title: s("title"), Summary: s("summary"), HTML: cleaner.HTML(s("html"), "https://x.example/"),
		Feed: news.Feed{ID: s("feed"), Title: s("feed title"), Link: s("feed link")}, Language: s("language"), Image: s("image"), Rights: s("rights"),
		Authors: somePeople(t), Contributors: somePeople(t), Labels: rapid.SliceOfN(text(), 0, 5).Draw(t, "labels"),
		Enclosures: rapid.SliceOfN(someFile(), 0, 4).Draw(t, "files"),
		Episode:    news.Episode{Season: rapid.Int().Draw(t, "season"), Number: rapid.Int().Draw(t, "number"), Kind: s("kind"), Explicit: rapid.Bool().Draw(t, "explicit"), Transcript: someFile().Draw(t, "transcript"), Chapters: someFile().Draw(t, "chapters")},
		Via:        news.Feed{ID: s("via id"), Title: s("via title"), Link: s("via")},
	}
	it.Feed.Image = s("feed image")
	lead := news.Telling{Pos: at, Source: it.Source, Name: s("source name"), GUID: it.GUID, URL: it.URL, Title: it.Title}
	also := news.Telling{Pos: at + 1, Source: "o" + s("other"), Name: s("other name"), GUID: s("other guid"), URL: s("other url"), Title: s("other title"), Seen: when, Reason: s("reason")}
	st := news.Story{
		ID: fmt.Sprintf("00000000-0000-5000-8000-%012d", at), Pos: at, Lead: lead, Also: []news.Telling{also}, Published: when,
		Updated: when.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "later")) * time.Hour),
		Topics:  []news.Filing{{Topic: s("topic"), Rule: s("rule"), Words: []string{s("word")}}},
	}
	return st, it
}

// TestNasty writes feeds of stories with anything in any field: they are well
// formed, valid, and say the same when read back.
func TestNasty(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		st, it := odd(t, 1)
		site := Site{Title: text().Draw(t, "site"), URL: "https://feeds.example.org"}
		topic := Topic{Topic: news.Topic{Name: "T" + text().Draw(t, "name")}, Content: rapid.SampledFrom([]string{"full", "summary"}).Draw(t, "content"), Also: rapid.Bool().Draw(t, "also")}
		n++
		for name, format := range formats {
			f := newFeed(site, topic, topic.page()+format.suffix, []news.Story{st}, map[news.Position]news.Item{1: it})
			var doc bytes.Buffer
			if err := format.write(&doc, f); err != nil {
				t.Fatal(err)
			}
			checkNasty(t, name, doc.Bytes(), f.entries[0])
			if n <= 100 { // for the validators, which take their time
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.%s", n, name)), doc.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	for name, args := range map[string][]string{"atom": {"-c", "testdata/atom.rnc"}, "rss": {"-c", "testdata/rss.rnc"}} {
		docs, err := filepath.Glob(dir + "/*." + name)
		if err != nil || len(docs) < 80 {
			t.Fatalf("%d documents, %v", len(docs), err)
		}
		run(t, "xmllint", append([]string{"--noout"}, docs...)...)
		run(t, "jing", append(args, docs...)...)
	}
}

func checkNasty(t *rapid.T, format string, doc []byte, want entry) {
	if found := feedcheck.Check(doc, ""); len(found) > 0 {
		t.Fatalf("%s: %s\nin:\n%s", format, feedcheck.Words(found), doc)
	}
	if format == "json" {
		if err := checkJSONFeed(doc); err != nil {
			t.Fatalf("%v in:\n%s", err, doc)
		}
	} else if err := wellFormed(doc); err != nil {
		t.Fatalf("%s: %v in:\n%s", format, err, doc)
	}
	got, err := gofeed.NewParser().Parse(bytes.NewReader(doc))
	if err != nil || len(got.Items) != 1 {
		t.Fatalf("%s: %v, read back from:\n%s", format, err, doc)
	}
	it := got.Items[0]
	if it.GUID != want.id || it.Link != want.url || !it.PublishedParsed.Equal(want.published) {
		t.Fatalf("%s: read back %q %q %v, want %q %q %v", format, it.GUID, it.Link, it.PublishedParsed, want.id, want.url, want.published)
	}
	if format == "json" && (it.Title != strings.TrimSpace(want.title) && it.Title != want.title || it.Content != want.html && it.Content != want.summary) {
		t.Fatalf("read back %q %q, want %q %q", it.Title, it.Content, want.title, want.html)
	}
}

func wellFormed(doc []byte) error {
	for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestOPMLWithOddNames(t *testing.T) {
	site := Site{Title: "a\x00]]>&", URL: "https://feeds.example.org", Topics: []Topic{
		{Topic: news.Topic{Name: "<b>\xff\"/x"}, Formats: []string{"json", "rss"}}, {Topic: news.Topic{Name: "Silent"}},
	}}
	var doc bytes.Buffer
	if err := WriteOPML(&doc, site); err != nil {
		t.Fatal(err)
	}
	if found := feedcheck.Check(doc.Bytes(), ""); len(found) > 0 {
		t.Fatal(feedcheck.Words(found))
	}
	if got := strings.Count(doc.String(), "<outline"); got != 1 || !strings.Contains(doc.String(), `xmlUrl="https://feeds.example.org/topics/b/x.rss"`) {
		t.Errorf("%d outlines in:\n%s", got, &doc)
	}
}

func TestTags(t *testing.T) {
	got := tags([]news.Filing{{Topic: "China"}, {Topic: "China/Xinjiang"}}, []string{"china", "World", " World ", "", "Ásia"})
	if want := "China,China/Xinjiang,World,Ásia"; strings.Join(got, ",") != want {
		t.Errorf("tags %q, want %s", got, want)
	}
}

func TestUUID(t *testing.T) {
	// RFC 9562 A.4 has the example for DNS names; this one is of Python's uuid5
	// in the namespace of URLs.
	if got, want := uuid("http://www.example.com/"), "urn:uuid:fcde3c85-2270-590f-9e7c-ee003d65e0e2"; got != want {
		t.Errorf("uuid is %s, want %s", got, want)
	}
}

func TestSummaryIsClipped(t *testing.T) {
	e := entry{html: "<p>" + strings.Repeat("word ", 200) + "</p>"}
	e.shorten()
	if e.html != "" || len(e.summary) > clipped+3 || !strings.HasSuffix(e.summary, "…") {
		t.Errorf("%q, %q", e.html, e.summary)
	}
	if want := canon.Clip(strings.TrimSpace(strings.Repeat("word ", 200)), clipped); e.summary != want {
		t.Errorf("%q, want %q", e.summary, want)
	}
}
