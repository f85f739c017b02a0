package page

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"aggregator/internal/canon"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

// large is a site of 40 topics, a hundred stories in each, every one with a long
// title, told by ten outlets, the first by 30, revised often; and 2,000 sources.
func large(t testing.TB, long string) *Pages {
	b := store.Batch{Items: map[news.Position]news.Item{}}
	s := Site{Title: "Large", URL: "https://feeds.example.org/news"}
	for i := range 40 {
		name := fmt.Sprintf("Region %d", i/4)
		if i%4 > 0 {
			name = fmt.Sprintf("Region %d/A topic with a rather long name %d", i/4, i%4)
		}
		s.Topics = append(s.Topics, Topic{Topic: news.Topic{Name: name}, Formats: []string{"atom", "rss", "json"}, Items: 100, Holds: "match: " + long})
	}
	words := strings.Fields(long)
	words = words[:min(20, len(words))]
	for i := 1; i <= 100; i++ {
		at := news.Position(i * 100)
		st := news.Story{ID: id(i), Pos: at, Published: minute(i), Updated: minute(i), Lead: tale(at, 0, long)}
		for n := 1; n < 30 && (i == 1 || n < 10); n++ {
			st.Also = append(st.Also, tale(at, n, long))
		}
		for _, t := range st.Tellings() {
			text := fmt.Sprintf("<p>%s %d</p>", strings.Repeat(long+" ", 8), t.Pos)
			b.Items[t.Pos] = news.Item{Title: t.Title, HTML: text, Language: "en"}
		}
		for _, pos := range st.Lead.Revisions {
			b.Items[pos] = news.Item{Title: "Earlier " + long, HTML: "<p>Earlier " + long + "</p>"}
		}
		for _, t := range s.Topics {
			st.Topics = append(st.Topics, news.Filing{Topic: t.Name, Rule: canon.Clip(t.Holds, 200), Where: "aggregator.yaml:1234", Words: words})
		}
		b.Stories = append(b.Stories, st)
	}
	p := start(t, b)
	p.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	p.doors.Find = func(string) (news.Position, bool) { return 100, true }
	p.doors.Match = all(p)
	p.doors.Sources = func(context.Context) (all []SourceHealth, err error) {
		for i := range 2000 {
			h := SourceHealth{Name: fmt.Sprintf("Source %d %s", i, long), URL: fmt.Sprintf("https://outlet%d.example/%s", i, strings.Repeat("a", 200)), Last: minute(0), Next: minute(1), Why: long, Asked: "https://moved.example/" + strings.Repeat("b", 200)}
			if i%7 == 0 {
				h.Error, h.Failures, h.Status = "503: "+long, 7, 503
			}
			all = append(all, h)
		}
		return all, nil
	}
	p.Use(s)
	return p
}

// tale is the nth telling of a story, under an address and a title that are long
// and all its own.
func tale(at news.Position, n int, long string) news.Telling {
	t := news.Telling{Pos: at + news.Position(n), Source: fmt.Sprintf("outlet%d.example/feed", n), Name: fmt.Sprintf("Outlet number %d", n), GUID: "g",
		URL: fmt.Sprintf("https://outlet%d.example/%d/%s", n, at, strings.Repeat("path/", 40)), Title: fmt.Sprintf("%d %s", n, long), Reason: "near", Similarity: .9, Since: minute(n), Seen: minute(n)}
	if n == 0 {
		t.Reason, t.Revisions = "", []news.Position{at + 90, at + 91, at + 92}
	}
	return t
}

// No page weighs 50 KB, whatever the sources write.
func TestNoPageIsLarge(t *testing.T) {
	for name, long := range map[string]string{
		"titles of 240 characters": strings.Repeat("A long headline of news ", 10),
		"titles of 2,000":          strings.Repeat("Unbelievable & <strange> \"news\" ", 66),
		"Chinese":                  strings.Repeat("维吾尔学者获释回家", 30),
		"one word":                 strings.Repeat("x", 3000),
	} {
		p := large(t, long)
		for _, path := range []string{
			"/", "/topics/region-0", "/topics/region-0?page=4", "/topics/region-0/a-topic-with-a-rather-long-name-1", "/stories/" + id(1), "/sources", "/sources?page=7", "/sources?state=failing&q=source",
			"/try", "/try?q=" + strings.Repeat("news+", 300) + "&since=all", "/search?q=news", "/nowhere",
		} {
			w := ask(p, "GET", path)
			if w.Body.Len() >= 50_000 || w.Code >= 500 {
				t.Errorf("%s: %s answers %d with %d bytes", name, path[:min(60, len(path))], w.Code, w.Body.Len())
			}
			t.Logf("%s: %s: %d bytes", name, path[:min(60, len(path))], w.Body.Len())
		}
	}
}

func TestSources(t *testing.T) {
	p := large(t, "words")
	page := get(t, p, "/sources")
	inOrder(t, page, "2000 in all:", ">286 failing</a>", ">1714 well</a>", `<h2><a href="https://outlet0.example/`, "Page 1")
	if strings.Count(page, `<li class="failing">`) != perSources {
		t.Errorf("the failing do not come first:\n%s", page)
	}
	page = get(t, p, "/sources?state=well&q=source+1999")
	if strings.Count(page, `<li class="well">`) != 1 || !strings.Contains(page, "1 of them is shown") || !strings.Contains(page, `value="source 1999"`) || !strings.Contains(page, "moved.example") {
		t.Errorf("one asked for:\n%s", page)
	}
}

func BenchmarkLargeStory(b *testing.B) {
	p := large(b, strings.Repeat("A long headline of news ", 10))
	for b.Loop() {
		if _, err := p.make(b.Context(), p.site.Load(), "/stories/"+id(1), nil); err != nil {
			b.Fatal(err)
		}
	}
}
