package page

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

const third = "6f1c0a52-0001-5000-8000-000000000003"

// byHand is the stories of the test, of which the third is merged into the
// first, whose lead is pinned, and the second is hidden.
func byHand(t *testing.T) *Pages {
	b := stories()
	b.Stories[0].Merged, b.Stories[0].Lead.Pinned = []string{third}, true
	b.Stories[0].Also[0].Reason, b.Stories[0].Also[0].Similarity = "person", 1
	b.Stories[1].Hidden, b.Stories[1].Topics = true, nil
	b.Stories = append(b.Stories, news.Story{ID: third, Pos: 3, Into: 1, Published: minute(1), Updated: minute(1), Lead: news.Telling{Pos: 3, Title: "Merged"}})
	p := start(t, store.Batch{Items: b.Items, Stories: b.Stories})
	was := p.doors.Find
	p.doors.Find = func(id string) (news.Position, bool) {
		if id == third {
			return 1, true
		}
		return was(id)
	}
	return p
}

func TestByHand(t *testing.T) {
	p := byHand(t)
	for path, to := range map[string]string{"/stories/" + third: "/news/stories/" + first, "/stories/" + third + ".json": "/news/stories/" + first + ".json"} {
		if w := ask(p, "GET", path); w.Code != 308 || w.Header().Get("Location") != to || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	for _, path := range []string{"/stories/" + second, "/stories/" + second + ".json"} {
		w := ask(p, "GET", path)
		if w.Code != 410 || !strings.Contains(w.Body.String(), "not published any more") || strings.Contains(w.Body.String(), "Blog") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		checkHTML(t, path, w.Body.Bytes())
	}
	page := ask(p, "GET", "/stories/"+first).Body.String()
	if !strings.Contains(page, "pinned by a person") || !strings.Contains(page, "put here by a person") {
		t.Error(page)
	}
	var v storyView
	if err := json.Unmarshal(ask(p, "GET", "/stories/"+first+".json").Body.Bytes(), &v); err != nil || !v.Pinned || !slices.Equal(v.Merged, []string{third}) {
		t.Errorf("%v: %+v", err, v)
	}
}

// A static host cannot redirect: a page does.
func TestByHandAsFiles(t *testing.T) {
	files := map[string][]byte{}
	for f, err := range byHand(t).Files(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		files[f.Path] = f.Bytes
	}
	moved := files["stories/"+third+"/index.html"]
	checkHTML(t, third, moved)
	for _, want := range []string{`<meta http-equiv="refresh" content="0; url=/news/stories/` + first + `"/>`, `<link rel="canonical" href="/news/stories/` + first + `"/>`, `<a href="/news/stories/` + first + `">`} {
		if !strings.Contains(string(moved), want) {
			t.Errorf("no %s in\n%s", want, moved)
		}
	}
	if string(files["stories/"+third+".json"]) != string(files["stories/"+first+".json"]) || len(moved) == 0 {
		t.Error("its JSON is not that of the story it is merged into")
	}
	for path := range maps.Keys(files) {
		if strings.Contains(path, second) {
			t.Errorf("%s is hidden, and written", path)
		}
	}
}
