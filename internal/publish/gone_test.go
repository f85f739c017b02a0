package publish

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

func TestTombstones(t *testing.T) {
	topic := china()
	topic.MaxAge = 10 * 24 * time.Hour
	p, s := over(t, topic)
	now := noon
	p.now = func() time.Time { return now }
	plain := string(body(t, p, atomPath))
	if strings.Contains(plain, "tombstones") {
		t.Error("a tombstone where nothing is gone")
	}
	mark := func(gone ...news.Gone) {
		t.Helper()
		keep(t, s, store.Batch{Marks: map[string]string{news.GoneMark("China"): news.WriteGone(gone)}})
		p.Changed([]string{"China"})
	}
	fresh := news.Gone{ID: "6f1c0a52-0001-5000-8000-000000000009", When: noon.Add(-time.Minute)}
	mark(fresh, news.Gone{ID: "6f1c0a52-0001-5000-8000-000000000002", When: noon.AddDate(0, 0, -11)})
	doc := string(body(t, p, atomPath))
	const stone = `<at:deleted-entry ref="urn:uuid:6f1c0a52-0001-5000-8000-000000000009" when="2026-05-05T11:59:00Z">`
	if !strings.Contains(doc, stone) || strings.Count(doc, "deleted-entry ") != 1 ||
		!strings.Contains(doc, `xmlns:at="http://purl.org/atompub/tombstones/1.0"`) || !strings.Contains(doc, "<updated>2026-05-05T11:59:00Z</updated>") {
		t.Errorf("no tombstone, or too many:\n%.1500s", doc)
	}
	var feed struct {
		Ours struct{ Deleted []news.Gone } `json:"_aggregator"`
	}
	if err := json.Unmarshal(body(t, p, "/topics/china.json"), &feed); err != nil || len(feed.Ours.Deleted) != 1 || feed.Ours.Deleted[0].ID != "urn:uuid:"+fresh.ID || !feed.Ours.Deleted[0].When.Equal(fresh.When) {
		t.Errorf("%+v %v", feed, err)
	}
	now = noon.Add(topic.MaxAge)
	if doc := string(body(t, p, atomPath)); strings.Contains(doc, "deleted-entry") {
		t.Error("a tombstone older than max_age")
	}
	now = noon
	mark()
	if doc := string(body(t, p, atomPath)); doc != plain {
		t.Error("shown again, and the feed is not what it was")
	}
}

// With the bytes at hand no request asks the store for anything.
func TestServedFromMemory(t *testing.T) {
	s := &counting{Store: open(t, t.TempDir())}
	append1(t, s, many(1, 400))
	p := start(s, testSite(china()))
	p.Match = matchTitle
	is, _ := p.pastOf(t.Context(), p.shown.Load().byTopic["China"])
	for _, path := range []string{atomPath, "/topics/china.recent.rss", "/topics/china." + is.archives[0].id + ".json", atomPath + "?source=x.example.org", "/topics.opml"} {
		tag := ask(p, "GET", path).Header().Get("Etag")
		s.calls.Store(0)
		for _, headers := range [][]string{{"If-None-Match", tag}, {"Accept-Encoding", "gzip"}, {"Accept-Encoding", "zstd"}, {"If-None-Match", `"x"`}} {
			if w := ask(p, "GET", path, headers...); w.Code != 200 && w.Code != 304 {
				t.Errorf("%s %q: %d", path, headers, w.Code)
			}
		}
		if n := s.calls.Load(); n != 0 {
			t.Errorf("%s: the store was asked %d times", path, n)
		}
	}
}
