package websub

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"aggregator/internal/news"
)

const (
	// slowAfter is how long a delivery may hold its place in the fast lane.
	slowAfter = 500 * time.Millisecond
	// weedEvery is how often leases are looked at.
	weedEvery = time.Minute
	// ourRetry is how long is waited where it was our own store that failed.
	ourRetry = 5 * time.Second
)

// attend gives everybody their turn until ctx ends.
func (h *Hub) attend(ctx context.Context) {
	weed := time.NewTicker(weedEvery)
	defer weed.Stop()
	for {
		timer := time.NewTimer(h.look(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-weed.C:
			h.mu.Lock()
			h.weed()
			h.mu.Unlock()
		case <-h.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// look reads the log on, lets those begin who are owed something, and says when
// to look again.
func (h *Hub) look(ctx context.Context) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if stirred := h.takeStirred(); len(stirred) > 0 {
		if err := h.tail.readOn(ctx, h.store); err != nil {
			if !h.failing {
				h.Log.Error("WebSub subscribers cannot be told while the log cannot be read; will try again", "error", err)
			}
			h.failing = true
			h.Changed(slices.Collect(maps.Keys(stirred)))
			<-h.wake // which Changed has filled: not at once
			return ourRetry
		}
		h.failing = false
		h.wantAll(stirred)
	}
	now := h.now()
	for len(h.retries) > 0 && !h.retries[0].next.After(now) {
		s := heap.Pop(&h.retries).(*subscription)
		h.queue(s)
	}
	h.dispatch()
	if len(h.retries) > 0 {
		return max(h.retries[0].next.Sub(now), time.Millisecond)
	}
	return time.Hour
}

// wantAll queues the subscriptions of topics.
func (h *Hub) wantAll(stirred map[string]bool) {
	for self, subs := range h.on {
		if stirred[""] || stirred[h.documents[self].Topic] {
			for _, s := range subs {
				h.want(s)
			}
		}
	}
}

// want queues a subscription that may be owed something. Who waits to be tried
// again gets it then, together with the rest.
func (h *Hub) want(s *subscription) {
	switch {
	case s.busy:
		s.again = true
	case s.index >= 0 || s.gone:
	case s.failures > 0 && s.next.After(h.now()):
		heap.Push(&h.retries, s)
	default:
		h.queue(s)
	}
}

func (h *Hub) queue(s *subscription) {
	s.busy, s.again = true, false
	if s.failures > 0 || h.trouble[s.host] >= troubled {
		h.slow.wait(s)
	} else {
		h.fast.wait(s)
	}
}

// dispatch begins every delivery that may begin now.
func (h *Hub) dispatch() {
	for h.running {
		s, at := h.fast.next(), &h.fast
		if s != nil && h.trouble[s.host] >= troubled { // since it was queued
			h.fast.leave(s.host)
			h.slow.wait(s)
			continue
		}
		if s == nil {
			s, at = h.slow.next(), &h.slow
		}
		if s == nil {
			return
		}
		d, known := h.documents[s.Topic]
		if s.gone || !known {
			at.leave(s.host)
			s.busy = false
			continue
		}
		g := &giving{subscription: s, document: d, agreed: s.agreed, from: s.cursor, to: h.tail.end, hub: h.site.Hub, client: h.site.Client, lane: at}
		h.under.Go(func() { h.give(h.work, g) })
	}
}

// A giving is one delivery under way, with all it needs as it was when it began.
type giving struct {
	*subscription
	document Document
	agreed   agreed
	from, to news.Position
	hub      string
	client   Doer
	lane     *lane // where it has its place now; under Hub.mu
}

var (
	errGone = errors.New("410 Gone")
	errOurs = errors.New("not made")
)

func (h *Hub) give(ctx context.Context, g *giving) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	slow := time.AfterFunc(slowAfter, func() { h.moveOver(g, cancel) })
	b, err := h.bodyFor(ctx, g.document, g.from, g.to)
	if err != nil {
		err = fmt.Errorf("%w: %w", errOurs, err)
	} else if b.bytes != nil {
		began := h.now()
		err = g.post(ctx, b.bytes)
		h.count.took(h.now().Sub(began), err)
	}
	slow.Stop()
	h.ended(g, b, err)
}

// moveOver gives the place of a slow delivery in the fast lane to the next.
func (h *Hub) moveOver(g *giving, giveUp func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g.lane != &h.fast {
		return
	}
	h.fast.leave(g.host)
	h.slow.join(g.host)
	g.lane = &h.slow
	if h.slow.running > mostSlow {
		giveUp()
	}
	h.dispatch()
}

// post is the delivery of WebSub 7.
func (g *giving) post(ctx context.Context, raw []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.agreed.Callback, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header["Content-Type"] = []string{g.document.Type}
	req.Header["Link"] = []string{"<" + g.hub + `>; rel="hub", <` + g.document.Self + `>; rel="self"`}
	if g.agreed.Secret != "" {
		sign(req.Header, g.agreed.Secret, raw)
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // so that the connection can be used again
	switch {
	case resp.StatusCode == http.StatusGone:
		return errGone
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return errors.New(resp.Status)
	}
	return nil
}

// ended writes down what became of a delivery, and lets the next begin.
func (h *Hub) ended(g *giving, b body, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g.lane.leave(g.host)
	defer h.dispatch()
	s := g.subscription
	s.busy = false
	if s.gone {
		return
	}
	now := h.now()
	switch {
	case err == nil && b.bytes == nil:
		h.moveOn(s, b.upTo)
	case err == nil:
		h.settle(s, s.progress.given(b.upTo))
		delete(h.trouble, s.host)
	case errors.Is(err, errGone):
		h.end(s, "the callback answered 410")
	case errors.Is(err, errOurs):
		h.Log.Error("a feed cannot be made for its subscribers; will try again", "feed", s.Topic, "error", err)
		s.next = now.Add(ourRetry)
		heap.Push(&h.retries, s)
		h.poke()
	case h.work.Err() != nil: // we stop: nobody's failure
	default:
		h.missed(s, err, now)
	}
	if err == nil && (s.again || s.cursor < h.tail.end) {
		h.want(s)
	}
}

// moveOn passes what somebody else is owed. That is not worth a write, but for
// those who would have much to read again after a restart.
func (h *Hub) moveOn(s *subscription, to news.Position) {
	const much = 10_000
	if was := s.kept; to-was > much {
		h.settle(s, progress{cursor: to})
		return
	}
	s.progress = progress{cursor: max(s.cursor, to)}
}

func (h *Hub) settle(s *subscription, p progress) {
	s.progress, s.kept = p, p.cursor
	h.keep.put(atMark+s.id, p.String())
}

func (h *Hub) missed(s *subscription, err error, now time.Time) {
	if s.failures == 0 {
		h.Log.Info("a WebSub subscriber did not take what is new; it is tried again, less and less often", "feed", s.Topic, "host", s.host, "error", withoutQuery(err))
	}
	h.trouble[s.host]++
	h.settle(s, s.progress.failed(s.id, now))
	heap.Push(&h.retries, s)
	h.poke()
}

// withoutQuery is an error of a request without the address, whose path and query
// may be secrets.
func withoutQuery(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
