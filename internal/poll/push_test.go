package poll

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/schedule"
)

// words are hubs' promises under the test's hand.
type words struct {
	mu sync.Mutex
	of map[string]Push
}

func (w *words) set(key string, u Push) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[key] = u
}

func (w *words) get(key string) Push {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.of[key]
}

// pushed is a poller on its schedule whose sources may be pushed. What is pushed
// is a list of titles, one a line, each a GUID too.
func (d *desk) pushed(t *testing.T) (p *Poller, w *words, stop func()) {
	d.t = t
	w = &words{of: map[string]Push{}}
	d.plan.Read = func(_ context.Context, src news.Source, prev news.Poll, _ uint64, _ http.Header, body []byte, now time.Time) fetch.Result {
		if string(body) == "broken" {
			return fetch.Result{Poll: prev, Err: errors.New("no feed")}
		}
		r := fetch.Result{Poll: prev}
		for title := range strings.SplitSeq(string(body), "\n") {
			it := item(title, "https://a.example/"+title, title+" of the day, as told", title+" was told at some length by the one who saw it.")
			it.Source, it.Seen, it.HTML = src.Key, now, it.Text
			r.Items = append(r.Items, it)
		}
		r.Received = len(r.Items)
		return r
	}
	p, err := Open(t.Context(), d.store, d.plan, Options{
		Log: slog.New(slog.DiscardHandler), Scheduled: true, Push: w.get,
		Visited: func(vs ...Visited) { d.told = append(d.told, vs...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, w, d.run(p)
}

// What is pushed walks as what is polled does; the record of the poll stays.
func TestPushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		p, w, stop := d.pushed(t)
		defer stop()
		time.Sleep(time.Minute)
		w.set("a.example/feed", Push{By: "hub.example", Since: time.Now(), Until: time.Now().Add(24 * time.Hour)})
		time.Sleep(30 * time.Minute) // a poll that has it polled rarely, and half of a slot
		before := known(t, p, "a")
		v, err := p.Pushed(t.Context(), "a.example/feed", nil, []byte("Dams\nFloods"))
		if err != nil || v.Items != (Items{Received: 2, New: 2}) || !v.Pushed || v.New["World"] != 2 || v.New["Dams"] != 1 {
			t.Errorf("%+v, %v", v, err)
		}
		if v, err = p.Pushed(t.Context(), "a.example/feed", nil, []byte("Floods\nStorms")); err != nil || v.Items != (Items{Received: 2, Known: 1, New: 1}) {
			t.Errorf("%+v, %v", v, err)
		}
		if after := known(t, p, "a"); !after.Next.Equal(before.Next) || after.Why != before.Why || !after.Last.Equal(before.Last) {
			t.Errorf("the poll's record is %+v, was %+v", after, before)
		}
		if _, err := p.Pushed(t.Context(), "nobody.example/feed", nil, nil); !errors.Is(err, errNoSource) {
			t.Errorf("of no source: %v", err)
		}
		if _, err := p.Pushed(t.Context(), "a.example/feed", nil, []byte("broken")); err == nil {
			t.Error("a broken push went well")
		}
		if after := known(t, p, "a"); after.Failures != 0 || after.Error != "" {
			t.Errorf("a broken push counts against the source: %+v", after)
		}
		for _, st := range d.stories() {
			if st.Backfill {
				t.Errorf("%s is of no archive", st.Lead.Title)
			}
		}
	})
}

// A source that is being polled is pushed afterwards, and the other way round;
// nothing waits for ever.
func TestPushedWhilePolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		d.delay = func(string) time.Duration { return 10 * time.Second }
		p, _, stop := d.pushed(t)
		defer stop()
		time.Sleep(time.Second) // its first poll is under way
		var wait sync.WaitGroup
		for _, what := range []string{"Dams", "Floods", "Storms"} {
			wait.Go(func() {
				if _, err := p.Pushed(t.Context(), "a.example/feed", nil, []byte(what)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Go(func() {
			if r, err := p.Pass(t.Context(), nil, true); err != nil || r.Sources.Polled != 1 {
				t.Errorf("%+v, %v", r, err)
			}
		})
		wait.Wait()
		if n := len(d.stories()); n != 3 {
			t.Errorf("%d stories", n)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := d.times("a.example/feed"); n < 4 {
			t.Errorf("polled %d times in an hour", n)
		}
	})
}

// While a hub keeps its word its source is polled rarely; when the word ends,
// as ever, and at once if it ends before its time.
func TestPolledRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		p, w, stop := d.pushed(t)
		defer stop()
		time.Sleep(time.Minute)
		w.set("a.example/feed", Push{By: "hub.example", Since: time.Now(), Until: time.Now().Add(24 * time.Hour)})
		time.Sleep(20 * time.Minute) // it was due in a quarter of an hour before
		if got := known(t, p, "a"); got.Why != "pushed by hub.example, polled rarely" || time.Until(got.Next) < time.Hour {
			t.Errorf("next at %v because of %q", got.Next, got.Why)
		}
		before := d.times("a.example/feed")
		time.Sleep(23 * time.Hour)
		if n := d.times("a.example/feed") - before; n < 14 || n > 16 { // every 6 slots of 15 minutes
			t.Errorf("polled %d times in 23 hours", n)
		}
		before = d.times("a.example/feed")
		time.Sleep(3 * time.Hour) // the word has ended
		if n := d.times("a.example/feed") - before; n < 9 {
			t.Errorf("polled %d times in three hours without a word", n)
		}
		w.set("a.example/feed", Push{By: "hub.example", Since: time.Now(), Until: time.Now().Add(24 * time.Hour)})
		time.Sleep(time.Hour)
		w.set("a.example/feed", Push{})
		if got := known(t, p, "a"); got.Why != "schedule @every 15m" || time.Until(got.Next) > 16*time.Minute {
			t.Errorf("after the word ended, next at %v because of %q", got.Next, got.Why)
		}
		p.Reconsider(t.Context(), "a.example/feed")
		before = d.times("a.example/feed")
		time.Sleep(16 * time.Minute)
		if n := d.times("a.example/feed") - before; n == 0 {
			t.Error("not polled though the word ended before its time")
		}
	})
}

// A poll that brings what the hub should have told is counted, and is the last
// that was rare.
func TestMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		p, w, stop := d.pushed(t)
		defer stop()
		time.Sleep(time.Minute)
		w.set("a.example/feed", Push{By: "hub.example", Since: time.Now(), Until: time.Now().Add(240 * time.Hour)})
		first := item("0", "https://a.example/0", "What came before the hub gave its word", "A long story of what was before.")
		d.set("a.example/feed", first)
		missed := func() (n int) {
			v := d.told[len(d.told)-1]
			if v.Missed == 0 != strings.HasPrefix(v.Poll.Why, pushedBy) {
				t.Errorf("%d missed, and next because of %q", v.Missed, v.Poll.Why)
			}
			return v.Missed
		}
		pass := func() {
			if _, err := p.Pass(t.Context(), nil, true); err != nil {
				t.Fatal(err)
			}
		}
		pass()
		if n := missed(); n != 0 {
			t.Errorf("%d missed of what came before", n)
		}
		time.Sleep(time.Hour)
		fresh := item("1", "https://a.example/1", "Dam breaks in the valley", dam)
		fresh.Published = time.Now().Add(-time.Minute)
		d.set("a.example/feed", first, fresh)
		pass()
		if n := missed(); n != 0 {
			t.Errorf("%d missed of what may be on its way", n)
		}
		late := item("2", "https://a.example/2", "Glacier melts on the mountain", "Nobody had ever seen it so small, said those who live there.")
		late.Published = time.Now().Add(-10 * time.Minute)
		d.set("a.example/feed", first, fresh, late)
		pass()
		if n := missed(); n != 1 {
			t.Errorf("%d missed", n)
		}
	})
}

// When a source that is pushed is polled is never before its schedule, nor much
// later than said; without a word it is the schedule.
func TestRarely(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		every, _, err := schedule.Parse("@every " + rapid.SampledFrom([]string{"1m", "5m", "15m", "1h", "6h", "24h", "72h"}).Draw(rt, "every"))
		if err != nil {
			rt.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(1e9, 2e9).Draw(rt, "now"), 0)
		s := &Source{Source: news.Source{Key: "k"}, Schedule: every}
		u := Push{By: "h", Until: now.Add(time.Duration(rapid.Int64Range(-100, 1000).Draw(rt, "hours")) * time.Hour)}
		polled := news.Poll{Last: now}
		ever, why := due(&plan{}, s, polled, rest{}, Push{}, now)
		rare, rareWhy := due(&plan{}, s, polled, rest{}, u, now)
		slots := []time.Time{ever, now.Add(mostRare), u.Until}
		switch {
		case rare.Before(ever):
			rt.Errorf("at %v, before its schedule %v", rare, ever)
		case rare.After(slices.MaxFunc(slots, time.Time.Compare)):
			rt.Errorf("at %v: %v", rare, slots)
		case !u.holds(now) && (!rare.Equal(ever) || rareWhy != why):
			rt.Errorf("at %v because of %q without a word", rare, rareWhy)
		case u.holds(now) && rare.After(u.Until) && !rare.Equal(ever):
			rt.Errorf("at %v, after the word ends at %v", rare, u.Until)
		}
	})
}
