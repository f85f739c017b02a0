package publish

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// grouped publishes testdata/shelf.json, where three stories are of one event
// and the oldest of them led it.
func grouped(t *testing.T, topics ...Topic) *Publisher {
	_, s := over(t)
	site := testSite(topics...)
	site.Events = true
	return start(s, site)
}

func TestRelatedGolden(t *testing.T) {
	p := grouped(t, china())
	for _, format := range []string{"atom", "rss", "json"} {
		golden(t, "events."+format, body(t, p, "/topics/china."+format))
	}
}

// dates are the updated of a feed and of its stories.
func dates(t *testing.T, p *Publisher) (all []string) {
	for line := range bytes.Lines(body(t, p, "/topics/china.atom")) {
		if bytes.Contains(line, []byte("<updated>")) {
			all = append(all, string(bytes.TrimSpace(line)))
		}
	}
	return all
}

// No reader sees other words of a story because another is related to it.
func TestRelatedIsNoUpdate(t *testing.T) {
	plain, _ := over(t, china())
	if a, b := dates(t, plain), dates(t, grouped(t, china())); len(a) < 5 || fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("updated moved: %v, %v", a, b)
	}
}

// Without `also` nothing is added to what the source wrote.
func TestRelatedWithoutFoot(t *testing.T) {
	quiet := china()
	quiet.Also = false
	p := grouped(t, quiet)
	if rss := body(t, p, "/topics/china.rss"); bytes.Contains(rss, []byte("Related:")) {
		t.Errorf("%s", rss)
	}
	if atom := body(t, p, "/topics/china.atom"); bytes.Count(atom, []byte(`/stories/6f1c0a52-0001-5000-8000-000000000004"`)) != 2 {
		t.Errorf("%s", atom)
	}
}

// A big event: a story links to the latest twenty others that stand in the same
// feed, names five, and never itself.
func TestRelatedIsBounded(t *testing.T) {
	const n = 30
	b := store.Batch{Items: map[news.Position]news.Item{}}
	for i := news.Position(1); i <= n; i++ {
		st := news.Story{
			ID: fmt.Sprintf("6f1c0a52-0001-5000-8000-%012d", i), Pos: i, Published: noon.Add(time.Duration(i) * time.Minute), Event: "e",
			Lead: news.Telling{Pos: i, Source: "a.example/feed", Name: "A", GUID: "x", Title: fmt.Sprint("Story ", i)}, Topics: []news.Filing{{Topic: "China"}},
		}
		if i == n {
			st.Topics[0].Topic = "Private" // in another feed alone
		}
		b.Stories = append(b.Stories, st)
	}
	s := open(t, t.TempDir())
	keep(t, s, b)
	site := testSite(china())
	site.Events = true
	var doc struct {
		Items []struct {
			ID   string
			HTML string   `json:"content_html"`
			Ours jsonOurs `json:"_aggregator"`
		}
	}
	if err := json.Unmarshal(body(t, start(s, site), "/topics/china.json"), &doc); err != nil || len(doc.Items) != n-1 {
		t.Fatalf("%v, %d items", err, len(doc.Items))
	}
	for i, it := range doc.Items {
		var want []string
		for j := n - 1; j > 0 && len(want) < 20; j-- {
			if j != n-1-i {
				want = append(want, fmt.Sprint("Story ", j))
			}
		}
		var got []string
		for _, r := range it.Ours.Related {
			got = append(got, r.Title)
			if r.ID == it.ID || r.URL != "https://feeds.example.org/news/stories/"+strings.TrimPrefix(r.ID, "urn:uuid:") {
				t.Errorf("%s is related to %+v", it.ID, r)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || strings.Count(it.HTML, "<a ") != 5 {
			t.Errorf("story %d: %v\nwant %v\n%s", n-1-i, got, want, it.HTML)
		}
	}
}
