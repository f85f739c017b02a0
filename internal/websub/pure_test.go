package websub

import (
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aggregator/internal/news"
)

func TestLease(t *testing.T) {
	for seconds, want := range map[string]time.Duration{
		"": usualLease, "0": usualLease, "1": leastLease, "3600": time.Hour, "86400": 24 * time.Hour, "999999999999": mostLease,
		"9223372036854775807": mostLease, "-1": 0, "1.5": 0, "ten": 0, "9223372036854775808": 0,
	} {
		if got, err := leaseOf(seconds); got != want || (err != nil) != (want == 0) {
			t.Errorf("lease of %q: %v, %v", seconds, got, err)
		}
	}
}

// Backoff doubles, within its bounds, and parts those who failed together.
func TestBackoff(t *testing.T) {
	waits := map[time.Duration]bool{}
	for i := range 100 {
		last := time.Duration(0)
		for n := 1; n < 30; n++ {
			wait := backoff(fmt.Sprint(i), n)
			usual := min(longestBackoff, firstBackoff<<min(n-1, 20))
			if wait < usual*3/4 || wait > usual*5/4 || wait != backoff(fmt.Sprint(i), n) {
				t.Errorf("after %d failures %v", n, wait)
			}
			if n < 9 && wait < last {
				t.Errorf("after %d failures %v, before %v", n, wait, last)
			}
			last = wait
		}
		waits[last] = true
	}
	if len(waits) < 90 {
		t.Errorf("%d different waits of a hundred", len(waits))
	}
}

func TestProgress(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := progress{cursor: news.Position(rapid.Uint64().Draw(rt, "cursor"))}
		if rapid.Bool().Draw(rt, "fails") {
			p.failures, p.next = rapid.IntRange(1, 1000).Draw(rt, "failures"), time.Unix(rapid.Int64Range(0, 1e10).Draw(rt, "next"), 0)
		}
		if got, err := parseProgress(p.String()); err != nil || got != p {
			rt.Errorf("%+v as %q is %+v (%v)", p, p, got, err)
		}
	})
}

// Every method of WebSub 7.1 is taken; none proves another body or secret.
func TestSignature(t *testing.T) {
	body := []byte("what is new")
	for method, newHash := range methods {
		mac := hmac.New(newHash, []byte("secret"))
		mac.Write(body)
		digits := hex.EncodeToString(mac.Sum(nil))
		for _, c := range []struct {
			name, value, secret, body string
			good                      bool
		}{
			{"as it should be", method + "=" + digits, "secret", "what is new", true},
			{"in capitals", strings.ToUpper(method + "=" + digits), "secret", "what is new", true},
			{"of another body", method + "=" + digits, "secret", "what is new!", false},
			{"by another secret", method + "=" + digits, "Secret", "what is new", false},
			{"cut off", method + "=" + digits[:len(digits)-2], "secret", "what is new", false},
			{"without a method", digits, "secret", "what is new", false},
			{"by no method", "md5=" + digits, "secret", "what is new", false},
			{"empty", method + "=", "secret", "what is new", false},
			{"no digits", method + "=zz", "secret", "what is new", false},
		} {
			for _, name := range []string{signatureHeader, signatureHeader256} {
				h := http.Header{}
				h.Set(name, c.value)
				if got := signed(h, c.secret, []byte(c.body)); got != c.good {
					t.Errorf("%s, %s in %s: %v", method, c.name, name, got)
				}
			}
		}
	}
	if signed(http.Header{}, "secret", body) {
		t.Error("nothing proves a body")
	}
	h := http.Header{}
	sign(h, "secret", body)
	if !signed(h, "secret", body) {
		t.Errorf("our own signature is not taken: %v", h)
	}
}

func TestAsk(t *testing.T) {
	q := url.Values{"hub.mode": {"subscribe"}}
	for callback, want := range map[string]string{
		"https://s.example/x":             "https://s.example/x?hub.mode=subscribe",
		"https://s.example/x?":            "https://s.example/x?&hub.mode=subscribe",
		"https://s.example/x?b=2&a=1;%zz": "https://s.example/x?b=2&a=1;%zz&hub.mode=subscribe",
		"https://s.example":               "https://s.example?hub.mode=subscribe",
	} {
		if got := ask(callback, q); got != want {
			t.Errorf("%s: %s", callback, got)
		}
	}
}

// What is owed, case by case: all but the first owe nothing.
func TestOwes(t *testing.T) {
	now := time.Now()
	began, revised := change{pos: 7, story: 7}, change{pos: 9, story: 7, revised: true}
	st := func(do func(*news.Story)) news.Story {
		s := news.Story{ID: "x", Pos: 7, Published: now.Add(-time.Hour), Updated: now.Add(-time.Hour), Lead: news.Telling{Pos: 7}, Topics: []news.Filing{{Topic: "China"}}}
		do(&s)
		return s
	}
	for _, c := range []struct {
		name  string
		c     change
		story news.Story
		want  bool
	}{
		{"a new story", began, st(func(*news.Story) {}), true},
		{"other words", revised, st(func(s *news.Story) { s.Lead.Pos, s.Updated = 9, now }), true},
		{"just young enough", began, st(func(s *news.Story) { s.Published = now.Add(-oldest) }), true},
		{"too old", began, st(func(s *news.Story) { s.Published = now.Add(-oldest - time.Second) }), false},
		{"an archive", began, st(func(s *news.Story) { s.Backfill = true }), false},
		{"hidden", began, st(func(s *news.Story) { s.Hidden = true }), false},
		{"merged", began, st(func(s *news.Story) { s.Into = 3 }), false},
		{"forgotten", began, news.Story{}, false},
		{"of another topic", began, st(func(s *news.Story) { s.Topics[0].Topic = "World" }), false},
		{"of no topic", began, st(func(s *news.Story) { s.Topics = nil }), false},
		{"other words of one that does not lead", revised, st(func(s *news.Story) { s.Updated = now }), false},
		{"other words that nobody sees", revised, st(func(s *news.Story) { s.Lead.Pos = 9 }), false},
	} {
		if got := owes(c.c, c.story, "China", now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for fate, want := range map[news.Fate]bool{news.New: true, news.Split: true, news.Revised: true, news.Duplicate: false, news.Dropped: false, news.Merged: false, news.Pinned: false, news.Hidden: false, news.Shown: false} {
		if _, is := changeOf(news.Decision{Fate: fate, Pos: 1}); is != want {
			t.Errorf("%v is a change: %v", fate, is)
		}
	}
}

// However the log is cut into deliveries, each story that is owed is given
// exactly once, and no body is too large.
func TestPick(t *testing.T) {
	now := time.Now()
	rapid.Check(t, func(rt *rapid.T) {
		var log tail
		stories := map[news.Position]news.Story{}
		want := 0
		for pos := news.Position(1); pos <= news.Position(rapid.IntRange(1, 500).Draw(rt, "log")); pos++ {
			log.end = pos
			kind := rapid.IntRange(0, 3).Draw(rt, "kind")
			if kind == 0 {
				continue // a duplicate
			}
			log.changes = append(log.changes, change{pos: pos, story: pos})
			st := news.Story{ID: fmt.Sprint(pos), Pos: pos, Published: now, Updated: now, Hidden: kind == 1, Topics: []news.Filing{{Topic: "T"}}}
			if stories[pos] = st; kind > 1 {
				want++
			}
		}
		given := map[string]int{}
		for cursor, end := news.Position(0), news.Position(0); cursor < log.end; {
			if end = max(end, min(log.end, cursor+news.Position(rapid.IntRange(1, 400).Draw(rt, "step")))); end == cursor {
				end++
			}
			picked, upTo := pick(log.between(cursor, end), stories, "T", end, now)
			if len(picked) > mostStories || upTo <= cursor || upTo > end || len(picked) < mostStories && upTo != end {
				rt.Fatalf("%d stories from %d to %d, of %d", len(picked), cursor, upTo, end)
			}
			for _, st := range picked {
				given[st.ID]++
			}
			cursor = upTo
		}
		for id, n := range given {
			if n != 1 {
				rt.Errorf("%s given %d times", id, n)
			}
		}
		if len(given) != want {
			rt.Errorf("%d given, want %d", len(given), want)
		}
	})
}

// Whose turn it is: never more at one time than may be, of one host too, and
// everybody once.
func TestLane(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := newLane(rapid.IntRange(1, 8).Draw(rt, "most"), rapid.IntRange(1, 3).Draw(rt, "per host"))
		running, waiting, served := []*subscription{}, 0, map[*subscription]bool{}
		for range rapid.IntRange(0, 200).Draw(rt, "steps") {
			switch rapid.IntRange(0, 2).Draw(rt, "what") {
			case 0:
				l.wait(&subscription{host: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "host")})
				waiting++
			case 1:
				if s := l.next(); s != nil {
					running, waiting = append(running, s), waiting-1
					if served[s] {
						rt.Fatal("somebody had two turns")
					}
					served[s] = true
				} else if len(running) == 0 && waiting > 0 {
					rt.Fatalf("%d wait, and nobody has a turn", waiting)
				}
			case 2:
				if len(running) > 0 {
					l.leave(running[0].host)
					running = running[1:]
				}
			}
			of := map[string]int{}
			for _, s := range running {
				of[s.host]++
			}
			if len(running) > l.most || len(running) != l.running || len(of) > 0 && slices.Max(valuesOf(of)) > l.perHost {
				rt.Fatalf("%v run", of)
			}
		}
	})
}

func valuesOf(m map[string]int) (out []int) {
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// What is asked of a source's hub, and when.
func TestDecide(t *testing.T) {
	now := time.Now()
	src := Source{Key: "s", Hub: "https://hub.example/", Topic: "https://s.example/feed", Polled: true}
	fresh := newWish(src)
	live := fresh.asking(now).confirmed(8*24*time.Hour, now)
	with := func(do func(*Source)) Source { s := src; do(&s); return s }
	for _, c := range []struct {
		name string
		w    wish
		has  bool
		src  Source
		open bool
		at   time.Duration
		want act
	}{
		{"a source that names a hub", wish{}, false, src, true, 0, enter},
		{"that names none", wish{}, false, with(func(s *Source) { s.Hub = "" }), true, 0, rest},
		{"where hubs cannot reach us", wish{}, false, src, false, 0, rest},
		{"not polled yet", live, true, with(func(s *Source) { s.Polled = false; s.Hub = "" }), true, 0, rest},
		{"while it holds", live, true, src, true, 5 * 24 * time.Hour, rest},
		{"when three quarters are over", live, true, src, true, 6*24*time.Hour + time.Second, renew},
		{"another hub", live, true, with(func(s *Source) { s.Hub = "https://other.example/" }), true, 0, enter},
		{"another topic", live, true, with(func(s *Source) { s.Topic = "https://s.example/new" }), true, 0, enter},
		{"no hub any more", live, true, with(func(s *Source) { s.Hub = "" }), true, 0, leave},
		{"no source any more", live, true, Source{}, true, 0, leave},
		{"we cannot be reached any more", live, true, src, false, 0, leave},
		{"just asked", fresh.asking(now), true, src, true, firstPause - time.Second, rest},
		{"not answered", fresh.asking(now), true, src, true, firstPause + time.Second, renew},
		{"just denied", fresh.asking(now).denied("no", now), true, src, true, 23 * time.Hour, rest},
		{"denied yesterday", fresh.asking(now).denied("no", now), true, src, true, 25 * time.Hour, renew},
	} {
		if got := decide(c.w, c.has, c.src, c.open, now.Add(c.at)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// Whether a hub's word is believed.
func TestBelieved(t *testing.T) {
	now := time.Now()
	w := newWish(Source{}).asking(now).confirmed(24*time.Hour, now)
	if !w.believed(now) || w.state(now) != "live" {
		t.Errorf("%+v at first", w)
	}
	w.Missed = now.Add(time.Hour)
	if w.believed(now) || w.state(now) != "broken" {
		t.Error("after it missed something")
	}
	w.Pushed = now.Add(2 * time.Hour)
	if !w.believed(now) {
		t.Error("after it pushed again")
	}
	if w.believed(now.Add(25*time.Hour)) || w.denied("no", now).believed(now) {
		t.Error("without a lease")
	}
	if w := w.confirmed(time.Second, now); w.Until.Sub(now) != leastHeld {
		t.Errorf("a lease of a second is one of %v", w.Until.Sub(now))
	}
	if p := pause(1); p != firstPause || pause(100) != longestPause || pause(2) != 2*firstPause {
		t.Error("pauses do not double")
	}
}

// A stranger's form never does more than be refused, and what is granted is
// within its bounds.
func FuzzRequest(f *testing.F) {
	f.Add("hub.mode=subscribe&hub.topic=https%3A%2F%2Ff.example%2Fa.atom&hub.callback=https%3A%2F%2Fs.example%2F%3Fx%3D1&hub.secret=s&hub.lease_seconds=3600")
	f.Add("hub.mode=unsubscribe&hub.callback=http://[::1]:1/&hub.topic=x")
	f.Add("hub.mode=publish&hub.url=x")
	f.Add("hub.callback=http%3A%2F%2F&hub.mode=subscribe&hub.mode=publish")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		r, err := parseRequest(q)
		if err != nil {
			if no, ok := err.(*refusal); !ok || no.status < 400 || no.status > 499 || no.says == "" {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if r.mode == "publish" {
			return
		}
		u, err := url.Parse(ask(r.callback, url.Values{"hub.challenge": {"c"}}))
		if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || !strings.HasSuffix(u.RawQuery, "hub.challenge=c") {
			t.Errorf("%q is asked at %v (%v)", r.callback, u, err)
		}
		if r.lease < leastLease || r.lease > mostLease || len(r.secret) >= maxSecret {
			t.Errorf("granted %+v", r)
		}
	})
}
