package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/access"
	"aggregator/internal/canon"
	"aggregator/internal/news"
)

const (
	// mostSearches may be under way at a time: each reads texts with all its
	// might. longestSearch is how long one may take.
	mostSearches  = 2
	longestSearch = 4 * time.Second
	// mostTried and mostFound are how many stories /try and /search show at most.
	mostTried = 100
	mostFound = 500
	// mostFiled is how many topics of a story they name.
	mostFiled = 6
	// longestQuery is in bytes.
	longestQuery = 2000
	// mostChoices is how many topics a list to choose from has.
	mostChoices = 100
)

// A Search is what is looked for among the kept stories.
type Search struct {
	Query string
	// Topics are the names that the query may speak of; no others are known to
	// the one who asks.
	Topics []string
	// In is the topic to look in; "" for all.
	In string
	// Since is the oldest publication; zero for all that is kept.
	Since time.Time
	// May says whether the one who asks may see a story; others are passed over
	// and not counted.
	May func(news.Story) bool
}

// Faults are what is wrong with a query.
type Faults []Fault

// A Fault says what is wrong where, and what to write instead.
type Fault struct {
	Col           int // of the character, from 1; 0: of the whole
	Message, Hint string
}

func (fs Faults) Error() string {
	var all []string
	for _, f := range fs {
		all = append(all, f.Message)
	}
	return strings.Join(all, "; ")
}

// A foundView is what /try and /search show.
type foundView struct {
	Q, In, Span string
	Token       string
	Static      bool
	Asked       bool
	Spans       []choice
	Topics      []choice
	Faults      []faultView
	Looked      int
	Total       int
	Most        int    // shown at most
	Stopped     bool   // before all were looked at
	Query       string // what was understood
	Chart       daily
	PerDay      []countView
	Days        []dayView
	Pager       pager
}

// A choice is one of a list.
type choice struct {
	Value, Name string
	Chosen      bool
}

// A countView is how many stories there were on a day.
type countView struct {
	Day   time.Time
	Count int
}

// A faultView shows a fault within the query.
type faultView struct {
	Fault
	Before, At, After string
}

var spans = []choice{{Value: "24h", Name: "the last 24 hours"}, {Value: "7d", Name: "the last 7 days"}, {Value: "all", Name: "all that is kept"}}

// sinceOf is the oldest moment of a look-back.
func sinceOf(span string, now time.Time) time.Time {
	switch span {
	case "24h":
		return now.Add(-24 * time.Hour)
	case "7d":
		return now.Add(-7 * 24 * time.Hour)
	}
	return time.Time{}
}

// try shows which of the kept stories a rule would have caught.
func (p *Pages) try(ctx context.Context, s *shown, ask url.Values) (made, error) {
	v := s.asked(ask)
	v.Span, v.In, v.Most = cmp.Or(ask.Get("since"), "7d"), ask.Get("topic"), mostTried
	v.Query = v.Q
	for _, c := range spans {
		c.Chosen = c.Value == v.Span
		v.Spans = append(v.Spans, c)
	}
	v.Topics = s.choices(v.In)
	return p.find(ctx, s, "try", "Try a query", v, pageOf(ask), "q", v.Q, "since", v.Span, "topic", v.In)
}

// search shows the stories that hold some words, newest first.
func (p *Pages) search(ctx context.Context, s *shown, ask url.Values) (made, error) {
	v := s.asked(ask)
	v.Query, v.Most = asQuery(v.Q), mostFound
	return p.find(ctx, s, "search", "Search", v, pageOf(ask), "q", v.Q)
}

// asked is what a form was sent with.
func (s *shown) asked(ask url.Values) foundView {
	q := strings.TrimSpace(strings.ToValidUTF8(ask.Get("q"), "?"))
	return foundView{Q: q, Asked: q != "", Token: s.Token, Static: s.Static}
}

func (s *shown) choices(in string) (out []choice) {
	out = []choice{{"", "all topics", in == ""}}
	for _, t := range s.Topics[:min(mostChoices, len(s.Topics))] {
		out = append(out, choice{t.Name, canon.Clip(t.Name, 60), t.Name == in})
	}
	return out
}

// find answers both.
func (p *Pages) find(ctx context.Context, s *shown, name, title string, v foundView, number int, query ...string) (made, error) {
	if s.Static || p.doors.Match == nil {
		return made{}, errNotFound
	}
	h := head{Title: title + " — " + s.Title, Path: "/" + name}
	if v.Asked {
		h.Title = canon.Clip(v.Q, 60) + " — " + title + " — " + s.Title
	}
	stories, err := p.match(ctx, s, &v)
	if err != nil {
		return made{}, err
	}
	if number > 1 && (number-1)*perPage >= len(stories) {
		return made{}, errNotFound
	}
	v.Pager = s.pager("/"+name, number, max(1, (len(stories)+perPage-1)/perPage), query...)
	stories = stories[(number-1)*perPage : min(len(stories), number*perPage)]
	views, err := p.matchedViews(ctx, s, stories)
	if err != nil {
		return made{}, fmt.Errorf("page %s: %w", name, err)
	}
	return p.fit(s, name, h, func(d detail) any {
		v.Days = byDay(views, d)
		return v
	})
}

// matchedViews are stories as a list shows them, with the words that were found.
func (p *Pages) matchedViews(ctx context.Context, s *shown, stories []matched) ([]storyView, error) {
	var plain []news.Story
	for _, m := range stories {
		plain = append(plain, m.Story)
	}
	views, err := p.views(ctx, s, plain)
	for i := range views {
		views[i].Words = stories[i].words
		views[i].Why = views[i].Why[:min(mostFiled, len(views[i].Why))]
	}
	return views, err
}

// A matched story is one that a query caught, by some words.
type matched struct {
	news.Story
	words []string
}

// match looks for what v asks, and says in v how that went. The stories are the
// newest that were found.
func (p *Pages) match(ctx context.Context, s *shown, v *foundView) ([]matched, error) {
	search, faults := s.searchOf(*v, p.now())
	if v.Faults = faults; !v.Asked || search.Query == "" || len(faults) > 0 {
		return nil, nil
	}
	within, stop := context.WithTimeout(ctx, p.patience)
	defer stop()
	select {
	case p.searching <- struct{}{}:
		defer func() { <-p.searching }()
	case <-within.Done():
		return nil, errBusy
	}
	var found []matched
	looked, err := p.doors.Match(within, search, func(st news.Story, words []string) {
		v.Total++
		v.Chart.add(day(p.now()), st.Published)
		if found = append(found, matched{st, words}); len(found) >= 4*v.Most {
			found = newest(found, v.Most)
		}
	})
	v.Looked = looked
	var wrong Faults
	switch {
	case errors.As(err, &wrong):
		v.Faults = faultsIn(v.Query, wrong)
		return nil, nil
	case err != nil && ctx.Err() == nil && within.Err() != nil:
		v.Stopped = true
	case err != nil:
		return nil, fmt.Errorf("search: %w", err)
	}
	v.PerDay = perDay(v.Chart, p.now())
	return newest(found, v.Most), nil
}

// searchOf is what v asks for.
func (s *shown) searchOf(v foundView, now time.Time) (Search, []faultView) {
	search := Search{Query: v.Query, In: v.In, Since: sinceOf(v.Span, now), May: s.may}
	for _, t := range s.Topics {
		search.Topics = append(search.Topics, t.Name)
	}
	switch {
	case len(v.Q) > longestQuery:
		return search, []faultView{{Fault: Fault{Message: "this is longer than " + strconv.Itoa(longestQuery) + " bytes", Hint: "ask for less at a time"}}}
	case v.In != "" && !slices.Contains(search.Topics, v.In):
		return search, []faultView{{Fault: Fault{Message: "there is no topic of that name", Hint: "choose one of the list"}}}
	}
	return search, nil
}

// newest are the newest n.
func newest(found []matched, n int) []matched {
	slices.SortFunc(found, func(a, b matched) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	return found[:min(n, len(found))]
}

// perDay are the days of a chart on which there was anything, the latest first.
func perDay(d daily, now time.Time) (out []countView) {
	for i := days - 1; i >= 0; i-- {
		if d[i] > 0 {
			out = append(out, countView{day(now).AddDate(0, 0, i-days+1), d[i]})
		}
	}
	return out
}

// faultsIn cuts a query where its faults are.
func faultsIn(query string, fs Faults) (out []faultView) {
	runes := []rune(query)
	for _, f := range fs {
		v := faultView{Fault: f}
		if at := f.Col - 1; at >= 0 && at <= len(runes) {
			end := min(at+1, len(runes))
			v.Before, v.At, v.After = string(runes[:at]), string(runes[at:end]), string(runes[end:])
		}
		out = append(out, v)
	}
	return out
}

// Param is what a token is called in an address.
func (v foundView) Param() string { return access.Param }
