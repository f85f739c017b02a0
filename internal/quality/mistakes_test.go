package main

import (
	"testing"

	"aggregator/internal/news"
)

// decided is a run with these decisions, at positions from 1 on.
func decided(ds ...news.Decision) run {
	for i := range ds {
		ds[i].Pos = news.Position(i + 1)
		if ds[i].Fate == news.New {
			ds[i].Story = ds[i].Pos
		}
	}
	r := run{decisions: ds}
	r.group()
	return r
}

func TestGroup(t *testing.T) {
	r := decided(
		news.Decision{Fate: news.New},
		news.Decision{Fate: news.New, Event: 1},
		news.Decision{Fate: news.Duplicate, Story: 2},
		news.Decision{Fate: news.New},
	)
	for i, want := range []struct{ story, event news.Position }{{1, 1}, {2, 1}, {2, 1}, {4, 4}} {
		if r.story[i] != want.story || r.event[i] != want.event || r.item[news.Position(i+1)] != i {
			t.Errorf("item %d: story %d of event %d, want %v", i, r.story[i], r.event[i], want)
		}
	}
}

func TestWorstMistakes(t *testing.T) {
	rs := []record{
		{Cluster: "a", Event: "1", Publisher: "x"}, {Cluster: "a", Event: "1", Publisher: "y"},
		{Cluster: "b", Event: "1", Publisher: "x"}, {Cluster: "c", Event: "2", Publisher: "z"},
		{Cluster: "a", Event: "1", Publisher: "x"}, {Cluster: "b", Event: "1", Publisher: "z"},
	}
	r := decided(
		news.Decision{Fate: news.New},
		news.Decision{Fate: news.New},
		news.Decision{Fate: news.Duplicate, Story: 2, Of: 2, Reason: "near", Similarity: .9}, // same event
		news.Decision{Fate: news.Duplicate, Story: 1, Of: 1, Reason: "near", Similarity: .8}, // other event
		news.Decision{Fate: news.New, Refused: news.Refusal{Of: 2, Guard: "number", Similarity: .7}},
		news.Decision{Fate: news.Duplicate, Story: 2, Of: 3, Reason: "near", Similarity: .6}, // right, but in a wrong story
	)
	ms := wrong(rs, r, r.story, question{})
	if len(ms) != 2 || ms[0] != (mistake{item: 3, other: 0, cost: 1, out: true, why: "duplicate near 0.80"}) || ms[1] != (mistake{item: 2, other: 1, cost: 1, why: "duplicate near 0.90"}) {
		t.Errorf("wrong: %+v", ms)
	}
	ms = missed(rs, r, r.story, question{})
	if len(ms) != 2 || ms[0] != (mistake{item: 4, other: 1, cost: 2, why: "new  0.00; refused number 0.70"}) || ms[1].item != 1 || ms[1].cost != 1 {
		t.Errorf("missed: %+v", ms)
	}
	if ms = missed(rs, r, r.story, question{across: true}); len(ms) != 2 || ms[0].cost != 1 || ms[1].cost != 1 {
		t.Errorf("missed between publishers: %+v", ms)
	}
}
