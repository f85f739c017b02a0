package poll

import (
	"context"
	"slices"
	"strings"
	"testing"

	"aggregator/internal/news"
)

// taken is a desk at which a told a story, alone or before b did, and whose next
// document says that it is deleted.
func taken(t *testing.T, alsoB bool) *desk {
	d := newDesk(t, "a", "b")
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	d.pass()
	if alsoB {
		d.set("b.example/feed", item("9", "https://b.example/9", "Dam breaks", dam))
		d.pass()
	}
	d.withdrawn = map[string][]string{"a.example/feed": {"1", "never told"}}
	d.set("a.example/feed")
	d.pass()
	return d
}

func (d *desk) goneOf(topic string) []news.Gone {
	d.t.Helper()
	mark, err := d.store.Mark(d.t.Context(), news.GoneMark(topic))
	if err != nil {
		d.t.Fatal(err)
	}
	return news.ReadGone(mark)
}

// Nobody else tells it: it is kept, hidden, and told as gone; once.
func TestWithdrawn(t *testing.T) {
	d := taken(t, false)
	st := d.one()
	if !st.Hidden || st.Lead.Withdrawn.IsZero() || len(st.Topics) != 0 {
		t.Fatalf("%+v", st)
	}
	if gone := d.goneOf("Dams"); len(gone) != 1 || !strings.Contains(gone[0].ID, st.ID) {
		t.Errorf("gone from Dams: %+v", gone)
	}
	at, err := d.store.At(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.pass()
	if again, err := d.store.At(t.Context()); again != at || err != nil {
		t.Errorf("said again, it is taken again: the log went from %d to %d, %v", at, again, err)
	}
	// A person has the last word.
	if _, err := d.open().Heed(t.Context(), Word{Fate: news.Shown, Story: st.Pos}); err != nil {
		t.Fatal(err)
	}
	d.pass()
	if st := d.one(); st.Hidden || len(d.goneOf("Dams")) != 0 {
		t.Errorf("what a person shows is hidden again: %+v", st)
	}
}

// The reason is in the log, for who asks why.
func TestWithdrawnIsExplained(t *testing.T) {
	d := taken(t, false)
	var last news.Decision
	for dec, err := range d.store.Since(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		last = dec
	}
	if last.Fate != news.Hidden || last.Reason != "withdrawn by a: its feed says that the entry is deleted" {
		t.Errorf("%+v", last)
	}
}

// Others tell it: they go on, under the same id.
func TestWithdrawnOfMany(t *testing.T) {
	d := taken(t, true)
	all := d.stories()
	if len(all) != 2 || all[0].Hidden || all[0].Lead.Source != "b.example/feed" || len(all[0].Also) != 0 {
		t.Fatalf("%+v", all)
	}
	if !all[1].Hidden || all[1].Lead.Source != "a.example/feed" || all[1].Lead.Withdrawn.IsZero() {
		t.Errorf("what was withdrawn: %+v", all[1])
	}
	if gone := d.goneOf("Dams"); len(gone) != 0 {
		t.Errorf("a story that goes on is told as gone: %+v", gone)
	}
	d.pass()
	if again := d.stories(); len(again) != 2 || again[0].Hidden {
		t.Errorf("said again: %+v", again)
	}
}

// Another tells it after it was withdrawn: it is published again, and that one
// leads.
func TestWithdrawnAndTold(t *testing.T) {
	d := taken(t, false)
	d.set("b.example/feed", item("9", "https://b.example/9", "Dam breaks", dam))
	d.pass()
	st := d.one()
	if st.Hidden || st.Lead.Source != "b.example/feed" || len(st.Also) != 1 || len(st.Topics) == 0 {
		t.Fatalf("%+v", st)
	}
	if gone := d.goneOf("Dams"); len(gone) != 0 {
		t.Errorf("it is told as gone: %+v", gone)
	}
}

// What left the midst of a document is asked for; only a 410 withdraws it, and
// two are asked for at most.
func TestMissing(t *testing.T) {
	d := newDesk(t, "a")
	var items []news.Item
	for _, n := range []string{"1", "2", "3", "4"} {
		items = append(items, item(n, "https://a.example/"+n, "Report "+n, "A report of its own, number "+n+", about the harbour of town "+n+"."))
	}
	d.set("a.example/feed", items...)
	d.pass()
	var asked []string
	d.plan.Gone = func(_ context.Context, address string) bool {
		asked = append(asked, address)
		return strings.HasSuffix(address, "/2")
	}
	d.missing = map[string][]string{"a.example/feed": {"unknown", "1"}}
	d.pass()
	d.missing = map[string][]string{"a.example/feed": {"1", "2", "3"}}
	d.pass()
	if want := []string{"https://a.example/1", "https://a.example/1", "https://a.example/2"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	for _, st := range d.stories() {
		if st.Hidden != (st.Lead.GUID == "2") {
			t.Errorf("%s hidden: %v", st.Lead.GUID, st.Hidden)
		}
	}
}
