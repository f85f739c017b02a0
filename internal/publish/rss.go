package publish

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/feeds"
)

// rssFeed is gorilla's with namespaces; see atomFeed on embedding.
type rssFeed struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Atom    string   `xml:"xmlns:atom,attr"`
	Content string   `xml:"xmlns:content,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	Media   string   `xml:"xmlns:media,attr"`
	History string   `xml:"xmlns:fh,attr,omitempty"`
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
	Category    []string    `xml:"category"`
	Source      rssSource   `xml:"source"`
	Updated     string      `xml:"atom:updated,omitempty"`
	Language    string      `xml:"dc:language,omitempty"`
	Rights      string      `xml:"dc:rights,omitempty"`
	Files       []rssMedia  `xml:"media:content"`
	Thumbnail   *mediaImage `xml:"media:thumbnail"`
}

type rssContent struct {
	HTML string `xml:",cdata"`
}

type rssSource struct {
	URL  string `xml:"url,attr"`
	Name string `xml:",chardata"`
}

// rssMedia is for all files; RSS itself has room for one.
type rssMedia struct {
	URL      string `xml:"url,attr"`
	Type     string `xml:"type,attr"`
	Size     string `xml:"fileSize,attr,omitempty"`
	Duration string `xml:"duration,attr,omitempty"` // seconds
	Title    string `xml:"media:title,omitempty"`
}

// FeedXml implements feeds.XmlFeed.
func (f *rssFeed) FeedXml() any { return f }

func writeRSS(w io.Writer, f feed) error {
	base := (&feeds.Rss{Feed: gorilla(f)}).RssFeed()
	base.Generator = generator
	base.Title = inert(base.Title)
	base.PubDate = "" // lastBuildDate says it
	doc := &rssFeed{Version: "2.0", Atom: nsAtom, Content: nsContent, DC: nsDC, Media: nsMedia}
	doc.Channel = rssChannel{RssFeed: base, Links: []atomLink{{Rel: "self", Type: "application/rss+xml", Href: f.self}}}
	if f.hub != "" {
		doc.Channel.Links = append(doc.Channel.Links, atomLink{Rel: "hub", Href: f.hub})
	}
	doc.Channel.Links = append(doc.Channel.Links, f.paging.links("application/rss+xml")...)
	if f.paging.closed {
		doc.History, doc.Channel.Archive = nsHistory, &struct{}{}
	}
	for i, e := range f.entries {
		doc.Channel.Items = append(doc.Channel.Items, newRSSItem(base.Items[i], e))
	}
	return feeds.WriteXML(doc, w)
}

func newRSSItem(base *feeds.RssItem, e entry) rssItem {
	r := rssItem{
		RssItem: base, Title: inert(e.title), Link: e.url, Description: asHTML(e.teaser),
		Source: rssSource{e.source.URL, inert(e.source.Name)}, Language: e.language, Rights: inert(e.rights),
	}
	// RSS 2.0 wants a title or a description; programs that know nothing of
	// content:encoded want the description.
	if e.title == "" && e.teaser == "" {
		r.Description = orElse(e.html, asHTML(e.source.Name))
	}
	if e.html != "" {
		r.Content = &rssContent{e.html}
	}
	for _, p := range e.authors {
		r.Creators = append(r.Creators, inert(p.Name))
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

// inert is for plain text of which RSS does not say that it is plain: half of
// the readers show a title as HTML, the others as it is. A space behind the <
// keeps it from being a tag to the one, and harms it little for the others.
func inert(plain string) string {
	var b strings.Builder
	for i := range len(plain) {
		b.WriteByte(plain[i])
		if plain[i] == '<' && i+1 < len(plain) && opensTag(plain[i+1]) {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// opensTag: what makes a < the beginning of a tag (WHATWG HTML 13.2.5.6).
func opensTag(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '/' || c == '!' || c == '?'
}

func (r *rssItem) addFiles(e entry) {
	for i, f := range e.files {
		if i == 0 {
			r.Enclosure = &feeds.RssEnclosure{Url: f.URL, Type: f.Type, Length: strconv.FormatInt(f.Length, 10)}
		}
		m := rssMedia{URL: f.URL, Type: f.Type, Size: length(f.Length), Title: f.Title}
		if s := int64(f.Duration / time.Second); s > 0 {
			m.Duration = strconv.FormatInt(s, 10)
		}
		r.Files = append(r.Files, m)
	}
}
