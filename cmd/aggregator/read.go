package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aggregator/internal/canon"
	"aggregator/internal/config"
	"aggregator/internal/news"
	"aggregator/internal/page"
	"aggregator/internal/poll"
	"aggregator/internal/schedule"
)

// sourceLine is a line of `sources --json`.
type sourceLine struct {
	Name     string    `json:"name"`
	URL      string    `json:"url"`
	Tier     int       `json:"tier"`
	Topics   []string  `json:"topics,omitempty"`
	Last     time.Time `json:"last,omitzero"`
	Next     time.Time `json:"next,omitzero"`
	Why      string    `json:"why,omitempty"`
	Status   int       `json:"status,omitempty"`
	Error    string    `json:"error,omitempty"`
	Partial  string    `json:"partial,omitempty"`
	Failures int       `json:"failures,omitempty"`
	Failing  time.Time `json:"failing,omitzero"` // the first of these
	Good     time.Time `json:"good,omitzero"`
	Changed  time.Time `json:"changed,omitzero"`
	Items    int       `json:"items"`
	Moved    string    `json:"moved,omitempty"` // for good, as redirects say
	Asked    string    `json:"asked,omitempty"` // in place of url
	Hub      string    `json:"hub,omitempty"`
	Self     string    `json:"self,omitempty"`
	Cloud    string    `json:"cloud,omitempty"`
	Push     string    `json:"push,omitempty"`     // of our subscription to the hub: asked, live, broken, refused
	PushWhy  string    `json:"push_why,omitempty"` // it is refused
	Pushed   time.Time `json:"pushed,omitzero"`    // when something was last
}

// sources are all sources with their last poll, in the order of the file.
func (s *site) sources(ctx context.Context) ([]sourceLine, error) {
	var lines []sourceLine
	polls, err := s.poller.Outlook(ctx)
	if err != nil {
		return nil, err
	}
	for _, src := range s.now.Load().Sources {
		p := polls[src.Key]
		if p.Last.IsZero() && p.Why == "" {
			p.Why = "never polled yet"
		}
		push, pushWhy, pushed := s.pushing.state(src.Key)
		lines = append(lines, sourceLine{
			Name: poll.Name(src.Source, p.Feed.Title), URL: src.URL, Tier: src.Tier, Topics: src.Topics,
			Last: p.Last, Next: p.Next, Why: p.Why, Status: p.Status, Error: p.Error, Partial: p.Partial, Failures: p.Failures, Failing: p.Failing,
			Good: p.Good, Changed: p.Changed, Items: p.Items, Moved: p.Moved, Asked: p.Ask,
			Hub: p.Hub, Self: p.Self, Cloud: p.Cloud, Push: push, PushWhy: pushWhy, Pushed: pushed,
		})
	}
	return lines, nil
}

// health is what the pages say of the sources.
func (s *site) health(ctx context.Context) ([]page.SourceHealth, error) {
	lines, err := s.sources(ctx)
	var all []page.SourceHealth
	for _, l := range lines {
		all = append(all, page.SourceHealth{
			Name: l.Name, URL: canon.Public(l.URL), Last: l.Last, Next: l.Next, Why: l.Why, Status: l.Status, Error: l.Error, Partial: l.Partial,
			Failures: l.Failures, Failing: l.Failing, Items: l.Items, Good: l.Good, Asked: canon.Public(l.Asked), Hub: canon.Public(l.Hub),
			Push: l.Push, PushWhy: l.PushWhy, Pushed: l.Pushed,
		})
	}
	return all, err
}

func (c *command) sourcesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "sources", Short: "List the sources: last and next poll, and why then; errors", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				lines, err := s.sources(ctx)
				if err != nil {
					return err
				}
				if c.json {
					return printLines(c, lines)
				}
				table := c.table()
				fmt.Fprintln(table, "SOURCE\tITEMS\tLAST\tNEXT\tWHY\tSTATE")
				for _, l := range lines {
					fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\n", clip(l.Name, 30), l.Items, moment(l.Last), l.next(), l.Why, l.state()+l.pushState())
				}
				return table.Flush()
			})
		},
	}
}

func printLines[T any](c *command, lines []T) error {
	for _, l := range lines {
		if err := c.line(l); err != nil {
			return err
		}
	}
	return nil
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// topicLine is a line of `topics --json`.
type topicLine struct {
	Name   string            `json:"name"`
	Total  int               `json:"total"`
	Latest time.Time         `json:"latest,omitzero"`
	Page   string            `json:"page"`
	Feeds  map[string]string `json:"feeds"`
	Holds  string            `json:"holds"`
}

func (c *command) topicsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "topics", Short: "List the topics: how many stories, what they hold, where their feeds are", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				lines, err := s.topics(ctx)
				if err != nil {
					return err
				}
				if c.json {
					return printLines(c, lines)
				}
				table := c.table()
				fmt.Fprintln(table, "TOPIC\tSTORIES\tLATEST\tFEED\tHOLDS")
				for _, l := range lines {
					fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", l.Name, l.Total, moment(l.Latest), l.first(), clip(l.Holds, 80))
				}
				return table.Flush()
			})
		},
	}
}

func (l topicLine) first() string {
	for _, format := range []string{"atom", "rss", "json"} {
		if at, ok := l.Feeds[format]; ok {
			return at
		}
	}
	return "-"
}

func (s *site) topics(ctx context.Context) ([]topicLine, error) {
	now := s.now.Load()
	counts, err := s.store.Count(ctx)
	if err != nil {
		return nil, err
	}
	var lines []topicLine
	for _, t := range now.Topics {
		l := topicLine{Name: t.Name, Total: counts[t.Name], Page: now.URL + "/topics/" + t.Path(), Feeds: map[string]string{}, Holds: now.filer.Describe(t.Name)}
		for _, f := range t.Feed.Formats {
			l.Feeds[f] = l.Page + "." + f
		}
		for st, err := range s.store.Shelf(ctx, t.Name) {
			if err != nil {
				return nil, err
			}
			l.Latest = st.Published
			break
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// storyLine is a line of `stories --json`.
type storyLine struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	URL       string     `json:"url"`
	Source    string     `json:"source"`
	GUID      string     `json:"guid"`
	Published time.Time  `json:"published"`
	Updated   time.Time  `json:"updated"`
	Topics    []string   `json:"topics"`
	Also      []alsoLine `json:"also"`
	Hidden    bool       `json:"hidden,omitempty"` // by a person: published nowhere
	Pinned    bool       `json:"pinned,omitempty"` // by a person: the lead
	Merged    []string   `json:"merged,omitempty"` // by a person: ids of stories that are one with it now
	Event     string     `json:"event,omitempty"`  // the same for all stories of one event
}

type alsoLine struct {
	Source     string    `json:"source"`
	GUID       string    `json:"guid"`
	URL        string    `json:"url"`
	Title      string    `json:"title"`
	Seen       time.Time `json:"seen"`
	Reason     string    `json:"reason"`
	Similarity float64   `json:"similarity"`
}

func storyLineOf(st news.Story) storyLine {
	l := storyLine{
		ID: "urn:uuid:" + st.ID, Title: st.Lead.Title, URL: st.Lead.URL, Source: st.Lead.Name, GUID: st.Lead.GUID,
		Published: st.Published, Updated: st.Updated, Topics: []string{}, Also: []alsoLine{}, Hidden: st.Hidden, Pinned: st.Lead.Pinned,
	}
	for _, id := range st.Merged {
		l.Merged = append(l.Merged, "urn:uuid:"+id)
	}
	if st.Event != "" {
		l.Event = "urn:uuid:" + st.Event
	}
	for _, f := range st.Topics {
		l.Topics = append(l.Topics, f.Topic)
	}
	for _, t := range st.Also {
		reason, similarity := st.Evidence(t)
		l.Also = append(l.Also, alsoLine{t.Name, t.GUID, t.URL, t.Title, t.Seen, reason, similarity})
	}
	return l
}

// newest orders lines.
func newest(a, b storyLine) int {
	return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
}

func (c *command) storiesCommand() *cobra.Command {
	var in, since string
	cmd := &cobra.Command{
		Use: "stories", Short: "List the stories with all their tellings, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				stories, err := s.stories(ctx, in, since)
				if err != nil {
					return err
				}
				if c.json {
					for _, st := range stories {
						if err := c.line(storyLineOf(st)); err != nil {
							return err
						}
					}
					return nil
				}
				return c.printStories(stories)
			})
		},
	}
	cmd.Flags().StringVar(&in, "topic", "", "only those of this topic")
	cmd.Flags().StringVar(&since, "since", "", "only those published since so long ago, as 24h or 7d")
	return cmd
}

func (s *site) stories(ctx context.Context, in, since string) ([]news.Story, error) {
	kept, err := s.kept(ctx, in, since)
	if err != nil {
		return nil, err
	}
	var stories []news.Story
	for st, err := range kept {
		if err != nil {
			return nil, err
		}
		stories = append(stories, s.grouped(st))
	}
	slices.SortFunc(stories, func(a, b news.Story) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	return stories, nil
}

// kept are the stories that are kept, but for those merged into others: of a
// topic, and published since so long ago, unless these are "".
func (s *site) kept(ctx context.Context, in, since string) (iter.Seq2[news.Story, error], error) {
	oldest := time.Time{}
	if since != "" {
		ago, err := schedule.ParseDuration(since)
		if err != nil {
			return nil, usageError{fmt.Errorf("--since %s: write how long ago, as 24h or 7d (%w)", since, err)}
		}
		oldest = time.Now().Add(-ago)
	}
	seq := s.store.Stories(ctx, 0)
	if in != "" {
		if !slices.ContainsFunc(s.now.Load().Topics, func(t config.Topic) bool { return t.Name == in }) {
			return nil, usageError{fmt.Errorf("there is no topic %q; `aggregator topics` lists them", in)}
		}
		seq = s.store.Shelf(ctx, in)
	}
	return func(yield func(news.Story, error) bool) {
		for st, err := range seq {
			if err == nil && (st.Into != 0 || st.Published.Before(oldest)) {
				continue
			}
			if !yield(st, err) {
				return
			}
		}
	}, nil
}

func (c *command) printStories(stories []news.Story) error {
	for _, st := range stories {
		fmt.Fprintf(c.out, "%s  %s\n", moment(st.Published), titleOf(st.Lead.Title))
		fmt.Fprintf(c.out, "    %s  %s\n", st.Lead.Name, st.Lead.URL)
		for _, t := range st.Also {
			reason, _ := st.Evidence(t)
			fmt.Fprintf(c.out, "    also %s (%s)  %s\n", t.Name, reason, t.URL)
		}
		if len(st.Topics) > 0 {
			fmt.Fprintf(c.out, "    in %s\n", strings.Join(storyLineOf(st).Topics, ", "))
		}
		if by := byHand(st); by != "" {
			fmt.Fprintf(c.out, "    by hand: %s\n", by)
		}
		fmt.Fprintf(c.out, "    %s\n\n", st.ID)
	}
	return nil
}
