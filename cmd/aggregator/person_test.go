package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// The lawyer's release is told by three of the recorded outlets.
const (
	byMeridian = "meridian-4711"
	byHarbour  = "https://harbour.example/news/lawyer.html"
	byPlateau  = "p-1"
	// atMeridian is the address of both the wire's item and the Post's.
	atMeridian = "https://meridian.example/2020/11/lawyer-freed"
)

// say says a word and gives what is printed of it.
func (d *desk) say(args ...string) wordLine {
	d.t.Helper()
	said := lines[wordLine](d.t, d.must(append(args, "--json")...))
	if len(said) != 1 {
		d.t.Fatalf("%v printed %d decisions", args, len(said))
	}
	return said[0]
}

// explained is the one story that is called so.
func (d *desk) explained(name string) explained {
	d.t.Helper()
	all := lines[explained](d.t, d.must("explain", "--json", name))
	if len(all) != 1 || all[0].Story == nil {
		d.t.Fatalf("explain %s: %+v", name, all)
	}
	return all[0]
}

// wants wants a story to be told by these sources, the lead first.
func (e explained) wants(t *testing.T, sources ...string) {
	t.Helper()
	var told []string
	for _, l := range e.Tellings {
		told = append(told, l.Source)
	}
	if fmt.Sprint(told) != fmt.Sprint(sources) {
		t.Errorf("%s is told by %q, want %q", e.Story.ID, told, sources)
	}
}

// feedIDs are the stories of a JSON Feed.
func feedIDs(t *testing.T, doc string) map[string]string {
	t.Helper()
	var feed jsonFeedRead
	if err := json.Unmarshal([]byte(doc), &feed); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	ids := map[string]string{}
	for _, it := range feed.Items {
		ids[it.ID] = it.URL
	}
	return ids
}

// Without a daemon a command opens the store itself, and writes the static tree.
func TestPeopleWithoutDaemon(t *testing.T) {
	o := recordedOutlets(t)
	d := newDesk(t, strings.Replace(recordedConfig(o, "listen: \"\"\nurl: http://f.example\n"), "publish: {", "publish: { dir: tree,", 1))
	d.poll()
	feed := func() map[string]string { return feedIDs(t, d.tree("tree")["topics/everything.json"]) }
	was := d.explained(byMeridian)
	was.wants(t, "Meridian Wire", "Harbour Daily", "Plateau Post")

	d.say("hide", "https://harbour.example/news/column.html") // nobody else's business
	d.say("hide", "--undo", "https://harbour.example/news/column.html")
	split := d.say("split", byHarbour, "--by", "anna")
	if split.Said != "split" || split.By != "anna" || split.From != was.Story.ID || split.Story == was.Story.ID || split.Item != "tag:harbour.example,2020:lawyer" {
		t.Errorf("%+v", split)
	}
	if ids := feed(); len(ids) != recordedStories+1 || ids[split.Story] != byHarbour {
		t.Errorf("the tree was not written anew: %q", ids)
	}
	d.explained(byMeridian).wants(t, "Meridian Wire", "Plateau Post")
	if said := d.explained(byMeridian).People; len(said) != 1 || said[0].Story != split.Story {
		t.Errorf("what people said of the story that was left: %+v", said)
	}
	d.explained(byHarbour).wants(t, "Harbour Daily")
	d.says([]string{"explain", byHarbour}, "by hand", "by anna", "left the story", "began the story: split from another by anna")

	pinned := d.say("pin", byPlateau)
	if pinned.Said != "pinned" || feed()[was.Story.ID] != atMeridian {
		t.Errorf("%+v", pinned)
	}
	d.explained(byMeridian).wants(t, "Plateau Post", "Meridian Wire")
	d.says([]string{"explain", byPlateau}, "pinned: it leads, whatever is preferred")
	d.says([]string{"stories"}, "by hand: its lead is pinned")

	d.say("pin", byHarbour)
	merged := d.say("merge", was.Story.ID, byHarbour)
	if merged.Said != "merged" || merged.Story != was.Story.ID || merged.From != split.Story {
		t.Errorf("%+v", merged)
	}
	d.explained(split.Story).wants(t, "Plateau Post", "Meridian Wire", "Harbour Daily")
	if said := d.explained(byMeridian).People; len(said) != 4 || said[0].Said != "split" || said[2].Story != split.Story || said[3].From != split.Story {
		t.Errorf("what people said of both: %+v", said)
	}
	d.says([]string{"explain", split.Story}, was.Story.ID, "is merged into", "tells it: a person merged its story into this one")
	if stub := d.tree("tree")["stories/"+strings.TrimPrefix(split.Story, "urn:uuid:")+"/index.html"]; !strings.Contains(stub, strings.TrimPrefix(was.Story.ID, "urn:uuid:")) {
		t.Errorf("the page of what was merged: %s", stub)
	}
	if n := len(lines[storyLine](t, d.must("stories", "--json"))); n != recordedStories {
		t.Errorf("%d stories, want %d", n, recordedStories)
	}

	if unpinned := d.say("pin", "--undo", byHarbour); unpinned.Said != "unpinned" {
		t.Errorf("%+v", unpinned)
	}
	d.explained(byMeridian).wants(t, "Meridian Wire", "Harbour Daily", "Plateau Post")

	d.say("hide", byHarbour)
	for path, doc := range d.tree("tree") {
		if strings.Contains(doc, "lawyer-freed") {
			t.Errorf("%s shows what is hidden", path)
		}
	}
	d.says([]string{"explain", byHarbour}, "is published nowhere", "in no topic: it is hidden")
	d.says([]string{"stories"}, "by hand: hidden, 1 merged into it")
	d.say("hide", "--undo", byHarbour)
	if ids := feed(); len(ids) != recordedStories || ids[was.Story.ID] == "" {
		t.Errorf("published again: %q", ids)
	}
	if report := d.poll("--force"); report.Items.New+report.Items.Revised+report.Items.Duplicate != 0 {
		t.Errorf("a poll undoes it: %+v", report.Items)
	}
}

// While the daemon runs it is asked, and its feeds change at once.
func TestPeopleWithDaemon(t *testing.T) {
	t.Setenv("USER", "desk")
	o := recordedOutlets(t)
	config := recordedConfig(o, "listen: 127.0.0.1:0\nurl: http://f.example\n")
	d := newDesk(t, config)
	r := d.start()
	eventually(t, "poll of every outlet", func() bool { return r.counted("aggregator_items_received_total") == recordedItems })
	feed := func() map[string]string { return feedIDs(t, r.get("/topics/china/human-rights.json").body) }
	was := d.explained(byMeridian)
	page := func(id string) string { return "/stories/" + strings.TrimPrefix(id, "urn:uuid:") }

	split := d.say("split", byHarbour)
	if split.By != "desk" || len(feed()) != 4 || feed()[split.Story] == "" {
		t.Errorf("%+v, %q", split, feed())
	}
	d.say("merge", was.Story.ID, split.Story)
	if len(feed()) != 3 {
		t.Errorf("%q", feed())
	}
	for _, suffix := range []string{"", ".json"} {
		if a := r.redirect(page(split.Story) + suffix); a.status != http.StatusPermanentRedirect || a.header.Get("Location") != page(was.Story.ID)+suffix {
			t.Errorf("the page of what was merged: %d %v", a.status, a.header)
		}
	}
	d.say("pin", byPlateau)
	if got := r.get(page(was.Story.ID) + ".json").body; !strings.Contains(got, `"pinned": true`) || !strings.Contains(got, `"source": "Plateau Post"`) {
		t.Error(got)
	}
	d.say("hide", byPlateau)
	hidden := func(when string) {
		t.Helper()
		if ids := feed(); len(ids) != 2 || ids[was.Story.ID] != "" {
			t.Errorf("%s: %q", when, ids)
		}
		for _, path := range []string{"/topics/everything.atom", "/topics/everything.rss", "/topics/china.json", "/topics/human-rights.atom", "/topics/everything", "/"} {
			if strings.Contains(r.get(path).body, "lawyer-freed") {
				t.Errorf("%s: %s shows what is hidden", when, path)
			}
		}
		for _, suffix := range []string{"", ".json"} {
			if a := r.get(page(was.Story.ID) + suffix); a.status != http.StatusGone {
				t.Errorf("%s its page answers %d", when, a.status)
			}
		}
	}
	hidden("once hidden")
	d.must("poll", "--force")
	hidden("after a poll")
	d.write("aggregator.yaml", config+"  - { name: Law, match: lawyer }\n")
	d.must("reload")
	if ids := feedIDs(t, r.get("/topics/law.json").body); len(ids) != 0 {
		t.Errorf("a new rule publishes what is hidden: %q", ids)
	}
	hidden("under changed rules")
	r.stop()
	r = d.start()
	hidden("after a restart")
	d.explained(byMeridian).wants(t, "Plateau Post", "Meridian Wire", "Harbour Daily")

	// The outlet rewrites what is pinned: it leads, and stays hidden.
	plateau, err := os.ReadFile("testdata/outlets/plateau.json")
	if err != nil {
		t.Fatal(err)
	}
	o.put("/plateau.json", "application/feed+json", strings.Replace(string(plateau), "Lawyer walks free", "Lawyer freed at last", 1))
	if report := d.poll("--force"); report.Items.Revised != 1 {
		t.Errorf("%+v", report.Items)
	}
	hidden("after a revision")
	d.say("hide", "--undo", byPlateau)
	if ids := feed(); len(ids) != 3 || !strings.Contains(r.get(page(was.Story.ID)).body, "Lawyer freed at last") {
		t.Errorf("published again: %q", ids)
	}
	r.stop()
}

// redirect asks for a path and does not follow where it leads.
func (r *running) redirect(path string) answer {
	r.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(r.base + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	return answer{resp.StatusCode, resp.Header, ""}
}

// Names that mean nothing or too much, and words that make no sense.
func TestPeopleAreRefused(t *testing.T) {
	d := newDesk(t, recordedConfig(recordedOutlets(t), "listen: \"\"\nurl: http://f.example\n"))
	d.poll()
	d.run("split").wants(t, wrongUsage, "split")
	d.run("merge", byMeridian).wants(t, wrongUsage)
	d.run("split", "https://never.example/").wants(t, failed, "nothing kept is called https://never.example/")
	d.run("merge", byMeridian, "@99999").wants(t, failed, "nothing kept is called @99999")
	many := d.run("split", atMeridian)
	many.wants(t, wrongUsage, atMeridian+" means 2 items", "Meridian Wire", "Plateau Post")
	at := fmt.Sprint("@", d.explained(byMeridian).Tellings[0].Position)
	if !strings.Contains(many.said, "\n  "+at+"  “Rights lawyer freed") {
		t.Errorf("no name to write instead:\n%s", many.said)
	}
	id := d.explained(byMeridian).Story.ID
	d.run("pin", id).wants(t, wrongUsage, "means 3 items")
	d.run("merge", id, byHarbour).wants(t, failed, "both are the same story already")
	d.run("pin", "--undo", id).wants(t, failed, "no telling of this story is pinned")
	d.run("hide", "--undo", id).wants(t, failed, "it is not hidden")
	before := d.must("store", "export")
	d.run("split", d.explained("https://harbour.example/news/column.html").Story.ID).wants(t, failed, "only telling of its story")
	d.run("split", "https://harbour.example/news/column.html").wants(t, failed, "only telling of its story", "aggregator hide")
	if d.must("store", "export") != before {
		t.Error("what was refused changed the store")
	}
	d.explained(at).wants(t, "Meridian Wire", "Harbour Daily", "Plateau Post")
	if said := d.say("split", at); said.From != id {
		t.Errorf("%+v", said)
	}
}
