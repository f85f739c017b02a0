package main

import (
	"testing"

	"aggregator/internal/news"
	"aggregator/internal/quality/gold"
)

// Of few decisions the heap tells nothing; of many, that each takes its room.
func TestIndexBytes(t *testing.T) {
	ds := make([]news.Decision, 20_000)
	for i := range ds {
		n := news.Position(i + 1)
		ds[i] = news.Decision{Pos: n, Fate: news.New, Story: n, Keys: news.Keys{ID: uint64(n), URL: uint64(n)}}
	}
	if b := indexBytes(ds); b < 50 || b > 5000 {
		t.Errorf("%v bytes a telling", b)
	}
}

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
