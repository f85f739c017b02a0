package page

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"aggregator/internal/news"
)

// A link leads somewhere under a name.
type link struct {
	Name, Href, Media string
}

// A topicView is a topic as the pages show it.
type topicView struct {
	Name, Href string
	Depth      int    // topics above it that have a page as well
	above      string // the nearest of them; "" if there is none
	Count      int
	Feeds      []link
	Stories    []storyView
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
}

// A whyView is what put a story into a topic.
type whyView struct {
	Topic string   `json:"topic"`
	Rule  string   `json:"rule"`
	Where string   `json:"where,omitempty"`
	Words []string `json:"words,omitempty"`
	Href  string   `json:"-"` // of the topic's page, "" if it has none
}

const (
	// latest is how many stories of a topic the index shows.
	latest = 5
	// shownWhole is how many topics the index shows stories of.
	shownWhole = 40
)

func (p *Pages) index(ctx context.Context, s *shown) (made, error) {
	counts, err := p.store.Count(ctx)
	if err != nil {
		return made{}, fmt.Errorf("page index: %w", err)
	}
	h := head{Title: s.Title, Path: "/"}
	var topics []topicView
	for i, t := range s.Topics {
		v := s.topicView(t)
		v.Count = counts[t.Name]
		if i < shownWhole {
			if v.Stories, err = p.latest(ctx, s, t, t.most(latest)); err != nil {
				return made{}, fmt.Errorf("page index: %w", err)
			}
		}
		topics = append(topics, v)
		h.Feeds = append(h.Feeds, v.named()[:min(1, len(v.Feeds))]...)
	}
	return p.render(s, "index", h, nest(topics))
}

// most is n, or as many as the topic's page shows: the others have no page among
// the files.
func (t Topic) most(n int) int {
	if t.Items > 0 {
		return min(n, t.Items)
	}
	return n
}

// nest puts each topic behind the one that it is under: China/Human Rights
// behind China, though Human Rights stands between them in the configuration.
func nest(topics []topicView) (out []topicView) {
	under := map[string][]topicView{}
	for _, t := range topics {
		under[t.above] = append(under[t.above], t)
	}
	var list func(above string)
	list = func(above string) {
		for _, t := range under[above] {
			out = append(out, t)
			list(t.Name)
		}
	}
	list("")
	return out
}

func (p *Pages) topic(ctx context.Context, s *shown, path string) (made, error) {
	t, ok := s.byPath[path]
	if !ok {
		return made{}, errNotFound
	}
	v := s.topicView(t)
	stories, err := p.latest(ctx, s, t, t.Items)
	if err != nil {
		return made{}, fmt.Errorf("page of topic %s: %w", t.Name, err)
	}
	v.Stories = together(stories)
	return p.render(s, "topic", head{Title: t.Name + " — " + s.Title, Path: "/topics/" + path, Feeds: v.named()}, v)
}

// latest are the first n stories of a topic, all for 0, each with what put it
// there and nothing of other topics.
func (p *Pages) latest(ctx context.Context, s *shown, t Topic, n int) (out []storyView, err error) {
	for st, err := range p.store.Shelf(ctx, t.Name) {
		if err != nil {
			return nil, err
		}
		v := s.storyView(st)
		v.Why = slices.DeleteFunc(v.Why, func(w whyView) bool { return w.Topic != t.Name })
		if out = append(out, v); len(out) == n {
			break
		}
	}
	return out, nil
}

func (p *Pages) story(ctx context.Context, s *shown, id string, json bool) (made, error) {
	pos, ok := p.doors.Find(id)
	if !ok {
		return made{}, errNotFound
	}
	stories, err := p.store.Story(ctx, pos)
	if err != nil {
		return made{}, fmt.Errorf("page of story %s: %w", id, err)
	}
	st, ok := stories[pos]
	switch {
	case !ok:
		return made{}, errNotFound
	case st.ID != id && json:
		return made{}, moved(s.href("/stories/" + st.ID + ".json"))
	case st.ID != id:
		return made{}, moved(s.href("/stories/" + st.ID))
	case st.Hidden:
		return made{}, errGone
	}
	return p.storyPage(ctx, s, st, json)
}

func (p *Pages) storyPage(ctx context.Context, s *shown, st news.Story, json bool) (made, error) {
	items, err := p.store.Items(ctx, st.Lead.Pos)
	if err != nil {
		return made{}, fmt.Errorf("page of story %s: %w", st.ID, err)
	}
	v := s.storyView(st)
	v.Summary, v.Language = items[st.Lead.Pos].Summary, items[st.Lead.Pos].Language
	others, err := p.others(ctx, s, st)
	if err != nil {
		return made{}, fmt.Errorf("page of story %s: %w", st.ID, err)
	}
	for _, o := range others {
		v.Related = append(v.Related, s.storyView(o).other())
	}
	if json {
		return asJSON(v)
	}
	return p.render(s, "story", head{Title: v.Title + " — " + s.Title, Path: "/stories/" + v.ID}, v)
}

func (p *Pages) sources(ctx context.Context, s *shown, json bool) (made, error) {
	all, err := p.doors.Sources(ctx)
	if err != nil {
		return made{}, fmt.Errorf("page of sources: %w", err)
	}
	all = append([]SourceHealth{}, all...) // the caller's stays as it is
	for i := range all {
		all[i].URL = web(all[i].URL)
	}
	if json {
		return asJSON(all)
	}
	return p.render(s, "sources", head{Title: "Sources — " + s.Title, Path: "/sources"}, all)
}

func (s *shown) topicView(t Topic) topicView {
	v := topicView{Name: t.Name, Href: s.href("/topics/" + t.Path())}
	for _, parent := range t.Parents() {
		if p, ok := s.byPath[news.Topic{Name: parent}.Path()]; ok {
			v.Depth++
			v.above = cmp.Or(v.above, p.Name)
		}
	}
	for _, f := range []link{{"Atom", ".atom", "application/atom+xml"}, {"RSS", ".rss", "application/rss+xml"}, {"JSON", ".json", "application/feed+json"}} {
		if slices.Contains(t.Formats, f.Href[1:]) {
			v.Feeds = append(v.Feeds, link{f.Name, s.href("/topics/" + t.Path() + f.Href), f.Media})
		}
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
		Published: st.Published.UTC(), Updated: st.Updated.UTC(), Revisions: len(st.Lead.Revisions), Href: s.href("/stories/" + st.ID),
		Pinned: st.Lead.Pinned, Merged: st.Merged, Topics: []string{}, Also: []tellView{}, Why: []whyView{},
	}
	if s.Events {
		v.Event = st.Event
	}
	for _, t := range st.Also {
		reason, similarity := st.Evidence(t)
		v.Also = append(v.Also, tellView{called(t), t.GUID, web(t.URL), t.Title, t.Seen.UTC(), t.Since.UTC(), reason, similarity, len(t.Revisions)})
	}
	for _, f := range st.Topics {
		w := whyView{Topic: f.Topic, Rule: f.Rule, Where: path.Base("/" + f.Where), Words: f.Words}
		if f.Where == "" {
			w.Where = ""
		}
		if at := (news.Topic{Name: f.Topic}).Path(); s.byPath[at].Name == f.Topic {
			w.Href = s.href("/topics/" + at)
		}
		v.Topics, v.Why = append(v.Topics, f.Topic), append(v.Why, w)
	}
	return v
}

// Outlets is how many sources tell the story beside the lead's.
func (v storyView) Outlets() int {
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
func (v tellView) Evidence() string {
	switch v.Reason {
	case "guid":
		return "the same item"
	case "url":
		return "the same address"
	case "text":
		return "the same text"
	case "near":
		return fmt.Sprintf("nearly the same text (%.0f%%)", 100*v.Similarity)
	case "person":
		return "put here by a person"
	}
	return v.Reason
}

// href is a link to a path of ours.
func (s *shown) href(path string) string {
	return s.root + (&url.URL{Path: path}).EscapedPath()
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
