package publish

import (
	"encoding/xml"
	"io"
	"slices"
	"time"

	"github.com/gorilla/feeds"

	"aggregator/internal/news"
)

// The namespaces of what neither Atom nor RSS has elements for.
const (
	nsAtom    = "http://www.w3.org/2005/Atom"
	nsContent = "http://purl.org/rss/1.0/modules/content/"
	nsDC      = "http://purl.org/dc/elements/1.1/"
	nsMedia   = "http://search.yahoo.com/mrss/"
	nsITunes  = "http://www.itunes.com/dtds/podcast-1.0.dtd"
	nsPodcast = "https://podcastindex.org/namespace/1.0"
	nsHistory = "http://purl.org/syndication/history/1.0"
	nsTombs   = "http://purl.org/atompub/tombstones/1.0"
)

// generator names the program, without a version: a new one changes no feed.
const generator = "aggregator"

// atomFeed is gorilla's with what it has no field for, or only one of; our
// fields win over those of the same element in the embedded ones.
type atomFeed struct {
	*feeds.AtomFeed
	XMLName xml.Name `xml:"feed"`
	spaces
	Title     atomText    `xml:"title"`
	Subtitle  *atomText   `xml:"subtitle"`
	Generator string      `xml:"generator"`
	Link      []atomLink  `xml:"link"`
	Archive   *struct{}   `xml:"fh:archive"`
	Gone      []atomGone  `xml:"at:deleted-entry"`
	Entries   []atomEntry `xml:"entry"`
}

// atomGone tells of an entry that was taken out (RFC 6721).
type atomGone struct {
	Ref  string `xml:"ref,attr"`
	When string `xml:"when,attr"`
}

type atomEntry struct {
	*feeds.AtomEntry
	XMLName   xml.Name       `xml:"entry"`
	Lang      string         `xml:"xml:lang,attr,omitempty"`
	Title     atomText       `xml:"title"`
	Rights    *atomText      `xml:"rights"`
	Category  []atomCategory `xml:"category"`
	Source    atomSource     `xml:"source"`
	Links     []atomLink     `xml:"link"`
	Summary   *atomText      `xml:"summary"`
	Authors   []atomPerson   `xml:"author"`
	Helpers   []atomPerson   `xml:"contributor"`
	Files     []media        `xml:"media:content"`
	Thumbnail *mediaImage    `xml:"media:thumbnail"`
	podcast
}

type atomLink struct {
	Rel    string `xml:"rel,attr"`
	Type   string `xml:"type,attr,omitempty"`
	Href   string `xml:"href,attr"`
	Title  string `xml:"title,attr,omitempty"`
	Length string `xml:"length,attr,omitempty"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

// atomText is plain text. What might be taken for HTML is written as such, as
// most feeds write all: there are readers that pass over the type.
type atomText struct {
	Type string `xml:"type,attr,omitempty"` // "" is text (RFC 4287 3.1.1)
	Text string `xml:",chardata"`
}

type atomPerson struct {
	Name  string `xml:"name"`
	URI   string `xml:"uri,omitempty"`
	Email string `xml:"email,omitempty"`
}

type atomSource struct {
	ID      string      `xml:"id"`
	Title   atomText    `xml:"title"`
	Updated string      `xml:"updated"`
	Link    []atomLink  `xml:"link"`
	Logo    string      `xml:"logo,omitempty"`
	Author  *atomPerson `xml:"author"`
}

// FeedXml implements feeds.XmlFeed.
func (f *atomFeed) FeedXml() any { return f }

func writeAtom(w io.Writer, f feed) error {
	g := gorilla(f)
	base := (&feeds.Atom{Feed: g}).AtomFeed()
	base.Id = f.id
	base.Author = &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: inert(orElse(f.site, f.title)), Uri: f.home}}
	doc := &atomFeed{
		Title: newText(f.title), Subtitle: textOrNone(f.subtitle),
		AtomFeed: base, spaces: spacesOf(f), Generator: generator,
		Link: []atomLink{
			{Rel: "self", Type: "application/atom+xml", Href: f.self},
			{Rel: "alternate", Type: "text/html", Href: f.home},
		},
	}
	if f.hub != "" {
		doc.Link = append(doc.Link, atomLink{Rel: "hub", Href: f.hub})
	}
	doc.Link = append(doc.Link, f.paging.links("application/atom+xml")...)
	if f.paging.closed {
		doc.Archive = &struct{}{}
	}
	for _, g := range f.gone {
		doc.Tombs, doc.Gone = nsTombs, append(doc.Gone, atomGone{g.ID, stamp(g.When)})
	}
	for i, e := range f.entries {
		doc.Entries = append(doc.Entries, newAtomEntry(base.Entries[i], e))
	}
	return feeds.WriteXML(doc, w)
}

func newAtomEntry(base *feeds.AtomEntry, e entry) atomEntry {
	base.Published = stamp(e.published)
	base.Links = nil // the one field that ours does not shadow, for it has no tag
	a := atomEntry{AtomEntry: base, Title: newText(e.title), Summary: textOrNone(e.summary), Rights: textOrNone(e.rights),
		Lang: e.language, Source: newAtomSource(e), Links: atomLinks(e), podcast: newPodcast(e)}
	// RFC 4287 4.1.2: without an alternate link there must be content.
	if base.Content == nil && e.url == "" {
		base.Content = &feeds.AtomContent{Type: "html"}
	}
	for _, tag := range e.tags {
		a.Category = append(a.Category, atomCategory{inert(tag)})
	}
	a.Authors, a.Helpers = atomPeople(e.authors), atomPeople(e.helpers)
	for _, f := range e.files {
		// A link has no place for these.
		if f.Duration >= time.Second || f.Width > 0 || f.Height > 0 {
			a.Files = append(a.Files, newMedia(f))
		}
	}
	if e.image != "" {
		a.Thumbnail = &mediaImage{e.image}
	}
	return a
}

func newText(s string) atomText {
	if marked(s) {
		return atomText{"html", asHTML(s)}
	}
	return atomText{"", s}
}

func textOrNone(s string) *atomText {
	if s == "" {
		return nil
	}
	t := newText(s)
	return &t
}

func atomPeople(ps []news.Person) (out []atomPerson) {
	for _, p := range ps {
		out = append(out, atomPerson{inert(p.Name), p.URL, p.Email})
	}
	return out
}

// newAtomSource stands for its item's authors where it names none, as RFC 4287
// 4.2.1 has it: else readers would take our site for the author. Its date is
// not kept; that of the story is what we know of it.
func newAtomSource(e entry) atomSource {
	s := atomSource{ID: e.source.ID, Title: newText(e.source.Name), Updated: stamp(e.updated), Logo: e.source.Image}
	if e.source.Link != "" {
		s.Link = []atomLink{{Rel: "alternate", Type: "text/html", Href: e.source.Link}}
	}
	if len(e.authors) == 0 {
		s.Author = &atomPerson{Name: inert(e.source.Name)}
	}
	return s
}

func atomLinks(e entry) (links []atomLink) {
	if e.url != "" {
		links = append(links, atomLink{Rel: "alternate", Type: "text/html", Href: e.url})
	}
	for _, t := range e.also {
		if t.URL != "" {
			link := atomLink{Rel: "related", Type: "text/html", Href: t.URL, Title: inert(t.name())}
			if !slices.Contains(links, link) { // a source may tell it twice at one address
				links = append(links, link)
			}
		}
	}
	for _, r := range e.related {
		links = append(links, atomLink{Rel: "related", Type: "text/html", Href: r.URL, Title: inert(r.name())})
	}
	if e.via.Link != "" {
		links = append(links, atomLink{Rel: "via", Href: e.via.Link, Title: inert(e.via.Title)})
	}
	for _, f := range e.files {
		links = append(links, atomLink{Rel: "enclosure", Type: f.Type, Href: f.URL, Title: inert(f.Title), Length: length(f.Length)})
	}
	return links
}

// name is how a link to a telling is called.
func (t telling) name() string { return named(t.Source, t.Title) }

func named(source, title string) string {
	if title == "" {
		return source
	}
	return source + ": " + title
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// gorilla is f in the terms of gorilla/feeds. Ids and dates are always set: it
// makes up random ones for those that are not.
func gorilla(f feed) *feeds.Feed {
	g := &feeds.Feed{Title: f.title, Description: f.subtitle, Id: f.id, Link: &feeds.Link{Href: f.home}, Updated: f.updated, Created: f.updated}
	for _, e := range f.entries {
		g.Add(&feeds.Item{
			Id: e.id, IsPermaLink: "false", Title: e.title, Link: &feeds.Link{Href: e.url},
			Description: e.summary, Content: e.html, Created: e.published, Updated: e.updated,
		})
	}
	return g
}
