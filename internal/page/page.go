// Package page shows what is on the shelf to people: the topics, a topic's
// stories, a story with all its tellings, and how the sources are. The pages
// are made on the server, need no script and take nothing from other hosts.
//
// page.go answers requests, view.go puts stories into the words of the pages,
// event.go shows those of one event together, assets/ holds the templates and the one style sheet, files.go gives the same
// pages as files.
package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

//go:embed assets
var assets embed.FS

// A Site is what the pages show.
type Site struct {
	// Title is what the site is called.
	Title string
	// URL is the public base address, without a slash at its end. A path in it
	// goes before every link.
	URL string
	// Topics are in the order of the configuration.
	Topics []Topic
	// Events shows stories of one event together.
	Events bool
}

// A Topic is one topic with a page.
type Topic struct {
	news.Topic
	// Formats of its feeds: atom, rss, json.
	Formats []string
	// Items is the most stories on its page; 0: no limit.
	Items int
}

// SourceHealth is how a source is. All of it is shown to everybody: it holds
// nothing secret.
type SourceHealth struct {
	Name string    `json:"name"`
	URL  string    `json:"url"`
	Last time.Time `json:"last,omitzero"` // last poll
	Next time.Time `json:"next,omitzero"` // next poll
	Why  string    `json:"why,omitempty"` // why then
	// Status is of HTTP, 0 without an answer; Error is "" when it went well;
	// Partial says what was lost of a broken document.
	Status   int       `json:"status,omitempty"`
	Error    string    `json:"error,omitempty"`
	Partial  string    `json:"partial,omitempty"`
	Failures int       `json:"failures"`         // in a row
	Failing  time.Time `json:"failing,omitzero"` // since the first of them
	Items    int       `json:"items"`            // in the last document
	Good     time.Time `json:"good,omitzero"`
	Asked    string    `json:"asked,omitempty"` // in place of URL: it moved, or is a page that names this feed
	Hub      string    `json:"hub,omitempty"`   // WebSub
	// Push is how our subscription to the hub is: asked, live, broken or refused,
	// with PushWhy; Pushed is when something came last.
	Push    string    `json:"push,omitempty"`
	PushWhy string    `json:"push_why,omitempty"`
	Pushed  time.Time `json:"pushed,omitzero"`
}

// Doors are where the pages find what is not on the shelf.
type Doors struct {
	// Find gives the position of the story with an id, or of the one that it was
	// merged into.
	Find func(id string) (news.Position, bool)
	// Event gives where the stories began that tell of one event with the one at
	// a position, in log order; nil for none.
	Event func(story news.Position) []news.Position
	// Sources are in the order to show them.
	Sources func(ctx context.Context) ([]SourceHealth, error)
}

// Pages serves the pages of one site. All its methods may be called side by
// side.
type Pages struct {
	store     store.Store
	log       *slog.Logger
	doors     Doors
	templates map[string]*template.Template
	style     []byte
	site      atomic.Pointer[shown]
	failing   atomic.Bool
}

// shown is a site with what is derived from it.
type shown struct {
	Site
	root   string // path of the site's address; before every link
	byPath map[string]Topic
}

// New gives the pages of what s holds. The log hears of a store that fails,
// once until it works again.
func New(s store.Store, site Site, doors Doors, log *slog.Logger) *Pages {
	style, err := assets.ReadFile("assets/style.css")
	if err != nil {
		panic(err) // it is built in
	}
	p := &Pages{store: s, log: log, doors: doors, style: style, templates: map[string]*template.Template{}}
	for _, name := range []string{"index", "topic", "story", "sources", "message", "moved"} {
		p.templates[name] = template.Must(template.ParseFS(assets, "assets/layout.html", "assets/"+name+".html"))
	}
	p.Use(site)
	return p
}

// Use shows another site from now on.
func (p *Pages) Use(site Site) {
	s := &shown{Site: site, byPath: map[string]Topic{}}
	if u, err := url.Parse(site.URL); err == nil {
		s.root = strings.TrimRight(u.EscapedPath(), "/")
	}
	for _, t := range site.Topics {
		s.byPath[t.Path()] = t
	}
	p.site.Store(s)
}

var (
	// errNotFound: there is no such page.
	errNotFound = errors.New("not found")
	// errGone: a person hid the story.
	errGone = errors.New("gone")
)

// moved is the error of an address that leads to a path of ours.
type moved string

func (m moved) Error() string { return "moved to " + string(m) }

// A made page is ready to be sent.
type made struct {
	media string
	body  []byte
}

// policy forbids pages all but our own style sheet, whatever a source wrote.
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// brief is how long anybody may keep an answer.
const brief = "public, max-age=60"

// ServeHTTP answers for /, /topics/PATH, /stories/ID and /stories/ID.json,
// /sources and /sources.json, and the style sheet. The request's path is the one
// below the site's address.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		p.say(w, http.StatusMethodNotAllowed, "A page can only be read.")
		return
	}
	m, err := p.make(r.Context(), p.site.Load(), r.URL.Path)
	var to moved
	switch {
	case errors.Is(err, errNotFound):
		p.say(w, http.StatusNotFound, "There is no page at this address.")
		return
	case errors.Is(err, errGone):
		h.Set("Cache-Control", brief) // it may be published again
		p.say(w, http.StatusGone, "This story is not published any more.")
		return
	case errors.As(err, &to):
		h.Set("Cache-Control", brief) // it may be merged again
		http.Redirect(w, r, string(to), http.StatusPermanentRedirect)
		return
	}
	p.report(r.Context(), err)
	if err != nil {
		h.Set("Retry-After", "5")
		p.say(w, http.StatusServiceUnavailable, "The stories cannot be read just now. Please try again soon.")
		return
	}
	sum := sha256.Sum256(m.body)
	h.Set("Etag", `"`+hex.EncodeToString(sum[:12])+`"`)
	h.Set("Content-Type", m.media)
	h.Set("Cache-Control", brief+", stale-if-error=86400")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.body))
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

// make gives the page at a path.
func (p *Pages) make(ctx context.Context, s *shown, path string) (made, error) {
	path = strings.TrimSuffix(path, "/") // as a static host has them
	switch path {
	case "":
		return p.index(ctx, s)
	case "/style.css":
		return made{"text/css; charset=utf-8", p.style}, nil
	case "/sources", "/sources.json":
		return p.sources(ctx, s, path == "/sources.json")
	}
	if topic, ok := strings.CutPrefix(path, "/topics/"); ok {
		return p.topic(ctx, s, topic)
	}
	if id, ok := strings.CutPrefix(path, "/stories/"); ok {
		id, asJSON := strings.CutSuffix(id, ".json")
		return p.story(ctx, s, id, asJSON)
	}
	return made{}, errNotFound
}

func (p *Pages) say(w http.ResponseWriter, status int, sentence string) {
	m, err := p.render(p.site.Load(), "message", head{Title: sentence}, sentence)
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
}

// render fills a template.
func (p *Pages) render(s *shown, name string, h head, body any) (made, error) {
	var b bytes.Buffer
	err := p.templates[name].ExecuteTemplate(&b, "page", struct {
		head
		Site, Root string
		Body       any
	}{h, s.Title, s.root, body})
	if err != nil {
		return made{}, fmt.Errorf("page %s: %w", name, err)
	}
	return made{"text/html; charset=utf-8", b.Bytes()}, nil
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
