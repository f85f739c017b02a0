package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aggregator/internal/canon"
	"aggregator/internal/dedupe"
	"aggregator/internal/quality/gold"
)

// folder puts testdata/tiny.jsonl where a set of that name is looked for.
func folder(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	lines, err := os.ReadFile("testdata/tiny.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	pack(t, filepath.Join(dir, name+".dev.jsonl.gz"), lines)
	return dir
}

func pack(t *testing.T, name string, data []byte) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The product joins the copy and, wrongly, the other report at the same
// address; it finds nothing in the retitled one.
func TestRun(t *testing.T) {
	o := options{data: folder(t, "basil"), level: "event,cluster", sets: "basil", text: "all", out: filepath.Join(t.TempDir(), "out"), errors: 3}
	var out strings.Builder
	if err := o.run(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"basil      teaser      5  1.000 1.000-1.000 .500",
		"basil      body        5  ",
		"basil.teaser.event wrong: 0 items",
		"basil.teaser.event missed: 1 items\n- 3 pairs, same event, new",
		"Daily                Dam breaks\n    2026-03-01 12:00:00 Evening              Night of water",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	lines, err := os.ReadFile(filepath.Join(o.out, "basil.teaser.event.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"t1","cluster":1}
{"id":"t2","cluster":1}
{"id":"t3","cluster":1}
{"id":"t4","cluster":4}
{"id":"t0","cluster":5}
`; string(lines) != want {
		t.Errorf("decided\n%s", lines)
	}
}

func TestDecideMeasures(t *testing.T) {
	s, err := gold.Load(folder(t, "tiny"), "tiny", canon.Normal)
	if err != nil {
		t.Fatal(err)
	}
	r := decide(items(s, false), within, 1, nil)
	if r.prepare <= 0 || r.decide <= 0 {
		t.Errorf("measured nothing: %v, %v", r.prepare, r.decide)
	}
	ms := gold.Wrong(s.Records, r.decisions, r.story, gold.Question{})
	if len(ms) != 1 || s.Records[ms[0].Item].ID != "t3" || ms[0].Cost != 2 || ms[0].Out || !strings.Contains(ms[0].Why, "url") {
		t.Errorf("wrong: %+v", ms)
	}
}

// A teaser that is all there is counts as the content, as it does when it is
// fetched.
func TestItem(t *testing.T) {
	s, err := gold.Load(folder(t, "tiny"), "tiny", canon.Normal)
	if err != nil {
		t.Fatal(err)
	}
	it := items(s, false)[1]
	if it.GUID != "t2" || it.Source != "Herald" || it.Summary != "" || !strings.HasPrefix(it.Text, "A dam broke in the night above") {
		t.Errorf("by its teaser: %+v", it)
	}
	it = items(s, true)[1]
	if !strings.HasPrefix(it.Summary, "A dam broke in the night above") || !strings.HasPrefix(it.Text, "A dam broke in the night. It") || !strings.HasPrefix(it.HTML, "<p>") {
		t.Errorf("by its body: %+v", it)
	}
	if it := items(s, false)[2]; it.Title != "What we know of the dam & the town" || it.Seen.IsZero() || it.Text != "" {
		t.Errorf("without a teaser: %+v", it)
	}
}

func TestFaults(t *testing.T) {
	dir := t.TempDir()
	broken := folder(t, "wire26")
	pack(t, filepath.Join(broken, "wire26.dev.jsonl.gz"), []byte("{\n"))
	for want, o := range map[string]options{
		`the labelled set "wire26" is not in "` + dir + `": say with -data where the sets are`:                                              {data: dir, level: "all", sets: "all", text: "all"},
		"say with -data where the labelled sets are":                                                                                        {level: "all", sets: "all", text: "all"},
		"read wire26: unexpected end of JSON input":                                                                                         {data: broken, level: "cluster", sets: "wire26", text: "all"},
		`no table "clusters"; there are cluster, default, event, topics, pairs`:                                                             {data: dir, level: "clusters", sets: "all", text: "all"},
		`no set "wire"; there are wire26, wire26ja, zh21, reut87, rss26in, uci14, allsides21, basil, tgpairs, mrpc, nyt17, rss, rw17, as21`: {data: dir, level: "all", sets: "wire", text: "all"},
		`no text "summary"; there are teaser, body`:                                                                                         {data: dir, level: "all", sets: "all", text: "summary"},
	} {
		if err := o.run(&strings.Builder{}); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestPairs(t *testing.T) {
	dir := t.TempDir()
	pack(t, filepath.Join(dir, "p.pairs.jsonl.gz"), []byte(`{"label":"OK","a":{"title":"Dam breaks","text":"Water"},"b":{"title":"Dam bursts","text":"Water"},"lang":"en"}
{"label":"BAD","a":{"title":"Dam breaks"},"b":{"title":"Vote held"}}
{"label":1,"a":{"title":"Vote held"},"b":{"title":"Votes held"}}
{"label":0,"a":{"title":"Vote held"},"b":{"title":"Dam breaks"}}
`))
	ps, err := gold.LoadPairs(dir, "p")
	if err != nil {
		t.Fatal(err)
	}
	firstLetter := func(a, b dedupe.Item) float64 {
		if a.Title[0] == b.Title[0] {
			return 1
		}
		return 0
	}
	if got, want := pairsLine("p", judge(ps, firstLetter)), "p          4 pairs: best at 1.000, P 1.000 R 1.000 F1 1.000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
