package fetch

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"aggregator/internal/news"
)

// What a hub sends is read as what is asked for: the same GUIDs, words and
// repairs. What it lacks has not left, and the record of the poll stays.
func TestRead(t *testing.T) {
	item := func(ids ...string) string {
		var b strings.Builder
		for _, id := range ids {
			b.WriteString("<item><link>/" + id + "</link><title>" + id + " caf\xe9</title></item>")
		}
		return `<?xml version="1.0" encoding="iso-8859-1"?><rss version="2.0"><channel><title>T</title>` + b.String() + `</channel></rss>`
	}
	ro := roadOf(map[string]http.HandlerFunc{})
	ro.set("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Cache-Control", "max-age=86400")
		w.Header().Set("Link", `<https://hub.example/>; rel="hub"`)
		io.WriteString(w, item("1", "2"))
	})
	p := newPolls(t, ro, "/")
	polled := p.next()
	prev := polled.Poll
	h := http.Header{"Content-Type": {"application/rss+xml"}}
	read := func(h http.Header, body string) Result {
		return p.c.Read(t.Context(), p.src, prev, prev.Rules, h, []byte(body), p.now)
	}
	r := read(h, item("3", "2"))
	if r.Err != nil || r.Received != 2 || r.Known != 1 || len(r.Items) != 1 || r.Items[0].Title != "3 café" || !strings.HasSuffix(r.Items[0].URL, "/3") {
		t.Fatalf("%+v", r)
	}
	if want := strings.TrimSuffix(polled.Items[0].URL, "1") + "3"; r.Items[0].URL != want || r.Items[0].Source != polled.Items[0].Source {
		t.Errorf("%s of %s, want %s", r.Items[0].URL, r.Items[0].Source, want)
	}
	gone := 0
	for _, s := range r.Poll.Seen {
		if s.Gone != 0 {
			gone++
		}
	}
	if len(r.Poll.Seen) != 3 || gone != 0 || r.Poll.Items != 3 {
		t.Errorf("%d seen, %d gone, %d items", len(r.Poll.Seen), gone, r.Poll.Items)
	}
	same := func(p news.Poll) news.Poll {
		p.Seen, p.Items, p.Changed = nil, 0, prev.Changed
		return p
	}
	if a, b := same(r.Poll), same(prev); !equalPolls(a, b) {
		t.Errorf("the record is now\n%+v, was\n%+v", a, b)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, item("3"))
	z.Close()
	if r := read(http.Header{"Content-Encoding": {"gzip"}}, packed.String()); r.Err != nil || len(r.Items) != 1 {
		t.Errorf("packed: %+v", r)
	}
	for name, body := range map[string]string{"nothing": "", "a page": "<html><body>no</body></html>", "no feed": "hello"} {
		if r := read(h, body); r.Err == nil || !equalPolls(r.Poll, prev) || len(r.Poll.Seen) != 2 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func equalPolls(a, b news.Poll) bool {
	a.Seen, b.Seen = nil, nil
	return a.Source == b.Source && a.Last.Equal(b.Last) && a.ETag == b.ETag && a.LastModified == b.LastModified && a.Body == b.Body &&
		a.Floor.Equal(b.Floor) && a.Hub == b.Hub && a.Self == b.Self && a.Status == b.Status && a.Error == b.Error && a.Failures == b.Failures &&
		a.Whole.Equal(b.Whole) && a.Good.Equal(b.Good) && a.Feed == b.Feed && a.Items == b.Items && a.Changed.Equal(b.Changed)
}
