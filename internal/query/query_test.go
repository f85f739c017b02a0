package query

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"aggregator/internal/lang"
)

var update = flag.Bool("update", false, "write what came out as what must come out")

// TestMatch reads testdata/*.txtar: pairs of NAME.doc and NAME.cases. A case
// is a query, then "=> words" or "!!".
func TestMatch(t *testing.T) {
	count := 0
	for _, file := range []string{"latin", "stems", "scripts", "fields"} {
		a := readArchive(t, file+".txtar")
		for i := 0; i+1 < len(a.Files); i += 2 {
			p := Prepare(parseDoc(t, string(a.Files[i].Data)))
			for line := range strings.Lines(string(a.Files[i+1].Data)) {
				count++
				testCase(t, file+" "+a.Files[i].Name, p, strings.TrimSpace(line))
			}
		}
	}
	if count < 350 {
		t.Errorf("only %d cases were read", count)
	}
}

func testCase(t *testing.T, name string, p *Prepared, line string) {
	t.Helper()
	src, want, matches := strings.Cut(line, "=>")
	src = strings.TrimSpace(strings.TrimSuffix(src, "!!"))
	q, err := Parse(src)
	if err != nil {
		t.Errorf("%s: %s: %v", name, src, err)
		return
	}
	words, ok := q.Match(p)
	if got := strings.Join(words, " | "); ok != matches || got != strings.TrimSpace(want) {
		t.Errorf("%s: %s\n got %v, %s\nwant %v, %s", name, src, ok, got, matches, want)
	}
	hits := NewSet([]*Query{q}).Match(p).Queries
	if (len(hits) == 1) != ok {
		t.Errorf("%s: %s: alone it gives %v, in a set %v", name, src, words, hits)
	}
}

func readArchive(t testing.TB, name string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func parseDoc(t testing.TB, s string) Doc {
	t.Helper()
	var d Doc
	for line := range strings.Lines(s) {
		key, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "title":
			d.Title = v
		case "summary":
			d.Summary = v
		case "text":
			d.Text = v
		case "author":
			d.Author = v
		case "source":
			d.Source = v
		case "host":
			d.Host = v
		case "url":
			d.URL = v
		case "lang":
			d.Lang = v
		case "label":
			d.Labels = append(d.Labels, v)
		case "tag":
			d.Tags = append(d.Tags, v)
		case "topic":
			d.Topics = append(d.Topics, v)
		default:
			t.Fatalf("no such field: %s", line)
		}
	}
	return d
}

// TestErrors reads testdata/errors.txt: three lines a case, the query, a ^
// under the place, message and hint. -update writes the second and third.
func TestErrors(t *testing.T) {
	path := filepath.Join("testdata", "errors.txt")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	cases := strings.Split(strings.TrimRight(string(data), "\n"), "\n\n")
	for _, c := range cases {
		src, _, _ := strings.Cut(c, "\n")
		got.WriteString(src + "\n" + explain(t, src) + "\n\n")
	}
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for i, g := range strings.Split(strings.TrimRight(got.String(), "\n"), "\n\n") {
		if g != cases[i] {
			t.Errorf("got\n%s\nwant\n%s", g, cases[i])
		}
	}
}

func explain(t *testing.T, src string) string {
	q, err := Parse(src)
	if err == nil {
		t.Errorf("%s: read as %s", src, q)
		return "fine"
	}
	e := err.(*Error)
	column := len([]rune(src[:e.Offset]))
	return strings.Repeat("·", column) + "^\n" + e.Error()
}

// TestString reads testdata/canonical.txt: a query => its canonical form.
func TestString(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "canonical.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		src, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
		q, err := Parse(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if q.String() != want {
			t.Errorf("%s\n got %s\nwant %s", src, q, want)
		}
		checkRoundTrip(t, q)
	}
}

func checkRoundTrip(t fataler, q *Query) {
	t.Helper()
	again, err := Parse(q.String())
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	if !sameNode(q.root, again.root) {
		t.Fatalf("%s is read again as %s", q, again)
	}
}

func sameNode(a, b *node) bool {
	x, y := *a, *b
	x.kids, y.kids, x.re, y.re = nil, nil, nil, nil
	return reflect.DeepEqual(x, y) && slices.EqualFunc(a.kids, b.kids, sameNode)
}

func TestTopics(t *testing.T) {
	q, err := Parse(`topic:China (topic:"Human  Rights" OR NOT (topic:Iran OR topic:China)) NOT topic:Iran`)
	if err != nil {
		t.Fatal(err)
	}
	if got := q.Topics(); !slices.Equal(got, []string{"China", "Human Rights", "Iran"}) {
		t.Errorf("topics %q", got)
	}
	if got := q.NotTopics(); !slices.Equal(got, []string{"Iran", "China"}) {
		t.Errorf("topics under NOT %q", got)
	}
}

func TestIn(t *testing.T) {
	p := Prepare(Doc{Title: "Camp", Topics: []string{"China", "Asia", "Camps", "Europe"}}) // five values: room for more in the slice
	q, err := Parse(`topic:China topic:"Human Rights" camp`)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := q.Match(p); ok {
		t.Error("in Human Rights before it was said")
	}
	if _, ok := q.Match(p.In("Human Rights/Asia")); !ok {
		t.Error("not in Human Rights")
	}
	one, other := p.In("Human Rights"), p.In("Iran")
	_, first := q.Match(one)
	if _, second := q.Match(other); !first || second {
		t.Error("In mixes up what it made")
	}
	if _, ok := q.Match(p); ok {
		t.Error("In changed what it was asked of")
	}
}

func TestWordsAreTen(t *testing.T) {
	p := Prepare(Doc{Text: "ba bb bc bd be bf bg bh bi bj bk bl Bc"})
	q, err := Parse(`bc OR bc OR ba OR (/b[a-z]/ AND bb) OR bd OR be OR bf OR bg OR bh OR bi OR bj OR bk OR bl`)
	if err != nil {
		t.Fatal(err)
	}
	words, _ := q.Match(p)
	if got := strings.Join(words, " "); got != "bc ba bb bd be bf bg bh bi bj" {
		t.Errorf("got %s", got)
	}
}

// A fataler is a testing.T or a rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// TestMissing reads testdata/missing.txt.
func TestMissing(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "missing.txt"))
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(data), "\n")
	p := Prepare(Doc{Title: strings.TrimPrefix(first, "# title: "), Lang: "en"})
	for line := range strings.Lines(rest) {
		src, want, found := strings.Cut(strings.TrimSuffix(line, "\n"), " => ")
		if !found {
			continue
		}
		q, err := Parse(src)
		if err != nil {
			t.Fatal(src, err)
		}
		if got := strings.Join(q.Missing(p), " | "); got != want {
			t.Errorf("%s\n got %s\nwant %s", src, got, want)
		}
	}
}

// TestExamples runs the table of examples in docs/queries.md.
func TestExamples(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "queries.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(data), "## Examples")
	table, _, _ = strings.Cut(table, "\n## ")
	n := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " |")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		n++
		q, err := Parse(strings.Trim(cells[0], "` "))
		if err != nil {
			t.Errorf("%s: %v", cells[0], err)
			continue
		}
		for i, cell := range cells[1:] {
			title := strings.TrimSpace(cell)
			p := Prepare(Doc{Title: title, Lang: lang.Of("", title)})
			if title != "" && q.Matches(p) != (i == 0) {
				t.Errorf("%s and %q: it is %v", q, title, i != 0)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d examples were read", n)
	}
}
