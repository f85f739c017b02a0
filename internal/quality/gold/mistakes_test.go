package gold

import (
	"testing"

	"aggregator/internal/news"
)

func TestMistakes(t *testing.T) {
	rs := []Record{
		{Cluster: "a", Event: "1", Publisher: "x"}, {Cluster: "a", Event: "1", Publisher: "y"},
		{Cluster: "b", Event: "1", Publisher: "x"}, {Cluster: "c", Event: "2", Publisher: "z"},
		{Cluster: "a", Event: "1", Publisher: "x"}, {Cluster: "b", Event: "1", Publisher: "z"},
		{Cluster: "a", Event: "1", Publisher: "w", Title: "Late"},
	}
	ds := []news.Decision{
		{Pos: 1, Fate: news.New},
		{Pos: 2, Fate: news.New},
		{Pos: 3, Fate: news.Duplicate, Of: 2, Reason: "near", Similarity: .9}, // same event
		{Pos: 4, Fate: news.Duplicate, Of: 1, Reason: "near", Similarity: .8}, // other event
		{Pos: 5, Fate: news.New, Refused: news.Refusal{Of: 2, Guard: "number", Similarity: .7}},
		{Pos: 6, Fate: news.Duplicate, Of: 3, Reason: "near", Similarity: .6}, // right, but in a wrong story
		{Fate: news.Known},
	}
	story := []news.Position{1, 2, 2, 1, 5, 2, 5}
	ms := Wrong(rs, ds, story, Question{})
	if len(ms) != 2 || ms[0] != (Mistake{Item: 3, Other: 0, Cost: 1, Out: true, Why: "duplicate near 0.80"}) || ms[1] != (Mistake{Item: 2, Other: 1, Cost: 1, Why: "duplicate near 0.90"}) {
		t.Errorf("wrong: %+v", ms)
	}
	ms = Missed(rs, ds, story, Question{})
	if len(ms) != 3 || ms[0] != (Mistake{Item: 4, Other: 1, Cost: 2, Why: "new; refused: number 0.70"}) || ms[1].Item != 6 || ms[1].Cost != 2 || ms[2].Item != 1 || ms[2].Cost != 1 {
		t.Errorf("missed: %+v", ms)
	}
	if ms = Missed(rs, ds, story, Question{Across: true}); len(ms) != 3 || ms[0].Item != 6 || ms[1].Cost != 1 || ms[2].Cost != 1 {
		t.Errorf("missed between publishers: %+v", ms)
	}
}
