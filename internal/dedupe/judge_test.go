package dedupe

import (
	"testing"
	"time"

	"aggregator/internal/news"
)

// A duplicate names the telling that it matched, not the one that began its
// story.
func TestDuplicateOf(t *testing.T) {
	item := func(hour, source, guid, url, title string) Item {
		return Prepare(news.Item{Source: source, GUID: guid, URL: url, Title: title, Text: "The court freed him on Monday after nine years in prison.", Seen: moment(t, hour)})
	}
	log := []Item{
		item("10:00", "a", "1", "https://w.example/1", "Court frees lawyer"),
		item("10:10", "b", "1", "https://w.example/1", "Lawyer is free"),
		item("10:20", "c", "1", "https://c.example/1", "Lawyer is free"), // b's text
		item("10:30", "d", "1", "https://w.example/1", "Court frees him"),
		item("10:40", "e", "1", "https://c.example/1", "Out of prison"), // c's address
	}
	live := item("10:50", "e", "2", "https://c.example/1", "Out of prison") // beside its copy
	live.Beside = map[uint64]bool{log[4].Keys.ID: true, live.Keys.ID: true}
	x := New(7 * 24 * time.Hour)
	for i, want := range []struct {
		of     news.Position
		reason string
	}{{}, {1, byURL}, {2, byText}, {2, byURL}, {3, byURL}, {5, byURL}} {
		it := append(log, live)[i]
		d := x.Decide([]Item{it}, it.Seen)[0]
		x.Apply(d)
		if d.Of != want.of || d.Reason != want.reason || d.Story != 1 {
			t.Errorf("item %d: %v of %d by %q, in story %d", i+1, d.Fate, d.Of, d.Reason, d.Story)
		}
	}
}
