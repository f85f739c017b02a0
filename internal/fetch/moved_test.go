package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aggregator/internal/news"
)

// A road is a server that answers each path as told and remembers what was asked.
type road struct {
	mu    sync.Mutex
	turns map[string]http.HandlerFunc
	asked []string
	seen  []http.Header
}

func (ro *road) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ro.mu.Lock()
	ro.asked, ro.seen = append(ro.asked, r.URL.Path), append(ro.seen, r.Header)
	turn := ro.turns[r.URL.Path]
	ro.mu.Unlock()
	if turn == nil {
		http.NotFound(w, r)
		return
	}
	turn(w, r)
}

// take gives what was asked since it was last called.
func (ro *road) take() []string {
	ro.mu.Lock()
	defer ro.mu.Unlock()
	asked := ro.asked
	ro.asked, ro.seen = nil, nil
	return asked
}

func (ro *road) set(path string, turn http.HandlerFunc) {
	ro.mu.Lock()
	defer ro.mu.Unlock()
	ro.turns[path] = turn
}

func to(code int, at string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, at, code) }
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) }
}

func roadOf(turns map[string]http.HandlerFunc) *road { return &road{turns: turns} }

// polls asks again and again, a poll an hour.
type polls struct {
	t    *testing.T
	c    *Client
	src  news.Source
	prev news.Poll
	now  time.Time
}

func (p *polls) next() Result {
	p.t.Helper()
	r := p.c.Fetch(context.Background(), p.src, p.prev, 0, p.now)
	balanced(p.t, r)
	p.prev, p.now = r.Poll, p.now.Add(time.Hour)
	return r
}

func newPolls(t *testing.T, ro *road, path string) *polls {
	s := serve(t, ro.ServeHTTP)
	return &polls{t: t, c: client(t, Options{AllowNetworks: loopback()}), src: news.Source{Key: "k", URL: s.URL + path}, now: noon}
}

func wantAsked(t *testing.T, ro *road, want ...string) {
	t.Helper()
	if got := ro.take(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// RFC 9110 15.4.2 and 15.4.9: three equal answers in a row, then the new address.
func TestPermanentRedirectsAreRemembered(t *testing.T) {
	for _, code := range []int{301, 308} {
		ro := roadOf(map[string]http.HandlerFunc{"/old": to(code, "/new"), "/new": says(small)})
		p := newPolls(t, ro, "/old")
		for range 3 {
			if r := p.next(); r.Err != nil {
				t.Fatal(r.Err)
			}
			wantAsked(t, ro, "/old", "/new")
		}
		r := p.next()
		wantAsked(t, ro, "/new")
		if want := strings.Replace(p.src.URL, "/old", "/new", 1); r.Err != nil || r.Poll.Ask != want || r.Poll.Moved != want || !r.Unchanged {
			t.Errorf("%d: %+v, %v", code, r.Poll, r.Err)
		}
	}
}

func TestTemporaryRedirectsAreNever(t *testing.T) {
	for _, code := range []int{302, 303, 307} {
		ro := roadOf(map[string]http.HandlerFunc{"/old": to(code, "/new"), "/new": says(small)})
		p := newPolls(t, ro, "/old")
		for range 5 {
			p.next()
			wantAsked(t, ro, "/old", "/new")
		}
		if p.prev.Moved != "" || p.prev.Ask != "" {
			t.Errorf("%d: %+v", code, p.prev)
		}
	}
}

func TestMixedRedirectsCountUpToTheTemporaryOne(t *testing.T) {
	ro := roadOf(map[string]http.HandlerFunc{"/old": to(301, "/a"), "/a": to(308, "/b"), "/b": to(307, "/c"), "/c": to(301, "/d"), "/d": says(small)})
	p := newPolls(t, ro, "/old")
	for range 3 {
		p.next()
	}
	ro.take()
	p.next()
	wantAsked(t, ro, "/b", "/c", "/d")
}

// Three in a row: another answer between them begins the count anew.
func TestMovesAreCountedInARow(t *testing.T) {
	ro := roadOf(map[string]http.HandlerFunc{"/old": to(301, "/a"), "/a": says(small), "/b": says(small)})
	p := newPolls(t, ro, "/old")
	between := []http.HandlerFunc{to(301, "/b"), says(small), to(301, "/nowhere"), to(302, "/a")}
	for i, other := range between {
		for range 2 {
			p.next()
		}
		ro.set("/old", other)
		p.next()
		ro.set("/old", to(301, "/a"))
		if p.prev.Ask != "" {
			t.Fatalf("after %d: %+v", i, p.prev)
		}
	}
	for range 2 {
		p.next()
	}
	if p.prev.Ask != "" || p.prev.Moves != 2 {
		t.Errorf("%+v", p.prev)
	}
}

// A remembered address that fails for good gives way to the configured one; one
// that is overrun, or down for a while, does not.
func TestRememberedAddressThatFails(t *testing.T) {
	for _, code := range []int{404, 410, 403, 503, 429, 500} {
		ro := roadOf(map[string]http.HandlerFunc{"/old": to(301, "/new"), "/new": says(small)})
		p := newPolls(t, ro, "/old")
		for range 3 {
			p.next()
		}
		ro.take()
		ro.set("/new", status(code))
		r := p.next()
		wantAsked(t, ro, "/new")
		wantErr(t, r.Err, fmt.Sprint(code))
		ro.set("/old", says(small))
		ro.set("/new", says(small))
		r = p.next()
		if code >= 429 {
			wantAsked(t, ro, "/new")
			continue
		}
		wantAsked(t, ro, "/old")
		if r.Poll.Status != 200 || r.Poll.Moves != 0 || r.Poll.Ask != "" || r.Poll.Moved != "" {
			t.Errorf("%d: %+v", code, r.Poll)
		}
	}
}

// A 410 of the remembered address is not that of the source, which ends polling.
func TestGoneElsewhereIsNotGone(t *testing.T) {
	ro := roadOf(map[string]http.HandlerFunc{"/new": status(410), "/old": status(410)})
	p := newPolls(t, ro, "/old")
	p.prev = news.Poll{Ask: strings.Replace(p.src.URL, "/old", "/new", 1), Moves: 3}
	if r := p.next(); r.Poll.Status == 410 {
		t.Error("410 of another address")
	}
	if r := p.next(); r.Poll.Status != 410 {
		t.Errorf("status %d", r.Poll.Status)
	}
}

// Secrets are for the host that the configuration names.
func TestSecretsStayHome(t *testing.T) {
	far := roadOf(map[string]http.HandlerFunc{"/new": says(small)})
	there := serve(t, far.ServeHTTP)
	home := roadOf(map[string]http.HandlerFunc{"/new": says(small)})
	p := newPolls(t, home, "/old")
	p.src.Access = news.Access{User: "u", Password: "p", Headers: map[string]string{"X-Key": "k"}}
	for _, c := range []struct {
		at   string
		road *road
		want bool
	}{{there.URL + "/new", far, false}, {strings.Replace(p.src.URL, "/old", "/new", 1), home, true}} {
		p.prev = news.Poll{Ask: c.at, Moved: c.at, Moves: 3}
		if r := p.next(); r.Err != nil {
			t.Fatal(r.Err)
		}
		h := c.road.seen[0]
		if got := h.Get("Authorization") != "" && h.Get("X-Key") != ""; got != c.want {
			t.Errorf("%s was told %v", c.at, h)
		}
	}
}

// Neither does a Location log us in elsewhere.
func TestUserinfoInARedirectIsDropped(t *testing.T) {
	ro := roadOf(map[string]http.HandlerFunc{"/new": says(small)})
	p := newPolls(t, ro, "/old")
	ro.set("/old", to(301, strings.Replace(p.src.URL, "http://", "http://admin:admin@", 1)[:len(p.src.URL)+len("admin:admin@")-len("/old")]+"/new"))
	r := p.next()
	if got := ro.seen[1].Get("Authorization"); got != "" || r.Err != nil || strings.Contains(r.Poll.Moved, "admin") {
		t.Errorf("told %q, moved to %q, %v", got, r.Poll.Moved, r.Err)
	}
}

const homepage = `<!doctype html><html><head><base href="/blog/"><title>Home</title>
<link rel="alternate" type="application/json" href="/wp-json/1">
<link rel="alternate" type="application/rss+xml" title="Home » Comments Feed" href="/comments/feed/">
<link rel="stylesheet" type="text/css" href="x.css"><link rel="alternate" type="application/atom+xml" href="feed">
<link rel="alternate" type="application/rss+xml" href="/rss"></head><body></body></html>`

func TestDiscover(t *testing.T) {
	ro := roadOf(map[string]http.HandlerFunc{"/": says(homepage), "/blog/feed": says(small)})
	p := newPolls(t, ro, "/")
	wantErr(t, p.next().Err, "/blog/feed or", "discover: true")
	ro.take()
	p.src.Access.Discover = true
	if r := p.next(); r.Err != nil || len(r.Items) != 1 || !strings.HasSuffix(r.Poll.Ask, "/blog/feed") {
		t.Fatalf("%+v, %v", r.Poll, r.Err)
	}
	wantAsked(t, ro, "/", "/blog/feed")
	p.next()
	wantAsked(t, ro, "/blog/feed") // the page is not asked each time

	p.now = p.now.Add(lookAgain)
	ro.set("/", says(strings.ReplaceAll(homepage, `"feed"`, `"/feed2"`)))
	ro.set("/feed2", says(small))
	p.next()
	wantAsked(t, ro, "/", "/feed2") // looked at again after a week

	ro.set("/feed2", nil)
	ro.set("/", says(homepage))
	wantErr(t, p.next().Err, "404", "next time the url of the configuration")
	p.next()
	wantAsked(t, ro, "/feed2", "/", "/blog/feed") // and when the feed is lost

	p.now = p.now.Add(lookAgain)
	ro.set("/", status(500))
	if r := p.next(); r.Err != nil {
		t.Error(r.Err)
	}
	wantAsked(t, ro, "/", "/blog/feed") // a page that is down does not cost a feed that is well
	p.next()
	wantAsked(t, ro, "/blog/feed")

	p.src.Access.Discover = false
	ro.set("/", says(homepage))
	wantErr(t, p.next().Err, "not a feed")
}

// One step: what a page names must be a feed.
func TestDiscoverIsFollowedOnce(t *testing.T) {
	ro := roadOf(map[string]http.HandlerFunc{"/": says(homepage), "/blog/feed": says(homepage)})
	p := newPolls(t, ro, "/")
	p.src.Access.Discover = true
	wantErr(t, p.next().Err, "the page names the feed", "not a feed")
	wantAsked(t, ro, "/", "/blog/feed")
}

func TestDiscoverStaysOutOfPrivateNetworks(t *testing.T) {
	ro := roadOf(map[string]http.HandlerFunc{"/": says(strings.ReplaceAll(homepage, `"feed"`, `"http://169.254.169.254/latest"`))})
	p := newPolls(t, ro, "/")
	p.src.Access.Discover = true
	wantErr(t, p.next().Err, "fetch.allow_networks")
}

func TestOnlyCommentsAreBetterThanNothing(t *testing.T) {
	page := `<link rel=alternate type=application/rss+xml href=/comments/feed><link rel=alternate type=application/json href=/wp-json>`
	if got := alternates([]byte(page), "https://h.example/"); !slices.Equal(got, []string{"https://h.example/comments/feed", "https://h.example/wp-json"}) {
		t.Errorf("%q", got)
	}
}
