package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// wants holds a failed command to its status, to words on stderr, and to
// silence on stdout.
func (r result) wants(t *testing.T, status int, words ...string) {
	t.Helper()
	if r.status != status || r.out != "" {
		t.Errorf("status %d, want %d; stdout %q", r.status, status, r.out)
	}
	for _, w := range words {
		if !strings.Contains(r.said, w) {
			t.Errorf("stderr does not say %q:\n%s", w, r.said)
		}
	}
}

func TestBadConfig(t *testing.T) {
	d := newDesk(t, `titel: Desk
listen: 99999
retain: soon
fetch:
  schedule: "61 * * * *"
sources:
  - { url: "ftp://example.org/feed", name: A }
  - { url: "https://example.org/a", name: B, topics: [Nowhere] }
  - { url: "https://example.org/b", name: B }
topics:
  - { name: China, match: "china AND (" }
`)
	for _, command := range []string{"check", "run", "poll", "sources"} {
		r := d.run(command)
		r.wants(t, wrongUsage, "title", "^", "Nowhere", "schedule")
		for _, place := range []string{"1:1", "2:9", "3:9", "5:13", "7:", "8:", "9:", "11:"} {
			if !strings.Contains("\n"+r.said, "\naggregator.yaml:"+place) {
				t.Errorf("%s: no fault at %s:\n%s", command, place, r.said)
			}
		}
	}
	if out := d.run("check", "--json"); out.status != wrongUsage || len(lines[checked](t, out.out)[0].Faults) < 8 {
		t.Errorf("check --json: %d %s", out.status, out.out)
	}
	if _, err := os.Stat(d.path("data")); err == nil {
		t.Error("a wrong configuration made a data folder")
	}
}

func TestWrongUsage(t *testing.T) {
	d := newDesk(t, "sources: [{ url: https://example.org/a }]\ntopics: [{ name: All, match: \"*\" }]\n")
	d.run("check", "-c", "none.yaml").wants(t, wrongUsage, "none.yaml", "aggregator init")
	d.run("chek").wants(t, wrongUsage, "chek", "check")
	d.run("poll", "--forse").wants(t, wrongUsage, "--forse")
	d.run("poll", "Nobody").wants(t, wrongUsage, "Nobody", "aggregator sources")
	d.run("stories", "--topic", "None").wants(t, wrongUsage, "None", "aggregator topics")
	d.run("stories", "--since", "yesterday").wants(t, wrongUsage, "yesterday")
	d.run("explain").wants(t, wrongUsage)
	d.run("explain", "https://example.org/never").wants(t, failed, "https://example.org/never")
	d.run("reload").wants(t, failed, "aggregator run")
	d.run("opml", "import", "none.opml").wants(t, failed, "none.opml")
}

func source(t *testing.T, d *desk, name string) sourceLine {
	t.Helper()
	for _, l := range lines[sourceLine](t, d.must("sources", "--json")) {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("no source %s", name)
	return sourceLine{}
}

const oneItem = `<rss version="2.0"><channel><title>Well</title><link>http://well.example/</link><description>d</description><item><title>One story of ports</title><link>http://well.example/1</link><description>Ports stayed closed on the first day, and the court heard why that was.</description></item>`

func deskOf(t *testing.T, o *outlets, head string, names ...string) *desk {
	t.Helper()
	var b strings.Builder
	b.WriteString(head + polite + "sources:\n")
	for _, n := range names {
		fmt.Fprintf(&b, "  - { url: \"%s/%s\", name: %s }\n", o.URL, n, n)
	}
	b.WriteString("topics: [{ name: All, match: \"*\" }]\n")
	return newDesk(t, b.String())
}

func TestDeadSource(t *testing.T) {
	o := newOutlets(t)
	o.put("/well", "application/rss+xml", oneItem+"</channel></rss>")
	o.set("/gone", outlet{status: 410})
	resting := newOutlets(t) // or the others would rest, too
	resting.set("/dead", outlet{status: 503, header: map[string][]string{"Retry-After": {"7200"}}})
	d := deskOf(t, o, "listen: \"\"\nurl: http://f.example\n", "well", "dead", "missing", "gone")
	d.write("aggregator.yaml", strings.NewReplacer("@every 24h", "@every 1m", o.URL+"/dead", resting.URL+"/dead").Replace(d.read("aggregator.yaml")))
	r := d.poll()
	if s := r.Sources; s.Polled != 4 || s.Failed != 3 || len(r.Errors) != 3 || r.Items.New != 1 {
		t.Errorf("%+v", r)
	}
	if l := source(t, d, "dead"); l.Status != 503 || l.Failures != 1 || !strings.Contains(l.Why, "Retry-After") || l.Next.Sub(l.Last).Hours() != 2 || l.Error == "" {
		t.Errorf("dead: %+v", l)
	}
	if l := source(t, d, "missing"); l.Status != 404 || l.Why != "backoff after 1 failure" || l.Next.Sub(l.Last).Minutes() != 5 {
		t.Errorf("missing: %+v", l)
	}
	if l := source(t, d, "gone"); !strings.Contains(l.Why, "410") {
		t.Errorf("gone: %+v", l)
	}
	if r := d.poll(); r.Sources.Skipped != 3 || r.Sources.Unchanged != 1 {
		t.Errorf("floors do not hold: %+v", r)
	}
	all := d.run("poll", "--json", "--force", "dead", "missing") // some failed: 0; all: 1
	if r := balanced(t, all.out); all.status != failed || r.Sources.Failed != 2 {
		t.Errorf("status %d when all failed: %+v", all.status, r)
	}
	if l := source(t, d, "missing"); l.Failures != 2 || l.Next.Sub(l.Last).Minutes() != 10 {
		t.Errorf("missing, again: %+v", l)
	}
	o.put("/missing", "application/rss+xml", oneItem+"</channel></rss>")
	d.poll("--force", "missing")
	if l := source(t, d, "missing"); l.Failures != 0 || l.Error != "" {
		t.Errorf("missing, back: %+v", l)
	}
}

func TestBrokenDocument(t *testing.T) {
	o := newOutlets(t)
	o.put("/cut", "application/rss+xml", oneItem+"<item><title>Cut off in the mid")
	o.put("/page", "text/html", `<!doctype html><html><head><title>No feed</title><link rel="alternate" type="application/rss+xml" href="/real.xml"></head><body>hello</body></html>`)
	d := deskOf(t, o, "listen: \"\"\nurl: http://f.example\n", "cut", "page")
	if r := d.poll(); r.Items.New != 1 || r.Sources.Failed != 1 || !strings.Contains(fmt.Sprint(r.Errors), "/real.xml") || !strings.Contains(fmt.Sprint(r.Errors), "cut") {
		t.Errorf("%+v", r)
	}
	if l := source(t, d, "cut"); l.Partial == "" || l.Items != 1 || l.Error != "" {
		t.Errorf("cut: %+v", l)
	}
	if out := d.must("sources"); !strings.Contains(out, "partial") {
		t.Errorf("sources:\n%s", out)
	}
}

func TestCorruptData(t *testing.T) {
	o := newOutlets(t)
	o.put("/well", "application/rss+xml", oneItem+"</channel></rss>")
	for name, harm := range map[string]func(path string) error{
		"garbage": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("garbage ", 9000)), 0o600) },
		"cut":     func(path string) error { return os.Truncate(path, 9000) },
		"folder":  func(path string) error { os.Remove(path); return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			d := deskOf(t, o, "listen: \"\"\nurl: http://f.example\n", "well")
			d.poll()
			files, err := filepath.Glob(d.path("data/*"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			if err := harm(files[0]); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"run", "poll", "stories"} {
				r := d.run(command)
				r.wants(t, failed, files[0], "aggregator store import")
				if strings.Contains(r.said, "runtime error") {
					t.Errorf("%s: words of the language, not of people: %s", command, r.said)
				}
			}
		})
	}
}

// reading are the commands that read the store.
var reading = [][]string{{"sources"}, {"topics"}, {"stories"}, {"stories", "--topic", "All", "--since", "7d"}, {"match", "*"}, {"check", "--diff"}, {"explain", "http://well.example/1"}, {"store", "stats"}, {"store", "export"}, {"opml", "export"}}

func TestLockedData(t *testing.T) {
	o := newOutlets(t)
	o.put("/well", "application/rss+xml", oneItem+"</channel></rss>")
	d := deskOf(t, o, "listen: 127.0.0.1:0\n", "well")
	r := d.start()
	eventually(t, "first poll", func() bool { return r.counted("aggregator_items_received_total") == 1 })
	for _, args := range reading {
		if out := d.must(append(args, "--json")...); !strings.Contains(out, "well") && !strings.Contains(out, "All") && !strings.Contains(out, `"stories":1`) {
			t.Errorf("%v while it runs: %q", args, out)
		}
	}
	if report := d.poll("--force"); report.Sources.Unchanged != 1 {
		t.Errorf("poll while it runs: %+v", report)
	}
	r.addUp()
	process := fmt.Sprintf("process %d", r.cmd.Process.Pid)
	d.run("run").wants(t, failed, process, "data")
	if err := os.Remove(d.path("data/aggregator.sock")); err != nil {
		t.Fatal(err)
	}
	for _, args := range append(reading, []string{"poll"}) {
		d.run(args...).wants(t, failed, process)
	}
	r.stop()
	d.must("stories")
}

func TestFullDisk(t *testing.T) {
	o := newOutlets(t)
	o.put("/well", "application/rss+xml", oneItem+"</channel></rss>")
	d := deskOf(t, o, "listen: 127.0.0.1:0\n", "well")
	r := d.start()
	eventually(t, "first poll", func() bool { return r.counted("aggregator_items_received_total") == 1 })
	before := published(r)
	r.room(t, 1)
	o.put("/well", "application/rss+xml", oneItem+`<item><title>Another story of courts</title><link>http://well.example/2</link><description>The court heard why ports had to stay closed for a second day, said a clerk.</description></item></channel></rss>`)
	ended := make(chan result, 1)
	go func() { ended <- d.run("poll", "--force", "--json") }()
	eventually(t, "trouble in /readyz", func() bool { return r.get("/readyz").status == 503 })
	var said readiness
	if err := json.Unmarshal([]byte(r.get("/readyz").body), &said); err != nil || said.Ready || !strings.Contains(strings.Join(said.Reasons, " "), "not committed") {
		t.Errorf("readyz: %v %+v", err, said)
	}
	t.Log(said.Reasons)
	if a := r.get("/healthz"); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
	sameBytes(t, "a full disk", before, published(r))
	stories := lines[storyLine](t, d.must("stories", "--json"))
	if n := len(stories); n != 1 {
		t.Fatalf("%d stories are kept on a full disk, want 1", n)
	}
	d.run("hide", stories[0].ID).wants(t, failed, "nothing can be kept just now: poll not committed")
	r.room(t, unix.RLIM_INFINITY)
	eventually(t, "readiness again", func() bool { return r.get("/readyz").status == 200 })
	if report := balanced(t, (<-ended).out); report.Items.New != 1 {
		t.Errorf("the poll that waited: %+v", report)
	}
	if !strings.Contains(r.get("/topics/all.json").body, "Another story of courts") {
		t.Error("the story did not come when there was room")
	}
	r.addUp()
	r.stop()
}

// room limits how big files may grow, for a process: writing then fails as on a
// full disk, and no rights are needed to bring it about.
func (r *running) room(t *testing.T, bytes uint64) {
	t.Helper()
	if err := unix.Prlimit(r.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := deskOf(t, newOutlets(t), "listen: "+l.Addr().String()+"\n", "well")
	d.run("run").wants(t, failed, l.Addr().String(), "listen")
}

func TestUnwritableFolder(t *testing.T) {
	o := newOutlets(t)
	o.put("/well", "application/rss+xml", oneItem+"</channel></rss>")
	d := deskOf(t, o, "listen: 127.0.0.1:0\npublish: { dir: taken/tree }\n", "well")
	d.write("taken", "a file stands where a folder is wanted")
	d.run("poll").wants(t, failed, d.path("taken"))
	r := d.start()
	eventually(t, "word of it", func() bool { return regexp.MustCompile(`level=ERROR.*taken`).MatchString(r.said.String()) })
	if a := r.get("/topics/all.atom"); a.status != 200 {
		t.Errorf("serving: %d", a.status)
	}
	r.cmd.Process.Signal(syscall.SIGTERM)
	if err := <-r.ended; err == nil || !strings.Contains(r.said.String(), "taken") {
		t.Errorf("ended with %v\n%s", err, r.said)
	}
}
