// Package demo is a handful of sample outlets on loopback: invented news, in
// every kind of feed, with the same wire reports printed by many of them.
package demo

import (
	"cmp"
	"embed"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed stories.txt feeds
var files embed.FS

// An Outlet is one sample source.
type Outlet struct {
	Name string
	Path string // of its feed
	Tier int
	// Topics are the topics that the demo's configuration gives it.
	Topics []string
	form   string // template in feeds/
	media  string
	// desk is what the outlet does to what it prints.
	desk desk
	// carries are the keys of its stories; a leading "@" links to the wire's
	// own page instead of printing the report under an address of its own.
	carries []string
}

// A desk edits the wire's reports, as desks do.
type desk int

const (
	prints   desk = iota // as they come
	cuts                 // headline with the outlet's name, first paragraph
	retitles             // under a headline of its own, without the dateline
)

const (
	asRSS  = "application/rss+xml; charset=utf-8"
	asAtom = "application/atom+xml"
	asJSON = "application/feed+json"
	asXML  = "text/xml"
)

// Outlets are the sample sources.
func Outlets() []Outlet {
	wire := strings.Fields("lawyer-released uyghur-scholar china-exports glacier-report election-runoff journalists-jailed migrants-rescued port-strike quake-islands vaccine-malaria climate-fund hongkong-editors")
	return []Outlet{
		{Name: "Meridian Wire", Path: "/meridian/world.rss", Tier: 1, form: "rss.xml", media: asRSS, carries: wire},
		{Name: "Harbour Daily", Path: "/harbour/feed.atom", form: "atom.xml", media: asAtom, desk: retitles,
			carries: strings.Fields("lawyer-released election-runoff port-strike rail-tunnel library-reopens quake-islands glacier-report")},
		{Name: "Plateau Post", Path: "/plateau/feed.json", form: "feed.json", media: asJSON,
			carries: strings.Fields("uyghur-scholar church-detained lawyer-released xinjiang-cotton chip-plant china-exports beijing-heat")},
		{Name: "Agora Review", Path: "/agora/index.rdf", form: "rdf.xml", media: asXML,
			carries: strings.Fields("election-observers voting-age journalists-jailed protest-law hongkong-editors climate-fund")},
		{Name: "Rights Bulletin", Path: "/rights/rss", Tier: 2, Topics: []string{"Human Rights"}, form: "rss.xml", media: asRSS,
			carries: strings.Fields("@lawyer-released @uyghur-scholar church-detained domestic-workers protest-law journalists-jailed")},
		{Name: "Old Gazette", Path: "/gazette/rss091.xml", form: "rss091.xml", media: asXML,
			carries: strings.Fields("migrants-rescued quake-islands library-reopens rail-tunnel panda-zoo vaccine-malaria")},
		{Name: "Climate Desk", Path: "/climate/atom", form: "atom.xml", media: asAtom,
			carries: strings.Fields("glacier-report climate-fund heatwave-schools beijing-heat @port-strike")},
		{Name: "晨报", Path: "/chenbao/feed.xml", form: "rss.xml", media: asRSS,
			carries: strings.Fields("zh-lawyer zh-uyghur zh-exports")},
		{Name: "El Faro", Path: "/faro/feed.json", form: "feed.json", media: asJSON,
			carries: strings.Fields("es-elecciones es-glaciares es-derechos")},
		{Name: "Evening Mirror", Path: "/mirror/feed.rss", form: "rss.xml", media: asRSS, desk: cuts,
			carries: strings.Fields("lawyer-released uyghur-scholar china-exports election-runoff port-strike quake-islands migrants-rescued chip-plant")},
	}
}

type story struct {
	Key, Title string
	Other      string // headline, of those who write their own
	Labels     []string
	Paragraphs []string
	Ago        time.Duration
}

// Entry is a story as one outlet prints it.
type Entry struct {
	Title, Link, ID string
	HTML            string
	Labels          []string
	Date            time.Time
}

type page struct {
	Outlet
	Base    string // of the outlet's site
	Entries []Entry
	Now     time.Time
}

// Handler serves the outlets' feeds, dated as of now, to be found at base.
func Handler(base string, now time.Time) (http.Handler, error) {
	stories, err := read()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	forms, err := template.New("").Funcs(template.FuncMap{
		"xml": html.EscapeString, "json": strconv.Quote,
		"rfc822": func(t time.Time) string { return t.Format(time.RFC1123Z) }, "rfc3339": func(t time.Time) string { return t.Format(time.RFC3339) },
	}).ParseFS(files, "feeds/*")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	mux := http.NewServeMux()
	for _, o := range Outlets() {
		var doc strings.Builder
		if err := forms.ExecuteTemplate(&doc, o.form, o.page(base, stories, now)); err != nil {
			return nil, fmt.Errorf("demo: %s: %w", o.Name, err)
		}
		mux.Handle("GET "+o.Path, serve(doc.String(), o.media, now))
	}
	mux.HandleFunc("GET /{outlet}/{page}", func(w http.ResponseWriter, r *http.Request) {
		s, ok := stories[strings.TrimSuffix(r.PathValue("page"), ".html")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>%s</title><h1>%[1]s</h1>%s", html.EscapeString(s.Title), s.html())
	})
	return mux, nil
}

func (s story) html() string {
	return "<p>" + strings.Join(s.Paragraphs, "</p>\n<p>") + "</p>"
}

// serve answers as a well-kept site does: with validators, and 304.
func serve(doc, media string, now time.Time) http.Handler {
	etag := fmt.Sprintf(`"%x"`, len(doc))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", now, strings.NewReader(doc))
	})
}

func (o Outlet) page(base string, stories map[string]story, now time.Time) page {
	p := page{Outlet: o, Base: site(base, o), Now: now}
	for _, key := range o.carries {
		key, linked := strings.CutPrefix(key, "@")
		s := stories[key]
		e := Entry{Title: s.Title, Labels: s.Labels, Date: now.Add(-s.Ago), Link: p.Base + key + ".html", ID: "tag:" + key}
		o.edit(&e, s)
		if linked {
			e.Link = site(base, Outlets()[0]) + key + ".html?utm_source=rss"
			e.HTML = "<p>From the wire: " + s.Title + ".</p>"
		}
		if o.Tier != 1 {
			e.Date = e.Date.Add(7 * time.Minute)
		}
		p.Entries = append(p.Entries, e)
	}
	return p
}

func (o Outlet) edit(e *Entry, s story) {
	switch o.desk {
	case cuts:
		s.Paragraphs = s.Paragraphs[:1]
		e.Title += " - " + o.Name
	case retitles:
		_, first, dated := strings.Cut(s.Paragraphs[0], " - ")
		if dated {
			s.Paragraphs = append([]string{first}, s.Paragraphs[1:]...)
		}
		e.Title = cmp.Or(s.Other, e.Title)
	}
	e.HTML = s.html()
}

func site(base string, o Outlet) string {
	return base + o.Path[:strings.LastIndexByte(o.Path, '/')+1]
}

// read parses stories.txt; its form stands at its top.
func read() (map[string]story, error) {
	raw, err := files.ReadFile("stories.txt")
	if err != nil {
		return nil, err
	}
	stories := map[string]story{}
	for _, block := range strings.Split(string(raw), "\n== ")[1:] {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		head := strings.Split(lines[0], " | ")
		if len(head) != 3 || len(lines) < 3 {
			return nil, fmt.Errorf("stories.txt: %q is no story", lines[0])
		}
		minutes, err := strconv.Atoi(head[1])
		if err != nil {
			return nil, fmt.Errorf("stories.txt: %q: %w", lines[0], err)
		}
		other := ""
		if rest, ok := strings.CutPrefix(lines[2], "~ "); ok {
			other, lines = rest, append(lines[:2:2], lines[3:]...)
		}
		stories[head[0]] = story{Other: other, Key: head[0], Title: lines[1], Labels: strings.Split(head[2], ", "), Paragraphs: lines[2:], Ago: time.Duration(minutes) * time.Minute}
	}
	return stories, nil
}
