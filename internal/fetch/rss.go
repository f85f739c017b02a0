package fetch

import (
	"slices"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"aggregator/internal/news"
)

// fromRSS reads RSS 0.9x, 1.0 (RDF) and 2.0.
func fromRSS(f *rss.Feed, bases []string) document {
	x := f.Extensions
	doc := document{
		title:    first(f.Title, value(x, "dc", "title")),
		link:     first(f.Link, first(f.Links...), atomLink(x, "alternate")),
		language: first(f.Language, value(x, "dc", "language")),
		hub:      atomLink(x, "hub"),
		self:     atomLink(x, "self"),
		cloud:    cloudOf(f.Cloud),
		pace:     paceOf(f),
		deleted:  deleted(x),
	}
	doc.authors = persons(f.ManagingEditor)
	if doc.authors == nil {
		doc.authors = extAuthors(x)
	}
	doc.entries = make([]entry, len(f.Items))
	for i, it := range f.Items {
		doc.entries[i] = fromRSSItem(it, at(bases, i))
	}
	return doc
}

func fromRSSItem(it *rss.Item, base string) entry {
	x := it.Extensions
	e := entry{
		base:      base,
		link:      first(it.Link, first(it.Links...), atomLink(x, "alternate")),
		title:     first(it.Title, value(x, "dc", "title"), mediaText(x, "title"), value(x, "itunes", "title")),
		summary:   first(it.Description, value(x, "dc", "description"), value(x, "atom", "summary"), value(x, "itunes", "summary"), value(x, "itunes", "subtitle")),
		content:   first(it.Content, value(x, "atom", "content"), it.Custom["fullitem"], it.Custom["body"], flat(x["xhtml"]["body"]), flat(x["xhtml"]["div"])),
		published: []string{it.PubDate, value(x, "dc", "date"), value(x, "atom", "published"), value(x, "dcterms", "issued"), value(x, "dcterms", "created")},
		updated:   []string{value(x, "atom", "updated"), value(x, "dcterms", "modified")},
		parsedAt:  it.PubDateParsed,
		language:  value(x, "dc", "language"),
		rights:    first(value(x, "dc", "rights"), value(x, "media", "copyright"), value(x, "atom", "rights")),
		image:     itemImage(x),
		labels:    extLabels(x),
		authors:   persons(it.Author),
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
		e.files = append(e.files, file{url: f.URL, kind: f.Type, length: f.Length, duration: value(x, "itunes", "duration")})
	}
	e.files = append(e.files, extFiles(x)...)
	if it.Source != nil {
		e.via = news.Feed{ID: it.Source.URL, Title: it.Source.Title}
	} else if via := atomLink(x, "via"); via != "" {
		e.via = news.Feed{Link: via}
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

// extAuthors reads Dublin Core, iTunes and Atom elements, in that order.
func extAuthors(x ext.Extensions) []news.Person {
	for _, name := range [...][2]string{{"dc", "creator"}, {"dc", "author"}, {"itunes", "author"}} {
		var ps []news.Person
		for _, e := range x[name[0]][name[1]] {
			ps = append(ps, persons(e.Value)...)
		}
		if ps != nil {
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
	return ps
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

// extFiles reads Media RSS content and enclosures written as Atom links.
func extFiles(x ext.Extensions) (files []file) {
	for _, m := range media(x, "content") {
		if u := m.Attrs["url"]; u != "" {
			files = append(files, file{url: u, kind: mediaType(m), length: m.Attrs["fileSize"], duration: m.Attrs["duration"], title: child(m, "title")})
		}
	}
	for _, l := range x["atom"]["link"] {
		if l.Attrs["rel"] == "enclosure" {
			files = append(files, file{url: l.Attrs["href"], kind: l.Attrs["type"], length: l.Attrs["length"], title: l.Attrs["title"]})
		}
	}
	return files
}

func mediaType(m ext.Extension) string {
	if t := m.Attrs["type"]; t != "" || m.Attrs["medium"] == "" || m.Attrs["medium"] == "document" {
		return t
	}
	return m.Attrs["medium"] + "/*"
}

// itemImage: the picture that the source chose, best first.
func itemImage(x ext.Extensions) string {
	for _, e := range x["itunes"]["image"] {
		if u := first(e.Attrs["href"], e.Value); u != "" {
			return u
		}
	}
	for _, e := range media(x, "thumbnail") {
		if u := first(e.Attrs["url"], e.Value); u != "" {
			return u
		}
	}
	for _, e := range media(x, "content") {
		if e.Attrs["medium"] == "image" || strings.HasPrefix(e.Attrs["type"], "image/") {
			return e.Attrs["url"]
		}
	}
	return ""
}

// media finds Media RSS elements of a name: in the item, in its groups, in
// their contents.
func media(x ext.Extensions, name string) []ext.Extension {
	m := x["media"]
	if len(m) == 0 {
		return nil
	}
	found := slices.Clone(m[name])
	for _, group := range m["group"] {
		found = append(found, group.Children[name]...)
		for _, c := range group.Children["content"] {
			found = append(found, c.Children[name]...)
		}
	}
	for _, c := range m["content"] {
		found = append(found, c.Children[name]...)
	}
	return found
}

func mediaText(x ext.Extensions, name string) string {
	for _, e := range media(x, name) {
		if e.Value != "" {
			return e.Value
		}
	}
	return ""
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
