package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func wireDoc(items ...string) string {
	return `<?xml version="1.0"?><rss version="2.0"><channel><title>Outlet</title>` + strings.Join(items, "") + `</channel></rss>`
}

func wireItem(guid, title, text string) string {
	return fmt.Sprintf(`<item><guid isPermaLink="false">%s</guid><link>https://x.example/%s</link><title>%s</title><description>%s</description></item>`, guid, guid, title, text)
}

// quakes are outlets of which three tell of one event, each in its own words.
func quakes(t *testing.T) *outlets {
	o := newOutlets(t)
	for path, item := range map[string]string{
		"/a": wireItem("a1", "Magnitude 6.1 earthquake strikes near Arequipa in southern Peru", "A magnitude 6.1 earthquake struck near Arequipa in southern Peru on Monday, officials said. There were no immediate reports of casualties."),
		"/b": wireItem("b1", "Earthquake shakes Arequipa, Peru; residents flee homes", "People in Arequipa ran into the streets as a strong earthquake shook southern Peru. Authorities were checking damage to buildings."),
		"/c": wireItem("c1", "Peru earthquake: Arequipa residents flee homes as magnitude 6.1 quake hits", "A strong earthquake of magnitude 6.1 sent residents of Arequipa, Peru, fleeing from their homes on Monday."),
		"/d": wireItem("d1", "Parliament passes budget after long debate", "Lawmakers approved the annual budget late on Monday."),
	} {
		o.put(path, "application/rss+xml", wireDoc(item))
	}
	return o
}

func quakesConfig(o *outlets, more, events string) string {
	config := more + polite + "dedupe: { events: " + events + " }\nsources:\n"
	for _, name := range []string{"a", "b", "c", "d"} {
		config += "  - { name: " + strings.ToUpper(name) + ", url: " + o.URL + "/" + name + " }\n"
	}
	return config + "topics: [{ name: All, match: \"*\" }]\n"
}

// A site that groups events says so everywhere; one that does not says nothing
// of them, whatever the store holds.
func TestEvents(t *testing.T) {
	o := quakes(t)
	config := func(events string) string {
		return quakesConfig(o, "listen: 127.0.0.1:0\nurl: http://f.example\n", events)
	}
	d := newDesk(t, config("group"))
	if report := d.poll(); report.Items.New != 4 {
		t.Errorf("an event merged or lost a story: %+v", report)
	}
	byEvent := map[string]int{}
	for _, l := range lines[storyLine](t, d.must("stories", "--json")) {
		byEvent[l.Event]++
	}
	if len(byEvent) != 2 || byEvent[""] != 1 {
		t.Errorf("stories by event: %v", byEvent)
	}
	d.says([]string{"explain", "b1"}, "\nevent    urn:uuid:", "“Magnitude 6.1 earthquake strikes near Arequipa in southern Peru”, A")
	if e := d.explained("b1"); len(e.Related) != 2 || byEvent[e.Story.Event] != 3 {
		t.Errorf("%+v", e.Related)
	}
	backup := d.must("store", "export")
	r := d.start()
	on := map[string]string{}
	story := "/stories/" + strings.TrimPrefix(d.explained("a1").Story.ID, "urn:uuid:")
	for path, want := range map[string]string{
		"/topics/all.atom": `rel="related"`, "/topics/all.rss": "Related: <a ", "/topics/all.json": `"related": [`,
		"/topics/all": "2 more of the same event", story: "Of the same event", story + ".json": `"related": [`,
	} {
		on[path] = r.get(path).body
		if !strings.Contains(on[path], want) {
			t.Errorf("%s does not say %s:\n%s", path, want, on[path])
		}
	}
	d.write("aggregator.yaml", config("off"))
	d.must("reload")
	plain := newDesk(t, config("off"))
	plain.write("backup.jsonl", regexp.MustCompile(`,"event":"[^"]+"`).ReplaceAllString(backup, ""))
	plain.must("store", "import", "backup.jsonl")
	other := plain.start()
	for path := range on {
		if got, want := r.get(path).body, other.get(path).body; got != want || got == on[path] {
			t.Errorf("%s, after a reload: not the bytes of a site without events:\n%s", path, firstDifference(got, want))
		}
	}
	if got := d.must("stories", "--json") + d.must("explain", "b1"); strings.Contains(got, "event") {
		t.Errorf("not grouped, and said:\n%s", got)
	}
	other.stop()
	r.stop()
}

// Switched on by a reload, what comes from then on is grouped.
func TestEventsByReload(t *testing.T) {
	o := quakes(t)
	config := func(events string) string {
		return quakesConfig(o, "listen: 127.0.0.1:0\nurl: http://f.example\n", events)
	}
	d := newDesk(t, config("off"))
	late := o.docs["/b"]
	o.put("/b", late.media, wireDoc())
	d.poll()
	r := d.start()
	d.write("aggregator.yaml", config("group"))
	d.must("reload")
	o.set("/b", late)
	d.poll("--force", "B")
	if e := d.explained("b1"); len(e.Related) != 1 {
		t.Errorf("of no event, or of another: %+v", e)
	}
	r.stop()
}

// A pass in which nothing changed writes the pages of an event as one that
// brought it.
func TestEventsAsFiles(t *testing.T) {
	d := newDesk(t, quakesConfig(quakes(t), "listen: \"\"\nurl: http://f.example\npublish: { dir: tree }\n", "group"))
	d.poll()
	before := d.tree("tree")
	if err := os.RemoveAll(d.path("tree")); err != nil {
		t.Fatal(err)
	}
	d.poll("--force")
	after := d.tree("tree")
	together := 0
	for path, body := range before {
		together += strings.Count(body, "<h2>Of the same event</h2>")
		if !strings.HasPrefix(path, "sources") && after[path] != body { // those say when they were polled
			t.Errorf("%s was written anew with other bytes:\n%s", path, firstDifference(after[path], body))
		}
	}
	if together != 3 {
		t.Errorf("%d pages of stories list others", together)
	}
}

// explain tells by what an item was judged, what it does not tell, and what it
// replaced.
func TestExplainEvidence(t *testing.T) {
	text := "A freight train derailed near the northern town of Harwick early on Tuesday, spilling grain across both tracks and halting all passenger services until the evening, the railway said."
	o := newOutlets(t)
	o.put("/a", "application/rss+xml", wireDoc(wireItem("a1", "Freight train derails near Harwick, halting passenger services", text)))
	o.put("/b", "application/rss+xml", wireDoc(wireItem("b1", "Freight train derails near Harwick, halting passenger services", text+" Nobody was hurt.")))
	d := newDesk(t, "listen: \"\"\nurl: http://f.example\n"+polite+"sources:\n  - { name: A, url: "+o.URL+"/a, tier: 1 }\n  - { name: B, url: "+o.URL+"/b }\ntopics: [{ name: All, match: \"*\" }]\n")
	d.poll("A")
	d.poll("B")
	o.put("/b", "application/rss+xml", wireDoc(wireItem("b1", "Freight train derails near Harwick, one hurt", text),
		wireItem("b2", "Freight train derails near Harwick, halting passenger services", text+" Crews are on the spot.")))
	d.poll("--force", "B")
	d.says([]string{"explain", "b1"}, "tells it: nearly the same text (similarity ", "judged by @1 “Freight train derails near Harwick, halting passenger services”, A", "the same GUID; before it @2 “Freight train derails near Harwick, halting passenger services”, B")
	d.says([]string{"explain", "b2"}, "began the story", "refused: @", " “Freight train derails near Harwick, halting passenger services”, ", " (similarity ")
	if d := d.explained("b2").Tellings[0].Decisions; len(d) != 1 || d[0].Refused == nil || d[0].Refused.Guard == "" || d[0].Refused.Position > 2 || d[0].Of != nil {
		t.Errorf("%+v", d)
	}
	e := d.explained("b1")
	decisions := e.Tellings[1].Decisions
	if len(decisions) != 2 || decisions[0].Fate != "duplicate" || decisions[0].Reason != "near" || decisions[0].Of.Position != 1 || decisions[0].Of.Source != "A" || decisions[1].Fate != "revised" || decisions[1].Of.Position != 2 {
		t.Errorf("%+v", decisions)
	}
}
