package main

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"aggregator/internal/store"
	"aggregator/internal/websub"
)

// Of several replicas one at a time does all of WebSub: whoever has the lease. The
// others hand it the requests of hubs and subscribers, and look every now and then
// at what hubs have promised.
const (
	turnLease = "websub"
	// markTurn is where that replica is reached by the others.
	markTurn = "websub at"
	turnFor  = 15 * time.Second
	turnAsk  = 5 * time.Second // for it, or to keep it
	lookHubs = time.Minute
	// handedOn is a header of requests that come from another replica: they go no
	// further.
	handedOn = "Aggregator-Replica"
)

// pushInTurn does all of WebSub whenever it is ours to do, until ctx ends.
func (srv *server) pushInTurn(ctx context.Context, shared store.Shared) error {
	at := srv.reachedByOthers(srv.now.Load())
	looked := time.Now()
	for ctx.Err() == nil {
		mine, err := shared.Lease(ctx, turnLease, at, turnFor)
		if err == nil && mine {
			err = srv.takeTurn(ctx, shared, at)
		}
		if err != nil && ctx.Err() == nil {
			srv.log.Debug("whose turn WebSub is cannot be asked", "error", err)
		}
		if time.Since(looked) > lookHubs {
			looked = time.Now()
			if err := srv.pushing.at().subscriber.Remember(ctx); err != nil {
				srv.log.Debug("what hubs promised cannot be looked at", "error", err)
			}
		}
		pause(ctx, turnAsk)
	}
	return nil
}

// takeTurn runs it until the lease cannot be kept.
func (srv *server) takeTurn(ctx context.Context, shared store.Shared, at string) error {
	if err := keepMark(ctx, shared, markTurn, at); err != nil {
		return err
	}
	srv.log.Info("WebSub is this replica's turn")
	is := srv.site.newRooms()
	srv.pushing.rooms.Store(is)
	srv.usePushing(srv.now.Load())
	turn, end := context.WithCancel(ctx)
	var under sync.WaitGroup
	defer under.Wait()
	defer end()
	defer srv.pushing.mine.Store(false)
	srv.pushing.mine.Store(true)
	for _, run := range is.runs() {
		under.Go(func() {
			if err := run(turn); err != nil {
				srv.log.Error("WebSub stops here; a replica takes its turn soon", "error", err)
				end()
			}
		})
	}
	renewed, looked := time.Now(), time.Now()
	for pause(turn, turnAsk) {
		switch mine, err := shared.Lease(ctx, turnLease, at, turnFor); {
		case err == nil && !mine, time.Since(renewed) > turnFor:
			return err
		case err == nil:
			renewed = time.Now()
		}
		if time.Since(looked) > lookHubs { // which hubs there are, other replicas find out
			looked = time.Now()
			srv.usePushing(srv.now.Load())
		}
	}
	_, err := shared.Lease(context.WithoutCancel(ctx), turnLease, at, 0)
	return err
}

func keepMark(ctx context.Context, s store.Store, name, value string) error {
	at, err := s.At(ctx)
	if err != nil {
		return err
	}
	_, err = s.Append(ctx, at, store.Batch{Marks: map[string]string{name: value}})
	return err
}

// reachedByOthers is an address of ours that other replicas can reach: what we
// listen at, or where that is everywhere, what the store knows us by.
func (srv *server) reachedByOthers(now *setup) string {
	host, port, err := net.SplitHostPort(srv.bound)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if u, err := url.Parse(now.Store.URL); err == nil && u.Host != "" {
			host = cmp.Or(outward(u.Host), host)
		}
	}
	return "http://" + net.JoinHostPort(host, port)
}

// outward is our own address on the way to the first of some hosts. Nothing is
// sent.
func outward(hosts string) string {
	to, _, _ := strings.Cut(hosts, ",")
	if _, _, err := net.SplitHostPort(to); err != nil {
		to = net.JoinHostPort(to, "6379")
	}
	c, err := net.Dial("udp", to)
	if err != nil {
		return ""
	}
	defer c.Close()
	host, _, _ := net.SplitHostPort(c.LocalAddr().String())
	return host
}

// handOn gives a request to the replica whose turn WebSub is. false: it is ours.
func (s *site) handOn(w http.ResponseWriter, r *http.Request) bool {
	if _, shared := s.store.(store.Shared); !shared || s.pushing.mine.Load() {
		return false
	}
	at, err := s.store.Mark(r.Context(), markTurn)
	to, bad := url.Parse(at)
	if err != nil || bad != nil || at == "" || r.Header.Get(handedOn) != "" {
		w.Header().Set("Retry-After", "30")
		http.Error(w, "The hub changes its place just now. Please try again soon.", http.StatusServiceUnavailable)
		return true
	}
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Host = p.In.Host
			p.Out.Header.Set(handedOn, "1")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.Header().Set("Retry-After", "30")
			http.Error(w, "The hub is not reached just now. Please try again soon.", http.StatusServiceUnavailable)
		},
	}
	proxy.ServeHTTP(w, r)
	return true
}

// rooms are what does WebSub for one turn.
type rooms struct {
	hub        *websub.Hub
	pinger     *websub.Pinger
	subscriber *websub.Subscriber
}

func (r *rooms) runs() []func(context.Context) error {
	return []func(context.Context) error{r.hub.Run, r.pinger.Run, r.subscriber.Run}
}
