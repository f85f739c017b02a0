package publish

import (
	"crypto/sha1"
	"encoding/hex"
	"html"
	"net/mail"
	"strings"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A feed is one topic's document before it has a format. All its strings are
// fit for XML 1.0, all its addresses absolute.
type feed struct {
	site     string // title of the site
	title    string
	subtitle string
	id       string
	self     string
	home     string // the topic's page
	hub      string
	updated  time.Time
	paging   paging
	gone     []news.Gone
	entries  []entry
}

// An entry is one story before it has a format.
type entry struct {
	id        string // urn:uuid:…
	url       string // "" where the lead has none
	title     string
	summary   string // plain text
	teaser    string // the summary, else the first words of the text
	html      string
	published time.Time
	updated   time.Time
	language  string
	rights    string
	image     string
	authors   []news.Person
	helpers   []news.Person // who contributed
	tags      []string      // topics, then labels
	files     []news.Enclosure
	episode   news.Episode
	via       news.Feed
	source    source
	also      []telling
	related   []related
	why       []why
}

// A source is where the leading telling comes from.
type source struct {
	Name string `json:"name"`
	ID   string `json:"id"`             // a URI
	URL  string `json:"url"`            // of its feed
	Link string `json:"link,omitempty"` // of its site
	// Image is its picture.
	Image string `json:"image,omitempty"`
}

// A telling is another telling of the story.
type telling struct {
	Source     string    `json:"source"`
	GUID       string    `json:"guid"`
	URL        string    `json:"url,omitempty"`
	Title      string    `json:"title,omitempty"`
	Published  time.Time `json:"published"` // as the story's: a store built anew gives the same
	Reason     string    `json:"reason,omitempty"`
	Similarity float64   `json:"similarity,omitempty"`
}

// A why says what put the story into a topic.
type why struct {
	Topic string   `json:"topic"`
	Rule  string   `json:"rule"`
	Where string   `json:"where,omitempty"` // FILE:LINE of the rule, without folders
	Words []string `json:"words,omitempty"`
}

// clipped is how long a summary is, in characters, that we make of a text.
const clipped = 300

// titled is the same of a title.
const titled = 80

// newFeed is the document at path of a topic with these stories. Nothing in it
// comes from a clock: the same stories give the same feed.
func newFeed(site Site, t Topic, path string, stories []news.Story, items map[news.Position]news.Item) feed {
	f := feed{
		site:     line(site.Title),
		title:    line(t.Name),
		subtitle: "The stories of " + line(t.Name) + ", each once.",
		id:       uuid(site.at(t.page())),
		self:     site.at(path),
		home:     site.at(t.page()),
		hub:      site.Hub,
		updated:  time.Unix(0, 0).UTC(), // an empty feed has no date of its own
	}
	if f.site != "" {
		f.title += " — " + f.site
	}
	if !t.Keys.Public() {
		f.hub = "" // which would hand it on to everyone
	}
	events := newEvents(site, stories)
	for _, st := range stories {
		f.entries = append(f.entries, newEntry(t, site.visible(t, st), items[st.Lead.Pos], events.others(st)))
	}
	f.date()
	return f
}

// date is that of the latest change in the feed.
func (f *feed) date() {
	for _, e := range f.entries {
		if e.updated.After(f.updated) {
			f.updated = e.updated
		}
	}
	for _, g := range f.gone {
		if g.When.After(f.updated) {
			f.updated = g.When
		}
	}
}

// newEntry is a story as the topic's feed shows it. The item is that of the
// lead; the zero Item, where it was forgotten meanwhile, leaves what the story
// itself knows.
func newEntry(t Topic, st news.Story, it news.Item, others []related) entry {
	e := entry{
		id:        "urn:uuid:" + line(st.ID),
		url:       link(st.Lead.URL),
		title:     line(st.Lead.Title),
		summary:   strings.TrimSpace(canon.Clean(it.Summary)),
		html:      strings.TrimSpace(canon.Clean(it.HTML)),
		published: seconds(st.Published),
		updated:   seconds(st.Updated),
		language:  language(it.Language),
		rights:    line(it.Rights),
		image:     address(it.Image),
		authors:   people(it.Authors),
		helpers:   people(it.Contributors),
		tags:      tags(st.Topics, it.Labels),
		files:     files(it.Enclosures),
		episode:   episode(it.Episode),
		via:       via(it.Via),
		source:    newSource(st.Lead, it.Feed),
		related:   others,
	}
	for _, told := range st.Also {
		e.also = append(e.also, newTelling(st, told))
	}
	for _, f := range st.Topics {
		e.why = append(e.why, why{line(f.Topic), line(f.Rule), line(f.Where[strings.LastIndexByte(f.Where, '/')+1:]), cleanAll(f.Words)})
	}
	if t.Content == "summary" {
		e.shorten()
	}
	e.teaser = orElse(e.summary, canon.Clip(canon.Text(e.html), clipped))
	// RFC 4287 4.1.2 wants a title of every entry, the W3C validator one that is
	// not blank, and readers the same in all three formats.
	e.title = orElse(e.title, orElse(canon.Clip(e.teaser, titled), e.source.Name))
	if t.Also {
		e.addFoot()
	}
	return e
}

// shorten leaves the summary and drops the text.
func (e *entry) shorten() {
	if e.summary == "" {
		e.summary = canon.Text(e.html)
	}
	e.summary, e.html = canon.Clip(e.summary, clipped), ""
}

// addFoot says at the end of the content who else tells the story, and which
// others tell of the same event. Where there is no content the summary comes
// first: readers show the one or the other.
func (e *entry) addFoot() {
	if len(e.also)+len(e.related) == 0 {
		return
	}
	if e.html == "" && e.summary != "" {
		e.html = "<p>" + html.EscapeString(e.summary) + "</p>"
	}
	var also, others []string
	for _, a := range e.also {
		also = append(also, anchor(a.URL, a.Source))
	}
	for _, r := range e.related[:min(inFoot, len(e.related))] {
		others = append(others, anchor(r.URL, r.name()))
	}
	if len(also) > 0 {
		e.html += "<p>Also reported by " + strings.Join(also, ", ") + ".</p>"
	}
	if len(others) > 0 {
		e.html += "<p>Related: " + strings.Join(others, "; ") + ".</p>"
	}
}

// anchor is text that leads to an address, if there is one.
func anchor(url, text string) string {
	text = html.EscapeString(text)
	if url == "" {
		return text
	}
	return `<a href="` + html.EscapeString(url) + `">` + text + `</a>`
}

// newTelling is a telling that programs and people can follow.
func newTelling(st news.Story, t news.Telling) telling {
	reason, similarity := st.Evidence(t)
	return telling{
		Source:     called(t),
		GUID:       line(t.GUID),
		URL:        link(t.URL),
		Title:      line(t.Title),
		Published:  seconds(t.Since),
		Reason:     line(reason),
		Similarity: similarity,
	}
}

// called is the name of a telling's source, its address where it has none that
// one can see.
func called(t news.Telling) string {
	return orElse(line(t.Name), line(t.Source))
}

// newSource is where the lead comes from. The ids of feeds are what publishers
// wrote: one that is no URI, as Atom's must be, gives way to one made of the
// feed's address.
func newSource(t news.Telling, f news.Feed) source {
	its := address(canon.Public("https://" + t.Source))
	s := source{Name: called(t), ID: uri(line(f.ID)), Link: address(f.Link), URL: its, Image: address(f.Image)}
	if s.ID == "" {
		s.ID = uuid(t.Source)
	}
	// Most feeds have no id but their address, which knows its scheme.
	if whole, ok := strings.CutPrefix(s.ID, "http://"); ok && "https://"+whole == its {
		s.URL = s.ID
	}
	if s.URL == "" {
		s.URL = s.ID
	}
	return s
}

func people(ps []news.Person) (out []news.Person) {
	for _, p := range ps {
		p = news.Person{Name: line(p.Name), Email: email(line(p.Email)), URL: address(p.URL)}
		// Atom (RFC 4287 3.2.1) wants a name, whatever else is known.
		for _, other := range []string{p.Email, p.URL} {
			p.Name = orElse(p.Name, other)
		}
		if p.Name != "" {
			out = append(out, p)
		}
	}
	return out
}

// email is s if it could be an address (RFC 5322 3.4.1), else "".
func email(s string) string {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || strings.ContainsAny(s, " \t") || !isHost(s[strings.LastIndexByte(s, '@')+1:]) {
		return ""
	}
	return s
}

// tags are the topics, then the labels, none twice however it is written.
func tags(filed []news.Filing, labels []string) (out []string) {
	had := map[string]bool{"": true}
	add := func(tag string) {
		tag = line(tag)
		if folded := strings.ToLower(tag); !had[folded] {
			had[folded] = true
			out = append(out, tag)
		}
	}
	for _, f := range filed {
		add(f.Topic)
	}
	for _, l := range labels {
		add(l)
	}
	return out
}

// line is s as one line that XML can hold, without blanks around it.
func line(s string) string {
	s = strings.TrimSpace(canon.Clean(s))
	if !strings.ContainsAny(s, "\t\r\n") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

func cleanAll(ss []string) (out []string) {
	for _, s := range ss {
		out = append(out, line(s))
	}
	return out
}

// seconds is t as all three formats can write it.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// uuid is an id made of an address: RFC 9562 version 5 in the namespace of
// URLs.
func uuid(address string) string {
	const namespace = "\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8"
	sum := sha1.Sum([]byte(namespace + address))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return "urn:uuid:" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
