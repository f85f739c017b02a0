package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/mmcdole/gofeed"

	"aggregator/internal/news"
)

// typical is a feed of 30 items and some 60 KB, as news sites send it.
func typical() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Example</title><link>https://example.org/</link><language>en</language>`)
	for i := range 30 {
		fmt.Fprintf(&b, `<item><title>Committee %d says it had seen no evidence</title><link>https://example.org/world/2026/08/%[1]d</link><guid isPermaLink="false">https://example.org/?p=%[1]d</guid><dc:creator>Ann Bee</dc:creator><pubDate>Thu, 20 Aug 2026 09:%02[1]d:00 +0000</pubDate><category>World</category><category>Asia</category><media:thumbnail url="https://example.org/%[1]d.jpg"/><description>The committee said on Thursday that it had seen no evidence and would wait.</description><content:encoded><![CDATA[`, i)
		for range 3 {
			b.WriteString(`<p class="lead">The committee said on <a href="/2026/08/20/report.html">Thursday</a> that it had &ldquo;seen no evidence&rdquo; &amp; would wait; <em>observers</em> disagreed, and the spokesperson didn't answer questions of those who had come to hear it, as she had done for weeks.</p><figure><img loading="lazy" width="1024" height="683" src="https://cdn.example.org/images/photo.jpg" alt="A crowd"/><figcaption>A crowd. Photo: Example</figcaption></figure>`)
		}
		b.WriteString(`]]></content:encoded></item>`)
	}
	b.WriteString(`</channel></rss>`)
	return []byte(b.String())
}

// cpu reports the processor's time beside the clock's, which other programs
// disturb less.
func cpu(b *testing.B) func() {
	used := func() int64 {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return r.Utime.Nano() + r.Stime.Nano()
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}

// BenchmarkFirst is parsing and cleaning all of a new document, beside what
// gofeed alone takes for it.
func BenchmarkFirst(b *testing.B) {
	body := typical()
	b.Run("gofeed", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		defer cpu(b)()
		for b.Loop() {
			if _, err := gofeed.NewParser().Parse(bytes.NewReader(body)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		defer cpu(b)()
		for b.Loop() {
			if _, err := parse(body, "", "https://example.org/feed", nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	c := client(b, Options{})
	b.Run("items", func(b *testing.B) { benchItems(b, c, body, nil, 30) })
	b.Run("known", func(b *testing.B) {
		_, seen := items(c, body, nil)
		benchItems(b, c, body, seen, 0)
	})
}

func items(c *Client, body []byte, prev []news.Seen) (n int, seen []news.Seen) {
	doc, err := parse(body, "", "https://example.org/feed", nil)
	if err != nil {
		return 0, nil
	}
	m := newMemory("k", prev, true)
	m.place(&doc, "https://example.org/feed", noon)
	conv := (&visit{client: c, now: noon}).converter(&doc, "https://example.org/feed")
	for i, s := range m.entries {
		if !s.known {
			conv.item(&doc.entries[i], s.guid)
			n++
		}
	}
	return n, m.left(prev, false, c.opt.Retain, noon)
}

func benchItems(b *testing.B, c *Client, body []byte, seen []news.Seen, want int) {
	b.SetBytes(int64(len(body)))
	defer cpu(b)()
	for b.Loop() {
		if n, _ := items(c, body, seen); n != want {
			b.Fatalf("%d items, want %d", n, want)
		}
	}
}

// BenchmarkUnchanged is a poll that is answered 304, beside a bare conditional
// GET of net/http.
func BenchmarkUnchanged(b *testing.B) {
	s := serve(b, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.Header().Set("ETag", `"v1"`)
			w.WriteHeader(http.StatusNotModified)
		}
	})
	b.Run("bare", func(b *testing.B) {
		bare := &http.Client{}
		defer bare.CloseIdleConnections()
		b.ReportAllocs()
		defer cpu(b)()
		for b.Loop() {
			req, _ := http.NewRequest("GET", s.URL, nil)
			req.Header.Set("If-None-Match", `"v1"`)
			resp, err := bare.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	b.Run("fetch", func(b *testing.B) {
		c := client(b, Options{AllowNetworks: loopback()})
		b.ReportAllocs()
		defer cpu(b)()
		for b.Loop() {
			r := c.Fetch(context.Background(), news.Source{Key: "k", URL: s.URL}, news.Poll{ETag: `"v1"`}, 0, noon)
			if !r.Unchanged {
				b.Fatal(r.Err)
			}
		}
	})
}
