package fetch

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// RFC 6721, section 3, in Atom and in RSS, under any prefix.
func TestDeleted(t *testing.T) {
	for name, doc := range map[string]string{
		"atom": `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><id>urn:f</id><title>T</title><updated>2026-01-01T00:00:00Z</updated>
			<at:deleted-entry ref=" tag:x,2026:1 " when="2026-01-02T00:00:00Z"><at:comment>Withdrawn &amp; regretted</at:comment></at:deleted-entry>
			<entry><id>tag:x,2026:2</id><title>Two</title><updated>2026-01-01T00:00:00Z</updated></entry>
			<at:deleted-entry ref="tag:x,2026:3" when="2026-01-02T00:00:00Z"/><at:deleted-entry when="2026-01-02T00:00:00Z"/></feed>`,
		"atom, its own default": `<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:f</id><title>T</title><updated>2026-01-01T00:00:00Z</updated>
			<deleted-entry xmlns="http://purl.org/atompub/tombstones/1.0" ref="tag:x,2026:1" when="2026-01-02T00:00:00Z"/>
			<entry><id>tag:x,2026:2</id><title>Two</title><updated>2026-01-01T00:00:00Z</updated></entry>
			<deleted-entry xmlns="http://purl.org/atompub/tombstones/1.0" ref="tag:x,2026:3" when="2026-01-02T00:00:00Z"/></feed>`,
		"rss": `<rss version="2.0" xmlns:t="http://purl.org/atompub/tombstones/1.0"><channel><title>T</title><link>https://x.example/</link><description/>
			<t:deleted-entry ref="tag:x,2026:1"/><item><guid isPermaLink="false">tag:x,2026:2</guid><title>Two</title></item><t:deleted-entry ref="tag:x,2026:3"/></channel></rss>`,
	} {
		ro := roadOf(map[string]http.HandlerFunc{})
		ro.set("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, doc) })
		p := newPolls(t, ro, "/")
		r := p.next()
		want := []uint64{canon.Hash(p.src.Key, "tag:x,2026:1"), canon.Hash(p.src.Key, "tag:x,2026:3")}
		if r.Err != nil || len(r.Items) != 1 || !slices.Equal(r.Withdrawn, want) {
			t.Errorf("%s: %x, want %x; %+v", name, r.Withdrawn, want, r)
		}
	}
}

// What was taken out of the midst of a document is missing; what another pushed
// off its end, or its beginning, is not.
func TestMissing(t *testing.T) {
	for _, c := range []struct{ name, was, is, want string }{
		{"nothing", "1 2 3", "1 2 3", ""},
		{"pushed off the end", "1 2 3", "0 1 2", ""},
		{"two pushed off the end", "1 2 3", "a b 1", ""},
		{"all of it is new", "1 2 3", "4 5 6", ""},
		{"out of the midst", "1 2 3", "1 3", "2"},
		{"out of the midst, with something new", "1 2 3 4", "0 1 3 4", "2"},
		{"the latest", "1 2 3", "2 3", "1"},
		{"the latest, with something newer", "1 2 3", "0 2 3", "1"},
		{"pushed off the beginning", "1 2 3", "2 3 4", ""},
		{"pushed off the beginning, and out of the midst", "1 2 3 4", "2 4 5", "3"},
		{"another order", "1 2 3", "3 1 2", ""},
		{"the last", "1 2 3", "1 2", ""},
		{"nothing left", "1 2 3", "", ""},
	} {
		var prev []news.Seen
		for _, guid := range strings.Fields(c.was) {
			prev = append(prev, news.Seen{ID: canon.Hash("s", guid), Raw: 1})
		}
		doc := document{}
		for _, guid := range strings.Fields(c.is) {
			doc.entries = append(doc.entries, entry{guid: guid})
		}
		m := newMemory("s", prev, true)
		m.place(&doc, "", noon)
		var want []uint64
		for _, guid := range strings.Fields(c.want) {
			want = append(want, canon.Hash("s", guid))
		}
		if got := m.missing(prev); !slices.Equal(got, want) {
			t.Errorf("%s: %x, want %x", c.name, got, want)
		}
	}
}

func TestGone(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		switch r.URL.Path {
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/moved":
			http.Redirect(w, r, "/gone", http.StatusPermanentRedirect)
		case "/lost":
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer site.Close()
	allowed := client(t, Options{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for path, want := range map[string]bool{"/gone": true, "/moved": true, "/lost": false, "/well": false} {
		if got := allowed.Gone(t.Context(), site.URL+path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	for _, address := range []string{"", "mailto:x@example.org", "http://127.0.0.1:1/gone", "://"} {
		if allowed.Gone(t.Context(), address) {
			t.Errorf("%q is gone", address)
		}
	}
	if client(t, Options{}).Gone(t.Context(), site.URL+"/gone") {
		t.Error("a private network was asked")
	}
}
