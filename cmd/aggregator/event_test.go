package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// oneEvent makes one event, by hand, of the stories in a backup that are told
// first by items with these GUIDs; the first of them leads it.
func oneEvent(t *testing.T, backup string, guids ...string) string {
	t.Helper()
	var out strings.Builder
	event, made := "", 0
	for line := range strings.Lines(backup) {
		var record map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		var st struct {
			ID   string
			Lead struct{ GUID string }
		}
		if record["story"] != nil && json.Unmarshal(record["story"], &st) == nil {
			for _, guid := range guids {
				if st.Lead.GUID == guid {
					if event == "" {
						event = st.ID
					}
					line = strings.Replace(line, `{"id":`, fmt.Sprintf(`{"event":%q,"id":`, event), 1)
					made++
				}
			}
		}
		out.WriteString(line)
	}
	if made != len(guids) {
		t.Fatalf("%d of %d stories are in the backup:\n%.3000s", made, len(guids), backup)
	}
	return out.String()
}

func wireDoc(items ...string) string {
	return `<?xml version="1.0"?><rss version="2.0"><channel><title>Outlet</title>` + strings.Join(items, "") + `</channel></rss>`
}

func wireItem(guid, title, text string) string {
	return fmt.Sprintf(`<item><guid isPermaLink="false">%s</guid><link>https://x.example/%s</link><title>%s</title><description>%s</description></item>`, guid, guid, title, text)
}

// A site whose stories are of one event says so everywhere; one that does not
// group events says nothing of them, whatever the store holds.
func TestEvents(t *testing.T) {
	o := newOutlets(t)
	o.put("/a", "application/rss+xml", wireDoc(wireItem("quake", "Quake shakes the coast", "The ground shook for a minute at dawn, and people ran out of their houses."), wireItem("rain", "Rain at last", "Farmers welcomed the first rain of the year in the northern plains.")))
	o.put("/b", "application/rss+xml", wireDoc(wireItem("shock", "Aftershock fells a tower", "An old clock tower came down in the harbour; nobody was near it.")))
	config := func(events string) string {
		return "listen: 127.0.0.1:0\nurl: http://f.example\n" + polite + "dedupe: { events: " + events + " }\nsources:\n  - { name: A, url: " + o.URL + "/a }\n  - { name: B, url: " + o.URL + "/b }\ntopics: [{ name: All, match: \"*\" }]\n"
	}
	first := newDesk(t, config("group"))
	first.poll()
	backup := oneEvent(t, first.must("store", "export"), "quake", "shock")

	d := newDesk(t, config("group"))
	d.write("backup.jsonl", backup)
	d.must("store", "import", "backup.jsonl")
	grouped := map[string]int{}
	for _, l := range lines[storyLine](t, d.must("stories", "--json")) {
		grouped[l.Event]++
	}
	if len(grouped) != 2 || grouped[""] != 1 {
		t.Errorf("stories by event: %v", grouped)
	}
	d.says([]string{"explain", "quake"}, "\nevent    urn:uuid:")
	r := d.start()
	on := map[string]string{}
	for _, path := range []string{"/topics/all.atom", "/topics/all.rss", "/topics/all.json", "/topics/all"} {
		on[path] = r.get(path).body
	}
	for path, want := range map[string]string{"/topics/all.atom": `rel="related"`, "/topics/all.rss": "Related: <a ", "/topics/all.json": `"related": [`, "/topics/all": "1 more of the same event"} {
		if !strings.Contains(on[path], want) {
			t.Errorf("%s does not say %s:\n%s", path, want, on[path])
		}
	}
	d.write("aggregator.yaml", config("off"))
	d.must("reload")
	plain := newDesk(t, config("off"))
	plain.write("backup.jsonl", strings.ReplaceAll(backup, `{"event":`, `{"nothing":`))
	plain.must("store", "import", "backup.jsonl")
	other := plain.start()
	for path := range on {
		if got, want := r.get(path).body, other.get(path).body; got != want || got == on[path] {
			t.Errorf("%s, after a reload: not the bytes of a site without events:\n%s", path, firstDifference(got, want))
		}
	}
	if got := d.must("stories", "--json") + d.must("explain", "quake"); strings.Contains(got, "event") {
		t.Errorf("not grouped, and said:\n%s", got)
	}
	other.stop()
	r.stop()
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
	d.says([]string{"explain", "b1"}, "tells it: nearly the same text (similarity 0.", "judged by @1 “Freight train derails near Harwick, halting passenger services”, A", "the same GUID; before it @2 “Freight train derails near Harwick, halting passenger services”, B")
	d.says([]string{"explain", "b2"}, "began the story", "refused: @2 “Freight train derails near Harwick, halting passenger services”, B (similarity 0.")
	if d := d.explained("b2").Tellings[0].Decisions; len(d) != 1 || d[0].Refused == nil || d[0].Refused.Guard == "" || d[0].Refused.Position != 2 || d[0].Of != nil {
		t.Errorf("%+v", d)
	}
	e := d.explained("b1")
	decisions := e.Tellings[1].Decisions
	if len(decisions) != 2 || decisions[0].Fate != "duplicate" || decisions[0].Reason != "near" || decisions[0].Of.Position != 1 || decisions[0].Of.Source != "A" || decisions[1].Fate != "revised" || decisions[1].Of.Position != 2 {
		t.Errorf("%+v", decisions)
	}
}
