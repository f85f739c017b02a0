package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const keyOne, keyTwo = "0123456789abcdef01", "fedcba9876543210fe"

// archiveRSS is a source's document of n items, an hour apart, every fifth in
// Chinese.
func archiveRSS(n int) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Archive</title>`)
	for i := range n {
		title := fmt.Sprintf("Number %d reports a thing of its own, called %x", i, i*7919)
		if i%5 == 0 {
			title = fmt.Sprintf("第%d号报道了一件自己的事情", i)
		}
		fmt.Fprintf(&b, "<item><guid>a%d</guid><title>%s</title><link>https://archive.example/%d</link><pubDate>%s</pubDate></item>",
			i, title, i, time.Now().Add(-time.Duration(i)*time.Hour).Format(time.RFC1123Z))
	}
	return b.String() + "</channel></rss>"
}

// Readers of the real binary: pages to the end of what is kept, filters, feeds
// for some alone, and what is told of a story that was taken out.
func TestReaders(t *testing.T) {
	o := newOutlets(t)
	o.put("/archive.rss", "application/rss+xml", archiveRSS(300))
	config := "listen: 127.0.0.1:0\nurl: https://feeds.example.org/desk\n" + polite + "retain: 365d\nsources: [{ url: \"" + o.URL + "/archive.rss\", name: Archive }]\n" +
		"publish: { items: 50, dir: out }\ntopics:\n  - { name: All, match: '*' }\n  - { name: Desk, match: '*', publish: { access: { tokens: [KEYS] } } }\n"
	d := newDesk(t, strings.ReplaceAll(config, "KEYS", keyOne+", "+keyTwo))
	if r := d.run("check"); !strings.Contains(r.out+r.said, "private topics are not written here") {
		t.Errorf("check does not say what dir leaves out:\n%s%s", r.out, r.said)
	}
	r := d.start()
	eventually(t, "poll", func() bool { return r.counted("aggregator_items_received_total") == 300 })
	ids := pages(t, r, "/topics/all.json")
	if len(ids) != 300 {
		t.Errorf("%d stories reached, want 300", len(ids))
	}
	filters(t, r)
	privately(t, r)
	eventually(t, "file of the last page", func() bool {
		files, _ := filepath.Glob(d.path("out/topics/all.*.atom"))
		return len(files) > 2
	})
	if _, err := os.Stat(d.path("out/topics/desk.atom")); err == nil {
		t.Error("a private feed is written for a static host")
	}
	d.write("aggregator.yaml", strings.ReplaceAll(config, "KEYS", keyTwo))
	d.must("reload")
	if a, b := r.get("/topics/desk.atom?token="+keyOne), r.get("/topics/desk.atom?token="+keyTwo); a.status != 401 || b.status != 200 {
		t.Errorf("after one of two tokens was taken away: %d, and the other %d", a.status, b.status)
	}
	tombstone(t, r)
	for what, text := range map[string]string{"the log": r.said.String(), "/metrics": r.get("/metrics").body} {
		if strings.Contains(text, keyOne) || strings.Contains(text, keyTwo) {
			t.Errorf("%s holds a token", what)
		}
	}
	r.stop()
}

// pages follows next_url and gives each id once.
func pages(t *testing.T, r *running, path string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for path != "" {
		var doc struct {
			Next  string `json:"next_url"`
			Items []struct{ ID string }
		}
		if err := json.Unmarshal([]byte(r.get(path).body), &doc); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, it := range doc.Items {
			ids[it.ID] = true
		}
		path = strings.TrimPrefix(doc.Next, "https://feeds.example.org/desk")
	}
	return ids
}

func filters(t *testing.T, r *running) {
	t.Helper()
	for ask, want := range map[string]int{"?lang=zh&items=100": 60, "?q=called+NEAR/4+of": 50, "?q=lang:zh+第5号": 1, "?source=archive&items=7": 7, "?source=nobody": 0} {
		var feed jsonFeedRead
		a := r.get("/topics/all.json" + strings.ReplaceAll(ask, "第5号", "%E7%AC%AC5%E5%8F%B7"))
		if err := json.Unmarshal([]byte(a.body), &feed); err != nil || len(feed.Items) != want {
			t.Errorf("%s: %d stories, want %d (%v)", ask, len(feed.Items), want, err)
		}
	}
	if a := r.get("/topics/all.json?q=(china"); a.status != 400 || !strings.Contains(a.body, "never closed") {
		t.Errorf("a query that cannot be read: %d %s", a.status, a.body)
	}
}

func privately(t *testing.T, r *running) {
	t.Helper()
	for _, path := range []string{"/topics/desk.atom", "/topics/desk.recent.json", "/topics/desk.rss?q=thing", "/topics/desk.atom?token=" + keyOne + "x"} {
		if a := r.get(path); a.status != 401 || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	a := r.get("/topics/desk.json?token=" + keyOne)
	if a.status != 200 || strings.Contains(a.body, keyOne) || a.header.Get("Cache-Control") != "private, max-age=60" {
		t.Errorf("with its token: %d %v", a.status, a.header)
	}
	if list := r.get("/topics.opml").body; strings.Contains(list, "desk.") || !strings.Contains(list, "all.atom") {
		t.Errorf("the list: %s", list)
	}
}

// tombstone hides a story and wants the feeds to tell; shown again, they do not.
func tombstone(t *testing.T, r *running) {
	t.Helper()
	var feed jsonFeedRead
	if err := json.Unmarshal([]byte(r.get("/topics/all.json").body), &feed); err != nil || len(feed.Items) == 0 {
		t.Fatal(err)
	}
	stone := `<at:deleted-entry ref="` + feed.Items[0].ID + `"`
	id := strings.TrimPrefix(feed.Items[0].ID, "urn:uuid:")
	r.must("hide", id)
	atom := r.get("/topics/all.atom").body
	if !strings.Contains(atom, stone) || strings.Contains(atom, "<id>"+feed.Items[0].ID) {
		t.Error("a hidden story leaves no tombstone")
	}
	if j := r.get("/topics/all.json").body; !strings.Contains(j, `"deleted"`) || strings.Count(j, feed.Items[0].ID) != 1 {
		t.Error("nor in JSON Feed")
	}
	r.must("hide", "--undo", id)
	if strings.Contains(r.get("/topics/all.atom").body, "deleted-entry") {
		t.Error("shown again, it still has one")
	}
}

// What a source takes back leaves the feeds of a running site: by a tombstone of
// its own, or out of the midst of its feed, where the article says 410.
func TestTakenBack(t *testing.T) {
	o := newOutlets(t)
	atom := func(stone string, ids ...string) string {
		for i, id := range ids {
			ids[i] = `<entry><id>urn:` + id + `</id><link href="` + o.URL + "/" + id + `"/><title>Report ` + id + `</title><updated>2026-01-01T00:00:00Z</updated></entry>`
		}
		return `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><id>urn:f</id><title>Atom</title><updated>2026-01-01T00:00:00Z</updated>` + stone + strings.Join(ids, "") + `</feed>`
	}
	o.put("/stones", "application/atom+xml", atom("", "one", "two"))
	o.put("/midst", "application/atom+xml", atom("", "three", "four", "five", "six"))
	o.set("/four", outlet{status: 410})
	d := quietDesk(t, "listen: 127.0.0.1:0\n"+polite+"publish: { max_age: 0 }\nretain: 9000d\nsources: [{ url: "+o.URL+"/stones, name: Stones }, { url: "+o.URL+"/midst, name: Midst }]\ntopics: [{ name: All, match: \"*\" }]\n")
	r := d.start()
	has := func(title string) bool { return strings.Contains(r.get("/topics/all.atom").body, ">Report "+title+"<") }
	eventually(t, "first poll", func() bool { return has("two") && has("six") })
	o.put("/stones", "application/atom+xml", atom(`<at:deleted-entry ref="urn:one" when="2026-01-02T00:00:00Z"/>`, "two"))
	o.put("/midst", "application/atom+xml", atom("", "three", "six"))
	r.must("poll", "--force")
	eventually(t, "taking back", func() bool { return !has("one") && !has("four") })
	for _, stays := range []string{"two", "three", "five", "six"} {
		if !has(stays) {
			t.Errorf("report %s is gone", stays)
		}
	}
	if n := strings.Count(r.get("/topics/all.atom").body, "<at:deleted-entry "); n != 2 {
		t.Errorf("%d tombstones, want 2", n)
	}
	for guid, want := range map[string]string{"urn:one": "withdrawn by Stones: its feed says that the entry is deleted", "urn:four": "withdrawn by Midst: its feed holds it no more, and its address says 410 Gone"} {
		if said := d.explained(guid).People; len(said) != 1 || said[0].How != want || said[0].By != "" {
			t.Errorf("%s: %+v", guid, said)
		}
	}
	r.must("hide", "--undo", "urn:four")
	r.must("poll", "--force")
	if !has("four") {
		t.Error("what a person shows is hidden again")
	}
	r.stop()
}
