package main

import (
	"testing"

	"aggregator/internal/news"
	"aggregator/internal/quality/gold"
)

func TestGroup(t *testing.T) {
	r := run{decisions: []news.Decision{
		{Fate: news.New, Story: 1},
		{Fate: news.New, Story: 2, Event: 1},
		{Fate: news.Duplicate, Story: 2},
		{Fate: news.New, Story: 4},
	}}
	r.group()
	for i, want := range []struct{ story, event news.Position }{{1, 1}, {2, 1}, {2, 1}, {4, 4}} {
		story, event := r.grouping(gold.Question{})[i], r.grouping(gold.Question{Events: true})[i]
		if story != want.story || event != want.event {
			t.Errorf("item %d: story %d of event %d, want %v", i, story, event, want)
		}
	}
}
