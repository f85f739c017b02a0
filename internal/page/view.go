package page

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A link leads somewhere under a name.
type link struct {
	Name, Href, Media string
	// Address is Href with the site's address before it, Reader the same for
	// programs that read feeds.
	Address string
	Reader  template.URL
}

// A topicView is a topic as the pages show it.
type topicView struct {
	Name, Href string
	Short      string // the name below the topic that it is shown under
	above      string // the nearest topic above it that has a page; "" if there is none
	Private    bool
	Holds      string
	Count      int
	Days       daily
	Feeds      []link
	Under      []topicView
}

// A storyView is a story as the pages show it, and as JSON.
type storyView struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	URL       string     `json:"url,omitempty"`
	Source    string     `json:"source"`
	GUID      string     `json:"guid"`
	Published time.Time  `json:"published"`
	Updated   time.Time  `json:"updated"`
	Topics    []string   `json:"topics"`
	Revisions int        `json:"revisions"`
	Pinned    bool       `json:"pinned,omitempty"` // a person let this telling lead
	Merged    []string   `json:"merged,omitempty"` // ids of stories that a person merged into it
	Also      []tellView `json:"also"`
	Why       []whyView  `json:"why"`
	// Event is the same for all stories of one event, "" for one that is grouped
	// with none; Related are others of it, on the story's own page.
	Event    string      `json:"event,omitempty"`
	Related  []otherView `json:"related,omitempty"`
	Same     []otherView `json:"-"` // the older ones of it, on a topic's page
	Summary  string      `json:"summary,omitempty"`
	Language string      `json:"language,omitempty"`
	Href     string      `json:"-"` // of its page
	JSON     string      `json:"-"` // where it is as JSON
	OfEvent  int         `json:"-"` // how many Same were, before some were left out
	Words    []string    `json:"-"` // by which a search found it
	Outlets  int         `json:"-"` // sources that tell it beside the lead's
	More     int         `json:"-"` // tellings that are left out of Also here
}

// A tellView is another telling of a story.
type tellView struct {
	Source     string    `json:"source"`
	GUID       string    `json:"guid"`
	URL        string    `json:"url,omitempty"`
	Title      string    `json:"title,omitempty"`
	Seen       time.Time `json:"seen"`
	Since      time.Time `json:"-"` // what readers see: min(claimed, first seen)
	Reason     string    `json:"reason,omitempty"`
	Similarity float64   `json:"similarity,omitempty"`
	Revisions  int       `json:"revisions"`
	Retitled   bool      `json:"-"` // under another title than the lead's
}

// A whyView is what put a story into a topic.
type whyView struct {
	Topic string   `json:"topic"`
	Rule  string   `json:"rule"`
	Where string   `json:"where,omitempty"`
	Words []string `json:"words,omitempty"`
	Href  string   `json:"-"` // of the topic's page, "" if it has none
}

func (s *shown) topicView(t Topic) topicView {
	v := topicView{Name: t.Name, Short: t.Name, Href: s.Link("/topics/" + t.Path()), Private: !t.Keys.Public(), Holds: t.Holds}
	if s.names(t.Holds) {
		v.Holds = ""
	}
	for _, parent := range t.Parents() {
		if p, ok := s.byPath[news.Topic{Name: parent}.Path()]; ok {
			v.above, v.Short = p.Name, strings.TrimSpace(strings.TrimPrefix(t.Name[len(parent):], "/"))
			break
		}
	}
	for _, f := range []link{{Name: "Atom", Href: ".atom", Media: "application/atom+xml"}, {Name: "RSS", Href: ".rss", Media: "application/rss+xml"}, {Name: "JSON Feed", Href: ".json", Media: "application/feed+json"}} {
		if !slices.Contains(t.Formats, f.Href[1:]) {
			continue
		}
		f.Href = s.feed(t, f.Href)
		f.Address = s.absolute(f.Href)
		f.Reader = template.URL("feed:" + f.Address)
		v.Feeds = append(v.Feeds, f)
	}
	return v
}

// named are the feeds as they are called outside of the topic's page.
func (v topicView) named() (out []link) {
	for _, f := range v.Feeds {
		f.Name = v.Name + ", " + f.Name
		out = append(out, f)
	}
	return out
}

func (s *shown) storyView(st news.Story) storyView {
	v := storyView{
		ID: st.ID, Title: st.Lead.Title, URL: web(st.Lead.URL), Source: called(st.Lead), GUID: st.Lead.GUID,
		Published: st.Published.UTC(), Updated: st.Updated.UTC(), Revisions: len(st.Lead.Revisions), Href: s.Link("/stories/" + st.ID), JSON: s.Link("/stories/" + st.ID + ".json"),
		Pinned: st.Lead.Pinned, Merged: st.Merged, Topics: []string{}, Also: []tellView{}, Why: []whyView{},
	}
	if s.Events {
		v.Event = st.Event
	}
	for _, t := range st.Also {
		reason, similarity := st.Evidence(t)
		v.Also = append(v.Also, tellView{
			Source: called(t), GUID: t.GUID, URL: web(t.URL), Title: t.Title, Seen: t.Seen.UTC(), Since: t.Since.UTC(),
			Reason: reason, Similarity: similarity, Revisions: len(t.Revisions), Retitled: t.Title != "" && t.Title != st.Lead.Title,
		})
	}
	for _, f := range st.Topics {
		if s.closed[f.Topic] {
			continue
		}
		w := whyView{Topic: f.Topic, Rule: f.Rule, Where: path.Base("/" + f.Where), Words: f.Words}
		if f.Where == "" {
			w.Where = ""
		}
		if s.names(f.Rule) {
			w = whyView{Topic: f.Topic, Rule: "a rule that is private"}
		}
		if at := (news.Topic{Name: f.Topic}).Path(); s.byPath[at].Name == f.Topic {
			w.Href = s.Link("/topics/" + at)
		}
		v.Topics, v.Why = append(v.Topics, f.Topic), append(v.Why, w)
	}
	return v
}

// outlets is how many sources tell the story beside the lead's.
func (v storyView) outlets() int {
	seen := map[string]bool{v.Source: true}
	for _, t := range v.Also {
		seen[t.Source] = true
	}
	return len(seen) - 1
}

// Headline is the title, or what stands for one.
func (v storyView) Headline() string {
	return headline(v.Title, v.Source)
}

// Headline is the title, or what stands for one.
func (v tellView) Headline() string {
	return headline(v.Title, v.Source)
}

func headline(title, source string) string {
	if strings.TrimSpace(title) == "" {
		return "Without a title, from " + source
	}
	return title
}

// Evidence says in words why the telling was judged to tell the story.
func (v tellView) Evidence() string { return evidence(v.Reason, v.Similarity) }

func evidence(reason string, similarity float64) string {
	switch reason {
	case "guid":
		return "the same item"
	case "url":
		return "the same address"
	case "text":
		return "the same text"
	case "near":
		return fmt.Sprintf("nearly the same text (%.0f%%)", 100*similarity)
	case "memory":
		return "here before the log was lost"
	case "person":
		return "put here by a person"
	}
	return reason
}

// web is s if it is an address of the web that shows nobody's password, else "".
func web(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}

func called(t news.Telling) string {
	if t.Name != "" {
		return t.Name
	}
	return t.Source
}

// cut shortens what a list shows of a story.
func (v storyView) cut(d detail) storyView {
	v.Title, v.Summary, v.URL = canon.Clip(v.Title, d.title), clip(v.Summary, d.text), worth(v.URL, d)
	v.Outlets, v.More = v.outlets(), max(0, len(v.Also)-d.also)
	v.Also = slices.Clone(v.Also[:len(v.Also)-v.More])
	for i, t := range v.Also {
		v.Also[i].Title, v.Also[i].URL = canon.Clip(t.Title, d.title), worth(t.URL, d)
	}
	v.Why = slices.Clone(v.Why[:min(len(v.Why), d.title/2)])
	for i, w := range v.Why {
		v.Why[i].Words, v.Why[i].Rule = few(w.Words, d), canon.Clip(w.Rule, d.title)
	}
	v.OfEvent = len(v.Same)
	v.Same = slices.Clone(v.Same[:min(len(v.Same), 2+d.also)])
	for i, o := range v.Same {
		v.Same[i].Title, v.Same[i].URL = canon.Clip(o.Title, d.title), worth(o.URL, d)
	}
	v.Words = few(v.Words, d)
	return v
}

// few are the first words of many, each as long as a word may be.
func few(words []string, d detail) (out []string) {
	for _, w := range words[:min(d.words, len(words))] {
		out = append(out, canon.Clip(w, 60))
	}
	return out
}

func clip(s string, n int) string {
	if n == 0 {
		return ""
	}
	return canon.Clip(s, n)
}

// worth is an address unless it takes more of a page than it is worth; the
// story's own page stands in for it.
func worth(address string, d detail) string {
	if len(address) > d.link {
		return ""
	}
	return address
}

// tell adds what the leads' items say: the language, and what it is about.
func (p *Pages) tell(ctx context.Context, views []storyView, leads []news.Position) error {
	items, err := p.store.Items(ctx, leads...)
	if err != nil {
		return err
	}
	for i := range views {
		it := items[leads[i]]
		views[i].Language, views[i].Summary = it.Language, cmp.Or(it.Summary, canon.Clip(canon.Text(it.HTML), mostTold))
	}
	return nil
}
