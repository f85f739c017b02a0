package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
)

// find gives the stories that a person may mean by a name: a story's id or page,
// an item's address or GUID, or @ and a position in the log.
func (s *site) find(ctx context.Context, name string) ([]news.Story, error) {
	if !s.running {
		if err := s.poller.CatchUp(ctx); err != nil {
			return nil, err
		}
	}
	at := s.poller.Told(name)
	if pos, ok := position(name); ok {
		at = append(at, s.poller.Telling(pos))
	}
	if id, ok := storyID(ofPage(name)); ok {
		at = append(at, s.poller.Story(id))
	}
	kept, err := s.store.Story(ctx, at...)
	if err != nil {
		return nil, err
	}
	var stories []news.Story
	for _, pos := range at {
		if st, ok := kept[pos]; ok {
			stories = append(stories, st)
			delete(kept, pos)
		}
	}
	return stories, nil
}

func position(name string) (news.Position, bool) {
	digits, ok := strings.CutPrefix(name, "@")
	n, err := strconv.ParseUint(digits, 10, 64)
	return news.Position(n), ok && err == nil
}

func errUnknown(name string) error {
	return fmt.Errorf("nothing kept is called %s: not a story's id, nor an item's address or GUID (older than `retain`, never received, or under another address)", name)
}

// story gives the one story that is called so.
func (s *site) story(ctx context.Context, name string) (news.Story, error) {
	stories, err := s.find(ctx, name)
	if err != nil {
		return news.Story{}, err
	}
	switch len(stories) {
	case 0:
		return news.Story{}, errUnknown(name)
	case 1:
		return stories[0], nil
	}
	var lines []string
	for _, st := range stories {
		lines = append(lines, fmt.Sprintf("%s  %s", st.ID, quoted(st.Lead.Title, st.Lead.Name)))
	}
	return news.Story{}, errMany(name, "stories", lines)
}

// telling gives the one item that is called so, and its story.
func (s *site) telling(ctx context.Context, name string) (news.Story, news.Telling, error) {
	stories, err := s.find(ctx, name)
	if err != nil {
		return news.Story{}, news.Telling{}, err
	}
	named, all := tellingsOf(stories, name)
	if len(named) == 0 {
		named = all // by the story, or by what the item was called once
	}
	switch len(named) {
	case 0:
		return news.Story{}, news.Telling{}, errUnknown(name)
	case 1:
		for _, st := range stories {
			if slices.ContainsFunc(st.Tellings(), func(t news.Telling) bool { return t.Pos == named[0].Pos }) {
				return st, named[0], nil
			}
		}
	}
	var lines []string
	for _, t := range named {
		lines = append(lines, fmt.Sprintf("@%d  %s", t.Pos, quoted(t.Title, t.Name)))
	}
	return news.Story{}, news.Telling{}, errMany(name, "items", lines)
}

// tellingsOf are the tellings that are called so, and all of them.
func tellingsOf(stories []news.Story, name string) (named, all []news.Telling) {
	url := dedupe.Address(name)
	pos, _ := position(name)
	for _, st := range stories {
		for _, t := range st.Tellings() {
			all = append(all, t)
			if t.GUID == name || url != 0 && dedupe.Address(t.URL) == url || pos != 0 && (t.Pos == pos || slices.Contains(t.Revisions, pos)) {
				named = append(named, t)
			}
		}
	}
	return named, all
}

func errMany(name, what string, lines []string) error {
	return usageError{fmt.Errorf("%s means %d %s; write one of these instead:\n  %s", name, len(lines), what, strings.Join(lines, "\n  "))}
}
