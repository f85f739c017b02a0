package fetch

import (
	"cmp"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// converter makes items of the entries of one document.
type converter struct {
	cleaner  *canon.Cleaner
	source   string
	base     string // the address that answered
	feed     news.Feed
	authors  []news.Person
	rights   string
	language string
	override string // the configuration's language
	now      time.Time
}

// item cleans an entry. guid is as the memory placed it.
func (c *converter) item(e *entry, guid string) news.Item {
	base := c.base
	if e.base != "" {
		if b := canon.Resolve(c.base, e.base); b != "" {
			base = b
		}
	}
	it := news.Item{
		Source:    c.source,
		Feed:      c.feed,
		GUID:      guid,
		URL:       c.address(e, base),
		Title:     canon.Line(e.title),
		HTML:      c.html(e, base),
		Summary:   canon.Text(e.summary),
		Authors:   c.people(e.authors, base),
		Published: date(e.parsedAt, e.published),
		Updated:   date(e.updatedAt, e.updated),
		Seen:      c.now,
		Language:  c.languageOf(e),
		Labels:    labels(e.labels),
		Rights:    canon.Line(first(e.rights, c.rights)),
		Episode:   e.episode.clean(base),
	}
	it.Contributors = c.people(e.helpers, base)
	it.Text = canon.Text(it.HTML)
	if it.Authors == nil {
		it.Authors = c.authors
	}
	it.Enclosures = enclosures(e.files, base)
	it.Image = picture(e, it, base)
	it.Via = cleanFeed(e.via, base)
	return it
}

// address is the link, else a GUID that is an address. A link that is none to
// be fetched (mailto:, ftp:) is still where the source points.
func (c *converter) address(e *entry, base string) string {
	link := strings.TrimSpace(e.link)
	if u := canon.Resolve(c.base, link); u != "" && link != "" {
		return u
	}
	if canon.OtherAddress(link) {
		return link
	}
	if e.permalink {
		if u := canon.Resolve("", e.guid); u != "" {
			return u
		}
	}
	return ""
}

func (c *converter) html(e *entry, base string) string {
	if e.plain {
		return c.cleaner.HTML(paragraphs(e.content), base)
	}
	return c.cleaner.HTML(e.content, base)
}

// paragraphs writes plain text as HTML: blank lines part paragraphs.
func paragraphs(text string) string {
	var b strings.Builder
	text = strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n")
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			b.WriteString("<p>")
			b.WriteString(strings.ReplaceAll(html.EscapeString(p), "\n", "<br>"))
			b.WriteString("</p>")
		}
	}
	return b.String()
}

func (c *converter) people(ps []news.Person, base string) (out []news.Person) {
	for _, p := range ps[:min(len(ps), mostParts)] {
		p = news.Person{Name: canon.Line(p.Name), Email: canon.Line(p.Email), URL: p.URL}
		// JSON Feed 1.1 has no other place for an address.
		if mail, ok := strings.CutPrefix(p.URL, "mailto:"); ok && p.Email == "" {
			mail, _, _ = strings.Cut(mail, "?")
			if plain, err := url.PathUnescape(mail); err == nil {
				mail = plain
			}
			p.Email = canon.Line(mail)
		}
		if p.URL != "" {
			p.URL = canon.Resolve(base, p.URL)
		}
		if p != (news.Person{}) {
			out = append(out, p)
		}
	}
	return out
}

func (c *converter) languageOf(e *entry) string {
	if c.override != "" || e.language == "" {
		return c.language
	}
	return languageTag(e.language)
}

// languageTag brings what feeds write (en_us, EN-US) into BCP 47; "" for what
// is no language.
func languageTag(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return ""
	}
	return tag.String()
}

// mostParts bounds what one item may have of labels, files and authors; each is
// compared with all others.
const mostParts = 256

func labels(raw []string) (out []string) {
	for _, r := range raw[:min(len(raw), mostParts)] {
		l := canon.Line(r)
		if l != "" && !containsFold(out, l) {
			out = append(out, l)
		}
	}
	return out
}

func containsFold(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}

func enclosures(files []file, base string) (out []news.Enclosure) {
	for _, f := range files[:min(len(files), mostParts)] {
		u := canon.Resolve(base, f.url)
		if strings.TrimSpace(f.url) == "" || u == "" {
			continue
		}
		one := f.clean(u)
		if i := slices.IndexFunc(out, func(e news.Enclosure) bool { return e.URL == u }); i >= 0 {
			fill(&out[i], one) // named twice, as by enclosure and by media:content
			continue
		}
		out = append(out, one)
	}
	return out
}

func (f file) clean(address string) news.Enclosure {
	length, _ := strconv.ParseInt(strings.TrimSpace(f.length), 10, 64)
	kind := canon.Line(f.kind)
	if kind == "" || strings.HasSuffix(kind, "/*") {
		kind = first(typeOf(address), kind)
	}
	return news.Enclosure{
		URL: address, Type: kind, Length: max(length, 0), Title: canon.Line(f.title),
		Duration: seconds(f.duration), Width: count(f.width), Height: count(f.height),
	}
}

// fill completes what is known of a file.
func fill(f *news.Enclosure, other news.Enclosure) {
	f.Type, f.Title = cmp.Or(f.Type, other.Type), cmp.Or(f.Title, other.Title)
	f.Length, f.Duration = cmp.Or(f.Length, other.Length), cmp.Or(f.Duration, other.Duration)
	f.Width, f.Height = cmp.Or(f.Width, other.Width), cmp.Or(f.Height, other.Height)
}

// picture is the one that the source chose, else an attached one, else the
// first in the content.
func picture(e *entry, it news.Item, base string) string {
	if e.image != "" {
		if u := canon.Resolve(base, e.image); u != "" {
			return u
		}
	}
	for _, f := range it.Enclosures {
		if strings.HasPrefix(f.Type, "image/") {
			return f.URL
		}
	}
	// The cleaner writes attributes in double quotes, links absolute.
	for rest := it.HTML; ; {
		_, after, ok := strings.Cut(rest, "<img ")
		if !ok {
			return ""
		}
		tag, next, _ := strings.Cut(after, ">")
		if _, src, ok := strings.Cut(" "+tag, ` src="http`); ok {
			src, _, _ = strings.Cut(src, `"`)
			return html.UnescapeString("http" + src)
		}
		rest = next
	}
}

func cleanFeed(f news.Feed, base string) news.Feed {
	if f == (news.Feed{}) {
		return f
	}
	f.Title = canon.Line(f.Title)
	f.ID = canon.Line(f.ID)
	if f.Link != "" {
		f.Link = canon.Resolve(base, f.Link)
	}
	if f.Image != "" {
		f.Image = canon.Resolve(base, f.Image)
	}
	return f
}
