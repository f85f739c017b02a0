//go:build browser

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
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

// TestNoScriptRuns polls items with a vector each from testdata/xss.txt, in every
// field that an item has, as RSS, Atom and JSON; opens what our three feeds bring
// of them as a reader would show it, the documents themselves, and our own pages;
// points at and clicks everything. Nothing may run. That the browser would have
// run most of them is shown first.
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
			opened(t, r, "/topics/all."+out)
		}
		if in == "rss" {
			for _, ran := range ranIn(t, framed("page", ourPages(t, r))) {
				t.Errorf("our %s runs", said(vectors, ran))
			}
		}
		r.stop()
	}
}

// TestOpenedSeesScripts: a document in which a script runs is seen to run one.
func TestOpenedSeesScripts(t *testing.T) {
	const doc = `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Known</title><script xmlns="http://www.w3.org/1999/xhtml">HIT(1)</script></feed>`
	if ran := ranAt(t, serveAs(t, "application/xml", doc), "Known"); len(ran) == 0 {
		t.Error("a script in XML ran, and was not seen")
	}
}

// opened opens a document of ours in a browser as we serve it, and as a static
// host may that knows no more of it than that it is XML.
func opened(t *testing.T, r *running, path string) {
	t.Helper()
	for _, line := range ranAt(t, r.base+path, "Vector 3") {
		t.Errorf("%s runs, opened by itself: %s", path, line)
	}
	if strings.HasSuffix(path, ".json") {
		return
	}
	for _, line := range ranAt(t, serveAs(t, "application/xml", r.get(path).body), "Vector 3") {
		t.Errorf("%s runs, opened as XML: %s", path, line)
	}
}

func serveAs(t *testing.T, media, doc string) string {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Write([]byte(doc))
	}))
	t.Cleanup(site.Close)
	return site.URL + "/"
}

// ranAt opens an address, and gives what the browser says of scripts that called
// HIT, which nobody defines there. What it shows holds the words given.
func ranAt(t *testing.T, address, shown string) (ran []string) {
	t.Helper()
	out, said := chromium(t, address, "--enable-logging=stderr")
	if !strings.Contains(out, shown) {
		t.Fatalf("the browser did not show %s:\n%.500s", address, out)
	}
	for line := range strings.Lines(said) {
		if strings.Contains(line, "HIT") {
			ran = append(ran, strings.TrimSpace(line))
		}
	}
	return ran
}

// chromium opens an address, and gives the page as it is then, and what it said.
func chromium(t *testing.T, address string, more ...string) (page, said string) {
	t.Helper()
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(), "--virtual-time-budget=5000", "--dump-dom"}, append(more, address)...)
	cmd := exec.Command("chromium", args...)
	var b bytes.Buffer
	cmd.Stderr = &b
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v (install it: apt-get install chromium)", err)
	}
	return string(out), b.String()
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
	out, _ := chromium(t, site.URL+"/")
	title := regexp.MustCompile(`<title>(.*?)</title>`).FindStringSubmatch(out)
	if title == nil || !strings.Contains(out, "<iframe") {
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

// xssRSS has each vector in all that RSS and its extensions hold of an item.
func xssRSS(vectors []string) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Odd</title>`)
	for i, v := range vectors {
		x, twice := html.EscapeString(v), html.EscapeString(html.EscapeString(v))
		fmt.Fprintf(&b, `<item><guid isPermaLink="false">v%[1]d</guid><link>https://x.example/r%[1]d</link><title>Vector %[1]d %[2]s %[3]s</title><description>%[3]s %[2]s teaser %[1]d</description><content:encoded>%[2]s and some words of item %[1]d</content:encoded>`+
			`<author>a@x.example (%[2]s)</author><dc:creator>%[2]s</dc:creator><dc:contributor>%[3]s</dc:contributor><category>%[2]s</category><category>%[3]s</category><dc:rights>%[3]s %[2]s</dc:rights><source url="javascript:HIT()">%[2]s</source>`+
			`<enclosure url="https://x.example/%[1]d.mp3" type="%[2]s" length="%[2]s"/><media:content url="https://x.example/%[1]d.mp4" type="video/mp4" duration="5"><media:title>%[3]s</media:title></media:content><media:thumbnail url="javascript:HIT()"/>`+
			`<itunes:episodeType>%[2]s</itunes:episodeType><itunes:season>1</itunes:season><itunes:keywords>%[3]s</itunes:keywords><itunes:image href="%[2]s"/><podcast:transcript url="javascript:HIT()" type="%[2]s"/><podcast:chapters url="https://x.example/c" type="%[2]s"/></item>`, i, x, twice)
	}
	return b.String() + "</channel></rss>"
}

func xssAtom(vectors []string) string {
	var b strings.Builder
	b.WriteString(`<feed xmlns="http://www.w3.org/2005/Atom"><title>Odd</title><id>urn:odd</id><updated>2026-01-01T00:00:00Z</updated>`)
	for i, v := range vectors {
		x, twice := html.EscapeString(v), html.EscapeString(html.EscapeString(v))
		fmt.Fprintf(&b, `<entry><id>urn:v%[1]d</id><link href="https://x.example/a%[1]d"/><link rel="enclosure" href="https://x.example/%[1]d.mp3" type="audio/mpeg" title="%[3]s"/><link rel="via" href="https://x.example/" title="%[2]s"/><updated>2026-01-01T00:00:00Z</updated>`+
			`<title type="html">Vector %[1]d %[2]s %[3]s</title><summary type="html">%[2]s %[3]s teaser %[1]d</summary><content type="html">%[2]s and some words of item %[1]d</content><author><name>%[2]s</name><uri>javascript:HIT()</uri></author><author><name>%[3]s</name></author>`+
			`<contributor><name>%[3]s</name></contributor><category term="%[2]s" label="%[3]s"/><rights type="html">%[3]s %[2]s</rights><source><id>%[2]s</id><title type="html">%[3]s</title></source></entry>`, i, x, twice)
	}
	return b.String() + "</feed>"
}

func xssJSON(t *testing.T, vectors []string) string {
	var items []map[string]any
	for i, v := range vectors {
		n := strconv.Itoa(i)
		items = append(items, map[string]any{
			"id": "v" + n, "url": "https://x.example/j" + n, "title": "Vector " + n + " " + v, "summary": v + " teaser " + n, "content_html": v + " and some words of item " + n,
			"authors": []any{map[string]string{"name": v, "url": "javascript:HIT()"}}, "tags": []string{v, html.EscapeString(v)}, "external_url": v, "image": v,
			"attachments": []any{map[string]any{"url": "https://x.example/" + n + ".mp3", "mime_type": v, "title": v}},
		})
	}
	b, err := json.Marshal(map[string]any{"version": "https://jsonfeed.org/version/1.1", "title": "Odd", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// contents are the items of a feed with all that stands in them, as readers put
// it into a page: what the format says is plain text as such, in JSON Feed all but
// content_html, in Atom the texts of type text; all else, names and categories,
// too, as a reader that takes no care.
func contents(t *testing.T, format, doc string) (all []string) {
	t.Helper()
	if format == "json" {
		var f struct {
			Items []struct {
				Title, Summary string
				HTML           string `json:"content_html"`
			}
		}
		if err := json.Unmarshal([]byte(doc), &f); err != nil {
			t.Fatal(err)
		}
		for _, it := range f.Items {
			all = append(all, html.EscapeString(it.Title+it.Summary)+it.HTML)
		}
		return all
	}
	d := xml.NewDecoder(strings.NewReader(doc))
	var item *strings.Builder
	plain := false // Atom's texts
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			kind := ""
			for _, a := range x.Attr {
				if a.Name.Local == "type" {
					kind = a.Value
				} else if item != nil && (a.Name.Local == "title" || a.Name.Local == "term") {
					item.WriteString(a.Value)
				}
			}
			switch x.Name.Local {
			case "item", "entry":
				item = &strings.Builder{}
			case "title", "summary", "rights", "subtitle":
				plain = x.Name.Space == "http://www.w3.org/2005/Atom" && kind != "html"
			default:
				plain = false
			}
		case xml.CharData:
			if item != nil && plain {
				item.WriteString(html.EscapeString(string(x)))
			} else if item != nil {
				item.Write(x)
			}
		case xml.EndElement:
			if x.Name.Local == "item" || x.Name.Local == "entry" {
				all = append(all, item.String())
				item = nil
			}
		}
	}
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
