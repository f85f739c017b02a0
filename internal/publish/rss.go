package publish

import (
	"encoding/xml"
	"html"
	"io"
	"strconv"
	"strings"

	"github.com/gorilla/feeds"
)

// rssFeed is gorilla's with namespaces; see atomFeed on embedding.
type rssFeed struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Atom    string   `xml:"xmlns:atom,attr"`
	Content string   `xml:"xmlns:content,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	spaces
	Channel rssChannel
}

type rssChannel struct {
	*feeds.RssFeed
	XMLName xml.Name   `xml:"channel"`
	Links   []atomLink `xml:"atom:link"`
	Archive *struct{}  `xml:"fh:archive"`
	Items   []rssItem  `xml:"item"`
}

// rssItem leaves out what is empty: a title or a link without words is not
// valid. Authors are dc:creator, since RSS wants an e-mail address of author.
type rssItem struct {
	*feeds.RssItem
	XMLName     xml.Name    `xml:"item"`
	Title       string      `xml:"title,omitempty"`
	Link        string      `xml:"link,omitempty"`
	Description string      `xml:"description,omitempty"`
	Content     *rssContent `xml:"content:encoded"`
	Creators    []string    `xml:"dc:creator"`
	Helpers     []string    `xml:"dc:contributor"`
	Category    []string    `xml:"category"`
	Source      rssSource   `xml:"source"`
	Updated     string      `xml:"atom:updated,omitempty"`
	Language    string      `xml:"dc:language,omitempty"`
	Rights      string      `xml:"dc:rights,omitempty"`
	Via         *atomLink   `xml:"atom:link"`
	Files       []media     `xml:"media:content"`
	Thumbnail   *mediaImage `xml:"media:thumbnail"`
	podcast
}

type rssContent struct {
	HTML string `xml:",cdata"`
}

type rssSource struct {
	URL  string `xml:"url,attr"`
	Name string `xml:",chardata"`
}

// FeedXml implements feeds.XmlFeed.
func (f *rssFeed) FeedXml() any { return f }

func writeRSS(w io.Writer, f feed) error {
	base := (&feeds.Rss{Feed: gorilla(f)}).RssFeed()
	base.Generator = generator
	base.Title, base.Description = inert(base.Title), inert(base.Description)
	base.PubDate = "" // lastBuildDate says it
	doc := &rssFeed{Version: "2.0", Atom: nsAtom, Content: nsContent, DC: nsDC, spaces: spacesOf(f)}
	doc.Channel = rssChannel{RssFeed: base, Links: []atomLink{{Rel: "self", Type: "application/rss+xml", Href: f.self}}}
	if f.hub != "" {
		doc.Channel.Links = append(doc.Channel.Links, atomLink{Rel: "hub", Href: f.hub})
	}
	doc.Channel.Links = append(doc.Channel.Links, f.paging.links("application/rss+xml")...)
	if f.paging.closed {
		doc.Channel.Archive = &struct{}{}
	}
	for i, e := range f.entries {
		doc.Channel.Items = append(doc.Channel.Items, newRSSItem(base.Items[i], e))
	}
	return feeds.WriteXML(doc, w)
}

func newRSSItem(base *feeds.RssItem, e entry) rssItem {
	r := rssItem{
		RssItem: base, Title: inert(e.title), Link: e.url, Description: asHTML(e.teaser),
		Source: rssSource{e.source.URL, inert(e.source.Name)}, Language: e.language, Rights: inert(e.rights), podcast: newPodcast(e),
	}
	// Programs that know nothing of content:encoded want the description.
	if e.teaser == "" {
		r.Description = e.html
	}
	if e.html != "" {
		r.Content = &rssContent{e.html}
	}
	for _, p := range e.authors {
		r.Creators = append(r.Creators, inert(p.Name))
	}
	for _, p := range e.helpers {
		r.Helpers = append(r.Helpers, inert(p.Name))
	}
	if e.via.Link != "" {
		r.Via = &atomLink{Rel: "via", Href: e.via.Link, Title: inert(e.via.Title)}
	}
	for _, tag := range e.tags {
		r.Category = append(r.Category, inert(tag))
	}
	if !e.updated.Equal(e.published) {
		r.Updated = stamp(e.updated)
	}
	if e.image != "" {
		r.Thumbnail = &mediaImage{e.image}
	}
	r.addFiles(e)
	return r
}

// asHTML is for the description, which RSS readers take for HTML: a plain
// "<script>" must not become one.
func asHTML(plain string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(plain)
}

// inert is for plain text of which nothing says that it is plain: half of the
// readers show an RSS title as HTML, the others as it is. A space behind the <,
// or the & of a reference, keeps it from being one to the one, and harms it
// little for the others.
func inert(plain string) string {
	if !strings.ContainsAny(plain, "<&") {
		return plain
	}
	var b strings.Builder
	for i := range len(plain) {
		b.WriteByte(plain[i])
		rest := plain[i+1:]
		if plain[i] == '<' && rest != "" && opensTag(rest[0]) || plain[i] == '&' && refers(rest) {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// marked says that plain text could be taken for HTML.
func marked(plain string) bool {
	for i := range len(plain) {
		if plain[i] == '<' && strings.HasPrefix(plain[i+1:], "/") || plain[i] == '&' && refers(plain[i+1:]) {
			return true
		}
	}
	return false
}

// refers says that a & and what follows are a reference, with its ; or without
// (WHATWG HTML 13.2.5.72 to 80).
func refers(rest string) bool {
	if number, ok := strings.CutPrefix(rest, "#"); ok {
		number = strings.ToLower(number)
		return number != "" && (strings.Contains("0123456789", number[:1]) || len(number) > 1 && number[0] == 'x' && strings.Contains("0123456789abcdef", number[1:2]))
	}
	n := strings.IndexFunc(rest, func(r rune) bool { return !isAlphanumeric(r) && r != ';' })
	if n < 0 {
		n = len(rest)
	}
	name := "&" + rest[:min(n, 40)]
	return html.UnescapeString(name) != name
}

// opensTag: what makes a < the beginning of a tag (WHATWG HTML 13.2.5.6).
func opensTag(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '/' || c == '!' || c == '?'
}

// addFiles names all of them in Media RSS, and one in RSS, which has no room for
// more; its length is 0 where it is not known (RSS Best Practices Profile).
func (r *rssItem) addFiles(e entry) {
	if f, ok := e.main(); ok {
		r.Enclosure = &feeds.RssEnclosure{Url: f.URL, Type: f.Type, Length: strconv.FormatInt(f.Length, 10)}
	}
	for _, f := range e.files {
		r.Files = append(r.Files, newMedia(f))
	}
}
