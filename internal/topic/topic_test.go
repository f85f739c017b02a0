package topic

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"aggregator/internal/news"
	"aggregator/internal/query"
)

var update = flag.Bool("update", false, "write what came out as what must come out")

// TestFile reads testdata/*.txtar. The file "topics" has a topic a line:
//
//	NAME | match: QUERY | score 3: QUERY +3; QUERY -1 | head
//
// Each other file is a story: tellings as "title | text=… | source=…", then
// "=> TOPIC: RULE [words] WHERE" for each filing wanted.
func TestFile(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 3 {
		t.Fatalf("testdata: %v, %v", paths, err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var f *Filer
		for i, file := range a.Files {
			switch file.Name {
			case "topics":
				f = mustNew(t, parseRules(t, string(file.Data))...)
			case "describe":
				a.Files[i].Data = compare(t, path, file, describe(f))
			default:
				tellings := parseTellings(t, string(file.Data))
				a.Files[i].Data = compare(t, path, file, tellingLines(string(file.Data))+print(f.File(tellings)))
				checkOrder(t, f, tellings)
			}
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func compare(t *testing.T, path string, file txtar.File, got string) []byte {
	t.Helper()
	if want := string(file.Data); got != want && !*update {
		t.Errorf("%s: %s\n got\n%swant\n%s", path, file.Name, got, want)
	}
	return []byte(got)
}

func describe(f *Filer) string {
	var b strings.Builder
	for _, r := range f.rules {
		b.WriteString(r.Name + ": " + f.Describe(r.Name) + "\n")
	}
	return b.String()
}

func print(fs []news.Filing) string {
	var b strings.Builder
	for _, f := range fs {
		line := fmt.Sprintf("=> %s: %s [%s] %s", f.Topic, f.Rule, strings.Join(f.Words, " | "), f.Where)
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// checkOrder: the topics are the same whatever telling is the lead.
func checkOrder(t *testing.T, f *Filer, tellings []Telling) {
	t.Helper()
	back := slices.Clone(tellings)
	slices.Reverse(back)
	if a, b := names(f.File(tellings)), names(f.File(back)); !slices.Equal(a, b) {
		t.Errorf("in topics %q, and read from the end in %q", a, b)
	}
}

func names(fs []news.Filing) []string {
	var ns []string
	for _, f := range fs {
		ns = append(ns, f.Topic)
	}
	return ns
}

func mustNew(t testing.TB, rules ...Rule) *Filer {
	t.Helper()
	f, err := New(rules)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func parseRules(t testing.TB, s string) []Rule {
	t.Helper()
	var rules []Rule
	for line := range strings.Lines(s) {
		parts := strings.Split(strings.TrimSpace(line), " | ")
		r := Rule{Name: parts[0], Where: fmt.Sprintf("a.yaml:%d", len(rules)+1)}
		for _, part := range parts[1:] {
			how, what, _ := strings.Cut(part, ": ")
			if how == "head" {
				r.Head = true
				continue
			}
			if how == "match" {
				r.Match = mustParse(t, what)
				continue
			}
			r.Threshold = parseNumber(t, strings.TrimPrefix(how, "score "))
			r.Score = parseScore(t, what)
		}
		rules = append(rules, r)
	}
	return rules
}

func parseScore(t testing.TB, s string) []Weighted {
	t.Helper()
	var ws []Weighted
	for _, term := range strings.Split(s, "; ") {
		i := strings.LastIndexByte(term, ' ')
		ws = append(ws, Weighted{Query: mustParse(t, term[:i]), Weight: parseNumber(t, term[i+1:])})
	}
	return ws
}

func parseNumber(t testing.TB, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func mustParse(t testing.TB, s string) *query.Query {
	t.Helper()
	q, err := query.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return q
}

func tellingLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "=> ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func parseTellings(t testing.TB, s string) []Telling {
	t.Helper()
	var ts []Telling
	for line := range strings.Lines(tellingLines(s)) {
		parts := strings.Split(strings.TrimSpace(line), " | ")
		tell := Telling{Item: news.Item{Title: parts[0]}}
		for _, part := range parts[1:] {
			k, v, _ := strings.Cut(part, "=")
			tell.set(t, k, v)
		}
		ts = append(ts, tell)
	}
	return ts
}

func (tell *Telling) set(t testing.TB, k, v string) {
	t.Helper()
	switch k {
	case "summary":
		tell.Item.Summary = v
	case "text":
		tell.Item.Text = v
	case "url":
		tell.Item.URL = v
	case "lang":
		tell.Item.Language = v
	case "author":
		tell.Item.Authors = append(tell.Item.Authors, news.Person{Name: v})
	case "label":
		tell.Item.Labels = append(tell.Item.Labels, v)
	case "source":
		tell.Source.Name = v
	case "key":
		tell.Source.Key = v
	case "feed":
		tell.Item.Feed.Title = v
	case "language":
		tell.Source.Language = v
	case "tag":
		tell.Source.Tags = append(tell.Source.Tags, v)
	case "topic":
		tell.Source.Topics = append(tell.Source.Topics, v)
	default:
		t.Fatalf("what is %s?", k)
	}
}

// TestNewRefuses reads testdata/refused.txt: topics, then "! error".
func TestNewRefuses(t *testing.T) {
	data, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		topics, want, _ := strings.Cut(c, "\n! ")
		_, err := New(parseRules(t, topics))
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", topics, err, want)
		}
	}
}

// TestFingerprint: it moves with every part of a rule, and not with its place.
func TestFingerprint(t *testing.T) {
	base := `China | match: china OR beijing
Rights | score 3: "human rights" +3; tag:ngo +1`
	print := func(topics string) uint64 { return mustNew(t, parseRules(t, topics)...).Fingerprint() }
	moved := parseRules(t, base)
	moved[0].Where = "other.yaml:7"
	if print(base) != mustNew(t, moved...).Fingerprint() {
		t.Error("a rule that moved in the file is another")
	}
	seen := map[uint64]string{print(base): base}
	for _, change := range [][2]string{
		{"china OR", "chinese OR"}, {"China |", "china |"}, {"OR beijing", "OR beijing | head"}, {"score 3", "score 4"}, {"+1", "+2"},
		{"; tag:ngo +1", ""}, {"match: china OR beijing", "score 1: china OR beijing +1"}, {"OR beijing", "AND beijing"},
		{"China | match: china OR beijing\n", ""}, {`"human rights"`, "human rights"},
	} {
		other := strings.Replace(base, change[0], change[1], 1)
		if same, taken := seen[print(other)]; taken {
			t.Errorf("one fingerprint for\n%s\nand\n%s", same, other)
		}
		seen[print(other)] = other
	}
}

func TestCheck(t *testing.T) {
	f := mustNew(t, parseRules(t, `China | match: china
Tibet | match: tibet*
Iran | match: iran AND (tehran OR nuclear)
Iran/Rights | score 3: rights +2; china +1; prison +2; art -1
Iran/China
Quiet`)...)
	tell := parseTellings(t, "China and Tibetans")[0]
	missing, surplus := f.Check(tell, []string{"china", "Iran", "Iran/Rights", "Iran/China", "Quiet"})
	if want := []Missing{
		{"Iran", "iran and tehran OR nuclear"},
		{"Iran/Rights", "2 more than china +1 has (there is none of rights +2, prison +2)"},
		{"Iran/China", "to be in both Iran and China"},
		{"Quiet", "a source that names it"},
	}; !slices.Equal(missing, want) || print(surplus) != "=> Tibet: match: tibet* [Tibetans] a.yaml:2\n" {
		t.Errorf("missing %q, surplus %s", missing, print(surplus))
	}
	if missing, surplus := f.Check(tell, []string{"Tibet", "China"}); missing != nil || surplus != nil {
		t.Errorf("missing %q, surplus %v", missing, surplus)
	}
}

// TestWhere: a filing names the line of the rule, or of the term that brought
// the most.
func TestWhere(t *testing.T) {
	f := mustNew(t,
		Rule{Name: "China", Match: mustParse(t, "china"), Where: "a.yaml:3"},
		Rule{Name: "Score", Threshold: 2, Where: "a.yaml:5", Score: []Weighted{
			{Query: mustParse(t, "china"), Weight: 1, Where: "a.yaml:6"},
			{Query: mustParse(t, "camp"), Weight: 2, Where: "a.yaml:7"},
			{Query: mustParse(t, "lawyer"), Weight: 2, Where: "a.yaml:8"},
			{Query: mustParse(t, "art"), Weight: 3, Where: "a.yaml:9"},
		}},
		Rule{Name: "Score/Below", Match: mustParse(t, "art"), Where: "a.yaml:10"},
	)
	for title, want := range map[string]string{
		"Camps and lawyers in China": "China a.yaml:3, Score a.yaml:7",
		"Art":                        "Score a.yaml:9, Score/Below a.yaml:10",
	} {
		var got []string
		for _, filing := range f.File(parseTellings(t, title)) {
			got = append(got, filing.Topic+" "+filing.Where)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: filed by %q, want %s", title, got, want)
		}
	}
	if got := strings.Join(f.Places(), " "); got != "a.yaml:3 a.yaml:5 a.yaml:6 a.yaml:7 a.yaml:8 a.yaml:9 a.yaml:10" {
		t.Errorf("places %s", got)
	}
	if f.Describe("Iran") != "" {
		t.Error("a topic that is none is described")
	}
}

func TestDoc(t *testing.T) {
	d := Doc(Telling{
		Item: news.Item{
			Title: "T", Summary: "S", Text: "X", URL: "https://News.Example.org:8080/a", Language: "en",
			Authors: []news.Person{{Name: "A B"}, {Email: "c@d"}}, Labels: []string{"L"}, Feed: news.Feed{Title: "Feed"},
		},
		Source: news.Source{Key: "example.org/rss", Tags: []string{"ngo"}, Language: "zh", Topics: []string{"China"}},
	})
	got := fmt.Sprintf("%+v", d)
	want := "{Title:T Summary:S Text:X Author:A B; c@d Source:Feed Host:News.Example.org URL:https://News.Example.org:8080/a Lang:zh Labels:[L] Tags:[ngo] Topics:[]}"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
