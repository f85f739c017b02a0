package poll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/topic"
)

// heed says a word in a process of its own.
func (d *desk) heed(w Word) news.Decision {
	d.t.Helper()
	said, err := d.open().Heed(d.t.Context(), w)
	if err != nil {
		d.t.Fatal(err)
	}
	return said
}

// refuse wants a word to be refused, for any reason if want is nil, and nothing changed.
func (d *desk) refuse(w Word, want error) {
	d.t.Helper()
	before := d.stories()
	if _, err := d.open().Heed(d.t.Context(), w); err == nil || want != nil && !errors.Is(err, want) {
		d.t.Errorf("%v: %v, want %v", w, err, want)
	}
	if diff := cmp.Diff(before, d.stories()); diff != "" {
		d.t.Errorf("%v was refused, and changed:\n%s", w, diff)
	}
}

// at is the kept story that began at a position.
func (d *desk) at(pos news.Position) news.Story {
	d.t.Helper()
	found, err := d.store.Story(d.t.Context(), pos)
	if err != nil || len(found) != 1 {
		d.t.Fatalf("story %d: %v", pos, err)
	}
	return found[pos]
}

func (d *desk) shelf(name string) (at []news.Position) {
	d.t.Helper()
	for st, err := range d.store.Shelf(d.t.Context(), name) {
		if err != nil {
			d.t.Fatal(err)
		}
		at = append(at, st.Pos)
	}
	slices.Sort(at)
	return at
}

// told names the sources that tell a story, the lead first.
func told(st news.Story) (names []string) {
	for _, t := range st.Tellings() {
		names = append(names, t.Name)
	}
	return names
}

func wants[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (- want, + got):\n%s", what, d)
	}
}

// copies is a desk where a, b and c print one story, a first: positions 1 to 3.
func copies(t *testing.T) *desk {
	d := newDesk(t, "a", "b", "c")
	for i, name := range []string{"a", "b", "c"} {
		it := item("1", "https://"+name+".example/1", "Dam breaks", dam)
		it.Published = time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
		d.set(name+".example/feed", it)
	}
	d.pass()
	wants(t, "one story", told(d.one()), []string{"a", "b", "c"})
	return d
}

// apart is a desk where a and b tell two stories, at positions 1 and 2.
func apart(t *testing.T) *desk {
	d := newDesk(t, "a", "b", "c")
	for i, name := range []string{"a", "b"} {
		it := item("1", "https://"+name+".example/1", "Dam breaks in "+name, dam+" So says "+name+".")
		it.Published = time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
		d.set(name+".example/feed", it)
	}
	d.pass()
	return d
}

func TestSplit(t *testing.T) {
	d := copies(t)
	d.rules(topic.Rule{Name: "Dams", Match: parse(t, "dam")}, topic.Rule{Name: "Valleys", Match: parse(t, "text:valley")})
	before := d.at(1)
	said := d.heed(Word{Fate: news.Split, Story: 1, Of: 2, Who: "anna"})
	if said.Pos != 4 || said.Story != 4 || said.Of != 2 || said.Reason != "by anna" || said.Refused.Of != 1 {
		t.Errorf("the decision: %+v", said)
	}
	wants(t, "what stays", told(d.at(1)), []string{"a", "c"})
	wants(t, "what left", told(d.at(4)), []string{"b"})
	if st := d.at(1); st.ID != before.ID || !st.Updated.Equal(before.Updated) {
		t.Errorf("what stays keeps its id and dates: %+v", st)
	}
	if st := d.at(4); st.ID == before.ID || st.Lead.Reason != "" || !st.Published.Equal(time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("what left has its own: %+v", st)
	}
	wants(t, "on the shelf", d.shelf("Dams"), []news.Position{1, 4})
	wants(t, "by their text", d.shelf("Valleys"), []news.Position{1, 4})

	// It comes again, unchanged and then revised; the source never heard of us.
	if r := d.pass(); r.Items != (Items{Received: 3, Known: 3}) {
		t.Errorf("polled again: %+v", r.Items)
	}
	d.set("b.example/feed", item("1", "https://b.example/1", "Dam breaks, b says", dam))
	if r := d.pass(); r.Items != (Items{Received: 3, Known: 2, Revised: 1}) {
		t.Errorf("revised: %+v", r.Items)
	}
	if st := d.at(4); st.Lead.Title != "Dam breaks, b says" || len(st.Also) != 0 || !slices.Equal(st.Lead.Revisions, []news.Position{4}) {
		t.Errorf("the revision went elsewhere: %+v", st)
	}
	wants(t, "what stays", told(d.at(1)), []string{"a", "c"})
	d.refuse(Word{Fate: news.Split, Story: 4, Of: 5}, errOnly)
	d.refuse(Word{Fate: news.Split, Story: 1, Of: 2}, errNoTelling)
	d.refuse(Word{Fate: news.Split, Story: 99, Of: 2}, errForgotten)
}

// The lead leaves: the rest chooses another, under the old id; words that a
// reader sees changed or did not.
func TestSplitOfTheLead(t *testing.T) {
	d := copies(t)
	before := d.at(1)
	d.heed(Word{Fate: news.Split, Story: 1, Of: 1})
	if st := d.at(1); st.Lead.Name != "b" || st.ID != before.ID || !st.Updated.Equal(before.Updated) {
		t.Errorf("the same words are no update: %+v", st)
	}
	d.heed(Word{Fate: news.Merged, Story: 1, Of: 4})
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks, two dead", dam+" Two died in the flood that followed, and forty are missing."))
	d.pass()
	revised := d.at(1)
	wants(t, "all again", told(revised), []string{"a", "b", "c"})
	for !time.Now().Truncate(time.Millisecond).After(revised.Updated) { // what is kept is of whole milliseconds
	}
	d.heed(Word{Fate: news.Split, Story: 1, Of: revised.Lead.Pos})
	if st := d.at(1); st.Lead.Name != "b" || !st.Updated.After(revised.Updated) {
		t.Errorf("other words are an update: %+v", st)
	}
	ids := map[string]bool{}
	for _, st := range d.stories() {
		ids[st.ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d ids of 3 stories", len(ids))
	}
}

func TestMerge(t *testing.T) {
	d := apart(t)
	first, second := d.at(1), d.at(2)
	said := d.heed(Word{Fate: news.Merged, Story: 1, Of: 2})
	if said.Pos != 3 || said.Reason != "by a person" {
		t.Errorf("the decision: %+v", said)
	}
	st := d.at(1)
	wants(t, "told by", told(st), []string{"a", "b"})
	wants(t, "merged", st.Merged, []string{second.ID})
	if reason, similarity := st.Evidence(st.Also[0]); reason != "person" || similarity != 1 || !st.Updated.Equal(first.Updated) {
		t.Errorf("%s %v, updated %v", reason, similarity, st.Updated)
	}
	if gone := d.at(2); gone.Into != 1 || len(gone.Topics) != 0 || gone.ID != second.ID {
		t.Errorf("what is merged remembers where it went: %+v", gone)
	}
	wants(t, "on the shelf", d.shelf("Dams"), []news.Position{1})

	// Later copies and revisions of b's telling join a's story.
	d.set("c.example/feed", item("1", "https://c.example/1", "Dam breaks in b", dam+" So says b."))
	d.set("b.example/feed", item("1", "https://b.example/1", "Dam breaks in b, too", dam))
	if r := d.pass(); r.Items != (Items{Received: 3, Known: 1, Duplicate: 1, Revised: 1}) {
		t.Errorf("%+v", r.Items)
	}
	wants(t, "told by", told(d.at(1)), []string{"a", "b", "c"})
	if got := d.find(second.ID); got != 1 {
		t.Errorf("the id of what is merged finds story %d", got)
	}
	d.refuse(Word{Fate: news.Merged, Story: 1, Of: 1}, errItself)
	d.refuse(Word{Fate: news.Merged, Story: 1, Of: 2}, errItself)
	d.refuse(Word{Fate: news.Merged, Story: 1, Of: 77}, errForgotten)
}

// find is where the story is that is called by an id, in another process.
func (d *desk) find(id string) news.Position {
	d.t.Helper()
	p := d.open()
	if err := p.CatchUp(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	var raw [16]byte
	var parts [5][]byte
	if _, err := fmt.Sscanf(id, "%8x-%4x-%4x-%4x-%12x", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4]); err != nil {
		d.t.Fatal(err)
	}
	copy(raw[:], slices.Concat(parts[:]...))
	return p.Story(raw)
}

// A story that has taken in others is merged again: all of them lead on.
func TestMergeOfMerged(t *testing.T) {
	d := apart(t)
	d.set("c.example/feed", item("1", "https://c.example/1", "Rain in c", "It rained all day in c, and nobody went out."))
	d.pass()
	a, b := d.at(1).ID, d.at(2).ID
	d.heed(Word{Fate: news.Merged, Story: 2, Of: 1})
	d.heed(Word{Fate: news.Merged, Story: 3, Of: 2})
	st := d.at(3)
	wants(t, "merged", st.Merged, []string{b, a})
	if d.find(a) != 3 || d.find(b) != 3 {
		t.Errorf("they lead to %d and %d", d.find(a), d.find(b))
	}
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks in a, again", dam))
	d.pass()
	if n := len(d.at(3).Tellings()); n != 3 {
		t.Errorf("%d tellings after a revision of the first", n)
	}
}

// Two stories that were merged in turn are forgotten in turn.
func TestForgettingMergeOfMerged(t *testing.T) {
	d := apart(t)
	d.set("c.example/feed", item("1", "https://c.example/1", "Rain in c", "It rained all day in c, and nobody went out."))
	d.pass()
	b := d.at(2).ID
	d.heed(Word{Fate: news.Merged, Story: 2, Of: 1})
	d.heed(Word{Fate: news.Merged, Story: 3, Of: 2})
	d.forgetTo(1)
	wants(t, "told by", told(d.at(3)), []string{"b", "c"})
	wants(t, "merged", d.at(3).Merged, []string{b})
	d.forgetTo(2)
	wants(t, "told by", told(d.one()), []string{"c"})
}

// All that is left of a story is older than itself: it stays until it goes.
func TestForgettingAllThatIsLeft(t *testing.T) {
	d := apart(t)
	d.heed(Word{Fate: news.Merged, Story: 2, Of: 1})
	d.heed(Word{Fate: news.Split, Story: 2, Of: 2})
	wants(t, "left", told(d.at(2)), []string{"a"})
	d.forgetTo(1)
	wants(t, "left", told(d.at(2)), []string{"a"})
	d.forgetTo(3)
	wants(t, "after all", told(d.one()), []string{"b"})
}

func TestPin(t *testing.T) {
	d := copies(t)
	before := d.at(1)
	if said := d.heed(Word{Fate: news.Pinned, Story: 1, Of: 3}); said.Of != 3 {
		t.Errorf("%+v", said)
	}
	if st := d.at(1); st.Lead.Name != "c" || st.ID != before.ID || !st.Updated.Equal(before.Updated) {
		t.Errorf("the same words are no update: %+v", st)
	}
	d.plan.Sources = append(d.plan.Sources, source(t, "best"))
	d.plan.Sources[3].Tier = 1
	d.set("best.example/feed", item("1", "https://best.example/1", "Dam breaks", dam))
	d.set("c.example/feed", item("1", "https://c.example/1", "Dam breaks: c", dam))
	if r := d.pass(); r.Items.Duplicate != 1 || r.Items.Revised != 1 {
		t.Fatalf("%+v", r.Items)
	}
	if st := d.at(1); st.Lead.Title != "Dam breaks: c" || len(st.Also) != 3 {
		t.Errorf("a better telling took the lead of a pinned one, or its revision lost the pin: %+v", st)
	}
	d.refuse(Word{Fate: news.Pinned, Story: 1, Of: 3}, errPinned)
	d.refuse(Word{Fate: news.Pinned, Story: 1, Of: 99}, errNoTelling)
	d.heed(Word{Fate: news.Pinned, Story: 1, Of: 1})
	wants(t, "the pin moves", d.at(1).Lead.Name, "a")
	was := d.at(1).Updated
	d.heed(Word{Fate: news.Pinned, Story: 1})
	if st := d.at(1); st.Lead.Name != "best" || !st.Updated.Equal(was) {
		t.Errorf("without a pin %s leads", st.Lead.Name)
	}
	d.refuse(Word{Fate: news.Pinned, Story: 1}, errNotPinned)
}

// A pin goes neither with a telling that leaves nor with a story that is merged.
func TestPinEnds(t *testing.T) {
	d := copies(t)
	d.heed(Word{Fate: news.Pinned, Story: 1, Of: 3})
	d.heed(Word{Fate: news.Split, Story: 1, Of: 3})
	if st := d.at(4 + 1); st.Lead.Pinned {
		t.Error("split away with its pin")
	}
	d.heed(Word{Fate: news.Pinned, Story: 5, Of: 5})
	d.heed(Word{Fate: news.Merged, Story: 1, Of: 5})
	wants(t, "led by", d.at(1).Lead.Name, "a")
}

func TestHide(t *testing.T) {
	d := apart(t)
	d.heed(Word{Fate: news.Hidden, Story: 1})
	wants(t, "on the shelf", d.shelf("World"), []news.Position{2})
	// Later tellings join it, and no rule puts it back.
	d.set("c.example/feed", item("1", "https://c.example/1", "Dam breaks in a", dam+" So says a."))
	d.pass()
	wants(t, "told by", told(d.at(1)), []string{"a", "c"})
	d.rules(topic.Rule{Name: "World", Match: parse(t, "*")}, topic.Rule{Name: "Floods", Match: parse(t, "water")})
	d.open()
	wants(t, "under changed rules", d.shelf("Floods"), []news.Position{2})
	wants(t, "under changed rules", d.shelf("World"), []news.Position{2})
	d.refuse(Word{Fate: news.Hidden, Story: 1}, errIsHidden)
	d.refuse(Word{Fate: news.Merged, Story: 2, Of: 1}, errHidden)
	d.refuse(Word{Fate: news.Merged, Story: 1, Of: 2}, errHidden)
	c := d.at(1).Also[0].Pos
	left := d.heed(Word{Fate: news.Split, Story: 1, Of: c}).Story
	wants(t, "what is split from it", d.shelf("Floods"), []news.Position{2, left})
	d.heed(Word{Fate: news.Shown, Story: 1})
	wants(t, "shown again", d.shelf("Floods"), []news.Position{1, 2, left})
	d.refuse(Word{Fate: news.New, Story: 1}, nil)
	d.refuse(Word{Fate: news.Shown, Story: 1}, errIsShown)
}

// What is told to which topics is that feeds change at once.
func TestHeedSaysWhatChanged(t *testing.T) {
	d := apart(t)
	p := d.open()
	var changed []string
	p.Changed = func(topics []string) { changed = append(changed, topics...) }
	if _, err := p.Heed(t.Context(), Word{Fate: news.Hidden, Story: 1}); err != nil {
		t.Fatal(err)
	}
	wants(t, "changed", changed, []string{"Dams", "World"})
}

// Another replica appends first, or nothing can be kept.
func TestHeedIsOneStep(t *testing.T) {
	d, other := copies(t), newDesk(t, "n")
	other.store, other.plan.Filer = d.store, d.plan.Filer
	other.set("n.example/feed", item("1", "https://n.example/1", "Rain", "It rained all day, and nobody went out."))
	kept := d.store
	d.store = &racing{kept, func() { other.pass() }}
	if said := d.heed(Word{Fate: news.Split, Story: 1, Of: 3}); said.Pos != 5 {
		t.Errorf("decided again behind the other: %+v", said)
	}
	d.store = &failing{kept, 1}
	before := d.stories()
	if _, err := d.open().Heed(t.Context(), Word{Fate: news.Hidden, Story: 1}); err == nil {
		t.Error("kept on a full disk")
	}
	wants(t, "after a word that was not kept", d.stories(), before)
}

// While it runs, a word waits for its turn.
func TestHeedWhileRunning(t *testing.T) {
	d := copies(t)
	p, stop := d.running(t)
	err := p.Quiet(t.Context(), func(ctx context.Context) error {
		_, err := p.Heed(ctx, Word{Fate: news.Split, Story: 1, Of: 2})
		return err
	})
	if err != nil || p.Telling(4) != 4 {
		t.Errorf("%v, told by story %d", err, p.Telling(4))
	}
	if r, err := p.Pass(t.Context(), nil, true); err != nil || r.Items.Known != 3 {
		t.Errorf("%+v, %v", r.Items, err)
	}
	stop()
}

// People, polls and readers side by side: nothing is lost, and no word is heard
// half.
func TestHeedSideBySide(t *testing.T) {
	d := copies(t)
	p, stop := d.running(t)
	var wg sync.WaitGroup
	const times = 10
	for range 2 {
		wg.Go(func() {
			for range times {
				for _, fate := range []news.Fate{news.Hidden, news.Shown} {
					err := p.Quiet(t.Context(), func(ctx context.Context) error {
						_, err := p.Heed(ctx, Word{Fate: fate, Story: 1})
						return err
					})
					if err != nil && !errors.Is(err, errIsHidden) && !errors.Is(err, errIsShown) {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Go(func() {
		for i := range times {
			d.set("b.example/feed", item("1", "https://b.example/1", fmt.Sprint("Dam breaks, ", i), dam))
			if _, err := p.Pass(t.Context(), nil, true); err != nil {
				t.Error(err)
			}
			if told := p.Told("https://b.example/1"); len(told) != 1 || p.Telling(1) != 1 {
				t.Errorf("told in %v", told)
			}
		}
	})
	wg.Wait()
	stop()
	st := d.one()
	if len(st.Tellings()) != 3 || d.find(st.ID) != 1 {
		t.Errorf("%q", told(st))
	}
	revised := find(st.Tellings(), 2)
	if n := len(st.Tellings()[revised].Revisions); n != times {
		t.Errorf("%d revisions of %d", n, times)
	}
}

// forgetTo forgets up to a position, as time would.
func (d *desk) forgetTo(to news.Position) {
	d.t.Helper()
	p := d.open()
	if err := p.forgetMerged(d.t.Context(), to, time.Now().UTC()); err != nil {
		d.t.Fatal(err)
	}
	if err := d.store.Expire(d.t.Context(), to); err != nil {
		d.t.Fatal(err)
	}
}

// A story is forgotten with its beginning. A telling that came later is known
// when it stands there yet, and begins a story when its words change.
func TestForgettingABeginning(t *testing.T) {
	d := copies(t)
	d.forgetTo(1)
	d.plan.Sources[1].Drop = parse(t, "nothing") // the whole document again
	if r := d.pass(); r.Items != (Items{Received: 3, Known: 3}) {
		t.Errorf("unchanged: %+v", r.Items)
	}
	d.set("b.example/feed", item("1", "https://b.example/1", "Dam breaks: b", dam))
	if r := d.pass(); r.Items != (Items{Received: 3, Known: 2, New: 1}) {
		t.Errorf("changed: %+v", r.Items)
	}
	wants(t, "told by", told(d.one()), []string{"b"})
}

func TestForgettingWhatWasSplit(t *testing.T) {
	d := copies(t)
	d.heed(Word{Fate: news.Split, Story: 1, Of: 2})
	d.forgetTo(3)
	st := d.one()
	wants(t, "told by", told(st), []string{"b"})
	if items, err := d.store.Items(t.Context(), st.Lead.Pos); err != nil || items[4].GUID != "1" {
		t.Errorf("its item is kept with it: %v, %v", items, err)
	}
	d.set("b.example/feed", item("1", "https://b.example/1", "Dam breaks: b", dam))
	if r := d.pass(); r.Items.Revised != 1 {
		t.Errorf("%+v", r.Items)
	}
	wants(t, "revised", d.at(4).Lead.Title, "Dam breaks: b")
}

// A younger story took in an older one: what came with that goes when its
// beginning does, and the rest stays.
func TestForgettingWhatWasMerged(t *testing.T) {
	d := apart(t)
	gone := d.at(1).ID
	d.heed(Word{Fate: news.Merged, Story: 2, Of: 1})
	wants(t, "before", told(d.at(2)), []string{"a", "b"})
	was := d.at(2).Updated
	d.forgetTo(1)
	st := d.one()
	wants(t, "after", told(st), []string{"b"})
	if len(st.Merged) != 0 || d.find(gone) != 0 || !st.Updated.After(was) {
		t.Errorf("%+v; %s leads to %d", st, gone, d.find(gone))
	}
	wants(t, "on the shelf", d.shelf("World"), []news.Position{2})

	other := apart(t)
	other.heed(Word{Fate: news.Merged, Story: 2, Of: 1})
	other.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks in a, twice", dam+" So says a."))
	other.pass()
	other.forgetTo(1)
	wants(t, "what was revised since stays", told(other.one()), []string{"a", "b"})
}

func backupOf(t *testing.T, s store.Store) *bytes.Buffer {
	var b bytes.Buffer
	if err := store.Export(t.Context(), s, &b); err != nil {
		t.Fatal(err)
	}
	return &b
}

// A backup brings people's words along.
func TestWordsInABackup(t *testing.T) {
	d := copies(t)
	d.heed(Word{Fate: news.Split, Story: 1, Of: 2})
	d.heed(Word{Fate: news.Pinned, Story: 1, Of: 3})
	d.heed(Word{Fate: news.Hidden, Story: 4})
	other := newDesk(t, "a", "b", "c")
	other.outlets, other.plan = d.outlets, d.plan
	if err := store.Import(t.Context(), other.store, backupOf(t, d.store)); err != nil {
		t.Fatal(err)
	}
	wants(t, "stories", other.stories(), d.stories())
	if r := other.pass(); r.Items != (Items{Received: 3, Known: 3}) {
		t.Errorf("%+v", r.Items)
	}
	wants(t, "hidden and pinned", other.stories(), d.stories())
}
