package websub

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// verifiers are asked at one time.
const verifiers = 32

// asking bounds what strangers have us ask of others.
type asking struct {
	pending int
	hosts   map[string]*asked
	places  chan struct{}
}

// asked is what a callback host was asked lately: a bucket that fills.
type asked struct {
	pending int
	left    float64
	at      time.Time
}

func newAsking() asking {
	return asking{hosts: map[string]*asked{}, places: make(chan struct{}, verifiers)}
}

// begin counts a request in, or says why not.
func (a *asking) begin(host string, now time.Time) string {
	at := a.hosts[host]
	if at == nil {
		at = &asked{left: asksPerHost, at: now}
		a.hosts[host] = at
	}
	at.fill(now)
	switch {
	case a.pending >= mostPending:
		return "Too many requests wait to be verified. Please try again in a minute."
	case at.pending >= mostPendingPerHost, at.left < 1:
		return "The host of hub.callback is asked to confirm too many requests. Please try again in a minute."
	}
	at.left--
	at.pending++
	a.pending++
	return ""
}

func (a *asked) fill(now time.Time) {
	a.left = min(asksPerHost, a.left+float64(now.Sub(a.at))/float64(askEvery))
	a.at = now
}

func (a *asking) end(host string) {
	a.pending--
	a.hosts[host].pending--
}

// forget drops hosts that were not asked lately.
func (a *asking) forget(now time.Time) {
	for host, at := range a.hosts {
		if at.fill(now); at.pending == 0 && at.left == asksPerHost {
			delete(a.hosts, host)
		}
	}
}

// verify asks the callback once whether it wants what is asked for it (WebSub
// 5.3). Where it does not say so, all stays as it was.
func (h *Hub) verify(ctx context.Context, req request) {
	host := hostOf(req.callback)
	h.inTurn(ctx, host, func() {
		if err := h.confirm(ctx, req); err != nil {
			h.count.unverified.Add(1)
			h.Log.Info("a WebSub request was not confirmed", "mode", req.mode, "feed", req.topic, "host", host, "error", withoutQuery(err))
			return
		}
		h.granted(req)
	})
}

// inTurn asks a host for which asking has begun, when there is a place.
func (h *Hub) inTurn(ctx context.Context, host string, ask func()) {
	defer func() {
		h.mu.Lock()
		h.asking.end(host)
		h.mu.Unlock()
	}()
	select {
	case h.asking.places <- struct{}{}:
		defer func() { <-h.asking.places }()
		ask()
	case <-ctx.Done():
	}
}

func (h *Hub) confirm(ctx context.Context, req request) error {
	challenge := rand.Text()
	params := form("hub.mode", req.mode, "hub.topic", req.topic, "hub.challenge", challenge)
	if req.mode == "subscribe" {
		params.Set("hub.lease_seconds", strconv.Itoa(int(req.lease/time.Second)))
	}
	status, answer, err := h.get(ctx, ask(req.callback, params))
	switch {
	case err != nil:
		return err
	case status < 200 || status > 299:
		return fmt.Errorf("the callback answered %d", status)
	case subtle.ConstantTimeCompare(answer, []byte(challenge)) != 1:
		return fmt.Errorf("the callback did not answer with the challenge")
	}
	return nil
}

// get asks a stranger.
func (h *Hub) get(ctx context.Context, address string) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	h.mu.Lock()
	client := h.site.Client
	h.mu.Unlock()
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, answer, err
}

// deny tells a subscriber once that its subscription is no more (WebSub 5.2).
// Where too many are to be told, some will find out by themselves.
func (h *Hub) deny(a agreed, why string) {
	host := hostOf(a.Callback)
	if h.asking.begin(host, h.now()) != "" {
		return
	}
	h.under.Go(func() {
		h.inTurn(h.work, host, func() {
			h.get(h.work, ask(a.Callback, form("hub.mode", "denied", "hub.topic", a.Topic, "hub.reason", why)))
		})
	})
}
