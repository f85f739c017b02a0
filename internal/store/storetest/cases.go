package storetest

import (
	"bytes"
	"context"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

func empty(t *testing.T, s *site) {
	ctx := t.Context()
	if at := s.at(); at != 0 {
		t.Errorf("the log ends at %d", at)
	}
	same(t, all(t, s.Since(ctx, 0)), []news.Decision(nil))
	same(t, all(t, s.Shelf(ctx, "World")), []news.Story(nil))
	same(t, all(t, s.Shelved(ctx, "World")), []store.Place(nil))
	p, err := s.Poll(ctx, "example.org/feed")
	if err != nil {
		t.Fatal(err)
	}
	same(t, p, news.Poll{Source: "example.org/feed"})
	if marks, err := s.Marks(ctx); len(marks) != 0 || err != nil {
		t.Errorf("marks %v, %v", marks, err)
	}
	if m, err := s.Mark(ctx, "schema"); m != "" || err != nil {
		t.Errorf("mark %q, %v: a store's own marks are not a room's", m, err)
	}
}

// marks are set without a decision, outlive their process, and are forgotten
// when set to nothing.
func marks(t *testing.T, s *site) {
	s.append(store.Batch{Marks: map[string]string{"a": "1", "b 中": "2"}})
	s.append(store.Batch{Marks: map[string]string{"a": "", "never set": "", "c": "3"}})
	s.stop()
	s.start()
	got, err := s.Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, map[string]string{"b 中": "2", "c": "3"})
	if m, err := s.Mark(t.Context(), "a"); m != "" || err != nil {
		t.Errorf("a forgotten mark is %q, %v", m, err)
	}
}

func whole(t *testing.T, s *site) {
	b := news1(0, 3, "World", "China/Human Rights")
	b.Decisions[1].Fate, b.Decisions[1].Reason, b.Decisions[1].Similarity, b.Decisions[1].Story = news.Duplicate, "url", 1, 1
	b.Decisions[1].ID = [16]byte{}
	b.Decisions[1].Of = 1
	b.Decisions[2] = news.Decision{Pos: 3, At: minute(3), Source: "x", Fate: news.Dropped, Reason: `drop: title:"sponsored"`, Title: "Sponsored: 买"}
	delete(b.Items, 3)
	b.Stories = b.Stories[:1]
	s.append(b)
	got := s.everything()
	same(t, got["log"], b.Decisions)
	same(t, got["items"], b.Items)
	same(t, got["stories"], b.Stories)
	same(t, got["polls"], b.Polls)
	same(t, got["counts"], map[string]int{"World": 1, "China/Human Rights": 1})
	same(t, got["mark"], "r0")
	p, err := s.Poll(t.Context(), b.Polls[0].Source)
	if err != nil {
		t.Fatal(err)
	}
	same(t, p, b.Polls[0])
	kept, err := s.Items(t.Context(), 2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, kept, b.Items)
}

// people: what they said is kept like what was decided, and a story under no
// topic is on no shelf.
func people(t *testing.T, s *site) {
	s.append(news1(0, 2, "World"))
	b := store.Batch{Decisions: []news.Decision{
		{Pos: 3, At: minute(3), Since: minute(1), Source: "x", Fate: news.Split, Story: 3, Of: 2, ID: [16]byte{1, 15: 9}, Keys: news.Keys{ID: 7},
			Reason: "by 安娜", Similarity: 1, Sketch: []byte{1, 0, 2}, Refused: news.Refusal{Of: 1, Guard: "person"}},
		{Pos: 4, At: minute(4), Fate: news.Merged, Story: 1, Of: 2},
		{Pos: 5, At: minute(5), Fate: news.Pinned, Story: 1, Of: 2},
		{Pos: 6, At: minute(6), Fate: news.Hidden, Story: 1},
		{Pos: 7, At: minute(7), Fate: news.Shown, Story: 1},
	}, Items: map[news.Position]news.Item{3: item(2)}}
	for st := range s.Stories(t.Context(), 0) {
		b.Stories = append(b.Stories, st)
	}
	b.Stories[0].Hidden, b.Stories[0].Merged, b.Stories[0].Topics = true, []string{b.Stories[1].ID}, nil
	b.Stories[0].Lead.Pinned, b.Stories[0].Event = true, b.Stories[1].ID
	b.Stories[1].Into, b.Stories[1].Topics = 1, nil
	b.Stories = append(b.Stories, story(3, item(2), "World"))
	s.append(b)
	s.stop()
	s.start()
	same(t, all(t, s.Since(t.Context(), 2)), b.Decisions)
	same(t, all(t, s.Stories(t.Context(), 0)), b.Stories)
	same(t, all(t, s.Shelf(t.Context(), "World")), b.Stories[2:])
}

func behind(t *testing.T, s *site) {
	s.append(news1(0, 2, "World"))
	was := s.everything()
	for _, at := range []news.Position{0, 1, 3} {
		if _, err := s.Append(t.Context(), at, news1(at, 1, "Other")); !behindErr(err) {
			t.Errorf("append at %d of 2: %v", at, err)
		}
	}
	same(t, s.everything(), was)
}

func cancelled(t *testing.T, s *site) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, 0, news1(0, 1, "World")); err == nil {
		t.Error("kept all the same")
	}
	if at := s.at(); at != 0 {
		t.Errorf("the log ends at %d", at)
	}
}

func shelf(t *testing.T, s *site) {
	b := news1(0, 2, "World", "China")
	s.append(b)
	moved := b.Stories[0]
	moved.Topics = []news.Filing{{Topic: "China"}, {Topic: "Rights"}}
	moved.Also = []news.Telling{{Pos: 2, Source: "other", Reason: "text", Similarity: 1}}
	s.append(store.Batch{Stories: []news.Story{moved}})
	ctx := t.Context()
	same(t, all(t, s.Shelf(ctx, "World")), []news.Story{b.Stories[1]})
	same(t, all(t, s.Shelf(ctx, "China")), []news.Story{b.Stories[1], moved})
	same(t, all(t, s.Shelf(ctx, "Rights")), []news.Story{moved})
	s.shelved("China")
	moved.Topics = nil
	s.append(store.Batch{Stories: []news.Story{moved}})
	same(t, all(t, s.Shelf(ctx, "Rights")), []news.Story(nil))
	counts, err := s.Count(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, counts, map[string]int{"World": 1, "China": 1})
}

func order(t *testing.T, s *site) {
	b := news1(0, 4, "World")
	b.Stories[0].Published = minute(100)
	b.Stories[1].Published, b.Stories[1].ID = minute(7), "00000000-0000-5000-8000-00000000000b"
	b.Stories[2].Published, b.Stories[2].ID = minute(7), "00000000-0000-5000-8000-00000000000a"
	b.Stories[3].Published = minute(-60 * 24 * 365 * 30)
	s.append(b)
	var got []news.Position
	for _, st := range all(t, s.Shelf(t.Context(), "World")) {
		got = append(got, st.Pos)
	}
	same(t, got, []news.Position{1, 3, 2, 4})
	s.shelved("World")
}

// shelved says that the places of a topic's stories are what the stories say.
func (s *site) shelved(topic string) {
	s.t.Helper()
	var want []store.Place
	for _, st := range all(s.t, s.Shelf(s.t.Context(), topic)) {
		want = append(want, store.Place{Published: st.Published.Truncate(time.Millisecond).UTC(), ID: st.ID, Pos: st.Pos})
	}
	same(s.t, all(s.t, s.Shelved(s.t.Context(), topic)), want)
}

func since(t *testing.T, s *site) {
	b := news1(0, 3, "World")
	s.append(b)
	same(t, all(t, s.Since(t.Context(), 1)), b.Decisions[1:])
	same(t, all(t, s.Stories(t.Context(), 2)), b.Stories[2:])
	for d := range s.Since(t.Context(), 0) {
		same(t, d, b.Decisions[0])
		break
	}
}

func long(t *testing.T, s *site) {
	s.append(news1(0, 1100, "World"))
	if n := len(all(t, s.Since(t.Context(), 0))); n != 1100 {
		t.Errorf("%d decisions", n)
	}
	if n := len(all(t, s.Shelf(t.Context(), "World"))); n != 1100 {
		t.Errorf("%d on the shelf", n)
	}
	s.shelved("World")
}

// meanwhile: filing anew reads all stories and writes them in the same breath.
func meanwhile(t *testing.T, s *site) {
	s.append(news1(0, 700, "World"))
	n := 0
	for st, err := range s.Stories(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		st.Topics = []news.Filing{{Topic: "Other"}}
		s.append(store.Batch{Stories: []news.Story{st}})
		n++
	}
	counts, err := s.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, counts, map[string]int{"Other": 700})
}

func expiring(t *testing.T, s *site) {
	b := news1(0, 4, "World")
	b.Stories[1].Topics = []news.Filing{{Topic: "Old"}}
	s.append(b)
	if err := s.Expire(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	got := s.everything()
	same(t, got["log"], b.Decisions[2:])
	same(t, got["items"], map[news.Position]news.Item{3: b.Items[3], 4: b.Items[4]})
	same(t, got["stories"], b.Stories[2:])
	same(t, got["counts"], map[string]int{"World": 2})
	s.shelved("World")
	same(t, got["at"], news.Position(4))
	same(t, got["polls"], b.Polls)
	s.append(news1(4, 1, "World"))
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stats.Bytes = 0
	same(t, stats, store.Stats{At: 5, Oldest: 3, Decisions: 3, Items: 3, Stories: 3, Topics: 1, Polls: 1})
}

func ahead(t *testing.T, s *site) {
	if err := s.Expire(t.Context(), 41); err != nil {
		t.Fatal(err)
	}
	s.append(news1(41, 1, "World"))
	if at := s.at(); at != 42 {
		t.Errorf("the log ends at %d, want 42", at)
	}
}

func reopen(t *testing.T, s *site) {
	s.append(news1(0, 3, "World", "China"))
	s.append(news1(3, 1, "World"))
	was := s.everything()
	s.stop()
	s.start()
	same(t, s.everything(), was)
	s.append(news1(4, 1))
}

func backup(t *testing.T, s *site) {
	s.append(news1(0, 30, "World", "China"))
	if err := s.Expire(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	var doc bytes.Buffer
	if err := store.Export(t.Context(), s, &doc); err != nil {
		t.Fatal(err)
	}
	other := &site{t: t, open: s.open, place: t.TempDir()}
	other.start()
	defer other.stop()
	if err := store.Import(t.Context(), other, bytes.NewReader(doc.Bytes())); err != nil {
		t.Fatal(err)
	}
	same(t, other.everything(), s.everything())
	var again bytes.Buffer
	if err := store.Export(t.Context(), other, &again); err != nil {
		t.Fatal(err)
	}
	same(t, again.String(), doc.String())
	if err := store.Import(t.Context(), other, &doc); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("a second import: %v", err)
	}
}

// A busy store is appended to by another process while its stories are read.
type busy struct {
	*site
	once sync.Once
}

func (b *busy) Stories(ctx context.Context, after news.Position) iter.Seq2[news.Story, error] {
	return func(yield func(news.Story, error) bool) {
		for st, err := range b.site.Stories(ctx, after) {
			if !yield(st, err) {
				return
			}
			b.once.Do(func() {
				more := news1(b.at(), 2, "World")
				more.Stories[0] = story(3, item(3), "China") // an old one, with a telling more
				more.Stories[0].Also = []news.Telling{story(6, item(6)).Lead}
				more.Decisions[0].Fate, more.Decisions[0].Story = news.Duplicate, 3
				more.Decisions[0].ID = [16]byte{}
				b.append(more)
			})
		}
	}
}

func busyBackup(t *testing.T, s *site) {
	s.append(news1(0, 5, "World"))
	var doc bytes.Buffer
	if err := store.Export(t.Context(), &busy{site: s}, &doc); err != nil {
		t.Fatal(err)
	}
	other := &site{t: t, open: s.open, place: t.TempDir()}
	other.start()
	defer other.stop()
	if err := store.Import(t.Context(), other, &doc); err != nil {
		t.Fatal(err)
	}
	got, want := other.everything(), s.everything()
	same(t, got["polls"], []news.Poll{news1(0, 5).Polls[0]}) // the older one: what it did not see comes again
	delete(got, "polls")
	delete(want, "polls")
	same(t, got, want)
}

func brokenBackup(t *testing.T, s *site) {
	for doc, want := range map[string]string{
		`{"decision":{"Pos":1}}`:                                        "no backup",
		`{"aggregator":{"backup":9}}`:                                   "form 9",
		`{"aggregator":{"backup":1}}` + "\n" + `{"decision":{"Pos":2}}`: "line 2: decision 2 where 1 was due",
		`{"aggregator":{"backup":1}}` + "\n" + `{"item":{}}`:            "without its decision",
		`{"aggregator":{"backup":1}}` + "\n" + `{"deci`:                 "line 2",
	} {
		if err := store.Import(t.Context(), s, strings.NewReader(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("import of %s: %v, want %q in it", doc, err, want)
		}
	}
}
