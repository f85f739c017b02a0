package fetch

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/mmcdole/gofeed/atom"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// fromAtom reads Atom 0.3 and 1.0. encoded says that the document may hold
// base64, which the parser decodes for some types only.
func fromAtom(f *atom.Feed, scopes []scope, encoded bool) document {
	doc := document{
		id:       strings.TrimSpace(f.ID),
		title:    first(f.Title, value(f.Extensions, "dc", "title")),
		link:     alternate(f.Links),
		language: first(f.Language, value(f.Extensions, "dc", "language")),
		rights:   first(f.Rights, value(f.Extensions, "dc", "rights")),
		image:    first(f.Logo, f.Icon, itemImage(f.Extensions)),
		authors:  atomPersons(f.Authors),
		pace:     syndication(f.Extensions),
		deleted:  deleted(f.Extensions),
	}
	for _, l := range f.Links {
		switch {
		case l.Rel == "hub" && doc.hub == "":
			doc.hub = l.Href
		case l.Rel == "self" && doc.self == "":
			doc.self = l.Href
		}
	}
	if doc.authors == nil {
		doc.authors = extAuthors(f.Extensions)
	}
	doc.entries = make([]entry, len(f.Entries))
	for i, en := range f.Entries {
		doc.entries[i] = fromAtomEntry(en, at(scopes, i), encoded)
	}
	return doc
}

func fromAtomEntry(en *atom.Entry, in scope, encoded bool) entry {
	x := en.Extensions
	e := entry{
		guid:      strings.TrimSpace(en.ID),
		permalink: true, // RFC 4287 4.2.6 has only IRIs; one that is an address will do for a link
		link:      alternate(en.Links),
		title:     first(en.Title, value(x, "dc", "title"), mediaText(x, "title")),
		summary:   first(en.Summary, value(x, "dc", "description"), value(x, "itunes", "summary"), value(x, "itunes", "subtitle")),
		published: []string{en.Published, value(x, "dc", "date"), value(x, "dcterms", "issued")},
		updated:   []string{en.Updated, value(x, "dcterms", "modified")},
		parsedAt:  en.PublishedParsed,
		updatedAt: en.UpdatedParsed,
		language:  first(value(x, "dc", "language"), in.lang),
		rights:    first(en.Rights, value(x, "dc", "rights"), value(x, "media", "copyright")),
		image:     itemImage(x),
		labels:    extLabels(x),
		authors:   atomPersons(en.Authors),
		helpers:   append(atomPersons(en.Contributors), extHelpers(x)...),
		episode:   episodeOf(x),
	}
	if canon.Resolve("", in.base) != "" {
		e.base = in.base // the parser has resolved against a relative one
	}
	e.readContent(en.Content)
	for _, c := range en.Categories {
		e.labels = append(e.labels, atomLabels(c)...)
	}
	for _, l := range en.Links {
		if l.Rel == "enclosure" {
			e.files = append(e.files, file{url: l.Href, kind: l.Type, length: l.Length, title: l.Title})
		}
	}
	e.addFiles(x)
	e.readSource(en)
	if encoded {
		e.summary, e.content, e.title = unbase64(e.summary), unbase64(e.content), unbase64(e.title)
	}
	if e.authors == nil {
		e.authors = extAuthors(x)
	}
	e.settleContent(mediaText(x, "description"))
	return e
}

// readContent takes the content; one that stands elsewhere (RFC 4287 4.1.3.2)
// is the address of an entry that has no other.
func (e *entry) readContent(c *atom.Content) {
	if c == nil {
		return
	}
	e.content = c.Value
	if e.content == "" && e.link == "" {
		e.link = c.Src
	}
	switch c.Type {
	case "text", "text/plain":
		// Many say text and mean html.
		e.plain = !strings.Contains(e.content, "</") && !strings.Contains(e.content, "<br") && !strings.Contains(e.content, "<p>") && !strings.Contains(e.content, "<img")
	}
}

// readSource: an entry copied from another feed names it (RFC 4287 4.2.11),
// and its authors are the entry's where that has none.
func (e *entry) readSource(en *atom.Entry) {
	if s := en.Source; s != nil {
		e.via = news.Feed{ID: s.ID, Title: s.Title, Link: alternate(s.Links)}
		if e.authors == nil {
			e.authors = atomPersons(s.Authors)
		}
		return
	}
	for _, l := range en.Links {
		if l.Rel == "via" {
			e.via = news.Feed{Link: l.Href, Title: l.Title}
			return
		}
	}
}

// alternate is the page that the links lead to: the first alternate that is
// HTML or says nothing, else the first at all, else what else may be read.
func alternate(links []*atom.Link) string {
	other := ""
	for _, l := range links {
		if l.Rel != "alternate" && l.Rel != "http://www.iana.org/assignments/relation/alternate" || l.Href == "" {
			continue
		}
		if l.Type == "" || strings.Contains(l.Type, "html") {
			return l.Href
		}
		if other == "" {
			other = l.Href
		}
	}
	return other
}

func atomPersons(ps []*atom.Person) (out []news.Person) {
	for _, p := range ps {
		if n := (news.Person{Name: strings.TrimSpace(p.Name), Email: strings.TrimSpace(p.Email), URL: strings.TrimSpace(p.URI)}); n != (news.Person{}) {
			out = append(out, n)
		}
	}
	return out
}

// atomLabels are the label, made for people, and the term, where it says
// something else and is no address.
func atomLabels(c *atom.Category) []string {
	if strings.Contains(c.Term, "://") && c.Label != "" {
		return []string{c.Label}
	}
	return []string{c.Label, c.Term}
}

// unbase64 decodes Atom 0.3's mode="base64", of which only the text is left
// here: so only what is nothing but base64 of readable text.
func unbase64(s string) string {
	packed := strings.Join(strings.Fields(s), "")
	if len(packed) < 8 || len(packed)%4 != 0 {
		return s
	}
	out, err := base64.StdEncoding.DecodeString(packed)
	if err != nil || !utf8.Valid(out) || canon.Clean(string(out)) != string(out) {
		return s
	}
	return string(out)
}
