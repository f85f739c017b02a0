package websub

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aggregator/internal/store/bolt"
)

// A world answers requests in place of the network, so that days pass at once.
type world struct {
	mu    sync.Mutex
	do    func(*http.Request, string) (int, string) // status, body
	asked []time.Time
}

func (w *world) Do(r *http.Request) (*http.Response, error) {
	var raw []byte
	if r.Body != nil {
		raw, _ = io.ReadAll(r.Body)
	}
	w.mu.Lock()
	if r.Method == http.MethodPost {
		w.asked = append(w.asked, time.Now())
	}
	do := w.do
	w.mu.Unlock()
	status, body := do(r, string(raw))
	if status == 0 { // it hangs
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (w *world) become(do func(*http.Request, string) (int, string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.do, w.asked = do, nil
}

func (w *world) posts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

func echo(r *http.Request, _ string) (int, string) {
	if c := r.URL.Query().Get("hub.challenge"); c != "" {
		return 200, c
	}
	return 204, ""
}

// Who fails is tried less and less often and then given all at once; at the end
// of the lease the subscription ends.
func TestRetriesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{do: echo}
		kept, err := bolt.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		d := &desk{t: t, store: kept}
		site := testSite()
		site.Client = w
		d.start(site)
		defer d.stop()
		d.subscribe(chinaAtom, "https://s.example/x")
		w.become(func(*http.Request, string) (int, string) { return 503, "" })
		for range 4 {
			d.publish(d.story("China"))
			time.Sleep(3 * time.Hour)
		}
		synctest.Wait()
		if n := w.posts(); n < 12 || n > 26 {
			t.Errorf("tried %d times in 12 hours", n)
		}
		var got []string
		w.become(func(_ *http.Request, body string) (int, string) { got = append(got, body); return 200, "" })
		time.Sleep(75 * time.Minute)
		synctest.Wait()
		if len(got) != 1 || strings.Count(got[0], "story-") != 4 {
			t.Errorf("was given %v", got)
		}
		if s := d.subscription(chinaAtom, "https://s.example/x"); s.failures != 0 || s.index != -1 {
			t.Errorf("%+v after it went well", s)
		}
		// What is owed for too long is no news any more.
		w.become(func(*http.Request, string) (int, string) { return 0, "" })
		d.publish(d.story("China"))
		time.Sleep(50 * time.Hour)
		got = nil
		w.become(func(_ *http.Request, body string) (int, string) { got = append(got, body); return 200, "" })
		time.Sleep(2 * time.Hour)
		d.publish(d.story("China"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(got) != 1 || strings.Count(got[0], "story-") != 1 {
			t.Errorf("was given %v", got)
		}
		time.Sleep(usualLease)
		synctest.Wait()
		marks, err := kept.Marks(t.Context())
		if d.subscription(chinaAtom, "https://s.example/x") != nil || err != nil || len(marks) != 0 {
			t.Errorf("after its lease there is %v (%v)", marks, err)
		}
	})
}

// Those who hang, on however many hosts, keep their places for half a second,
// not for ten.
func TestHangersInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, err := bolt.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		w := &world{do: echo}
		d := &desk{t: t, store: kept}
		site := testSite()
		site.Client = w
		d.start(site)
		defer d.stop()
		const hangers = 3 * fastLane
		for i := range hangers {
			d.subscribe(chinaAtom, fmt.Sprintf("https://h%d.example/hangs", i))
		}
		d.subscribe(chinaAtom, "https://well.example/x")
		took := make(chan time.Duration, 100)
		var began time.Time
		w.become(func(r *http.Request, _ string) (int, string) {
			if strings.HasSuffix(r.URL.Path, "/hangs") {
				return 0, ""
			}
			took <- time.Since(began)
			return 204, ""
		})
		began = time.Now()
		d.publish(d.story("China"))
		if first := <-took; first > hangers/fastLane*slowAfter+time.Millisecond {
			t.Errorf("told after %v", first)
		}
		time.Sleep(time.Minute)
		began = time.Now()
		d.publish(d.story("China"))
		if second := <-took; second > time.Millisecond {
			t.Errorf("told after %v though it is known who hangs", second)
		}
	})
}

// A subscriber with a hub in its world.
type reading struct {
	*Subscriber
	world *world
	mu    sync.Mutex
	got   []string
	ended []string
	lease string
	fails error
}

func newReading(t *testing.T) *reading {
	kept, err := bolt.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &reading{world: &world{}, lease: "691200"} // 8 days
	r.Subscriber = NewSubscriber(kept, SubscriberOptions{
		Log: slog.New(slog.DiscardHandler),
		Pushed: func(_ context.Context, source string, _ http.Header, body []byte) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.got = append(r.got, source+" "+string(body))
			return r.fails
		},
		Ended: func(_ context.Context, source string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.ended = append(r.ended, source)
		},
	})
	r.world.become(r.verifies)
	ctx, stop := context.WithCancel(t.Context())
	r.Use(r.world, "https://me.example", []Source{{Key: "s", MaxSize: 1000}})
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		kept.Close()
	})
	return r
}

// verifies is a hub that asks to confirm before it answers.
func (r *reading) verifies(_ *http.Request, body string) (int, string) {
	q, _ := url.ParseQuery(body)
	w := r.call(http.MethodGet, q.Get("hub.callback"), "", "hub.mode", q.Get("hub.mode"), "hub.topic", q.Get("hub.topic"), "hub.challenge", "c", "hub.lease_seconds", r.lease)
	if w.Code != 200 || w.Body.String() != "c" {
		return 500, "not confirmed"
	}
	return 202, ""
}

// call calls our callback.
func (r *reading) call(method, callback, body string, pairs ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, callback+"?"+form(pairs...).Encode(), strings.NewReader(body))
	if method == http.MethodPost {
		r.Subscriber.mu.Lock()
		secret := r.wishes["s"].Secret
		r.Subscriber.mu.Unlock()
		sign(req.Header, secret, []byte(body))
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func (r *reading) callback() string {
	r.Subscriber.mu.Lock()
	defer r.Subscriber.mu.Unlock()
	return "https://me.example/websub/" + r.wishes["s"].ID
}

func (r *reading) names() Source {
	return Source{Key: "s", Hub: "https://hub.example/", Topic: "https://s.example/feed"}
}

// A lease is renewed in time; when the hub does not renew it, it ends, and the
// hub is asked again, less and less often.
func TestLeasesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReading(t)
		r.Polled(r.names(), false)
		synctest.Wait()
		hub, since, until := r.Word("s")
		if hub != "hub.example" || !since.Equal(time.Now()) || until.Sub(since) != 8*24*time.Hour {
			t.Errorf("%s from %v to %v", hub, since, until)
		}
		time.Sleep(30 * 24 * time.Hour)
		synctest.Wait()
		if n := r.world.posts(); n != 6 { // at first, then every six days
			t.Errorf("asked %d times in 30 days", n)
		}
		if _, s, _ := r.Word("s"); !s.Equal(since) || len(r.ended) != 0 {
			t.Errorf("its word began anew at %v; ended %v", s, r.ended)
		}
		r.world.become(func(*http.Request, string) (int, string) { return 500, "" })
		time.Sleep(8 * 24 * time.Hour)
		synctest.Wait()
		if hub, _, _ := r.Word("s"); hub != "" || !slices.Equal(r.ended, []string{"s"}) {
			t.Errorf("%q still keeps its word; ended %v", hub, r.ended)
		}
		if n := r.world.posts(); n < 7 || n > 18 {
			t.Errorf("asked %d times in eight days without an answer", n)
		}
		if state, why, _ := r.State("s"); state != "refused" || !strings.Contains(why, "500") {
			t.Errorf("%s because of %q", state, why)
		}
		r.world.become(r.verifies)
		time.Sleep(25 * time.Hour)
		if hub, _, _ := r.Word("s"); hub == "" {
			t.Error("the hub is well again, and was not asked")
		}
	})
}

// What comes is handed on, in order, within bounds; a word that is not kept is
// not believed until it is kept again.
func TestPushesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReading(t)
		r.Polled(r.names(), false)
		synctest.Wait()
		for i := range 3 {
			if w := r.call(http.MethodPost, r.callback(), fmt.Sprint("body ", i)); w.Code != http.StatusAccepted {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			synctest.Wait()
		}
		if !slices.Equal(r.got, []string{"s body 0", "s body 1", "s body 2"}) {
			t.Errorf("got %q", r.got)
		}
		if w := r.call(http.MethodPost, r.callback(), strings.Repeat("x", 1001)); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("a body of more than max_size: %d", w.Code)
		}
		refused := 0
		for range 2 * pushesAtOnce {
			if w := r.call(http.MethodPost, r.callback(), "flood"); w.Code == http.StatusTooManyRequests {
				refused++
			}
			synctest.Wait()
		}
		if refused < pushesAtOnce || refused > pushesAtOnce+10 {
			t.Errorf("%d of a flood refused", refused)
		}
		time.Sleep(time.Minute)
		r.Polled(r.names(), true)
		if hub, _, _ := r.Word("s"); hub != "" {
			t.Error("believed though a poll brought what it kept back")
		}
		r.mu.Lock()
		r.fails = fmt.Errorf("no feed")
		r.mu.Unlock()
		r.call(http.MethodPost, r.callback(), "rubbish")
		synctest.Wait()
		if state, _, _ := r.State("s"); state != "broken" || r.Stats().Broken != 1 {
			t.Errorf("%s after rubbish", state)
		}
		r.mu.Lock()
		r.fails = nil
		r.mu.Unlock()
		r.call(http.MethodPost, r.callback(), "news")
		synctest.Wait()
		if state, _, _ := r.State("s"); state != "live" {
			t.Errorf("%s after it pushed again", state)
		}
	})
}

// A hub may deny at any time, and is asked again after a day; another hub or
// topic is another subscription.
func TestDenialInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReading(t)
		r.Polled(r.names(), false)
		synctest.Wait()
		before := r.callback()
		if w := r.call(http.MethodGet, before, "", "hub.mode", "denied", "hub.topic", "https://s.example/feed", "hub.reason", "too\nmany"); w.Code != 200 {
			t.Errorf("a denial: %d", w.Code)
		}
		synctest.Wait()
		if state, why, _ := r.State("s"); state != "refused" || why != "denied: too many" || !slices.Equal(r.ended, []string{"s"}) {
			t.Errorf("%s because of %q; ended %v", state, why, r.ended)
		}
		time.Sleep(23 * time.Hour)
		if n := r.world.posts(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		time.Sleep(2 * time.Hour)
		if state, _, _ := r.State("s"); state != "live" {
			t.Errorf("%s a day later", state)
		}
		moved := r.names()
		moved.Topic = "https://s.example/moved"
		r.Polled(moved, false)
		synctest.Wait()
		if after := r.callback(); after == before {
			t.Error("another topic has the same callback")
		}
		if w := r.call(http.MethodPost, before, "old"); w.Code != http.StatusGone {
			t.Errorf("at the old callback: %d", w.Code)
		}
		r.Use(r.world, "", []Source{{Key: "s"}})
		synctest.Wait()
		if state, _, _ := r.State("s"); state != "" && state != "live" {
			t.Errorf("%s before it is polled", state)
		}
		r.Polled(moved, false)
		synctest.Wait()
		if state, _, _ := r.State("s"); state != "" {
			t.Errorf("%s where hubs cannot reach us", state)
		}
	})
}
