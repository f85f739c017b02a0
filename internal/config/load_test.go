package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDefaults(t *testing.T) {
	c := load(t, "testdata/three-lines.good.yaml")
	abs, err := filepath.Abs("testdata/data")
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Title: "Aggregator", URL: "http://127.0.0.1:8080", Listen: "127.0.0.1:8080", Retain: 30 * 24 * time.Hour,
		Store: Store{Scheme: "file", Path: abs, URL: "file:" + abs},
		Fetch: Fetch{
			Schedule: c.Fetch.Schedule, Spread: 5 * time.Minute, MinInterval: 5 * time.Minute, Timeout: 30 * time.Second,
			MaxSize: 10 << 20, Concurrency: 64, PerHost: PerHost{Concurrency: 2, Interval: time.Second},
		},
		Dedupe: Dedupe{Window: 7 * 24 * time.Hour, Near: true, Prefer: []string{"tier", "fullest", "earliest"}},
		Publish: Publish{
			Feed: Feed{Formats: []string{"atom", "rss", "json"}, Items: 100, MaxAge: 30 * 24 * time.Hour, Full: true, Also: true},
			Hub:  "builtin",
		},
		Files: c.Files, Sources: c.Sources, Topics: c.Topics,
	}
	sameConfig(t, &want, c)
	if c.Fetch.Schedule.String() != "*/15 * * * *" || len(c.Files) != 1 {
		t.Errorf("schedule %s, files %v", c.Fetch.Schedule, c.Files)
	}
	s := c.Sources[0]
	if s.Key != "a.example/feed" || s.Tier != 5 || s.Name != "" || s.MinInterval != 5*time.Minute || s.Schedule.String() != "*/15 * * * *" || !strings.HasSuffix(s.Where, "three-lines.good.yaml:1") {
		t.Errorf("source %+v", s)
	}
	if topic := c.Topics[0]; topic.Name != "China" || topic.Feed.Items != 100 || !strings.HasSuffix(topic.Where, "three-lines.good.yaml:2") {
		t.Errorf("topic %+v", topic)
	}
}

func TestValues(t *testing.T) {
	c := load(t, "testdata/secrets.good.yaml")
	a, b := c.Sources[0], c.Sources[1]
	if a.URL != "https://a.example/feed?api_key=abc&x=1" || a.Key != "a.example/feed?api_key=abc&x=1" {
		t.Errorf("%s %s", a.URL, a.Key)
	}
	if a.Access.User != "u" || a.Access.Password != "p@ss" || a.Access.Headers["X-B"] != "s3cret" {
		t.Errorf("%+v", a.Access)
	}
	if b.Access.Password != "s3cret" || b.Access.Headers["X-K"] != "s3cret" || c.Sources[2].BearerToken != "s3cret" {
		t.Errorf("%+v", b.Access)
	}
	if c.Store.User != "u" || c.Store.Password != "p@" || c.Store.URL != "redis://localhost:6379/3" || c.Store.Prefix != "a" {
		t.Errorf("%+v", c.Store)
	}
	if shown := string(c.Show()); strings.Contains(shown, "s3cret") || strings.Contains(shown, "p@") || strings.Contains(shown, "abc") || strings.Contains(shown, "u:p") || strings.Contains(shown, "0123456789abcdef") {
		t.Errorf("a secret is shown:\n%s", shown)
	}
	c = load(t, "testdata/env.good.yaml")
	if c.Title != "China ${HOME} 100$" || c.Fetch.Concurrency != 7 || c.Fetch.Timeout != 9*time.Second || c.Publish.Also {
		t.Errorf("%q %+v %v", c.Title, c.Fetch, c.Publish.Also)
	}
	c = load(t, "testdata/opml.good.yaml")
	var tags []string
	for _, s := range c.Sources {
		tags = append(tags, strings.Join(s.Tags, ","))
		if s.Tier != 6 || s.Schedule.String() != "@hourly" || !slices.Equal(s.Topics, []string{"China"}) {
			t.Errorf("%+v", s)
		}
	}
	if diff := cmp.Diff([]string{"list,China,Wires", "list,China,Rights", "list,wire,fast", "list"}, tags); diff != "" {
		t.Error(diff)
	}
	c = load(t, "testdata/merge.good.yaml")
	if s := c.Sources[1]; s.Tier != 3 || s.URL != "https://a.example/2" || !slices.Equal(s.Tags, []string{"wire"}) || s.Schedule.String() != "@hourly" {
		t.Errorf("%+v", s)
	}
}

// TestAliasBomb: a small file must not become a large one.
func TestAliasBomb(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	text := "sources:\n  - &s { url: https://a.example/feed, tags: [" + strings.Repeat("x, ", 5000) + "x] }\n" + strings.Repeat("  - *s\n", 2000)
	write(t, path, text)
	_, err := Load(path, testEnv)
	if err == nil || strings.Count(err.Error(), "too much nested or repeated") != 1 {
		t.Errorf("%.500v", err)
	}
}

func TestWindowEndsWithRetain(t *testing.T) {
	c := load(t, "testdata/warnings.good.yaml")
	if c.Dedupe.Window != c.Retain || c.Retain != 30*24*time.Hour {
		t.Errorf("window %v, retain %v", c.Dedupe.Window, c.Retain)
	}
}

// TestNear: what a source says, over what holds for all; shown, it loads to the
// same again.
func TestNear(t *testing.T) {
	for path, want := range map[string][]Near{
		"testdata/near.good.yaml":     {NearOthers, NearOwn, NearOff, NearOthers, NearOwn, NearOwn, NearOwn, NearOwn},
		"testdata/near-off.good.yaml": {NearOff, NearOwn, NearOff},
	} {
		c := load(t, path)
		shown := filepath.Join(t.TempDir(), "shown.yaml")
		write(t, shown, string(c.Show()))
		for _, c := range []*Config{c, load(t, shown)} {
			var got []Near
			for _, s := range c.Sources {
				got = append(got, s.Near)
			}
			if !slices.Equal(got, want) || c.Dedupe.Events != (path == "testdata/near-off.good.yaml") {
				t.Errorf("%s: near %v, want %v; events %v", path, got, want, c.Dedupe.Events)
			}
		}
	}
}

func TestNoFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "aggregator.yaml"), os.LookupEnv)
	if err == nil || !strings.Contains(err.Error(), "aggregator.yaml: cannot read") || !strings.Contains(err.Error(), "aggregator init") {
		t.Error(err)
	}
}

func TestSourceKey(t *testing.T) {
	for address, want := range map[string]string{
		"https://Example.org/a?b=c#d":     "example.org/a?b=c",
		"http://example.org:80":           "example.org/",
		"https://example.org:443/":        "example.org/",
		"https://example.org:8443/a%20b/": "example.org:8443/a%20b/",
		"http://u:p@[::1]:80/x":           "[::1]/x",
		"http://example.org:443/x":        "example.org:443/x",
		"not an address":                  "not an address",
	} {
		if got := SourceKey(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		line string
		col  int
		want string
	}{
		{"title: x", 8, "    title: x\n           ^"},
		{"\tx", 2, "    \tx\n    \t^"},
		{"中国: x", 5, "    中国: x\n          ^"},
		{"x", 9, "    x\n     ^"},
		{"basic_auth: { user: u, password: hunter2 }, bad: 1", 45, "    basic_auth: { user: u, password: ******* }, bad: 1\n" + strings.Repeat(" ", 48) + "^"},
		{"store: redis://u:中国p@localhost x", 1, "    store: redis://u:***@localhost x\n    ^"},
		{"a\x1b[31mb", 8, "    a [31mb\n           ^"},
	} {
		if got := excerpt(c.line, c.col); got != c.want {
			t.Errorf("%q:%d\n%s\nwant\n%s", c.line, c.col, got, c.want)
		}
	}
	secret := "password: " + strings.Repeat("p", 80) + ", bad: " + strings.Repeat("z", 400)
	if got := excerpt(strings.Repeat("x", 300)+" "+secret, 301+100); strings.Contains(got, "ppp") {
		t.Errorf("the key of the secret is cut off, and the secret shown: %s", got)
	}
	long := strings.Repeat("x", 5000) + "!" + strings.Repeat("y", 5000)
	lines := strings.Split(excerpt(long, 5001), "\n")
	if len(lines[0]) > 4+maxExcerpt || lines[0][len(lines[1])-1] != '!' {
		t.Errorf("%q", lines)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"retian", "retain", 1}, {"kitten", "sitting", 3}, {"中国", "中國", 1}, {"abc", "cab", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	word := rapid.StringMatching(`[a-d]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || d < max(len(a), len(b))-min(len(a), len(b)) {
			t.Fatalf("%q %q: %d and %d", a, b, d, distance(b, a))
		}
	})
}

// TestPlaceOfEveryCharacter writes a query in each style of YAML and asks for
// the place of a mark in it.
func TestPlaceOfEveryCharacter(t *testing.T) {
	styles := map[string]func(q string) string{
		"plain":   func(q string) string { return q },
		"single":  func(q string) string { return "'" + strings.ReplaceAll(q, "'", "''") + "'" },
		"double":  func(q string) string { return fmt.Sprintf("%q", q) },
		"literal": func(q string) string { return "|\n        " + strings.ReplaceAll(q, " OR ", " OR\n        ") },
		"folded":  func(q string) string { return ">-\n        " + strings.ReplaceAll(q, " OR ", "\n        OR ") },
		"lines":   func(q string) string { return strings.ReplaceAll(q, " OR ", "\n        OR\n        ") },
	}
	word := rapid.SampledFrom([]string{"china", "中国", "it's", `"hong kong"`, "tibet*", "é"})
	for name, style := range styles {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.yaml")
			rapid.Check(t, func(rt *rapid.T) {
				words := rapid.SliceOfN(word, 0, 4).Draw(rt, "words")
				q := "x" + strings.Join(append(append([]string{""}, words...), "y)", "z"), " OR ")
				text := "sources: [{ url: https://a.example/feed }]\ntopics:\n  - name: A\n    match: " + style(q) + "\n"
				write(t, path, text)
				_, err := Load(path, testEnv)
				var fs Faults
				if !errors.As(err, &fs) || len(fs) != 1 {
					rt.Fatalf("%v\n%s", err, text)
				}
				line := []rune(strings.Split(text, "\n")[fs[0].Line-1])
				if fs[0].Col > len(line) || line[fs[0].Col-1] != ')' {
					rt.Fatalf("%d:%d is not the )\n%s", fs[0].Line, fs[0].Col, text)
				}
			})
		})
	}
}

// FuzzLoad: whatever the file holds, there is a Config or a list of faults,
// each with a place that is in the file; and what is shown loads.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "../../deploy/*.yaml", "../../deploy/examples/*.yaml"} {
		for _, path := range files(f, pattern) {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") || strings.Contains(text, "opml") || strings.Contains(text, "include") {
			return // it would read what lies about
		}
		path := filepath.Join(t.TempDir(), "a.yaml")
		write(t, path, text)
		c, err := Load(path, testEnv)
		if err != nil {
			checkFaults(t, err, text)
			return
		}
		shown := filepath.Join(t.TempDir(), "b.yaml")
		write(t, shown, string(c.Show()))
		if _, err := Load(shown, testEnv); err != nil && !strings.Contains(string(c.Show()), "***") {
			t.Errorf("%v\n%s", err, c.Show())
		}
	})
}

func checkFaults(t *testing.T, err error, text string) {
	var fs Faults
	if !errors.As(err, &fs) || len(fs) == 0 {
		t.Fatalf("%T %v", err, err)
	}
	doc := document{data: text}
	doc.line(1)
	lines := len(doc.split) + 1
	for _, f := range fs {
		if f.Line > lines || f.Message == "" || f.File == "" || utf8.ValidString(text) && !utf8.ValidString(f.String()+f.Excerpt) {
			t.Errorf("%+v", f)
		}
	}
}

func manySources(t testing.TB, n int) string {
	var b strings.Builder
	b.WriteString("title: Many\ntopics:\n  - { name: China, match: china OR beijing }\nsources:\n")
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "  - url: https://host%d.example.org/feed/%d.xml\n    name: Source %d\n    tier: 3\n    tags: [wire, ngo]\n", i%97, i, i)
		case 1:
			fmt.Fprintf(&b, "  - { name: Source %d, url: https://host%d.example.org/feed/%d.xml, schedule: \"*/5 * * * *\", drop: 'title:\"sponsored\"' }\n", i, i%97, i)
		case 2:
			fmt.Fprintf(&b, "  - { name: Source %d, url: https://host%d.example.org/feed/%d.xml, language: zh, topics: [China] }\n", i, i%97, i)
		default:
			fmt.Fprintf(&b, "  - url: https://host%d.example.org/feed/%d.xml\n", i%97, i)
		}
	}
	path := filepath.Join(t.TempDir(), "aggregator.yaml")
	write(t, path, b.String())
	return path
}

func TestManySources(t *testing.T) {
	const n = 20_000
	if c := load(t, manySources(t, n)); len(c.Sources) != n || c.Sources[1].Drop == nil || c.Sources[n-2].Language != "zh" {
		t.Errorf("%d sources", len(c.Sources))
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{2_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			path := manySources(b, n)
			b.ReportAllocs()
			for b.Loop() {
				load(b, path)
			}
		})
	}
}
