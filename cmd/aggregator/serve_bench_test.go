//go:build bench_serve

package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// benchRounds are run of each load, ours and nginx by turns, so that what else
	// the machine does meets both.
	benchRounds = 5
	benchTime   = 4 * time.Second
	// benchRequests is how many we answer at least, before memory is looked at
	// again.
	benchRequests = 1_000_000
)

// TestServeBesideNginx says how many requests a second the real binary answers
// beside nginx with the same bytes as files, packed beforehand: a feed of 75 KB,
// one of which 75 KB are sent, and 304s. wrk asks; all three share the machine's
// cores. It fails only where answers are wrong or memory grows.
func TestServeBesideNginx(t *testing.T) {
	asked := 0.0
	small := newPair(t, 37)
	small.ours.load(t, false, time.Second) // warm
	before := heapOf(small.r)
	asked += small.beside(t, "feed", false) + small.beside(t, "304", true)
	for asked < benchRequests {
		asked += small.ours.load(t, asked < benchRequests/2, benchTime) * benchTime.Seconds()
	}
	after := heapOf(small.r)
	t.Logf("heap after a collection: %.1f MiB before, %.1f MiB after %.0f requests", before, after, asked)
	if after > before+8 {
		t.Errorf("the heap grew by %.1f MiB", after-before)
	}
	newPair(t, 166).beside(t, "large feed", false)
}

// A pair serves one feed, ours and nginx.
type pair struct {
	r            *running
	ours, theirs target
}

func newPair(t *testing.T, items int) *pair {
	o := newOutlets(t)
	o.put("/feed.rss", "application/rss+xml", gazette(items))
	d := newDesk(t, "listen: 127.0.0.1:0\nurl: https://feeds.example.org\n"+polite+
		"sources: [{ url: \""+o.URL+"/feed.rss\", name: Example Gazette }]\ntopics: [{ name: Everything, match: \"*\" }]\npublish: { items: 0, max_age: 36500d }\nretain: 36500d\n")
	p := &pair{r: d.start()}
	eventually(t, "poll", func() bool { return p.r.counted("aggregator_items_received_total") == float64(items) })
	p.ours.url = p.r.base + "/topics/everything.atom"
	p.theirs.url = startNginx(t, p.r) + "/topics/everything.atom"
	plain := p.r.get("/topics/everything.atom").body
	servesSame(t, &p.ours, plain)
	servesSame(t, &p.theirs, plain)
	return p
}

// beside drives both by turns, and says how many requests we answered.
func (p *pair) beside(t *testing.T, what string, of304 bool) (asked float64) {
	var us, them, ratios []float64
	for range benchRounds {
		a, b := p.ours.load(t, of304, benchTime), p.theirs.load(t, of304, benchTime)
		us, them, ratios = append(us, a), append(them, b), append(ratios, a/b)
		asked += a * benchTime.Seconds()
	}
	t.Logf("%-10s  aggregator %6.0f/s  nginx %6.0f/s  ratio %.2f (%d rounds: %.2f to %.2f)", what, median(us), median(them), median(ratios), benchRounds, slices.Min(ratios), slices.Max(ratios))
	return asked
}

// gazette is a document of n items of about 1.2 KB, which pack about as prose
// does.
func gazette(n int) string {
	rnd := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("ba con de fer gra hol in ju kel lo mi nor ou par que ri sta tion un ver wo xi yan zu al er th an st ing")
	words := make([]string, 1500)
	for i := range words {
		for range 1 + rnd.IntN(4) {
			words[i] += syllables[rnd.IntN(len(syllables))]
		}
	}
	some := func(n int) string {
		var out []string
		for range n {
			// Some words are much more frequent than others.
			out = append(out, words[int(float64(len(words))*rnd.Float64()*rnd.Float64()*rnd.Float64())])
		}
		return strings.Join(out, " ")
	}
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Example Gazette</title><link>https://gazette.example/</link>`)
	for i := range n {
		fmt.Fprintf(&b, "<item><guid>g%d</guid><title>%s</title><link>https://gazette.example/news/%d</link><pubDate>%s</pubDate><description>%s</description></item>",
			i, some(8), i, time.Date(2026, 5, 5, i%24, i, 0, 0, time.UTC).Format(time.RFC1123Z), some(170))
	}
	return b.String() + "</channel></rss>"
}

// startNginx serves the same bytes from files, packed beforehand, with the same
// headers, and gives its address.
func startNginx(t *testing.T, r *running) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "www/topics"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ name, coding string }{{"everything.atom", "identity"}, {"everything.atom.gz", "gzip"}} {
		body := r.get("/topics/everything.atom", "Accept-Encoding", f.coding).body
		if err := os.WriteFile(filepath.Join(dir, "www/topics", f.name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	config := strings.NewReplacer("DIR", dir, "AT", at).Replace(`
daemon off; master_process on; worker_processes auto; pid DIR/pid; error_log DIR/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 75s;
  open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;
  client_body_temp_path DIR/a; proxy_temp_path DIR/b; fastcgi_temp_path DIR/c; uwsgi_temp_path DIR/d; scgi_temp_path DIR/e;
  types { application/atom+xml atom; } charset utf-8; charset_types application/atom+xml;
  server {
    listen AT backlog=1024; root DIR/www; gzip_static on; gzip_vary on; etag on;
    add_header Cache-Control "public, max-age=60, stale-while-revalidate=60, stale-if-error=86400";
    add_header Access-Control-Allow-Origin "*"; add_header X-Content-Type-Options nosniff;
  }
}
`)
	if os.Getuid() == 0 {
		config = "user root;" + config // else its workers may not read the folder
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nginx", "-p", dir, "-c", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	eventually(t, "nginx", func() bool {
		c, err := net.Dial("tcp", at)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return "http://" + at
}

// A target is one address, and the tag of what is packed there.
type target struct{ url, tag string }

// servesSame wants the same bytes of both, packed, and a 304 for their tag.
func servesSame(t *testing.T, at *target, plain string) {
	t.Helper()
	ask := func(tag string) *http.Response {
		req, err := http.NewRequest("GET", at.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	resp := ask("")
	defer resp.Body.Close()
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatalf("%s: %s: %v", at.url, resp.Status, err)
	}
	var b strings.Builder
	if _, err := io.Copy(&b, z); err != nil || b.String() != plain {
		t.Errorf("%s serves other bytes: %v", at.url, err)
	}
	at.tag = resp.Header.Get("ETag")
	if again := ask(at.tag); again.StatusCode != http.StatusNotModified {
		t.Errorf("%s: %d for its own tag", at.url, again.StatusCode)
	}
	t.Logf("%s: %d bytes, %d packed", at.url, len(plain), resp.ContentLength)
}

var requestsLine = regexp.MustCompile(`Requests/sec: +([0-9.]+)`)

// load asks for a while and gives requests a second.
func (at target) load(t *testing.T, of304 bool, d time.Duration) float64 {
	t.Helper()
	args := []string{"-t2", "-c64", fmt.Sprintf("-d%ds", int(d.Seconds())), "-H", "Accept-Encoding: gzip"}
	if of304 {
		args = append(args, "-H", "If-None-Match: "+at.tag)
	}
	out, err := exec.Command("wrk", append(args, at.url)...).CombinedOutput()
	m := requestsLine.FindSubmatch(out)
	if err != nil || m == nil || strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		t.Fatalf("wrk: %v\n%s", err, out)
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// heapOf is what the process has in use after a collection, in MiB: the least of
// some looks, each of which may come before one.
func heapOf(r *running) float64 {
	least := r.counted("go_memstats_heap_alloc_bytes")
	for range 2000 {
		least = min(least, r.counted("go_memstats_heap_alloc_bytes"))
	}
	return least / (1 << 20)
}

func median(xs []float64) float64 {
	return slices.Sorted(slices.Values(xs))[len(xs)/2]
}
