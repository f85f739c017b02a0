package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

func claim(t *testing.T, s store.Shared, now time.Time, l store.Limits, cs ...store.Claim) []store.Claimed {
	t.Helper()
	got, err := s.Claim(t.Context(), now, l, cs...)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(cs) {
		t.Fatalf("%d answers to %d claims", len(got), len(cs))
	}
	return got
}

func keep(t *testing.T, s store.Shared, polls ...news.Poll) {
	t.Helper()
	_, tip := read(t, s, store.Tip{})
	if _, err := s.AppendAt(t.Context(), tip, store.Batch{Polls: polls}); err != nil {
		t.Fatal(err)
	}
}

// ok says which of the answers are yes.
func ok(t *testing.T, what string, got []store.Claimed, want ...bool) {
	t.Helper()
	for i := range want {
		if got[i].OK != want[i] {
			t.Errorf("%s: claim %d is %+v, want %t", what, i, got[i], want[i])
		}
		if !got[i].OK && got[i].Until.IsZero() {
			t.Errorf("%s: claim %d does not say when to ask again", what, i)
		}
	}
}

func claimOnce(t *testing.T, p *pair) {
	a, b := store.Claim{Source: "a", Host: "h"}, store.Claim{Source: "b", Host: "h"}
	ok(t, "first", claim(t, p.a, minute(1), wide, a), true)
	got := claim(t, p.b, minute(1), wide, a, b)
	ok(t, "second", got, false, true)
	if until := got[0].Until; !until.After(minute(1)) || until.After(minute(2)) {
		t.Errorf("a claimed source is asked for again at %s, want within its lease", until)
	}
	ok(t, "forced", claim(t, p.b, minute(1), wide, store.Claim{Source: "a", Host: "h", Forced: true, Anyway: true}), false)
	ok(t, "once more", claim(t, p.a, minute(1), wide, a, a), false, false)
	ok(t, "twice", claim(t, p.a, minute(1), wide, store.Claim{Source: "c", Host: "h"}, store.Claim{Source: "c", Host: "h"}), true, false)
	if err := p.b.Release(t.Context(), "a", "none"); err != nil { // it is not theirs
		t.Fatal(err)
	}
	ok(t, "after another's release", claim(t, p.b, minute(1), wide, a), false)
	if err := p.a.Release(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	ok(t, "released", claim(t, p.b, minute(1), wide, a), true)
	if none := claim(t, p.a, minute(1), wide); len(none) != 0 {
		t.Errorf("no claims, %d answers", len(none))
	}
}

func claimKept(t *testing.T, p *pair) {
	c := store.Claim{Source: "a", Host: "h"}
	got := claim(t, p.a, minute(1), wide, c)
	ok(t, "a source that was never polled", got, true)
	same(t, got[0].Poll, news.Poll{Source: "a"})
	kept := news.Poll{Source: "a", Last: minute(1), Next: minute(16), ETag: "x", Status: 200, Seen: []news.Seen{{ID: 1, Raw: 2}}}
	keep(t, p.a, kept)
	got = claim(t, p.b, minute(2), wide, c)
	ok(t, "not due", got, false)
	same(t, got[0].Poll, kept)
	same(t, got[0].Until, minute(16))
	ok(t, "a moment before", claim(t, p.b, minute(16).Add(-time.Millisecond), wide, c), false)
	got = claim(t, p.b, minute(16), wide, c)
	ok(t, "due", got, true)
	same(t, got[0].Poll, kept)
	kept.Next = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	keep(t, p.b, kept)
	ok(t, "never due", claim(t, p.a, minute(1<<20), wide, c), false)
	c.Forced = true
	ok(t, "forced", claim(t, p.a, minute(17), wide, c), true)
}

func claimEnds(t *testing.T, p *pair) {
	short := store.Limits{PerHost: 1, Lease: 30 * time.Millisecond}
	ok(t, "first", claim(t, p.a, minute(1), short, store.Claim{Source: "a", Host: "h"}), true)
	ok(t, "its place", claim(t, p.b, minute(1), wide, store.Claim{Source: "a", Host: "h"}), false)
	eventually(t, "a dead process's place is free", func() bool {
		return claim(t, p.b, minute(1), short, store.Claim{Source: "b", Host: "h"})[0].OK
	})
	eventually(t, "a dead process's source is free", func() bool {
		return claim(t, p.b, minute(1), wide, store.Claim{Source: "a", Host: "h"})[0].OK
	})
}

func claimLate(t *testing.T, p *pair) {
	c := store.Claim{Source: "a", Host: "h"}
	claim(t, p.a, minute(1), store.Limits{PerHost: 1, Lease: time.Millisecond}, c)
	eventually(t, "the other has it", func() bool { return claim(t, p.b, minute(1), wide, c)[0].OK })
	keep(t, p.a, news.Poll{Source: "a", Next: minute(1)})
	ok(t, "after a late poll", claim(t, p.a, minute(2), wide, c), false)
	keep(t, p.b, news.Poll{Source: "a", Next: minute(1)})
	ok(t, "after the poll", claim(t, p.a, minute(2), wide, c), true)
}

func places(t *testing.T, p *pair) {
	two := store.Limits{PerHost: 2, Lease: time.Minute}
	c := func(source, host string) store.Claim { return store.Claim{Source: source, Host: host} }
	ok(t, "a's", claim(t, p.a, minute(1), two, c("1", "h")), true)
	ok(t, "b's", claim(t, p.b, minute(1), two, c("2", "h"), c("3", "h"), c("4", "i")), true, false, true)
	ok(t, "full", claim(t, p.a, minute(1), two, c("3", "h")), false)
	if err := p.b.Release(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	ok(t, "one left", claim(t, p.a, minute(1), two, c("3", "h"), c("5", "h")), true, false)
	keep(t, p.a, news.Poll{Source: "3", Next: minute(9)})
	ok(t, "one was kept", claim(t, p.b, minute(1), two, c("5", "h")), true)
}

func spacing(t *testing.T, p *pair) {
	apart := store.Limits{PerHost: 100, Interval: 200 * time.Millisecond, Lease: time.Minute}
	c := func(source, host string) store.Claim { return store.Claim{Source: source, Host: host} }
	began := time.Now()
	got := claim(t, p.a, minute(1), apart, c("1", "h"), c("2", "h"), c("3", "i"))
	ok(t, "first", got, true, false, true)
	if wait := got[1].Until.Sub(minute(1)); wait <= 0 || wait > apart.Interval+time.Millisecond {
		t.Errorf("ask again in %s, want in up to %s", wait, apart.Interval)
	}
	eventually(t, "the next is let in", func() bool { return claim(t, p.b, minute(1), apart, c("2", "h"))[0].OK })
	if took := time.Since(began); took < apart.Interval {
		t.Errorf("the next was let in after %s, want %s", took, apart.Interval)
	}
}

func rests(t *testing.T, p *pair) {
	if err := p.a.Rest(t.Context(), "h:443", minute(10)); err != nil {
		t.Fatal(err)
	}
	c := store.Claim{Source: "a", Host: "h", Origin: "h:443"}
	got := claim(t, p.b, minute(9), wide, c, store.Claim{Source: "b", Host: "h", Origin: "h:80"}, store.Claim{Source: "c", Host: "h:443"})
	ok(t, "at rest", got, false, true, false)
	same(t, got[0].Until, minute(10))
	c.Forced = true
	ok(t, "forced", claim(t, p.b, minute(9), wide, c), false)
	c.Anyway = true
	ok(t, "anyway", claim(t, p.b, minute(9), wide, c), true)
	ok(t, "over", claim(t, p.b, minute(10), wide, store.Claim{Source: "c", Host: "h:443"}), true)
	if err := p.a.Rest(t.Context(), "i", minute(50)); err != nil {
		t.Fatal(err)
	}
	if err := p.b.Rest(t.Context(), "i", minute(5)); err != nil {
		t.Fatal(err)
	}
	ok(t, "ended", claim(t, p.a, minute(10), wide, store.Claim{Source: "d", Host: "i"}), true)
}

func claimRace(t *testing.T, p *pair) {
	const sources = 200
	var cs []store.Claim
	for i := range sources {
		cs = append(cs, store.Claim{Source: fmt.Sprint("s", i), Host: fmt.Sprint("h", i%40)})
	}
	limits := store.Limits{PerHost: 3, Lease: time.Minute}
	var mu sync.Mutex
	holders, hosts := map[string]int{}, map[string]int{}
	var wg sync.WaitGroup
	for _, s := range []store.Shared{p.a, p.b, p.open(t), p.open(t)} {
		for from := 0; from < sources; from += 50 {
			wg.Go(func() {
				got, err := s.Claim(t.Context(), minute(1), limits, cs[from:from+50]...)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for i, g := range got {
					if g.OK {
						holders[cs[from+i].Source]++
						hosts[cs[from+i].Host]++
					}
				}
			})
		}
	}
	wg.Wait()
	for source, n := range holders {
		if n != 1 {
			t.Errorf("%s is claimed %d times", source, n)
		}
	}
	for host, n := range hosts {
		if n != limits.PerHost {
			t.Errorf("%s is claimed %d times, want %d", host, n, limits.PerHost)
		}
	}
	if len(hosts) != 40 {
		t.Errorf("%d hosts are claimed, want 40", len(hosts))
	}
}

func leases(t *testing.T, p *pair) {
	has := func(s store.Shared, name, who string, d time.Duration, want bool) {
		t.Helper()
		if got, err := s.Lease(t.Context(), name, who, d); err != nil || got != want {
			t.Errorf("%s asks for %s: %t, %v; want %t", who, name, got, err, want)
		}
	}
	has(p.a, "dir", "one", time.Minute, true)
	has(p.b, "dir", "two", time.Minute, false)
	has(p.b, "mend", "two", time.Minute, true)
	has(p.a, "dir", "one", time.Minute, true)
	has(p.b, "dir", "two", 0, false)
	has(p.a, "dir", "one", 0, false)
	has(p.b, "dir", "two", 20*time.Millisecond, true)
	eventually(t, "a lease ends", func() bool {
		got, err := p.a.Lease(t.Context(), "dir", "one", time.Minute)
		return err == nil && got
	})
}

func expireTwice(t *testing.T, p *pair) {
	tip := appendTo(t, p.a, store.Tip{}, 1500)
	tip = appendTo(t, p.a, tip, 10)
	var wg sync.WaitGroup
	for _, s := range []store.Shared{p.a, p.b, p.a, p.b} {
		wg.Go(func() {
			if err := s.Expire(t.Context(), 1500); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	stats, err := p.a.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stats.Bytes = 0
	same(t, stats, store.Stats{At: tip.At, Oldest: 1501, Decisions: 10, Items: 10, Stories: 10, Topics: 1, Polls: 1})
}
