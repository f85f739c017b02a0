package page

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"aggregator/internal/news"
)

const (
	// latest is how many stories the index shows, and how many of a topic are
	// looked at for them.
	latest = 15
	// mostLooked is how many topics are looked at for the latest stories.
	mostLooked = 40
)

// An indexView is the topics, each with those under it, and the latest stories.
type indexView struct {
	Topics []topicView
	Latest []storyView
}

func (p *Pages) index(ctx context.Context, s *shown) (made, error) {
	h := head{Title: s.Title, Path: "/"}
	topics, err := p.topics(ctx, s)
	if err != nil {
		return made{}, fmt.Errorf("page index: %w", err)
	}
	tree := nest(topics)
	for _, t := range tree[:min(mostLooked, len(tree))] {
		h.Feeds = append(h.Feeds, t.named()[:min(1, len(t.Feeds))]...)
	}
	stories, err := p.latest(ctx, s, tree)
	if err != nil {
		return made{}, fmt.Errorf("page index: %w", err)
	}
	if h.Title == "" {
		h.Title = "Topics"
	}
	return p.fit(s, "index", h, func(d detail) any {
		v := indexView{Topics: plain(tree, d)}
		for _, st := range stories {
			v.Latest = append(v.Latest, st.cut(detail{title: d.title, text: d.text / 2, link: d.link}))
		}
		return v
	})
}

// topics are all topics with their counts, in the order of the configuration.
func (p *Pages) topics(ctx context.Context, s *shown) (views []topicView, err error) {
	counts, err := p.store.Count(ctx)
	if err != nil {
		return nil, err
	}
	p.activity.keep(counts)
	for _, t := range s.Topics {
		v := s.topicView(t)
		if v.Count = counts[t.Name]; v.Count > 0 {
			if v.Days, err = p.activity.of(ctx, t.Name, v.Count, p.now(), p.store.Shelved); err != nil {
				return nil, err
			}
		}
		views = append(views, v)
	}
	return views, nil
}

// latest are the newest stories of the topics at the top of the tree: what is
// under China/Xinjiang is under China, too.
func (p *Pages) latest(ctx context.Context, s *shown, tree []topicView) ([]storyView, error) {
	found := map[news.Position]news.Story{}
	for _, t := range tree[:min(mostLooked, len(tree))] {
		n := s.byPath[news.Topic{Name: t.Name}.Path()].most(latest)
		stories, err := p.shelf(ctx, t.Name, 0, n)
		if err != nil {
			return nil, err
		}
		for _, st := range stories {
			found[st.Pos] = st
		}
	}
	var all []news.Story
	for _, st := range found {
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b news.Story) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	return p.views(ctx, s, all[:min(latest, len(all))])
}

// most is n, or as many as there are files of: the others have no page among
// them.
func (t Topic) most(n int) int {
	if t.Items > 0 {
		return min(n, t.Items)
	}
	return n
}

// nest puts each topic under the one that it belongs to: China/Human Rights
// under China, though Human Rights stands between them in the configuration.
func nest(topics []topicView) []topicView {
	under := map[string][]topicView{}
	for _, t := range topics {
		under[t.above] = append(under[t.above], t)
	}
	var list func(above string) []topicView
	list = func(above string) []topicView {
		ts := under[above]
		for i := range ts {
			ts[i].Under = list(ts[i].Name)
		}
		return ts
	}
	return list("")
}

// plain leaves out of a large tree what its pages say again: the charts, then
// the feeds, at last the topics under others.
func plain(tree []topicView, d detail) []topicView {
	tree = slices.Clone(tree)
	for i, t := range tree {
		if !d.chart {
			t.Days = daily{}
		}
		if d.title < 100 {
			t.Feeds = nil
		}
		if t.Under = plain(t.Under, d); d.title < 50 {
			t.Under = nil
		}
		tree[i] = t
	}
	return tree
}
