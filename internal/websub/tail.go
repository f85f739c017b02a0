package websub

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

const (
	// oldest is how old a story may be that is pushed: an archive that turns up
	// late is no news.
	oldest = 48 * time.Hour
	// mostStories is how many a body holds; what is owed beyond follows in
	// another.
	mostStories = 100
)

// A change is a decision that subscribers may be owed: a story began, or its
// words changed.
type change struct {
	pos     news.Position
	story   news.Position
	at      time.Time
	revised bool
}

// A tail is the end of the log as far as anybody may be owed it: no further back
// than the subscriber who is furthest behind, nor than `oldest`.
type tail struct {
	changes []change
	end     news.Position // of what was read
}

// changeOf is what a decision means to subscribers.
func changeOf(d news.Decision) (change, bool) {
	switch d.Fate {
	case news.New, news.Split:
		return change{pos: d.Pos, story: d.Pos, at: d.At}, true
	case news.Revised:
		return change{pos: d.Pos, story: d.Story, at: d.At, revised: true}, true
	}
	return change{}, false // another telling is nothing to read
}

// readOn reads the log to its end.
func (t *tail) readOn(ctx context.Context, s store.Store) error {
	end, err := s.At(ctx)
	if err != nil {
		return fmt.Errorf("websub: read the log: %w", err)
	}
	if end <= t.end {
		return nil
	}
	var more []change
	for d, err := range s.Since(ctx, t.end) {
		if err != nil {
			return fmt.Errorf("websub: read the log: %w", err)
		}
		if c, is := changeOf(d); is {
			more = append(more, c)
		}
		end = max(end, d.Pos)
	}
	t.changes, t.end = append(t.changes, more...), end
	return nil
}

// forget drops what nobody can be owed any more.
func (t *tail) forget(before time.Time) {
	i := 0
	for i < len(t.changes) && t.changes[i].at.Before(before) {
		i++
	}
	t.changes = slices.Clone(t.changes[i:])
}

// between are the changes behind a position, up to another.
func (t *tail) between(from, to news.Position) []change {
	at := func(p news.Position) int {
		i, _ := slices.BinarySearchFunc(t.changes, p+1, func(c change, p news.Position) int { return cmp.Compare(c.pos, p) })
		return i
	}
	if from >= to {
		return nil
	}
	return t.changes[at(from):at(to)]
}

// owes says whether a change is told to those who follow a topic. st is the
// story as it is now.
func owes(c change, st news.Story, topic string, now time.Time) bool {
	switch {
	case st.ID == "", st.Hidden, st.Into != 0, st.Backfill: // forgotten, not published, an archive
		return false
	case now.Sub(st.Published) > oldest:
		return false
	case c.revised && (st.Lead.Pos != c.pos || !st.Updated.After(st.Published)):
		return false // of a telling that does not lead, or replaced since
	}
	return slices.ContainsFunc(st.Topics, func(f news.Filing) bool { return f.Topic == topic })
}

// pick is what a topic owes of changes in log order, each story once, and the
// position up to which that is everything, if all of the changes lead to `to`.
func pick(changes []change, stories map[news.Position]news.Story, topic string, to news.Position, now time.Time) (picked []news.Story, upTo news.Position) {
	has := map[news.Position]bool{}
	for _, c := range changes {
		if has[c.story] || !owes(c, stories[c.story], topic, now) {
			continue
		}
		if len(picked) == mostStories {
			return newestFirst(picked), upTo
		}
		has[c.story], upTo = true, c.pos
		picked = append(picked, stories[c.story])
	}
	return newestFirst(picked), to
}

// newestFirst is the order of our feeds.
func newestFirst(stories []news.Story) []news.Story {
	slices.SortStableFunc(stories, func(a, b news.Story) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	return stories
}
