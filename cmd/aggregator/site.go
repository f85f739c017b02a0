package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"aggregator/internal/config"
	"aggregator/internal/dedupe"
	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/page"
	"aggregator/internal/poll"
	"aggregator/internal/publish"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
	"aggregator/internal/store/redis"
	"aggregator/internal/topic"
)

// A site is the rooms of one configuration, built and joined.
type site struct {
	now    atomic.Pointer[setup]
	store  store.Store
	poller *poll.Poller
	feeds  *publish.Publisher
	pages  *page.Pages
	// running says that poller.Run runs; reload is the daemon's, else nil.
	running bool
	reload  func(context.Context) (poll.Changes, error)
	pushing *pushing // the daemon's, else nil
	healing atomic.Bool
	log     *slog.Logger
}

// A setup is what a reload replaces.
type setup struct {
	*config.Config
	filer     *topic.Filer
	strangers *http.Client // for addresses that strangers name
	hubs      *http.Client // for hubs, which may have moved
}

// polled is how long what was fetched may wait to be kept, before another replica
// polls the source, too.
const polled = 10 * time.Second

// errNothingKept is what one who only looks hears before the first poll.
var errNothingKept = errors.New("nothing is kept yet; the first poll files what it brings")

// open builds the rooms. o says what the poller tells; its Log is needed.
func open(ctx context.Context, cfg *config.Config, o poll.Options) (*site, error) {
	if _, err := os.Stat(cfg.Store.Path); o.Look && cfg.Store.Scheme == "file" && errors.Is(err, fs.ErrNotExist) {
		return nil, errNothingKept
	}
	kept, err := openStore(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if at, err := kept.At(ctx); o.Look && cfg.Store.Scheme != "file" && (err != nil || at == 0) {
		return nil, errors.Join(cmp.Or(err, errNothingKept), kept.Close())
	}
	s := &site{store: kept, log: o.Log}
	if err := s.join(ctx, cfg, o); err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	return s, nil
}

func (s *site) join(ctx context.Context, cfg *config.Config, o poll.Options) error {
	plan, now, err := planOf(cfg)
	if err != nil {
		return err
	}
	s.now.Store(now)
	told := o.Changed
	o.Changed = func(topics []string) {
		s.feeds.Changed(topics)
		s.pushing.changed(topics)
		if told != nil {
			told(topics)
		}
	}
	o.Healing = func(still bool) {
		s.healing.Store(still)
		s.feeds.Hold(still)
		if still {
			go s.pushing.lost(ctx, o.Log)
		}
	}
	o.Touched = func(stories []news.Position) { s.feeds.Touched(stories) }
	o.Push = func(key string) poll.Push { return s.pushing.word(key) }
	s.feeds = publish.New(s.store, feedsOf(cfg), o.Log)
	s.poller, err = poll.Open(ctx, s.store, plan, o)
	if err != nil {
		return err
	}
	s.feeds.Match = s.poller.Match
	if _, shared := s.poller.Sharing(); shared {
		s.feeds.Whole = s.poller.Whole
	}
	s.pages = page.New(s.store, pagesOf(cfg, now.filer), s.doors(), o.Log)
	return nil
}

func openStore(ctx context.Context, cfg *config.Config) (store.Store, error) {
	at := cfg.Store
	if at.Scheme == "file" {
		return bolt.Open(at.Path)
	}
	return redis.Open(ctx, redis.Address{
		URL: at.URL, User: at.User, Password: at.Password, Prefix: at.Prefix,
		CAFile: at.TLS.CAFile, CertFile: at.TLS.CertFile, KeyFile: at.TLS.KeyFile,
	})
}

// planOf is the part of a configuration that polling needs.
func planOf(cfg *config.Config) (poll.Plan, *setup, error) {
	filer, err := topic.New(cfg.Rules())
	if err != nil {
		return poll.Plan{}, nil, err
	}
	agent := "aggregator/" + version
	if cfg.Contact != "" {
		agent += " (+" + cfg.Contact + ")"
	}
	fetcher, err := fetch.New(fetch.Options{
		UserAgent: agent, Timeout: cfg.Fetch.Timeout, MaxSize: cfg.Fetch.MaxSize,
		AllowNetworks: cfg.Fetch.AllowNetworks, Proxy: cfg.Fetch.Proxy, Retain: cfg.Retain,
	})
	if err != nil {
		return poll.Plan{}, nil, err
	}
	return poll.Plan{
		Sources: sourcesOf(cfg), Filer: filer, Fetcher: fetcher, Address: fetcher.Address, Read: fetcher.Read, Gone: fetcher.Gone,
		Prefer: cfg.Dedupe.Prefer, Window: cfg.Dedupe.Window, Retain: cfg.Retain, Events: cfg.Dedupe.Events,
		Spread: cfg.Fetch.Spread, Concurrency: cfg.Fetch.Concurrency,
		PerHost: cfg.Fetch.PerHost.Concurrency, Interval: cfg.Fetch.PerHost.Interval, Lease: leaseOf(cfg),
	}, &setup{cfg, filer, fetcher.Strangers(0, strangerTimeout), fetcher.Strangers(hubRedirects, strangerTimeout)}, nil
}

// leaseOf is longer than the slowest poll takes, with its way into the store.
func leaseOf(cfg *config.Config) time.Duration {
	longest := cfg.Fetch.Timeout
	for _, s := range cfg.Sources {
		longest = max(longest, s.Access.Timeout)
	}
	return longest + polled
}

func sourcesOf(cfg *config.Config) []poll.Source {
	var sources []poll.Source
	for _, s := range cfg.Sources {
		src := s.Source
		if s.BearerToken != "" {
			src.Access.Headers = maps.Clone(src.Access.Headers)
			if src.Access.Headers == nil {
				src.Access.Headers = map[string]string{}
			}
			src.Access.Headers["Authorization"] = "Bearer " + s.BearerToken
		}
		sources = append(sources, poll.Source{
			Source: src, Schedule: s.Schedule, MinInterval: s.MinInterval, Near: nearOf(s.Near),
			Drop: s.Drop, Keep: s.Keep, DropWhere: s.DropWhere, KeepWhere: s.KeepWhere,
		})
	}
	return sources
}

func nearOf(n config.Near) dedupe.Near {
	switch n {
	case config.NearOwn:
		return dedupe.NearOwn
	case config.NearOthers:
		return dedupe.NearOthers
	}
	return dedupe.NearOff
}

// feedsOf is the part of a configuration that publishing needs.
func feedsOf(cfg *config.Config) publish.Site {
	site := publish.Site{Title: cfg.Title, URL: cfg.URL, Events: cfg.Dedupe.Events, Hub: hubOf(cfg)}
	for _, t := range cfg.Topics {
		content := "summary"
		if t.Feed.Full {
			content = "full"
		}
		site.Topics = append(site.Topics, publish.Topic{
			Topic: t.Topic, Formats: t.Feed.Formats, Items: t.Feed.Items, MaxAge: t.Feed.MaxAge,
			MaxPerSource: t.Feed.MaxPerSource, Content: content, Also: t.Feed.Also, Keys: t.Feed.Access,
		})
	}
	return site
}

// change gives a running site another configuration: all of it, or nothing.
func (s *site) change(ctx context.Context, cfg *config.Config) (poll.Changes, error) {
	if was := s.now.Load(); cfg.Store.URL != was.Store.URL || cfg.Listen != was.Listen {
		s.log.Warn("`store` and `listen` change at the next start only", "store", was.Store.URL, "listen", was.Listen)
	}
	plan, now, err := planOf(cfg)
	if err != nil {
		return poll.Changes{}, err
	}
	return s.poller.Change(ctx, plan, func(write func() error) error {
		return s.feeds.Still(func() error {
			if err := write(); err != nil {
				return err
			}
			s.show(now)
			return nil
		})
	})
}

// show publishes what is kept as the configuration says.
func (s *site) show(now *setup) {
	s.now.Store(now)
	s.feeds.Use(feedsOf(now.Config))
	s.pages.Use(pagesOf(now.Config, now.filer))
	s.usePushing(now)
}

// pagesOf is the part of a configuration that the pages need.
func pagesOf(cfg *config.Config, filer *topic.Filer) page.Site {
	site := page.Site{Title: cfg.Title, URL: cfg.URL, Events: cfg.Dedupe.Events}
	for _, t := range cfg.Topics {
		site.Topics = append(site.Topics, page.Topic{
			Topic: t.Topic, Formats: t.Feed.Formats, Items: t.Feed.Items, Holds: filer.Describe(t.Name), Keys: t.Feed.Access,
		})
	}
	return site
}

func (s *site) doors() page.Doors {
	return page.Doors{
		Find: func(id string) (news.Position, bool) {
			raw, ok := storyID(id)
			pos := s.poller.Story(raw)
			return pos, ok && pos != 0
		},
		Event:   s.poller.Event,
		Sources: s.health,
		Match:   s.search,
	}
}

// writeTo writes the site as files: feeds and pages.
func (s *site) writeTo(ctx context.Context, dir string) error {
	if !s.running && s.now.Load().Dedupe.Events { // a story's page asks the log for its event
		if err := s.poller.CatchUp(ctx); err != nil {
			return err
		}
	}
	_, err := publish.WriteTree(dir, func(yield func(publish.File, error) bool) {
		for f, err := range s.feeds.Files(ctx) {
			if !yield(f, err) {
				return
			}
		}
		for f, err := range s.pages.Files(ctx) {
			if !yield(publish.File{Path: f.Path, Bytes: f.Bytes}, err) {
				return
			}
		}
	})
	return err
}
