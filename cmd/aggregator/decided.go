package main

import (
	"context"
	"fmt"
	"time"

	"aggregator/internal/news"
)

// decidedLine is one decision about an item.
type decidedLine struct {
	Position   uint64    `json:"position"` // in the log
	At         time.Time `json:"at"`
	Fate       string    `json:"fate"`
	Reason     string    `json:"reason,omitempty"` // which key nominated; for a new one why a nominee was refused
	Similarity float32   `json:"similarity"`
	// Of is the telling that it was judged by, whose words it revises, or that
	// was split.
	Of *itemLine `json:"of,omitempty"`
	// Refused is the telling that came nearest among those it does not tell.
	Refused *refusedLine `json:"refused,omitempty"`
}

// itemLine names an item; one that is forgotten by its position alone.
type itemLine struct {
	Position uint64 `json:"position"` // in the log
	Source   string `json:"source,omitempty"`
	Title    string `json:"title,omitempty"`
}

type refusedLine struct {
	itemLine
	Similarity float32 `json:"similarity"`
	Guard      string  `json:"guard"` // what refused it
}

// decided is what was decided at positions, but for what is forgotten.
func (s *site) decided(ctx context.Context, at ...news.Position) (lines []decidedLine, err error) {
	for _, pos := range at {
		d, err := s.decision(ctx, pos)
		if err != nil {
			return nil, err
		}
		if d.Pos == 0 {
			continue
		}
		l := decidedLine{Position: uint64(d.Pos), At: d.At, Fate: d.Fate.String(), Reason: d.Reason, Similarity: d.Similarity}
		if l.Of, err = s.itemAt(ctx, d.Of); err != nil {
			return nil, err
		}
		near, err := s.itemAt(ctx, d.Refused.Of)
		if err != nil {
			return nil, err
		}
		if near != nil && d.Fate != news.Split { // a split names the story that is left there
			l.Refused = &refusedLine{*near, d.Refused.Similarity, d.Refused.Guard}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// decision is the one at a position; the zero Decision if it is forgotten.
func (s *site) decision(ctx context.Context, at news.Position) (news.Decision, error) {
	for d, err := range s.store.Since(ctx, at-1) {
		if err != nil || d.Pos != at {
			return news.Decision{}, err
		}
		return d, nil
	}
	return news.Decision{}, nil
}

// itemAt names the item at a position; nil for none.
func (s *site) itemAt(ctx context.Context, at news.Position) (*itemLine, error) {
	if at == 0 {
		return nil, nil
	}
	kept, err := s.store.Items(ctx, at)
	it, ok := kept[at]
	if !ok {
		return &itemLine{Position: uint64(at)}, err
	}
	return &itemLine{uint64(at), s.called(it.Source), it.Title}, nil
}

// String names an item for a person, so that explain can be asked about it.
func (l itemLine) String() string {
	if l.Source == "" {
		return fmt.Sprintf("@%d, which is forgotten", l.Position)
	}
	return fmt.Sprintf("@%d %s", l.Position, quoted(l.Title, l.Source))
}

// printDecided says what evidence leaves out.
func (c *command) printDecided(d decidedLine) {
	switch {
	case d.Of != nil && d.Fate == news.Revised.String():
		same := "GUID"
		if d.Reason == "url" {
			same = "address"
		}
		fmt.Fprintf(c.out, "  revised %s: the same %s; before it %s\n", moment(d.At), same, d.Of)
	case d.Of != nil && d.Fate == news.Duplicate.String():
		fmt.Fprintf(c.out, "  judged by %s\n", d.Of)
	}
	if r := d.Refused; r != nil {
		fmt.Fprintf(c.out, "  refused: %s (similarity %.2f): %s\n", r.itemLine, r.Similarity, r.Guard)
	}
}
