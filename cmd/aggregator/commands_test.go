package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// says wants words on stdout of a command that goes well.
func (d *desk) says(args []string, words ...string) string {
	d.t.Helper()
	out := d.must(args...)
	for _, w := range words {
		if !strings.Contains(out, w) {
			d.t.Errorf("%v does not say %q:\n%s", args, w, out)
		}
	}
	return out
}

const subscriptions = `<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
<outline text="Asia"><outline type="rss" text="Daily &amp; Sons" xmlUrl="https://daily.example/feed" htmlUrl="https://daily.example/"/></outline>
<outline type="rss" text="日报" xmlUrl="https://ribao.example/feed?a=1&amp;b=2"/></body></opml>`

func TestInit(t *testing.T) {
	d := newDesk(t, "")
	d.write("mine.opml", subscriptions)
	if err := os.Remove(d.path("aggregator.yaml")); err != nil {
		t.Fatal(err)
	}
	d.must("init")
	d.must("check")
	before := d.read("aggregator.yaml")
	d.run("init").wants(t, failed, "aggregator.yaml", "not overwritten")
	if d.read("aggregator.yaml") != before {
		t.Error("init overwrote")
	}
	d.must("init", "-c", "second.yaml", "--opml", "mine.opml")
	d.says([]string{"check", "-c", "second.yaml"}, "Daily & Sons", "日报")
	d.run("init", "-c", "third.yaml", "--opml", "none.opml").wants(t, failed, "none.opml")
	if _, err := os.Stat(d.path("third.yaml")); err == nil {
		t.Error("init wrote without the OPML file")
	}
}

func TestInitTopics(t *testing.T) {
	d := newDesk(t, "")
	d.write("mine.opml", subscriptions)
	if err := os.Remove(d.path("aggregator.yaml")); err != nil {
		t.Fatal(err)
	}
	d.says([]string{"init", "--topics", "help"}, "starter library", "china-human-rights", "China/Human Rights")
	d.run("init", "--topics", "china,chyna").wants(t, wrongUsage, "chyna", "starter library", "china-human-rights")
	d.must("init", "--topics", "China-Human-Rights", "--opml", "mine.opml")
	d.says([]string{"check"}, "China/Human Rights", "Everything", "日报", "tests passed")
	if left, err := os.ReadDir(d.path("topics")); err != nil || len(left) != 3 {
		t.Errorf("a topic and its two parents: %v, %v", left, err)
	}
	d.must("init", "-c", "all.yaml", "--topics", "all")
	d.says([]string{"check", "-c", "all.yaml"}, "tests passed")
}

func TestInitTopicsOverwritesNothing(t *testing.T) {
	d := newDesk(t, "# mine\n")
	d.write("mine.opml", subscriptions)
	d.run("init", "--topics", "iran", "--opml", "mine.opml").wants(t, failed, "aggregator.yaml", "not overwritten")
	if _, err := os.Stat(d.path("topics")); err == nil {
		t.Error("init wrote topics without the sources that were asked for")
	}
	include := d.must("init", "--topics", "iran")
	if d.read("aggregator.yaml") != "# mine\n" || include != "include:\n  - topics/iran.yaml\n" {
		t.Errorf("beside a configuration init says to add %q to it, which is %q", include, d.read("aggregator.yaml"))
	}
	d.write("aggregator.yaml", include+"sources: [{ url: https://example.org/a }]\n")
	d.says([]string{"check"}, "Iran", "tests passed")
	d.write("topics/china.yaml", "# mine\n")
	d.run("init", "-c", "second.yaml", "--topics", "afghanistan,china").wants(t, failed, "china.yaml", "not overwritten", "move it aside")
	if d.read("topics/china.yaml") != "# mine\n" {
		t.Error("init overwrote a topic")
	}
	for _, name := range []string{"second.yaml", "topics/afghanistan.yaml"} {
		if _, err := os.Stat(d.path(name)); err == nil {
			t.Errorf("init wrote %s, but not all", name)
		}
	}
}

func TestCheck(t *testing.T) {
	const good = "sources: [{ url: https://example.org/a, name: A, schedule: \"30 4 * * *\" }]\ntopics:\n  - { name: China, match: china }\n  - { name: Rights, match: '\"human rights\"' }\n  - { name: China/Rights }\nfetch: { spread: 0s }\ntests:\n  - { item: { title: \"Human rights in China\" }, topics: [China, Rights, China/Rights] }\n"
	d := newDesk(t, good)
	out := d.says([]string{"check"}, "1 of 1 tests passed", "in both China and Rights")
	if n := strings.Count(out, " 04:30"); n != 3 {
		t.Errorf("%d next polls at 04:30, want 3:\n%s", n, out)
	}
	c := lines[checked](t, d.must("check", "--json"))[0]
	if len(c.Sources) != 1 || len(c.Sources[0].Next) != 3 || !c.Tests[0].Passed {
		t.Errorf("check --json: %+v", c)
	}
	d.write("aggregator.yaml", good+"  - { item: { title: \"Ports stay closed\" }, topics: [China] }\n")
	r := d.run("check")
	if r.status != wrongUsage || !strings.Contains(r.out, "aggregator.yaml:9: test failed: Ports stay closed") || !strings.Contains(r.out, "missing China") || !strings.Contains(r.said, "1 of 2 tests failed") {
		t.Errorf("a failing test: %+v", r)
	}
}

func TestConfigCommands(t *testing.T) {
	d := newDesk(t, "sources: [{ url: https://example.org/a, basic_auth: { user: u, password: hunter2 }, headers: { X-Key: \"${DESK_KEY}\" } }]\ntopics: [{ name: All, match: \"*\" }]\n")
	t.Setenv("DESK_KEY", "swordfish")
	if !json.Valid([]byte(d.must("config", "schema"))) {
		t.Error("the schema is no JSON")
	}
	for _, args := range [][]string{{"config", "show"}, {"config", "show", "--json"}} {
		out := d.says(args, "https://example.org/a", "max_size")
		if strings.Contains(out, "hunter2") || strings.Contains(out, "swordfish") {
			t.Errorf("%v shows a secret:\n%s", args, out)
		}
	}
}

func TestOPMLRoundTrip(t *testing.T) {
	d := newDesk(t, "# mine\nsources:\n  - { url: https://example.org/a, name: A }\ntopics: [{ name: All, match: \"*\" }]\n")
	d.write("subscriptions.xml", subscriptions)
	d.must("opml", "import", "subscriptions.xml")
	if text := d.read("aggregator.yaml"); !strings.HasPrefix(text, "# mine\n") {
		t.Errorf("import rewrote the file:\n%s", text)
	}
	out := d.says([]string{"opml", "export"}, "Daily &amp; Sons", "https://ribao.example/feed?a=1&amp;b=2", "https://example.org/a")
	wellFormed(t, out)
	other := newDesk(t, "sources:\n  - { url: https://example.org/b }\ntopics: [{ name: All, match: \"*\" }]\n")
	other.write("theirs.opml", out)
	other.must("opml", "import", "theirs.opml")
	if again := other.must("opml", "export"); strings.Count(again, "xmlUrl") != 4 || !strings.Contains(again, "日报") {
		t.Errorf("exported, imported, exported:\n%s", again)
	}
	d.says([]string{"opml", "export", "--topics"}, "/topics/all.atom")
}

func TestBackup(t *testing.T) {
	o := recordedOutlets(t)
	config := recordedConfig(o, "listen: 127.0.0.1:0\nurl: https://feeds.example.org\n")
	first, second := newDesk(t, config), newDesk(t, config)
	first.poll()
	r := first.start()
	before := published(r)
	r.stop()
	backup := first.must("store", "export")
	second.write("backup.jsonl", backup)
	second.says([]string{"store", "import", "backup.jsonl"}, "stories", strconv.Itoa(recordedStories))
	if again := second.must("store", "export"); again != backup {
		t.Errorf("exported, imported, exported:\n%s", firstDifference(again, backup))
	}
	second.run("store", "import", "backup.jsonl").wants(t, failed, "empty")
	r = second.start()
	sameBytes(t, "a backup restored", before, published(r))
	o.forget()
	if report := second.poll("--force"); report.Items.New != 0 || o.answers(200) != 0 {
		t.Errorf("a restored store does not know its items: %+v", report)
	}
	r.stop()
}

func TestExplain(t *testing.T) {
	o := recordedOutlets(t)
	config := strings.Replace(recordedConfig(o, "listen: \"\"\nurl: http://f.example\n"), "name: \"Meridian Wire\"", "name: \"Meridian Wire\", drop: 'title:dockers'", 1)
	d := newDesk(t, config)
	if report := d.poll(); report.Items.Dropped != 1 || report.Items.Received != recordedItems {
		t.Errorf("%+v", report)
	}
	story := lines[storyLine](t, d.must("stories", "--topic", "China/Human Rights", "--json"))
	at := slices.IndexFunc(story, func(l storyLine) bool { return l.GUID == "meridian-4711" })
	if at < 0 || len(story[at].Also) != 2 {
		t.Fatalf("%+v", story)
	}
	id := story[at].ID
	for _, name := range []string{id, strings.TrimPrefix(id, "urn:uuid:"), "meridian-4711", "https://meridian.example/2020/11/lawyer-freed", "https://harbour.example/news/lawyer.html", "tag:harbour.example,2020:lawyer"} {
		d.says([]string{"explain", name}, id, "Meridian Wire", "Harbour Daily", "Plateau Post", "tells it: the same address", "tells it: the same title and text", "words: ", "aggregator.yaml:")
	}
	e := lines[explained](t, d.must("explain", "--json", id))
	if len(e) != 1 || len(e[0].Tellings) != 3 || len(e[0].Topics) != 4 {
		t.Errorf("explain --json: %+v", e)
	}
	d.says([]string{"explain", "https://meridian.example/2020/11/ports"}, "dropped", "title:dockers", "aggregator.yaml:")
}

func TestReadingCommands(t *testing.T) {
	d := newDesk(t, recordedConfig(recordedOutlets(t), "listen: \"\"\nurl: http://f.example\n"))
	d.says([]string{"sources"}, "never polled yet", "Odd & Sons")
	d.poll()
	for _, args := range [][]string{{"sources"}, {"topics"}, {"stories"}, {"explain", "meridian-4711"}, {"store", "stats"}, {"store", "export"}, {"check"}, {"config", "show"}, {"version"}} {
		if out := d.must(append(args, "--json")...); len(lines[json.RawMessage](t, out)) == 0 {
			t.Errorf("%v --json says nothing", args)
		}
		if out := d.must(args...); out == "" {
			t.Errorf("%v says nothing", args)
		}
	}
	if n := len(lines[storyLine](t, d.must("stories", "--json", "--since", "7d"))); n != 4 {
		t.Errorf("%d stories of this week, want the 4 without a date to believe", n)
	}
	if n := len(lines[topicLine](t, d.must("topics", "--json"))); n != 5 {
		t.Errorf("%d topics", n)
	}
	d.says([]string{"topics"}, "/topics/china/human-rights.atom", "in both China and Human Rights")
	d.says([]string{"poll"}, "9 polled: 0 changed, 9 unchanged", "0 received")
}

func TestReload(t *testing.T) {
	o := recordedOutlets(t)
	config := recordedConfig(o, "listen: 127.0.0.1:0\nurl: http://f.example\n")
	d := newDesk(t, config)
	r := d.start()
	eventually(t, "poll of every outlet", func() bool { return r.counted("aggregator_items_received_total") == recordedItems })
	gaps := watchGaps(r, "/topics/china.atom")
	has := func(topic string) func() bool {
		return func() bool { return strings.Contains(r.get("/topics/"+topic+".json").body, `"id": "urn:uuid:`) }
	}
	d.write("aggregator.yaml", config+"  - { name: Ports, match: dockers }\n")
	eventually(t, "topic after the file was saved", has("ports"))
	d.write("aggregator.yaml", config+"  - { name: Ice, match: glacier* }\n")
	r.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "topic after SIGHUP", has("ice"))
	if a := r.get("/topics/ports.atom"); a.status != 404 {
		t.Errorf("a topic that is gone: %d", a.status)
	}
	d.write("aggregator.yaml", config+"  - { name: Snow, match: snow }\n")
	d.must("reload")
	if !has("snow")() {
		t.Error("no topic after `reload`")
	}
	d.write("aggregator.yaml", config+"  - { name: Broken, match: \"(\" }\n")
	bad := d.run("reload")
	if bad.status == done || !strings.Contains(bad.said, "aggregator.yaml:") {
		t.Errorf("a bad reload: %+v", bad)
	}
	eventually(t, "word of the bad reload", func() bool {
		return strings.Contains(r.said.String(), "the configuration from before stays in force")
	})
	if !has("snow")() {
		t.Error("a bad reload took a topic away")
	}
	if missed := gaps(); missed != "" {
		t.Errorf("while reloading: %s", missed)
	}
	r.stop()
}

// watchGaps asks for a path all the time; the function it gives ends that and
// says what went wrong.
func watchGaps(r *running, path string) func() string {
	stop, missed := make(chan struct{}), make(chan string, 1)
	go func() {
		for n := 0; ; n++ {
			a, err := r.ask(path)
			if err != nil || a.status != 200 {
				missed <- fmt.Sprintf("request %d: %d %v", n, a.status, err)
				return
			}
			select {
			case <-stop:
				missed <- ""
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() string {
		close(stop)
		return <-missed
	}
}

func TestHealth(t *testing.T) {
	o := recordedOutlets(t)
	d := newDesk(t, recordedConfig(o, "listen: "+freeAddressOf(t)+"\n"))
	d.run("health").wants(t, failed, "aggregator run")
	r := d.start()
	d.says([]string{"health"}, "ready: 9 sources, 5 topics")
	if out := lines[readiness](t, d.must("health", "--json")); !out[0].Ready {
		t.Errorf("%+v", out)
	}
	r.stop()
	d.run("health").wants(t, failed, "aggregator run")
}

// freeAddressOf is one where nobody listens just now.
func freeAddressOf(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	return s.Listener.Addr().String()
}

// TestDrain: what is under way when SIGTERM comes is kept.
func TestDrain(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-answer
		fmt.Fprint(w, oneItem+"</channel></rss>")
	}))
	defer slow.Close()
	d := newDesk(t, "listen: 127.0.0.1:0\n"+polite+"sources: [{ url: "+slow.URL+" }]\ntopics: [{ name: All, match: \"*\" }]\n")
	r := d.start()
	<-asked
	r.cmd.Process.Signal(syscall.SIGTERM)
	eventually(t, "closed door", func() bool {
		_, err := r.ask("/healthz")
		return err != nil
	})
	close(answer)
	r.stop()
	if n := len(lines[storyLine](t, d.must("stories", "--json"))); n != 1 {
		t.Errorf("%d stories, want the one under way", n)
	}
}

// TestStaticTree: the folder holds what is served, byte for byte, and a file is
// never seen half written.
func TestStaticTree(t *testing.T) {
	o := recordedOutlets(t)
	d := newDesk(t, strings.Replace(recordedConfig(o, "listen: 127.0.0.1:0\nurl: https://feeds.example.org\n"), "publish: {", "publish: { dir: tree,", 1))
	r := d.start()
	eventually(t, "poll of every outlet", func() bool { return r.counted("aggregator_items_received_total") == recordedItems })
	eventually(t, "tree of all stories", func() bool {
		feed := d.tree("tree")["topics/everything.json"]
		if feed != "" && !json.Valid([]byte(feed)) {
			t.Errorf("half a file was seen: %d bytes", len(feed))
		}
		return feed == r.get("/topics/everything.json").body
	})
	r.stop()
	r = d.start()
	files, feeds := d.tree("tree"), published(r)
	for path, a := range feeds {
		if files[strings.TrimPrefix(path, "/")] != a.body {
			t.Errorf("%s is served otherwise than written", path)
		}
		info, err := os.Stat(filepath.Join(d.path("tree"), path))
		if err != nil || info.ModTime().UTC().Format(http.TimeFormat) != a.header.Get("Last-Modified") {
			t.Errorf("%s was modified %v, served as %s", path, info.ModTime().UTC(), a.header.Get("Last-Modified"))
		}
	}
	if len(feeds) != 16 || files["index.html"] == "" || len(files) < len(feeds)+recordedStories {
		t.Errorf("%d feeds, %d files", len(feeds), len(files))
	}
	for path := range files {
		if strings.HasSuffix(path, "-new") {
			t.Errorf("%s was left behind", path)
		}
	}
	r.stop()
}

func TestDemo(t *testing.T) {
	d := newDesk(t, "")
	r := d.run("demo", "--once")
	if r.status != done {
		t.Fatalf("status %d\n%s", r.status, r.said)
	}
	told := regexp.MustCompile(`(\d+) sample outlets gave (\d+) items; they tell (\d+) stories`).FindStringSubmatch(r.out)
	if told == nil {
		t.Fatal(r.out)
	}
	for i, least := range []int{8, 60, 20} {
		if n, _ := strconv.Atoi(told[i+1]); n < least {
			t.Errorf("%s: %d is less than %d", told[0], n, least)
		}
	}
	if n := strings.Count(r.out, ".atom"); n < 4 || !strings.Contains(r.out, "/topics/china/human-rights.atom") || !strings.Contains(r.out, "Told more than once") || !strings.Contains(r.out, "/topics/desk?token=") {
		t.Errorf("%d topics:\n%s", n, r.out)
	}
}

func TestVersionAndCompletion(t *testing.T) {
	d := newDesk(t, "")
	d.says([]string{"version"}, "aggregator ")
	script := exec.Command("bash", "-n")
	script.Stdin = strings.NewReader(d.must("completion", "bash"))
	if out, err := script.CombinedOutput(); err != nil {
		t.Errorf("completion bash: %v\n%s", err, out)
	}
	d.says([]string{"help"}, "poll", "explain", "demo")
}
