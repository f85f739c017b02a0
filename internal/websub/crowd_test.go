package websub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
)

// A crowd is many subscribers on many hosts of loopback, one in ten of them dead
// or slow, and no host without one.
type crowd struct {
	mu      sync.Mutex
	got     map[string]map[string][]time.Time // story by subscriber, and when
	counted atomic.Int64                      // stories that the well ones were given
	gone    chan struct{}
}

const (
	crowdSize  = 2000
	crowdHosts = 250
)

// ways to be dead; every tenth subscriber is one of them.
var deaths = []string{"refuses", "fails", "hangs", "slow"}

func death(i int) string {
	if i%10 != 7 {
		return ""
	}
	return deaths[i/10%len(deaths)]
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		io.WriteString(w, r.URL.Query().Get("hub.challenge"))
		return
	}
	raw, _ := io.ReadAll(r.Body)
	now := time.Now()
	switch {
	case strings.HasPrefix(r.URL.Path, "/fails"):
		http.Error(w, "no", http.StatusInternalServerError)
		return
	case strings.HasPrefix(r.URL.Path, "/hangs"):
		select {
		case <-r.Context().Done():
		case <-c.gone:
		}
		return
	case strings.HasPrefix(r.URL.Path, "/slow"):
		select {
		case <-time.After(2 * time.Second):
		case <-c.gone:
		}
		return
	}
	var doc document
	if json.Unmarshal(raw, &doc) != nil {
		http.Error(w, "what?", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	if c.got[r.URL.Path] == nil {
		c.got[r.URL.Path] = map[string][]time.Time{}
	}
	for _, s := range doc.Stories {
		c.got[r.URL.Path][s] = append(c.got[r.URL.Path][s], now)
	}
	c.mu.Unlock()
	c.counted.Add(int64(len(doc.Stories)))
	w.WriteHeader(http.StatusNoContent)
}

// callback is where the i-th subscriber is told, and of what.
func (c *crowd) callback(i int, port, dead string) (topic, address string) {
	host := fmt.Sprintf("127.%d.%d.1", 10+i%crowdHosts/100, i%crowdHosts%100)
	topic = []string{chinaAtom, chinaJSON, worldRSS}[i%3]
	how := death(i)
	if how == "refuses" {
		port = dead
	}
	if how == "" {
		how = "well"
	}
	return topic, fmt.Sprintf("http://%s:%s/%s/%d", host, port, how, i)
}

// TestCrowd: two thousand subscribers, two hundred of them dead or slow; three
// rounds of stories, each of two polls, and a new start between the second and
// the third. The others get every story once, and soon.
func TestCrowd(t *testing.T) {
	c := &crowd{got: map[string]map[string][]time.Time{}, gone: make(chan struct{})}
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: c}}
	s.Start()
	t.Cleanup(func() { close(c.gone); s.Close() })
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, dead, _ := net.SplitHostPort(closed.Addr().String())
	_, port, _ := net.SplitHostPort(l.Addr().String())
	closed.Close()

	dir := t.TempDir()
	kept, err := bolt.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	counted := &counting{Store: kept}
	d := &desk{t: t, store: counted}
	d.start(testSite())
	t.Cleanup(func() { d.stop(); kept.Close() })
	want := map[string]int{} // well subscribers of a document
	for i := range crowdSize {
		topic, address := c.callback(i, port, dead)
		if death(i) == "" {
			want[topic]++
		}
		d.enlist(topic, address)
	}
	eventually(t, "subscriptions", func() bool { return d.hub.Stats().Live == crowdSize && d.hub.Stats().Pending == 0 })

	var took []time.Duration
	total := 0
	for round := range 3 {
		if round == 2 {
			d.stop()
			d.start(testSite())
		}
		before := counted.bytes.Load()
		for range 2 {
			stories := []news.Story{d.story("China"), d.story("China", "World"), d.story("World")}
			began := time.Now()
			d.publish(stories...)
			total += 2*want[chinaAtom] + 2*want[chinaJSON] + 2*want[worldRSS]
			eventually(t, fmt.Sprintf("end of round %d", round), func() bool { return c.counted.Load() >= int64(total) })
			took = append(took, c.since(began, stories)...)
		}
		d.hub.keep.flush(t.Context())
		fmt.Printf("round %d of two polls: %d bytes of marks in %d steps\n", round+1, counted.bytes.Load()-before, counted.steps.Swap(0))
	}
	if n := int(c.counted.Load()); n != total {
		t.Errorf("%d stories given, want %d", n, total)
	}
	for who, stories := range c.got {
		for id, times := range stories {
			if len(times) != 1 {
				t.Errorf("%s was given %s %d times", who, id, len(times))
			}
		}
	}
	if len(c.got) != crowdSize*9/10 {
		t.Errorf("%d were given something", len(c.got))
	}
	slices.Sort(took)
	at := func(p int) time.Duration { return took[(len(took)-1)*p/100].Round(time.Millisecond) }
	info, err := os.Stat(filepath.Join(dir, "aggregator.db"))
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("%d subscribers, one in ten dead or slow; %d stories given to the others, each once: half within %v, 90%% %v, 99%% %v, all %v (store: %d KiB)",
		crowdSize, total, at(50), at(90), at(99), at(100), info.Size()>>10)
	fmt.Println(said)
	// Nobody waits for one who hangs. How soon it is otherwise is this machine's.
	if at(100) > patience*3/4 {
		t.Error("the dead delay the others")
	}
	if st := d.hub.Stats(); st.Failing < crowdSize/20 {
		t.Errorf("%+v", st)
	}
}

// enlist asks again as long as the hub asks for patience.
func (d *desk) enlist(topic, callback string) {
	d.t.Helper()
	for end := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		// Those who are dead now were not when they subscribed.
		d.hub.mu.Lock()
		busy := d.hub.asking.pending > mostPending/2
		d.hub.mu.Unlock()
		if busy {
			continue
		}
		if strings.Contains(callback, "/refuses/") {
			d.hub.granted(request{mode: "subscribe", topic: topic, callback: callback, lease: usualLease})
			return
		}
		status, says := d.ask("hub.mode", "subscribe", "hub.topic", topic, "hub.callback", callback)
		if status == http.StatusAccepted {
			return
		}
		if time.Now().After(end) {
			d.t.Fatalf("%s: %d %s", callback, status, says)
		}
	}
}

// since is how long after a moment everybody had each of these stories.
func (c *crowd) since(began time.Time, stories []news.Story) (took []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, got := range c.got {
		for _, st := range stories {
			for _, at := range got[st.ID+" "+st.Lead.Title] {
				took = append(took, at.Sub(began))
			}
		}
	}
	return took
}

// counting counts what marks weigh.
type counting struct {
	store.Store
	bytes, steps atomic.Int64
}

func (c *counting) Append(ctx context.Context, at news.Position, b store.Batch) (news.Position, error) {
	for k, v := range b.Marks {
		c.bytes.Add(int64(len(k) + len(v)))
	}
	if len(b.Marks) > 0 {
		c.steps.Add(1)
	}
	return c.Store.Append(ctx, at, b)
}
