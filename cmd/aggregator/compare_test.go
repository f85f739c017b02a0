package main

import (
	"strings"
	"testing"
)

// comparing are three outlets, of which B copies A and C tells of the same in
// its own words.
func comparing(t *testing.T, more string) *desk {
	const text = "A freight train derailed near the northern town of Harwick early on Tuesday, spilling grain across both tracks and halting all passenger services until the evening, the railway said."
	o := newOutlets(t)
	o.put("/a", "application/rss+xml", wireDoc(wireItem("a1", "Freight train derails near Harwick, halting passenger services - Outlet", text)))
	o.put("/b", "application/rss+xml", wireDoc(wireItem("b1", "Train accident near Harwick, halting passenger services", text)))
	o.put("/c", "application/rss+xml", wireDoc(wireItem("c1", "Harwick: grain on the tracks, no trains", "Passengers in Harwick were stranded after an accident on Tuesday.")))
	d := newDesk(t, more+"url: http://f.example\n"+polite+"sources:\n  - { name: Meridian Wire, url: "+o.URL+"/a }\n  - { name: B, url: "+o.URL+"/b }\n  - { name: C, url: "+o.URL+"/c }\ntopics: [{ name: All, match: \"*\" }]\n")
	for _, source := range []string{"Meridian Wire", "B", "C"} {
		d.poll(source)
	}
	return d
}

// compared is what compare --json prints.
func (d *desk) compared(a, b string) comparedLine {
	d.t.Helper()
	return lines[comparedLine](d.t, d.must("compare", "--json", a, b))[0]
}

func TestCompare(t *testing.T) {
	d := comparing(t, "listen: \"\"\n")
	d.says([]string{"compare", "https://x.example/a1", "b1"},
		"same story: nearly the same text\nsimilarity ", "together already in urn:uuid:", "the first: began it; the second: near, similarity ",
		"\n@1  Meridian Wire\n  headline  Freight train [derails] near Harwick,", "  headline  Train [accident] near Harwick,", "cut off   - Outlet", "\n@2  B\n", "bytes\n", "  feature\n", "to begin with", ": --all\n")
	d.says([]string{"compare", "c1", "a1"}, "different stories: ", "[Passengers in] Harwick [were stranded")
	both := d.says([]string{"compare", "--all", "a1", "c1"}, "own source", "same agency", "together: similarity")
	if strings.Contains(both, "--all") || strings.Contains(both, "together already") {
		t.Errorf("of all features, and of two stories:\n%s", both)
	}
	l := d.compared("a1", "b1")
	if l.Verdict != "same story" || l.Reason != "near" || l.Similarity < l.Threshold || l.Together == nil || l.Items[0].Story != l.Together.Story ||
		l.Items[0].GUID != "a1" || l.Items[1].Source != "B" || len(l.Items[1].Headline.Alone) != 1 || l.Items[0].CutOff == "" || len(l.Features) < 40 || l.Items[1].Sketch < 50 {
		t.Errorf("%+v", l)
	}
	if turned := d.compared("b1", "a1"); turned.Items[0].GUID != "b1" || turned.Similarity != l.Similarity || turned.Items[0].CutOff != "" || turned.Reason != l.Reason {
		t.Errorf("the other way round: %+v", turned)
	}
	if l := d.compared("c1", "b1"); l.Verdict != "different stories" || l.Guard == "" || l.Together != nil || l.Items[0].Story == l.Items[1].Story {
		t.Errorf("%+v", l)
	}
	for want, names := range map[string][]string{
		"it fetches nothing": {"a1", "https://elsewhere.example/1"}, "are one item: @1": {"a1", "https://x.example/a1"}, "means 2 items": {"a1", l.Together.Story},
	} {
		if r := d.run(append([]string{"compare"}, names...)...); r.status == done || !strings.Contains(r.said, want) {
			t.Errorf("%q: status %d\n%s", names, r.status, r.said)
		}
	}
	d.must("merge", "a1", "c1")
	d.says([]string{"compare", "c1", "a1"}, "different stories: ", "yet together already, by other evidence in urn:uuid:", "the first: person; the second: began it")
}

// The daemon answers in the place of a command that cannot open its store, and a
// split item is compared as it stands now.
func TestCompareWhileRunning(t *testing.T) {
	d := comparing(t, "listen: 127.0.0.1:0\n")
	before := d.must("compare", "a1", "b1", "--all")
	r := d.start()
	if got := d.must("compare", "a1", "b1", "--all"); got != before {
		t.Errorf("the daemon compares otherwise: %s", firstDifference(got, before))
	}
	d.must("split", "b1")
	if l := d.compared("a1", "b1"); l.Together != nil || l.Reason != "near" || l.Items[1].Position != 4 {
		t.Errorf("%+v", l)
	}
	r.stop()
}
