package page

import (
	"context"
	"iter"
	"strings"
	"testing"
	"time"

	"aggregator/internal/store"
)

func TestDaily(t *testing.T) {
	today := day(minute(0))
	var d daily
	for ago, n := range map[int]int{0: 3, 1: 1, 13: 40} {
		for range n {
			if !d.add(today, today.AddDate(0, 0, -ago).Add(23*time.Hour)) {
				t.Errorf("%d days ago is from before", ago)
			}
		}
	}
	if d.add(today, today.AddDate(0, 0, -14).Add(23*time.Hour)) {
		t.Error("14 days ago is one of 14 days")
	}
	if d != (daily{0: 40, 12: 1, 13: 3}) || d.Words() != "14 days, 0 to 40 stories a day" {
		t.Errorf("%v: %s", d, d.Words())
	}
	if bars := d.Bars(); !strings.HasPrefix(bars, "M4 20v-20M14 20v-1M") || !strings.HasSuffix(bars, "M124 20v-3M134 20v-3") || strings.Count(bars, "M") != days {
		t.Errorf("%s", bars)
	}
	if (daily{}).Words() != "14 days, no stories" || (daily{}).Any() {
		t.Error("nothing is something")
	}
}

// Counts are made anew when the number of stories or the day is another, and
// those of a busy topic at most once a minute.
func TestActivity(t *testing.T) {
	reads, n := 0, 3
	shelf := func(context.Context, string) iter.Seq2[store.Place, error] {
		reads++
		return func(yield func(store.Place, error) bool) {
			for range n {
				if !yield(store.Place{Published: minute(0)}, nil) {
					return
				}
			}
		}
	}
	var a activity
	now := minute(0)
	want := func(when string, total, want int) {
		t.Helper()
		if _, err := a.of(t.Context(), "China", total, now, shelf); err != nil || reads != want {
			t.Errorf("%s: %v, read %d times, want %d", when, err, reads, want)
		}
	}
	want("first", 3, 1)
	want("again", 3, 1)
	n = cheap + 1
	want("another number", n, 2)
	want("another number of a busy topic", n+1, 2)
	now = now.Add(rested)
	want("a minute later", n+1, 3)
	now = now.Add(24 * time.Hour)
	want("the next day", n+1, 4)
	n, now = 3, day(now).Add(24*time.Hour-time.Minute)
	want("few", n, 5)
	now = now.Add(2 * time.Minute)
	want("over midnight", n, 6)
	a.keep(map[string]int{})
	want("forgotten", n, 7)
	if d, _ := a.of(t.Context(), "China", n, now, shelf); d[days-3] != n {
		t.Errorf("%v", d)
	}
}
