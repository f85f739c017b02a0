// Package storetest is the contract of a store as tests. Each twin runs it:
//
//	func TestContract(t *testing.T) { storetest.Run(t, open) }
//
// and RunShared (shared.go) if several processes may share it. It is long, for it
// is two contracts, each written down once.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// An Open opens the store that lives at a place, a folder that outlives it.
type Open func(place string) (store.Store, error)

// Run holds a store to the contract.
func Run(t *testing.T, open Open) {
	tests := map[string]func(*testing.T, *site){
		"an empty store":                      empty,
		"a batch is kept whole":               whole,
		"an append behind the log is refused": behind,
		"a cancelled append keeps nothing":    cancelled,
		"the shelf follows the stories":       shelf,
		"people's words":                      people,
		"the shelf's order":                   order,
		"reading from a position":             since,
		"long readings":                       long,
		"a reader may write meanwhile":        meanwhile,
		"side by side":                        sideBySide,
		"marks":                               marks,
		"expiring":                            expiring,
		"expiring ahead of an empty log":      ahead,
		"closing and opening again":           reopen,
		"backup and restore":                  backup,
		"a backup while others append":        busyBackup,
		"a backup with lines missing":         brokenBackup,
		"killed while appending":              func(t *testing.T, s *site) { killed(t, s) },
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := &site{t: t, open: open, place: t.TempDir()}
			if child(t, s) {
				return
			}
			s.start()
			defer s.stop()
			test(t, s)
		})
	}
}

// A site is one store under test.
type site struct {
	t     *testing.T
	open  Open
	place string
	store.Store
}

func (s *site) start() {
	s.t.Helper()
	opened, err := s.open(s.place)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Store = opened
}

func (s *site) stop() {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) append(b store.Batch) {
	s.t.Helper()
	at := s.at()
	next, err := s.Append(s.t.Context(), at, b)
	if err != nil {
		s.t.Fatal(err)
	}
	if want := at + news.Position(len(b.Decisions)); next != want {
		s.t.Fatalf("the log ends at %d, want %d", next, want)
	}
}

func (s *site) at() news.Position {
	s.t.Helper()
	at, err := s.At(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return at
}

// everything is all that a store says it holds, to compare two moments.
func (s *site) everything() map[string]any {
	s.t.Helper()
	ctx := s.t.Context()
	counts, err := s.Count(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	shelves := map[string][]news.Story{}
	for topic := range counts {
		shelves[topic] = all(s.t, s.Shelf(ctx, topic))
	}
	decisions := all(s.t, s.Since(ctx, 0))
	var at []news.Position
	for _, d := range decisions {
		at = append(at, d.Pos)
	}
	items, err := s.Items(ctx, at...)
	if err != nil {
		s.t.Fatal(err)
	}
	mark, err := s.Mark(ctx, "rules")
	if err != nil {
		s.t.Fatal(err)
	}
	return map[string]any{
		"at": s.at(), "log": decisions, "items": items, "stories": all(s.t, s.Stories(ctx, 0)),
		"shelves": shelves, "counts": counts, "polls": all(s.t, s.Polls(ctx)), "mark": mark,
	}
}

func all[T any](t *testing.T, seq iter.Seq2[T, error]) (vs []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		vs = append(vs, v)
	}
	return vs
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("not what was kept (- want, + got):\n%s", d)
	}
}

// minute is a moment of the test's clock.
func minute(n int) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
}

// news1 is a batch in which one source tells n new stories behind `at`.
func news1(at news.Position, n int, topics ...string) store.Batch {
	b := store.Batch{Items: map[news.Position]news.Item{}, Marks: map[string]string{"rules": fmt.Sprint("r", at)}}
	for i := range n {
		pos := at + news.Position(i) + 1
		it := item(pos)
		b.Items[pos] = it
		d := news.Decision{Pos: pos, At: minute(int(pos)), Source: it.Source, Fate: news.New, Story: pos, Since: it.Since(),
			Keys: news.Keys{ID: uint64(pos) << 3, URL: 1<<60 + uint64(pos), Title: 2, Digest: 3, Text: []uint64{5, uint64(pos)}}}
		d.ID[15] = byte(pos)
		b.Decisions = append(b.Decisions, d)
		b.Stories = append(b.Stories, story(pos, it, topics...))
	}
	b.Polls = []news.Poll{{Source: "example.org/feed", Last: minute(int(at)), Next: minute(int(at) + 15), Why: "schedule", ETag: `W/"é"`, Status: 200,
		Seen: []news.Seen{{ID: uint64(at) + 1, Raw: 1<<64 - 1, Since: minute(0).Unix()}}}}
	return b
}

func item(pos news.Position) news.Item {
	return news.Item{
		Source: "example.org/feed", GUID: fmt.Sprint("g", pos), URL: fmt.Sprint("https://example.org/", pos),
		Title: fmt.Sprint("维吾尔 & story ", pos), HTML: fmt.Sprintf("<p>%d %s</p>", pos, bytes.Repeat([]byte("words in a row "), 40)),
		Published: minute(int(pos)), Seen: minute(int(pos) + 1), Labels: []string{"World", "Ásia"}, Authors: []news.Person{{Name: "A. Writer"}},
		Enclosures: []news.Enclosure{{URL: "https://example.org/a.mp3", Type: "audio/mpeg", Length: 1 << 33, Duration: time.Minute}},
	}
}

func story(pos news.Position, it news.Item, topics ...string) news.Story {
	st := news.Story{
		ID: fmt.Sprintf("00000000-0000-5000-8000-%012d", pos), Pos: pos, Published: it.Since(), Updated: it.Since(),
		Lead: news.Telling{Pos: pos, Source: it.Source, Name: "Example", GUID: it.GUID, URL: it.URL, Title: it.Title, Tier: 5, Since: it.Since(), Seen: it.Seen, Digest: 1<<64 - 1},
	}
	for _, topic := range topics {
		st.Topics = append(st.Topics, news.Filing{Topic: topic, Rule: "match: story", Words: []string{"story"}})
	}
	return st
}

// behindErr is what an append at a wrong position must say.
func behindErr(err error) bool { return errors.Is(err, store.ErrBehind) }

func sideBySide(t *testing.T, s *site) {
	const writers, each = 4, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for kept := 0; kept < each; {
				at, err := s.At(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				_, err = s.Append(t.Context(), at, news1(at, 1, "World"))
				if err == nil {
					kept++
				} else if !behindErr(err) {
					t.Error(err)
					return
				}
				if _, err := s.Count(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := len(all(t, s.Since(t.Context(), 0))); got != writers*each {
		t.Errorf("%d decisions kept, want %d", got, writers*each)
	}
}
