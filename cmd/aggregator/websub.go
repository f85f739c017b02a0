package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"aggregator/internal/config"
	"aggregator/internal/news"
	"aggregator/internal/poll"
	"aggregator/internal/publish"
	"aggregator/internal/store"
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

// pushing is what a daemon runs of WebSub, beside polling and serving. A site
// that runs nothing has none.
type pushing struct {
	rooms atomic.Pointer[rooms]
	mine  atomic.Bool // where there are replicas: it is our turn
}

func (p *pushing) at() *rooms { return p.rooms.Load() }

// newPushing gives what s needs for it. It begins with usePushing.
func (s *site) newPushing() *pushing {
	p := &pushing{}
	p.rooms.Store(s.newRooms())
	return p
}

func (s *site) newRooms() *rooms {
	return &rooms{
		hub:    websub.NewHub(s.store, websub.Options{Log: s.log, Render: s.feeds.Push}),
		pinger: websub.NewPinger(s.log),
		subscriber: websub.NewSubscriber(s.store, websub.SubscriberOptions{
			Log: s.log,
			Pushed: func(ctx context.Context, key string, h http.Header, body []byte) error {
				_, err := s.poller.Pushed(ctx, key, h, body)
				return err
			},
			Ended: s.poller.Reconsider,
		}),
	}
}

// usePushing gives it another configuration.
func (s *site) usePushing(now *setup) {
	if s.pushing == nil {
		return
	}
	w := s.websubOf(now)
	is := s.pushing.at()
	is.hub.Use(w)
	w.Client = now.hubs
	is.pinger.Use(w)
	sources, err := s.hubsOfSources(now)
	if err != nil {
		s.log.Error("which hubs the sources have is not known before they are polled", "error", err)
	}
	is.subscriber.Use(now.hubs, callbackBase(now.Config), sources)
}

// hubsOfSources is what is known of the hubs of sources.
func (s *site) hubsOfSources(now *setup) ([]websub.Source, error) {
	ctx, cancel := context.WithTimeout(context.Background(), strangerTimeout)
	defer cancel()
	polls, failure := map[string]news.Poll{}, error(nil)
	for p, err := range s.store.Polls(ctx) {
		if failure = err; err != nil {
			break
		}
		polls[p.Source] = p
	}
	var sources []websub.Source
	for _, src := range now.Sources {
		p := polls[src.Key]
		sources = append(sources, websub.Source{
			Key: src.Key, Hub: hubNamed(now.Config, p), Topic: topicOf(src.URL, p), Polled: !p.Good.IsZero(),
			MaxSize: cmp.Or(src.Access.MaxSize, now.Fetch.MaxSize),
		})
	}
	return sources, failure
}

// hubNamed is the hub that a source names; ours has nothing to tell us.
func hubNamed(cfg *config.Config, p news.Poll) string {
	if u, err := url.Parse(p.Hub); err != nil || u.Scheme != "http" && u.Scheme != "https" || p.Hub == cfg.URL+"/hub" {
		return ""
	}
	return p.Hub
}

// topicOf is the address by which a source's hub knows it: what it says itself,
// else the one that is asked (WebSub 4).
func topicOf(configured string, p news.Poll) string {
	if u, err := url.Parse(p.Self); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return p.Self
	}
	return cmp.Or(p.Ask, configured)
}

// callbackBase is the address below which hubs find us; "" where they cannot: if
// nothing is served, no `url` is given, or it is in a network that is not open to
// sources either.
func callbackBase(cfg *config.Config) string {
	if cfg.Listen == "" || cfg.URL == config.DefaultURL(cfg.Listen) || !openTo(cfg.URL, cfg.Fetch.AllowNetworks) {
		return ""
	}
	return cfg.URL
}

// openTo says that an address is public, or in one of the networks.
func openTo(address string, allowed []netip.Prefix) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil {
		private := ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
		return !private || slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	local := !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal")
	return !local
}

// visited hands on which hubs sources name, and whether they keep their word.
func (s *site) visited(vs ...poll.Visited) {
	if s.pushing == nil {
		return
	}
	now := s.now.Load()
	for _, v := range vs {
		if v.Pushed || v.Skipped != "" || v.Err != nil {
			continue
		}
		if i := slices.IndexFunc(now.Sources, func(src config.Source) bool { return src.Key == v.Key }); i >= 0 {
			src := websub.Source{Key: v.Key, Hub: hubNamed(now.Config, v.Poll), Topic: topicOf(now.Sources[i].URL, v.Poll)}
			s.pushing.at().subscriber.Polled(src, v.Missed > 0)
		}
	}
}

// word is what a source's hub has promised.
func (p *pushing) word(key string) poll.Push {
	if p == nil {
		return poll.Push{}
	}
	hub, since, until := p.at().subscriber.Word(key)
	return poll.Push{By: hub, Since: since, Until: until}
}

// state is how our subscription for a source is.
func (p *pushing) state(key string) (state, why string, last time.Time) {
	if p == nil {
		return "", "", time.Time{}
	}
	return p.at().subscriber.State(key)
}

// changed tells it of topics; nil stands for all.
func (p *pushing) changed(topics []string) {
	if p == nil {
		return
	}
	p.at().hub.Changed(topics)
	p.at().pinger.Changed(topics)
}

// lost: the store lost what it kept, of subscriptions too.
func (p *pushing) lost(ctx context.Context, log *slog.Logger) {
	if p == nil {
		return
	}
	p.at().subscriber.Lost()
	for {
		err := p.at().hub.Lost(ctx)
		if err == nil {
			return
		}
		log.Debug("where the log ends now cannot be asked for the hub; will try again", "error", err)
		if !pause(ctx, time.Second) {
			return
		}
	}
}

// push does all of it until ctx ends.
func (srv *server) push(start func(func(context.Context) error)) {
	srv.usePushing(srv.now.Load())
	if shared, is := srv.store.(store.Shared); is {
		start(func(ctx context.Context) error { return srv.pushInTurn(ctx, shared) })
		return
	}
	for _, run := range srv.pushing.at().runs() {
		start(run)
	}
}

// hub answers /hub, where the configuration has one.
func (s *site) hub(w http.ResponseWriter, r *http.Request) {
	if now := s.now.Load(); s.pushing == nil || cmp.Or(now.Publish.Hub, "off") != "builtin" {
		s.pages.ServeHTTP(w, r) // which says that there is nothing
		return
	}
	if !s.handOn(w, r) {
		s.pushing.at().hub.ServeHTTP(w, r)
	}
}

// callback answers /websub/ID.
func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	if s.pushing == nil {
		s.pages.ServeHTTP(w, r)
		return
	}
	if !s.handOn(w, r) {
		s.pushing.at().subscriber.ServeHTTP(w, r)
	}
}
