package page

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
)

const (
	first  = "6f1c0a52-0001-5000-8000-000000000001"
	second = "6f1c0a52-0001-5000-8000-000000000002"
)

func minute(n int) time.Time { return time.Date(2026, 5, 5, 8, n, 0, 0, time.UTC) }

// stories are one told by four, and one without a title.
func stories() store.Batch {
	return store.Batch{
		Items: map[news.Position]news.Item{1: {GUID: "w1", Summary: "The family says: at last.", Language: "en"}},
		Stories: []news.Story{{
			ID: first, Pos: 1, Published: minute(0), Updated: minute(30),
			Lead: news.Telling{Pos: 1, Source: "wire.example.org/rss", Name: "The Wire", GUID: "w1", URL: "https://wire.example.org/1", Title: "Scholar released & home", Since: minute(1), Seen: minute(1), Revisions: []news.Position{4, 5}},
			Also: []news.Telling{
				{Source: "daily.example.org/rss", Name: "Daily", GUID: "d1", URL: "https://daily.example.org/1", Title: "Scholar free", Since: minute(2), Seen: minute(2), Reason: "near", Similarity: 0.931},
				{Source: "daily.example.org/rss", Name: "Daily", GUID: "d2", URL: "https://daily.example.org/2", Since: minute(3), Seen: minute(3), Reason: "text", Similarity: 1},
				{Source: "radio.example.org/pod", GUID: "r1", Since: minute(4), Seen: minute(4), Reason: "url", Similarity: 1},
			},
			Topics: []news.Filing{{Topic: "China", Rule: "match", Where: "/etc/secret/aggregator.yaml:12", Words: []string{"xinjiang", "维吾尔"}}, {Topic: "China/Human Rights", Rule: "China and Human Rights"}, {Topic: "Gone", Rule: "match"}},
		}, {
			ID: second, Pos: 2, Published: minute(-60), Updated: minute(-60),
			Lead:   news.Telling{Pos: 2, Source: "blog.example.org/atom", Name: "Blog", GUID: "b1", Since: minute(5), Seen: minute(5)},
			Topics: []news.Filing{{Topic: "China", Rule: "source Blog"}},
		}},
	}
}

func site() Site {
	all := []string{"atom", "rss", "json"}
	return Site{Title: "News & views", URL: "https://feeds.example.org/news", Topics: []Topic{
		{Topic: news.Topic{Name: "China"}, Formats: all, Items: 100, Holds: "match: china"}, {Topic: news.Topic{Name: "China/Human Rights"}, Formats: all[:1]},
		{Topic: news.Topic{Name: "中国"}, Formats: all[1:]},
	}}
}

func doors() Doors {
	return Doors{
		Find: func(id string) (news.Position, bool) {
			at, ok := map[string]news.Position{first: 1, second: 2, "lost": 9}[id]
			return at, ok
		},
		Sources: func(context.Context) ([]SourceHealth, error) {
			return []SourceHealth{
				{Name: "The Wire", URL: "https://user:secret@wire.example.org/rss", Last: minute(0), Next: minute(15), Why: "schedule", Status: 200, Items: 30, Good: minute(0)},
				{Name: "Daily", URL: "https://daily.example.org/rss", Last: minute(0), Next: minute(60), Why: "Retry-After", Status: 503, Error: "503 Service Unavailable", Failures: 3, Good: minute(-90), Asked: "https://u:secret@new.example.org/rss", Hub: "https://hub.example.org/"},
				{Name: "Broken", Last: minute(0), Status: 200, Partial: "cut off after 12 items", Items: 12}, {Name: "New"},
			}, nil
		},
	}
}

func start(t testing.TB, b store.Batch) *Pages {
	t.Helper()
	s, err := bolt.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if _, err := s.Append(t.Context(), 0, b); err != nil {
		t.Fatal(err)
	}
	p := New(s, site(), doors(), slog.New(slog.NewTextHandler(io.Discard, nil)))
	p.now = func() time.Time { return minute(59) }
	return p
}

func ask(p *Pages, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	p := start(t, stories())
	for path, wants := range map[string][]string{
		"/": {
			"<title>News &amp; views</title>", `href="/news/topics/china"`, `href="/news/topics/china.json"`, `<span class="count">2<span class="vh"> stories</span></span>`, `<span class="count">0<`,
			`<a href="/news/topics/china/human-rights">Human Rights</a>`, `href="/news/topics/china/human-rights.atom"`, `action="/news/search"`, `aria-label="14 days, 0 to 2 stories a day"`, `href="/news/topics/%E4%B8%AD%E5%9B%BD.rss"`, `href="/news/topics.opml"`,
			`<link rel="alternate" type="application/atom&#43;xml" title="China, Atom" href="/news/topics/china.atom"/>`, `href="/news/stories/` + first, "Scholar released &amp; home", "also in 2 outlets", `<h3 dir="auto" lang="en">`,
		},
		"/topics/china": {
			`<h1 dir="auto">China</h1>`, `href="https://wire.example.org/1" rel="noreferrer"`, `datetime="2026-05-05T08:00:00Z"`, `<time datetime="2026-05-05">Tuesday, 5 May 2026</time>`, "Holds match: china",
			`value="https://feeds.example.org/news/topics/china.atom"`, `href="feed:https://feeds.example.org/news/topics/china.atom"`, `data-copy="feed0" hidden=""`, `<a href="/news/topics/china/human-rights">Human Rights</a>`, "<summary>also in 2 outlets</summary>", "nearly the same text (93%)",
			"radio.example.org/pod", "the same address", "<p><bdi>match</bdi> — <bdi>“xinjiang”</bdi>, <bdi>“维吾尔”</bdi> <span class=\"where\">(aggregator.yaml:12)</span>", "Without a title, from Blog", "<p><bdi>source Blog</bdi></p>",
			`<link rel="alternate" type="application/rss&#43;xml" title="China, RSS"`,
		},
		"/topics/china/human-rights":  {`<h1 dir="auto">China/Human Rights</h1>`, "<p><bdi>China and Human Rights</bdi></p>"},
		"/topics/china/human-rights/": {`<h1 dir="auto">China/Human Rights</h1>`},
		"/topics/中国":                  {`<h1 dir="auto">中国</h1>`, "No stories yet."},
		"/stories/" + first: {
			"<h1 dir=\"auto\" lang=\"en\">Scholar released &amp; home</h1>", "updated <time", "revised 2×", "words it lacks", "· the first to tell it", "The family says: at last.", "https://daily.example.org/2", "Why it is here",
			`<a href="/news/topics/china">China</a>`, "<dt>Gone</dt>", `href="/news/stories/` + first + `.json"`,
		},
		"/stories/" + second: {"Nobody else so far."},
		"/sources": {
			`href="https://wire.example.org/rss"`, "<p>Failing (3×): 503 Service Unavailable</p>", "(Retry-After)", "Last good", "https://new.example.org/rss", "Hub", "1 failing", "Partly readable: cut off after 12 items", "not polled yet", "30 items",
		},
		"/style.css": {"prefers-color-scheme: dark"},
	} {
		w := ask(p, "GET", path)
		if w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s lacks %s:\n%s", path, want, w.Body)
			}
		}
		for _, leak := range []string{"/etc/secret", "user:secret", "u:secret"} {
			if strings.Contains(w.Body.String(), leak) {
				t.Errorf("%s shows %s", path, leak)
			}
		}
		if path != "/style.css" {
			checkHTML(t, path, w.Body.Bytes())
		}
	}
	if got := ask(p, "GET", "/topics/china/human-rights").Body.String(); strings.Contains(got, "xinjiang") {
		t.Error("a topic's page says why its stories are in other topics")
	}
}

// allowed is what pages are made of: no script, style, form, frame or image.
var allowed = strings.Fields("html head meta title link body header footer p a nav main h1 h2 h3 article section ul li dl dt dd details summary time bdi span code div strong svg path form label input select option button ins del mark script")

type fataler interface{ Fatalf(string, ...any) }

// checkHTML holds a page to what we write: well formed as XML is, known elements
// only, no handlers, no links but to the web and to ourselves, no id twice.
func checkHTML(t fataler, path string, page []byte) {
	doc, ok := bytes.CutPrefix(page, []byte("<!DOCTYPE html>\n"))
	if !ok {
		t.Fatalf("%s has no doctype", path)
	}
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v in\n%s", path, err, page)
		}
		if e, ok := tok.(xml.StartElement); ok {
			checkElement(t, path, e)
		}
	}
}

func checkElement(t fataler, path string, e xml.StartElement) {
	if !slices.Contains(allowed, e.Name.Local) {
		t.Fatalf("%s holds <%s>", path, e.Name.Local)
	}
	for _, a := range e.Attr {
		ownScript := e.Name.Local == "script" && strings.HasSuffix(a.Value, "/page.js") && strings.HasPrefix(a.Value, "/") && !strings.HasPrefix(a.Value, "//")
		if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style" || a.Name.Local == "src" && !ownScript {
			t.Fatalf("%s: <%s %s=%q>", path, e.Name.Local, a.Name.Local, a.Value)
		}
		ours := strings.HasPrefix(a.Value, "/") && !strings.HasPrefix(a.Value, "//")
		foreign := e.Name.Local == "a" && (strings.HasPrefix(a.Value, "https://") || strings.HasPrefix(a.Value, "http://"))
		within := a.Value == "#main" || strings.HasPrefix(a.Value, "feed:https://feeds.example.org/") || strings.HasPrefix(a.Value, "feed:/")
		if a.Name.Local == "href" && !ours && !foreign && !within {
			t.Fatalf("%s: <%s> leads to %q", path, e.Name.Local, a.Value)
		}
	}
}

func TestHeadersAndStrangers(t *testing.T) {
	p := start(t, stories())
	w := ask(p, "GET", "/topics/china")
	for name, want := range map[string]string{"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if again := ask(p, "GET", "/topics/china", "If-None-Match", w.Header().Get("Etag")); again.Code != 304 {
		t.Errorf("an unchanged page gives %d", again.Code)
	}
	if head := ask(p, "HEAD", "/topics/china"); head.Code != 200 || head.Body.Len() > 0 {
		t.Errorf("HEAD: %d, %d bytes", head.Code, head.Body.Len())
	}
	if post := ask(p, "POST", "/"); post.Code != 405 || post.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", post.Code, post.Header())
	}
	for _, path := range []string{"/topics", "/topics/", "/topics/tibet", "/stories/x", "/stories/lost", "/stories/lost.json", "/stories/", "/index.html", "/..", "/assets/layout.html", "/topics/china?page=2", "/sources?page=9"} {
		w := ask(p, "GET", path)
		if w.Code != 404 || !strings.Contains(w.Body.String(), `href="/news/"`) || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		checkHTML(t, path, w.Body.Bytes())
	}
}

func TestJSON(t *testing.T) {
	p := start(t, stories())
	var st storyView
	w := ask(p, "GET", "/stories/"+first+".json")
	if err := json.Unmarshal(w.Body.Bytes(), &st); err != nil || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%v, %v in %s", err, w.Header(), w.Body)
	}
	if st.ID != first || st.Source != "The Wire" || len(st.Also) != 3 || st.Also[0].Similarity != 0.931 || !slices.Equal(st.Topics, []string{"China", "China/Human Rights", "Gone"}) || st.Why[0].Where != "aggregator.yaml:12" || st.Revisions != 2 {
		t.Errorf("%s", w.Body)
	}
	var all []SourceHealth
	w = ask(p, "GET", "/sources.json")
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("a password is shown:\n%s", w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || len(all) != 4 || all[1].Failures != 3 || !all[1].Next.Equal(minute(60)) {
		t.Errorf("%v: %s", err, w.Body)
	}
}

func TestUse(t *testing.T) {
	p := start(t, stories())
	p.Use(Site{URL: "http://localhost:8080", Topics: site().Topics[:1]})
	w := ask(p, "GET", "/")
	if !strings.Contains(w.Body.String(), `href="/topics/china"`) || strings.Contains(w.Body.String(), "/news") {
		t.Errorf("at the root of a host:\n%s", w.Body)
	}
	p.Use(Site{})
	if w := ask(p, "GET", "/"); w.Code != 200 || !strings.Contains(w.Body.String(), "No topics yet") {
		t.Errorf("without topics: %d\n%s", w.Code, w.Body)
	}
}

// broken is a store that cannot be read when told so.
type broken struct {
	store.Store
	err error
}

func (b *broken) Shelved(ctx context.Context, topic string) iter.Seq2[store.Place, error] {
	if b.err != nil {
		return func(yield func(store.Place, error) bool) { yield(store.Place{}, b.err) }
	}
	return b.Store.Shelved(ctx, topic)
}

func TestStoreFails(t *testing.T) {
	p := start(t, stories())
	b := &broken{p.store, errors.New("the disk is on fire")}
	var output bytes.Buffer
	p.store, p.log = b, slog.New(slog.NewTextHandler(&output, nil))
	for range 3 {
		if w := ask(p, "GET", "/topics/china"); w.Code != 503 || strings.Contains(w.Body.String(), "fire") || w.Header().Get("Retry-After") == "" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	b.err = nil
	if w := ask(p, "GET", "/topics/china"); w.Code != 200 {
		t.Errorf("%d after the store came back", w.Code)
	}
	if got := strings.Count(output.String(), "\n"); got != 2 {
		t.Errorf("%d lines of output:\n%s", got, &output)
	}
}

// Files hold what is served, but for forms, and all their links lead somewhere.
func TestFiles(t *testing.T) {
	p := start(t, stories())
	files := map[string]string{}
	var got []string
	for f, err := range p.Files(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Path, ".html") {
			checkHTML(t, f.Path, f.Bytes)
		}
		files[f.Path] = string(f.Bytes)
		got = append(got, f.Path)
	}
	want := []string{
		"style.css", "page.js", "icon.svg", "index.html", "sources.json", "sources/index.html", "topics/china/index.html", "topics/china/human-rights/index.html", "topics/中国/index.html",
		"stories/" + first + "/index.html", "stories/" + first + ".json", "stories/" + second + "/index.html", "stories/" + second + ".json",
	}
	if !slices.Equal(got, want) {
		t.Errorf("files are %q,\nwant %q", got, want)
	}
	if files["topics/china/index.html"] != staticOf(get(t, p, "/topics/china")) {
		t.Errorf("not what is served:\n%s", files["topics/china/index.html"])
	}
	for path, body := range files {
		if strings.Contains(body, "<form") || strings.Contains(body, "/search") || strings.Contains(body, "/try") {
			t.Errorf("%s has what nobody answers:\n%s", path, body)
		}
		checkLinks(t, files, path, body)
	}
}

// staticOf takes out of a page what a static host has nobody for.
func staticOf(page string) string {
	from, to := strings.Index(page, "<li><a href=\"/news/search\""), strings.Index(page, "<li><a href=\"/news/sources\"")
	return page[:from] + page[to:]
}

var ourLink = regexp.MustCompile(`(?:href|src)="/news(/[^"#]*)"`)

// checkLinks wants a file at the end of each of a file's links to pages.
func checkLinks(t *testing.T, files map[string]string, path, body string) {
	t.Helper()
	for _, m := range ourLink.FindAllStringSubmatch(body, -1) {
		to, err := url.PathUnescape(m[1])
		if err != nil || strings.Contains(to, "?") {
			t.Errorf("%s leads to %s", path, m[1])
		}
		feed := strings.HasPrefix(to, "/topics/") && (strings.HasSuffix(to, ".atom") || strings.HasSuffix(to, ".rss") || strings.HasSuffix(to, ".json"))
		if _, ok := files[fileName(to)]; !ok && !feed && to != "/topics.opml" {
			t.Errorf("%s leads to %s, which is not there", path, to)
		}
	}
}

// nasty are strings that become active where they are not escaped.
var nasty = []string{
	"<script>alert(1)</script>", "</title><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>",
	"https://x.example/\" onclick=\"alert(1)", "//evil.example", "</p></article></main>", "{{.Root}}", "]]>", "&lt;b&gt;", "\x00", "\xff", "\u2028", "' onfocus='alert(1)", "",
}

// TestNasty puts anything into every field: pages stay well formed and inert.
func TestNasty(t *testing.T) {
	p := start(t, store.Batch{})
	rapid.Check(t, func(t *rapid.T) {
		s := func(name string) string { return rapid.OneOf(rapid.SampledFrom(nasty), rapid.String()).Draw(t, name) }
		tell := news.Telling{Source: s("source"), Name: s("name"), GUID: s("guid"), URL: s("url"), Title: s("title"), Reason: s("reason")}
		st := news.Story{ID: "x", Lead: tell, Also: []news.Telling{tell}, Topics: []news.Filing{{Topic: s("topic"), Rule: s("rule"), Where: s("where"), Words: []string{s("word")}}}}
		shown := show(Site{Title: s("site"), URL: "https://feeds.example.org", Topics: []Topic{{Topic: news.Topic{Name: s("topic name")}, Holds: s("holds")}}})
		shown.Token = s("token")
		v := shown.storyView(st)
		v.Summary, v.Language, v.Words = s("summary"), s("language"), []string{s("found")}
		tell.Revisions = []news.Position{7}
		item := func() news.Item {
			return news.Item{Title: s("item title"), HTML: s("html"), Summary: s("item summary"), Language: s("item language")}
		}
		told := teller{Story: news.Story{Lead: tell, Also: []news.Telling{tell}}, items: map[news.Position]news.Item{0: item(), 7: item()}}
		topic := shown.topicView(shown.Topics[0])
		days := byDay([]storyView{v}, details[0])
		health := SourceHealth{Name: s("source name"), URL: web(s("source url")), Asked: web(s("asked")), Hub: s("hub"), Last: minute(0), Next: minute(1), Why: s("why"), Error: s("error"), Partial: s("partial")}
		found := foundView{Q: s("q"), Query: s("query"), Token: s("token"), Asked: true, Days: days, Topics: []choice{{s("choice"), s("choice"), true}}}
		wrong := foundView{Q: s("q"), Asked: true, Faults: faultsIn(s("query"), Faults{{2, s("fault"), s("hint")}})}
		for _, page := range []struct {
			name string
			body any
		}{
			{"index", indexView{[]topicView{topic}, []storyView{v}}}, {"topic", listView{topicView: topic, Days: days}}, {"story", tellingsView{storyView: v, Told: told.all(details[0])}},
			{"sources", healthView{Total: 1, Q: s("q"), State: s("state"), States: states, List: []sourceView{{health, "failing"}}}}, {"try", found}, {"try", wrong}, {"search", found}, {"message", s("message")},
		} {
			m, err := p.render(shown, page.name, head{Title: s("head")}, page.body)
			if err != nil {
				t.Fatal(err)
			}
			checkHTML(t, page.name, []byte(strings.ToValidUTF8(string(bytes.Map(printable, m.body)), "?")))
		}
	})
}

// printable drops what XML cannot hold and HTML can, for checkHTML only.
func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == '\ufffe' || r == '\uffff' {
		return -1
	}
	return r
}

func BenchmarkTopicPage(b *testing.B) {
	var batch store.Batch
	for i := range 100 {
		st := stories().Stories[0]
		st.ID, st.Pos, st.Published = fmt.Sprint(i), news.Position(i+1), minute(-i)
		batch.Stories = append(batch.Stories, st)
	}
	p := start(b, batch)
	for b.Loop() {
		if _, err := p.make(b.Context(), p.site.Load(), "/topics/china", nil); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNest(t *testing.T) {
	s := show(Site{})
	names := []string{"China", "Human Rights", "China/Human Rights", "Africa/Sudan", "China/Human Rights/Camps", "Climate", "China/Xinjiang"}
	var views []topicView
	for _, n := range names {
		s.byPath[news.Topic{Name: n}.Path()] = Topic{Topic: news.Topic{Name: n}}
	}
	for _, n := range names {
		views = append(views, s.topicView(s.byPath[news.Topic{Name: n}.Path()]))
	}
	var got []string
	var list func(depth string, vs []topicView)
	list = func(depth string, vs []topicView) {
		for _, v := range vs {
			got = append(got, depth+v.Short)
			list(depth+" ", v.Under)
		}
	}
	list("", nest(views))
	want := []string{"China", " Human Rights", "  Camps", " Xinjiang", "Human Rights", "Africa/Sudan", "Climate"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// A source's hub is shown with how it keeps its word.
func TestHubOfSource(t *testing.T) {
	p := start(t, store.Batch{})
	for push, want := range map[string]string{
		"": `<dd>https://hub.example.org/, last on`, "asked": "hub.example.org/: asked to push", "live": "hub.example.org/: pushes, last on",
		"broken": "missed something", "refused": "hub.example.org/: 403 &amp; no reason",
	} {
		p.doors.Sources = func(context.Context) ([]SourceHealth, error) {
			return []SourceHealth{{Name: "Daily", URL: "https://daily.example.org/rss", Last: minute(0), Next: minute(60), Hub: "https://hub.example.org/", Push: push, PushWhy: "403 & no reason", Pushed: minute(1)}}, nil
		}
		if got := get(t, p, "/sources"); !strings.Contains(got, want) {
			t.Errorf("%q: no %s in\n%s", push, want, got)
		}
	}
}
