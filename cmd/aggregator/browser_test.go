//go:build browser

package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// These tests open what is published in headless Chromium; `make browser` runs
// them.

// TestNoScriptRuns polls items with a vector each from testdata/xss.txt, in
// content and in title, as RSS, Atom and JSON; opens what our three feeds bring
// of them as a reader would show it, and our own pages; points at and clicks
// everything. Nothing may run. That the browser would have run most of them is
// shown first.
func TestNoScriptRuns(t *testing.T) {
	vectors := readVectors(t)
	if ran := ranIn(t, framed("raw", vectors)); len(ran) < len(vectors)/2 {
		t.Fatalf("only %d of %d vectors run where nothing is cleaned: this test sees too little", len(ran), len(vectors))
	}
	o := newOutlets(t)
	o.put("/xss.rss", "application/rss+xml", xssRSS(vectors))
	o.put("/xss.atom", "application/atom+xml", xssAtom(vectors))
	o.put("/xss.json", "application/feed+json", xssJSON(t, vectors))
	for _, in := range []string{"rss", "atom", "json"} {
		d := quietDesk(t, "listen: 127.0.0.1:0\nurl: http://f.example\n"+polite+"publish: { items: 0, max_age: 0 }\nsources: [{ url: "+o.URL+"/xss."+in+", name: Odd }]\ntopics: [{ name: All, match: \"*\" }]\n")
		d.poll()
		r := d.start()
		for _, out := range []string{"atom", "rss", "json"} {
			items := contents(t, out, r.get("/topics/all."+out).body)
			if len(items) < len(vectors) {
				t.Fatalf("%s to %s: %d of %d items came out", in, out, len(items), len(vectors))
			}
			for _, ran := range ranIn(t, framed(out, items)) {
				t.Errorf("%s to %s runs", in, said(vectors, ran))
			}
		}
		if in == "rss" {
			for _, ran := range ranIn(t, framed("page", ourPages(t, r))) {
				t.Errorf("our %s runs", said(vectors, ran))
			}
		}
		r.stop()
	}
}

// readVectors gives the vectors, each with a HIT of its own number.
func readVectors(t *testing.T) []string {
	data, err := os.ReadFile("testdata/xss.txt")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		vectors = append(vectors, numbered(strings.ReplaceAll(line, `\n`, "\n"), len(vectors)))
	}
	if len(vectors) < 80 {
		t.Fatalf("only %d vectors were read", len(vectors))
	}
	return vectors
}

func numbered(vector string, n int) string {
	return strings.NewReplacer("HIT()", fmt.Sprintf("HIT(%d)", n), "&#84;()", fmt.Sprintf("&#84;(%d)", n), "&#x54;()", fmt.Sprintf("&#x54;(%d)", n)).Replace(vector)
}

// framed shows each text in a frame of its own, as a reader shows an item, so
// that one does not hide the next. HIT in a frame tells the page.
func framed(where string, texts []string) string {
	var b strings.Builder
	inside := `<!doctype html><meta charset=utf-8><script>window.HIT = n => parent.tell('` + where + `:' + n)</script><body>`
	const touch = `<script>addEventListener('load', () => { for (const e of document.querySelectorAll('body *')) { for (const k of ['mouseover', 'pointerenter', 'focus', 'click', 'submit']) try { e.dispatchEvent(k == 'click' ? new MouseEvent(k, {bubbles: true, cancelable: true}) : new Event(k, {bubbles: true})) } catch (x) {} } })</script>`
	for _, text := range texts {
		fmt.Fprintf(&b, "<iframe width=40 height=20 srcdoc=\"%s\"></iframe>\n", html.EscapeString(inside+text+touch))
	}
	return b.String()
}

// ranIn shows a page with these frames, and gives what ran: frame:number.
func ranIn(t *testing.T, frames string) []string {
	t.Helper()
	shown := "<!doctype html><meta charset=utf-8><title>none</title><body><script>\nvar ran = {};\nwindow.tell = n => { ran[n] = 1; document.title = 'ran ' + Object.keys(ran).join(' ') };\n</script>\n" + frames
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(shown))
	}))
	defer site.Close()
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=5000", "--dump-dom", site.URL+"/")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v (install it: apt-get install chromium)", err)
	}
	title := regexp.MustCompile(`<title>(.*?)</title>`).FindStringSubmatch(string(out))
	if title == nil || !strings.Contains(string(out), "<iframe") {
		t.Fatalf("the browser did not show the page:\n%.500s", out)
	}
	if ran, some := strings.CutPrefix(title[1], "ran "); some {
		return strings.Fields(ran)
	}
	return nil
}

// said is what frame:number stands for.
func said(vectors []string, ran string) string {
	frame, number, _ := strings.Cut(ran, ":")
	if n, err := strconv.Atoi(number); err == nil && n < len(vectors) {
		return frame + ": " + vectors[n]
	}
	return ran
}

func xssRSS(vectors []string) string {
	var items []string
	for i, v := range vectors {
		items = append(items, wireItem("v"+strconv.Itoa(i), html.EscapeString("Vector "+strconv.Itoa(i)+" "+v), html.EscapeString(v+" and some words of item "+strconv.Itoa(i))))
	}
	return wireDoc(items...)
}

func xssAtom(vectors []string) string {
	var b strings.Builder
	b.WriteString(`<feed xmlns="http://www.w3.org/2005/Atom"><title>Odd</title><id>urn:odd</id><updated>2026-01-01T00:00:00Z</updated>`)
	for i, v := range vectors {
		fmt.Fprintf(&b, `<entry><id>urn:v%d</id><link href="https://x.example/a%d"/><updated>2026-01-01T00:00:00Z</updated><title type="html">Vector %d %s</title><content type="html">%s</content></entry>`,
			i, i, i, html.EscapeString(v), html.EscapeString(v+" and some words of item "+strconv.Itoa(i)))
	}
	return b.String() + "</feed>"
}

func xssJSON(t *testing.T, vectors []string) string {
	var items []map[string]string
	for i, v := range vectors {
		n := strconv.Itoa(i)
		items = append(items, map[string]string{"id": "v" + n, "url": "https://x.example/j" + n, "title": "Vector " + n + " " + v, "content_html": v + " and some words of item " + n})
	}
	b, err := json.Marshal(map[string]any{"version": "https://jsonfeed.org/version/1.1", "title": "Odd", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// contents are the titles and texts of a feed's items, as readers put them
// into a page.
func contents(t *testing.T, format, doc string) (all []string) {
	t.Helper()
	if format == "json" {
		var f struct {
			Items []struct {
				Title string
				HTML  string `json:"content_html"`
			}
		}
		if err := json.Unmarshal([]byte(doc), &f); err != nil {
			t.Fatal(err)
		}
		for _, it := range f.Items {
			all = append(all, html.EscapeString(it.Title)+it.HTML)
		}
		return all
	}
	var f struct {
		Entries []struct {
			Title   string `xml:"title"`
			Content string `xml:"content"`
		} `xml:"entry"`
		Items []struct {
			Title   string `xml:"title"`
			Text    string `xml:"description"`
			Content string `xml:"http://purl.org/rss/1.0/modules/content/ encoded"`
		} `xml:"channel>item"`
	}
	if err := xml.Unmarshal([]byte(doc), &f); err != nil {
		t.Fatal(err)
	}
	for _, e := range f.Entries { // an Atom title of type text is text
		all = append(all, html.EscapeString(e.Title)+e.Content)
	}
	for _, it := range f.Items { // readers take an RSS title and description for HTML
		all = append(all, it.Title+it.Text+it.Content)
	}
	return all
}

// ourPages are the site's own, and those of some stories; the topic's page has
// all of them.
func ourPages(t *testing.T, r *running) []string {
	const some = 20
	topic := r.get("/topics/all").body
	pages := []string{topic, r.get("/").body, r.get("/sources").body}
	var paths []string
	for _, l := range regexp.MustCompile(`"(/stories/[0-9a-f-]+)"`).FindAllStringSubmatch(topic, -1) {
		if !slices.Contains(paths, l[1]) {
			paths = append(paths, l[1])
		}
	}
	if len(paths) < some {
		t.Fatalf("the topic's page leads to %d stories", len(paths))
	}
	for _, path := range paths[:some] {
		pages = append(pages, r.get(path).body)
	}
	return pages
}
