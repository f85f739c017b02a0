package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

func id(n int) string { return fmt.Sprintf("6f1c0a52-0001-5000-8000-%012d", n) }

// quakes are one story apart and n of one event, the latest last; of these the
// third is in a private topic, the fourth hidden, the fifth merged into the
// first.
func quakes(t testing.TB, n int) *Pages {
	b := store.Batch{Items: map[news.Position]news.Item{}}
	for i := 1; i <= n+1; i++ {
		st := news.Story{
			ID: id(i), Pos: news.Position(i), Published: minute(i), Updated: minute(i), Event: id(2),
			Lead:   news.Telling{Pos: news.Position(i), Source: "a.example/feed", Name: "A", GUID: "x", URL: fmt.Sprint("https://a.example/", i), Title: fmt.Sprint("Quake ", i)},
			Topics: []news.Filing{{Topic: "China", Rule: "match"}},
		}
		switch i {
		case 1:
			st.Event = id(1) // alone in it by now
		case 3:
			st.Topics[0].Topic = "Private"
		case 4:
			st.Hidden, st.Topics = true, nil
		case 5:
			st.Into, st.Topics = 2, nil
		}
		b.Stories = append(b.Stories, st)
	}
	p := start(t, b)
	p.doors.Find = func(s string) (news.Position, bool) {
		i := slices.IndexFunc(b.Stories, func(st news.Story) bool { return st.ID == s })
		return news.Position(i + 1), i >= 0
	}
	p.doors.Event = func(news.Position) (all []news.Position) {
		for _, st := range b.Stories { // the first, too: what a story says of itself goes
			all = append(all, st.Pos)
		}
		return all
	}
	grouped := site()
	grouped.Events = true
	p.Use(grouped)
	return p
}

func get(t *testing.T, p *Pages, path string) string {
	t.Helper()
	w := ask(p, "GET", path)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if !strings.HasSuffix(path, ".json") {
		checkHTML(t, path, w.Body.Bytes())
	}
	return w.Body.String()
}

// inOrder wants words to stand in a text once each, in this order.
func inOrder(t *testing.T, text string, words ...string) {
	t.Helper()
	rest := text
	for _, w := range words {
		_, after, ok := strings.Cut(rest, w)
		if !ok || strings.Count(text, w) != 1 {
			t.Errorf("%s is not where it should be, or %d times in\n%s", w, strings.Count(text, w), text)
			return
		}
		rest = after
	}
}

// A topic's page shows an event once, under its latest story.
func TestEventOnTopic(t *testing.T) {
	page := get(t, quakes(t, 7), "/topics/china")
	inOrder(t, page, ">Quake 8</a></h3>", "<details><summary>3 more of the same event</summary>", ">Quake 7</a></bdi>", ">Quake 6</a></bdi>", ">Quake 2</a></bdi>", "</ul></details>", ">Quake 1</a></h3>")
	for _, gone := range []string{"Quake 3", "Quake 4", "Quake 5"} {
		if strings.Contains(page, gone) {
			t.Errorf("%s is shown:\n%s", gone, page)
		}
	}
}

func TestTogether(t *testing.T) {
	var all []storyView
	for i, event := range strings.Split("-aba-bc", "") {
		all = append(all, storyView{Title: fmt.Sprint(i), Event: strings.Trim(event, "-")})
	}
	var got []string
	for _, v := range together(all) {
		line := v.Title
		for _, o := range v.Same {
			line += "<" + o.Title
		}
		got = append(got, line)
	}
	if want := []string{"0", "1<3", "2<5", "4", "6"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A story's page lists the others of its event, but for those that have none
// for everybody.
func TestEventOnStory(t *testing.T) {
	p := quakes(t, 7)
	inOrder(t, get(t, p, "/stories/"+id(7)), "<h2>Of the same event</h2>", `<a href="https://a.example/8" rel="noreferrer">Quake 8</a>`, "Quake 6", "Quake 2", `<a href="/news/stories/`+id(2)+`">all about this story</a>`, "<h2>Why it is here</h2>")
	var v storyView
	if err := json.Unmarshal([]byte(get(t, p, "/stories/"+id(7)+".json")), &v); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range v.Related {
		ids = append(ids, r.ID)
	}
	if v.Event != id(2) || !slices.Equal(ids, []string{id(8), id(6), id(2)}) || v.Related[0].URL != "https://a.example/8" {
		t.Errorf("%+v", v)
	}
	if got := get(t, p, "/stories/"+id(1)); strings.Contains(got, "same event") {
		t.Errorf("alone in its event, and related:\n%s", got)
	}
	if err := json.Unmarshal([]byte(get(t, quakes(t, 50), "/stories/"+id(7)+".json")), &v); err != nil || len(v.Related) != mostOthers || v.Related[0].ID != id(51) {
		t.Errorf("%v: %d related, the first %s", err, len(v.Related), v.Related[0].ID)
	}
}

// Where events are not grouped, pages are as they are without.
func TestEventsOff(t *testing.T) {
	p := quakes(t, 7)
	p.Use(site())
	for _, path := range []string{"/topics/china", "/stories/" + id(7), "/stories/" + id(7) + ".json"} {
		if got := get(t, p, path); strings.Contains(got, "same event") || strings.Contains(got, "related") || strings.Contains(got, `"event"`) {
			t.Errorf("%s:\n%s", path, got)
		}
	}
}

// As files, a link to a story of the event leads to a page even if no topic's
// page shows that story any more.
func TestEventAsFiles(t *testing.T) {
	p := quakes(t, 7)
	short := site()
	short.Events, short.Topics[0].Items = true, 1
	p.Use(short)
	files := map[string][]byte{}
	for f, err := range p.Files(t.Context()) {
		if err != nil || files[f.Path] != nil {
			t.Fatalf("%s: %v, or written twice", f.Path, err)
		}
		files[f.Path] = f.Bytes
	}
	for _, n := range []int{2, 6, 7, 8} {
		if path := "stories/" + id(n); len(files[path+"/index.html"]) == 0 || string(files[path+".json"]) != get(t, p, "/"+path+".json") {
			t.Errorf("no page, or another than is served, of story %d", n)
		}
	}
	if len(files) != 6+len(short.Topics)+2*4 {
		t.Errorf("%d files", len(files))
	}
	for path, body := range files {
		for _, link := range bytes.Split(body, []byte(`href="/news/stories/`))[1:] {
			to, _, _ := strings.Cut(string(link), `"`)
			if files["stories/"+to+"/index.html"] == nil && files["stories/"+to] == nil {
				t.Errorf("%s leads to %s, which is not there", path, to)
			}
		}
	}
}

func BenchmarkEventPage(b *testing.B) {
	p := quakes(b, 99)
	p.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	for b.Loop() {
		if _, err := p.make(b.Context(), p.site.Load(), "/stories/"+id(7), nil); err != nil {
			b.Fatal(err)
		}
	}
}
