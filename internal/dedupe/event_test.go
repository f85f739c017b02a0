package dedupe

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aggregator/internal/news"
)

// began is an Index whose stories began in events: 0 for none.
func began(events ...news.Position) *Index {
	x := New(time.Hour)
	for i, e := range events {
		pos := news.Position(i + 1)
		x.Apply(news.Decision{Pos: pos, Fate: news.New, Story: pos, Event: e})
	}
	return x
}

func (x *Index) say(d news.Decision) {
	d.Pos = x.At() + 1
	x.Apply(d)
}

func TestEventGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		events     []news.Position
		from, into news.Position
		want       []news.Position // together then
		named      news.Position
	}{
		"the leader, into one without":       {[]news.Position{0, 1, 1, 0}, 1, 4, []news.Position{1, 2, 3, 4}, 4},
		"a member, into one without":         {[]news.Position{0, 1, 1, 0}, 2, 4, []news.Position{1, 2, 3, 4}, 1},
		"the leader, into another event":     {[]news.Position{0, 1, 0, 3}, 1, 4, []news.Position{1, 2, 3, 4}, 3},
		"a member, into another event's":     {[]news.Position{0, 1, 0, 3}, 4, 1, []news.Position{1, 2, 3, 4}, 1},
		"within one event":                   {[]news.Position{0, 1, 1, 0}, 1, 3, []news.Position{1, 2, 3}, 1},
		"one without, into an event's story": {[]news.Position{0, 1, 0, 0}, 3, 2, []news.Position{1, 2}, 1},
		"two without":                        {[]news.Position{0, 0}, 1, 2, nil, 2},
	} {
		x := began(c.events...)
		x.say(news.Decision{Fate: news.Merged, Story: c.into, Of: c.from})
		if got := x.Event(c.into); !slices.Equal(got, c.want) || x.grouped.of(c.into) != c.named {
			t.Errorf("%s: %v, named %d", name, got, x.grouped.of(c.into))
		}
	}
}

// What is asked of the Index is the asker's own.
func TestEventIsACopy(t *testing.T) {
	x := began(0, 1, 1)
	x.Event(1)[0] = 9
	if got := x.Event(1); !slices.Equal(got, []news.Position{1, 2, 3}) {
		t.Errorf("%v", got)
	}
	x.Expire(1)
	if got := x.Event(2); !slices.Equal(got, []news.Position{2, 3}) || x.grouped.of(3) != 1 {
		t.Errorf("once the first is forgotten: %v", got)
	}
}

// Whatever is forgotten, the log that is left gives the events that are left,
// and every story is of one event at most.
func TestEventsAfterExpiry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := New(time.Hour)
		var log []news.Decision
		for pos := news.Position(1); pos <= 20; pos++ {
			d := news.Decision{Pos: pos, Fate: news.New, Story: pos}
			if other := news.Position(rapid.IntRange(1, 20).Draw(t, "other")); other < pos && log[other-1].Fate == news.New {
				d.Event = x.grouped.of(other)
			}
			from, into := rapid.IntRange(1, 20).Draw(t, "from"), rapid.IntRange(1, 40).Draw(t, "into")
			if a, b := news.Position(from), news.Position(into); a < pos && b < pos && x.teller(a) != x.teller(b) {
				d = news.Decision{Pos: pos, Fate: news.Merged, Story: x.teller(b), Of: x.teller(a)}
			}
			log = append(log, d)
			x.Apply(d)
		}
		to := news.Position(rapid.IntRange(0, 20).Draw(t, "forgotten"))
		x.Expire(to)
		replayed := New(time.Hour)
		replayed.Apply(log[to:]...)
		replayed.Skip(20)
		seen := map[news.Position]news.Position{}
		for pos := news.Position(1); pos <= 20; pos++ {
			if d := cmp.Diff(x.Event(pos), replayed.Event(pos)); d != "" || x.grouped.of(pos) != replayed.grouped.of(pos) {
				t.Fatalf("%d of 20 forgotten, of %d:\n%s", to, pos, d)
			}
		}
		for event, stories := range x.grouped.stories {
			for _, s := range stories {
				if seen[s] != 0 || x.grouped.event[s] != event {
					t.Fatalf("%d is of %d and %d", s, event, seen[s])
				}
				seen[s] = event
			}
		}
	})
}
