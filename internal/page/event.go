package page

import (
	"cmp"
	"context"
	"slices"
	"time"

	"aggregator/internal/news"
)

const (
	// mostOthers is how many other stories of its event a story's page lists.
	mostOthers = 20
	// mostRead is how many of an event are looked at for them: some may be
	// hidden or merged.
	mostRead = 100
)

// An otherView is a story of the same event.
type otherView struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	URL       string    `json:"url,omitempty"`
	Source    string    `json:"source"`
	Published time.Time `json:"published"`
	Href      string    `json:"-"` // of its page
}

// Headline is the title, or what stands for one.
func (v otherView) Headline() string { return headline(v.Title, v.Source) }

func (v storyView) other() otherView {
	return otherView{v.ID, v.Title, v.URL, v.Source, v.Published, v.Href}
}

// together puts the stories of one event under the first of them, which is the
// latest.
func together(all []storyView) (out []storyView) {
	first := map[string]int{}
	for _, v := range all {
		if i, ok := first[v.Event]; ok && v.Event != "" {
			out[i].Same = append(out[i].Same, v.other())
			continue
		}
		first[v.Event] = len(out)
		out = append(out, v)
	}
	return out
}

// others are the latest of the other stories of a story's event that have a
// page for this reader.
func (p *Pages) others(ctx context.Context, s *shown, st news.Story) ([]news.Story, error) {
	if !s.Events || st.Event == "" || p.doors.Event == nil {
		return nil, nil
	}
	at := p.doors.Event(st.Pos)
	kept, err := p.store.Story(ctx, at[max(0, len(at)-mostRead):]...)
	if err != nil {
		return nil, err
	}
	var out []news.Story
	for _, o := range kept {
		if o.Pos != st.Pos && o.Event == st.Event && s.listed(o) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b news.Story) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(mostOthers, len(out))], nil
}

// listed says that a story is under a topic with a page: one that is hidden or
// merged is under none, and a private topic has none for strangers.
func (s *shown) listed(st news.Story) bool {
	return slices.ContainsFunc(st.Topics, func(f news.Filing) bool {
		return s.byPath[news.Topic{Name: f.Topic}.Path()].Name == f.Topic
	})
}
