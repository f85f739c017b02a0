package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"aggregator/internal/page"
)

// reasons are sources, each with the reason for its next poll, and how its server
// gives it.
var reasons = map[string]struct {
	doc  outlet
	keys string // of the configuration
	why  string
}{
	"well":     {doc: outlet{body: wellFeed("")}, why: "schedule @every 24h"},
	"floor":    {doc: outlet{body: wellFeed("")}, keys: ", min_interval: 2d", why: "min_interval 2d"},
	"fresh":    {doc: outlet{body: wellFeed(""), header: http.Header{"Cache-Control": {"max-age=86400"}}}, why: "Cache-Control max-age 24h"},
	"ttl":      {doc: outlet{body: wellFeed("<ttl>1440</ttl>")}, why: "ttl 24h"},
	"days":     {doc: outlet{body: wellFeed("<skipDays><day>Monday</day><day>Tuesday</day><day>Wednesday</day><day>Thursday</day><day>Friday</day><day>Saturday</day><day>Sunday</day></skipDays>")}, why: "skipDays"},
	"period":   {doc: outlet{body: wellFeed("<sy:updatePeriod>daily</sy:updatePeriod>")}, why: "sy:updatePeriod 24h"},
	"broken":   {doc: outlet{status: 500}, keys: `, schedule: "@every 1m"`, why: "backoff after 1 failure"},
	"gone":     {doc: outlet{status: 410}, why: "gone for good (410): take it out of the configuration"},
	"resting":  {doc: outlet{status: 503, header: http.Header{"Retry-After": {"86400"}}}, why: "Retry-After"},
	"neighbor": {why: "Retry-After of HOST, asked by resting"},
}

func wellFeed(more string) string {
	return `<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>W</title><link>http://w.example/</link><description>d</description>` + more + "</channel></rss>"
}

// When each source is polled next, and why then, in words, wherever it is said:
// the log, the table, JSON, the page.
func TestNextAndWhy(t *testing.T) {
	config := "listen: \"\"\nurl: http://f.example\npublish: { dir: public }\n" + polite + "sources:\n"
	host := ""
	for name, r := range reasons {
		if name == "neighbor" {
			continue
		}
		o := newOutlets(t) // a host each
		r.doc.media = "application/rss+xml"
		o.set("/"+name, r.doc)
		config += "  - { url: " + o.URL + "/" + name + ", name: " + name + r.keys + " }\n"
		if name == "resting" {
			host = strings.TrimPrefix(o.URL, "http://")
		}
	}
	d := newDesk(t, config+"topics: [{ name: All, match: \"*\" }]\n")
	first := d.run("poll")
	d.write("aggregator.yaml", config+"  - { url: http://"+host+"/neighbor, name: neighbor }\ntopics: [{ name: All, match: \"*\" }]\n")
	second := d.run("poll") // a daemon that starts again
	said := first.said + second.said
	table, published := d.must("sources"), map[string]page.SourceHealth{}
	var all []page.SourceHealth
	if err := json.Unmarshal([]byte(d.read("public/sources.json")), &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		published[s.Name] = s
	}
	shown := d.read("public/sources/index.html")
	for name, r := range reasons {
		why := strings.ReplaceAll(r.why, "HOST", host)
		l := source(t, d, name)
		if l.Why != why || l.Next.IsZero() != (name == "gone") {
			t.Errorf("%s: sources --json says %v because of %q", name, l.Next, l.Why)
		}
		if p := published[name]; p.Why != why || !p.Next.Equal(l.Next) {
			t.Errorf("%s: sources.json says %v because of %q", name, p.Next, p.Why)
		}
		for where, text := range map[string]string{"the log": lineWith(said, name), "the table": lineWith(table, name), "the page": shown} {
			if !strings.Contains(text, why) {
				t.Errorf("%s: %s lacks %q:\n%s", name, where, why, text)
			}
		}
	}
	for where, text := range map[string]string{"the log": lineWith(said, "gone"), "the table": lineWith(table, "gone"), "the page": shown} {
		if !strings.Contains(text, "never") {
			t.Errorf("%s does not say that it is polled no more:\n%s", where, text)
		}
	}
}

// towns are three hosts that go out of reach together, and come back.
type towns struct {
	t       *testing.T
	at      []string
	servers []*httptest.Server
	gave    atomic.Int64
}

func (w *towns) open() {
	for _, at := range w.at {
		l, err := net.Listen("tcp", at)
		if err != nil {
			w.t.Fatal(err)
		}
		s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			w.gave.Add(1)
			io.WriteString(rw, wellFeed(""))
		})}}
		s.Start()
		w.servers = append(w.servers, s)
	}
}

func (w *towns) close() {
	for _, s := range w.servers {
		s.Close()
	}
	w.servers = nil
}

// No host is in reach any more: that is said, is no lack of readiness, is not
// counted, and ends by itself.
func TestOwnNetworkDown(t *testing.T) {
	w := &towns{t: t, at: []string{"127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"}}
	w.open()
	config := "listen: 127.0.0.1:0\n" + strings.Replace(polite, "@every 24h", "@every 1s", 1) + "sources:\n"
	for i, s := range w.servers {
		w.at[i] = s.Listener.Addr().String()
		config += fmt.Sprintf("  - { url: \"http://%s/\", name: town%d }\n", w.at[i], i)
	}
	t.Cleanup(func() { w.close() })
	d := newDesk(t, config+"topics: [{ name: All, match: \"*\" }]\n")
	r := d.start()
	said := func() (ready readiness) {
		if err := json.Unmarshal([]byte(r.get("/readyz").body), &ready); err != nil {
			t.Fatal(err)
		}
		return ready
	}
	eventually(t, "first polls", func() bool { return w.gave.Load() >= 6 })
	w.close()
	eventually(t, "word of the network", func() bool {
		return strings.Contains(strings.Join(said().Reasons, " "), "our own network seems to be down")
	})
	if is := said(); !is.Ready || r.get("/readyz").status != http.StatusOK {
		t.Errorf("not ready, though all that is kept can be served: %+v", is)
	}
	for i := range w.at {
		if l := source(t, d, fmt.Sprint("town", i)); l.Failures > 1 {
			t.Errorf("%s failed %d times", l.Name, l.Failures)
		}
	}
	w.open()
	eventually(t, "recovery of all three", func() bool {
		for i := range w.at {
			if source(t, d, fmt.Sprint("town", i)).Error != "" {
				return false
			}
		}
		return len(said().Reasons) == 0
	})
	r.stop()
}

// lineWith are the lines that speak of a source.
func lineWith(text, name string) (found string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, name+" ") || strings.Contains(line, `source=`+name+" ") || strings.Contains(line, `source="`+name+`"`) {
			found += line
		}
	}
	return found
}
