package poll

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

// hosts adds sources under an address of a host.
func (d *desk) hosts(host string, names ...string) {
	for _, name := range names {
		s := source(d.t, name)
		s.URL = "https://" + host + "/" + name
		d.plan.Sources = append(d.plan.Sources, s)
	}
}

// answer scripts a failure; heal ends it.
func (d *desk) answer(name string, status int, retryAfter time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := fetch.Result{Err: fmt.Errorf("%d", status), Poll: news.Poll{Status: status}}
	if retryAfter > 0 {
		r.Poll.Floor, r.Poll.FloorWhy = time.Now().Add(retryAfter), "Retry-After"
	}
	d.fails[name+".example/feed"] = r
}

func (d *desk) heal(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.fails, name+".example/feed")
}

func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// known is what people are shown of a source.
func known(t *testing.T, p *Poller, name string) news.Poll {
	t.Helper()
	all, err := p.Outlook(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[name+".example/feed"]
}

// 503 with Retry-After is said of the whole server (RFC 9110 15.6.4): all
// sources of the host wait, say for whom, and go on by themselves. So after a
// restart.
func TestHostRests(t *testing.T) {
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, "elsewhere")
			d.hosts("one.example", "a", "b")
			d.hosts("one.example:8443", "other")
			p, stop := d.running(t)
			after(time.Minute)
			d.answer("a", status, 2*time.Hour)
			after(20 * time.Minute) // a has heard it by now
			heard := time.Now()
			b, elsewhere := d.times("b.example/feed"), d.times("elsewhere.example/feed")
			look := func(when string, p *Poller) {
				if got := known(t, p, "b"); got.Why != "Retry-After of one.example, asked by a" || got.Next.Sub(heard) < 90*time.Minute {
					t.Errorf("%d, %s: b is polled in %v because of %q", status, when, got.Next.Sub(heard), got.Why)
				}
				if got := known(t, p, "a"); got.Why != "Retry-After" {
					t.Errorf("%d, %s: a waits because of %q", status, when, got.Why)
				}
			}
			look("at once", p)
			after(30 * time.Minute)
			stop()
			p, stop = d.running(t)
			look("after a restart", p)
			after(time.Hour)
			if n := d.times("b.example/feed") - b; n != 0 {
				t.Errorf("%d: b was asked %d times while its host wants rest", status, n)
			}
			if n := d.times("elsewhere.example/feed") - elsewhere; n < 4 {
				t.Errorf("%d: another host was asked %d times only", status, n)
			}
			if n := d.times("other.example/feed"); n < 4 {
				t.Errorf("%d: another server on the host was asked %d times only", status, n)
			}
			d.heal("a")
			after(time.Hour)
			stop()
			if n := d.times("b.example/feed") - b; n < 2 {
				t.Errorf("%d: b was asked %d times since the rest ended", status, n)
			}
		})
	}
}

// A source that moved for good is asked at another host: that is the one that
// rests and is spared, not the one in the configuration.
func TestMovedSourceHasAnotherHost(t *testing.T) {
	moved := &Source{Source: news.Source{Key: "a", Name: "a", URL: "https://old.example/a"}}
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	rs := rests{}
	rs.take(moved, news.Poll{Status: 429, Last: now, Ask: "https://New.example:443/a"})
	if r := rs.of("https://new.example/b", now); r.key != "a" {
		t.Errorf("the host that said 429 does not rest: %+v", rs)
	}
	if r := rs.of("https://old.example/b", now); r.key != "" {
		t.Errorf("the host that it left rests: %+v", r)
	}
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.hosts("old.example", "a", "b")
		if _, err := d.store.Append(t.Context(), 0, store.Batch{Polls: []news.Poll{{Source: "a.example/feed", Last: time.Now().Add(-time.Hour), Ask: "https://new.example/a"}}}); err != nil {
			t.Fatal(err)
		}
		d.plan.Interval = 5 * time.Minute // between two polls of one host
		_, stop := d.running(t)
		after(time.Minute)
		stop()
		if a, b := d.times("a.example/feed"), d.times("b.example/feed"); a != 1 || b != 1 {
			t.Errorf("a was asked %d times, b %d: they waited for each other", a, b)
		}
	})
}

// Who waits in line already is sent home, too; so is the rest of a forced pass.
func TestHostRestsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.hosts("one.example", "a", "b", "c", "d")
		d.plan.Interval = time.Minute
		p, stop := d.running(t)
		after(10 * time.Minute)
		first := d.count()
		for _, name := range []string{"a", "b", "c", "d"} {
			d.answer(name, 429, time.Hour)
		}
		r, err := p.Pass(t.Context(), nil, true)
		if err != nil || r.Sources.Polled != 1 || r.Sources.Skipped != 3 {
			t.Errorf("forced: %+v, %v", r.Sources, err)
		}
		r, err = p.Pass(t.Context(), nil, false)
		if err != nil || r.Sources.Skipped != 4 {
			t.Errorf("not forced: %+v, %v", r.Sources, err)
		}
		after(40 * time.Minute)
		stop()
		if n := d.count() - first; n != 1 {
			t.Errorf("the host was asked %d times though it said 429 to the first", n)
		}
	})
}

// Without Retry-After the source backs off, its host rests for a minute (429) or
// not at all (503, which may be one broken page).
func TestHostRestsALittle(t *testing.T) {
	for status, rests := range map[int]bool{429: true, 503: false, 500: false} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			d.hosts("one.example", "a", "b")
			d.answer("b", status, 0)
			d.plan.Interval = 10 * time.Second // b comes first, by its place in the spread
			p, stop := d.running(t)
			after(30 * time.Second)
			if n := d.times("a.example/feed"); (n == 0) != rests {
				t.Errorf("%d: a was asked %d times", status, n)
			}
			if why := known(t, p, "a").Why; rests && why != "429 from one.example, answered to b" {
				t.Errorf("a waits because of %q", why)
			}
			after(time.Minute)
			stop()
			if n := d.times("a.example/feed"); n != 1 {
				t.Errorf("%d: a was asked %d times since", status, n)
			}
		})
	}
}

// machine counts what one address bears.
type machine struct {
	mu       sync.Mutex
	inside   int
	most     int
	began    []time.Time
	took     time.Duration
	address  func(src news.Source) string
	visitors map[string]int
}

func (m *machine) Fetch(ctx context.Context, src news.Source, prev news.Poll, rules uint64, now time.Time) fetch.Result {
	m.mu.Lock()
	m.inside++
	m.most = max(m.most, m.inside)
	m.began = append(m.began, time.Now())
	if m.visitors == nil {
		m.visitors = map[string]int{}
	}
	m.visitors[src.Key]++
	m.mu.Unlock()
	time.Sleep(m.took)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inside--
	p := prev
	p.Source, p.Last, p.Status, p.Good, p.Address = src.Key, now, 200, now, m.address(src)
	return fetch.Result{Poll: p, Unchanged: true, Reached: true}
}

// Fifty hosts on one machine are asked as one machine, from the first poll on and
// after a restart: no more than four times what one host may be.
func TestSharedAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := func(news.Source) string { return "192.0.2.7" }
		m := &machine{took: 9 * time.Second, address: one}
		d := newDesk(t)
		for i := range 50 {
			d.hosts(fmt.Sprintf("blog%d.example", i), fmt.Sprint("blog", i))
		}
		d.plan.Concurrency, d.plan.PerHost, d.plan.Interval = 64, 1, 4*time.Second
		d.plan.Fetcher, d.plan.Address = m, func(_ context.Context, src news.Source) string { return one(src) }
		look := func(when string, polls int) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(m.began) < polls || m.most > perAddress || m.most < 2 {
				t.Errorf("%s: %d polls, %d at one time", when, len(m.began), m.most)
			}
			for i := range m.began[1:] {
				if gap := m.began[i+1].Sub(m.began[i]); gap < time.Second {
					t.Errorf("%s: two polls %v apart", when, gap)
				}
			}
			m.began, m.most = nil, 0
		}
		_, stop := d.running(t)
		after(time.Hour)
		look("at first", 200)
		stop()
		d.plan.Address = nil // known from the records
		_, stop = d.running(t)
		after(time.Hour)
		stop()
		look("after a restart", 150)
		if len(m.visitors) != 50 {
			t.Errorf("%d of 50 hosts were asked", len(m.visitors))
		}
	})
}
