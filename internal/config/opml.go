package config

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"
)

// An OPMLSource is a subscription in an OPML file.
type OPMLSource struct {
	Name     string // title, else text; unique in the file, "" where it has none
	URL      string // xmlUrl
	Site     string // htmlUrl
	Language string
	// Tags are the folders that it lies in and its category, outermost first.
	Tags []string
	// Line and Col are where it stands, when it was read.
	Line, Col int
}

// An OPMLError is why a file is no OPML, and where.
type OPMLError struct {
	Line, Col     int
	Message, Hint string
}

func (e *OPMLError) Error() string {
	return fmt.Sprintf("%d:%d: %s (%s)", e.Line, e.Col, e.Message, e.Hint)
}

const (
	maxOPML      = 64 << 20 // bytes
	maxOutlines  = 1_000_000
	maxOPMLDepth = 64
)

// ReadOPML reads subscriptions: outlines with an xmlUrl. Those without are
// folders. One that lies in several folders comes once, with all of them as
// tags; a second one of the same name gets its host behind it. The error is
// an [*OPMLError].
func ReadOPML(r io.Reader) ([]OPMLSource, error) {
	p := opmlReader{known: map[string]int{}, d: xml.NewDecoder(io.LimitReader(r, maxOPML))}
	// Exporters write &nbsp; and bare ampersands.
	p.d.Strict, p.d.Entity, p.d.AutoClose = false, xml.HTMLEntity, nil
	p.d.CharsetReader = charset.NewReaderLabel
	if err := p.read(); err != nil {
		return nil, err
	}
	if !p.opml {
		return nil, p.fail("this is no OPML", "export your subscriptions as OPML")
	}
	uniqueNames(p.found)
	return p.found, nil
}

type opmlReader struct {
	d       *xml.Decoder
	opml    bool     // the root was seen
	folders []string // one for each open outline; "" for one that is a source
	found   []OPMLSource
	known   map[string]int // source key → place in found
}

func (p *opmlReader) fail(message, hint string) error {
	line, col := p.d.InputPos()
	return &OPMLError{Line: max(1, line), Col: max(1, col), Message: message, Hint: hint}
}

func (p *opmlReader) read() error {
	for {
		line, col := p.d.InputPos()
		token, err := p.d.RawToken()
		if errors.Is(err, io.EOF) && len(p.folders) == 0 {
			return nil
		}
		if err != nil {
			return p.fail("this is not well-formed XML: "+strings.TrimPrefix(err.Error(), "XML syntax error on "), "export the file again")
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = p.start(t, line, col)
		case xml.EndElement:
			if t.Name.Local == "outline" && len(p.folders) > 0 {
				p.folders = p.folders[:len(p.folders)-1]
			}
		}
		if err != nil {
			return err
		}
	}
}

func (p *opmlReader) start(t xml.StartElement, line, col int) error {
	switch {
	case t.Name.Local == "opml":
		p.opml = true
		return nil
	case t.Name.Local != "outline":
		return nil
	case len(p.folders) >= maxOPMLDepth || len(p.found) >= maxOutlines:
		return p.fail("too many outlines, or too deep", "split the file")
	}
	s := OPMLSource{Line: line, Col: col}
	var text, title, category string
	for _, a := range t.Attr {
		val := strings.Join(strings.Fields(a.Value), " ")
		switch strings.ToLower(a.Name.Local) {
		case "xmlurl":
			s.URL = val
		case "htmlurl":
			s.Site = val
		case "text":
			text = val
		case "title":
			title = val
		case "language":
			s.Language = val
		case "category":
			category = val
		}
	}
	s.Name = cmp.Or(title, text)
	if s.URL == "" {
		p.folders = append(p.folders, s.Name)
		return nil
	}
	s.Tags = p.tags(category)
	p.folders = append(p.folders, "")
	p.add(s)
	return nil
}

// tags are the open folders and the category: /a/b is one, commas divide.
func (p *opmlReader) tags(category string) []string {
	var tags []string
	for _, t := range append(slices.Clone(p.folders), strings.Split(category, ",")...) {
		t = strings.ReplaceAll(strings.Trim(t, "/ "), `"`, "'")
		if t != "" && !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	return tags
}

func (p *opmlReader) add(s OPMLSource) {
	key := SourceKey(s.URL)
	i, twice := p.known[key]
	if !twice {
		p.known[key] = len(p.found)
		p.found = append(p.found, s)
		return
	}
	for _, t := range s.Tags {
		if !slices.Contains(p.found[i].Tags, t) {
			p.found[i].Tags = append(p.found[i].Tags, t)
		}
	}
}

// uniqueNames gives a second "News" its host, a third its address.
func uniqueNames(sources []OPMLSource) {
	seen := map[string]bool{}
	for i := range sources {
		s := &sources[i]
		if s.Name == "" {
			continue
		}
		host := ""
		if u, err := url.Parse(s.URL); err == nil {
			host = u.Hostname()
		}
		for _, name := range []string{s.Name, s.Name + " (" + host + ")", s.Name + " (" + SourceKey(s.URL) + ")"} {
			s.Name = name
			if !seen[strings.ToLower(name)] {
				break
			}
		}
		seen[strings.ToLower(s.Name)] = true
	}
}

// WriteOPML writes subscriptions, each in the folder of its first tag; the
// others are its category.
func WriteOPML(w io.Writer, title string, sources []OPMLSource) error {
	type outline struct {
		Text     string    `xml:"text,attr"`
		Title    string    `xml:"title,attr,omitempty"`
		Type     string    `xml:"type,attr,omitempty"`
		XMLURL   string    `xml:"xmlUrl,attr,omitempty"`
		HTMLURL  string    `xml:"htmlUrl,attr,omitempty"`
		Language string    `xml:"language,attr,omitempty"`
		Category string    `xml:"category,attr,omitempty"`
		Outlines []outline `xml:"outline"`
	}
	var doc struct {
		XMLName xml.Name  `xml:"opml"`
		Version string    `xml:"version,attr"`
		Title   string    `xml:"head>title"`
		Body    []outline `xml:"body>outline"`
	}
	doc.Version, doc.Title = "2.0", title
	folders := map[string]int{}
	for _, s := range sources {
		o := outline{Text: cmp.Or(s.Name, s.URL), Title: s.Name, Type: "rss", XMLURL: s.URL, HTMLURL: s.Site, Language: s.Language}
		if len(s.Tags) == 0 {
			doc.Body = append(doc.Body, o)
			continue
		}
		o.Category = strings.Join(s.Tags[1:], ",")
		i, ok := folders[s.Tags[0]]
		if !ok {
			i = len(doc.Body)
			folders[s.Tags[0]] = i
			doc.Body = append(doc.Body, outline{Text: s.Tags[0]})
		}
		doc.Body[i].Outlines = append(doc.Body[i].Outlines, o)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("config: write OPML: %w", err)
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return fmt.Errorf("config: write OPML: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}
