package websub

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// What waits to be read is bounded: in all, and of one source.
	mostWaiting          = 256
	mostWaitingPerSource = 8
	mostWaitingBytes     = 64 << 20
	// A source's hub may send so many at once, and one more every so often.
	pushesAtOnce = 60
	pushEvery    = time.Second
	// receivers read bodies at one time: a hub may send many large ones.
	receivers = 8
	// readers hand on what came, of different sources.
	readers = 4
	// usualSize is the most that is taken of a push where nobody says otherwise.
	usualSize = 10 << 20
)

// ServeHTTP answers /websub/ID: a hub has us confirm, or sends what is new. The
// request's path ends with the ID.
func (s *Subscriber) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	switch r.Method {
	case http.MethodGet:
		s.confirm(w, r, id)
	case http.MethodPost:
		s.take(w, r, id)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "This is a WebSub callback.", http.StatusMethodNotAllowed)
	}
}

// confirm answers for what we asked, and for nothing else (WebSub 5.3.1).
func (s *Subscriber) confirm(w http.ResponseWriter, r *http.Request, id string) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	source, known := s.byID[id]
	is := s.wishes[source]
	topic, challenge := q.Get("hub.topic"), q.Get("hub.challenge")
	gone, parted := s.left[id]
	switch mode := q.Get("hub.mode"); {
	case mode == "subscribe" && known && is.Asked && topic == is.Topic && challenge != "":
		is = is.confirmed(leaseGiven(q.Get("hub.lease_seconds")), now)
		s.set(source, is)
		s.poke()
		s.Log.Info("a source's hub tells us of what is new", "source", source, "hub", hostOf(is.Hub), "until", is.Until.UTC().Format(time.RFC3339))
		io.WriteString(w, challenge)
	case mode == "unsubscribe" && !known && parted && topic == gone.topic && challenge != "":
		io.WriteString(w, challenge)
	case mode == "denied" && known && topic == is.Topic:
		why := clip(q.Get("hub.reason"))
		s.set(source, is.denied(why, now))
		s.poke()
		s.Log.Info("a source's hub denies us its news; the source is polled as ever", "source", source, "hub", hostOf(is.Hub), "reason", why)
		s.ended(context.WithoutCancel(r.Context()), source)
	default:
		http.Error(w, "That was not asked for.", http.StatusNotFound)
	}
}

// leaseGiven is the lease that a hub names; the one we asked for where it does
// not.
func leaseGiven(seconds string) time.Duration {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n <= 0 {
		return wantedLease
	}
	return time.Duration(min(n, int64(mostHeld/time.Second))) * time.Second
}

// clip is what is kept of a hub's reason: one line, not too long.
func clip(why string) string {
	why = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(why, ""))
	if r := []rune(why); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return why
}

// take takes what a hub sent. It is answered at once, and read afterwards.
func (s *Subscriber) take(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	source, known := s.byID[id]
	is, most := s.wishes[source], s.sources[source].MaxSize
	now := s.now()
	s.mu.Unlock()
	if known = known && !is.Since.IsZero(); !known {
		http.Error(w, "Nobody wants this here.", http.StatusGone)
		return
	}
	if !s.inbox.mayCome(source, now) {
		s.refused.Add(1)
		w.Header().Set("Retry-After", "60")
		http.Error(w, "That is too much at once. Please send it together, later.", http.StatusTooManyRequests)
		return
	}
	if most == 0 {
		most = usualSize
	}
	select {
	case s.receiving <- struct{}{}:
		defer func() { <-s.receiving }()
	case <-r.Context().Done():
		return
	}
	hurry(w)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		s.refused.Add(1)
		http.Error(w, "The body is larger than what is read of this source.", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		return // it went away
	}
	if !signed(r.Header, is.Secret, body) {
		// WebSub 8: it is ignored, and whoever sent it learns nothing.
		s.unsigned.Add(1)
		s.Log.Warn("what came for a source was not signed by its hub, and is ignored", "source", source, "hub", hostOf(is.Hub))
		w.WriteHeader(http.StatusAccepted)
		return
	}
	h := http.Header{"Content-Type": r.Header["Content-Type"], "Content-Encoding": r.Header["Content-Encoding"]}
	if !s.inbox.put(letter{source, h, body}) {
		s.refused.Add(1)
		w.Header().Set("Retry-After", "10")
		http.Error(w, "Too much waits to be read. Please send it again soon.", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// readOn hands on what came.
func (s *Subscriber) readOn(ctx context.Context) {
	for {
		l, ok := s.inbox.get()
		if !ok {
			return
		}
		err := s.Pushed(ctx, l.source, l.header, l.body)
		s.inbox.done(l)
		if err != nil && ctx.Err() != nil {
			return // the next poll brings it
		}
		if err != nil {
			s.broken.Add(1)
			s.Log.Warn("what a source's hub sent cannot be read", "source", l.source, "error", err)
			continue
		}
		s.received.Add(1)
		s.mu.Lock()
		if w, has := s.wishes[l.source]; has {
			w.Pushed = s.now()
			s.set(l.source, w)
		}
		s.mu.Unlock()
	}
}

// A letter is what came for a source.
type letter struct {
	source string
	header http.Header
	body   []byte
}

// An inbox is what waits to be read: in order for each source, whose letters are
// read one after the other.
type inbox struct {
	mu      *sync.Mutex
	come    *sync.Cond
	waiting []letter
	of      map[string]int  // waiting and being read, by source
	busy    map[string]bool // being read
	bytes   int
	closed  bool
	rates   map[string]*rate
}

// A rate is a bucket that fills.
type rate struct {
	left float64
	at   time.Time
}

func newInbox() inbox {
	mu := &sync.Mutex{}
	return inbox{mu: mu, come: sync.NewCond(mu), of: map[string]int{}, busy: map[string]bool{}, rates: map[string]*rate{}}
}

// mayCome counts one against a source's rate.
func (b *inbox) mayCome(source string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rates[source]
	if r == nil {
		r = &rate{pushesAtOnce, now}
		b.rates[source] = r
	}
	r.left = min(pushesAtOnce, r.left+float64(now.Sub(r.at))/float64(pushEvery))
	r.at = now
	if r.left < 1 {
		return false
	}
	r.left--
	return true
}

func (b *inbox) put(l letter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || len(b.waiting) >= mostWaiting || b.of[l.source] >= mostWaitingPerSource || b.bytes+len(l.body) > mostWaitingBytes {
		return false
	}
	b.waiting = append(b.waiting, l)
	b.of[l.source]++
	b.bytes += len(l.body)
	b.come.Signal()
	return true
}

// get waits for the first letter of a source that nobody reads; false at the
// end.
func (b *inbox) get() (letter, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.closed {
		for i, l := range b.waiting {
			if !b.busy[l.source] {
				b.waiting = append(b.waiting[:i:i], b.waiting[i+1:]...)
				b.busy[l.source] = true
				return l, true
			}
		}
		b.come.Wait()
	}
	return letter{}, false
}

func (b *inbox) done(l letter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes -= len(l.body)
	if b.of[l.source]--; b.of[l.source] == 0 {
		delete(b.of, l.source)
	}
	delete(b.busy, l.source)
	b.come.Broadcast()
}

func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.come.Broadcast()
}
