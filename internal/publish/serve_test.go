package publish

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

const atomPath = "/topics/china.atom"

func TestHeaders(t *testing.T) {
	p, _ := over(t, china())
	for path, media := range map[string]string{
		atomPath: "application/atom+xml; charset=utf-8", "/topics/china.rss": "application/rss+xml; charset=utf-8",
		"/topics/china.json": "application/feed+json; charset=utf-8", "/topics.opml": "text/x-opml; charset=utf-8",
	} {
		w := ask(p, "GET", path)
		for name, want := range map[string]string{
			"Content-Type": media, "Vary": "Accept-Encoding", "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff",
			"Cache-Control": "public, max-age=60, stale-while-revalidate=60, stale-if-error=86400", "Content-Encoding": "",
			"Last-Modified": "Tue, 05 May 2026 11:59:59 GMT",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if tag := w.Header().Get("Etag"); len(tag) < 10 || !strings.HasPrefix(tag, `"`) {
			t.Errorf("%s: ETag %s is not strong", path, tag)
		}
	}
}

func TestMethodsAndStrangers(t *testing.T) {
	only := china()
	only.Formats = []string{"atom", "hologram"}
	p, _ := over(t, only)
	get, head := ask(p, "GET", atomPath), ask(p, "HEAD", atomPath)
	if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != get.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d, %d bytes, %v", head.Code, head.Body.Len(), head.Header())
	}
	if w := ask(p, "POST", atomPath); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/topics/china", "/topics/china.rss", "/topics/china.hologram", "/topics/china.atom/", "/topics/tibet.atom", "/"} {
		if w := ask(p, "GET", path); w.Code != 404 || !strings.Contains(w.Body.String(), "https://feeds.example.org/news/") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestConditional(t *testing.T) {
	p, _ := over(t, china())
	tag := ask(p, "GET", atomPath).Header().Get("Etag")
	zipped := ask(p, "GET", atomPath, "Accept-Encoding", "gzip").Header().Get("Etag")
	if tag == zipped {
		t.Fatal("both codings have one strong ETag")
	}
	const same, before, after = "Tue, 05 May 2026 11:59:59 GMT", "Tue, 05 May 2026 11:59:58 GMT", "Tue, 05 May 2026 13:00:00 GMT"
	for _, c := range []struct {
		want    int
		headers []string
	}{
		{304, []string{"If-None-Match", tag}},
		{304, []string{"If-None-Match", "W/" + tag}},
		{304, []string{"If-None-Match", `"a", "b,c" , ` + tag + `,`}},
		{304, []string{"If-None-Match", `"a"`, "If-None-Match", tag}},
		{304, []string{"If-None-Match", "*"}},
		{304, []string{"If-None-Match", zipped, "Accept-Encoding", "gzip"}},
		{200, []string{"If-None-Match", zipped}},
		{200, []string{"If-None-Match", `"other"`}},
		{200, []string{"If-None-Match", `"other"`, "If-Modified-Since", same}},
		{200, []string{"If-None-Match", ""}},
		{304, []string{"If-Modified-Since", same}},
		{304, []string{"If-Modified-Since", after}},
		{200, []string{"If-Modified-Since", before}},
		{200, []string{"If-Modified-Since", "yesterday"}},
	} {
		w := ask(p, "GET", atomPath, c.headers...)
		if w.Code != c.want {
			t.Errorf("%q: %d, want %d", c.headers, w.Code, c.want)
		}
		if w.Code == 304 && (w.Body.Len() > 0 || w.Header().Get("Etag") == "" || w.Header().Get("Cache-Control") == "" || w.Header().Get("Content-Length") != "") {
			t.Errorf("%q: a 304 with %d bytes and %v", c.headers, w.Body.Len(), w.Header())
		}
	}
}

func TestCodings(t *testing.T) {
	p, _ := over(t, china())
	plain := body(t, p, atomPath)
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "deflate, GZIP;q=0.5": true, "br, x-gzip": true, "*": true, "*;q=0": false, "gzip;q=0, *": false,
		"gzip; q=0.000": false, "identity": false, "identity;q=0.5, gzip;q=0.2": false, "gzip;q=x": true, "gzip;level=1": true, "gzipped": false,
	} {
		w := ask(p, "GET", atomPath, "Accept-Encoding", accept)
		got := w.Body.Bytes()
		zipped := w.Header().Get("Content-Encoding") == "gzip"
		if zipped {
			z, err := gzip.NewReader(bytes.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			if got, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if zipped != want || !bytes.Equal(got, plain) {
			t.Errorf("Accept-Encoding: %q gives gzip %v, the same bytes %v", accept, zipped, bytes.Equal(got, plain))
		}
	}
}

// more is a batch of one story behind those of testdata/shelf.json.
func more(pos news.Position, title string) store.Batch {
	at := noon.Add(-time.Minute)
	return store.Batch{
		Items: map[news.Position]news.Item{pos: {Source: "x.example.org", GUID: title, Title: title, Seen: at}},
		Stories: []news.Story{{
			ID: "00000000-0000-5000-8000-" + strings.Repeat("0", 10) + title[:2], Pos: pos, Published: at, Updated: at,
			Lead: news.Telling{Pos: pos, Source: "x.example.org", Title: title}, Topics: []news.Filing{{Topic: "China"}},
		}},
	}
}

func TestMadeOncePerChange(t *testing.T) {
	s := &broken{Store: open(t, t.TempDir())}
	keep(t, s, shelf(t))
	p := start(s, testSite(china()))
	for range 10 {
		ask(p, "GET", atomPath)
	}
	p.Changed([]string{"Tibet"})
	ask(p, "GET", atomPath)
	if s.reads != 1 {
		t.Fatalf("the shelf was read %d times without a change", s.reads)
	}
	keep(t, s, more(10, "10 new"))
	p.Changed([]string{"China"})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if w := ask(p, "GET", atomPath); !strings.Contains(w.Body.String(), "10 new") {
				t.Error("a request after the change got the old bytes")
			}
		})
	}
	all.Wait()
	if s.reads != 2 {
		t.Errorf("the shelf was read %d times for one change", s.reads-1)
	}
}

func TestLastModifiedOutlivesARestart(t *testing.T) {
	s := &broken{Store: open(t, t.TempDir()), behind: 3}
	keep(t, s.Store, shelf(t))
	first := ask(start(s, testSite(china())), "GET", atomPath)
	p := start(s, testSite(china()))
	p.now = func() time.Time { return noon.Add(time.Hour) }
	again := ask(p, "GET", atomPath)
	for _, name := range []string{"Last-Modified", "Etag"} {
		if was, is := first.Header().Get(name), again.Header().Get(name); was != is || was == "" {
			t.Errorf("%s was %s, is %s after a restart", name, was, is)
		}
	}
	keep(t, s, more(10, "10 new"))
	p.Changed(nil)
	if got := ask(p, "GET", atomPath).Header().Get("Last-Modified"); got != "Tue, 05 May 2026 12:59:59 GMT" {
		t.Errorf("Last-Modified is %s after a change", got)
	}
}

func TestThreeChangesInOneSecond(t *testing.T) {
	p, s := over(t, china())
	had := ""
	for i, title := range []string{"10 a", "11 b", "12 c"} {
		keep(t, s, more(news.Position(10+i), title))
		p.Changed(nil)
		w := ask(p, "GET", atomPath, "If-Modified-Since", had)
		if w.Code != 200 {
			t.Errorf("change %d within one second is hidden from If-Modified-Since %s", i, had)
		}
		is, err := http.ParseTime(w.Header().Get("Last-Modified"))
		if err == nil && is.After(noon) {
			t.Errorf("Last-Modified %v is in the future", is)
		}
		had = w.Header().Get("Last-Modified")
	}
	if had != "" {
		t.Errorf("the third has Last-Modified %s", had)
	}
}

func TestStoreFails(t *testing.T) {
	var output bytes.Buffer
	s := &broken{Store: open(t, t.TempDir())}
	keep(t, s, shelf(t))
	p := New(s, testSite(china()), slog.New(slog.NewTextHandler(&output, nil)))
	now := noon
	p.now = func() time.Time { return now }
	s.read = errors.New("the disk is on fire")
	if w := ask(p, "GET", atomPath); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("without any bytes: %d %v", w.Code, w.Header())
	}
	s.read, now = nil, now.Add(retryAfter)
	good := body(t, p, atomPath)
	s.read = errors.New("the disk is on fire")
	keep(t, s, more(10, "10 new"))
	for range 3 {
		p.Changed(nil)
		if got := body(t, p, atomPath); !bytes.Equal(got, good) {
			t.Error("the last good bytes are gone")
		}
	}
	if s.reads != 3 {
		t.Errorf("the failing store was asked %d times within %v", s.reads-2, retryAfter)
	}
	if n := strings.Count(output.String(), "disk is on fire"); n != 2 {
		t.Errorf("%d lines of output for two failures:\n%s", n, &output)
	}
	s.read, now = nil, now.Add(retryAfter)
	if got := body(t, p, atomPath); !strings.Contains(string(got), "10 new") {
		t.Error("the feed did not recover with the store")
	}
}

func TestMarkCannotBeKept(t *testing.T) {
	s := &broken{Store: open(t, t.TempDir())}
	keep(t, s, shelf(t))
	s.write = errors.New("no space left on device")
	p := start(s, testSite(china()))
	first := ask(p, "GET", atomPath)
	if first.Code != 200 {
		t.Fatalf("a full disk stops serving: %d", first.Code)
	}
	s.write = nil
	body(t, p, "/topics/china.rss") // the next one kept takes it along
	again := ask(start(s, testSite(china())), "GET", atomPath)
	if was, is := first.Header().Get("Last-Modified"), again.Header().Get("Last-Modified"); was != is {
		t.Errorf("Last-Modified was %s, is %s", was, is)
	}
}

func TestUse(t *testing.T) {
	s := &broken{Store: open(t, t.TempDir())}
	keep(t, s, shelf(t))
	p := start(s, testSite(china()))
	body(t, p, atomPath)
	s.read = errors.New("away")
	site := testSite(china())
	site.Title = "Renamed"
	p.Use(site)
	if !strings.Contains(string(body(t, p, atomPath)), "News &amp; views") {
		t.Error("a reload while the store is away lost the last good bytes")
	}
	s.read = nil
	p.now = func() time.Time { return noon.Add(retryAfter) }
	if !strings.Contains(string(body(t, p, atomPath)), "Renamed") {
		t.Error("the reload did not come through")
	}
	p.Use(testSite())
	if w := ask(p, "GET", atomPath); w.Code != 404 {
		t.Errorf("a topic that is gone answers %d", w.Code)
	}
}

func TestStoriesGrowTooOld(t *testing.T) {
	fresh := china()
	fresh.MaxAge = 2 * 24 * time.Hour
	p, _ := over(t, fresh)
	count := func() int { return strings.Count(string(body(t, p, atomPath)), "<entry") }
	if n := count(); n != 2 {
		t.Fatalf("%d stories of the last two days, want 2", n)
	}
	p.now = func() time.Time { return time.Date(2026, 5, 6, 10, 0, 1, 0, time.UTC) }
	if n := count(); n != 1 {
		t.Errorf("%d stories a day later without any change, want 1", n)
	}
}

func TestChoose(t *testing.T) {
	var stories []news.Story
	for i, source := range []string{"a", "a", "b", "a", "c", "b"} { // newest first, a day apart
		stories = append(stories, news.Story{Pos: news.Position(i + 1), Lead: news.Telling{Source: source}, Published: noon.AddDate(0, 0, -i)})
	}
	for _, c := range []struct {
		topic Topic
		want  []news.Position
		days  int // until the oldest leaves; 0: never
	}{
		{Topic{}, []news.Position{1, 2, 3, 4, 5, 6}, 0},
		{Topic{Items: 2}, []news.Position{1, 2}, 0},
		{Topic{MaxPerSource: 1}, []news.Position{1, 3, 5}, 0},
		{Topic{MaxPerSource: 2, Items: 3}, []news.Position{1, 2, 3}, 0},
		{Topic{MaxAge: 3 * 24 * time.Hour}, []news.Position{1, 2, 3, 4}, 0},
		{Topic{MaxAge: 71 * time.Hour}, []news.Position{1, 2, 3}, 23},
	} {
		shelf := func(yield func(news.Story, error) bool) {
			for _, st := range stories {
				if !yield(st, nil) {
					return
				}
			}
		}
		got, until, err := choose(shelf, c.topic, noon)
		var at []news.Position
		for _, st := range got {
			at = append(at, st.Pos)
		}
		if err != nil || !slices.Equal(at, c.want) {
			t.Errorf("%+v: chose %v, want %v (%v)", c.topic, at, c.want, err)
		}
		if c.topic.MaxAge == 0 != until.IsZero() || c.days > 0 && until.Sub(noon) != time.Duration(c.days)*time.Hour {
			t.Errorf("%+v: holds until %v", c.topic, until)
		}
	}
}
