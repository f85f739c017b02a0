package websub

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"
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
	hurry(w)
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
