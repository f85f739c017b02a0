package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
)

// The benchmark of passes: our binary over 2,000 generated feeds of 30 items
// on loopback, beside a bare loop of net/http GETs (and GET + gofeed) over the
// same feeds in the same run. Each reader is a process of its own, so that CPU
// and memory are its own; the feeds are served by this one. Once each feed has
// a host of its own, as in the world, where every request is a new connection;
// once all are on one host, whose connections are kept.
const (
	benchFeeds = 2000
	benchItems = 30
	// changedOne in so many feeds changes before the third pass: 5%.
	changedOne = 20
	// benchReader names, to this binary run again, what to be.
	benchReader = "AGGREGATOR_BENCH_READER"
)

func BenchmarkPasses(b *testing.B) {
	for range b.N {
		site := newBenchSite(b)
		benchPasses(b, site, "many hosts")
		benchPasses(b, site, "one host")
	}
}

func benchPasses(b *testing.B, site *benchSite, hosts string) {
	site.generation.Store(1)
	site.oneHost = hosts == "one host"
	dir := b.TempDir()
	binary := buildBinary(b)
	config := filepath.Join(dir, "aggregator.yaml")
	if err := os.WriteFile(config, []byte(site.config()), 0o600); err != nil {
		b.Fatal(err)
	}
	var rows []benchRow
	for _, pass := range []string{"first", "unchanged", "5% changed"} {
		if pass == "5% changed" {
			site.generation.Store(2)
		}
		known := map[string]string{"first": "0", "unchanged": "1", "5% changed": "1"}[pass]
		row := benchRow{pass: pass}
		row.get = site.read(b, os.Args[0], benchReader+"=get "+site.args(known))
		row.parse = site.read(b, os.Args[0], benchReader+"=gofeed "+site.args(known))
		row.ours = site.read(b, binary, "", "poll", "--force", "--json", "-c", config)
		rows = append(rows, row)
	}
	fmt.Printf("\n%d feeds of %d items over loopback, %s\n", benchFeeds, benchItems, hosts)
	fmt.Printf("%-12s %-14s %8s %9s %8s %9s %10s %12s\n", "pass", "reader", "seconds", "feeds/s", "CPU s", "peak MiB", "× GET", "× GET+gofeed")
	for _, r := range rows {
		r.print()
	}
	last := rows[len(rows)-1]
	unit := func(s string) string { return strings.ReplaceAll(hosts, " ", "-") + ":" + s }
	b.ReportMetric(rows[0].ours.cpu/rows[0].parse.cpu, unit("first/GET+gofeed"))
	b.ReportMetric(rows[1].ours.cpu/rows[1].get.cpu, unit("unchanged/GET"))
	b.ReportMetric(last.ours.cpu/last.get.cpu, unit("changed/GET"))
}

type benchRow struct {
	pass             string
	get, parse, ours usage
}

// usage is what one process used.
type usage struct {
	seconds, cpu float64
	peak         int64 // bytes
	out          string
}

func (r benchRow) print() {
	for _, reader := range []struct {
		name string
		usage
	}{{"GET", r.get}, {"GET + gofeed", r.parse}, {"aggregator", r.ours}} {
		fmt.Printf("%-12s %-14s %8.2f %9.0f %8.2f %9.1f %10.2f %12.2f\n", r.pass, reader.name, reader.seconds, benchFeeds/reader.seconds,
			reader.cpu, float64(reader.peak)/(1<<20), reader.cpu/r.get.cpu, reader.cpu/r.parse.cpu)
	}
	fmt.Printf("%-12s %s\n", "", strings.SplitN(r.ours.out, `,"topics"`, 2)[0])
}

// A benchSite serves the feeds, with validators, gzip and 304. Every third
// story of a feed is a wire report that other feeds print too.
type benchSite struct {
	port       int
	oneHost    bool
	generation atomic.Int64
	docs       [3][benchFeeds][]byte // by generation, compressed
}

func newBenchSite(b *testing.B) *benchSite {
	s := &benchSite{}
	s.generation.Store(1)
	for i := range benchFeeds {
		s.docs[1][i] = squeeze(benchFeed(i, 1))
		s.docs[2][i] = s.docs[1][i]
		if i%changedOne == 0 {
			s.docs[2][i] = squeeze(benchFeed(i, 2))
		}
	}
	l, err := net.Listen("tcp4", "0.0.0.0:0") // all of 127.0.0.0/8
	if err != nil {
		b.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	server := &http.Server{Handler: s}
	go server.Serve(l)
	b.Cleanup(func() { server.Close() })
	return s
}

// args tell a bare reader where the feeds are and what it knows of them.
func (s *benchSite) args(known string) string { return fmt.Sprint(s.port, " ", s.oneHost, " ", known) }

// benchURL is where a feed is.
func benchURL(port string, oneHost bool, feed int) string {
	if oneHost {
		return fmt.Sprintf("http://127.0.0.1:%s/%d", port, feed)
	}
	return fmt.Sprintf("http://127.%d.%d.1:%s/%d", 1+feed/250, feed%250, port, feed)
}

func (s *benchSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil || i >= benchFeeds {
		http.NotFound(w, r)
		return
	}
	g := s.generation.Load()
	tag := benchTag(i, g)
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/rss+xml")
	w.Header().Set("Content-Encoding", "gzip")
	w.Write(s.docs[g][i])
}

func benchTag(feed int, generation int64) string {
	if feed%changedOne != 0 {
		generation = 1
	}
	return fmt.Sprintf(`"%d-%d"`, feed, generation)
}

func squeeze(doc string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, doc)
	z.Close()
	return b.Bytes()
}

// benchFeed is about 50 KB: thirty items of some 1.5 KB of HTML each. A second
// generation has one new item at its head.
func benchFeed(feed int, generation int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0"?><rss version="2.0"><channel><title>Outlet %d</title><link>http://outlet%d.example/</link><description>x</description>`, feed, feed)
	now := time.Now().UTC().Add(-time.Hour)
	if generation == 2 {
		benchItem(&b, feed, 999, now)
	}
	for n := range benchItems + 1 - int(generation) {
		benchItem(&b, feed, n, now.Add(-time.Duration(n+1)*time.Minute))
	}
	b.WriteString("</channel></rss>")
	return b.String()
}

func benchItem(b *strings.Builder, feed, n int, at time.Time) {
	id := feed*1000 + n
	story := id
	if n%3 == 0 && n < benchItems {
		story = 9_000_000 + (feed/40)*100 + n // forty outlets print the same report
	}
	fmt.Fprintf(b, `<item><title>Report %d on events in region %d</title><link>http://outlet%d.example/%d.html</link><guid isPermaLink="false">%d</guid><pubDate>%s</pubDate><category>World</category><description>%s</description></item>`,
		story, story%97, feed, id, id, at.Format(time.RFC1123Z), benchText(story))
}

func benchText(story int) string {
	var b strings.Builder
	words := strings.Fields("officials said on Monday that the talks between both governments would go on while rights groups asked for access to the detention centre in the north and the court put off its verdict in the case of the editors until further notice because witnesses could not travel")
	for p := range 5 {
		b.WriteString("&lt;p&gt;")
		for i := range 45 {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(words[(story*7+p*31+i*(1+story%5))%len(words)])
		}
		fmt.Fprintf(&b, ` &lt;a href="/more/%d"&gt;more %d&lt;/a&gt;.&lt;/p&gt;`, story, story+p)
	}
	return b.String()
}

func (s *benchSite) config() string {
	var b strings.Builder
	b.WriteString("url: http://bench.example\nlisten: \"\"\nfetch:\n  allow_networks: [127.0.0.0/8]\n  per_host: { concurrency: 64, interval: 0s }\nsources:\n")
	for i := range benchFeeds {
		fmt.Fprintf(&b, "  - { url: %q, name: \"Outlet %d\" }\n", benchURL(strconv.Itoa(s.port), s.oneHost, i), i)
	}
	b.WriteString("topics:\n  - { name: Rights, match: '\"rights groups\" OR detention' }\n  - { name: Courts, match: court AND verdict }\n  - { name: Rights/Courts }\n  - { name: Everything, match: \"*\" }\n")
	return b.String()
}

// read runs a reader and says what it used.
func (s *benchSite) read(b *testing.B, binary, env string, args ...string) usage {
	b.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), env)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v\n%.2000s", filepath.Base(binary), err, said.String())
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return usage{
		seconds: time.Since(began).Seconds(), out: out.String(), peak: used.Maxrss << 10,
		cpu: time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds(),
	}
}

// readBare is the other reader: this binary, run again.
func readBare(what string) error {
	kind, rest, _ := strings.Cut(what, " ")
	args := strings.Fields(rest)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: &tls.Config{}}}
	var wg sync.WaitGroup
	failed := make(chan error, benchFeeds)
	next := make(chan int)
	for range 64 {
		wg.Go(func() {
			for i := range next {
				if err := getBare(client, kind, benchURL(args[0], args[1] == "true", i), i, args[2]); err != nil {
					failed <- err
				}
			}
		})
	}
	for i := range benchFeeds {
		next <- i
	}
	close(next)
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func getBare(client *http.Client, kind, address string, feed int, known string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if g, err := strconv.ParseInt(known, 10, 64); err == nil && g > 0 {
		req.Header.Set("If-None-Match", benchTag(feed, g))
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || kind == "get" || resp.StatusCode == http.StatusNotModified {
		return err
	}
	_, err = gofeed.NewParser().Parse(bytes.NewReader(body))
	return err
}
