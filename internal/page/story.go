package page

import (
	"context"
	"fmt"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A tellingsView is a story's page.
type tellingsView struct {
	storyView
	Told []toldView // side by side, the lead first
	Left int        // tellings for which there is no room
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
	case !s.may(st):
		return made{}, errPrivate
	case st.ID != id && json:
		return made{}, moved(s.Link("/stories/" + st.ID + ".json"))
	case st.ID != id:
		return made{}, moved(s.Link("/stories/" + st.ID))
	case st.Hidden:
		return made{}, errGone
	}
	return p.storyPage(ctx, s, st, json)
}

func (p *Pages) storyPage(ctx context.Context, s *shown, st news.Story, json bool) (made, error) {
	items, err := p.store.Items(ctx, keptOf(st)...)
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
	decided, err := p.decided(ctx, st)
	if err != nil {
		return made{}, fmt.Errorf("page of story %s: %w", st.ID, err)
	}
	t := teller{st, items, decided}
	title := canon.Clip(v.Headline(), details[0].title) + " — " + s.Title
	return p.fit(s, "story", head{Title: title, Path: "/stories/" + v.ID, Wide: true}, func(d detail) any {
		told := t.all(d)
		out := tellingsView{storyView: v.cut(d), Told: told, Left: 1 + len(st.Also) - len(told)}
		out.Related = nil
		for _, o := range v.Related[:min(len(v.Related), d.tell)] {
			o.Title, o.URL = canon.Clip(o.Title, d.title), worth(o.URL, d)
			out.Related = append(out.Related, o)
		}
		return out
	})
}

// keptOf are the positions of a story's items, and of the earlier words that its
// page shows.
func keptOf(st news.Story) (at []news.Position) {
	for _, t := range st.Tellings()[:min(details[0].tell, 1+len(st.Also))] {
		at = append(at, t.Pos)
		at = append(at, t.Revisions[max(0, len(t.Revisions)-mostEarlier):]...)
	}
	return at
}

// decided are the decisions about the tellings that the page shows, by their
// positions. What is forgotten is left out.
func (p *Pages) decided(ctx context.Context, st news.Story) (map[news.Position]news.Decision, error) {
	out := map[news.Position]news.Decision{}
	for _, t := range st.Tellings()[:min(details[0].tell, 1+len(st.Also))] {
		for d, err := range p.store.Since(ctx, t.Pos-1) {
			if err != nil {
				return nil, err
			}
			out[d.Pos] = d
			break
		}
	}
	return out, nil
}
