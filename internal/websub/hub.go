package websub

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// Limits of what strangers may have us do.
const (
	mostSubscriptions        = 100_000
	mostSubscriptionsPerHost = 1_000 // of one callback host
	mostPending              = 1_000 // verifications under way or waiting
	mostPendingPerHost       = 32
	// A callback host is asked to confirm so many requests at once, and one more
	// every so often, so that nobody is hammered in our name.
	asksPerHost = 120
	askEvery    = 500 * time.Millisecond
)

// A Hub tells subscribers of our feeds what is new in them. All its methods may
// be called side by side.
type Hub struct {
	Options
	store store.Store
	keep  *keeper
	now   func() time.Time
	count counts

	wake   chan struct{} // somebody has to look: Run
	bodies bodies

	mu        sync.Mutex
	site      Site
	documents map[string]Document // by Self
	running   bool                // between the start of Run and its end
	work      context.Context     // of deliveries and verifications
	under     sync.WaitGroup      // these
	subs      map[string]*subscription
	perHost   map[string]int // subscriptions
	on        map[string]map[string]*subscription
	stirred   map[string]bool // topics that changed; all if nil is in it as ""
	tail      tail
	fast      lane
	slow      lane
	trouble   map[string]int // failures of a host in a row
	retries   retries
	asking    asking
}

// A subscription is one of the hub's, with what is happening to it.
type subscription struct {
	id   string
	host string
	agreed
	progress
	kept  news.Position // the cursor as it is kept
	busy  bool          // waits for a place, or is being given something
	again bool          // something came meanwhile
	gone  bool          // it ended meanwhile
	index int           // in retries; -1: not there
}

// NewHub gives a hub that remembers in s. It answers when it is given a site, and
// tells when it runs.
func NewHub(s store.Store, o Options) *Hub {
	h := &Hub{
		Options: o, store: s, keep: newKeeper(s, o.Log), now: time.Now, wake: make(chan struct{}, 1),
		bodies: bodies{made: map[span]*making{}}, documents: map[string]Document{},
		subs: map[string]*subscription{}, perHost: map[string]int{}, on: map[string]map[string]*subscription{}, stirred: map[string]bool{},
		fast: newLane(fastLane, fastPerHost), slow: newLane(slowLane, slowPerHost), trouble: map[string]int{}, asking: newAsking(),
	}
	return h
}

// Use gives it another site. Subscriptions of documents that may not be
// subscribed to any more end.
func (h *Hub) Use(site Site) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.site, h.documents = site, map[string]Document{}
	for _, d := range site.Documents {
		h.documents[d.Self] = d
	}
	h.bodies.clear()
	if h.running {
		h.weed()
		h.stir(nil)
	}
}

// Changed says that stories of the topics with these names came, changed or
// went; nil stands for all. It only takes note.
func (h *Hub) Changed(topics []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stir(topics)
}

func (h *Hub) stir(topics []string) {
	if topics == nil {
		topics = []string{""}
	}
	for _, t := range topics {
		h.stirred[t] = true
	}
	h.poke()
}

func (h *Hub) poke() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Run tells subscribers what they are owed until ctx ends; then what is under
// way may end, and is kept.
func (h *Hub) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := h.begin(ctx, work); err != nil {
		return err
	}
	keeping, stopKeeping := context.WithCancel(work)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		h.keep.run(keeping)
	}()
	h.attend(ctx)
	h.mu.Lock()
	h.running = false
	h.mu.Unlock()
	last := time.AfterFunc(lastWords, stop)
	defer last.Stop()
	h.under.Wait()
	stopKeeping()
	<-kept
	h.keep.flush(context.WithoutCancel(ctx))
	return nil
}

// begin reads what is kept.
func (h *Hub) begin(ctx, work context.Context) error {
	marks, err := h.store.Marks(ctx)
	if err != nil {
		return fmt.Errorf("websub: read the subscriptions: %w", err)
	}
	end, err := h.store.At(ctx)
	if err != nil {
		return fmt.Errorf("websub: read the subscriptions: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running, h.work, h.tail = true, work, tail{end: end}
	for name, value := range marks {
		if id, ok := strings.CutPrefix(name, hubMark); ok && !strings.HasPrefix(name, atMark) {
			h.restore(id, value, marks[atMark+id], end)
		}
	}
	for _, s := range h.subs {
		h.tail.end = min(h.tail.end, s.cursor)
	}
	h.weed()
	h.stir(nil)
	return nil
}

// restore takes a subscription from its marks. Who has no place in the log is
// owed what comes from now on.
func (h *Hub) restore(id, value, at string, end news.Position) {
	var a agreed
	if err := json.Unmarshal([]byte(value), &a); err != nil {
		h.Log.Warn("a WebSub subscription cannot be read back; it ends", "id", id, "error", err)
		h.keep.put(hubMark+id, "")
		h.keep.put(atMark+id, "")
		return
	}
	p, err := parseProgress(at)
	if err != nil {
		p = progress{cursor: end}
	}
	h.add(&subscription{id: id, agreed: a, progress: p})
}

func (h *Hub) add(s *subscription) {
	s.host, s.index = hostOf(s.Callback), -1
	h.subs[s.id] = s
	h.perHost[s.host]++
	if h.on[s.Topic] == nil {
		h.on[s.Topic] = map[string]*subscription{}
	}
	h.on[s.Topic][s.id] = s
}

// end forgets a subscription.
func (h *Hub) end(s *subscription, why string) {
	if s.gone {
		return
	}
	s.gone = true
	delete(h.subs, s.id)
	delete(h.on[s.Topic], s.id)
	if h.perHost[s.host]--; h.perHost[s.host] == 0 {
		delete(h.perHost, s.host)
		delete(h.trouble, s.host)
	}
	if s.index >= 0 {
		heap.Remove(&h.retries, s.index)
	}
	h.keep.put(hubMark+s.id, "")
	h.keep.put(atMark+s.id, "")
	h.Log.Info("a WebSub subscription ended", "feed", s.Topic, "host", s.host, "why", why)
}

// weed ends what is over, and what may not be subscribed to any more, which
// subscribers are told (WebSub 5.2).
func (h *Hub) weed() {
	now := h.now()
	for _, s := range h.subs {
		d, known := h.documents[s.Topic]
		switch {
		case now.After(s.Until):
			h.end(s, "its lease is over")
		case !known || d.Refused != "" || h.site.Hub == "":
			why := cmp.Or(d.Refused, "There is no such feed here any more.")
			h.end(s, why)
			h.deny(s.agreed, why)
		}
	}
	h.tail.forget(now.Add(-oldest))
	h.asking.forget(now)
}

// ServeHTTP answers /hub.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, says := http.StatusAccepted, ""
	if err := h.take(w, r); err != nil {
		status, says = http.StatusInternalServerError, err.Error()
		if no, ok := errors.AsType[*refusal](err); ok {
			status = no.status
		}
		h.count.refused.Add(1)
	}
	switch status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "60")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if says != "" {
		fmt.Fprintln(w, says)
	}
}

// take reads a request and begins what it asks. The error is a *refusal.
func (h *Hub) take(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "This is a WebSub hub: it takes subscriptions to the feeds of this site, sent by POST.")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return refuse(http.StatusUnsupportedMediaType, "Send the parameters as application/x-www-form-urlencoded (WebSub 5.1).")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return refuse(http.StatusRequestEntityTooLarge, "The request is larger than %d bytes.", maxForm)
		}
		return refuse(http.StatusBadRequest, "The form cannot be read: its encoding is broken.")
	}
	req, err := parseRequest(r.PostForm)
	if err != nil || req.mode == "publish" {
		return err // we publish here ourselves, and know what changed
	}
	return h.consider(req)
}

// consider begins to verify a request that can be granted.
func (h *Hub) consider(req request) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, known := h.documents[req.topic]
	sub, host := h.subs[id(req.topic, req.callback)], hostOf(req.callback)
	switch {
	case h.site.Hub == "" || !h.running:
		return refuse(http.StatusServiceUnavailable, "The hub is closed.")
	case req.mode == "unsubscribe" && sub == nil:
		return refuse(http.StatusNotFound, "There is no such subscription.")
	case req.mode == "unsubscribe":
	case !known:
		return refuse(http.StatusNotFound, "hub.topic is no feed of this site: write the rel=self address of one of them.")
	case d.Refused != "":
		return refuse(http.StatusForbidden, "%s", d.Refused)
	case sub == nil && len(h.subs) >= mostSubscriptions:
		return refuse(http.StatusServiceUnavailable, "The hub has as many subscriptions as it can take.")
	case sub == nil && h.perHost[host] >= mostSubscriptionsPerHost:
		return refuse(http.StatusTooManyRequests, "The host of hub.callback has %d subscriptions, which is the most.", mostSubscriptionsPerHost)
	}
	if why := h.asking.begin(host, h.now()); why != "" {
		return refuse(http.StatusTooManyRequests, "%s", why)
	}
	h.under.Go(func() { h.verify(h.work, req) })
	return nil
}

// granted takes a verified request into force.
func (h *Hub) granted(req request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := id(req.topic, req.callback)
	s := h.subs[key]
	if req.mode == "unsubscribe" {
		if s != nil {
			h.end(s, "as it was asked to")
		}
		return
	}
	if d, known := h.documents[req.topic]; !known || d.Refused != "" {
		return // since it was asked
	}
	if s == nil {
		if err := h.tail.readOn(h.work, h.store); err != nil { // it is told of what comes from now on
			h.Log.Warn("a new WebSub subscriber may be told of what came before it", "feed", req.topic, "error", err)
		}
		s = &subscription{id: key, agreed: agreed{Topic: req.topic, Callback: req.callback}, progress: progress{cursor: h.tail.end}}
		h.add(s)
		h.keep.put(atMark+key, s.progress.String())
	}
	s.Secret, s.Until = req.secret, h.now().Add(req.lease).UTC().Truncate(time.Second)
	h.keep.put(hubMark+key, s.agreed.String())
	h.Log.Info("a WebSub subscriber is told of changes", "feed", s.Topic, "host", s.host, "until", s.Until)
}

// retries are subscriptions that failed, by when they are tried again.
type retries []*subscription

func (r retries) Len() int           { return len(r) }
func (r retries) Less(i, j int) bool { return r[i].next.Before(r[j].next) }
func (r retries) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].index, r[j].index = i, j
}
func (r *retries) Push(x any) {
	s := x.(*subscription)
	s.index = len(*r)
	*r = append(*r, s)
}
func (r *retries) Pop() any {
	last := len(*r) - 1
	s := (*r)[last]
	s.index = -1
	*r = (*r)[:last]
	return s
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}
