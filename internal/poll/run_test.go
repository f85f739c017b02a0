package poll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/schedule"
)

// running starts a poller on its schedule inside a bubble with a clock of its
// own, and stops it at the end.
func (d *desk) running(t *testing.T) (p *Poller, stop func()) {
	d.t = t
	p, err := d.scheduled()
	if err != nil {
		t.Fatal(err)
	}
	return p, d.run(p)
}

func (d *desk) scheduled() (*Poller, error) {
	return Open(d.t.Context(), d.store, d.plan, Options{Log: slog.New(slog.DiscardHandler), Scheduled: true})
}

func (d *desk) run(p *Poller) (stop func()) {
	ctx, cancel := context.WithCancel(d.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			d.t.Error(err)
		}
	}
}

func (d *desk) times(key string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, a := range d.asked {
		if a.key == key {
			n++
		}
	}
	return n
}

// count is how often anything was asked since the last forgetting.
func (d *desk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked)
}

func TestScheduled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a", "b")
		d.fails["b.example/feed"] = fetch.Result{Err: errors.New("410 Gone"), Poll: news.Poll{Status: 410}}
		_, stop := d.running(t)
		time.Sleep(3*time.Hour + time.Minute)
		synctest.Wait()
		stop()
		if n := d.times("a.example/feed"); n < 12 || n > 14 {
			t.Errorf("polled %d times in three hours, every 15 minutes", n)
		}
		if n := d.times("b.example/feed"); n != 1 {
			t.Errorf("polled %d times though gone for good", n)
		}
	})
}

func TestBackoffAndRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		d.fails["a.example/feed"] = fetch.Result{Err: errors.New("500 Internal Server Error"), Poll: news.Poll{Status: 500}}
		_, stop := d.running(t)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		failing := d.times("a.example/feed")
		if failing < 6 || failing > 12 {
			t.Errorf("a dead source was asked %d times in a day", failing)
		}
		d.mu.Lock()
		delete(d.fails, "a.example/feed")
		d.mu.Unlock()
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		stop()
		if n := d.times("a.example/feed") - failing; n < 90 {
			t.Errorf("asked %d times in two days though it had recovered", n)
		}
	})
}

// After a restart sources are neither forgotten nor all asked at once.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		for i := range 50 {
			names = append(names, fmt.Sprint("n", i))
		}
		d := newDesk(t, names...)
		d.plan.Spread = 5 * time.Minute
		p, stop := d.running(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		if n := d.count(); n != 50 {
			t.Fatalf("%d asked at first", n)
		}
		p, stop = d.running(t)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := known(t, p, "n7"); got.Next.Before(time.Now()) || strings.Contains(got.Why, "overdue") {
			t.Errorf("next at %v because of %q", got.Next, got.Why)
		}
		if again := d.count() - 50; again != 0 {
			t.Errorf("%d asked again right after a restart", again)
		}
		stop()
		time.Sleep(6 * time.Hour) // switched off
		d.asked = nil
		p, stop = d.running(t)
		time.Sleep(time.Second)
		synctest.Wait()
		for _, s := range d.plan.Sources {
			got := known(t, p, s.Name)
			if in := time.Until(got.Next); in > 5*time.Minute && d.times(s.Key) == 0 || in < -time.Second || d.times(s.Key) == 0 && got.Why != "overdue, and not all at once" {
				t.Errorf("%s is overdue, and polled in %v because of %q", s.Name, in, got.Why)
			}
		}
		if n := d.count(); n > 10 {
			t.Errorf("%d of 50 at once after a long sleep", n)
		}
		time.Sleep(16 * time.Minute)
		synctest.Wait()
		stop()
		for _, s := range d.plan.Sources {
			if d.times(s.Key) == 0 {
				t.Errorf("%s was forgotten", s.Name)
			}
		}
	})
}

// While the store keeps nothing, nothing is fetched; then all goes on, and
// nothing is lost.
func TestStoreDownAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a", "b")
		d.plan.Sources[1].URL, d.plan.Interval = "https://a.example/b", 5*time.Minute // falls due while the store is down
		broken := &failing{d.store, 100}
		d.store = broken
		for _, key := range []string{"a.example/feed", "b.example/feed"} { // whichever comes first
			d.set(key, item("1", "https://a.example/1", "Dam breaks", dam))
		}
		p, stop := d.running(t)
		time.Sleep(40 * time.Minute)
		synctest.Wait()
		if n := d.count(); n != 1 {
			t.Errorf("%d fetches whose results could not be kept, the first among them", n)
		}
		if p.Trouble() == "" {
			t.Error("nobody says that nothing is kept")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if p.Trouble() != "" {
			t.Errorf("still in trouble: %s", p.Trouble())
		}
		stop()
		if d.one().Lead.Title != "Dam breaks" {
			t.Error("the story was lost")
		}
	})
}

// A source whose schedule is changed to a more frequent one is not left to
// wait for the moment that the old one set.
func TestChangedSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		daily, _, err := schedule.Parse("@daily")
		if err != nil {
			t.Fatal(err)
		}
		often := d.plan.Sources[0].Schedule
		d.plan.Sources[0].Schedule = daily
		p, stop := d.running(t)
		time.Sleep(time.Minute)
		d.plan.Sources[0].Schedule = often
		if _, err := p.Change(t.Context(), d.plan, atOnce); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		stop()
		if n := d.times("a.example/feed"); n < 4 {
			t.Errorf("asked %d times in an hour, every 15 minutes", n)
		}
	})
}

// Sources of one host are asked an interval apart, whatever is due.
func TestInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 5 {
			s := source(t, fmt.Sprint("n", i))
			s.URL = fmt.Sprint("https://one.example/", i)
			d.plan.Sources = append(d.plan.Sources, s)
		}
		d.plan.PerHost, d.plan.Interval = 3, 10*time.Second
		_, stop := d.running(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.asked) != 5 {
			t.Fatalf("%d asked in a minute", len(d.asked))
		}
		for i, a := range d.asked[1:] {
			if gap := a.at.Sub(d.asked[i].at); gap < 10*time.Second {
				t.Errorf("%s asked %v after %s", a.key, gap, d.asked[i].key)
			}
		}
	})
}

// The first answers to a daemon whose store was lost wait a moment for others:
// who is quicker does not decide which telling a story is named after.
func TestLostStoreOfADaemon(t *testing.T) {
	ids := map[string]bool{}
	for _, slow := range []string{"a.example/feed", "b.example/feed"} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, "a", "b")
			d.delay = func(key string) time.Duration {
				if key == slow {
					return time.Second
				}
				return 0
			}
			for i, key := range []string{"a.example/feed", "b.example/feed"} {
				it := item("1", "https://x.example/1", "Dam breaks", dam)
				it.Published = time.Date(1999, 1, 1, i, 0, 0, 0, time.UTC)
				d.set(key, it)
			}
			_, stop := d.running(t)
			time.Sleep(time.Minute)
			synctest.Wait()
			stop()
			ids[d.one().ID] = true
		})
	}
	if len(ids) != 1 {
		t.Errorf("the quicker source named the story: %v", ids)
	}
}

// A changed configuration takes effect while running.
func TestChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		p, stop := d.running(t)
		time.Sleep(time.Minute)
		d.plan.Sources = append(d.plan.Sources[:0:0], source(t, "b"))
		if _, err := p.Change(t.Context(), d.plan, atOnce); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		stop()
		if a, b := d.times("a.example/feed"), d.times("b.example/feed"); a != 1 || b < 4 {
			t.Errorf("the old source was asked %d times, the new one %d", a, b)
		}
	})
}
