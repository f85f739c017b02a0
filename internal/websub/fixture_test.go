package websub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
)

// TestMain makes the codec, which lasts as long as the process, outside of any
// test's bubble of time.
func TestMain(m *testing.M) {
	store.NewCodec()
	os.Exit(m.Run())
}

// soon is how long a test waits for what must come: far more than it takes.
const soon = 20 * time.Second

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in %s there was no %s", soon, what)
		}
	}
}

// The documents of the tests, in three formats.
const base = "https://feeds.example.org"

func testSite() Site {
	site := Site{Hub: base + "/hub", Client: strangers()}
	for _, d := range [][3]string{{"/topics/china.atom", "China", "application/atom+xml; charset=utf-8"}, {"/topics/china.json", "China", "application/feed+json; charset=utf-8"}, {"/topics/world.rss", "World", "application/rss+xml; charset=utf-8"}} {
		site.Documents = append(site.Documents, Document{Self: base + d[0], Topic: d[1], Path: d[0], Type: d[2]})
	}
	site.Documents = append(site.Documents, Document{Self: base + "/topics/secret.atom", Topic: "Secret", Path: "/topics/secret.atom", Refused: "This feed is private."})
	return site
}

// strangers is a client as fetch gives one, without its guard.
func strangers() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// A desk is a hub over a real store.
type desk struct {
	t     testing.TB
	store store.Store
	hub   *Hub
	stop  func()
	told  int // stories so far
}

func newDesk(t testing.TB) *desk {
	kept, err := bolt.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, store: kept}
	d.start(testSite())
	t.Cleanup(func() { d.stop(); kept.Close() })
	return d
}

// start runs a hub as after a start of the program.
func (d *desk) start(site Site) {
	d.hub = NewHub(d.store, Options{Log: slog.New(slog.DiscardHandler), Render: render})
	d.hub.Use(site)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.hub.Run(ctx) }()
	eventually(d.t, "hub that runs", func() bool {
		d.hub.mu.Lock()
		defer d.hub.mu.Unlock()
		return d.hub.running
	})
	var once sync.Once
	d.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				d.t.Error(err)
			}
		})
	}
}

// render makes a document that tells which stories are in it.
func render(_ context.Context, path string, stories []news.Story) ([]byte, error) {
	doc := document{Path: path}
	for _, st := range stories {
		doc.Stories = append(doc.Stories, st.ID+" "+st.Lead.Title)
	}
	return json.Marshal(doc)
}

type document struct {
	Path    string
	Stories []string
}

// story begins under topics, as of now.
func (d *desk) story(topics ...string) news.Story {
	d.told++
	st := news.Story{ID: fmt.Sprintf("story-%d", d.told), Published: time.Now().Add(-time.Minute), Lead: news.Telling{Title: "first words"}}
	st.Updated = st.Published
	for _, t := range topics {
		st.Topics = append(st.Topics, news.Filing{Topic: t})
	}
	return st
}

// publish appends stories that begin, and tells the hub.
func (d *desk) publish(stories ...news.Story) (kept []news.Story) {
	return d.append(news.New, stories...)
}

func (d *desk) append(fate news.Fate, stories ...news.Story) (kept []news.Story) {
	d.t.Helper()
	at, err := d.store.At(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	b := store.Batch{}
	topics := []string{}
	for i, st := range stories {
		pos := at + news.Position(i+1)
		dec := news.Decision{Pos: pos, At: time.Now(), Fate: fate, Story: st.Pos}
		if fate == news.New {
			st.Pos, dec.Story = pos, pos
		}
		if fate != news.Duplicate {
			st.Lead.Pos = pos
		}
		b.Decisions, b.Stories = append(b.Decisions, dec), append(b.Stories, st)
		kept = append(kept, st)
		for _, f := range st.Topics {
			topics = append(topics, f.Topic)
		}
	}
	for {
		_, err := d.store.Append(d.t.Context(), at, b)
		if err == nil {
			break
		}
		d.t.Fatal(err)
	}
	d.hub.Changed(topics)
	return kept
}

// ask sends a form to the hub.
func (d *desk) ask(pairs ...string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, "/hub", strings.NewReader(form(pairs...).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	d.hub.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// A receiver takes what a hub sends to callbacks, each under a path of its own.
type receiver struct {
	t testing.TB
	*httptest.Server
	mu       sync.Mutex
	asked    map[string][]url.Values // verifications by path
	got      map[string][]received   // deliveries by path
	answer   map[string]func() int   // status of deliveries; 204 if there is none
	confirms func(url.Values) string // what is answered to a challenge
}

type received struct {
	at     time.Time
	header http.Header
	body   string
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t, asked: map[string][]url.Values{}, got: map[string][]received{}, answer: map[string]func() int{}}
	r.confirms = func(q url.Values) string { return q.Get("hub.challenge") }
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	raw, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	if req.Method == http.MethodGet {
		q := req.URL.Query()
		r.asked[req.URL.Path] = append(r.asked[req.URL.Path], q)
		confirms := r.confirms
		r.mu.Unlock()
		io.WriteString(w, confirms(q))
		return
	}
	r.got[req.URL.Path] = append(r.got[req.URL.Path], received{time.Now(), req.Header, string(raw)})
	answer := r.answer[req.URL.Path]
	r.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		status = answer()
	}
	w.WriteHeader(status)
}

func (r *receiver) count(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got[path])
}

func (r *receiver) verifications(path string) []url.Values {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[path]
}

func (r *receiver) deliveries(path string) []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got[path]
}

// stories are the ids that a callback was given, in order.
func (r *receiver) stories(path string) (ids []string) {
	for _, g := range r.deliveries(path) {
		var doc document
		if err := json.Unmarshal([]byte(g.body), &doc); err != nil {
			r.t.Error(err)
		}
		for _, s := range doc.Stories {
			first, _, _ := strings.Cut(s, " ")
			ids = append(ids, first)
		}
	}
	return ids
}

// subscribe has the hub know a callback, and waits until it does.
func (d *desk) subscribe(topic, callback string, more ...string) {
	d.t.Helper()
	if status, says := d.ask(append([]string{"hub.mode", "subscribe", "hub.topic", topic, "hub.callback", callback}, more...)...); status != http.StatusAccepted {
		d.t.Fatalf("status %d: %s", status, says)
	}
	eventually(d.t, "subscription of "+callback, func() bool { return d.subscription(topic, callback) != nil })
}

func (d *desk) subscription(topic, callback string) *subscription {
	d.hub.mu.Lock()
	defer d.hub.mu.Unlock()
	if s := d.hub.subs[id(topic, callback)]; s != nil {
		c := *s
		return &c
	}
	return nil
}
