package publish

import (
	"encoding/xml"
	"io"
)

type opmlDoc struct {
	XMLName  xml.Name  `xml:"opml"`
	Version  string    `xml:"version,attr"`
	Title    string    `xml:"head>title"`
	Outlines []outline `xml:"body>outline"`
}

// outline is one feed. Type is "rss" whatever the format (OPML 2.0,
// Subscription lists).
type outline struct {
	Type     string `xml:"type,attr"`
	Text     string `xml:"text,attr"`
	Title    string `xml:"title,attr"`
	XMLURL   string `xml:"xmlUrl,attr"`
	HTMLURL  string `xml:"htmlUrl,attr"`
	Category string `xml:"category,attr"`
}

// WriteOPML lists a feed of each topic that everyone may read. The list is flat, with the topic's path
// as its category: readers make folders of nested outlines, and what holds
// others would be no feed itself in many of them.
func WriteOPML(w io.Writer, site Site) error {
	doc := opmlDoc{Version: "2.0", Title: line(site.Title)}
	for _, t := range site.Topics {
		f, ok := preferred(t.Formats)
		if !ok || !t.Keys.Public() {
			continue
		}
		name := line(t.Name)
		doc.Outlines = append(doc.Outlines, outline{
			Type: "rss", Text: name, Title: name, Category: "/" + name,
			XMLURL: site.at(t.page() + f.suffix), HTMLURL: site.at(t.page()),
		})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	return enc.Encode(doc)
}

// preferred is the format that every reader takes, of those a topic has.
func preferred(names []string) (format, bool) {
	for _, want := range []string{"atom", "rss", "json"} {
		for _, name := range names {
			if name == want {
				return formats[name], true
			}
		}
	}
	return format{}, false
}
