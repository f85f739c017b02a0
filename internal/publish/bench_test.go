package publish

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	kgzip "github.com/klauspost/compress/gzip"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// full is a topic of n stories, each of about 2 KB with two other tellings.
func full(n int) store.Batch {
	b := store.Batch{Items: map[news.Position]news.Item{}}
	words := strings.Fields("the ministry said on tuesday that talks about detained lawyers & families would go on until every court had ruled in public on what it knows")
	for i := range n {
		pos := news.Position(i + 1)
		var text strings.Builder
		for j := range 320 {
			text.WriteString(words[(j*j+i*j+i)%len(words)])
			text.WriteString([]string{" ", " ", " ", ".</p>\n<p>", ` <a href="https://example.org/x">`, "</a> "}[(i+j*7)%3])
		}
		it := news.Item{
			Source: "example.org/feed", GUID: fmt.Sprint("g", i), URL: fmt.Sprint("https://example.org/news/2026/05/story-", i), Title: fmt.Sprint("Story & title ", i),
			HTML: "<p>" + text.String() + "</p>", Summary: "A teaser of the story.", Seen: noon, Labels: []string{"World", "Courts"}, Authors: []news.Person{{Name: "A. Writer"}},
		}
		st := news.Story{
			ID: fmt.Sprintf("6f1c0a52-0001-5000-8000-%012d", i), Pos: pos, Published: noon.Add(-time.Duration(i) * time.Minute), Updated: noon,
			Lead:   news.Telling{Pos: pos, Source: it.Source, Name: "Example", GUID: it.GUID, URL: it.URL, Title: it.Title},
			Also:   []news.Telling{{Source: "b", Name: "B", URL: it.URL + "b", Title: it.Title}, {Source: "c", Name: "C", URL: it.URL + "c", Title: it.Title}},
			Topics: []news.Filing{{Topic: "China", Rule: "match", Words: []string{"lawyers"}}},
		}
		b.Items[pos], b.Stories = it, append(b.Stories, st)
	}
	return b
}

// BenchmarkMake is what a change of a topic costs at the next request: reading
// 100 stories of 2 KB, writing them down, compressing.
func BenchmarkMake(b *testing.B) {
	s := open(b, b.TempDir())
	keep(b, s, full(100))
	p := start(s, testSite(china()))
	for _, name := range china().Formats {
		b.Run(name, func(b *testing.B) {
			d := p.shown.Load().byPath["/topics/china."+name]
			size := 0
			for b.Loop() {
				d.bytes.Store(nil)
				v, err := p.make(b.Context(), testSite(china()), d, noon)
				if err != nil {
					b.Fatal(err)
				}
				size = len(v.plain.body)
			}
			b.SetBytes(int64(size))
		})
		b.Run(name+" written only", func(b *testing.B) {
			batch := full(100)
			var doc bytes.Buffer
			for b.Loop() {
				doc.Reset()
				if err := formats[name].write(&doc, newFeed(testSite(), china(), "/x", batch.Stories, batch.Items)); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(doc.Len()))
		})
	}
}

// BenchmarkServe is a request for bytes at hand, net/http aside.
func BenchmarkServe(b *testing.B) {
	s := open(b, b.TempDir())
	keep(b, s, full(100))
	p := start(s, testSite(china()))
	tag := ask(p, "GET", atomPath, "Accept-Encoding", "gzip").Header().Get("Etag")
	for name, headers := range map[string][]string{
		"plain": nil, "gzip": {"Accept-Encoding", "gzip, deflate, br"}, "304": {"Accept-Encoding", "gzip", "If-None-Match", tag},
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest("GET", atomPath, nil)
			for i := 0; i+1 < len(headers); i += 2 {
				r.Header.Add(headers[i], headers[i+1])
			}
			w := &deaf{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				p.ServeHTTP(w, r)
			}
		})
	}
}

// deaf is a ResponseWriter that costs nothing.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(b []byte) (int, error) { return len(b), nil }
func (d *deaf) WriteHeader(int)             {}

// BenchmarkGzip is for choosing the level.
func BenchmarkGzip(b *testing.B) {
	s := open(b, b.TempDir())
	keep(b, s, full(100))
	doc := body(b, start(s, testSite(china())), atomPath)
	for level := 5; level <= 9; level++ {
		z, err := kgzip.NewWriterLevel(nil, level)
		if err != nil {
			b.Fatal(err)
		}
		benchGzip(b, fmt.Sprint("klauspost ", level), doc, z)
	}
	benchGzip(b, "standard 6", doc, gzip.NewWriter(nil))
}

func benchGzip(b *testing.B, name string, doc []byte, z interface {
	io.WriteCloser
	Reset(io.Writer)
}) {
	b.Run(name, func(b *testing.B) {
		var out bytes.Buffer
		for b.Loop() {
			out.Reset()
			z.Reset(&out)
			z.Write(doc)
			z.Close()
		}
		b.SetBytes(int64(len(doc)))
		b.ReportMetric(float64(out.Len())/float64(len(doc)), "ratio")
	})
}
