package publish

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"aggregator/internal/news"
)

// What is pushed of a story is what the feed says of it, in each format.
func TestPush(t *testing.T) {
	p, s := over(t, china())
	var one []news.Story
	for st, err := range s.Shelf(t.Context(), "China") {
		if err != nil {
			t.Fatal(err)
		}
		one = []news.Story{st}
		break
	}
	for _, h := range testSite(china()).Heads() {
		raw, err := p.Push(t.Context(), h.Path, one)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(raw), "urn:uuid:"+one[0].ID); n == 0 || !strings.Contains(string(raw), h.Self) {
			t.Errorf("%s lacks the story or its own address:\n%s", h.Path, raw)
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest("GET", h.Path, nil))
		if want := "<https://feeds.example.org/news/hub>; rel=\"hub\", <" + h.Self + ">; rel=\"self\""; w.Header().Get("Link") != want {
			t.Errorf("%s: Link %q, want %q", h.Path, w.Header().Get("Link"), want)
		}
		if got := w.Header().Get("Content-Type"); got != h.Type {
			t.Errorf("%s is %q, and pushed as %q", h.Path, got, h.Type)
		}
		// Every line of the story stands in the feed just so, but for the feed's own
		// date and, in JSON, the comma behind it.
		lines := strings.Split(w.Body.String(), "\n")
		for line := range strings.SplitSeq(string(raw), "\n") {
			if line = strings.TrimSuffix(line, ","); !slices.ContainsFunc(lines, func(l string) bool { return strings.TrimSuffix(l, ",") == line }) && !strings.Contains(line, "<updated>") && !strings.Contains(line, "lastBuildDate") {
				t.Errorf("%s: the feed has no line %q", h.Path, line)
			}
		}
	}
	if _, err := p.Push(t.Context(), "/topics/none.atom", one); !errors.Is(err, errGone) {
		t.Errorf("of no feed: %v", err)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", "/topics.opml", nil))
	if w.Header()["Link"] != nil {
		t.Error("OPML names a hub")
	}
}
