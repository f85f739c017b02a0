package page

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"aggregator/internal/canon"
)

// perSources is how many sources a page has.
const perSources = 40

// A sourceView is a source as the page shows it.
type sourceView struct {
	SourceHealth
	State string // failing, partial, waiting, well
}

// Told is how the source's hub keeps its word, as a sentence's end; "" where we
// are not subscribed.
func (h SourceHealth) Told() string {
	switch h.Push {
	case "asked":
		return "asked to push"
	case "live":
		return "pushes"
	case "broken":
		return "missed something, so the source is polled as ever"
	case "refused":
		return cmp.Or(h.PushWhy, "refused")
	}
	return ""
}

// A healthView is a page of sources.
type healthView struct {
	Total  int // of all
	Found  int // that were asked for
	States []stateView
	State  string // asked for; "" for all
	Q      string // words asked for
	List   []sourceView
	Pager  pager
	Pages  int
}

// A stateView is a state with what it is called, and how many are in it.
type stateView struct {
	State, Name string
	Count       int
	Href        string
}

// states are in the order of the page: what needs a person comes first.
var states = []stateView{{State: "failing", Name: "failing"}, {State: "partial", Name: "partly readable"}, {State: "waiting", Name: "not polled yet"}, {State: "well", Name: "well"}}

func stateOf(h SourceHealth) string {
	switch {
	case h.Error != "":
		return "failing"
	case h.Partial != "":
		return "partial"
	case h.Last.IsZero():
		return "waiting"
	}
	return "well"
}

// health are all sources, without what an address may hold of a password.
func (p *Pages) health(ctx context.Context) ([]SourceHealth, error) {
	all, err := p.doors.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("page of sources: %w", err)
	}
	all = append([]SourceHealth{}, all...) // the caller's stays as it is
	for i := range all {
		all[i].URL, all[i].Asked, all[i].Hub = web(all[i].URL), web(all[i].Asked), web(all[i].Hub)
	}
	return all, nil
}

func (p *Pages) sourcesJSON(ctx context.Context) (made, error) {
	all, err := p.health(ctx)
	if err != nil {
		return made{}, err
	}
	return asJSON(all)
}

func (p *Pages) sources(ctx context.Context, s *shown, ask url.Values) (made, error) {
	all, err := p.health(ctx)
	if err != nil {
		return made{}, err
	}
	v := healthView{Total: len(all), State: ask.Get("state"), Q: canon.Clip(strings.ToValidUTF8(strings.TrimSpace(ask.Get("q")), "?"), 200)}
	v.States = s.countStates(all, v.Q)
	found := sorted(all, v.State, v.Q)
	v.Found, v.Pages = len(found), max(1, (len(found)+perSources-1)/perSources)
	number := pageOf(ask)
	if number > v.Pages {
		return made{}, errNotFound
	}
	found = found[(number-1)*perSources : min(len(found), number*perSources)]
	v.Pager = s.pager("/sources", number, v.Pages, "state", v.State, "q", v.Q)
	return p.fit(s, "sources", head{Title: "Sources — " + s.Title, Path: "/sources"}, func(d detail) any {
		v.List = nil
		for _, h := range found {
			v.List = append(v.List, h.cut(d))
		}
		return v
	})
}

// countStates says how many sources are in each state, and leads to them.
func (s *shown) countStates(all []SourceHealth, q string) []stateView {
	counts := slices.Clone(states)
	for i := range counts {
		counts[i].Href = s.Link("/sources", "state", counts[i].State, "q", q)
		for _, h := range all {
			if stateOf(h) == counts[i].State {
				counts[i].Count++
			}
		}
	}
	return counts
}

// sorted are the sources in a state whose name or address holds the words, the
// failing first, then by name.
func sorted(all []SourceHealth, state, q string) (out []sourceView) {
	words := strings.Fields(strings.ToLower(q))
	for _, h := range all {
		text := strings.ToLower(h.Name + " " + h.URL + " " + h.Error)
		lacks := func(word string) bool { return !strings.Contains(text, word) }
		if state != "" && stateOf(h) != state || slices.ContainsFunc(words, lacks) {
			continue
		}
		out = append(out, sourceView{h, stateOf(h)})
	}
	rank := func(v sourceView) int {
		return slices.IndexFunc([]string{"failing", "partial"}, func(s string) bool { return s == v.State }) & 3 // -1, none of both, is last
	}
	slices.SortStableFunc(out, func(a, b sourceView) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(strings.ToLower(a.called()), strings.ToLower(b.called())))
	})
	return out
}

func (v sourceView) called() string { return cmp.Or(v.Name, v.URL) }

// HTTP is the status of the answer; "" where it says nothing new.
func (v sourceView) HTTP() string {
	status := strconv.Itoa(v.Status)
	if v.Status == 0 || v.Status == 200 && v.Error == "" || strings.HasPrefix(v.Error, status) {
		return ""
	}
	return "HTTP " + status
}

// Called says the state in words.
func (v sourceView) Called() string {
	for _, s := range states {
		if s.State == v.State {
			return s.Name
		}
	}
	return v.State
}

func (v sourceView) cut(d detail) sourceView {
	v.Name, v.Error, v.Partial, v.Why = canon.Clip(v.Name, d.title), canon.Clip(v.Error, 2*d.title), canon.Clip(v.Partial, 2*d.title), canon.Clip(v.Why, 2*d.title)
	v.URL, v.Asked, v.Hub = worth(v.URL, d), worth(v.Asked, d), worth(v.Hub, d)
	return v
}
