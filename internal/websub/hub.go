package websub

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// A Hub tells subscribers of our feeds what is new in them. All its methods may
// be called side by side.
type Hub struct {
	Options
	store store.Store
	keep  *keeper
	now   func() time.Time
	count counts

	wake    chan struct{}   // somebody has to look: Run
	noting  sync.Mutex      // of stirred alone: who takes note waits for no store
	stirred map[string]bool // topics that changed; "" stands for all
	bodies  bodies

	mu        sync.Mutex
	site      Site
	documents map[string]Document // by Self
	running   bool                // between the start of Run and its end
	work      context.Context     // of deliveries and verifications
	under     sync.WaitGroup      // these
	subs      map[string]*subscription
	perHost   map[string]int // subscriptions
	on        map[string]map[string]*subscription
	tail      tail
	failing   bool // the log could not be read on
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
		h.Changed(nil)
	}
}

// Changed says that stories of the topics with these names came, changed or
// went; nil stands for all. It only takes note.
func (h *Hub) Changed(topics []string) {
	h.noting.Lock()
	defer h.noting.Unlock()
	if topics == nil {
		topics = []string{""}
	}
	for _, t := range topics {
		h.stirred[t] = true
	}
	h.poke()
}

// takeStirred gives what has changed since the last time.
func (h *Hub) takeStirred() map[string]bool {
	h.noting.Lock()
	defer h.noting.Unlock()
	stirred := h.stirred
	h.stirred = map[string]bool{}
	return stirred
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
	h.Changed(nil)
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
