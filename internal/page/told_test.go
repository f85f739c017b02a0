package page

import (
	"strings"
	"testing"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// wired is a story that two outlets tell, of which one revised its words twice
// and another wrote its own.
func wired(t *testing.T) *Pages {
	lead := news.Telling{Pos: 1, Source: "a", Name: "Wire", Title: "Dam breaks, ten missing", Since: minute(1), Seen: minute(9), Revisions: []news.Position{4, 5}}
	item := func(n int, title, text string) news.Item {
		return news.Item{Title: title, HTML: "<p>" + text + "</p>", Language: "en", Seen: minute(n)}
	}
	long := strings.Repeat(" The river had risen for days.", 40)
	return start(t, store.Batch{
		Items: map[news.Position]news.Item{
			1: item(9, "Dam breaks, ten missing", "A dam broke on Monday."+long), 2: item(2, "Dam bursts, ten missing", "A dam broke on Tuesday."+long), 3: item(3, "Floods", "Thousands flee."),
			4: item(4, "Dam breaks", "A dam broke."), 5: item(5, "Dam breaks, two missing", "A dam broke on Monday."),
		},
		Decisions: []news.Decision{
			{Pos: 1, Fate: news.New, Story: 1, Refused: news.Refusal{Of: 9, Similarity: .61, Guard: "other numbers"}},
			{Pos: 2, Fate: news.Duplicate, Story: 1, Of: 1}, {Pos: 3, Fate: news.Duplicate, Story: 1, Of: 2},
			{Pos: 4, Fate: news.Revised, Story: 1}, {Pos: 5, Fate: news.Revised, Story: 1},
		},
		Stories: []news.Story{{ID: first, Pos: 1, Published: minute(1), Updated: minute(9), Lead: lead, Also: []news.Telling{
			{Pos: 2, Source: "b", Name: "Daily", URL: "https://daily.example/1", Title: "Dam bursts, ten missing", Since: minute(2), Seen: minute(2), Reason: "near", Similarity: .93},
			{Pos: 3, Source: "c", Name: "Radio", Title: "Floods", Since: minute(3), Seen: minute(3), Reason: "url", Similarity: 1},
			{Pos: 7, Source: "d", Name: "Gone", Title: "Dam breaks, ten missing", Since: minute(3), Seen: minute(3), Reason: "text", Similarity: 1},
		}, Topics: []news.Filing{{Topic: "China", Rule: "match"}}}},
	})
}

// A story's page puts its tellings side by side, marks what is different, shows
// earlier words beside what came next, and says what was decided.
func TestTellings(t *testing.T) {
	page := strings.NewReplacer(`<span class="vh"> [not here: </span>`, "", `<span class="vh"> [only here: </span>`, "", `<span class="vh">] </span>`, "",
		`<span class="vh"> [taken out: </span>`, "", `<span class="vh"> [put in: </span>`, "").Replace(get(t, wired(t), "/stories/"+first))
	inOrder(t, page,
		"How it is told", `<h3><bdi>Wire</bdi> <span class="tag">leads</span></h3>`, "the first to tell it · revised 2×", `<p class="title" dir="auto" lang="en">Dam breaks, ten missing</p>`,
		"The nearest other story was 61% alike: other numbers.", "its 2 earlier versions",
		"Dam breaks, <del>two </del><ins>ten </ins>missing", "Dam breaks<ins>, two missing</ins>", "A dam broke <ins>on Monday</ins>.",
		"<h3><bdi>Daily</bdi></h3>", "nearly the same text (93%)", "Dam <del>breaks</del><ins>bursts</ins>, ten missing", "<del>Monday</del><ins>Tuesday</ins>", "Read all of it at <bdi>Daily</bdi>",
		"<h3><bdi>Radio</bdi></h3>", "Thousands flee.", "In words of its own", "Judged by what Daily told.",
		"<h3><bdi>Gone</bdi></h3>", "Its words are not kept any more.")
	if strings.Contains(page, "risen for days.</p>") || len(page) > 14_000 {
		t.Errorf("the whole text, or too much of it, in %d bytes", len(page))
	}
}

// Where a text is cut there is no difference.
func TestCutIsNoDifference(t *testing.T) {
	pieces, other := against("A dam broke on Monday. The river had", "A dam broke on Monday.")
	if marked(pieces) != "A dam broke on Monday." || other {
		t.Errorf("%q, %v", marked(pieces), other)
	}
}
