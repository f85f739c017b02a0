package websub

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aggregator/internal/store"
)

// askers ask hubs at one time.
const askers = 4

// A Subscriber has the hubs of sources tell us what is new. All its methods may
// be called side by side.
type Subscriber struct {
	SubscriberOptions
	store     store.Store
	keep      *keeper
	now       func() time.Time
	wake      chan struct{}
	inbox     inbox
	receiving chan struct{} // places for those who send

	received, unsigned, refused, broken atomic.Int64 // pushes

	mu      sync.Mutex
	client  Doer
	base    string // of our callbacks; "" where hubs cannot reach us
	sources map[string]Source
	wishes  map[string]wish   // by source
	byID    map[string]string // source by callback
	left    map[string]parting
	under   map[string]bool // sources whose hub is being asked
	read    bool            // the marks are
	wait    sync.WaitGroup
}

// A parting is a subscription that we ended: its hub may ask whether we did.
type parting struct {
	topic string
	at    time.Time
}

// SubscriberOptions are what no reload changes.
type SubscriberOptions struct {
	Log *slog.Logger
	// Pushed takes what a hub sent for a source. The error says why it is worth
	// nothing.
	Pushed func(ctx context.Context, source string, h http.Header, body []byte) error
	// Ended is told of a source whose hub does not keep its word any more.
	Ended func(ctx context.Context, source string)
}

// NewSubscriber gives one that remembers in s.
func NewSubscriber(s store.Store, o SubscriberOptions) *Subscriber {
	return &Subscriber{
		SubscriberOptions: o, store: s, keep: newKeeper(s, o.Log), now: time.Now, wake: make(chan struct{}, 1), inbox: newInbox(), receiving: make(chan struct{}, receivers),
		sources: map[string]Source{}, wishes: map[string]wish{}, byID: map[string]string{}, left: map[string]parting{}, under: map[string]bool{},
	}
}

// Use gives it the sources that there are from now on. base is the address below
// which hubs find our callbacks, "" where they cannot reach us.
func (s *Subscriber) Use(client Doer, base string, sources []Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client, s.base, s.sources = client, base, map[string]Source{}
	for _, src := range sources {
		s.sources[src.Key] = src
	}
	s.poke()
}

// Polled says what a poll found. missed says that it brought what the hub should
// have told us of.
func (s *Subscriber) Polled(src Source, missed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, known := s.sources[src.Key]
	if !known {
		return
	}
	src.MaxSize, src.Polled = was.MaxSize, true
	if s.sources[src.Key] = src; was != src {
		s.poke()
	}
	if w, has := s.wishes[src.Key]; has && missed {
		w.Missed = s.now()
		s.set(src.Key, w)
		s.Log.Warn("a source had news that its hub did not tell us of; it is polled as ever until the hub does", "source", src.Key, "hub", hostOf(w.Hub))
	}
}

// Word is what a source's hub has promised: who, and from when to when. Zero
// where it has not, or does not keep it.
func (s *Subscriber) Word(source string) (hub string, since, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, has := s.wishes[source]; has && w.believed(s.now()) {
		return hostOf(w.Hub), w.Since, w.Until
	}
	return "", time.Time{}, time.Time{}
}

// State is how a subscription is: live, broken (its hub does not keep its word),
// asked, refused with a reason; "" where there is none. pushed is when something
// came last.
func (s *Subscriber) State(source string) (state, why string, pushed time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, has := s.wishes[source]
	if !has {
		return "", "", time.Time{}
	}
	return w.state(s.now()), w.Error, w.Pushed.UTC().Truncate(time.Second)
}

func (s *Subscriber) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Subscriber) set(source string, w wish) {
	if was, has := s.wishes[source]; has && was.ID != w.ID {
		delete(s.byID, was.ID)
	}
	s.wishes[source], s.byID[w.ID] = w, source
	s.keep.put(subMark+source, w.String())
}

func (s *Subscriber) drop(source string) {
	delete(s.byID, s.wishes[source].ID)
	delete(s.wishes, source)
	s.keep.put(subMark+source, "")
}

// Run asks hubs, and hands on what they send, until ctx ends.
func (s *Subscriber) Run(ctx context.Context) error {
	if err := s.Remember(ctx); err != nil {
		return err
	}
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		s.keep.run(keeping)
	}()
	for range readers {
		s.wait.Go(func() { s.readOn(ctx) })
	}
	for {
		timer := time.NewTimer(s.look(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			s.inbox.close()
			s.wait.Wait()
			stop()
			<-kept
			s.keep.flush(context.WithoutCancel(ctx))
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Remember reads what is kept of what hubs promised; Run begins with it.
func (s *Subscriber) Remember(ctx context.Context) error {
	marks, err := s.store.Marks(ctx)
	if err != nil {
		return fmt.Errorf("websub: read our subscriptions: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, value := range marks {
		source, ok := strings.CutPrefix(name, subMark)
		var w wish
		if !ok || json.Unmarshal([]byte(value), &w) != nil || w.ID == "" {
			continue
		}
		s.wishes[source], s.byID[w.ID] = w, source
	}
	s.read = true
	return nil
}

// look begins what is to be done now, and says when to look again.
func (s *Subscriber) look(ctx context.Context) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, again := s.now(), time.Hour
	soon := func(at time.Time) {
		if at.After(now) {
			again = min(again, at.Sub(now))
		}
	}
	for source := range s.wishes {
		if _, known := s.sources[source]; !known {
			s.begin(ctx, source, Source{}, now)
		}
	}
	for source, src := range s.sources {
		s.begin(ctx, source, src, now)
		if w, has := s.wishes[source]; has {
			soon(w.Next)
			soon(w.Until)
			if !w.Until.IsZero() && !w.live(now) {
				s.lapse(ctx, source, w)
			}
		}
	}
	for id, p := range s.left {
		if now.Sub(p.at) > time.Hour {
			delete(s.left, id)
		}
	}
	return max(again, time.Millisecond)
}

// lapse: a lease has ended that was not renewed.
func (s *Subscriber) lapse(ctx context.Context, source string, w wish) {
	w.Until, w.Since = time.Time{}, time.Time{}
	s.set(source, w)
	s.Log.Info("a hub's lease is over; the source is polled as ever", "source", source, "hub", hostOf(w.Hub))
	s.ended(ctx, source)
}

// ended tells of a promise that holds no more, and waits for nobody.
func (s *Subscriber) ended(ctx context.Context, source string) {
	go s.Ended(ctx, source)
}

// begin asks a source's hub for what is to be asked, if anything is.
func (s *Subscriber) begin(ctx context.Context, source string, src Source, now time.Time) {
	w, has := s.wishes[source]
	do := decide(w, has, src, s.base != "", now)
	if do == rest || s.under[source] || s.client == nil || len(s.under) >= askers {
		return
	}
	mode := "subscribe"
	switch do {
	case leave:
		mode = "unsubscribe"
		s.left[w.ID] = parting{w.Topic, now}
		s.drop(source)
	case enter:
		if has {
			s.left[w.ID] = parting{w.Topic, now} // its hub is answered 410 from now on
			s.ended(ctx, source)
		}
		w = newWish(src).asking(now)
		s.set(source, w)
	case renew:
		w = w.asking(now)
		s.set(source, w)
	}
	s.under[source] = true
	client, callback := s.client, s.base+"/websub/"+w.ID
	s.wait.Go(func() {
		err := sendRequest(ctx, client, mode, callback, w)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.under, source)
		s.poke()
		s.answered(source, mode, w, err)
	})
}

func sendRequest(ctx context.Context, client Doer, mode, callback string, w wish) error {
	params := form("hub.mode", mode, "hub.topic", w.Topic, "hub.callback", callback)
	if mode == "subscribe" {
		params.Set("hub.secret", w.Secret)
		params.Set("hub.lease_seconds", strconv.Itoa(int(wantedLease/time.Second)))
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, says, err := post(ctx, client, w.Hub, params.Encode())
	if err != nil {
		return withoutQuery(err)
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("the hub answered %d: %.200q", status, says)
	}
	return nil
}

// answered takes what a hub said to a request.
func (s *Subscriber) answered(source, mode string, asked wish, err error) {
	if mode == "unsubscribe" {
		s.Log.Info("a hub was told that we want to hear no more", "source", source, "hub", hostOf(asked.Hub), "error", err)
		return
	}
	w := s.wishes[source]
	if err == nil || w.ID != asked.ID || !w.Asked {
		return // if it has us confirm, confirm says so
	}
	w.Error = err.Error()
	s.set(source, w)
	s.Log.Info("a source's hub cannot be subscribed to; the source is polled as ever", "source", source, "hub", hostOf(w.Hub), "error", err, "next_try", w.Next.UTC().Format(time.RFC3339))
}

// SubscriberStats are how our subscriptions are, and what came.
type SubscriberStats struct {
	States                              map[string]int // see State
	Received, Unsigned, Refused, Broken int64          // pushes
}

// Stats says how it is.
func (s *Subscriber) Stats() SubscriberStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := SubscriberStats{
		States:   map[string]int{"live": 0, "broken": 0, "asked": 0, "refused": 0},
		Received: s.received.Load(), Unsigned: s.unsigned.Load(), Refused: s.refused.Load(), Broken: s.broken.Load(),
	}
	now := s.now()
	for _, w := range s.wishes {
		st.States[w.state(now)]++
	}
	return st
}
