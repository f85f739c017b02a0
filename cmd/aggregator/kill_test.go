package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// kills is how many must come while the poll is at work; those that come
	// after it has ended are not counted.
	kills = 200
	// mostTries bounds the test on a machine where none does.
	mostTries = 5 * kills
)

// killSources are the outlets, each in another kind of feed.
var killSources = []string{"wire", "daily", "post", "review", "mirror"}

// TestKill: kill -9 at random moments, while documents grow, loses no story and
// doubles none. Beside the site that is killed stands one that is not; both
// read the same documents, and must come to the same.
func TestKill(t *testing.T) {
	o := newOutlets(t)
	disturbed, calm := newDesk(t, killConfig(o)), newDesk(t, killConfig(o))
	var site growing
	var count struct{ atWork, asked, ended int }
	for range mostTries {
		if count.atWork == kills {
			break
		}
		site.grow(o)
		began := time.Now()
		calm.poll("--force")
		usual := time.Since(began)
		o.forget()
		if disturbed.killAt(rand.N(usual * 5 / 4)) {
			count.ended++
			continue
		}
		count.atWork++
		if o.answers(200)+o.answers(304) > 0 {
			count.asked++
		}
	}
	for _, d := range []*desk{disturbed, calm} {
		d.write("aggregator.yaml", killConfig(o)+"publish: { dir: tree, items: 2000 }\n")
	}
	last := disturbed.poll("--force")
	calm.poll("--force")
	told := sameStories(t, site, disturbed, calm)
	sameTrees(t, disturbed, calm)
	said := fmt.Sprintf("kill -9 at %d random moments while it worked, %d of them after it had asked a source (%d more came after it had ended); %d items, %d stories, none lost, none twice",
		count.atWork, count.asked, count.ended, site.items, told)
	t.Logf("%s; the last pass still found %+v", said, last.Items)
	if !t.Failed() {
		fmt.Println(said)
	}
	if count.atWork < kills {
		t.Errorf("only %d of %d kills came while it worked", count.atWork, kills)
	}
}

// TestKilledDaemon: what a killed daemon leaves behind (its socket, its name in
// the data folder) stands in nobody's way, and no byte moves.
func TestKilledDaemon(t *testing.T) {
	d := newDesk(t, recordedConfig(recordedOutlets(t), "listen: 127.0.0.1:0\nurl: https://feeds.example.org\n"))
	d.poll()
	r := d.start()
	before := published(r)
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-r.ended
	if _, err := os.Stat(d.path("data/aggregator.sock")); err != nil {
		t.Error("the daemon ended in peace:", err)
	}
	if n := len(lines[storyLine](t, d.must("stories", "--json"))); n != recordedStories {
		t.Errorf("%d stories after the kill", n)
	}
	r = d.start()
	sameBytes(t, "a kill", before, published(r))
	if report := d.poll("--force"); report.Items.New != 0 {
		t.Errorf("after a kill: %+v", report)
	}
	r.stop()
}

// killAt starts a poll and kills it after a while. It says whether the poll had
// ended by itself by then.
func (d *desk) killAt(after time.Duration) (ended bool) {
	d.t.Helper()
	cmd := d.command("poll", "--force", "--json")
	var said output
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() >= 0 {
		d.t.Fatalf("after a kill the next poll ended with %v\n%s", err, &said)
	}
	return err == nil
}

func killConfig(o *outlets) string {
	var b strings.Builder
	b.WriteString("url: https://feeds.example.org\nlisten: \"\"\n" + polite + "sources:\n")
	for i, name := range killSources {
		fmt.Fprintf(&b, "  - { url: \"%s/%s\", name: %q, tier: %d }\n", o.URL, name, name, i+1)
	}
	b.WriteString("topics:\n  - { name: Ports, match: ports }\n  - { name: Courts, match: court }\n  - { name: Ports/Courts }\n  - { name: Everything, match: \"*\" }\n")
	return b.String()
}

// growing is a site of outlets that print something more each time.
type growing struct {
	n, items, stories int
	docs              [5]string // items so far, latest first
}

// grow prints a wire report in three outlets, a report of its own in a fourth,
// and in the fifth, late, what the wire had three times ago.
func (g *growing) grow(o *outlets) {
	g.n++
	g.print(0, g.n, "wire")
	g.print(1+g.n%2, g.n, "wire")
	g.print(3, g.n, "wire")
	g.print(2-g.n%2, g.n, "own")
	g.stories += 2
	if g.n > 3 {
		g.print(4, g.n-3, "wire")
	}
	for i, name := range killSources {
		o.put("/"+name, "application/rss+xml", `<?xml version="1.0"?><rss version="2.0"><channel><title>`+name+`</title><link>http://`+name+`.example/</link><description>d</description>`+g.docs[i]+`</channel></rss>`)
	}
}

func (g *growing) print(outlet, n int, kind string) {
	g.items++
	at := time.Now().Add(-24 * time.Hour).Truncate(24 * time.Hour).Add(time.Duration(g.n)*time.Minute + time.Duration(outlet)*time.Second).UTC()
	name := killSources[outlet]
	said := madeUp(kind, n)
	g.docs[outlet] = fmt.Sprintf(`<item><title>%s</title><link>http://%s.example/%s/%d</link><guid isPermaLink="false">%s-%d</guid><pubDate>%s</pubDate><description>%s.</description></item>`,
		strings.Join(said[:7], " "), name, kind, n, kind, n, at.Format(time.RFC1123Z), strings.Join(said[7:], " ")) + g.docs[outlet]
}

// madeUp are words that no other report has, so that only its copies are like it.
func madeUp(kind string, n int) []string {
	r := rand.New(rand.NewPCG(uint64(n), uint64(len(kind))))
	words := make([]string, 27)
	for i := range words {
		for range 3 {
			words[i] += string("bdfgklmnprstvz"[r.IntN(14)]) + string("aeiou"[r.IntN(5)])
		}
	}
	return words
}

// sameStories wants of both sites the same stories, told by the same items,
// each item in one place only; and as many as were printed.
func sameStories(t *testing.T, site growing, a, b *desk) int {
	t.Helper()
	disturbed, calm := tellings(t, a), tellings(t, b)
	items := 0
	for id, told := range calm {
		items += len(told)
		if !slices.Equal(told, disturbed[id]) {
			t.Errorf("story %s: %v, undisturbed %v", id, disturbed[id], told)
		}
	}
	if len(disturbed) != len(calm) || len(calm) != site.stories || items != site.items {
		t.Errorf("%d stories, undisturbed %d of %d items; printed were %d of %d", len(disturbed), len(calm), items, site.stories, site.items)
	}
	for _, d := range []*desk{a, b} {
		seen := map[string]bool{}
		for _, told := range tellings(t, d) {
			for _, one := range told {
				if seen[one] {
					t.Errorf("%s is told twice", one)
				}
				seen[one] = true
			}
		}
		d.must("store", "export") // reads every record
	}
	return len(disturbed)
}

// tellings are source and GUID of each story's items by the story's id, the
// lead first.
func tellings(t *testing.T, d *desk) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, l := range lines[storyLine](t, d.must("stories", "--json")) {
		told := []string{l.Source + " " + l.GUID}
		for _, also := range l.Also {
			told = append(told, also.Source+" "+also.GUID)
		}
		if all[l.ID] != nil {
			t.Errorf("story %s is there twice", l.ID)
		}
		all[l.ID] = told
	}
	return all
}

// whenSeen is the one thing in a feed that hangs on when a poll came through.
var whenSeen = regexp.MustCompile(`"seen": "[^"]*"`)

// sameTrees compares the feeds that two sites wrote.
func sameTrees(t *testing.T, a, b *desk) {
	t.Helper()
	x, y := a.tree("tree"), b.tree("tree")
	if !slices.Equal(slices.Sorted(maps.Keys(x)), slices.Sorted(maps.Keys(y))) {
		t.Errorf("files %v, undisturbed %v", slices.Sorted(maps.Keys(x)), slices.Sorted(maps.Keys(y)))
	}
	feeds := 0
	for path, doc := range y {
		if !strings.HasPrefix(path, "topics/") || !slices.Contains([]string{".atom", ".rss", ".json"}, filepath.Ext(path)) {
			continue
		}
		feeds++
		if got, want := whenSeen.ReplaceAllString(x[path], ""), whenSeen.ReplaceAllString(doc, ""); got != want {
			t.Errorf("%s differs from the undisturbed one:\n%s", path, firstDifference(got, want))
		}
	}
	if feeds != 12 {
		t.Errorf("%d feeds were compared, want 12", feeds)
	}
}

// tree reads all files below a folder, also while they come and go.
func (d *desk) tree(name string) map[string]string {
	d.t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(d.path(name), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		rel, _ := filepath.Rel(d.path(name), path)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return files
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d\n  %.300s\n  %.300s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines, and %d", len(x), len(y))
}
