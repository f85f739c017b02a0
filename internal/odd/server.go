package odd

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Network holds the addresses of all behaviours, and none of the trap.
const Network = "127.64.0.0/10"

// A Server lets behaviours happen, each on hosts of its own: every address of
// 127.0.0.0/8 is this machine's, and one more host costs nothing.
type Server struct {
	round  atomic.Int64
	stages []*stage
	sound  []*stage // sites that do nothing odd
	trap   *http.Server
	port   string // of the trap
	ca     *authority
	late   atomic.Int64 // the most that this machine was late by, in ns
	closed chan struct{}

	mu      sync.Mutex
	trapped map[string]int
}

// A stage is where one behaviour happens.
type stage struct {
	Behaviour
	family string
	server *Server
	// self is where it listens; other is a second host of the same site.
	self, other string
	servers     [2]*http.Server

	mu       sync.Mutex
	visits   map[string]int
	requests []Request
}

// A Request is one that came.
type Request struct {
	Round        int
	Path         string
	URI          string // as it was sent
	Method, Host string
	Proto        string
	Header       http.Header
	Other        bool   // it came to the second host
	From         string // the connection's other end
	Began, Ended time.Time
	Sent         int64 // bytes of the body that went out
}

// Start lets all behaviours happen.
func Start() (*Server, error) {
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	s := &Server{ca: ca, trapped: map[string]int{}, closed: make(chan struct{})}
	go s.watchClock()
	s.round.Store(First)
	bombs() // they take a moment to fill
	if err := s.setTrap(); err != nil {
		return nil, err
	}
	for _, f := range Families() {
		for _, b := range f.Behaviours {
			st := &stage{Behaviour: b, family: f.Name, server: s, visits: map[string]int{}}
			s.stages = append(s.stages, st)
			if err := st.listen(len(s.stages)); err != nil {
				s.Close()
				return nil, fmt.Errorf("%s: %w", b.Name, err)
			}
		}
	}
	return s, nil
}

// setTrap listens where nobody may be led to.
func (s *Server) setTrap() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, s.port, _ = net.SplitHostPort(l.Addr().String())
	s.trap = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.trapped[strings.Trim(r.URL.Path, "/")]++
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/rss+xml")
		io.WriteString(w, rss(`<item><title>Secrets of the machine</title><guid>secret</guid></item>`))
	})}
	go s.trap.Serve(l)
	return nil
}

func (st *stage) listen(n int) error {
	for i, where := range []*string{&st.self, &st.other} {
		ip := fmt.Sprintf("127.%d.%d.%d", 64+i, n/250, 1+n%250)
		l, err := net.Listen("tcp4", ip+":0")
		if err != nil {
			return err
		}
		*where = "http://" + l.Addr().String()
		if st.Closed {
			l.Close()
			continue
		}
		if st.TLS != nil {
			var config *tls.Config
			if config, *where, err = st.TLS(st.server.ca).at(ip, l); err != nil {
				return err
			}
			l = tls.NewListener(l, config)
		}
		st.servers[i] = &http.Server{
			Handler: st, MaxHeaderBytes: 1 << 20, ErrorLog: silent, Protocols: protocols(),
			ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		}
		go st.servers[i].Serve(l)
	}
	return nil
}

func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	return p
}

// Close ends all listening.
func (s *Server) Close() {
	close(s.closed)
	s.trap.Close()
	for _, st := range slices.Concat(s.stages, s.sound) {
		for _, server := range st.servers {
			if server != nil {
				server.Close()
			}
		}
	}
}

// Sound lets so many sites do nothing odd, beside all others, each on a host of
// its own, and says the addresses of their feeds.
func (s *Server) Sound(n int) (feeds []string, err error) {
	for i := range n {
		st := &stage{Behaviour: Behaviour{Name: fmt.Sprintf("sound-%d", i), Serve: func(a *Ask) { a.conditional("ETag", `"v1"`) }}, family: "sound", server: s, visits: map[string]int{}}
		if err := st.listen(len(s.stages) + len(s.sound) + 1); err != nil {
			return nil, err
		}
		s.sound = append(s.sound, st)
		feeds = append(feeds, st.self+"/feed")
	}
	return feeds, nil
}

// Visits are when the sound sites were asked, each by itself.
func (s *Server) Visits() (all [][]time.Time) {
	for _, st := range s.sound {
		st.mu.Lock()
		var times []time.Time
		for _, r := range st.requests {
			times = append(times, r.Began)
		}
		st.mu.Unlock()
		all = append(all, times)
	}
	return all
}

// Hostile are the names of the sources that mean harm: those of the families
// that end, swell or break answers.
func (s *Server) Hostile() (names []string) {
	for _, st := range s.stages {
		switch st.family {
		case "network", "endings", "encodings", "documents":
			names = append(names, st.Name)
		}
	}
	return names
}

// watchClock finds how late this machine is where it has more to do than it can:
// nobody else is to blame for that.
func (s *Server) watchClock() {
	const every = 10 * time.Millisecond
	for last := time.Now(); ; {
		select {
		case <-time.After(every):
		case <-s.closed:
			return
		}
		now := time.Now()
		s.late.Store(max(s.late.Load(), int64(now.Sub(last)-every)))
		last = now
	}
}

// Late is the most that this machine was late by.
func (s *Server) Late() time.Duration { return time.Duration(s.late.Load()) }

// Begin says which round comes.
func (s *Server) Begin(round int) { s.round.Store(int64(round)) }

// ServeHTTP writes down who came, and lets the behaviour answer.
func (st *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &counter{ResponseWriter: w}
	st.mu.Lock()
	st.visits[r.URL.Path]++
	a := &Ask{counter: c, Request: r, Visit: st.visits[r.URL.Path], stage: st}
	n := len(st.requests)
	st.requests = append(st.requests, Request{
		Round: int(st.server.round.Load()), Path: r.URL.Path, URI: r.RequestURI, Method: r.Method, Host: r.Host, Proto: r.Proto,
		Header: r.Header.Clone(), Other: localAddress(r) == hostOf(st.other), From: r.RemoteAddr, Began: time.Now(),
	})
	st.mu.Unlock()
	defer func() {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.requests[n].Ended, st.requests[n].Sent = time.Now(), c.sent
	}()
	if st.Serve == nil {
		a.feed()
		return
	}
	st.Serve(a)
}

func localAddress(r *http.Request) string {
	return fmt.Sprint(r.Context().Value(http.LocalAddrContextKey))
}

func hostOf(base string) string {
	_, host, _ := strings.Cut(base, "://")
	return host
}

// Sources are the sources of all behaviours, as the configuration lists them;
// more are further keys of each.
func (s *Server) Sources(more string) string {
	var b strings.Builder
	b.WriteString("sources:\n")
	for _, st := range s.stages {
		for i := range max(1, st.Sources) {
			address := st.URL
			if address == "" {
				address = "{self}/feed"
			}
			if i > 0 {
				address += fmt.Sprint(i + 1)
			}
			// Every other source may write the same machine as another host.
			address = strings.Replace(address, "{v4}", []string{"{host}", "{mapped_host}"}[i%2], 1)
			topics := fmt.Sprintf(", topics: [%s]", st.Name)
			if st.Unpublished {
				topics = ""
			}
			keys := more
			if st.Keys != "" {
				keys += ", " + st.Keys
			}
			fmt.Fprintf(&b, "  - { url: %q, name: %s%s%s }\n", st.expand(address), st.source(i), topics, st.expand(keys))
		}
	}
	return b.String()
}

// Topics are a topic for each behaviour.
func (s *Server) Topics() string {
	var b strings.Builder
	b.WriteString("topics:\n")
	for _, st := range s.stages {
		if !st.Unpublished {
			fmt.Fprintf(&b, "  - { name: %s }\n", st.Name)
		}
	}
	return b.String()
}

// Files are what the sources' keys name.
func (s *Server) Files() map[string][]byte { return s.ca.files() }

// source is the name of a behaviour's i-th source.
func (st *stage) source(i int) string {
	if i == 0 {
		return st.Name
	}
	return fmt.Sprintf("%s-%d", st.Name, i+1)
}

// expand fills in what only a running server knows.
func (st *stage) expand(text string) string {
	return strings.NewReplacer(
		"{self}", st.self, "{other}", st.other, "{host}", hostOf(st.self), "{other_host}", hostOf(st.other), "{mapped_host}", "[::ffff:"+strings.Replace(hostOf(st.self), ":", "]:", 1), "{name}", st.Name, "{trap}", st.server.port,
	).Replace(text)
}
