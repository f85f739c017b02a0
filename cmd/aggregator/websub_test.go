package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// freePort is one that nobody listens at just now.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// wire is a feed of dated items.
func wire(dates ...time.Time) string {
	var b strings.Builder
	for i, at := range dates {
		fmt.Fprintf(&b, "<item><title>Report number %d of the wire about matter %[1]d</title><guid>w%[1]d</guid><link>http://w.example/%[1]d</link><pubDate>%s</pubDate></item>", i+1, at.UTC().Format(time.RFC1123Z))
	}
	return `<rss version="2.0"><channel><title>Wire</title><link>http://w.example/</link><description>d</description>` + b.String() + "</channel></rss>"
}

// TestTwoSites: a story flows from a source through one site to another, which is
// told by the first one's hub and polls it rarely; when the hub fails or denies,
// it is polled as ever, and when it is well again, it is believed again.
func TestTwoSites(t *testing.T) {
	o := newOutlets(t)
	dates := []time.Time{time.Now().Add(-time.Hour)}
	more := func(at time.Time) {
		dates = append(dates, at)
		o.put("/wire", "application/rss+xml", wire(dates...))
	}
	o.put("/wire", "application/rss+xml", wire(dates...))
	atA, atB := freePort(t), freePort(t)
	configA := func(more string) string {
		return "listen: " + strings.Replace(atA, "127.0.0.1", "localhost", 1) + "\nurl: http://" + atA + "\n" + more + polite + "sources: [{ url: " + o.URL + "/wire, name: Wire }]\ntopics: [{ name: All, match: \"*\" }]\n"
	}
	a, b := newDesk(t, configA("")), newDesk(t, "listen: "+strings.Replace(atB, "127.0.0.1", "localhost", 1)+"\nurl: http://"+atB+"\n"+strings.Replace(polite, "24h", "10m", 1)+
		"sources: [{ url: \"http://"+atA+"/topics/all.atom\", name: A }]\ntopics: [{ name: All, match: \"*\" }]\n")
	site := a.start()
	eventually(t, "first poll", func() bool { return site.counted("aggregator_items_received_total") == 1 })
	reader := b.start()
	push := func(want string) sourceLine {
		t.Helper()
		eventually(t, "push that is "+want, func() bool { return source(t, b, "A").Push == want })
		return source(t, b, "A")
	}
	stories := func(n int) {
		t.Helper()
		eventually(t, fmt.Sprintf("story %d at the reader", n), func() bool { return len(lines[storyLine](t, b.must("stories", "--json"))) == n })
	}
	push("live")
	if l := source(t, b, "A"); l.Hub != "http://"+atA+"/hub" || l.Self != "http://"+atA+"/topics/all.atom" {
		t.Errorf("hub %s, self %s", l.Hub, l.Self)
	}
	more(time.Now())
	a.poll("--force")
	began := time.Now()
	stories(2)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the story took %v", took)
	} else {
		t.Logf("from the poll of one site to `stories` of the other: %v", took.Round(time.Millisecond))
	}
	if r := b.poll("--force"); r.Items.New != 0 {
		t.Errorf("the poll brought what was pushed: %+v", r)
	}
	l := source(t, b, "A")
	if l.Why != "pushed by 127.0.0.1, polled rarely" || time.Until(l.Next) < 50*time.Minute || l.Pushed.IsZero() {
		t.Errorf("next at %v because of %q; pushed %v", l.Next, l.Why, l.Pushed)
	}
	if table := b.must("sources"); !strings.Contains(table, "ok; pushed") {
		t.Errorf("the table says\n%s", table)
	}
	if doc := reader.get("/sources.json").body; !strings.Contains(doc, `"push": "live"`) {
		t.Errorf("/sources.json says %s", doc)
	}
	if n := reader.counted(`aggregator_source_pushes_total{outcome="read"}`); n != 1 {
		t.Errorf("%v pushes read", n)
	}
	if n := site.counted(`aggregator_hub_deliveries_total{outcome="delivered"}`); n != 1 {
		t.Errorf("%v delivered", n)
	}
	if got := reader.said.String(); !strings.Contains(got, `pushed source="A" received=1 known=0 new=1 `) {
		t.Errorf("the log says\n%s", got)
	}

	// The hub forgets its subscribers; what it should have told is found by a poll.
	site.stop()
	a.write("aggregator.yaml", configA("store: file:other\n"))
	more(time.Now().Add(-10 * time.Minute))
	site = a.start()
	eventually(t, "poll of all", func() bool { return site.counted("aggregator_items_received_total") == 3 })
	b.poll("--force")
	stories(3)
	if l := push("broken"); l.Why != "schedule @every 10m" || time.Until(l.Next) > 11*time.Minute {
		t.Errorf("next at %v because of %q though its hub is silent", l.Next, l.Why)
	}

	// It remembers: a push, and it is believed again.
	site.stop()
	a.write("aggregator.yaml", configA(""))
	more(time.Now())
	site = a.start()
	a.poll("--force")
	stories(4)
	push("live")

	// It closes, and says so.
	site.stop()
	a.write("aggregator.yaml", configA("publish: { hub: off }\n"))
	site = a.start()
	if l := push("refused"); l.Why != "schedule @every 10m" || !strings.Contains(l.PushWhy, "denied") {
		t.Errorf("because of %q (%s) though its hub denies", l.Why, l.PushWhy)
	}
	if status := site.get("/hub").status; status != http.StatusNotFound {
		t.Errorf("/hub: %d", status)
	}
	if feed := site.get("/topics/all.atom"); strings.Contains(feed.body, `rel="hub"`) || feed.header.Get("Link") != "" {
		t.Errorf("a hub is named though there is none: %v", feed.header)
	}
}

// Somebody else's hub is named, and told which feeds changed: those alone.
func TestForeignHub(t *testing.T) {
	var mu sync.Mutex
	var told []url.Values
	failures := 1
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		q, _ := url.ParseQuery(string(raw))
		mu.Lock()
		defer mu.Unlock()
		if failures--; failures >= 0 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		told = append(told, q)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(hub.Close)
	o := newOutlets(t)
	o.put("/wire", "application/rss+xml", wire(time.Now()))
	d := newDesk(t, "listen: 127.0.0.1:0\nurl: https://feeds.example.org\npublish: { hub: "+hub.URL+", formats: [atom, json] }\n"+polite+
		"sources: [{ url: "+o.URL+"/wire, name: Wire }]\ntopics: [{ name: All, match: \"*\" }, { name: None, match: unobtainium }]\n")
	r := d.start()
	eventually(t, "notice", func() bool { mu.Lock(); defer mu.Unlock(); return len(told) > 0 })
	mu.Lock()
	defer mu.Unlock()
	if q := told[0]; q.Get("hub.mode") != "publish" || fmt.Sprint(q["hub.url"]) != "[https://feeds.example.org/topics/all.atom https://feeds.example.org/topics/all.json]" {
		t.Errorf("told %v", q)
	}
	if link := r.get("/topics/all.json").header.Get("Link"); link != "<"+hub.URL+`>; rel="hub", <https://feeds.example.org/topics/all.json>; rel="self"` {
		t.Errorf("Link %q", link)
	}
	if status := r.get("/hub").status; status != http.StatusNotFound {
		t.Errorf("/hub: %d", status)
	}
}

// Where nothing is served, no hub is named.
func TestNoHubOfFiles(t *testing.T) {
	o := newOutlets(t)
	o.put("/wire", "application/rss+xml", wire(time.Now()))
	d := newDesk(t, "listen: \"\"\nurl: https://feeds.example.org\npublish: { dir: public }\n"+polite+
		"sources: [{ url: "+o.URL+"/wire, name: Wire }]\ntopics: [{ name: All, match: \"*\" }]\n")
	d.poll()
	for _, form := range []string{"atom", "rss", "json"} {
		if doc := d.read("public/topics/all." + form); strings.Contains(doc, "hub") {
			t.Errorf("%s names a hub:\n%s", form, doc)
		}
	}
}

// TestHubKilled: kill -9 loses no story that a subscriber is owed, and who took
// one is not given it again; what came while nothing ran is told at the next
// start, also to a subscriber that was away.
func TestHubKilled(t *testing.T) {
	o := newOutlets(t)
	dates := []time.Time{time.Now()}
	put := func(n int) {
		for range n {
			dates = append(dates, time.Now())
		}
		o.put("/wire", "application/rss+xml", wire(dates...))
	}
	put(0)
	at := freePort(t)
	d := newDesk(t, "listen: "+at+"\n"+polite+"sources: [{ url: "+o.URL+"/wire, name: Wire }]\ntopics: [{ name: All, match: \"*\" }]\n")
	r := d.start()
	eventually(t, "first poll", func() bool { return r.counted("aggregator_items_received_total") == 1 })
	var mu sync.Mutex
	got, pushed, away := map[string]map[string]int{}, map[string]int{}, true
	subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet {
			io.WriteString(w, r.URL.Query().Get("hub.challenge"))
			return
		}
		if r.URL.Path == "/away" && away {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		form := strings.TrimPrefix(r.URL.Path, "/as-")
		validDocument(t, "what was pushed to "+r.URL.Path, raw, "")
		if form != r.URL.Path {
			pushed[form]++
			return
		}
		var feed jsonFeedRead
		if err := json.Unmarshal(raw, &feed); err != nil {
			t.Error(err)
		}
		if got[r.URL.Path] == nil {
			got[r.URL.Path] = map[string]int{}
		}
		for _, it := range feed.Items {
			got[r.URL.Path][it.ID]++
		}
	}))
	t.Cleanup(subscriber.Close)
	for path, form := range map[string]string{"/well": "json", "/away": "json", "/as-atom": "atom", "/as-rss": "rss"} {
		resp, err := http.PostForm(r.base+"/hub", url.Values{"hub.mode": {"subscribe"}, "hub.topic": {r.base + "/topics/all." + form}, "hub.callback": {subscriber.URL + path}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	eventually(t, "all subscriptions", func() bool { return r.counted(`aggregator_hub_subscriptions{state="live"}`) == 4 })
	has := func(path string, n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return len(got[path]) == n }
	}
	kept := func() (marks []string) {
		for line := range strings.Lines(d.must("store", "export")) {
			if strings.Contains(line, `"hub at `) {
				marks = append(marks, line)
			}
		}
		return marks
	}
	well := regexp.MustCompile(`"\d+"}}`) // a place in the log, and no failures
	for round := range 3 {
		before := kept()
		put(2)
		d.poll("--force")
		eventually(t, "delivery", has("/well", 4*round+2))
		eventually(t, "note of it", func() bool {
			return slices.ContainsFunc(kept(), func(mark string) bool { return well.MatchString(mark) && !slices.Contains(before, mark) })
		})
		if err := r.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-r.ended
		put(2)
		d.poll("--force") // while no hub runs
		if round == 0 {
			mu.Lock()
			away = false
			mu.Unlock()
		}
		r = d.start()
		eventually(t, "delivery of what came meanwhile", has("/well", 4*round+4))
	}
	eventually(t, "all for the one that was away", has("/away", 12))
	eventually(t, "Atom and RSS", func() bool { mu.Lock(); defer mu.Unlock(); return pushed["atom"] > 2 && pushed["rss"] > 2 })
	mu.Lock()
	defer mu.Unlock()
	for path, stories := range got {
		for id, n := range stories {
			if n != 1 {
				t.Errorf("%s was given %s %d times", path, id, n)
			}
		}
	}
}
