package dedupe

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aggregator/internal/news"
)

// document is what a source may give: few GUIDs, addresses and words, so that
// they meet often.
func document(t *rapid.T, now time.Time) []Item {
	source := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "source")
	guids := rapid.SliceOfNDistinct(rapid.IntRange(1, 6), 1, 5, rapid.ID[int]).Draw(t, "guids")
	beside := map[uint64]bool{}
	var items []Item
	for _, g := range guids {
		n := rapid.IntRange(0, 4).Draw(t, "words")
		it := news.Item{
			Source: source, GUID: fmt.Sprint(g), Seen: now,
			Title: []string{"", "Dam breaks", "Daily briefing", "维权律师获释", "Dam breaks!"}[rapid.IntRange(0, 4).Draw(t, "title")],
			Text:  []string{"", "Read more", "A dam broke in the night above the town, and water came.", "A dam broke in the night above the village, and water came.", "法院星期一释放了这名维权律师,他的妻子说他身体状况良好,已经回家。"}[n],
			URL:   []string{"", "https://x.example/1", "https://x.example/2?utm_source=rss", "https://x.example/"}[rapid.IntRange(0, 3).Draw(t, "url")],
		}
		items = append(items, Prepare(it))
		beside[items[len(items)-1].Keys.ID] = true
	}
	for i := range items {
		items[i].Beside = beside
		items[i].Near = Near(rapid.IntRange(0, 2).Draw(t, "near"))
	}
	return items
}

// Whatever comes in whatever order: deciding changes nothing; deciding again
// what was kept says known; the Index is the log and nothing else; and every
// item is told by exactly one story that has begun.
func TestDeciding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, now := New(time.Hour), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		var log []news.Decision
		begun := map[news.Position]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "documents") {
			now = now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
			items := document(t, now)
			ds := x.Decide(items, now)
			if d := cmp.Diff(ds, x.Decide(items, now)); d != "" {
				t.Fatalf("deciding changed the mind:\n%s", d)
			}
			for _, d := range ds {
				if d.Fate == news.New {
					begun[d.Story] = true
				}
				if !begun[d.Story] {
					t.Fatalf("%v tells story %d, which never began", d.Fate, d.Story)
				}
				if d.Fate != news.Known {
					log = append(log, d)
					if d.Pos != news.Position(len(log)) {
						t.Fatalf("position %d, want %d", d.Pos, len(log))
					}
					x.Apply(d)
				}
			}
			if d, said := word(t, x, log, now); said {
				log = append(log, d)
				x.Apply(d)
				if d.Fate == news.Split {
					begun[d.Story] = true
				}
			}
			for i, d := range x.Decide(items, now) {
				if d.Fate != news.Known {
					t.Fatalf("kept, yet %v: %+v", d.Fate, items[i].Item)
				}
			}
			next := document(t, now)
			sameMind(t, x, log, next, now)
		}
	})
}

// word is what a person may say of a log: split, merge, or what deciding does
// not hear.
func word(t *rapid.T, x *Index, log []news.Decision, now time.Time) (news.Decision, bool) {
	of := log[rapid.IntRange(0, len(log)-1).Draw(t, "of")]
	other := log[rapid.IntRange(0, len(log)-1).Draw(t, "other")]
	d := news.Decision{Pos: x.At() + 1, At: now, Reason: "a person"}
	switch rapid.IntRange(0, 3).Draw(t, "word") {
	case 0:
		for _, later := range log { // its latest words leave, and all go with them
			if later.Keys.ID == of.Keys.ID {
				of = later
			}
		}
		if x.Telling(of.Pos) == 0 {
			return d, false
		}
		return x.Split(of, news.Item{Source: of.Source, GUID: "1"}, x.Telling(of.Pos), "a person", now), true
	case 1:
		d.Fate, d.Story, d.Of = news.Merged, x.Telling(other.Pos), x.Telling(of.Pos)
		return d, d.Story != 0 && d.Of != 0 && d.Story != d.Of
	case 2:
		d.Fate, d.Story, d.Of = news.Pinned, x.Telling(of.Pos), of.Pos
		return d, d.Story != 0
	}
	return d, false
}

// told is which story each telling of a log tells, found the long way.
func told(log []news.Decision) map[news.Position]news.Position {
	stories := map[news.Position]news.Position{}
	move := func(from, to news.Position, item uint64) {
		for _, d := range log {
			if stories[d.Pos] == from && (item == 0 || d.Keys.ID == item) {
				stories[d.Pos] = to
			}
		}
	}
	for _, d := range log {
		switch d.Fate {
		case news.Merged:
			move(d.Of, d.Story, 0)
		case news.Split:
			move(d.Refused.Of, d.Story, d.Keys.ID)
			stories[d.Pos], stories[d.Of] = d.Story, 0
		case news.Pinned:
		default:
			stories[d.Pos] = d.Story
		}
	}
	return stories
}

// sameMind: whatever is forgotten, the log that is left gives the Index that is
// left, in what it decides and in where it finds every telling and story.
func sameMind(t *rapid.T, x *Index, log []news.Decision, next []Item, now time.Time) {
	for _, to := range []news.Position{0, news.Position(rapid.IntRange(0, len(log)).Draw(t, "forgotten"))} {
		lived, replayed := New(time.Hour), New(time.Hour)
		lived.Apply(log...)
		lived.Expire(to)
		replayed.Apply(log[to:]...)
		replayed.Skip(news.Position(len(log)))
		if to == 0 {
			lived = x
		}
		if d := cmp.Diff(lived.Decide(next, now), replayed.Decide(next, now)); d != "" {
			t.Fatalf("the log decides otherwise, %d of %d forgotten:\n%s", to, len(log), d)
		}
		stories := told(log)
		for _, d := range log {
			want := stories[d.Pos]
			if want <= to || d.Pos <= to {
				want = 0
			}
			if a, b := lived.Telling(d.Pos), replayed.Telling(d.Pos); a != want || b != want {
				t.Fatalf("telling %d tells %d, lived %d, replayed %d, %d of %d forgotten", d.Pos, want, a, b, to, len(log))
			}
			if a, b := lived.Story(d.ID), replayed.Story(d.ID); a != b {
				t.Fatalf("story %x is %d, replayed %d, %d of %d forgotten", d.ID, a, b, to, len(log))
			}
		}
	}
}

// A replay of a million decisions at start takes under five seconds; deciding
// does not slow down with the window.
func BenchmarkApply(b *testing.B) {
	ds := flood(100_000)
	b.ResetTimer()
	for range b.N {
		New(time.Hour).Apply(ds...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(ds)), "ns/decision")
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := New(7 * 24 * time.Hour)
			x.Apply(flood(n)...)
			now := time.Unix(1e9, 0)
			it := Prepare(news.Item{Source: "z", GUID: "z", URL: "https://x.example/z", Title: "Dam breaks", Text: "A dam broke in the night above the town, and water came.", Seen: now})
			b.ResetTimer()
			for range b.N {
				x.Decide([]Item{it}, now)
			}
		})
	}
}

// flood is many items of one template: one address and one text each hundred.
func flood(n int) []news.Decision {
	ds := make([]news.Decision, n)
	for i := range ds {
		at := time.Unix(1e9, 0)
		k := uint64(i)*0x9e3779b97f4a7c15 + 1
		ds[i] = news.Decision{Pos: news.Position(i + 1), At: at, Since: at, Source: "a", Fate: news.New, Story: news.Position(i + 1),
			Keys: news.Keys{ID: k, URL: uint64(i/100) + 1, Title: k, Digest: k, Text: []uint64{uint64(i/100) + 7}}}
		ds[i].ID[0], ds[i].ID[1], ds[i].ID[2], ds[i].ID[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
	}
	return ds
}
