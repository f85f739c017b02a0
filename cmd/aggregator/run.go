package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/fsnotify/fsnotify"
	"github.com/spf13/cobra"

	"aggregator/internal/config"
	"aggregator/internal/poll"
	"aggregator/internal/quick"
)

const (
	// settle is how long a change waits for others before the static tree is
	// written, and a saved file before it is read again.
	settle = 500 * time.Millisecond
	// lastWords is how long requests under way may take when we stop.
	lastWords = 5 * time.Second
)

func (c *command) runCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "The daemon: poll on schedule, publish, serve", Args: cobra.NoArgs,
		Long: `run polls every source as it falls due, files what comes, and serves the pages
and feeds. SIGTERM and Ctrl-C end it after what is under way is kept; SIGHUP,
"aggregator reload" or saving the configuration has it read again.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			return c.serve(cmd.Context(), cfg, nil)
		},
	}
}

// A server is a site that runs.
type server struct {
	*site
	c     *command
	live  *live
	dirty chan struct{} // something is to be written to publish.dir
	bound string        // host:port that we listen at; "" if nowhere
}

// serve runs a configuration until ctx ends. ready is told the address once
// it serves; it may be nil.
func (c *command) serve(ctx context.Context, cfg *config.Config, ready func(*server, string)) (err error) {
	srv := &server{c: c, live: c.newLive(), dirty: make(chan struct{}, 1)}
	defer srv.live.stop()
	log := c.logger(srv.live)
	var count *metrics
	o := poll.Options{
		Log: log, Scheduled: true,
		Visited: func(vs ...poll.Visited) {
			count.visited(vs...)
			srv.visited(vs...)
			srv.live.visited(vs...)
		},
		Changed: func([]string) { srv.soil() },
	}
	s, err := open(ctx, cfg, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.store.Close()) }()
	srv.site, s.running, s.reload, s.pushing = s, true, srv.read, s.newPushing()
	count = newMetrics(s)
	return srv.run(ctx, count, ready)
}

// run joins what runs side by side; the first to fail ends all.
func (srv *server) run(ctx context.Context, count *metrics, ready func(*server, string)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop(nil)
	start := func(do func(context.Context) error) {
		wg.Go(func() {
			if err := do(ctx); err != nil {
				stop(err)
			}
		})
	}
	address, err := srv.listen(ctx, count, start)
	if err != nil {
		return err
	}
	if err := srv.listenControl(ctx, srv.c.env); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	start(srv.watch)
	start(srv.writeOften)
	srv.push(start)
	srv.tellStart(address)
	if ready != nil {
		ready(srv, address)
	}
	daemon.SdNotify(false, daemon.SdNotifyReady)
	err = srv.poller.Run(ctx)
	daemon.SdNotify(false, daemon.SdNotifyStopping)
	if err == nil {
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			err = cause
		}
	}
	stop(nil)
	wg.Wait()
	err = errors.Join(err, srv.writeTree(context.WithoutCancel(ctx)))
	srv.log.Info("stopped")
	return err
}

func (srv *server) tellStart(address string) {
	now := srv.now.Load()
	about := []any{"sources", len(now.Sources), "topics", len(now.Topics), "version", version}
	if address == "" {
		srv.log.Info("polling; `listen` is empty, so nothing is served", append([]any{"dir", now.Publish.Dir}, about...)...)
		return
	}
	srv.log.Info("serving", append([]any{"address", address, "page", now.URL + "/"}, about...)...)
}

// listen serves the site, if the configuration says where.
func (srv *server) listen(ctx context.Context, count *metrics, start func(func(context.Context) error)) (string, error) {
	at := srv.now.Load().Listen
	if at == "" {
		return "", nil
	}
	l, err := net.Listen("tcp", at)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", fmt.Errorf("listen %s: something else is there already; stop it, or write another `listen:`", at)
	}
	if err != nil {
		return "", fmt.Errorf("listen %s: %w", at, err)
	}
	srv.bound = l.Addr().String()
	if now := srv.now.Load(); srv.reached(now.Config) != now.Config {
		is := *now
		is.Config = srv.reached(now.Config)
		srv.show(&is)
	}
	server := &quick.Server{Simple: isFeed, Server: &http.Server{
		Handler: srv.handler(count.handler()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(srv.log.Handler(), slog.LevelDebug),
	}}
	start(func(context.Context) error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	start(func(ctx context.Context) error {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		if err := server.Shutdown(last); err != nil {
			return server.Close()
		}
		return nil
	})
	return srv.bound, nil
}

// reached is the configuration with the address that was found for a listener
// on any port, where the feeds are to name themselves by it.
func (srv *server) reached(cfg *config.Config) *config.Config {
	_, port, _ := net.SplitHostPort(cfg.Listen)
	_, found, _ := net.SplitHostPort(srv.bound)
	if port != "0" || cfg.URL != config.DefaultURL(cfg.Listen) {
		return cfg
	}
	is := *cfg
	is.URL = strings.TrimSuffix(cfg.URL, ":0") + ":" + found
	return &is
}

func (s *site) handler(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("/hub", s.hub)
	mux.HandleFunc("/websub/", s.callback)
	mux.Handle("/topics.opml", s.feeds)
	mux.Handle("/", s.pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Feeds are most of what is asked for: the mux, which cleans paths and
		// compares patterns, costs as much as the rest of an answer.
		if isFeed(r.URL.Path) {
			s.feeds.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func isFeed(path string) bool {
	return strings.HasPrefix(path, "/topics/") &&
		(strings.HasSuffix(path, ".atom") || strings.HasSuffix(path, ".rss") || strings.HasSuffix(path, ".json"))
}

// soil says that the static tree is behind.
func (srv *server) soil() {
	select {
	case srv.dirty <- struct{}{}:
	default:
	}
}

// writeOften brings the static tree up to date, a moment after each change.
func (srv *server) writeOften(ctx context.Context) error {
	srv.soil()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-srv.dirty:
		}
		if !pause(ctx, settle) {
			return nil
		}
		if err := srv.writeTree(ctx); err != nil {
			srv.log.Error("static files are not up to date; the next change tries again", "dir", srv.now.Load().Publish.Dir, "error", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// watch reads the configuration again at SIGHUP and when one of its files is
// saved. Folders are watched: editors replace files.
func (srv *server) watch(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		srv.log.Warn("saved files are not noticed; use SIGHUP or `aggregator reload`", "error", err)
		watcher = &fsnotify.Watcher{}
	} else {
		defer watcher.Close()
	}
	for {
		files := srv.watchFiles(watcher)
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			srv.read(ctx)
		case err := <-watcher.Errors:
			srv.log.Warn("a saved file may have gone unnoticed; `aggregator reload` reads it", "error", err)
		case e := <-watcher.Events:
			if files[filepath.Clean(e.Name)] && !e.Has(fsnotify.Chmod) && pause(ctx, settle) {
				drain(watcher.Events)
				srv.read(ctx)
			}
		}
	}
}

func (srv *server) watchFiles(w *fsnotify.Watcher) map[string]bool {
	files := map[string]bool{}
	for _, f := range srv.now.Load().Files {
		path, err := filepath.Abs(f)
		if err != nil {
			continue
		}
		files[path] = true
		if err := w.Add(filepath.Dir(path)); err != nil {
			srv.log.Debug("cannot watch", "folder", filepath.Dir(path), "error", err)
		}
	}
	return files
}

func drain(events chan fsnotify.Event) {
	for {
		select {
		case <-events:
		default:
			return
		}
	}
}

// read reads the configuration again. One with faults changes nothing.
func (srv *server) read(ctx context.Context) (changes poll.Changes, err error) {
	cfg, err := config.Load(srv.c.path(), srv.c.env)
	if err == nil {
		changes, err = srv.change(ctx, srv.reached(cfg))
	}
	if err != nil {
		srv.log.Error("not reloaded; the configuration from before stays in force", "error", err)
		return changes, err
	}
	srv.log.Info("reloaded", "sources", len(cfg.Sources), "topics", len(cfg.Topics))
	srv.soil()
	return changes, nil
}
