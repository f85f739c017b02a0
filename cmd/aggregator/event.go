package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"aggregator/internal/news"
)

// relatedLine is another story of the same event.
type relatedLine struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Source    string    `json:"source"`
	Published time.Time `json:"published"`
}

// grouped is a story as the configuration has it: of no event where they are
// not grouped any more.
func (s *site) grouped(st news.Story) news.Story {
	if !s.now.Load().Dedupe.Events {
		st.Event = ""
	}
	return st
}

// related are the other stories of a story's event, latest first.
func (s *site) related(ctx context.Context, st news.Story) ([]relatedLine, error) {
	if st.Event == "" {
		return nil, nil
	}
	kept, err := s.store.Story(ctx, s.poller.Event(st.Pos)...)
	if err != nil {
		return nil, err
	}
	var lines []relatedLine
	for _, o := range kept {
		if o.Pos != st.Pos && o.Event == st.Event && o.Into == 0 {
			lines = append(lines, relatedLine{"urn:uuid:" + o.ID, o.Lead.Title, o.Lead.Name, o.Published})
		}
	}
	slices.SortFunc(lines, func(a, b relatedLine) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	return lines, nil
}

// mostPrinted is how many stories of an event a person is shown.
const mostPrinted = 20

func (c *command) printEvent(e explained) {
	if e.Story.Event == "" {
		return
	}
	fmt.Fprintf(c.out, "\nevent    %s\n", e.Story.Event)
	if len(e.Related) == 0 {
		fmt.Fprintln(c.out, "  no other story of it is kept")
	}
	for _, r := range e.Related[:min(mostPrinted, len(e.Related))] {
		fmt.Fprintf(c.out, "  %s  %s\n", r.ID, quoted(r.Title, r.Source))
	}
	if more := len(e.Related) - mostPrinted; more > 0 {
		fmt.Fprintf(c.out, "  and %d more (--json lists them)\n", more)
	}
}
