package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/access"
)

var (
	// errNotFound: there is no such page.
	errNotFound = errors.New("not found")
	// errGone: a person hid the story.
	errGone = errors.New("gone")
	// errPrivate: it is there, and the one who asks may not read it.
	errPrivate = errors.New("private")
	// errBusy: enough searches are under way.
	errBusy = errors.New("enough searches are under way")
)

// moved is the error of an address that leads to a path of ours.
type moved string

func (m moved) Error() string { return "moved to " + string(m) }

// A made page is ready to be sent.
type made struct {
	media string
	body  []byte
}

// policy forbids pages all but our own style sheet, script and icon, whatever a
// source wrote.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const (
	// brief is how long anybody may keep an answer.
	brief = "public, max-age=60"
	// unshared is for what a key opened.
	unshared = "private, no-store"
)

// ServeHTTP answers for /, /topics/PATH, /stories/ID and /stories/ID.json,
// /sources and /sources.json, /try, /search, and the style sheet, script and
// icon. The request's path is the one below the site's address.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		p.say(w, p.site.Load(), http.StatusMethodNotAllowed, "A page can only be read.")
		return
	}
	s, keep := p.site.Load().to(r)
	if s.private {
		h.Set("Vary", "Authorization") // a cache keeps what strangers see
	}
	if keep == unshared {
		h.Set("Cache-Control", keep) // also of what is refused: its links hold the token
	}
	m, err := p.make(r.Context(), s, r.URL.Path, r.URL.Query())
	if err != nil {
		p.refuse(w, r, s, keep, err)
		return
	}
	p.report(r.Context(), nil)
	sum := sha256.Sum256(m.body)
	h.Set("Etag", `"`+hex.EncodeToString(sum[:12])+`"`)
	h.Set("Content-Type", m.media)
	h.Set("Cache-Control", keep)
	if keep == brief {
		h.Set("Cache-Control", brief+", stale-if-error=86400")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.body))
}

// refuse answers where there is no page to show.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, s *shown, keep string, err error) {
	h := w.Header()
	var to moved
	switch {
	case errors.Is(err, errNotFound):
		p.say(w, s, http.StatusNotFound, "There is no page at this address.")
	case errors.Is(err, errPrivate):
		access.Ask(w)
	case errors.Is(err, errGone):
		h.Set("Cache-Control", keep) // it may be published again
		p.say(w, s, http.StatusGone, "This story is not published any more.")
	case errors.As(err, &to):
		h.Set("Cache-Control", keep) // it may be merged again
		http.Redirect(w, r, string(to), http.StatusPermanentRedirect)
	case errors.Is(err, errBusy):
		h.Set("Retry-After", "5")
		p.say(w, s, http.StatusServiceUnavailable, "Others are searching just now. Please try again in a moment.")
	default:
		p.report(r.Context(), err)
		h.Set("Retry-After", "5")
		p.say(w, s, http.StatusServiceUnavailable, "The stories cannot be read just now. Please try again soon.")
	}
}

// report logs the first failure and its end. A client that went away is none.
func (p *Pages) report(ctx context.Context, err error) {
	if ctx.Err() != nil || p.failing.Swap(err != nil) == (err != nil) {
		return
	}
	if err != nil {
		p.log.Error("pages cannot be shown", "error", err)
	} else {
		p.log.Info("pages can be shown again")
	}
}

// make gives the page at a path, with what its address asks for.
func (p *Pages) make(ctx context.Context, s *shown, path string, ask url.Values) (made, error) {
	path = strings.TrimSuffix(path, "/") // as a static host has them
	if file, ok := p.files[path]; ok {
		return file, nil
	}
	switch path {
	case "":
		return p.index(ctx, s)
	case "/sources":
		return p.sources(ctx, s, ask)
	case "/sources.json":
		return p.sourcesJSON(ctx)
	case "/try":
		return p.try(ctx, s, ask)
	case "/search":
		return p.search(ctx, s, ask)
	}
	if topic, ok := strings.CutPrefix(path, "/topics/"); ok {
		return p.topic(ctx, s, topic, pageOf(ask))
	}
	if id, ok := strings.CutPrefix(path, "/stories/"); ok {
		id, asJSON := strings.CutSuffix(id, ".json")
		return p.story(ctx, s, id, asJSON)
	}
	return made{}, errNotFound
}

// mostOlder is how many pages a list may have: numbers beyond it would wrap.
const mostOlder = 1_000_000

// pageOf is which page of a long list is asked for; the first is 1.
func pageOf(ask url.Values) int {
	n, _ := strconv.Atoi(ask.Get("page")) // the largest there is where it is too large
	return min(max(1, n), mostOlder)
}

func (p *Pages) say(w http.ResponseWriter, s *shown, status int, sentence string) {
	m, err := p.render(s, "message", head{Title: sentence}, sentence)
	if err != nil {
		http.Error(w, sentence, status)
		return
	}
	w.Header().Set("Content-Type", m.media)
	w.WriteHeader(status)
	w.Write(m.body) // an error means that the client has gone
}

// A head is what every page says of itself.
type head struct {
	Title string
	Path  string // below the site's address, of the page
	Feeds []link // of the page, for readers to discover
	Moved string // where the page leads by itself; "" for nowhere
	Wide  bool   // it has things side by side
}

// Is says where in the site's navigation the page stands.
func (h head) Is(path string) bool { return h.Path == path }

// render fills a template.
func (p *Pages) render(s *shown, name string, h head, body any) (made, error) {
	var b bytes.Buffer
	err := p.templates[name].ExecuteTemplate(&b, "page", struct {
		head
		*shown
		Body any
	}{h, s, body})
	if err != nil {
		return made{}, fmt.Errorf("page %s: %w", name, err)
	}
	return made{"text/html; charset=utf-8", b.Bytes()}, nil
}

// mostBytes is what a page may weigh, uncompressed: it comes over a bad line in
// a moment, and a small machine lays it out at once.
const mostBytes = 48_000

// A detail is how much of each text a page shows, in characters, and how many
// things of a kind.
type detail struct {
	title, text, words int
	also               int // other tellings of a story in a list
	tell               int // tellings side by side
	link               int // bytes of an address that is worth its place
	chart              bool
}

// details are tried one after the other: news agencies write short titles, but
// nobody forbids a title of a thousand characters.
var details = []detail{
	{title: 200, text: 160, words: 12, also: 8, tell: 24, link: 600, chart: true},
	{title: 160, text: 140, words: 8, also: 3, tell: 20, link: 400, chart: true},
	{title: 120, text: 90, words: 4, also: 1, tell: 16, link: 300, chart: true},
	{title: 110, text: 0, words: 3, also: 0, tell: 12, link: 300, chart: true},
	{title: 80, text: 0, words: 1, also: 0, tell: 6, link: 200},
	{title: 40, text: 0, words: 1, also: 0, tell: 3, link: 100},
}

// fit renders a page with as much detail as its size allows.
func (p *Pages) fit(s *shown, name string, h head, body func(detail) any) (m made, err error) {
	for _, d := range details {
		if m, err = p.render(s, name, h, body(d)); err != nil || len(m.body) <= mostBytes {
			return m, err
		}
	}
	return m, nil
}

func asJSON(v any) (made, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		return made{}, fmt.Errorf("page as JSON: %w", err)
	}
	return made{"application/json; charset=utf-8", b.Bytes()}, nil
}
