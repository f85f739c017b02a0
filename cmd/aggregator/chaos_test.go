//go:build chaos

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aggregator/internal/store/redis/redistest"
)

const (
	chaosHosts    = 60
	chaosFeeds    = 300 // five on each host
	chaosReplicas = 3
	chaosPerHost  = 2
	chaosFor      = 180 * time.Second
	chaosStory    = 200 * time.Millisecond // one more appears so often
	// chaosLate is how much later the copies of a wire report appear, in stories:
	// longer than anybody waits for a source, so that who begins a story is no
	// matter of luck.
	chaosLate = 300
)

// TestChaos: three replicas over 300 feeds, while replicas are killed, Redis is
// killed, stopped, slow, cut off, failed over to a server that had fallen behind,
// and wiped. Then the outlets stand still, and what is published is what one
// undisturbed process makes of them: each story once, none lost, no host asked
// more than it allows, the same feeds everywhere.
func TestChaos(t *testing.T) {
	w := newWeb(t)
	master := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	c := &chaos{t: t, web: w, redis: master, proxy: newFaulty(t, master.Address), rand: rand.New(rand.NewPCG(7, 11))}
	for i := range chaosReplicas {
		c.replicas = append(c.replicas, c.newReplica(i))
	}
	watching := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { c.watch(watching) })
	c.happen()
	w.still.Store(true)
	t.Logf("the outlets stand still with %d stories; %d polls so far", w.stories(), w.polls.Load())
	calm := newDesk(t, chaosConfig(w, "", "file:data"))
	calm.poll()
	want := asTold(t, calm)
	began := time.Now()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		if diff := compareTold(asTold(t, c.replicas[0].desk), want); diff == "" {
			break
		} else if time.Now().After(end) {
			t.Errorf("it does not settle: %s", diff)
			break
		}
	}
	t.Logf("settled after %v", time.Since(began).Round(time.Second))
	eventually(t, "readiness of all", func() bool {
		return !slices.ContainsFunc(c.replicas, func(r *replica) bool { return !r.ready() })
	})
	close(watching)
	watch.Wait()
	c.judge(want)
	for _, r := range c.replicas {
		r.stop()
	}
}

// asTold is what is compared of stories, by their ids.
func asTold(t *testing.T, d *desk) map[string]string {
	t.Helper()
	r := d.run("stories", "--json")
	if r.status != done {
		return nil
	}
	all := map[string]string{}
	for _, l := range lines[storyLine](t, r.out) {
		items := []string{l.Source + " " + l.GUID}
		for _, a := range l.Also {
			items = append(items, a.Source+" "+a.GUID)
		}
		slices.Sort(items)
		if all[l.ID] != "" {
			t.Errorf("story %s is there twice", l.ID)
		}
		all[l.ID] = fmt.Sprint(l.Title, l.Published, l.Topics, items)
	}
	return all
}

func compareTold(is, want map[string]string) string {
	for id, s := range want {
		if is[id] != s {
			return fmt.Sprintf("%d stories, want %d; %s is\n%s, want\n%s", len(is), len(want), id, is[id], s)
		}
	}
	for id, s := range is {
		if want[id] == "" {
			return fmt.Sprintf("%s is too many: %s", id, s)
		}
	}
	return ""
}

// web is the outlets: hosts 127.0.1.1 and up, on one port. A document grows as
// stories appear; some answers are errors, late, empty or in another order.
type web struct {
	port   string
	began  time.Time
	still  atomic.Bool
	frozen atomic.Int64 // so many stories, once it stands still
	polls  atomic.Int64
	mu     sync.Mutex
	now    map[string]int // requests under way, by host
	most   int
	asked  map[string][]time.Time // by feed
}

func newWeb(t *testing.T) *web {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	w := &web{port: port, began: time.Now(), now: map[string]int{}, asked: map[string][]time.Time{}}
	s := &http.Server{Handler: w}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return w
}

func (w *web) host(feed int) string { return fmt.Sprintf("127.0.1.%d", 1+feed%chaosHosts) }

func (w *web) stories() int {
	if n := w.frozen.Load(); n != 0 {
		return int(n)
	}
	n := int(time.Since(w.began) / chaosStory)
	if w.still.Load() {
		w.frozen.CompareAndSwap(0, int64(n))
		return int(w.frozen.Load())
	}
	return n
}

// tells are the feeds that tell a story: one at first; every third is a wire
// report, which others copy later.
func tells(story int) (feeds []int, late []int) {
	r := rand.New(rand.NewPCG(uint64(story), 3))
	feeds = []int{r.IntN(chaosFeeds)}
	if story%3 == 0 {
		for range 1 + r.IntN(3) {
			if f := r.IntN(chaosFeeds); f != feeds[0] && !slices.Contains(late, f) {
				late = append(late, f)
			}
		}
	}
	return feeds, late
}

func (w *web) document(feed int, shuffle *rand.Rand) string {
	n := w.stories()
	var items []string
	for story := range n {
		feeds, late := tells(story)
		at := -1
		if slices.Contains(feeds, feed) {
			at = 0
		} else if slices.Contains(late, feed) && story+chaosLate < n {
			at = 1
		}
		if at < 0 {
			continue
		}
		words := madeUp("chaos", story)
		when := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(story)*time.Minute + time.Duration(at*30)*time.Second)
		items = append(items, fmt.Sprintf(`<item><title>%s</title><link>http://f%d.example/%d</link><guid isPermaLink="false">f%d-%d</guid><pubDate>%s</pubDate><description>%s.</description></item>`,
			strings.Join(words[:7], " "), feed, story, feed, story, when.Format(time.RFC1123Z), strings.Join(words[7:], " ")))
	}
	slices.Reverse(items)
	if shuffle != nil {
		shuffle.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	}
	return fmt.Sprintf(`<?xml version="1.0"?><rss version="2.0"><channel><title>Feed %d</title><link>http://f%d.example/</link><description>d</description>%s</channel></rss>`, feed, feed, strings.Join(items, ""))
}

func (w *web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.Host)
	var feed int
	fmt.Sscanf(r.URL.Path, "/%d", &feed)
	w.mu.Lock()
	w.now[host]++
	w.most = max(w.most, w.now[host])
	w.asked[r.URL.Path] = append(w.asked[r.URL.Path], time.Now())
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.now[host]--
		w.mu.Unlock()
	}()
	n := w.polls.Add(1)
	odd := rand.New(rand.NewPCG(uint64(n), uint64(feed)))
	time.Sleep(time.Duration(5+odd.IntN(60)) * time.Millisecond)
	if w.still.Load() {
		odd = nil
	}
	rw.Header().Set("Content-Type", "application/rss+xml")
	if odd != nil && odd.IntN(200) == 0 { // an outlet that flaps: nothing there, for a moment
		io.WriteString(rw, `<?xml version="1.0"?><rss version="2.0"><channel><title>Empty</title></channel></rss>`)
		return
	}
	if odd != nil && odd.IntN(4) != 0 {
		odd = nil // in order
	}
	body := w.document(feed, odd)
	tag := fmt.Sprintf(`"%x"`, len(body))
	rw.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	io.WriteString(rw, body)
}

func chaosConfig(w *web, listen, store string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "url: https://feeds.example.org\nlisten: %q\nstore: %s\n", listen, store)
	fmt.Fprintf(&b, "fetch:\n  schedule: \"@every 5s\"\n  min_interval: 0s\n  spread: 4s\n  timeout: 3s\n  allow_networks: [127.0.0.0/8]\n  per_host: { concurrency: %d, interval: 0s }\n", chaosPerHost)
	b.WriteString("publish: { items: 10000, content: summary, hub: off }\nsources:\n")
	for i := range chaosFeeds {
		fmt.Fprintf(&b, "  - { url: \"http://%s:%s/%d\", name: f%d }\n", w.host(i), w.port, i, i)
	}
	b.WriteString("topics:\n  - { name: Half, match: 'title:/^[b-k]/' }\n  - { name: Everything, match: \"*\" }\n")
	return b.String()
}

// faulty is a proxy before Redis that is slow, and cuts.
type faulty struct {
	address string
	to      atomic.Pointer[string]
	delay   atomic.Int64
	mu      sync.Mutex
	open    map[net.Conn]bool
}

func newFaulty(t *testing.T, to string) *faulty {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &faulty{address: l.Addr().String(), open: map[net.Conn]bool{}}
	p.to.Store(&to)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(in)
		}
	}()
	return p
}

func (p *faulty) serve(in net.Conn) {
	out, err := net.Dial("tcp", *p.to.Load())
	if err != nil {
		in.Close()
		return
	}
	p.mu.Lock()
	p.open[in], p.open[out] = true, true
	p.mu.Unlock()
	go p.pass(in, out)
	p.pass(out, in)
	p.mu.Lock()
	delete(p.open, in)
	delete(p.open, out)
	p.mu.Unlock()
}

func (p *faulty) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 1<<16)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		time.Sleep(time.Duration(p.delay.Load()))
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

func (p *faulty) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// A replica is a process that is started again whenever it ends.
type replica struct {
	*desk
	base  string
	mu    sync.Mutex
	cmd   *exec.Cmd
	over  bool
	said  output
	ended chan struct{}
}

func (c *chaos) newReplica(i int) *replica {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	r := &replica{desk: newDesk(c.t, chaosConfig(c.web, at, "{ url: redis://"+c.proxy.address+", prefix: chaos }")), base: "http://" + at, ended: make(chan struct{})}
	go r.keepUp()
	eventually(c.t, fmt.Sprint("replica ", i), r.ready)
	return r
}

func (r *replica) keepUp() {
	defer close(r.ended)
	for {
		r.mu.Lock()
		if r.over {
			r.mu.Unlock()
			return
		}
		r.cmd = r.command("run")
		r.cmd.Stderr = &r.said
		err := r.cmd.Start()
		r.mu.Unlock()
		if err != nil {
			panic(err)
		}
		r.cmd.Wait()
		time.Sleep(200 * time.Millisecond)
	}
}

func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cmd.Process.Kill()
}

func (r *replica) stop() {
	r.mu.Lock()
	r.over = true
	r.cmd.Process.Kill()
	r.mu.Unlock()
	<-r.ended
}

func (r *replica) get(path string) (int, string) {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(r.base + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(body)
}

func (r *replica) ready() bool {
	status, _ := r.get("/readyz")
	return status == http.StatusOK
}

// chaos is what happens, and what was seen of it.
type chaos struct {
	t        *testing.T
	web      *web
	redis    *redistest.Server
	proxy    *faulty
	replicas []*replica
	rand     *rand.Rand

	mu     sync.Mutex
	ids    map[string]bool // ever published
	lags   []float64
	kills  []time.Time
	lost   time.Time // the last time
	losses []time.Time
}

func (c *chaos) happen() {
	for began, wiped, failed := time.Now(), false, false; time.Since(began) < chaosFor; {
		time.Sleep(time.Duration(1500+c.rand.IntN(3000)) * time.Millisecond)
		switch {
		case !failed && time.Since(began) > chaosFor/3:
			failed = true
			c.failOver()
			continue
		case !wiped && time.Since(began) > chaosFor*2/3:
			wiped = true
			c.redis.Do(c.t, "FLUSHALL")
			c.loses()
			c.t.Log("wiped")
			continue
		}
		switch c.rand.IntN(6) {
		case 0, 1:
			victim := c.rand.IntN(chaosReplicas)
			if victim == 0 && time.Since(c.lost) < time.Minute {
				continue // what was lost is known to those that saw it: one of them lives
			}
			c.replicas[victim].kill()
			c.mu.Lock()
			c.kills = append(c.kills, time.Now())
			c.mu.Unlock()
		case 2:
			c.proxy.cut()
		case 3:
			c.proxy.delay.Store(int64(150 * time.Millisecond))
			time.Sleep(3 * time.Second)
			c.proxy.delay.Store(0)
		case 4:
			c.redis.Do(c.t, "CLIENT", "PAUSE", "2500", "ALL")
		case 5:
			c.redis.Kill()
			time.Sleep(time.Second)
			c.redis.Run(c.t)
		}
	}
}

func (c *chaos) loses() {
	c.lost = time.Now()
	c.losses = append(c.losses, c.lost)
}

// failOver makes a server the master that had heard nothing for a while.
func (c *chaos) failOver() {
	host, port, _ := net.SplitHostPort(c.redis.Address)
	replica := redistest.Start(c.t, "--appendonly", "yes", "--appendfsync", "always")
	replica.Do(c.t, "REPLICAOF", host, port)
	eventually(c.t, "link of the replica", func() bool { return strings.Contains(replica.Do(c.t, "INFO", "replication"), "master_link_status:up") })
	replica.Do(c.t, "REPLICAOF", "127.0.0.1", "1") // nobody
	behind, ahead := 0.0, 0.0
	eventually(c.t, "fall behind", func() bool {
		time.Sleep(500 * time.Millisecond)
		behind, ahead = replica.Figure(c.t, "replication", "master_repl_offset"), c.redis.Figure(c.t, "replication", "master_repl_offset")
		return ahead-behind > 100_000
	})
	c.redis.Kill()
	c.proxy.cut()
	replica.Do(c.t, "REPLICAOF", "NO", "ONE")
	c.proxy.to.Store(&replica.Address)
	c.loses()
	c.redis = replica
	c.t.Logf("failed over; %.0f bytes of acknowledged writes are lost", ahead-behind)
}

// watch reads what is published, and how far replicas are behind.
func (c *chaos) watch(until chan struct{}) {
	c.ids = map[string]bool{}
	most := map[string]int{}
	for i := 0; ; i++ {
		select {
		case <-until:
			return
		case <-time.After(300 * time.Millisecond):
		}
		r := c.replicas[i%chaosReplicas]
		if status, metrics := r.get("/metrics"); status == http.StatusOK {
			c.mu.Lock()
			c.lags = append(c.lags, counted(c.t, metrics, "aggregator_follow_lag_seconds"))
			c.mu.Unlock()
		}
		if i%4 != 0 || !r.ready() {
			continue
		}
		status, feed := r.get("/topics/everything.json")
		var doc struct{ Items []struct{ ID string } }
		if status != http.StatusOK || json.Unmarshal([]byte(feed), &doc) != nil {
			continue
		}
		if n := len(doc.Items); n < most[r.base] {
			c.t.Errorf("%s serves a feed of %d stories, there were %d before", r.base, n, most[r.base])
		} else {
			most[r.base] = n
		}
		for _, it := range doc.Items {
			c.ids[it.ID] = true
		}
	}
}

func (c *chaos) judge(want map[string]string) {
	t := c.t
	vanished := 0
	for id := range c.ids {
		if want[id] == "" {
			vanished++
		}
	}
	if vanished > 0 {
		t.Errorf("%d ids were published that are no more", vanished)
	}
	if c.web.most > chaosPerHost {
		t.Errorf("a host was asked %d at a time, %d are allowed", c.web.most, chaosPerHost)
	}
	feeds := map[string]bool{}
	for _, r := range c.replicas {
		for _, path := range []string{"/topics/everything.atom", "/topics/half.rss", "/topics/everything.json"} {
			status, body := r.get(path)
			if status != http.StatusOK {
				t.Errorf("%s: %d", path, status)
			}
			feeds[path+body] = true
		}
	}
	if len(feeds) != 3 {
		t.Errorf("replicas do not serve the same feeds: %d of 3", len(feeds))
	}
	lost := 0.0
	for _, r := range c.replicas {
		if status, metrics := r.get("/metrics"); status == http.StatusOK {
			lost += counted(t, metrics, "aggregator_logs_lost_total")
		}
	}
	slices.Sort(c.lags)
	at := func(q float64) float64 { return c.lags[int(q*float64(len(c.lags)-1))] }
	fmt.Printf("chaos: %d stories, %d ids published, %d polls, %d replicas killed, %.0f lost logs noticed by those that lived; taken over within %v; lag p50 %.2fs p95 %.2fs p99 %.2fs; at most %d at a time on a host\n",
		len(want), len(c.ids), c.web.polls.Load(), len(c.kills), lost, c.takenOver(), at(.5), at(.95), at(.99), c.web.most)
}

// takenOver is the longest that a source waited for its next poll when a replica
// was killed, and no log was lost near that.
func (c *chaos) takenOver() (longest time.Duration) {
	c.web.mu.Lock()
	defer c.web.mu.Unlock()
	for _, path := range slices.Sorted(maps.Keys(c.web.asked)) {
		for _, at := range c.kills {
			if slices.ContainsFunc(c.losses, func(l time.Time) bool { return at.Add(15*time.Second).After(l) && l.Add(40*time.Second).After(at) }) {
				continue // there is more to wait for
			}
			i, _ := slices.BinarySearchFunc(c.web.asked[path], at, time.Time.Compare)
			if i < len(c.web.asked[path]) {
				longest = max(longest, c.web.asked[path][i].Sub(at))
			}
		}
	}
	return longest.Round(100 * time.Millisecond)
}
