package publish

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/store"
)

const (
	// mostItems and mostLooked bound a filtered feed: what is in it, and among
	// how many stories it is looked for. filterStep of them are read at once.
	mostItems  = 1000
	mostLooked = 20_000
	filterStep = 200
	// mostValues is of one parameter, longestQuery of q, in bytes.
	mostValues   = 20
	longestQuery = 1000
)

// A filter narrows a topic's feed, by the query of its address.
type filter struct {
	langs, sources []string // folded and sorted; any of them
	q              *query.Query
	items          int // 0: as the topic has it
}

func (f filter) none() bool {
	return len(f.langs) == 0 && len(f.sources) == 0 && f.q == nil && f.items == 0
}

// A badFilter is a sentence for whoever wrote the address.
type badFilter string

func (e badFilter) Error() string { return string(e) }

// readFilter reads the query of an address. What it does not know means nothing,
// an access token least of all.
func readFilter(raw string) (f filter, err error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return f, badFilter("The part of this address behind the ? cannot be read: write &, % and ; in a value as %26, %25 and %3B.")
	}
	if f.langs, err = valuesOf(values, "lang", isLanguage, "write tags of BCP 47, such as ?lang=zh or ?lang=en,zh-Hant"); err != nil {
		return f, err
	}
	if f.sources, err = valuesOf(values, "source", isShort, "write a source's name or host, such as ?source=bbc.co.uk"); err != nil {
		return f, err
	}
	if s := values.Get("items"); s != "" {
		if f.items, err = strconv.Atoi(s); err != nil || f.items < 1 || f.items > mostItems {
			return f, badFilter(fmt.Sprintf("items=%s is not possible: write a number from 1 to %d.", s, mostItems))
		}
	}
	if s := strings.Join(values["q"], " "); strings.TrimSpace(s) != "" {
		f.q, err = readQuery(s)
	}
	return f, err
}

// valuesOf are those of a parameter, folded, each once.
func valuesOf(values url.Values, name string, good func(string) bool, hint string) (out []string, err error) {
	for _, v := range strings.Split(strings.Join(values[name], ","), ",") {
		v = strings.ToLower(strings.TrimSpace(line(v)))
		if v == "" {
			continue
		}
		if !good(v) {
			return nil, badFilter(fmt.Sprintf("%s=%s is not possible: %s.", name, canon.Clip(v, 60), hint))
		}
		out = append(out, v)
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > mostValues {
		return nil, badFilter(fmt.Sprintf("%s has %d values: write no more than %d.", name, len(out), mostValues))
	}
	return out, nil
}

func isLanguage(s string) bool { return languageForm(s) == s && len(s) <= 35 }
func isShort(s string) bool    { return len(s) <= 300 }

func readQuery(s string) (*query.Query, error) {
	if len(s) > longestQuery {
		return nil, badFilter(fmt.Sprintf("q is longer than %d bytes.", longestQuery))
	}
	q, err := query.Parse(s)
	if err != nil {
		at := 0
		if e, ok := err.(*query.Error); ok {
			at = len([]rune(s[:min(e.Offset, len(s))])) + 1
		}
		return nil, badFilter(fmt.Sprintf("q cannot be read at its character %d: %v.", at, err))
	}
	return q, nil
}

// query is the filter as the end of an address, the same for all that mean the
// same; "" for none.
func (f filter) query() string {
	if f.none() {
		return ""
	}
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("lang", strings.Join(f.langs, ","))
	set("source", strings.Join(f.sources, ","))
	if f.q != nil {
		set("q", f.q.String())
	}
	if f.items > 0 {
		set("items", strconv.Itoa(f.items))
	}
	return "?" + v.Encode()
}

// String is the filter as a title tells it.
func (f filter) String() string {
	var parts []string
	if f.q != nil {
		parts = append(parts, f.q.String())
	}
	if len(f.langs) > 0 {
		parts = append(parts, "in "+strings.Join(f.langs, ", "))
	}
	if len(f.sources) > 0 {
		parts = append(parts, "by "+strings.Join(f.sources, ", "))
	}
	return strings.Join(parts, "; ")
}

// filteredFeed is a feed of its own: it is not pushed, and leads nowhere.
func (p *Publisher) filteredFeed(ctx context.Context, site Site, d *document, now time.Time) (feed, time.Time, error) {
	stories, until, err := p.filtered(ctx, site, d, now)
	if err != nil {
		return feed{}, time.Time{}, err
	}
	f, err := p.filled(ctx, site, d, stories)
	f.self += d.filter.query()
	f.id = uuid(f.home + d.filter.query())
	f.hub = ""
	if about := line(d.filter.String()); about != "" {
		f.title = line(d.topic.Name) + ": " + about
		if f.site != "" {
			f.title += " — " + f.site
		}
		f.subtitle = "The stories of " + line(d.topic.Name) + ", each once: " + about + "."
	}
	return f, until, err
}

// filtered are the topic's stories that pass the filter, newest first.
func (p *Publisher) filtered(ctx context.Context, site Site, d *document, now time.Time) (chosen []news.Story, until time.Time, err error) {
	t := d.topic
	most := min(mostItems, t.Items)
	if d.filter.items > 0 {
		most = d.filter.items
	} else if t.Items == 0 {
		most = mostItems
	}
	looked := 0
	for batch, err := range store.InSteps(young(p.store.Shelf(ctx, t.Name), t, now), filterStep) {
		if err != nil {
			return nil, time.Time{}, err
		}
		looked += len(batch)
		passed, err := p.pass(ctx, site, d, batch)
		if err != nil {
			return nil, time.Time{}, err
		}
		chosen = append(chosen, passed...)
		if len(chosen) >= most || looked >= mostLooked {
			break
		}
	}
	chosen = chosen[:min(len(chosen), most)]
	if n := len(chosen); n > 0 && t.MaxAge > 0 {
		until = chosen[n-1].Published.Add(t.MaxAge)
	}
	return chosen, until, nil
}

// pass are those of the stories that the filter lets through.
func (p *Publisher) pass(ctx context.Context, site Site, d *document, stories []news.Story) ([]news.Story, error) {
	f := d.filter
	if len(f.sources) > 0 {
		stories = slices.DeleteFunc(slices.Clone(stories), func(st news.Story) bool { return !f.isBy(st.Lead) })
	}
	if len(f.langs) > 0 {
		q, err := query.Parse("lang:" + strings.Join(f.langs, " OR lang:"))
		if err != nil {
			return nil, err
		}
		// Of the lead alone: it is what is shown.
		if stories, err = p.match(ctx, q, stories, func(st news.Story) news.Story {
			st.Also = nil
			return st
		}); err != nil {
			return nil, err
		}
	}
	if f.q == nil {
		return stories, nil
	}
	// topic: must not tell who is in a topic that the reader may not read.
	return p.match(ctx, f.q, stories, func(st news.Story) news.Story { return site.visible(d.topic, st) })
}

// match are the stories of which the query catches what show gives.
func (p *Publisher) match(ctx context.Context, q *query.Query, stories []news.Story, show func(news.Story) news.Story) (out []news.Story, err error) {
	caught := map[news.Position]bool{}
	_, err = p.Match(ctx, q, func(yield func(news.Story, error) bool) {
		for _, st := range stories {
			if !yield(show(st), nil) {
				return
			}
		}
	}, func(st news.Story, _ []string) { caught[st.Pos] = true })
	for _, st := range stories {
		if caught[st.Pos] {
			out = append(out, st)
		}
	}
	return out, err
}

// isBy says that a telling is one of these sources': by its name, its key, or a
// host, of the source or of the article.
func (f filter) isBy(t news.Telling) bool {
	feed, _, _ := strings.Cut(strings.ToLower(t.Source), "/")
	feed, _, _ = strings.Cut(feed, ":")
	article := ""
	if u, err := url.Parse(t.URL); err == nil {
		article = strings.ToLower(u.Hostname())
	}
	for _, s := range f.sources {
		if s == strings.ToLower(strings.TrimSpace(called(t))) || s == strings.ToLower(t.Source) || below(feed, s) || below(article, s) {
			return true
		}
	}
	return false
}

// below says that a host is another, or below it.
func below(host, other string) bool { return host == other || strings.HasSuffix(host, "."+other) }
