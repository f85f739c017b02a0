package dedupe

import (
	"testing"
	"time"

	"aggregator/internal/news"
)

// mind is an Index that has taken items at an hour.
func mind(t *testing.T, items ...news.Item) *Index {
	t.Helper()
	x := New(7 * 24 * time.Hour)
	for _, it := range items {
		take(t, x, it)
	}
	return x
}

// take decides and applies.
func take(t *testing.T, x *Index, it news.Item) news.Decision {
	t.Helper()
	d := x.Decide([]Item{Prepare(it)}, moment(t, "10:00"))[0]
	if d.Fate != news.Known {
		x.Apply(d)
	}
	return d
}

func printed(source, title string) news.Item {
	return news.Item{Source: source, GUID: "1", URL: "https://" + source + ".example/1", Title: title, Text: "enough words in a row that they can stand for themselves as a text"}
}

// say applies a line that is a person's word: "split SOURCE GUID => STORY" or
// "merge STORY STORY".
func say(t *testing.T, x *Index, words []string, log []news.Decision, labels map[news.Position]string) news.Decision {
	t.Helper()
	d := news.Decision{Pos: x.At() + 1, At: moment(t, "12:00"), Fate: news.Merged}
	switch words[0] {
	case "merge":
		for pos, label := range labels {
			switch label {
			case words[1]:
				d.Story = pos
			case words[2]:
				d.Of = pos
			}
		}
	case "split":
		id := ItemID(words[1], words[2])
		was := news.Decision{}
		for _, d := range log {
			if d.Keys.ID == id {
				was = d
			}
		}
		d = x.Split(was, news.Item{Source: words[1], GUID: words[2]}, x.Telling(was.Pos), "by a person", d.At)
		labels[d.Story] = words[4]
	}
	if d.Story == 0 || d.Of == 0 {
		t.Fatalf("%q names nothing", words)
	}
	x.Apply(d)
	return d
}

// A split telling's revisions stay with it, and the old story's with that.
func TestSplitStays(t *testing.T) {
	a, b := printed("a", "T"), printed("b", "T")
	x := mind(t, a, b)
	was := x.Decide([]Item{Prepare(b)}, moment(t, "10:00"))[0]
	was.Pos, was.Sketch, was.Source, was.Since = 2, []byte{1, 2}, "b", moment(t, "9:00")
	d := x.Split(was, b, 1, "anna", moment(t, "11:00"))
	if d.Pos != 3 || d.Story != 3 || d.Of != 2 || d.Refused != (news.Refusal{Of: 1, Guard: "person"}) || d.Reason != "anna" || len(d.Sketch) != 2 || d.Source != "b" || !d.Since.Equal(was.Since) || d.Keys.ID != was.Keys.ID {
		t.Errorf("%+v", d)
	}
	x.Apply(d)
	if x.Story(d.ID) != 3 || x.Telling(3) != 3 || x.Telling(2) != 0 || x.Telling(1) != 1 || x.Telling(4) != 0 {
		t.Errorf("story %d, tellings in %d and %d", x.Story(d.ID), x.Telling(2), x.Telling(1))
	}
	b.Title = "T, revised"
	if d := take(t, x, b); d.Fate != news.Revised || d.Story != 3 || d.Of != 3 {
		t.Errorf("b again: %v of %d in %d", d.Fate, d.Of, d.Story)
	}
	b.Title = "T"
	if d := take(t, x, b); d.Fate != news.Revised || d.Story != 3 {
		t.Errorf("b goes back to its first words: %v in %d", d.Fate, d.Story)
	}
	a.Title = "T, revised, too"
	if d := take(t, x, a); d.Fate != news.Revised || d.Story != 1 {
		t.Errorf("a again: %v in %d", d.Fate, d.Story)
	}
	if again := x.Split(was, b, 1, "anna", moment(t, "12:00")); again.ID == d.ID {
		t.Error("two splits of one item have one id")
	}
}

// What is merged is found under both ids, and a copy of either joins it.
func TestMergedStays(t *testing.T) {
	x := mind(t, printed("a", "T"), printed("b", "U"))
	first, second := uuid("a", "1"), uuid("b", "1")
	if x.Story(second) != 2 {
		t.Fatalf("story %d", x.Story(second))
	}
	x.Apply(news.Decision{Pos: 3, Fate: news.Merged, Story: 1, Of: 2})
	if x.Story(first) != 1 || x.Story(second) != 1 || x.Telling(2) != 1 {
		t.Errorf("stories %d and %d", x.Story(first), x.Story(second))
	}
	copied := printed("c", "U")
	if d := take(t, x, copied); d.Fate != news.Duplicate || d.Story != 1 {
		t.Errorf("a copy of the merged: %v in %d", d.Fate, d.Story)
	}
	x.Expire(1)
	if keys := Prepare(copied).Keys; x.Story(second) != 0 || x.Telling(2) != 0 || x.Item(keys.ID) != 0 || len(x.Told(keys.URL)) != 0 {
		t.Errorf("the story is forgotten, and yet %d, %d, %d, %v", x.Story(second), x.Telling(2), x.Item(keys.ID), x.Told(keys.URL))
	}
	if d := take(t, x, copied); d.Fate != news.Known {
		t.Errorf("what stands there yet: %v", d.Fate)
	}
	copied.Title = "U, revised"
	if d := take(t, x, copied); d.Fate != news.New {
		t.Errorf("what changes then begins a story: %v of %d", d.Fate, d.Story)
	}
}

// A younger story that took in an older one outlives it.
func TestMergedIntoYounger(t *testing.T) {
	x := mind(t, printed("a", "T"), printed("b", "U"), printed("c", "V"))
	x.Apply(news.Decision{Pos: 4, Fate: news.Merged, Story: 2, Of: 1}, news.Decision{Pos: 5, Fate: news.Merged, Story: 3, Of: 2})
	for pos := range news.Position(3) {
		if at := x.Telling(pos + 1); at != 3 {
			t.Errorf("telling %d tells %d", pos+1, at)
		}
	}
	x.Expire(2)
	if x.Story(uuid("b", "1")) != 0 || x.Story(uuid("c", "1")) != 3 {
		t.Error("ids live as long as what they were given for")
	}
	if d := take(t, x, printed("a", "T")); d.Fate != news.New {
		t.Errorf("%v", d.Fate)
	}
}

// What tells a forgotten story stands in nobody's way.
func TestForgottenShadows(t *testing.T) {
	at := func(hour, source string) news.Item {
		it := printed(source, "T")
		it.Seen = moment(t, hour)
		return it
	}
	x := mind(t, at("8:00", "a"), at("9:00", "b"))
	x.Expire(1)
	if d := take(t, x, at("15:00", "c")); d.Fate != news.New || d.Story != 3 {
		t.Errorf("a copy of what is forgotten: %v in %d", d.Fate, d.Story)
	}
	if d := take(t, x, at("9:00", "d")); d.Fate != news.Duplicate || d.Story != 3 {
		t.Errorf("its next copy: %v in %d, for %q", d.Fate, d.Story, d.Reason)
	}
}

// Near copies of what was split or merged join where its telling is now.
func TestNearFollows(t *testing.T) {
	report := func(source, title, teaser string) news.Item {
		return news.Item{Source: source, GUID: "1", URL: "https://" + source + ".example/1", Title: title, Summary: teaser}
	}
	nearly := func(x *Index, it news.Item) news.Decision {
		prepared := Prepare(it)
		prepared.Near = NearOthers
		d := x.Decide([]Item{prepared}, moment(t, "10:00"))[0]
		x.Apply(d)
		return d
	}
	const title, teaser = "Glaciers in the Alps lost more ice in three summers than in any decade before, survey finds",
		"Glaciers in the Alps lost more ice in the last three summers than in any decade since measuring began, a survey of the academy in Bern found on Tuesday."
	x := New(7 * 24 * time.Hour)
	nearly(x, report("a", title, teaser))
	second := nearly(x, report("b", title, teaser+" It counted 1,400 of them."))
	if second.Fate != news.Duplicate || second.Reason != byNear {
		t.Fatalf("%v for %q", second.Fate, second.Reason)
	}
	x.Apply(x.Split(second, report("b", "", ""), 1, "a person", moment(t, "11:00")))
	x.Apply(news.Decision{Pos: 4, Fate: news.Merged, Story: 3, Of: 1})
	if d := nearly(x, report("c", title, teaser+" It counted 1,400 in all.")); d.Fate != news.Duplicate || d.Story != 3 {
		t.Errorf("%v in %d", d.Fate, d.Story)
	}
	x.Expire(2)
	if d := nearly(x, report("d", title, teaser+" So it said.")); d.Fate != news.Duplicate || d.Story != 3 {
		t.Errorf("once the first is forgotten: %v in %d", d.Fate, d.Story)
	}
	x.Expire(4)
	if d := nearly(x, report("e", title, teaser+" So they said.")); d.Fate != news.New || d.Refused.Of != 0 {
		t.Errorf("once the story is forgotten: %v, refused %d", d.Fate, d.Refused.Of)
	}
}

func TestPinnedLeads(t *testing.T) {
	ts := []news.Telling{{Source: "a", Tier: 1}, {Source: "b", Tier: 5, Pinned: true}, {Source: "c", Tier: 1}}
	if got := Lead(ts, []string{Tier}); got != 1 {
		t.Errorf("%s leads", ts[got].Source)
	}
}
