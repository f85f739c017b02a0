package poll

import (
	"maps"
	"slices"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/schedule"
	"aggregator/internal/store"
)

// When a source is claimed again whose claim was refused.
func TestAskAgain(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 10, 0, time.UTC)
	hourly, _, err := schedule.Parse("0 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	s := source(t, "a")
	s.Schedule = hourly
	pl := newPlan(Plan{Sources: []Source{s}})
	until := now.Add(40 * time.Second)
	for name, c := range map[string]struct {
		poll  news.Poll
		at    time.Time
		early bool
	}{
		"never polled, another is at it": {news.Poll{}, until, false},
		"due, another is at it":          {news.Poll{Last: now.Add(-time.Hour), Next: now.Add(-10 * time.Second)}, until, false},
		"another has just polled it":     {news.Poll{Last: now.Add(-5 * time.Second), Next: now.Add(50 * time.Minute)}, now.Add(50 * time.Minute), false},
		"by a schedule that is no more":  {news.Poll{Last: now.Add(-2 * time.Hour), Next: now.Add(10 * time.Hour)}, now, true},
		"no more, and just polled":       {news.Poll{Last: now.Add(-5 * time.Second), Next: now.Add(10 * time.Hour)}, time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC), false},
		"it backs off":                   {news.Poll{Last: now.Add(-2 * time.Hour), Next: now.Add(10 * time.Hour), Failures: 9}, now.Add(10 * time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			at, early := askAgain(pl, pl.byKey[s.Key], store.Claimed{Poll: c.poll, Until: until}, rest{}, Push{}, now)
			if !at.Equal(c.at) || early != c.early {
				t.Errorf("at %v, early %v; want %v, %v", at, early, c.at, c.early)
			}
		})
	}
}

// Which sources a lost log owes, and until when.
func TestHealing(t *testing.T) {
	at := func(n int) time.Time { return time.Date(2026, 3, 1, n, 0, 0, 0, time.UTC) }
	known := map[string]last{"gone": {at: at(5)}, "older": {at: at(5)}, "same": {at: at(5)}, "newer": {at: at(5)}, "unknown": {}}
	polls := map[string]news.Poll{"older": {Last: at(4)}, "same": {Last: at(5)}, "newer": {Last: at(6)}}
	h := healing{setBack(known, polls), at(10)}
	if owed := slices.Sorted(maps.Keys(h.owed)); !slices.Equal(owed, []string{"gone", "older"}) {
		t.Errorf("owed: %v", owed)
	}
	h.polled("gone", news.Poll{Last: at(4)}) // the record from before, seen late
	h.polled("older", news.Poll{Last: at(7)})
	if h.over(at(9)) {
		t.Error("over though a source is owed")
	}
	if !h.over(at(11)) {
		t.Error("never over where a source cannot be polled")
	}
	h.polled("gone", news.Poll{Last: at(8)})
	if !h.over(at(9)) {
		t.Error("not over though all was polled")
	}
	if (&healing{}).over(at(9)) {
		t.Error("over though nothing was lost")
	}
}

// What others decided: which stories feeds look at again, and whether any topic
// may have lost one.
func TestTouchedBy(t *testing.T) {
	for name, c := range map[string]struct {
		ds  []news.Decision
		at  []news.Position
		any bool
	}{
		"new":       {[]news.Decision{{Fate: news.New, Pos: 3, Story: 3, Event: 1}}, []news.Position{3, 1}, false},
		"dropped":   {[]news.Decision{{Fate: news.Dropped, Pos: 3}}, nil, false},
		"duplicate": {[]news.Decision{{Fate: news.Duplicate, Pos: 4, Story: 3}, {Fate: news.Duplicate, Pos: 5, Story: 3}}, []news.Position{3}, true},
		"merged":    {[]news.Decision{{Fate: news.Merged, Pos: 4, Story: 3, Of: 2}}, []news.Position{2, 3}, true},
		"hidden":    {[]news.Decision{{Fate: news.Hidden, Pos: 4, Story: 3}}, []news.Position{3}, true},
	} {
		if at, any := touchedBy(c.ds); !slices.Equal(at, c.at) || any != c.any {
			t.Errorf("%s: %v, %v", name, at, any)
		}
	}
}
