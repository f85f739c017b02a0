package main

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestNastySources polls documents with anything in any field, and has our feeds
// of them read: all are valid (see answer.valid and validTree), and hold every
// item. The XML of the documents itself is sound: what is not is fetch's to mend,
// and TestOdd's to show.
func TestNastySources(t *testing.T) {
	const items, documents = 120, 4
	o := newOutlets(t)
	config := "listen: \"\"\nurl: https://feeds.example.org\n" + polite + "retain: 36500d\ndedupe: { near: false }\npublish: { dir: out, items: 0, max_age: 0 }\nsources:\n"
	topics := "topics:\n"
	seed := int(time.Now().UnixNano() % 1e6)
	t.Log("seed", seed)
	text := nastyText(t)
	for kind, write := range map[string]func(func() string, int) string{"rss": nastyRSS, "atom": nastyAtom, "json": nastyJSON} {
		for n := range documents {
			name := kind + strconv.Itoa(n)
			draw := func() string { seed++; return text.Example(seed) }
			o.put("/"+name, "application/xml", write(draw, items))
			config += "  - { url: " + o.URL + "/" + name + ", name: " + name + ", topics: [" + name + "] }\n"
			topics += "  - { name: " + name + " }\n"
		}
	}
	d := newDesk(t, config+topics)
	if r := d.poll(); r.Items.Received != items*documents*3 {
		t.Errorf("%d items were received: %+v", r.Items.Received, r)
	}
	for kind, item := range map[string]string{"rss": "<item>", "atom": "</entry>", "json": `"content_`} {
		doc := d.read("out/topics/rss0." + kind)
		if n := strings.Count(doc, item); n < items/2 {
			t.Errorf("%s: only %d stories came out", kind, n)
		}
	}
}

// nastyText are up to three lines of testdata/nasty.txt, and some letters.
func nastyText(t *testing.T) *rapid.Generator[string] {
	raw, err := os.ReadFile("testdata/nasty.txt")
	if err != nil {
		t.Fatal(err)
	}
	var nasty []string
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "#") {
			s, err := strconv.Unquote(strings.TrimSpace(line))
			if err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			nasty = append(nasty, s)
		}
	}
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 2).Draw(t, "one") > 0 {
			return rapid.SampledFrom(nasty).Draw(t, "whole")
		}
		return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(nasty), rapid.StringN(0, 8, 30)), 0, 3).Draw(t, "parts"), "")
	})
}

// forXML is s as XML can hold it, which is what most writers see to.
func forXML(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�")))
}

func nastyRSS(draw func() string, items int) string {
	x := func() string { return forXML(draw()) }
	var b strings.Builder
	fmt.Fprintf(&b, `<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0">`+
		"<channel><title>%s</title><link>%s</link><language>%s</language><copyright>%s</copyright><image><url>%s</url></image>", x(), x(), x(), x(), x())
	for i := range items {
		fmt.Fprintf(&b, "<item><guid>%s %d</guid><title>%s</title><link>%s</link><description>%s</description><content:encoded>%s</content:encoded><author>%s</author><dc:creator>%s</dc:creator><dc:creator>%s</dc:creator>"+
			"<dc:contributor>%s</dc:contributor><pubDate>%s</pubDate><category>%s</category><category>%s</category><dc:language>%s</dc:language><dc:rights>%s</dc:rights><source url=\"%s\">%s</source>",
			x(), i, x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x())
		for range i % 3 {
			fmt.Fprintf(&b, `<enclosure url="%s" length="%s" type="%s"/><media:content url="%s" type="%s" fileSize="%s" duration="%s" width="%s" height="%s"><media:title>%s</media:title></media:content>`, x(), x(), x(), x(), x(), x(), x(), x(), x(), x())
		}
		fmt.Fprintf(&b, `<itunes:duration>%s</itunes:duration><itunes:season>%s</itunes:season><itunes:episode>%s</itunes:episode><itunes:episodeType>%s</itunes:episodeType><itunes:image href="%s"/><itunes:keywords>%s</itunes:keywords><podcast:transcript url="%s" type="%s"/><podcast:chapters url="%s" type="%s"/></item>`,
			x(), x(), x(), x(), x(), x(), x(), x(), x(), x())
	}
	return b.String() + "</channel></rss>"
}

func nastyAtom(draw func() string, items int) string {
	x := func() string { return forXML(draw()) }
	var b strings.Builder
	fmt.Fprintf(&b, `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="%s"><title type="html">%s</title><id>%s</id><logo>%s</logo><rights>%s</rights><author><name>%s</name><email>%s</email><uri>%s</uri></author>`, x(), x(), x(), x(), x(), x(), x(), x())
	for i := range items {
		fmt.Fprintf(&b, `<entry xml:lang="%s"><id>%s %d</id><title type="html">%s</title><link href="%s"/><link rel="enclosure" href="%s" type="%s" length="%s" title="%s"/><link rel="via" href="%s" title="%s"/>`+
			`<summary>%s</summary><content type="html">%s</content><published>%s</published><updated>%s</updated><category term="%s" label="%s"/><rights>%s</rights><contributor><name>%s</name><uri>%s</uri></contributor>`,
			x(), x(), i, x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x())
		for range i % 4 {
			fmt.Fprintf(&b, "<author><name>%s</name><email>%s</email><uri>%s</uri></author>", x(), x(), x())
		}
		fmt.Fprintf(&b, "<source><id>%s</id><title>%s</title><link href=\"%s\"/></source></entry>", x(), x(), x())
	}
	return b.String() + "</feed>"
}

func nastyJSON(draw func() string, items int) string {
	var all []map[string]any
	for i := range items {
		all = append(all, map[string]any{
			"id": draw() + strconv.Itoa(i), "url": draw(), "external_url": draw(), "title": draw(), "summary": draw(), "content_html": draw() + draw(), "image": draw(), "language": draw(),
			"date_published": draw(), "date_modified": draw(), "tags": []string{draw(), draw(), draw()},
			"authors":     []any{map[string]any{"name": draw(), "url": draw()}, map[string]any{"name": draw(), "avatar": draw()}},
			"attachments": []any{map[string]any{"url": draw(), "mime_type": draw(), "title": draw(), "size_in_bytes": i - 50, "duration_in_seconds": i}},
		})
	}
	doc, err := json.Marshal(map[string]any{"version": "https://jsonfeed.org/version/1.1", "title": draw(), "home_page_url": draw(), "icon": draw(), "language": draw(), "items": all})
	if err != nil {
		panic(err) // maps of strings
	}
	return string(doc)
}
