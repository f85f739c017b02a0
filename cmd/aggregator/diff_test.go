package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"aggregator/internal/poll"
)

// quietDesk is a desk whose configuration the daemon does not see being saved:
// it is a link into a folder that nobody watches.
func quietDesk(t *testing.T, config string) *desk {
	d := newDesk(t, "")
	if err := os.Mkdir(d.path("real"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.save(config)
	if err := os.Remove(d.path("aggregator.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("real", "aggregator.yaml"), d.path("aggregator.yaml")); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) save(config string) { d.write(filepath.Join("real", "aggregator.yaml"), config) }

// diff is what `check --diff --json` says.
func (d *desk) diff(args ...string) diffed {
	d.t.Helper()
	c := lines[checked](d.t, d.must(append([]string{"check", "--diff", "--json"}, args...)...))
	if len(c) != 1 || c[0].Diff == nil {
		d.t.Fatalf("%v: %+v", args, c)
	}
	return *c[0].Diff
}

// changes are the figures alone, which a reload has as well.
func (d diffed) changes() poll.Changes {
	c := poll.Changes{Stories: d.Stories, Changed: d.Changed, Added: d.Added, Removed: d.Removed, Topics: []poll.TopicChange{}}
	for _, t := range d.Topics {
		c.Topics = append(c.Topics, t.TopicChange)
	}
	return c
}

// otherRules are those of recordedConfig, changed: a topic more, one less, one
// that holds more and less, and a source with a tag that a rule asks for.
func otherRules(config string) string {
	for from, to := range map[string]string{
		`match: china OR chinese OR`:    `match: glacier* OR`,
		"  - { name: Nothing":           "  - { name: Snow, match: snow OR glacier* }\n  - { name: Local, match: 'tag:cn' }\n  - { name: Ice, match: glacier*, publish: { max_age: 30d } }\n  - { name: Nothing",
		`'"human rights" OR 维权' }`:      `'"human rights" OR 维权', publish: { items: 5 } }`,
		`  - { name: Everything, match`: `  - { name: All, match`,
		`name: "晨报", `:                  `name: "晨报", tags: [cn], `,
	} {
		if !strings.Contains(config, from) {
			panic(from)
		}
		config = strings.Replace(config, from, to, 1)
	}
	return config
}

// TestCheckDiff says what a file would change before it goes live, changes
// nothing, and says it with and without a daemon, from any folder.
func TestCheckDiff(t *testing.T) {
	config := recordedConfig(recordedOutlets(t), "listen: 127.0.0.1:0\nurl: http://f.example\n")
	d := newDesk(t, config)
	d.says([]string{"check", "--diff"}, "nothing is kept yet")
	if got := d.diff(); got.Stories != 0 || len(got.Topics) != 0 {
		t.Errorf("before the first poll: %+v", got)
	}
	if _, err := os.Stat(d.path("data")); err == nil {
		t.Error("check --diff made a store")
	}
	d.poll()
	before := d.must("store", "export")
	d.write("aggregator.yaml", otherRules(config))
	said := []string{
		"China  +1 −1 (was 5, will be 5)\n", "    + 2020-11-03 08:00  Meridian Wire  Glaciers lost more ice in three years than in any before\n        match: glacier* OR",
		"words: Glaciers\n", "    − 2020-11-03 09:12  Meridian Wire  Rights lawyer freed", "        before: match: china OR", "China/Human Rights  +0 −1 (was 3, will be 2)\n", "before: in both China and Human Rights (aggregator.yaml:24)", "Local  +2 −0 (was 0, will be 2), a new topic\n",
		"Snow  +2 −0 (was 0, will be 2), a new topic\n", "All  +16 −0 (was 0, will be 16), a new topic\n    + ", "    + and 13 more\n",
		"Everything  +0 −16 (was 16, will be 0), no topic any more\n", "16 of 16 kept stories would be filed otherwise: +22 −18 in 7 topics\n",
	}
	inPlace := d.says([]string{"check", "--diff"}, said...)
	d.says([]string{"check", "--diff"}, said...) // still not live
	whole := d.diff()
	if c := whole.changes(); c.Stories != recordedStories || len(whole.Topics[0].In) != 1 || len(whole.Topics[0].Out) != 1 || len(whole.Topics[2].In) != recordedStories {
		t.Errorf("%+v", whole)
	}
	d.write("aggregator.yaml", config)
	if after := d.must("store", "export"); after != before {
		t.Errorf("check --diff changed the store:\n%s", firstDifference(after, before))
	}
	diffOfDraft(t, d, config, inPlace, whole)
}

// diffOfDraft has a file in another folder compared: with the store, and with the
// daemon that has it.
func diffOfDraft(t *testing.T, d *desk, config, inPlace string, whole diffed) {
	if err := os.Mkdir(d.path("drafts"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.write("drafts/aggregator.yaml", otherRules(config))
	for _, from := range []string{"the store", "the daemon"} {
		if from == "the daemon" {
			defer d.start().stop()
		}
		cmd := d.command("check", "--diff", "-c", "../aggregator.yaml", "aggregator.yaml")
		cmd.Dir = d.path("drafts")
		if r := d.finish(cmd); r.status != done || r.out != inPlace {
			t.Errorf("asked of %s:\n%s%s", from, firstDifference(r.out, inPlace), r.said)
		}
		if got := d.diff("drafts/aggregator.yaml"); fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Errorf("asked of %s: %+v, want %+v", from, got, whole)
		}
	}
	d.write("drafts/aggregator.yaml", config+"tests:\n  - { item: { title: A goat }, topics: [China] }\n")
	r := d.run("check", "--diff", "drafts/aggregator.yaml")
	if r.status != wrongUsage || !strings.Contains(r.out, "test failed: A goat") || !strings.Contains(r.out, "0 of 16 kept stories would be") {
		t.Errorf("with a failing test: %+v", r)
	}
	d.write("drafts/aggregator.yaml", config+"  - { name: Broken, match: \"(\" }\n")
	d.run("check", "--diff", "drafts/aggregator.yaml").wants(t, wrongUsage, "drafts/aggregator.yaml:")
}

// TestReloadSays: what check --diff says before, a reload says and logs after.
// A new topic has the kept past at once, as far as it may be that old.
func TestReloadSays(t *testing.T) {
	config := recordedConfig(recordedOutlets(t), "listen: 127.0.0.1:0\nurl: http://f.example\n")
	d := quietDesk(t, config)
	d.poll()
	r := d.start()
	d.says([]string{"reload"}, "by these rules already")
	d.save(otherRules(config))
	want := d.diff().changes()
	var got poll.Changes
	if err := json.Unmarshal([]byte(d.must("reload", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if want.At = got.At; fmt.Sprint(got) != fmt.Sprint(want) || got.Changed == 0 {
		t.Errorf("reload says %+v, check --diff said %+v", got, want)
	}
	for _, c := range want.Topics {
		name := c.Name
		if strings.Contains(name, " ") {
			name = strconv.Quote(name)
		}
		if line := fmt.Sprintf("topic=%s added=%d removed=%d total=%d", name, c.Added, c.Removed, c.Total); !strings.Contains(r.said.String(), line) {
			t.Errorf("the log does not say %s:\n%s", line, r.said)
		}
	}
	if line := fmt.Sprintf("stories=16 changed=%d added=%d removed=%d topics=%d", want.Changed, want.Added, want.Removed, len(want.Topics)); !strings.Contains(r.said.String(), line) {
		t.Errorf("the log does not say %s:\n%s", line, r.said)
	}
	for topic, n := range map[string]int{"snow": 2, "ice": 0, "local": 2, "all": recordedStories, "china": 5} {
		if feed := r.get("/topics/" + topic + ".json").body; strings.Count(feed, `"id": "urn:uuid:`) != n {
			t.Errorf("%s has not %d stories at once:\n%s", topic, n, feed)
		}
	}
	if again := d.must("reload", "--json"); fmt.Sprint(lines[poll.Changes](t, again)[0]) != fmt.Sprint(got) {
		t.Errorf("a second reload says %s", again)
	}
	d.save(config)
	d.says([]string{"reload"}, "Everything  +16 −0 (was 0, is 16), a new topic\n", "Snow  +0 −2 (was 2, is 0), no topic any more\n", "\nreloaded; since ", " 16 of 16 kept stories are filed otherwise: +18 −22 in 7 topics\n")
	r.stop()
	d.save(otherRules(config))
	r = d.start()
	if line := fmt.Sprintf("stories=16 changed=%d added=%d", want.Changed, want.Added); !strings.Contains(r.said.String(), line) {
		t.Errorf("a start under changed rules does not say %s:\n%s", line, r.said)
	}
	r.stop()
}

const (
	gapStories = 3000
	gapTopics  = 60
)

// gapConfig has topics that each hold half of all stories: those of dams, or
// those of ports.
func gapConfig(o *outlets, word string) string {
	config := "listen: 127.0.0.1:0\nurl: http://f.example\n" + polite + "retain: 36500d\npublish: { max_age: 0, items: 50 }\nsources: [{ url: " + o.URL + "/wire, name: Wire }]\ntopics:\n"
	for i := range gapTopics {
		config += fmt.Sprintf("  - { name: T%d, match: %s }\n", i, word)
	}
	return config
}

// TestReloadWithoutGap: while thousands of kept stories are filed anew, feeds
// are served, and each is the old one or the new one to the byte. Those that
// nobody asked for before are no exception: each is asked for the first time
// some time during the reload.
func TestReloadWithoutGap(t *testing.T) {
	o := newOutlets(t)
	var items []string
	for i := range gapStories {
		items = append(items, wireItem(fmt.Sprintf("n%d", i), fmt.Sprintf("Report %d of the %s", i, []string{"dams", "ports"}[i%2]), fmt.Sprintf("What was written on day %d.", i)))
	}
	o.put("/wire", "application/rss+xml", wireDoc(items...))
	d := quietDesk(t, gapConfig(o, "dams"))
	d.poll()
	r := d.start()
	before := gapFeeds(r)
	r.stop()
	r = d.start()
	hammer := hammerFeeds(r)
	d.save(gapConfig(o, "ports"))
	d.says([]string{"reload"}, "3000 of 3000 kept stories are filed otherwise")
	seen := hammer()
	after := gapFeeds(r)
	old, half := 0, 0
	for _, a := range seen {
		switch {
		case a.status != http.StatusOK:
			t.Errorf("%s: %d", a.path, a.status)
		case a.body == before[a.path]:
			old++
		case a.body != after[a.path]:
			half++
		}
	}
	if half > 0 {
		t.Errorf("%d of %d answers are neither the old nor the new feed", half, len(seen))
	}
	if old == 0 || old == len(seen) || before["/topics/t0.atom"] == after["/topics/t0.atom"] {
		t.Errorf("the reload was not seen: %d of %d answers are the old feed", old, len(seen))
	}
	r.stop()
}

func gapPaths() (paths []string) {
	for i := range gapTopics {
		for _, form := range []string{"atom", "rss", "json"} {
			paths = append(paths, fmt.Sprintf("/topics/t%d.%s", i, form))
		}
	}
	return paths
}

func gapFeeds(r *running) map[string]string {
	feeds := map[string]string{}
	for _, path := range gapPaths() {
		feeds[path] = r.get(path).body
	}
	return feeds
}

type asking struct {
	path string
	answer
}

// hammerFeeds asks for one feed all the time, and for the others one after the
// other, slowly, so that many are asked for the first time during a reload; the
// function it gives ends that and gives all answers.
func hammerFeeds(r *running) func() []asking {
	stop := make(chan struct{})
	var mu sync.Mutex
	var all []asking
	var wg sync.WaitGroup
	hammer := func(pace time.Duration, paths ...string) {
		for n := 0; ; n++ {
			path := paths[n%len(paths)]
			a, err := r.ask(path)
			if err != nil {
				a.status = 0
			}
			mu.Lock()
			all = append(all, asking{path, a})
			mu.Unlock()
			select {
			case <-stop:
				return
			case <-time.After(pace):
			}
		}
	}
	wg.Go(func() { hammer(0, "/topics/t0.atom") })
	wg.Go(func() { hammer(8*time.Millisecond, gapPaths()...) })
	return func() []asking {
		close(stop)
		wg.Wait()
		return all
	}
}
