package main

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"aggregator/internal/config"
	"aggregator/internal/publish"
	"aggregator/internal/websub"
)

const (
	// strangerTimeout is for all of an exchange with a hub or a subscriber.
	strangerTimeout = 10 * time.Second
	// hubRedirects are followed to a hub that moved.
	hubRedirects = 3
)

// hubOf is the hub that the feeds name; "" for none. Ours is there where
// something is served.
func hubOf(cfg *config.Config) string {
	switch {
	case cfg.Publish.Hub == "off", cfg.Publish.Hub == "builtin" && cfg.Listen == "":
		return ""
	case cfg.Publish.Hub == "builtin":
		return cfg.URL + "/hub"
	}
	return cfg.Publish.Hub
}

// websubOf is the part of a configuration that WebSub needs.
func (s *site) websubOf(now *setup) websub.Site {
	w := websub.Site{Client: now.strangers}
	if now.Publish.Hub == "builtin" {
		w.Hub = hubOf(now.Config)
	} else {
		w.Ping = hubOf(now.Config)
	}
	private, all := map[string]bool{}, publish.Site{URL: now.URL}
	for _, t := range now.Topics {
		private[t.Name] = !t.Feed.Access.Public()
		all.Topics = append(all.Topics, publish.Topic{Topic: t.Topic, Formats: t.Feed.Formats})
	}
	for _, h := range all.Heads() {
		d := websub.Document{Self: h.Self, Topic: h.Topic, Path: h.Path, Type: h.Type}
		if private[h.Topic] {
			d.Refused = "This feed is private, and is not pushed: its subscribers ask for it with their token."
		}
		w.Documents = append(w.Documents, d)
	}
	return w
}

// pushing is what a daemon runs of WebSub, beside polling and serving.
type pushing struct {
	hub    *websub.Hub
	pinger *websub.Pinger
}

func (s *site) newPushing() *pushing {
	p := &pushing{hub: websub.NewHub(s.store, websub.Options{Log: s.log, Render: s.feeds.Push}), pinger: websub.NewPinger(s.log)}
	p.use(s.websubOf(s.now.Load()))
	return p
}

// use gives it another configuration; a site that runs nothing has none.
func (p *pushing) use(w websub.Site) {
	if p == nil {
		return
	}
	p.hub.Use(w)
	p.pinger.Use(w)
}

// changed tells it of topics; nil stands for all.
func (p *pushing) changed(topics []string) {
	if p == nil {
		return
	}
	p.hub.Changed(topics)
	p.pinger.Changed(topics)
}

// push does all of it until ctx ends.
func (srv *server) push(start func(func(context.Context) error)) {
	start(srv.pushing.hub.Run)
	start(srv.pushing.pinger.Run)
}

// hub answers /hub, where the configuration has one.
func (s *site) hub(w http.ResponseWriter, r *http.Request) {
	if now := s.now.Load(); s.pushing == nil || cmp.Or(now.Publish.Hub, "off") != "builtin" {
		s.pages.ServeHTTP(w, r) // which says that there is nothing
		return
	}
	s.pushing.hub.ServeHTTP(w, r)
}
