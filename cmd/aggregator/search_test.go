package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"aggregator/internal/config"
	"aggregator/internal/news"
	"aggregator/internal/page"
	"aggregator/internal/poll"
)

// reports are n items of a source, each dated so many days ago.
func reports(word string, from, n, daysAgo int) string {
	var b strings.Builder
	at := time.Now().AddDate(0, 0, -daysAgo).UTC().Format(time.RFC1123Z)
	for i := from; i < from+n; i++ {
		item := wireItem(fmt.Sprint(word, i), fmt.Sprintf("%s report %d", word, i), fmt.Sprintf("Words of report %d about %s and nothing else, told once.", i, word))
		b.WriteString(strings.Replace(item, "<item>", "<item><pubDate>"+at+"</pubDate>", 1))
	}
	return b.String()
}

// A search reads all of the log from its end, in more than one stride.
func TestSearchOverStrides(t *testing.T) {
	o := newOutlets(t)
	o.put("/old", "application/rss+xml", wireDoc(reports("Glacier", 0, 2*stride, 10)))
	o.put("/new", "application/rss+xml", wireDoc(reports("Harbour", 0, stride/2, 0)))
	d := newDesk(t, "listen: 127.0.0.1:0\nretain: 60d\n"+polite+"sources:\n  - { name: Old, url: "+o.URL+"/old }\n  - { name: New, url: "+o.URL+"/new }\ntopics:\n  - { name: Ice, match: glacier }\n  - { name: All, match: \"*\" }\n")
	d.poll("Old")
	d.poll("New")
	searchStopped(t, d)
	r := d.start()
	for path, want := range map[string]string{
		"/search?q=report":                        fmt.Sprintf("<strong>%d</strong> stories found, of %d looked at", 5*stride/2, 5*stride/2),
		"/search?q=glaciers":                      fmt.Sprintf("<strong>%d</strong> stories found", 2*stride), // by their stems
		"/search?q=%22report+17+about%22+glacier": "<strong>1</strong> story found",
		"/search?q=report+OR+(":                   "<strong>0</strong> stories found", // "OR" is a word here
		"/try?q=report&since=24h":                 fmt.Sprintf("<strong>%d</strong> stories found, of %d looked at", stride/2, stride/2),
		"/try?q=report&since=all&topic=Ice":       fmt.Sprintf("<strong>%d</strong> stories found, of %d looked at", 2*stride, 2*stride),
		"/try?q=topic:Ice&since=all":              fmt.Sprintf("<strong>%d</strong> stories found", 2*stride),
		"/try?q=report+AND+(&since=all":           "At character 12: ",
		"/try?q=topic:Ise&since=all":              "there is no topic &#34;Ise&#34;",
	} {
		if a := r.get(path); a.status != 200 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d, without %s:\n%.3000s", path, a.status, want, a.body[strings.Index(a.body, "<main"):])
		}
	}
	r.stop()
}

// searchStopped ends a search at its first story: that is one of those that came
// last, and it says how many were looked at.
func searchStopped(t *testing.T, d *desk) {
	t.Helper()
	cfg, err := config.Load(d.path("aggregator.yaml"), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), cfg, poll.Options{Look: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.store.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var found []string
	looked, err := s.search(ctx, page.Search{Query: "report", May: func(news.Story) bool { return true }}, func(st news.Story, _ []string) {
		stop()
		found = append(found, st.Lead.Name)
	})
	if !errors.Is(err, context.Canceled) || looked == 0 || looked > stride || len(found) == 0 || found[0] != "New" {
		t.Errorf("%v: looked at %d, found %d", err, looked, len(found))
	}
}

// A word that stands only in stories of a private topic is nowhere in what is
// served or written, but for those who have its key.
func TestPrivateStaysPrivate(t *testing.T) {
	const key, secret = "0123456789abcdef0123", "Nightingale"
	o := newOutlets(t)
	o.put("/open", "application/rss+xml", wireDoc(reports("Harbour", 0, 3, 0)))
	o.put("/desk", "application/rss+xml", wireDoc(reports(secret, 0, 3, 0)))
	d := newDesk(t, "listen: 127.0.0.1:0\nurl: http://f.example\npublish: { dir: tree }\n"+polite+"sources:\n  - { name: Open, url: "+o.URL+"/open }\n  - { name: Wire, url: "+o.URL+"/desk, topics: [Desk] }\ntopics:\n  - { name: Harbour, match: harbour }\n  - { name: Desk, publish: { access: { tokens: ["+key+"] } } }\n")
	d.poll()
	r := d.start()
	story := "/stories/" + strings.TrimPrefix(d.explained(secret+"0").Story.ID, "urn:uuid:")
	for _, path := range []string{
		"/", "/topics/harbour", "/topics/harbour.atom", "/topics/harbour.rss", "/topics/harbour.json", "/topics.opml", "/sources", "/sources.json", "/topics/desk", "/topics/desk.atom", "/topics/desk.json",
		story, story + ".json", "/search?q=report", "/try?q=*&since=all", "/try?q=topic:Desk&since=all", "/try?q=source:wire&since=all", "/metrics", "/healthz", "/readyz",
	} {
		a := r.get(path)
		if asked := strings.Contains(path, "Desk"); strings.Contains(a.body, secret) || strings.Contains(a.body, "Desk") && !asked {
			t.Errorf("%s shows what is private: %d\n%s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/topics/desk", story, story + ".json", "/search?q=" + url.QueryEscape("report nightingale"), "/try?q=report+topic:Desk&since=all"} {
		with := path + "?token=" + key
		if strings.Contains(path, "?") {
			with = path + "&token=" + key
		}
		if a := r.get(with); a.status != 200 || !strings.Contains(a.body, secret+" report") || a.header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s with the key: %d %v\n%s", path, a.status, a.header, a.body)
		}
	}
	r.stop()
	for path, body := range d.tree("tree") {
		if strings.Contains(path+body, secret) || strings.Contains(path+body, "topics/desk") {
			t.Errorf("the file %s shows what is private:\n%s", path, body)
		}
	}
}
