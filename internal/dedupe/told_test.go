package dedupe

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aggregator/internal/news"
)

// A log that is lost, all of it or its end, comes back from what the sources still
// have: whoever answers first, every item tells the story that it told, under its
// id; and what nobody remembers is judged as ever.
func TestLostLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, now := New(time.Hour), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		var log []news.Decision
		said, last := 0, map[string][]Item{}
		for range rapid.IntRange(1, 12).Draw(t, "documents") {
			now = now.Add(time.Minute)
			items := document(t, now)
			last[items[0].Source] = items
			for _, d := range x.Decide(items, now) {
				if d.Fate != news.Known {
					log = append(log, d)
					x.Apply(d)
				}
			}
			if d, is := word(t, x, log, now); is {
				log = append(log, d)
				said = len(log)
				x.Apply(d)
			}
		}
		before := x.Keepsake()
		reused := map[uint64]bool{} // a GUID that stood for several stories: any may be meant
		for _, t := range x.tellings {
			reused[t.id] = reused[t.id] || t.story != 0 && x.Item(t.id) != t.story
		}
		is := New(time.Hour)
		// What a person said of items that the log still knows is lost with its end.
		if rapid.Bool().Draw(t, "some is left") {
			is.Apply(log[:rapid.IntRange(said, len(log)).Draw(t, "left")]...)
		}
		for _, source := range rapid.Permutation(slices.Sorted(maps.Keys(last))).Draw(t, "order") {
			items := slices.Clone(last[source])
			for i := range items {
				if told, known := before[items[i].Keys.ID]; known {
					items[i].Told = &told
				}
			}
			for _, d := range is.Decide(items, now) {
				if d.Fate != news.Known {
					is.Apply(d)
				}
			}
		}
		after := is.Keepsake()
		for _, items := range last {
			for _, it := range items {
				was, told := before[it.Keys.ID]
				if is, tells := after[it.Keys.ID]; told && tells && !reused[it.Keys.ID] && is.ID != was.ID {
					t.Fatalf("%s %s told %x, now %x", it.Source, it.GUID, was.ID, is.ID)
				}
			}
		}
	})
}
