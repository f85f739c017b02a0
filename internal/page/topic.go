package page

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"aggregator/internal/news"
)

const (
	// perPage is how many stories a page of a list has.
	perPage = 25
	// mostTold is how much of a text is kept for a list, in characters.
	mostTold = 160
)

// A listView is a topic's page.
type listView struct {
	topicView
	Above []topicView // topics that it is under, the highest first
	Days  []dayView
	Pager pager
	Chart daily
}

// A dayView is the stories of one day.
type dayView struct {
	Day     time.Time
	Stories []storyView
}

// A pager leads through a long list.
type pager struct {
	Number       int
	Newer, Older string // addresses; "" for none
}

func (p *Pages) topic(ctx context.Context, s *shown, path string, number int) (made, error) {
	t, ok := s.byPath[path]
	if !ok {
		return made{}, s.absent(path)
	}
	v := listView{topicView: s.topicView(t)}
	stories, pages, err := p.list(ctx, s, t, number)
	if err == nil && len(stories) == 0 && number > 1 {
		return made{}, errNotFound
	}
	if err == nil {
		v, err = p.about(ctx, s, v)
	}
	if err != nil {
		return made{}, fmt.Errorf("page of topic %s: %w", t.Name, err)
	}
	v.Pager = s.pager("/topics/"+path, number, pages)
	title := t.Name + " — " + s.Title
	if number > 1 {
		title = fmt.Sprintf("%s, page %d — %s", t.Name, number, s.Title)
	}
	return p.fit(s, "topic", head{Title: title, Path: "/topics/" + path, Feeds: v.named()}, func(d detail) any {
		v.Days = byDay(stories, d)
		return v
	})
}

// absent is why there is no topic at a path.
func (s *shown) absent(path string) error {
	for name := range s.closed {
		if (news.Topic{Name: name}).Path() == path {
			return errPrivate
		}
	}
	return errNotFound
}

// about adds what the index says of a topic and its neighbours.
func (p *Pages) about(ctx context.Context, s *shown, v listView) (listView, error) {
	counts, err := p.store.Count(ctx)
	if err != nil {
		return v, err
	}
	if v.Count = counts[v.Name]; v.Count > 0 {
		if v.Chart, err = p.activity.of(ctx, v.Name, v.Count, p.now(), p.store.Shelved); err != nil {
			return v, err
		}
	}
	for _, t := range s.Topics {
		if other := s.topicView(t); other.above == v.Name && len(v.Under) < mostLooked {
			other.Count = counts[t.Name]
			v.Under = append(v.Under, other)
		}
	}
	for _, parent := range (news.Topic{Name: v.Name}).Parents() {
		if t, ok := s.byPath[news.Topic{Name: parent}.Path()]; ok {
			v.Above = append([]topicView{s.topicView(t)}, v.Above...)
		}
	}
	return v, nil
}

// list are the stories of one page of a topic, each with what put it there and
// nothing of other topics; pages is how many pages there are, as far as was
// looked.
func (p *Pages) list(ctx context.Context, s *shown, t Topic, number int) (views []storyView, pages int, err error) {
	from := (number - 1) * perPage
	want := perPage + 1 // one more tells of an older page
	if s.Static && t.Items > 0 {
		want = min(want, t.Items-from)
	}
	stories, err := p.shelf(ctx, t.Name, from, want)
	if err != nil {
		return nil, 0, err
	}
	if pages = number; len(stories) > perPage {
		stories, pages = stories[:perPage], number+1
	}
	if views, err = p.views(ctx, s, stories); err != nil {
		return nil, 0, err
	}
	for i := range views {
		views[i].Why = slices.DeleteFunc(views[i].Why, func(w whyView) bool { return w.Topic != t.Name })
	}
	return together(views), pages, nil
}

// shelf are n stories of a topic behind the first so many.
func (p *Pages) shelf(ctx context.Context, topic string, from, n int) (out []news.Story, err error) {
	var at []news.Position
	for place, err := range p.store.Shelved(ctx, topic) {
		if err != nil {
			return nil, err
		}
		if from--; from >= 0 {
			continue
		}
		if len(at) >= n {
			break
		}
		at = append(at, place.Pos)
	}
	stories, err := p.store.Story(ctx, at...)
	for _, pos := range at {
		if st, ok := stories[pos]; ok { // not forgotten meanwhile
			out = append(out, st)
		}
	}
	return out, err
}

// views are stories as a list shows them.
func (p *Pages) views(ctx context.Context, s *shown, stories []news.Story) ([]storyView, error) {
	var views []storyView
	var leads []news.Position
	for _, st := range stories {
		views, leads = append(views, s.storyView(st)), append(leads, st.Lead.Pos)
	}
	return views, p.tell(ctx, views, leads)
}

// byDay groups stories, newest first, by the day of their publication.
func byDay(stories []storyView, d detail) (out []dayView) {
	for _, v := range stories {
		at := day(v.Published)
		if n := len(out); n == 0 || !out[n-1].Day.Equal(at) {
			out = append(out, dayView{Day: at})
		}
		last := &out[len(out)-1]
		last.Stories = append(last.Stories, v.cut(d))
	}
	return out
}

// pager leads to the neighbours of a page of a list; as files, pages stand in
// folders.
func (s *shown) pager(path string, number, pages int, query ...string) pager {
	at := func(n int) string {
		switch {
		case n < 1 || n > pages:
			return ""
		case n == 1:
			return s.Link(path, query...)
		case s.Static:
			return s.Link(path + filePage(n))
		}
		return s.Link(path, append(slices.Clone(query), "page", strconv.Itoa(n))...)
	}
	return pager{Number: number, Newer: at(number - 1), Older: at(number + 1)}
}

// filePage is where a page of a list stands among the files, below the first.
func filePage(n int) string { return "/page-" + strconv.Itoa(n) }
