package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
	"aggregator/internal/poll"
)

// explained is what is known of one item or story, as `explain --json` prints.
type explained struct {
	Story    *storyLine    `json:"story,omitempty"`
	Tellings []toldLine    `json:"tellings,omitempty"`
	People   []wordLine    `json:"people,omitempty"` // said, oldest first
	Topics   []news.Filing `json:"topics,omitempty"`
	Related  []relatedLine `json:"related,omitempty"` // of the same event, latest first
	Dropped  *droppedLine  `json:"dropped,omitempty"`
}

type toldLine struct {
	Lead       bool      `json:"lead"`
	Source     string    `json:"source"`
	Feed       string    `json:"feed"`
	GUID       string    `json:"guid"`
	URL        string    `json:"url"`
	Title      string    `json:"title"`
	Claimed    time.Time `json:"claimed,omitzero"`
	Seen       time.Time `json:"seen"`
	Position   uint64    `json:"position"` // in the log
	Reason     string    `json:"reason"`
	Similarity float64   `json:"similarity"`
	Refused    string    `json:"refused,omitempty"` // why a nominee was not joined
	Pinned     bool      `json:"pinned,omitempty"`
	Revisions  int       `json:"revisions"`
	// Decisions are all that was decided of the item, oldest first.
	Decisions []decidedLine `json:"decisions,omitempty"`
}

type droppedLine struct {
	Source string    `json:"source"`
	Title  string    `json:"title"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

func (c *command) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain ID|URL|GUID|@POSITION", Short: "Say why an item is where it is, or why it was dropped", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				all, err := s.explain(ctx, args[0])
				if err != nil {
					return err
				}
				if len(all) == 0 {
					return errUnknown(args[0])
				}
				if c.json {
					return printLines(c, all)
				}
				for _, e := range all {
					c.printExplained(e)
				}
				return nil
			})
		},
	}
}

// explain tells all of what a person may mean by a name, and what was dropped
// under it.
func (s *site) explain(ctx context.Context, name string) ([]explained, error) {
	stories, err := s.find(ctx, name)
	if err != nil {
		return nil, err
	}
	dropped, words, err := s.readLog(ctx, name)
	if err != nil {
		return nil, err
	}
	var all []explained
	for _, st := range stories {
		e, err := s.explainStory(ctx, st)
		if err != nil {
			return nil, err
		}
		if e.People, err = s.saidOf(ctx, st, words); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return append(all, dropped...), nil
}

// ofPage is the id in the address of a story's page, else s itself.
func ofPage(s string) string {
	if i := strings.LastIndex(s, "/stories/"); i >= 0 {
		return strings.TrimSuffix(strings.TrimSuffix(s[i+len("/stories/"):], "/"), ".json")
	}
	return s
}

func storyID(s string) (id [16]byte, ok bool) {
	s = strings.ReplaceAll(strings.TrimPrefix(s, "urn:uuid:"), "-", "")
	b, err := hex.DecodeString(s)
	return [16]byte(append(b, make([]byte, 16)...)), err == nil && len(b) == 16
}

func (s *site) explainStory(ctx context.Context, st news.Story) (explained, error) {
	st = s.grouped(st)
	line := storyLineOf(st)
	e := explained{Story: &line, Topics: st.Topics}
	var err error
	if e.Related, err = s.related(ctx, st); err != nil {
		return e, err
	}
	var at []news.Position
	for _, t := range st.Tellings() {
		at = append(at, t.Pos)
	}
	items, err := s.store.Items(ctx, at...)
	if err != nil {
		return e, err
	}
	for i, t := range st.Tellings() {
		it := items[t.Pos]
		told := toldLine{
			Lead: i == 0, Source: t.Name, Feed: it.Feed.ID, GUID: t.GUID, URL: t.URL, Title: t.Title, Claimed: it.Claimed(), Seen: t.Seen,
			Position: uint64(t.Pos), Reason: cmp.Or(t.Reason, "first"), Similarity: t.Similarity, Pinned: t.Pinned, Revisions: len(t.Revisions),
		}
		if told.Feed == "" {
			told.Feed = t.Source
		}
		if t.Reason == "" {
			told.Refused = s.refused(ctx, st.Pos)
		}
		if told.Decisions, err = s.decided(ctx, append(slices.Clone(t.Revisions), t.Pos)...); err != nil {
			return e, err
		}
		e.Tellings = append(e.Tellings, told)
	}
	return e, nil
}

// refused is why the item that began a story did not join another, or that a
// person took it out of one.
func (s *site) refused(ctx context.Context, at news.Position) string {
	d, err := s.decision(ctx, at)
	if err == nil && d.Fate == news.Split {
		return "split from another " + d.Reason
	}
	return d.Reason
}

// readLog finds what was dropped under a name, and all that people said.
func (s *site) readLog(ctx context.Context, name string) (dropped []explained, words []news.Decision, err error) {
	url := dedupe.Address(name)
	ids := map[uint64]bool{}
	for _, src := range s.now.Load().Sources {
		ids[dedupe.ItemID(src.Key, name)] = true
	}
	for d, err := range s.store.Since(ctx, 0) {
		switch {
		case err != nil:
			return nil, nil, err
		case d.Fate >= news.Split:
			words = append(words, d)
		case d.Fate == news.Dropped && (ids[d.Keys.ID] || url != 0 && d.Keys.URL == url):
			dropped = append(dropped, explained{Dropped: &droppedLine{s.called(d.Source), d.Title, d.At, d.Reason}})
		}
	}
	return dropped, words, nil
}

// called is what people call the source with a key.
func (s *site) called(key string) string {
	for _, src := range s.now.Load().Sources {
		if p, err := s.store.Poll(context.Background(), key); src.Key == key && err == nil {
			return poll.Name(src.Source, p.Feed.Title)
		}
	}
	return key
}

func (c *command) printExplained(e explained) {
	if d := e.Dropped; d != nil {
		fmt.Fprintf(c.out, "dropped  %s\n  from %s, received %s\n  %s\n\n", titleOf(d.Title), d.Source, moment(d.At), d.Reason)
		return
	}
	fmt.Fprintf(c.out, "story    %s\n  %s\n  %s\n", titleOf(e.Story.Title), e.Story.ID, dates(e.Story))
	for _, t := range e.Tellings {
		role := "also"
		if t.Lead {
			role = "lead"
		}
		fmt.Fprintf(c.out, "\n%s     %s: %s\n  %s\n  guid %s, from %s\n  received %s, log position %d\n", role, t.Source, titleOf(t.Title), cmp.Or(t.URL, "(no address)"), t.GUID, t.Feed, moment(t.Seen), t.Position)
		fmt.Fprintf(c.out, "  %s\n", evidence(t))
		if t.Pinned {
			fmt.Fprintln(c.out, "  pinned: it leads, whatever is preferred")
		}
		for _, d := range t.Decisions {
			c.printDecided(d)
		}
	}
	c.printEvent(e)
	for _, w := range e.People {
		if w.How != "" {
			fmt.Fprintf(c.out, "\nback     %s\n  %s, %s\n", w.Text, w.How, moment(w.At))
			continue
		}
		fmt.Fprintf(c.out, "\nby hand  %s\n  by %s, %s\n", w.Text, w.By, moment(w.At))
	}
	switch {
	case e.Story.Hidden:
		fmt.Fprintln(c.out, "\nin no topic: it is hidden; `aggregator hide --undo` publishes it again")
	case len(e.Topics) == 0:
		fmt.Fprintln(c.out, "\nin no topic: no rule catches it")
	}
	for _, f := range e.Topics {
		fmt.Fprintf(c.out, "\nin       %s\n  %s\n", f.Topic, strings.TrimSpace(f.Rule+" "+where(f.Where)))
		if len(f.Words) > 0 {
			fmt.Fprintf(c.out, "  words: %s\n", strings.Join(slices.Compact(f.Words), ", "))
		}
	}
	fmt.Fprintln(c.out)
}

func titleOf(title string) string { return cmp.Or(title, "(no title)") }

func dates(st *storyLine) string {
	if st.Updated.Equal(st.Published) {
		return "published " + moment(st.Published)
	}
	return "published " + moment(st.Published) + ", updated " + moment(st.Updated)
}

func evidence(t toldLine) string {
	switch t.Reason {
	case "first":
		if t.Refused != "" {
			return "began the story: " + t.Refused
		}
		return "began the story: nothing kept shared its GUID, address or text"
	case "url":
		return "tells it: the same address"
	case "text":
		return "tells it: the same title and text"
	case "near":
		return fmt.Sprintf("tells it: nearly the same text (similarity %.2f)", t.Similarity)
	case "memory":
		return "tells it: it did before the log was lost"
	case dedupe.ByPerson:
		return "tells it: a person merged its story into this one"
	}
	return fmt.Sprintf("tells it: %s (similarity %.2f)", t.Reason, t.Similarity)
}

func where(place string) string {
	if place == "" {
		return ""
	}
	return "(" + place + ")"
}
