package main

import (
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"aggregator/internal/news"
)

// whyRules put one story in by each kind of rule; each stands in a line of its
// own.
const whyRules = `topics:
  - { name: Ports, match: dockers OR harbour }
  - name: Labour
    score:
      threshold: 3
      terms: { strike: 2, dockers: 1, tag:local: 1 }
  - { name: Wire }
  - { name: Ports/Labour }
  - { name: Late, match: 'topic:Labour AND ended' }
  - { name: Late/Early, match: unobtainium }
  - { name: Sea }
  - { name: Sea/Ice, match: thaw }
`

// TestWhy: explain, the pages and the feeds name the rule, its line and the words
// for each topic, and the line is true after it moved.
func TestWhy(t *testing.T) {
	o := newOutlets(t)
	o.put("/wire", "application/rss+xml", wireDoc(wireItem("w1", "The strike of the dockers ended", "It ended with the thaw.")))
	config := "listen: 127.0.0.1:0\nurl: http://f.example\n" + polite + "sources: [{ url: " + o.URL + "/wire, name: The Wire, topics: [Wire], tags: [local] }]\n" + whyRules
	d := quietDesk(t, config)
	d.poll()
	r := d.start()
	for _, more := range []string{"", "# a line\n# and another\n"} {
		d.save(more + config)
		d.must("reload")
		t.Run(fmt.Sprintf("%d lines lower", strings.Count(more, "\n")), func(t *testing.T) { sayWhy(t, r, strings.Split(more+config, "\n")) })
	}
	r.stop()
}

// whyOf is what must be said of the story, with the lines of this file.
func whyOf(file []string) []news.Filing {
	line := func(text string) string {
		at := slices.IndexFunc(file, func(l string) bool { return strings.Contains(l, text) })
		return fmt.Sprintf("aggregator.yaml:%d", at+1)
	}
	return []news.Filing{
		{Topic: "Ports", Rule: "match: dockers OR harbour", Where: line("name: Ports,"), Words: []string{"dockers"}},
		{Topic: "Labour", Rule: "score 4 ≥ 3: strike +2, dockers +1, tag:local +1", Where: line("strike: 2"), Words: []string{"strike", "dockers", "local"}},
		{Topic: "Wire", Rule: "source The Wire"},
		{Topic: "Ports/Labour", Rule: "in both Ports and Labour", Where: line("name: Ports/Labour"), Words: []string{"dockers", "strike", "local"}},
		{Topic: "Late", Rule: "match: topic:Labour AND ended", Where: line("name: Late,"), Words: []string{"Labour", "ended"}},
		{Topic: "Sea", Rule: "holds Sea/Ice", Where: line("name: Sea/Ice"), Words: []string{"thaw"}},
		{Topic: "Sea/Ice", Rule: "match: thaw", Where: line("name: Sea/Ice"), Words: []string{"thaw"}},
	}
}

// sayWhy compares what is said everywhere with what stands in the file.
func sayWhy(t *testing.T, r *running, file []string) {
	want, e := whyOf(file), r.desk.explained("w1")
	page := "/stories/" + strings.TrimPrefix(e.Story.ID, "urn:uuid:")
	var story whySaid
	var feed struct {
		Items []struct {
			Ours whySaid `json:"_aggregator"`
		}
	}
	for path, into := range map[string]any{page + ".json": &story, "/topics/ports.json": &feed} {
		if err := json.Unmarshal([]byte(r.get(path).body), into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	for by, got := range map[string][]news.Filing{"explain --json": e.Topics, "the story's JSON": story.Why, "_aggregator.why": feed.Items[0].Ours.Why} {
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s says\n%q, want\n%q", by, got, want)
		}
	}
	text := r.must("explain", "w1")
	for _, f := range want {
		sayInWords(t, f, text, r.get(page).body, r.get("/topics/"+news.Topic{Name: f.Topic}.Path()).body)
	}
}

type whySaid struct{ Why []news.Filing }

// sayInWords wants a filing in what explain prints, and on pages.
func sayInWords(t *testing.T, f news.Filing, text string, pages ...string) {
	t.Helper()
	printed, shown := "in       "+f.Topic+"\n  "+f.Rule, f.Rule
	if len(f.Words) > 0 {
		shown += " — “" + strings.Join(f.Words, "”, “") + "”"
	}
	if f.Where != "" {
		printed += " (" + f.Where + ")"
		shown += ` <span class="where">(` + f.Where + ")</span>"
	}
	if len(f.Words) > 0 {
		printed += "\n  words: " + strings.Join(f.Words, ", ")
	}
	if !strings.Contains(text, printed+"\n") {
		t.Errorf("explain does not say %s:\n%s", printed, text)
	}
	for _, page := range pages {
		page = strings.NewReplacer("<bdi>", "", "</bdi>", "").Replace(page) // scripts side by side
		if !strings.Contains(html.UnescapeString(page), shown) {
			t.Errorf("a page does not say %s:\n%s", shown, page)
		}
	}
}
