package poll

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/schedule"
)

// unplug has nobody in reach any more.
func (d *desk) unplug() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.plan.Sources {
		d.fails[s.Key] = fetch.Result{Err: errors.New("no such host")}
	}
}

func (d *desk) schedule(name, spec string) {
	parsed, _, err := schedule.Parse(spec)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := range d.plan.Sources {
		if d.plan.Sources[i].Name == name {
			d.plan.Sources[i].Schedule = parsed
		}
	}
}

func (d *desk) plug() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.fails)
}

// Our own network is down for a night: no source is thought the worse of, and all
// are polled soon after it is back. One that was dead before stays so.
func TestOwnNetworkDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a", "b", "c", "d", "e", "dead")
		d.schedule("e", "0 6 * * *") // it will miss its only poll of the day
		d.plan.Spread = 5 * time.Minute
		d.fails["dead.example/feed"] = fetch.Result{Err: errors.New("no such host")}
		p, stop := d.running(t)
		after(4 * time.Hour)
		if since := p.Offline(); !since.IsZero() {
			t.Errorf("offline since %v because of one dead source", since)
		}
		dead := known(t, p, "dead").Failures
		d.unplug()
		after(9 * time.Hour)
		if p.Offline().IsZero() {
			t.Error("nobody says that the network is down")
		}
		if n := known(t, p, "a").Failures; n > 1 {
			t.Errorf("a failed %d times, though nobody was in reach", n)
		}
		if n := known(t, p, "dead").Failures; n != dead {
			t.Errorf("the dead one failed %d times, %d before", n, dead)
		}
		asked := d.count()
		d.plug()
		d.answer("dead", 0, 0)
		after(20*time.Minute + time.Second) // 15 to notice, 5 to spread
		stop()
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			if got := known(t, p, name); got.Error != "" {
				t.Errorf("%s: still %q, next in %v", name, got.Error, time.Until(got.Next))
			}
		}
		if n := d.count() - asked; n > 16 {
			t.Errorf("%d polls of 6 sources as the network came back", n)
		}
		if !p.Offline().IsZero() {
			t.Error("still thought to be offline")
		}
	})
}

// Two hosts that die beside one that lives are dead: they are left alone more and
// more. So is everybody after a day without anybody.
func TestNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a", "b", "c")
		d.schedule("c", "0 22 * * *")
		p, stop := d.running(t)
		after(time.Hour)
		d.unplug()
		d.heal("c")
		after(24 * time.Hour)
		stop()
		if n := known(t, p, "a").Failures; n < 7 {
			t.Errorf("a failed %d times in a day", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a", "b", "c")
		p, stop := d.running(t)
		after(time.Hour)
		d.unplug()
		after(4 * 24 * time.Hour)
		stop()
		if n := known(t, p, "a").Failures; n < 7 {
			t.Errorf("a failed %d times in three days", n)
		}
	})
}

// A clock that is set, or stands still while the machine sleeps, neither stops
// the sources nor has them all asked at once.
func TestClockJumps(t *testing.T) {
	for name, by := range map[string]time.Duration{"ten hours on": 10 * time.Hour, "a year on": 365 * 24 * time.Hour, "a day back": -24 * time.Hour, "a year back": -365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			for _, n := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
				for _, m := range []string{"1", "2", "3", "4", "5"} {
					d.hosts(n+m+".example", n+m)
				}
			}
			hourly, _, err := schedule.Parse("@hourly")
			if err != nil {
				t.Fatal(err)
			}
			for i := range d.plan.Sources {
				d.plan.Sources[i].Schedule = hourly
			}
			d.plan.Spread = 5 * time.Minute
			p, err := d.scheduled()
			if err != nil {
				t.Fatal(err)
			}
			var skew atomic.Int64
			p.now = func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }
			stop := d.run(p)
			after(90 * time.Minute)
			asked := d.count()
			skew.Store(int64(by))
			after(2 * time.Minute)
			if n := d.count() - asked; n > 30 {
				t.Errorf("%s: %d of 50 polls within two minutes of the jump", name, n)
			}
			after(2 * time.Hour)
			stop()
			if n := d.count() - asked; n < 95 || n > 155 {
				t.Errorf("%s: %d polls of 50 hourly sources in two hours", name, n)
			}
		})
	}
}

// Failures grow from five minutes to a day, stay there, say since when, and end
// with the first answer.
func TestBackoffSaysSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		d.answer("a", 500, 0)
		p, stop := d.running(t)
		began := time.Now()
		after(time.Second)
		var gaps []time.Duration
		for range 12 {
			next := known(t, p, "a").Next
			gaps = append(gaps, next.Sub(time.Now()).Round(time.Hour))
			after(time.Until(next) + time.Second)
		}
		if gaps[11] != 24*time.Hour || gaps[4] >= 6*time.Hour {
			t.Errorf("waits of %v", gaps)
		}
		got := known(t, p, "a")
		if want := "backoff after 13 failures, failing since " + began.UTC().Format("2 January 2006"); got.Why != want {
			t.Errorf("%q, want %q", got.Why, want)
		}
		if d := got.Failing.Sub(began); d < 0 || d > time.Second {
			t.Errorf("failing since %v, began %v", got.Failing, began)
		}
		d.heal("a")
		after(25 * time.Hour)
		stop()
		if got = known(t, p, "a"); !got.Failing.IsZero() || !strings.HasPrefix(got.Why, "schedule") {
			t.Errorf("after an answer: failing since %v, next because of %q", got.Failing, got.Why)
		}
	})
}

// 410 is the end (RFC 9110 15.5.11), and says so; only force asks again.
func TestGoneForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a")
		d.answer("a", 410, 0)
		p, stop := d.running(t)
		after(60 * 24 * time.Hour)
		if got := known(t, p, "a"); d.times("a.example/feed") != 1 || !got.Next.IsZero() || !strings.HasPrefix(got.Why, "gone for good (410)") {
			t.Errorf("asked %d times, next %v because of %q", d.times("a.example/feed"), got.Next, got.Why)
		}
		d.heal("a")
		if r, err := p.Pass(t.Context(), nil, true); err != nil || r.Sources.Failed != 0 {
			t.Errorf("forced: %+v, %v", r, err)
		}
		after(time.Hour)
		stop()
		if n := d.times("a.example/feed"); n < 5 {
			t.Errorf("asked %d times though it is back", n)
		}
	})
}

// A source is never asked twice at one time: who asks for it while it is polled
// gets that poll.
func TestPassJoinsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "a", "b")
		d.delay = func(string) time.Duration { return 20 * time.Second }
		d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
		p, stop := d.running(t)
		after(time.Second)
		reports := make(chan Report, 3)
		for range cap(reports) {
			go func() {
				r, err := p.Pass(t.Context(), []string{"a.example/feed"}, true)
				if err != nil {
					t.Error(err)
				}
				reports <- r
			}()
		}
		for range cap(reports) {
			if r := <-reports; r.Sources.Polled != 1 || r.Items.Received != 1 {
				t.Errorf("%+v", r)
			}
		}
		stop()
		if n := d.times("a.example/feed"); n != 1 {
			t.Errorf("asked %d times", n)
		}
		if d.most["a.example"] != 1 {
			t.Errorf("%d at one time", d.most["a.example"])
		}
	})
}

// Only who was well tells of an outage: dead sources are no news.
func TestWhoTellsOfAnOutage(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		prev   news.Poll
		outage bool
	}{
		"well before":  {news.Poll{Good: now}, true},
		"dead before":  {news.Poll{Good: now, Failures: 1}, false},
		"never polled": {news.Poll{}, false},
	} {
		var o outage
		for _, host := range []string{"a", "b", "c", "d"} {
			o.failed(&visit{source: &Source{Source: news.Source{URL: "https://" + host + "/"}}, prev: c.prev}, now)
		}
		if o.forgives(now) != c.outage {
			t.Errorf("%s: an outage: %v", name, !c.outage)
		}
	}
}

func TestAsOf(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	p := news.Poll{Last: now.Add(time.Hour), Next: now.Add(2 * time.Hour), Floor: never}
	if got := asOf(p, now); !got.Last.Equal(now) || !got.Next.Equal(now.Add(time.Hour)) || !got.Floor.Equal(never) {
		t.Errorf("%+v", got)
	}
	if got := asOf(p, now.Add(3*time.Hour)); !got.Last.Equal(p.Last) {
		t.Errorf("a record of the past was moved: %+v", got)
	}
}
