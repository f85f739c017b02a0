package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
)

// tripFunc is a RoundTripper, and burst a body, that do as told.
type tripFunc func(*http.Request) (*http.Response, error)

func (f tripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type burst struct{}

func (burst) Read([]byte) (int, error) { panic("the body") }
func (burst) Close() error             { return nil }

func answer(r *http.Request, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ContentLength: -1, Header: http.Header{}, Body: body, Request: r}
}

// A panic costs that poll only: it is an error of that source, what was known
// stays known, and the seats of the parser are free again.
func TestPanicCostsThatPollOnly(t *testing.T) {
	prev := news.Poll{ETag: `"v1"`, Failures: 1, Items: 7, Seen: []news.Seen{{ID: 1, Raw: 2, Since: 3}}, Floor: noon}
	script := strings.Replace(small, "</item>", "<description>&lt;script></description></item>", 1)
	for name, trip := range map[string]tripFunc{
		"asking":  func(*http.Request) (*http.Response, error) { panic("the network") },
		"reading": func(r *http.Request) (*http.Response, error) { return answer(r, burst{}), nil },
		"cleaning": func(r *http.Request) (*http.Response, error) {
			return answer(r, io.NopCloser(strings.NewReader(script))), nil
		},
	} {
		c := client(t, Options{Transport: trip})
		c.cleaner = nil // the first use of it panics
		src := news.Source{Key: "k", URL: "https://site.example/feed"}
		for range 3 {
			r := c.Fetch(context.Background(), src, prev, 0, noon.Add(time.Hour))
			wantErr(t, r.Err, "a fault of ours", "please report it")
			p := r.Poll
			if p.Failures != 2 || p.Error == "" || p.ETag != `"v1"` || p.Items != 7 || len(p.Seen) != 1 || !p.Floor.IsZero() || !p.Last.Equal(noon.Add(time.Hour)) || len(r.Items) != 0 {
				t.Errorf("%s: %+v", name, p)
			}
		}
		if len(c.seats.parsing) != 0 || len(c.seats.large) != 0 {
			t.Errorf("%s: a seat is taken", name)
		}
	}
}

// The parser's own panics are errors of the document.
func TestPanicInParsing(t *testing.T) {
	_, err := parse([]byte(sound("rss", 1)), "", "", func(uint64) bool { panic("known") })
	wantErr(t, err, "gave up", "known")
}

func manyItems(n int, date func(i int) time.Time) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>T</title>`)
	for i := range n {
		fmt.Fprintf(&b, "<item><guid>%d</guid><title>Title %[1]d</title><pubDate>%s</pubDate></item>", i, date(i).Format(time.RFC1123Z))
	}
	return b.String() + `<item><guid>last</guid></item></channel></rss>`
}

// 50,000 items: the newest are read, whichever way round they stand; what is new
// above them later comes too, and nothing of the rest.
func TestFiftyThousandItems(t *testing.T) {
	falling := func(i int) time.Time { return noon.Add(-time.Duration(i) * time.Minute) }
	rising := func(i int) time.Time { return noon.Add(time.Duration(i-50000) * time.Minute) }
	for name, c := range map[string]struct {
		date        func(int) time.Time
		first, last string
	}{"newest first": {falling, "0", "9999"}, "newest last": {rising, "40001", "last"}} {
		body := manyItems(50000, c.date)
		doc, err := parse([]byte(body), "", "", nil)
		if err != nil || len(doc.entries) != maxItems || !strings.Contains(doc.partial, "50001 items: the 10000 newest") {
			t.Fatalf("%s: %d entries, %q, %v", name, len(doc.entries), doc.partial, err)
		}
		if got := [2]string{doc.entries[0].guid, doc.entries[maxItems-1].guid}; name == "newest first" && got != [2]string{c.first, c.last} {
			t.Errorf("%s: %v", name, got)
		}
	}
	ro := roadOf(map[string]http.HandlerFunc{"/": says(manyItems(50000, falling))})
	p := newPolls(t, ro, "/")
	if r := p.next(); r.Err != nil || len(r.Items) != maxItems || r.Poll.Partial == "" {
		t.Fatalf("%d items, %q, %v", len(r.Items), r.Poll.Partial, r.Err)
	}
	ro.set("/", says(strings.Replace(manyItems(50000, falling), "<item>", "<item><guid>new</guid><title>New</title></item><item>", 1)))
	if r := p.next(); r.Err != nil || len(r.Items) != 1 || r.Items[0].GUID != "new" || r.Received != maxItems {
		t.Errorf("%d items of %d, %v", len(r.Items), r.Received, r.Err)
	}
}

// A document may be too much in other ways; each says which.
func TestLimitsSayWhich(t *testing.T) {
	times := strings.Repeat
	for word, body := range map[string]string{
		"nested deeper than 64":       "<rss>" + times("<a>", 100),
		"namespace declarations":      "<rss>" + times("<a xmlns:b='c'>", 0) + "<a " + times("xmlns:b='c' ", 200) + ">",
		"comments or CDATA":           "<rss>" + times("<!---->", 2000),
		"more than 400000 elements":   "<rss><channel><item>" + times("<a/>", maxElements+1),
		"more than 1000 attributes":   "<rss><channel><item><a " + times("b='' ", 1001) + "/>",
		"more than 400000 values":     `{"items":[` + times("1,", maxValues+1),
		"or is nested deeper than 64": times("[", 100),
	} {
		_, err := parse([]byte(body), "", "", nil)
		wantErr(t, err, word)
	}
	for name, body := range map[string]string{
		"JSON":                `{"version":"https://jsonfeed.org/version/1","items":[{"id":"0"}` + times(`,{"id":"1"}`, maxItems+5) + `],"title":"T"}`,
		"a list":              `[{"id":"0"}` + times(`,{"id":"1"}`, maxItems+5) + `]`,
		"empty elements":      "<rss><channel>" + times("<item/>", maxItems+5) + "</channel></rss>",
		"never closed":        "<rss><channel>" + times("<item><guid>1</guid>", maxItems+5),
		"in a comment's coat": "<rss><channel>" + times("<item><!-- <item> --></item>", maxItems+5) + "</channel></rss>",
	} {
		doc, err := parse([]byte(body), "", "", nil)
		if err != nil || len(doc.entries) != maxItems || !strings.Contains(doc.partial, "10000") {
			t.Errorf("%s: %d entries, %q, %v", name, len(doc.entries), doc.partial, err)
		}
	}
	huge := `<rss><channel><item><title>x</title><enclosure url="https://h.example/` + times("a", 1<<20) + `"/></item></channel></rss>`
	if doc, err := parse([]byte(huge), "", "", nil); err != nil || len(doc.entries) != 1 {
		t.Errorf("an attribute of a megabyte: %v", err)
	}
}

// encoding/xml expands no entity that a document declares, and fetches none.
func TestEntitiesAreNotExpanded(t *testing.T) {
	asked := false
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { asked = true })
	laughs := `<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>`
	xxe := `<!DOCTYPE rss [<!ENTITY c SYSTEM "file:///etc/passwd"><!ENTITY % d SYSTEM "` + s.URL + `">%d;]>`
	for _, doctype := range []string{laughs, xxe, strings.Replace(xxe, "file:///etc/passwd", s.URL, 1)} {
		body := `<?xml version="1.0"?>` + doctype + `<rss version="2.0"><channel><title>T</title><item><guid>1</guid><title>See &c; &amp; hear</title></item></channel></rss>`
		doc, err := parse([]byte(body), "", "", nil)
		if err != nil || len(doc.entries) != 1 {
			t.Fatalf("%q: %d entries, %v", doctype, len(doc.entries), err)
		}
		if title := doc.entries[0].title; strings.Contains(title, "haha") || strings.Contains(title, "root:") || !strings.Contains(title, "hear") {
			t.Errorf("title %q", title)
		}
	}
	if asked {
		t.Error("an external entity was fetched")
	}
}

// What feeds do with their items from poll to poll: nothing is lost and nothing
// comes twice as new.
func TestFaithful(t *testing.T) {
	doc := func(items ...string) http.HandlerFunc {
		var b strings.Builder
		for _, it := range items {
			guid, title, _ := strings.Cut(it, "=")
			b.WriteString("<item><guid isPermaLink='false'>" + guid + "</guid><title>" + title + "</title></item>")
		}
		return says(`<rss version="2.0"><channel><title>T</title>` + b.String() + `</channel></rss>`)
	}
	ro := roadOf(map[string]http.HandlerFunc{})
	p := newPolls(t, ro, "/")
	for _, step := range []struct {
		name  string
		items []string
		fresh int
	}{
		{"first", []string{"a=A", "b=B", "c=C"}, 3},
		{"reordered", []string{"c=C", "a=A", "b=B"}, 0},
		{"one dropped", []string{"c=C", "b=B"}, 0},
		{"added again: the log knows it", []string{"c=C", "b=B", "a=A"}, 1},
		{"a guid for other words", []string{"c=C2", "b=B", "a=A"}, 1},
		{"and back", []string{"c=C", "b=B", "a=A"}, 1},
		{"a guid twice, the same words", []string{"c=C", "c=C", "b=B", "a=A"}, 0},
		{"a guid twice, other words: both are kept", []string{"c=C", "c=D", "b=B", "a=A"}, 1},
		{"in another order", []string{"c=D", "c=C", "b=B", "a=A"}, 0},
		{"no guid", []string{"=E", "=F", "c=C", "c=D"}, 2},
		{"empty for once", nil, 0},
	} {
		ro.set("/", doc(step.items...))
		r := p.next()
		if r.Err != nil || len(r.Items) != step.fresh {
			t.Errorf("%s: %d items, want %d (%v)", step.name, len(r.Items), step.fresh, r.Err)
		}
	}
}

func TestErrorsKeepTheirCause(t *testing.T) {
	c := client(t, Options{Transport: tripFunc(func(*http.Request) (*http.Response, error) { return nil, io.ErrClosedPipe })})
	if r := ask(t, c, "https://site.example/", news.Poll{}); !errors.Is(r.Err, io.ErrClosedPipe) {
		t.Errorf("%v", r.Err)
	}
}
