package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// A Place is where several processes share a store.
type Place struct {
	Open func() (store.Shared, error)
	// Wipe empties it behind everybody's back.
	Wipe func(t *testing.T)
	// Lose has what is appended in during be lost, as a failover to a replica
	// that lags loses it.
	Lose func(t *testing.T, during func())
}

// RunShared holds a store to what several processes rely on: two of them, on a
// new place for each test.
func RunShared(t *testing.T, place func(t *testing.T) Place) {
	tests := map[string]func(*testing.T, *pair){
		"following":                         follow,
		"following in steps":                followSteps,
		"waiting for the log to grow":       followWaits,
		"a wait that is cancelled":          followCancelled,
		"following what expires":            followExpired,
		"appending at a tip":                appendAt,
		"a poll without news":               pollOnly,
		"a log that was wiped":              wiped,
		"a log that lost its end":           lostEnd,
		"one claim a source":                claimOnce,
		"a kept poll ends its claim":        claimKept,
		"claims end by themselves":          claimEnds,
		"who comes late ends no claim":      claimLate,
		"places of a host":                  places,
		"spacing of a host":                 spacing,
		"rests":                             rests,
		"claims of many processes at once":  claimRace,
		"leases":                            leases,
		"expiring from two sides at a time": expireTwice,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := &pair{Place: place(t)}
			p.a, p.b = p.open(t), p.open(t)
			test(t, p)
		})
	}
}

// A pair is two processes at one place.
type pair struct {
	Place
	a, b store.Shared
}

func (p *pair) open(t *testing.T) store.Shared {
	t.Helper()
	s, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func appendTo(t *testing.T, s store.Shared, at store.Tip, n int) store.Tip {
	t.Helper()
	tip, err := s.AppendAt(t.Context(), at, news1(at.At, n, "World"))
	if err != nil {
		t.Fatal(err)
	}
	if tip.At != at.At+news.Position(n) || tip.Chain == at.Chain {
		t.Fatalf("after %d decisions at %v the tip is %v", n, at, tip)
	}
	return tip
}

// read follows from a tip until there is no more.
func read(t *testing.T, s store.Shared, tip store.Tip) (ds []news.Decision, _ store.Tip) {
	t.Helper()
	for {
		more, next, err := s.Follow(t.Context(), tip, 0)
		if err != nil {
			t.Fatal(err)
		}
		if ds = append(ds, more...); len(more) == 0 {
			return ds, next
		}
		tip = next
	}
}

func follow(t *testing.T, p *pair) {
	ds, tip := read(t, p.b, store.Tip{})
	if len(ds) != 0 || tip != (store.Tip{}) {
		t.Errorf("an empty log gives %v and %v", ds, tip)
	}
	one := appendTo(t, p.a, store.Tip{}, 3)
	ds, tip = read(t, p.b, store.Tip{})
	same(t, ds, news1(0, 3, "World").Decisions)
	same(t, tip, one)
	two := appendTo(t, p.b, tip, 2)
	ds, tip = read(t, p.a, one)
	same(t, ds, news1(3, 2, "World").Decisions)
	same(t, tip, two)
}

func followSteps(t *testing.T, p *pair) {
	tips := map[store.Tip]bool{}
	var tip store.Tip
	for _, n := range []int{5000, 1, 1500, 1500, 1500, 4095} { // one is longer than any step
		tip = appendTo(t, p.a, tip, n)
		tips[tip] = true
	}
	var at store.Tip
	for steps := 0; at != tip; steps++ {
		ds, next, err := p.b.Follow(t.Context(), at, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !tips[next] || next.At != at.At+news.Position(len(ds)) || ds[0].Pos != at.At+1 || ds[len(ds)-1].Pos != next.At {
			t.Fatalf("step %d behind %v brings %d decisions up to %v", steps, at, len(ds), next)
		}
		at = next
	}
}

func followWaits(t *testing.T, p *pair) {
	tip := appendTo(t, p.a, store.Tip{}, 1)
	began := time.Now()
	ds, same, err := p.b.Follow(t.Context(), tip, 30*time.Millisecond)
	if err != nil || len(ds) != 0 || same != tip || time.Since(began) < 30*time.Millisecond {
		t.Errorf("a wait for nothing: %v, %v, %v after %s", ds, same, err, time.Since(began))
	}
	type followed struct {
		ds  []news.Decision
		tip store.Tip
		err error
	}
	came := make(chan followed)
	go func() {
		ds, tip, err := p.b.Follow(t.Context(), tip, time.Minute)
		came <- followed{ds, tip, err}
	}()
	next := appendTo(t, p.a, tip, 2)
	if f := <-came; f.err != nil || len(f.ds) != 2 || f.tip != next {
		t.Errorf("a wait brought %d decisions, %v, %v; want 2, %v", len(f.ds), f.tip, f.err, next)
	}
}

func followCancelled(t *testing.T, p *pair) {
	tip := appendTo(t, p.a, store.Tip{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	came := make(chan error)
	go func() {
		_, _, err := p.b.Follow(ctx, tip, time.Hour)
		came <- err
	}()
	cancel()
	if err := <-came; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait says %v", err)
	}
	if err := p.b.Close(); err != nil { // and ends
		t.Error(err)
	}
}

func followExpired(t *testing.T, p *pair) {
	one := appendTo(t, p.a, store.Tip{}, 2)
	two := appendTo(t, p.a, one, 2)
	three := appendTo(t, p.a, two, 2)
	if err := p.a.Expire(t.Context(), two.At); err != nil {
		t.Fatal(err)
	}
	_, _, err := p.b.Follow(t.Context(), one, 0)
	lost(t, "a tip behind which decisions expired", err)
	ds, tip := read(t, p.b, two)
	if len(ds) != 2 || tip != three {
		t.Errorf("the last that expired: %d decisions up to %v, want 2 and %v", len(ds), tip, three)
	}
	_, _, err = p.b.Follow(t.Context(), store.Tip{At: two.At, Chain: "other"}, 0)
	lost(t, "another log's tip at the last that expired", err)
	if ds, tip = read(t, p.b, store.Tip{}); len(ds) != 2 || tip != three {
		t.Errorf("from the beginning: %d decisions up to %v, want 2 and %v", len(ds), tip, three)
	}
	if err := p.b.Expire(t.Context(), three.At+10); err != nil { // as a restored backup begins
		t.Fatal(err)
	}
	if ds, tip = read(t, p.a, store.Tip{}); len(ds) != 0 || tip.At != three.At+10 {
		t.Errorf("an empty log that begins at %d: %d decisions up to %v", three.At+10, len(ds), tip)
	}
	appendTo(t, p.a, tip, 1)
}

func lost(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrLost) {
		t.Errorf("%s: %v, want %v", what, err, store.ErrLost)
	}
}

func appendAt(t *testing.T, p *pair) {
	one := appendTo(t, p.a, store.Tip{}, 2)
	two := appendTo(t, p.b, one, 2)
	for what, at := range map[string]store.Tip{"the tip before": one, "the beginning": {}} {
		if _, err := p.a.AppendAt(t.Context(), at, news1(at.At, 1)); !behindErr(err) {
			t.Errorf("append at %s: %v, want %v", what, err, store.ErrBehind)
		}
	}
	for what, at := range map[string]store.Tip{"another log's tip": {At: two.At, Chain: "other"}, "a position to come": {At: two.At + 1, Chain: two.Chain}, "another log's past": {At: one.At, Chain: "other"}} {
		_, err := p.a.AppendAt(t.Context(), at, news1(at.At, 1))
		lost(t, "append at "+what, err)
	}
	if ds, tip := read(t, p.a, store.Tip{}); len(ds) != 4 || tip != two {
		t.Errorf("%d decisions up to %v, want 4 and %v", len(ds), tip, two)
	}
}

// pollOnly: nine polls of ten bring nothing new, and need not wait for one another.
func pollOnly(t *testing.T, p *pair) {
	one := appendTo(t, p.a, store.Tip{}, 2)
	appendTo(t, p.b, one, 2)
	poll := store.Batch{Polls: []news.Poll{{Source: "a", Next: minute(5), Last: minute(1)}}, Marks: map[string]string{"m": "v"}}
	tip, err := p.a.AppendAt(t.Context(), one, poll)
	if err != nil || tip != one {
		t.Errorf("kept at %v, %v; want %v", tip, err, one)
	}
	if got, err := p.b.Poll(t.Context(), "a"); err != nil || !got.Last.Equal(minute(1)) {
		t.Errorf("the poll kept is %v, %v", got, err)
	}
	_, err = p.a.AppendAt(t.Context(), store.Tip{At: one.At, Chain: "other"}, poll)
	lost(t, "a poll of another log", err)
}

// A poll that brought nothing new because its items are in the log must not be
// kept where that log is no more: they would never come again.
func wiped(t *testing.T, p *pair) {
	tip := appendTo(t, p.a, store.Tip{}, 2)
	p.Wipe(t)
	lostAt(t, p, tip)
	tip = appendTo(t, p.a, store.Tip{}, 1)
	if ds, again := read(t, p.b, store.Tip{}); len(ds) != 1 || again != tip {
		t.Errorf("the new log is read as %v up to %v, want one decision up to %v", ds, again, tip)
	}
}

func lostAt(t *testing.T, p *pair, tip store.Tip) {
	t.Helper()
	_, _, err := p.b.Follow(t.Context(), tip, 0)
	lost(t, "following", err)
	_, err = p.b.AppendAt(t.Context(), tip, store.Batch{Polls: []news.Poll{{Source: "a"}}})
	lost(t, "keeping a poll", err)
	_, err = p.b.AppendAt(t.Context(), tip, news1(tip.At, 1))
	lost(t, "appending", err)
}

func lostEnd(t *testing.T, p *pair) {
	one := appendTo(t, p.a, store.Tip{}, 2)
	var two store.Tip
	p.Lose(t, func() { two = appendTo(t, p.a, one, 3) })
	eventually(t, "the store answers again", func() bool {
		at, err := p.b.At(t.Context())
		if err == nil && at != one.At {
			t.Fatalf("the log ends at %d, want %d", at, one.At)
		}
		return err == nil
	})
	lostAt(t, p, two)
	if _, tip := read(t, p.b, one); tip != one {
		t.Errorf("what was not lost is followed to %v, want %v", tip, one)
	}
	other := appendTo(t, p.a, one, 5) // another history passes the tip
	lostAt(t, p, two)
	if ds, tip := read(t, p.b, one); len(ds) != 5 || tip != other {
		t.Errorf("followed %d to %v, want 5 to %v", len(ds), tip, other)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in a minute: %s", what)
		}
	}
}

// wide limits are in nobody's way.
var wide = store.Limits{PerHost: 1000, Lease: time.Minute}
