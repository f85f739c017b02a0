// Package page shows what is on the shelf to people: the topics, a topic's
// stories, a story with all its tellings side by side, how the sources are, and
// what a query finds among all that is kept. The pages are made on the server,
// need no script and take nothing from other hosts; none is over 50 KB.
//
// Begin with page.go (what is shown), serve.go (a request and its answer) and
// reader.go (which topics the one who asks may read: everything else works on
// what that leaves). view.go puts stories into the words of the pages. Then a
// file a page: index.go, topic.go, story.go with told.go (a telling and its
// earlier words), sources.go, find.go (/try and /search, one implementation).
// diff.go and words.go are pure; chart.go counts days; event.go shows stories of
// one event together; files.go gives the public pages as files; assets/ holds
// the templates, the style sheet and the one small script.
//
// The room is larger than others because it holds six pages, each apart from the
// others and in a file of its own.
package page

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"sync/atomic"
	"time"

	"aggregator/internal/access"
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
	// Items is the most stories of it among the files; 0: no limit.
	Items int
	// Holds says in one line what the topic holds.
	Holds string
	// Keys are who may read it.
	Keys access.Keys
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
	// Match tries a query on the kept stories, the latest that came first. each
	// hears of those that are caught, and by which words; looked is how many were
	// looked at, also when ctx ends before all were. A query that cannot be read
	// is Faults.
	Match func(ctx context.Context, s Search, each func(st news.Story, words []string)) (looked int, err error)
}

// Pages serves the pages of one site. All its methods may be called side by
// side.
type Pages struct {
	store     store.Store
	log       *slog.Logger
	doors     Doors
	now       func() time.Time
	templates map[string]*template.Template
	files     map[string]made // style sheet, script, icon
	site      atomic.Pointer[shown]
	failing   atomic.Bool
	activity  activity
	searching chan struct{} // holds one for each search under way
	patience  time.Duration // how long a search may take
}

// New gives the pages of what s holds. The log hears of a store that fails,
// once until it works again.
func New(s store.Store, site Site, doors Doors, log *slog.Logger) *Pages {
	p := &Pages{
		store: s, log: log, doors: doors, now: time.Now, templates: map[string]*template.Template{}, files: map[string]made{},
		searching: make(chan struct{}, mostSearches), patience: longestSearch,
	}
	for name, media := range map[string]string{"style.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"} {
		body, err := assets.ReadFile("assets/" + name)
		if err != nil {
			panic(err) // it is built in
		}
		p.files["/"+name] = made{media + "; charset=utf-8", body}
	}
	for _, name := range []string{"index", "topic", "story", "sources", "try", "search", "message", "moved"} {
		p.templates[name] = template.Must(template.ParseFS(assets, "assets/layout.html", "assets/parts.html", "assets/"+name+".html"))
	}
	p.Use(site)
	return p
}

// Use shows another site from now on.
func (p *Pages) Use(site Site) { p.site.Store(show(site)) }
