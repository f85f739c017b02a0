package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recorded are the outlets of testdata/outlets and how they are served.
var recorded = [][3]string{
	{"Meridian Wire", "wire.rss", "application/rss+xml"},
	{"Old Gazette", "gazette091.xml", "text/xml"},
	{"Agora Review", "agora.rdf", "application/rdf+xml"},
	{"Harbour Daily", "harbour.atom", "application/atom+xml"},
	{"Almanac Notes", "almanac.atom03", "application/xml"},
	{"Plateau Post", "plateau.json", "application/feed+json"},
	{"El Faro", "faro.json10", "application/json"},
	{"晨报", "chenbao.xml", "text/xml; charset=utf-8"},
	{"Odd & Sons", "odd.rss", "text/html"},
}

// recordedItems is how many items the outlets hold, recordedStories how many
// stories they tell: the lawyer thrice, the dockers and the glaciers twice.
const recordedItems, recordedStories = 20, 16

func recordedOutlets(t testing.TB) *outlets {
	t.Helper()
	o := newOutlets(t)
	for _, r := range recorded {
		body, err := os.ReadFile(filepath.Join("testdata", "outlets", r[1]))
		if err != nil {
			t.Fatal(err)
		}
		o.put("/"+r[1], r[2], string(body))
	}
	return o
}

// recordedConfig subscribes to all of them. more stands at its head.
func recordedConfig(o *outlets, more string) string {
	var b strings.Builder
	b.WriteString(more + polite + "retain: 36500d\npublish: { max_age: 36500d }\nsources:\n")
	for i, r := range recorded {
		fmt.Fprintf(&b, "  - { url: %q, name: %q, tier: %d }\n", o.URL+"/"+r[1], r[0], min(5, i+1))
	}
	b.WriteString(`topics:
  - { name: China, match: china OR chinese OR beijing OR xinjiang OR "hong kong" OR 中国 OR 北京 }
  - { name: Human Rights, match: '"human rights" OR 维权' }
  - { name: China/Human Rights }
  - { name: Everything, match: "*" }
  - { name: Nothing, match: unobtainium }
`)
	return b.String()
}

// TestMainJob is the product: outlets in, one feed a topic out, read back by
// other people's programs.
func TestMainJob(t *testing.T) {
	o := recordedOutlets(t)
	d := newDesk(t, recordedConfig(o, "listen: 127.0.0.1:0\nurl: https://feeds.example.org/desk\n"))
	r := d.start()
	eventually(t, "poll of every outlet", func() bool { return r.counted("aggregator_items_received_total") == recordedItems })
	r.addUp()
	if n := len(lines[storyLine](t, d.must("stories", "--json"))); n != recordedStories {
		t.Errorf("%d stories, want %d", n, recordedStories)
	}
	for _, topic := range []string{"china", "human-rights", "china/human-rights", "everything", "nothing"} {
		t.Run(topic, func(t *testing.T) { readBack(t, r, topic) })
	}
	wellFormed(t, r.get("/topics.opml").body)
	conditional(t, r)
	unchanged(t, o, r)
	restart(t, r)
}

// A jsonFeedRead is our JSON Feed as this test reads it.
type jsonFeedRead struct {
	Items []struct {
		ID, URL, Title string
	}
}

// readBack wants the same items of the topic's three feeds.
func readBack(t *testing.T, r *running, topic string) {
	var feed jsonFeedRead
	if err := json.Unmarshal([]byte(r.get("/topics/"+topic+".json").body), &feed); err != nil {
		t.Fatal(err)
	}
	want := [][]string{}
	for _, it := range feed.Items {
		want = append(want, []string{it.ID, it.Title, it.URL})
	}
	if topic == "everything" && len(want) != recordedStories || topic == "china/human-rights" && len(want) != 3 {
		t.Errorf("the feed holds %d stories", len(want))
	}
	for _, form := range []string{"atom", "rss"} {
		address := r.base + "/topics/" + topic + "." + form
		doc := r.get("/topics/" + topic + "." + form).body
		wellFormed(t, doc)
		file := filepath.Join(t.TempDir(), "feed.xml")
		if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		sameItems(t, "feedparser over "+form, python(t, "feedparser", file), want)
		sameItems(t, "newsboat over "+form, newsboat(t, address), want)
	}
}

func sameItems(t *testing.T, who string, got, want [][]string) {
	t.Helper()
	sorted := func(items [][]string) [][]string {
		return slices.SortedFunc(slices.Values(items), func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	}
	got, want = sorted(got), sorted(want)
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%s:\n%q\nwant\n%q", who, got, want)
	}
}

func python(t *testing.T, args ...string) (items [][]string) {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", append([]string{"testdata/readback.py"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("readback.py %v: %v\n%s", args, err, said.String())
	}
	if err := json.Unmarshal(out, &items); err != nil {
		t.Fatal(err)
	}
	return items
}

// newsboat subscribes to an address with a fresh newsboat.
func newsboat(t *testing.T, address string) [][]string {
	t.Helper()
	home := t.TempDir()
	newsboatReload(t, home, address)
	return python(t, "newsboat", filepath.Join(home, "cache.db"), address)
}

// newsboatReload has a newsboat that lives in home look at an address.
func newsboatReload(t *testing.T, home, address string) {
	t.Helper()
	files := map[string]string{"urls": address + "\n", "config": "show-read-feeds yes\n"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(home, name) }
	cmd := exec.Command("newsboat", "-u", at("urls"), "-c", at("cache.db"), "-C", at("config"), "-x", "reload")
	cmd.Env = append(os.Environ(), "HOME="+home, "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("newsboat: %v\n%s", err, out)
	}
}

func wellFormed(t *testing.T, doc string) {
	t.Helper()
	cmd := exec.Command("xmllint", "--noout", "--nonet", "-")
	cmd.Stdin = strings.NewReader(doc)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s\n%.500s", err, out, doc)
	}
}

// conditional holds every feed to honest 304s and to gzip of the same bytes.
func conditional(t *testing.T, r *running) {
	t.Helper()
	for path, a := range published(r) {
		for _, by := range [][]string{{"If-None-Match", a.header.Get("ETag")}, {"If-Modified-Since", a.header.Get("Last-Modified")}} {
			if again := r.get(path, by...); again.status != 304 || again.body != "" {
				t.Errorf("%s with %v: %d and %d bytes", path, by, again.status, len(again.body))
			}
		}
		if other := r.get(path, "If-None-Match", `"other"`); other.status != 200 || other.body != a.body {
			t.Errorf("%s with another's tag: %d", path, other.status)
		}
		zipped := r.get(path, "Accept-Encoding", "gzip")
		if zipped.header.Get("Content-Encoding") != "gzip" || unzip(t, zipped.body) != a.body || zipped.header.Get("ETag") == a.header.Get("ETag") {
			t.Errorf("%s with gzip: %v", path, zipped.header)
		}
	}
}

// published is all that readers subscribe to, by path.
func published(r *running) map[string]answer {
	r.t.Helper()
	all := map[string]answer{"/topics.opml": r.get("/topics.opml")}
	for _, l := range lines[topicLine](r.t, r.must("topics", "--json")) {
		for form := range l.Feeds {
			path := l.Page[strings.Index(l.Page, "/topics/"):] + "." + form
			all[path] = r.get(path)
		}
	}
	for path, a := range all {
		if a.status != 200 || a.header.Get("ETag") == "" || a.header.Get("Last-Modified") == "" {
			r.t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
	return all
}

// unchanged polls sources that stand still: all 304, and no byte moves.
func unchanged(t *testing.T, o *outlets, r *running) {
	t.Helper()
	before := published(r)
	o.forget()
	report := r.poll("--force")
	if n := o.answers(304); n != len(recorded) || o.answers(200) != 0 {
		t.Errorf("%d answers were 304 and %d were 200, want %d and 0", n, o.answers(200), len(recorded))
	}
	if s := report.Sources; s.Unchanged != len(recorded) || report.Stories != 0 || report.Items.New != 0 {
		t.Errorf("second poll: %+v", report)
	}
	sameBytes(t, "a second poll", before, published(r))
}

// restart stops and starts, and wants every byte and validator as before.
func restart(t *testing.T, r *running) {
	t.Helper()
	before := published(r)
	r.stop()
	again := r.start()
	sameBytes(t, "a restart", before, published(again))
	again.stop()
}

func sameBytes(t *testing.T, what string, before, after map[string]answer) {
	t.Helper()
	if len(before) < 2 || !slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
		t.Fatalf("%s: other addresses: %d and %d", what, len(before), len(after))
	}
	for path, a := range before {
		b := after[path]
		for _, name := range []string{"ETag", "Last-Modified", "Content-Type"} {
			if a.header.Get(name) != b.header.Get(name) {
				t.Errorf("%s moved %s of %s from %s to %s", what, name, path, a.header.Get(name), b.header.Get(name))
			}
		}
		if a.body != b.body {
			t.Errorf("%s changed %s", what, path)
		}
	}
}

// TestPortZero: who asks for any port gets feeds that name the one found.
func TestPortZero(t *testing.T) {
	d := newDesk(t, recordedConfig(recordedOutlets(t), "listen: 127.0.0.1:0\n"))
	r := d.start()
	names := func(when string) {
		t.Helper()
		for _, path := range []string{"/topics/china.atom", "/topics/china.rss", "/topics/china.json", "/topics.opml", "/"} {
			if body := r.get(path).body; strings.Contains(body, ":0/") || !strings.Contains(body, r.base+"/topics/china") && path != "/" {
				t.Errorf("%s %s does not name %s:\n%.600s", when, path, r.base, body)
			}
		}
		if out := d.must("topics"); !strings.Contains(out, r.base) {
			t.Errorf("%s topics: %s", when, out)
		}
	}
	names("at first,")
	d.run("health").wants(t, failed, "any free port")
	d.must("reload")
	names("after a reload,")
	r.stop()
}
