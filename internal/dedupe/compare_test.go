package dedupe

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aggregator/internal/near"
	"aggregator/internal/news"
)

const derailed = "A freight train derailed near the northern town of Harwick early on Tuesday, spilling grain across both tracks and halting all passenger services until the evening, the railway said."

func report(t *testing.T, hour, source, title, text string) Item {
	it := Prepare(news.Item{Source: source, GUID: title, URL: "https://" + source + ".example/" + hour, Title: title, Text: text, Seen: moment(t, hour)})
	it.Near = NearOthers
	return it
}

// kept is an Index that decided about items, each as it came.
func kept(items ...Item) *Index {
	x := New(7 * 24 * time.Hour)
	for _, it := range items {
		x.Apply(x.Decide([]Item{it}, it.Seen)...)
	}
	return x
}

func TestCompare(t *testing.T) {
	first := report(t, "10:00", "a", "Freight train derails near Harwick, halting passenger services", derailed)
	with := func(change func(*Item)) Item {
		it := report(t, "11:00", "b", "Train derails near Harwick, halting all passenger services", derailed)
		change(&it)
		return it
	}
	for name, c := range map[string]struct {
		with          Item
		reason, guard string
	}{
		"near":    {with(func(*Item) {}), "near", ""},
		"text":    {report(t, "11:00", "b", "Freight train derails near Harwick, halting passenger services", derailed), "text", ""},
		"url":     {with(func(it *Item) { it.Keys.URL = first.Keys.URL }), "url", ""},
		"guid":    {with(func(it *Item) { it.Keys.ID, it.Keys.URL = first.Keys.ID, first.Keys.URL }), "guid", ""},
		"off":     {with(func(it *Item) { it.Near = NearOff }), "", "near text does not count for its source"},
		"own":     {report(t, "11:00", "a", "Train derails near Harwick, halting all passenger services", derailed), "", "this source tells that story already"},
		"window":  {report(t, "15/11:00", "b", "Train derails near Harwick, halting all passenger services", derailed), "", "further apart than dedupe.window"},
		"alike":   {report(t, "11:00", "b", "Freight train strike near Harwick ends after passenger services return", "Drivers went back to work in Harwick."), "", "not alike enough"},
		"strange": {report(t, "11:00", "b", "Parliament passes the budget", "The lower house passed it by two votes."), "", "too few rare words are in both, or many others are nearer: not looked at"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, x := range []*Index{kept(), kept(first), kept(first, c.with)} {
				got := x.Compare(first, c.with, c.with.Seen)
				if got.Reason != c.reason || got.Guard != c.guard || got.Same != (c.reason != "") {
					t.Errorf("%d kept: %v %q, kept apart by %q (similarity %.2f)", x.Len(), got.Same, got.Reason, got.Guard, got.Similarity)
				}
			}
		})
	}
}

// Who tells a story already, or tells another one that is nearer, is kept apart
// by what the Index holds beside the two.
func TestCompareAmongOthers(t *testing.T) {
	const title = "Freight train derails near Harwick, halting passenger services"
	first, told := report(t, "10:00", "a", title, derailed), report(t, "10:30", "b", title, derailed)
	again := report(t, "11:00", "b", "Train derails near Harwick, halting all passenger services", derailed)
	if got := kept(first, told, again).Compare(first, again, again.Seen); got.Guard != "this source tells that story already" {
		t.Errorf("%+v", got.Guard)
	}
	later := report(t, "12:00", "c", "Train derails near Harwick, halting all passenger services", derailed)
	x := kept(first, again, later)
	x.Apply(x.Split(news.Decision{Pos: 3, Keys: later.Keys, Sketch: later.Sketch.Pack()}, later.Item, 1, "a person", moment(t, "12:10")))
	if got := x.Compare(first, again, again.Seen); got.Reason != "near" {
		t.Errorf("what came later counts: %s", got.Guard)
	}
	other := report(t, "10:40", "c", "Train derails near Harwick, halting all passenger services", derailed)
	x = kept(first, other)
	x.Apply(x.Split(news.Decision{Pos: 2, Keys: other.Keys, Sketch: other.Sketch.Pack()}, other.Item, 1, "a person", moment(t, "10:50")))
	again.Source = "d"
	again = Prepare(again.Item)
	again.Near = NearOthers
	if got := x.Compare(first, again, again.Seen); got.Guard != "another story is told by the same text" {
		t.Errorf("%q, by %q", got.Guard, got.Reason)
	}
}

// What is not kept yet is compared as it would be decided.
func TestCompareAsDecided(t *testing.T) {
	first := report(t, "10:00", "a", "Freight train derails near Harwick, halting services", derailed)
	later := report(t, "11:00", "b", "Freight train derails near Harwick", "A freight train derailed near Harwick on Tuesday, spilling grain across both tracks, the railway said.")
	x := kept(first, report(t, "10:10", "c", "Harwick votes", "Harwick elects a mayor on Tuesday."))
	d := x.Decide([]Item{later}, later.Seen)[0]
	got := x.Compare(first, later, later.Seen)
	if decided := max(d.Similarity, d.Refused.Similarity); decided < .05 || decided > .995 || got.Similarity != decided || got.Same != (d.Fate == news.Duplicate) {
		t.Errorf("compared %f, decided %f: %v", got.Similarity, decided, d.Fate)
	}
}

// What the features add, the bias and what the trees mend are the similarity.
func TestCompareAddsUp(t *testing.T) {
	first := report(t, "10:00", "a", "Freight train derails near Harwick, halting services", derailed)
	later := report(t, "11:00", "b", "Grain spilt across tracks as train derails", "Grain was spilt across both tracks near Harwick as a freight train derailed early on Tuesday.")
	got := kept(first, later).Compare(first, later, later.Seen)
	logit := got.Bias + got.Mended
	for i, f := range got.Features {
		if logit += f.Adds; f.Name != near.FeatureNames[i] {
			t.Errorf("feature %d is %s", i, f.Name)
		}
	}
	if want := float32(1 / (1 + math.Exp(-float64(logit)))); math.Abs(float64(got.Similarity-want)) > 1e-4 || got.Copied {
		t.Errorf("similarity %f, adds up to %f", got.Similarity, want)
	}
	copied := report(t, "11:00", "b", "Harwick: all services halted, grain on tracks", derailed)
	if got := kept(first, copied).Compare(first, copied, copied.Seen); !got.Copied || got.Similarity != .9 {
		t.Errorf("a copied text: %v, %f", got.Copied, got.Similarity)
	}
}

// line writes pieces with those that stand alone in brackets.
func line(ps []Piece) string {
	var b strings.Builder
	for i, p := range ps {
		if i > 0 && !p.Joined {
			b.WriteByte(' ')
		}
		if p.Alone {
			fmt.Fprintf(&b, "[%s]", p.Text)
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestCompareShows(t *testing.T) {
	const title = "Exclusive: Dam breaks above the town, ten missing - Meridian Wire"
	a := Prepare(news.Item{Source: "a", GUID: "1", URL: "https://a.example/2026/after-rains-a-dam-gives-way-123456", Title: title, Summary: "HARWICK, March 3 (Reuters) - A dam broke in the night; 10 people are missing.", Feed: news.Feed{Title: "Meridian Wire"}})
	b := Prepare(news.Item{Source: "b", GUID: "1", Title: "洪水冲垮大坝", Summary: "北部小镇 Harwick 附近的大坝星期一决堤。"})
	c := Prepare(news.Item{Source: "c", GUID: "1", Title: "洪水袭击小镇, 大壩決堤", Text: "A dam burst in the night."})
	x := New(time.Hour)
	got := x.Compare(a, c, a.Seen)
	for want, is := range map[string]string{
		"[Dam] [breaks] [above] [the] [town,] [ten] [missing]":       line(x.Compare(a, b, a.Seen).A.Headline),
		"Dam [breaks] [above] the [town,] [ten] [missing]":           line(got.A.Headline),
		"A dam [broke] in the night; [10] [people] [are] [missing.]": line(got.A.Beginning),
		"Exclusive: - Meridian Wire":                                 got.A.CutOff,
		"after rains a dam gives way":                                strings.Join(got.A.Slug, " "),
		"Reuters":                                                    strings.Join(got.A.Agencies, " "),
		"洪水[冲][垮]大坝":                                                 line(x.Compare(b, c, a.Seen).A.Headline),
		"A dam [burst] in the night.":                                line(got.B.Beginning) + got.B.CutOff,
	} {
		if is != want {
			t.Errorf("shows %q, want %q", is, want)
		}
	}
	if got.A.Words != 14 || got.A.Body || got.A.Sketch < len(a.Sketch.Pack()) {
		t.Errorf("%+v", got.A)
	}
}

// Comparing changes nothing, and whatever it compares it comes to an end.
func TestCompareChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, now := New(time.Hour), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		items := document(t, now)
		x.Apply(begun(x.Decide(items, now))...)
		next := document(t, now)
		before := x.Decide(next, now)
		c := x.Compare(items[0], next[0], now)
		if d := cmp.Diff(before, x.Decide(next, now)); d != "" {
			t.Fatalf("comparing changed the mind:\n%s", d)
		}
		if c.Same != (c.Guard == "") || c.Same != (c.Reason != "") || !(c.Similarity >= 0 && c.Similarity <= 1) {
			t.Fatalf("%+v", c)
		}
	})
}

func begun(ds []news.Decision) (kept []news.Decision) {
	for _, d := range ds {
		if d.Fate != news.Known {
			kept = append(kept, d)
		}
	}
	return kept
}
