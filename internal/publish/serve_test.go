package publish

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

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
	tags := map[string]bool{}
	for accept, want := range map[string]string{
		"": "", "gzip": "gzip", "deflate, GZIP;q=0.5": "gzip", "br, x-gzip": "br", "x-gzip": "gzip", "*": "gzip", "*;q=0": "", "gzip;q=0, *": "",
		"gzip; q=0.000": "", "identity": "", "identity;q=0.5, gzip;q=0.2": "", "identity;q=0.5, zstd;q=0.2, gzip": "gzip", "gzip;q=x": "gzip",
		"gzip;level=1": "gzip", "gzipped": "", "zstd": "zstd", "ZSTD": "zstd", "br": "br", "gzip, deflate, br, zstd": "zstd", "gzip, deflate, br": "br",
		"gzip;q=0.9, br;q=0.8, zstd;q=0.7": "gzip", "gzip;q=0.8, br;q=0.9, zstd;q=0.7": "br", "zstd;q=0, br;q=0, *": "gzip", "zstd;q=0.1, *;q=0": "zstd",
		"zstd;q=0": "", "br;q=0, gzip": "gzip", "br;q=2": "br", "*;q=0.5, identity;q=0.6": "",
	} {
		w := ask(p, "GET", atomPath, "Accept-Encoding", accept)
		coding := w.Header().Get("Content-Encoding")
		if coding != want || !bytes.Equal(unpacked(t, coding, w.Body.Bytes()), plain) {
			t.Errorf("Accept-Encoding: %q gives %q, want %q, with the same bytes", accept, coding, want)
		}
		tag := w.Header().Get("Etag")
		tags[coding+tag] = true
		if w := ask(p, "GET", atomPath, "Accept-Encoding", accept, "If-None-Match", tag); w.Code != 304 {
			t.Errorf("Accept-Encoding: %q with its own ETag: %d", accept, w.Code)
		}
	}
	if len(tags) != 4 {
		t.Errorf("%d ETags for four codings: %v", len(tags), tags)
	}
}

func unpacked(t *testing.T, coding string, b []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(b)
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err == nil {
		b, err = io.ReadAll(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
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
	restarted := start(s, testSite(china()))
	restarted.now = func() time.Time { return noon.Add(time.Hour) }
	again := ask(restarted, "GET", atomPath)
	if was, is := first.Header().Get("Last-Modified"), again.Header().Get("Last-Modified"); was != is {
		t.Errorf("Last-Modified was %s, is %s", was, is)
	}
}

func TestClientGoesAway(t *testing.T) {
	p, _ := over(t, china())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", atomPath, nil))
	if w.Code != 200 || p.shown.Load().byPath[atomPath].bytes.Load() == nil {
		t.Errorf("the first client's going away left nothing for the others: %d", w.Code)
	}
}

func FuzzHeaders(f *testing.F) {
	for _, s := range []string{"", "gzip, deflate, br", "gzip;q=0, *;q=1", "gzip;q=nan", ";;==,,", `W/"a", *`, `"a,b"`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if choice([]string{s, "gzip;q=0"}) == gzipCoding {
			t.Errorf("%q: gzip although it is refused", s)
		}
		if choice([]string{s, "zstd;q=0, br;q=0, identity;q=0, gzip;q=1"}) != gzipCoding {
			t.Errorf("%q: no gzip although it is wanted", s)
		}
		if !matches(s+`, W/"x"`, `"x"`) {
			t.Errorf("%q hides a tag behind it", s)
		}
	})
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
		{Topic{MaxPerSource: 1}, []news.Position{1, 2, 3, 4, 5, 6}, 0}, // a day apart
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

// A loud source's first stories of a day stay, however many follow, and whatever
// date these bear within the day.
func TestFairInTime(t *testing.T) {
	at := func(pos news.Position, source string, hour int) news.Story {
		return news.Story{Pos: pos, Lead: news.Telling{Source: source}, Published: noon.Truncate(24 * time.Hour).Add(time.Duration(hour) * time.Hour)}
	}
	day := []news.Story{at(9, "loud", 23), at(8, "loud", 22), at(2, "quiet", 21), at(7, "loud", 20), at(1, "loud", 10), at(3, "loud", 9), at(4, "loud", 0)}
	before := []news.Story{at(6, "loud", -1), at(5, "loud", -2), at(10, "loud", -3)}
	for _, c := range []struct {
		n, items int
		want     []news.Position
	}{
		{0, 0, []news.Position{9, 8, 2, 7, 1, 3, 4, 6, 5, 10}},
		{1, 0, []news.Position{2, 1, 5}},
		{2, 0, []news.Position{2, 1, 3, 6, 5}},
		{2, 4, []news.Position{2, 1, 3, 6}},
		{5, 0, []news.Position{8, 2, 7, 1, 3, 4, 6, 5, 10}},
	} {
		got, _, err := choose(func(yield func(news.Story, error) bool) {
			give(append(slices.Clone(day), before...), yield)
		}, Topic{MaxPerSource: c.n, Items: c.items}, noon)
		var pos []news.Position
		for _, st := range got {
			pos = append(pos, st.Pos)
		}
		if err != nil || !slices.Equal(pos, c.want) {
			t.Errorf("%d of a source a day: %v, want %v (%v)", c.n, pos, c.want, err)
		}
	}
}

// What lacks stories that come back is served as it was; where it never was, it
// cannot be had: neither once that is known, nor when the store is found to be
// another one while it is read.
func TestHeld(t *testing.T) {
	for name, hold := range map[string]func(p *Publisher, still bool){
		"held": (*Publisher).Hold,
		"not whole": func(p *Publisher, still bool) {
			p.Whole = nil
			if still {
				p.Whole = func(context.Context) error { return store.ErrLost }
			}
			p.now = func() time.Time { return time.Now().Add(time.Hour) } // what failed is tried again
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, s := over(t, china())
			before := ask(p, "GET", atomPath).Body.String()
			empty := shelf(t)
			for i := range empty.Stories {
				empty.Stories[i].Topics = nil
			}
			keep(t, s, empty)
			hold(p, true)
			p.Changed(nil)
			if w := ask(p, "GET", atomPath); w.Code != 200 || w.Body.String() != before {
				t.Errorf("%d: another feed than before", w.Code)
			}
			if w := ask(p, "GET", "/topics/china.rss"); w.Code != 503 {
				t.Errorf("a feed that never was served: %d", w.Code)
			}
			hold(p, false)
			later := p.now().Add(time.Hour)
			p.now = func() time.Time { return later }
			p.Changed(nil)
			if w := ask(p, "GET", atomPath); w.Code != 200 || w.Body.String() == before {
				t.Errorf("%d: the same feed as before", w.Code)
			}
		})
	}
}
