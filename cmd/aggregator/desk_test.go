package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"aggregator/internal/poll"
)

// soon is how long a test waits for what must come: far more than it takes.
const soon = 30 * time.Second

// eventually polls until ok, or fails saying what did not come.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in %s there was no %s", soon, what)
		}
	}
}

// A desk is a folder with a configuration, and the real binary to run in it.
type desk struct {
	t           testing.TB
	binary, dir string
	redis       string // behind the configuration
}

// deskStore names the Redis that desks keep their state in, each under a prefix of
// its own; without it that is their folder.
const deskStore = "AGGREGATOR_TEST_STORE"

func newDesk(t testing.TB, config string) *desk {
	t.Helper()
	d := &desk{t: t, binary: buildBinary(t), dir: t.TempDir()}
	if url := os.Getenv(deskStore); url != "" {
		d.redis = fmt.Sprintf("store: { url: %s, prefix: %q }\n", url, d.dir)
	}
	t.Cleanup(func() { validTree(t, d.dir) })
	d.write("aggregator.yaml", config)
	return d
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) write(name, text string) {
	d.t.Helper()
	if name == "aggregator.yaml" && !strings.Contains(text, "store:") {
		text += d.redis // behind the rest: stories name the lines of their rules
	}
	if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) read(name string) string {
	d.t.Helper()
	b, err := os.ReadFile(d.path(name))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(b)
}

func (d *desk) command(args ...string) *exec.Cmd {
	cmd := exec.Command(d.binary, args...)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "AGGREGATOR_CONFIG=")
	return cmd
}

// A result is how a command ended.
type result struct {
	out, said string
	status    int
}

// run runs a command to its end.
func (d *desk) run(args ...string) result {
	d.t.Helper()
	return d.finish(d.command(args...))
}

func (d *desk) finish(cmd *exec.Cmd) result {
	d.t.Helper()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return result{out.String(), said.String(), cmd.ProcessState.ExitCode()}
}

// must runs a command that has to go well, and gives what it printed.
func (d *desk) must(args ...string) string {
	d.t.Helper()
	r := d.run(args...)
	if r.status != done {
		d.t.Fatalf("aggregator %s: status %d\n%s%s", strings.Join(args, " "), r.status, r.out, r.said)
	}
	return r.out
}

// poll makes one pass and holds its account to the promise that nothing
// vanishes.
func (d *desk) poll(args ...string) poll.Report {
	d.t.Helper()
	return balanced(d.t, d.must(append([]string{"poll", "--json"}, args...)...))
}

func balanced(t testing.TB, out string) poll.Report {
	t.Helper()
	var r poll.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("poll --json: %v\n%s", err, out)
	}
	if !r.Items.Balanced() {
		t.Errorf("items do not add up: %+v", r.Items)
	}
	if s := r.Sources; s.Polled != s.Changed+s.Unchanged+s.Failed {
		t.Errorf("sources do not add up: %+v", s)
	}
	return r
}

// lines decodes JSON Lines.
func lines[T any](t testing.TB, out string) (all []T) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var v T
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		all = append(all, v)
	}
}

// A running is `aggregator run`, serving at base.
type running struct {
	*desk
	cmd   *exec.Cmd
	said  *output
	ended chan error
	base  string
}

// output is a process's output that may be read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var serving = regexp.MustCompile(`msg=serving address=(\S+)`)

// start starts the daemon and waits until it serves.
func (d *desk) start() *running {
	d.t.Helper()
	return d.startCommand(d.command("run"))
}

func (d *desk) startCommand(cmd *exec.Cmd) *running {
	d.t.Helper()
	r := &running{desk: d, cmd: cmd, said: &output{}, ended: make(chan error, 1)}
	cmd.Stderr = r.said
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() { r.ended <- cmd.Wait() }()
	d.t.Cleanup(func() { cmd.Process.Kill() })
	eventually(d.t, "line about serving: "+strings.Join(cmd.Args, " "), func() bool {
		if len(r.ended) > 0 {
			d.t.Fatalf("run ended: %s", r.said)
		}
		return serving.MatchString(r.said.String())
	})
	r.base = "http://" + serving.FindStringSubmatch(r.said.String())[1]
	return r
}

// stop ends the daemon as systemd does, and wants status 0 and accounts that
// balance.
func (r *running) stop() {
	r.t.Helper()
	if _, err := r.ask("/healthz"); err == nil {
		r.addUp()
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	select {
	case err := <-r.ended:
		if err != nil {
			r.t.Fatalf("after SIGTERM: %v\n%s", err, r.said)
		}
	case <-time.After(soon):
		r.t.Fatalf("SIGTERM did not end it\n%s", r.said)
	}
}

// An answer is what was served.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks for a path; headers are pairs of name and value. The body is as
// sent: no compression is asked for and none is undone.
func (r *running) get(path string, headers ...string) answer {
	r.t.Helper()
	a, err := r.ask(path, headers...)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *running) ask(path string, headers ...string) (answer, error) {
	req, err := http.NewRequest(http.MethodGet, r.base+path, nil)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}, Timeout: soon}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	a := answer{resp.StatusCode, resp.Header, string(body)}
	if err == nil {
		a.valid(r.t, path)
	}
	return a, err
}

func unzip(t testing.TB, body string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// counted reads one number of /metrics.
func (r *running) counted(series string) float64 {
	r.t.Helper()
	return counted(r.t, r.get("/metrics").body, series)
}

func counted(t testing.TB, metrics, series string) (n float64) {
	t.Helper()
	for _, line := range strings.Split(metrics, "\n") {
		if name, value, _ := strings.Cut(line, " "); name == series {
			fmt.Sscan(value, &n)
			return n
		}
	}
	t.Fatalf("/metrics has no %s", series)
	return 0
}

// addUp holds the metrics to the same promise as a report. A poll that is just
// being counted may need another look.
func (r *running) addUp() {
	r.t.Helper()
	eventually(r.t, "balance of items in /metrics", func() bool {
		metrics, sum := r.get("/metrics").body, 0.0
		for _, fate := range []string{"known", "new", "revised", "duplicate", "dropped"} {
			sum += counted(r.t, metrics, fmt.Sprintf("aggregator_items_total{fate=%q}", fate))
		}
		return counted(r.t, metrics, "aggregator_items_received_total") == sum
	})
}

// outlets are sources under the test's hand, with validators and 304.
type outlets struct {
	*httptest.Server
	mu   sync.Mutex
	docs map[string]outlet
	gave map[int]int // answers by status
}

type outlet struct {
	body, media string
	status      int // 0: 200
	header      http.Header
}

func newOutlets(t testing.TB) *outlets {
	o := &outlets{docs: map[string]outlet{}, gave: map[int]int{}}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

func (o *outlets) put(path, media, body string) { o.set(path, outlet{body: body, media: media}) }

func (o *outlets) set(path string, doc outlet) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.docs[path] = doc
}

// answers counts the answers with a status since the last call of forget.
func (o *outlets) answers(status int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.gave[status]
}

func (o *outlets) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gave = map[int]int{}
}

func (o *outlets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	doc, ok := o.docs[r.URL.Path]
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(doc.body)))
	status := max(doc.status, http.StatusOK)
	switch {
	case !ok:
		status = http.StatusNotFound
	case status == http.StatusOK && r.Header.Get("If-None-Match") == tag:
		status = http.StatusNotModified
	}
	o.gave[status]++
	for name, values := range doc.header {
		w.Header()[name] = values
	}
	if status < 400 {
		w.Header().Set("ETag", tag)
	}
	w.Header().Set("Content-Type", doc.media)
	w.WriteHeader(status)
	if status == http.StatusOK {
		io.WriteString(w, doc.body)
	}
}

// polite are the fetch settings for outlets on loopback.
const polite = "fetch:\n  schedule: \"@every 24h\"\n  min_interval: 0s\n  spread: 0s\n  allow_networks: [127.0.0.0/8]\n  per_host: { concurrency: 16, interval: 0s }\n"
