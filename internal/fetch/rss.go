package fetch

import (
	"slices"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"aggregator/internal/news"
)

// fromRSS reads RSS 0.9x, 1.0 (RDF) and 2.0.
func fromRSS(f *rss.Feed, scopes []scope) document {
	x := f.Extensions
	doc := document{
		title:    first(f.Title, value(x, "dc", "title")),
		link:     first(f.Link, first(f.Links...), atomLink(x, "alternate")),
		language: first(f.Language, value(x, "dc", "language")),
		hub:      atomLink(x, "hub"),
		self:     atomLink(x, "self"),
		rights:   first(f.Copyright, value(x, "dc", "rights"), mediaText(x, "copyright")),
		image:    itemImage(x),
		cloud:    cloudOf(f.Cloud),
		pace:     paceOf(f),
		deleted:  deleted(x),
	}
	if f.Image != nil && f.Image.URL != "" {
		doc.image = f.Image.URL
	}
	doc.authors = persons(f.ManagingEditor)
	if doc.authors == nil {
		doc.authors = extAuthors(x)
	}
	doc.entries = make([]entry, len(f.Items))
	for i, it := range f.Items {
		doc.entries[i] = fromRSSItem(it, at(scopes, i))
	}
	return doc
}

func fromRSSItem(it *rss.Item, in scope) entry {
	x := it.Extensions
	e := entry{
		base:      in.base,
		link:      first(it.Link, first(it.Links...), atomLink(x, "alternate")),
		title:     first(it.Title, value(x, "dc", "title"), mediaText(x, "title"), value(x, "itunes", "title")),
		summary:   first(it.Description, value(x, "dc", "description"), value(x, "atom", "summary"), value(x, "itunes", "summary"), value(x, "itunes", "subtitle")),
		content:   first(it.Content, value(x, "atom", "content"), it.Custom["fullitem"], it.Custom["body"], flat(x["xhtml"]["body"]), flat(x["xhtml"]["div"])),
		published: []string{it.PubDate, value(x, "dc", "date"), value(x, "atom", "published"), value(x, "dcterms", "issued"), value(x, "dcterms", "created")},
		updated:   []string{value(x, "atom", "updated"), value(x, "dcterms", "modified")},
		parsedAt:  it.PubDateParsed,
		language:  first(value(x, "dc", "language"), in.lang),
		rights:    first(value(x, "dc", "rights"), value(x, "media", "copyright"), value(x, "atom", "rights")),
		image:     itemImage(x),
		labels:    extLabels(x),
		authors:   sameOrMore(persons(it.Author), creators(x)),
		helpers:   extHelpers(x),
		episode:   episodeOf(x),
	}
	if it.GUID != nil {
		e.guid, e.permalink = strings.TrimSpace(it.GUID.Value), !strings.EqualFold(strings.TrimSpace(it.GUID.IsPermalink), "false")
	}
	if e.authors == nil {
		e.authors = extAuthors(x)
	}
	for _, c := range it.Categories {
		e.labels = append(e.labels, c.Value)
	}
	for _, f := range it.Enclosures {
		e.files = append(e.files, file{url: f.URL, kind: f.Type, length: f.Length})
	}
	e.addFiles(x)
	if it.Source != nil {
		e.via = news.Feed{ID: it.Source.URL, Title: it.Source.Title}
	} else {
		e.via = viaLink(x)
	}
	e.settleContent(mediaText(x, "description"))
	return e
}

// settleContent moves the only text there is to content; media:description is
// the text of items that have no other (YouTube, Flickr).
func (e *entry) settleContent(media string) {
	if e.summary == "" {
		e.summary = media
	}
	if e.content == "" || e.content == e.summary {
		e.content, e.summary = e.summary, ""
	}
}

// extAuthors reads Dublin Core, iTunes, Atom and Media RSS elements, in that
// order.
func extAuthors(x ext.Extensions) []news.Person {
	for _, name := range [...][2]string{{"dc", "creator"}, {"dc", "author"}, {"itunes", "author"}} {
		if ps := named(x, name[0], name[1]); ps != nil {
			return ps
		}
	}
	var ps []news.Person
	for _, prefix := range [...]string{"atom", "atom03"} {
		for _, a := range x[prefix]["author"] {
			p := news.Person{Name: child(a, "name"), Email: child(a, "email"), URL: first(child(a, "uri"), child(a, "url"))}
			if p != (news.Person{}) {
				ps = append(ps, p)
			}
		}
	}
	if ps != nil {
		return ps
	}
	authors, _ := credits(x)
	return authors
}

// creators are those of Dublin Core alone, which stand beside RSS's author.
func creators(x ext.Extensions) []news.Person { return named(x, "dc", "creator") }

func named(x ext.Extensions, prefix, name string) (ps []news.Person) {
	for _, e := range x[prefix][name] {
		ps = append(ps, persons(e.Value)...)
	}
	return ps
}

// extHelpers are those who are named, but as no authors.
func extHelpers(x ext.Extensions) []news.Person {
	_, others := credits(x)
	return append(named(x, "dc", "contributor"), others...)
}

// sameOrMore joins what RSS says of authors twice: an address alone and a name
// alone are one person, a name that is there already is no other.
func sameOrMore(authors, creators []news.Person) []news.Person {
	if len(authors) == 1 && len(creators) == 1 && authors[0].Name == "" && creators[0].Email == "" {
		return []news.Person{{Name: creators[0].Name, Email: authors[0].Email}}
	}
	for _, c := range creators {
		if !slices.ContainsFunc(authors, func(a news.Person) bool { return strings.EqualFold(a.Name, c.Name) }) {
			authors = append(authors, c)
		}
	}
	return authors
}

func extLabels(x ext.Extensions) (labels []string) {
	for _, s := range x["dc"]["subject"] {
		labels = append(labels, s.Value)
	}
	for _, list := range [...]string{value(x, "itunes", "keywords"), mediaText(x, "keywords")} {
		if list != "" {
			labels = append(labels, strings.Split(list, ",")...)
		}
	}
	for _, c := range media(x, "category") {
		labels = append(labels, first(c.Attrs["label"], c.Value))
	}
	for _, prefix := range [...]string{"atom", "atom03"} {
		for _, c := range x[prefix]["category"] {
			labels = append(labels, c.Attrs["label"], c.Attrs["term"])
		}
	}
	return labels
}

func value(x ext.Extensions, prefix, name string) string {
	for _, e := range x[prefix][name] {
		if e.Value != "" {
			return e.Value
		}
	}
	return ""
}

func child(e ext.Extension, name string) string {
	for _, c := range e.Children[name] {
		if c.Value != "" {
			return c.Value
		}
	}
	return ""
}

// viaLink is where an Atom link says that the item was taken from.
func viaLink(x ext.Extensions) news.Feed {
	for _, l := range x["atom"]["link"] {
		if l.Attrs["rel"] == "via" {
			return news.Feed{Link: l.Attrs["href"], Title: l.Attrs["title"]}
		}
	}
	return news.Feed{}
}

func atomLink(x ext.Extensions, rel string) string {
	for _, prefix := range [...]string{"atom", "atom10", "atom03"} {
		for _, l := range x[prefix]["link"] {
			if r := l.Attrs["rel"]; r == rel || r == "" && rel == "alternate" {
				return l.Attrs["href"]
			}
		}
	}
	return ""
}

// flat is the text of elements and what they hold; their order is lost by the
// parser, which is why it is the last resort.
func flat(es []ext.Extension) string {
	var parts []string
	for _, e := range es {
		parts = append(parts, e.Value)
		for _, name := range [...]string{"h1", "h2", "h3", "div", "p", "blockquote", "ul", "ol", "li", "a", "b", "i", "em", "strong", "span"} {
			parts = append(parts, flat(e.Children[name]))
		}
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// persons reads what RSS puts into one line: "a@b.example (Name)", "Name
// <a@b.example>", a name alone, an address alone.
func persons(s string) []news.Person {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	email, name := "", s
	for _, q := range [...]string{"()", "<>"} {
		open, end := strings.IndexByte(s, q[0]), strings.LastIndexByte(s, q[1])
		if open < 0 || end < open {
			continue
		}
		out, in := strings.TrimSpace(s[:open]+s[end+1:]), strings.TrimSpace(s[open+1:end])
		switch {
		case isEmail(out):
			email, name = out, in
		case isEmail(in):
			email, name = in, out
		}
	}
	if email == "" && isEmail(s) {
		email, name = s, ""
	}
	return []news.Person{{Name: strings.Trim(name, `" `), Email: strings.TrimPrefix(email, "mailto:")}}
}

func isEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	return at > 0 && at < len(s)-1 && !strings.ContainsAny(s, " \t\n<>()")
}

func first(ss ...string) string {
	for _, s := range ss {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}
