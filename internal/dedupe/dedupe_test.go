package dedupe

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"aggregator/internal/near"
	"aggregator/internal/news"
)

// Cases are files: each archive member is one site's day, a line an item:
//
//	10:00 source guid url | title | text => fate STORY [reason]
//
// "+" in place of the hour: in the same document as the line before. The hour
// may name a day, and the item's own date after "=": 3/10:00=1/09:30. A line
// that begins with "person" is a person's word.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				day(t, string(f.Data), strings.HasPrefix(filepath.Base(file), "near"))
			})
		}
	}
}

type expected struct {
	line string
	item Item
	want string
}

// day decides the lines of a case. near says that near text counts, between
// sources, and within those whose name begins with *.
func day(t *testing.T, text string, near bool) {
	index := New(7 * 24 * time.Hour)
	labels := map[news.Position]string{}
	var log []news.Decision
	var document []expected
	flush := func() {
		if len(document) == 0 {
			return
		}
		beside := map[uint64]bool{}
		items := make([]Item, len(document))
		for _, e := range document {
			beside[e.item.Keys.ID] = true
		}
		for i, e := range document {
			items[i] = e.item
			items[i].Beside = beside
		}
		ds := index.Decide(items, document[0].item.Seen)
		for i, d := range ds {
			if d.Fate != news.Known {
				index.Apply(d)
				log = append(log, d)
			}
			judgeLine(t, document[i], d, labels)
		}
		document = nil
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		hour, rest, _ := strings.Cut(line, " ")
		if hour == "person" {
			flush()
			log = append(log, say(t, index, strings.Fields(rest), log, labels))
			continue
		}
		last := ""
		if hour == "+" {
			last = strings.Fields(document[0].line)[0]
		} else {
			flush()
			last = hour
		}
		e := parseLine(t, line, last, rest)
		if near {
			e.item.Near = NearOthers
		}
		if near && strings.HasPrefix(e.item.Source, "*") {
			e.item.Near = NearOwn
		}
		document = append(document, e)
	}
	flush()
}

func parseLine(t *testing.T, line, hour, rest string) expected {
	t.Helper()
	given, want, found := strings.Cut(rest, "=>")
	parts := strings.Split(given, "|")
	if !found || len(parts) != 3 {
		t.Fatalf("not a case: %s", line)
	}
	names := strings.Fields(parts[0])
	came, claimed, _ := strings.Cut(hour, "=")
	it := news.Item{Source: names[0], GUID: names[1], Title: strings.TrimSpace(parts[1]), Text: strings.TrimSpace(parts[2]), Seen: moment(t, came)}
	if len(names) > 2 {
		it.URL = names[2]
	}
	if claimed != "" {
		it.Published = moment(t, claimed)
	}
	return expected{line, Prepare(it), strings.TrimSpace(want)}
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	day := 1
	if d, rest, ok := strings.Cut(s, "/"); ok {
		if _, err := fmt.Sscan(d, &day); err != nil {
			t.Fatal(err)
		}
		s = rest
	}
	at, err := time.Parse("15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 3, day, at.Hour(), at.Minute(), 0, 0, time.UTC)
}

func judgeLine(t *testing.T, e expected, d news.Decision, labels map[news.Position]string) {
	t.Helper()
	want := strings.SplitN(e.want, " ", 3)
	if d.Fate == news.New {
		for _, l := range labels {
			if l == want[1] {
				t.Errorf("%s\n  began a story of its own (%s)", e.line, d.Reason)
				return
			}
		}
		labels[d.Story] = want[1]
	}
	got := []string{d.Fate.String(), labels[d.Story]}
	switch {
	case len(want) > 2 && strings.HasPrefix(want[2], "refused "):
		got = append(got, "refused "+d.Refused.Guard)
	case len(want) > 2:
		got = append(got, d.Reason)
	}
	if strings.Join(got, " ") != e.want {
		t.Errorf("%s\n  got %s (%s %.2f; refused %d %.2f %s)", e.line, strings.Join(got, " "), d.Reason, d.Similarity, d.Refused.Of, d.Refused.Similarity, d.Refused.Guard)
	}
}

const golden = "21195d49a13d5f16972a17fafe88f7e4"

func TestIDs(t *testing.T) {
	// Readers know stories by these: they must never change.
	ds := New(time.Hour).Decide([]Item{Prepare(news.Item{Source: "example.org/feed", GUID: "1"})}, moment(t, "10:00"))
	if got := fmt.Sprintf("%x", ds[0].ID); got != golden {
		t.Errorf("the story id became %s, was %s", got, golden)
	}
	if ds[0].ID[6]>>4 != 5 || ds[0].ID[8]>>6 != 2 {
		t.Errorf("%x is no UUID of version 5", ds[0].ID)
	}
}

func TestWindowAndExpiry(t *testing.T) {
	x := New(24 * time.Hour)
	words := "enough words in a row that they can stand for themselves as a text"
	first := Prepare(news.Item{Source: "a", GUID: "1", URL: "https://a.example/1", Title: "T", Text: words, Seen: moment(t, "10:00")})
	x.Apply(x.Decide([]Item{first}, moment(t, "10:00"))...)
	copyOf := Prepare(news.Item{Source: "b", GUID: "1", URL: "https://a.example/1", Title: "T", Text: words})
	if d := x.Decide([]Item{copyOf}, moment(t, "2/09:00"))[0]; d.Fate != news.Duplicate {
		t.Errorf("inside the window: %v", d.Fate)
	}
	if d := x.Decide([]Item{copyOf}, moment(t, "2/11:00"))[0]; d.Fate != news.New {
		t.Errorf("outside the window: %v", d.Fate)
	}
	if d := x.Decide([]Item{first}, moment(t, "9/11:00"))[0]; d.Fate != news.Known {
		t.Errorf("the item itself, after the window: %v", d.Fate)
	}
	id := x.Decide([]Item{first}, moment(t, "9/11:00"))[0]
	if got := x.Told(first.Keys.URL); len(got) != 1 || got[0] != id.Story {
		t.Errorf("told at its address: %v", got)
	}
	x.Expire(1)
	if d := x.Decide([]Item{first}, moment(t, "9/11:00"))[0]; d.Fate != news.New {
		t.Errorf("after it was forgotten: %v", d.Fate)
	}
	if x.Len() != 0 || len(x.byID)+len(x.byURL)+len(x.byText)+len(x.byStory) != 0 || x.At() != 1 {
		t.Errorf("forgetting left %d tellings at %d", x.Len(), x.At())
	}
}

func TestLead(t *testing.T) {
	at := moment(t, "10:00")
	a := news.Telling{Source: "a", Tier: 5, Words: 100, Since: at}
	for name, test := range map[string]struct {
		b      news.Telling
		prefer []string
		want   string
	}{
		"a better tier leads":            {news.Telling{Source: "b", Tier: 1, Words: 3, Since: at.Add(time.Hour)}, []string{Tier, Fullest, Earliest}, "b"},
		"then the fuller":                {news.Telling{Source: "b", Tier: 5, Words: 400, Since: at.Add(time.Hour)}, []string{Tier, Fullest, Earliest}, "b"},
		"a word more is not fuller":      {news.Telling{Source: "b", Tier: 5, Words: 101, Since: at.Add(time.Hour)}, []string{Tier, Fullest, Earliest}, "a"},
		"then the earlier":               {news.Telling{Source: "b", Tier: 5, Words: 100, Since: at.Add(-time.Hour)}, []string{Tier, Fullest, Earliest}, "b"},
		"the order is the reader's":      {news.Telling{Source: "b", Tier: 1, Words: 400, Since: at.Add(time.Hour)}, []string{Earliest}, "a"},
		"a tie falls the same way round": {news.Telling{Source: "b", Tier: 5, Words: 100, Since: at}, nil, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			both := []news.Telling{a, test.b}
			turned := []news.Telling{test.b, a}
			if got := both[Lead(both, test.prefer)].Source; got != test.want {
				t.Errorf("%s leads", got)
			}
			if got := turned[Lead(turned, test.prefer)].Source; got != test.want {
				t.Errorf("the other way round %s leads", got)
			}
		})
	}
}

// What the configuration calls a source stands behind its headlines, too.
func TestNames(t *testing.T) {
	it := news.Item{Source: "a", GUID: "1", Title: "Dam breaks above Kolbeck in the night - Wire of Wires"}
	if s := Prepare(it).Sketch; s.Tail == 0 {
		t.Errorf("%d words are its tail, want the name nobody told of", s.Tail)
	}
	if s := Prepare(it, "Wire of Wires").Sketch; s.Tail != 0 || len(s.Title) != 7 {
		t.Errorf("%d words and a tail of %d, want the headline without the source's name", len(s.Title), s.Tail)
	}
}

// Two agencies do not tell each other's reports, even if one outlet that names
// neither is like both.
func TestOtherAgency(t *testing.T) {
	it := Prepare(news.Item{Source: "b", GUID: "1"})
	it.Near = NearOwn
	ls := []likeness{
		{telling: &telling{story: 1, source: 7}, similarity: .95},
		{telling: &telling{story: 1, source: 8}, similarity: .1},
	}
	f := New(time.Hour).finder
	if g := f.guard(&it, 9, &ls[0], ls); g != "" {
		t.Errorf("refused: %s", g)
	}
	ls[1].features[near.OtherWire] = 1
	if g := f.guard(&it, 9, &ls[0], ls); g != "another agency's report" {
		t.Errorf("refused: %q, want another agency's report", g)
	}
}
