// Package quick answers the simplest of requests at half of what net/http needs
// for one: a GET on a kept-alive connection, whole in one piece, with nothing in
// it but headers that feed readers send. Whatever is the least bit different
// goes to net/http with all that was read, and the connection stays there.
//
// net/http starts a goroutine for each request, to hear of a client that goes
// away, and moves three deadlines: with that, feeds were served at four tenths of
// what nginx does with files; this way at eight. The request is parsed so
// strictly that there is nothing to misread, and the answer is the same handler's:
// FuzzSame holds both to what net/http would have said.
//
// Read quick.go for the connections, parse.go for what is simple, writer.go for
// the answer.
package quick

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// headSize is of a whole request; feed readers send some 300 bytes.
	headSize = 2048
	// renew is how late an idle connection may end: to move its deadline at every
	// request costs more than to read it.
	renew = 15 * time.Second
)

// A Server is net/http's, and before it a short way to Handler for the paths
// that are Simple.
type Server struct {
	*http.Server
	// Simple says of a path of letters, digits and -._/ that Handler answers it,
	// changes nothing of the request, and keeps nothing of it or of the writer.
	Simple func(path string) bool

	clock clock
}

// Serve accepts connections until the http.Server is shut down; see there.
func (s *Server) Serve(l net.Listener) error {
	d := &door{Listener: l, handed: make(chan net.Conn), shut: make(chan struct{}), inside: map[net.Conn]bool{}}
	go d.admit(s)
	return s.Server.Serve(d)
}

// A door gives net/http the connections that it is to have.
type door struct {
	net.Listener
	handed chan net.Conn
	shut   chan struct{}
	once   sync.Once
	failed error // of accepting; shut is closed then

	mu     sync.Mutex
	inside map[net.Conn]bool // those on the short way
}

func (d *door) admit(s *Server) {
	for {
		c, err := d.Listener.Accept()
		if isTemporary(err) {
			time.Sleep(5 * time.Millisecond) // out of files: as net/http does
			continue
		}
		if err != nil {
			d.end(err)
			return
		}
		if d.enter(c) {
			go s.talk(d, c)
		}
	}
}

// isTemporary: accepting can go on, as net/http judges it.
func isTemporary(err error) bool {
	t, ok := err.(interface{ Temporary() bool })
	return ok && t.Temporary()
}

// Accept implements net.Listener for net/http.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.handed:
		return c, nil
	case <-d.shut:
		return nil, d.failed
	}
}

// Close lets nobody in, and those out who wait for their next request.
func (d *door) Close() error {
	d.end(net.ErrClosed)
	err := d.Listener.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.inside {
		c.SetReadDeadline(time.Unix(1, 0))
	}
	return err
}

func (d *door) end(why error) {
	d.once.Do(func() {
		d.failed = why
		close(d.shut)
	})
}

func (d *door) enter(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if isShut(d.shut) {
		c.Close()
		return false
	}
	d.inside[c] = true
	return true
}

func (d *door) leave(c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inside, c)
}

// hand gives a connection to net/http, with what was read of it.
func (d *door) hand(c net.Conn, read []byte) {
	c.SetReadDeadline(time.Time{})
	select {
	case d.handed <- &replayed{Conn: c, rest: bytes.Clone(read)}:
	case <-d.shut:
		c.Close()
	}
}

// replayed is a connection of which something was read already.
type replayed struct {
	net.Conn
	rest []byte
}

func (r *replayed) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// talk answers requests while they are simple.
func (s *Server) talk(d *door, c net.Conn) {
	defer d.leave(c)
	defer func() {
		if p := recover(); p != nil {
			c.Close()
			if s.ErrorLog != nil {
				s.ErrorLog.Printf("quick: panic serving %v: %v\n%s", c.RemoteAddr(), p, debug.Stack())
			}
		}
	}()
	var buf, last [headSize]byte
	known := 0 // bytes of last
	r := &http.Request{Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, URL: &url.URL{}, Body: http.NoBody, RemoteAddr: c.RemoteAddr().String()}
	w := &writer{conn: c, clock: &s.clock, header: http.Header{}}
	d.wait(c, s.ReadHeaderTimeout)
	var renewed time.Time
	for {
		n, err := c.Read(buf[:])
		if err != nil {
			c.Close()
			return
		}
		// A client that asks again asks the same.
		if head := buf[:n]; !bytes.Equal(head, last[:known]) {
			if !parse(head, r) || !s.Simple(r.URL.Path) {
				d.hand(c, head)
				return
			}
			known = copy(last[:], head)
		}
		w.begin()
		s.Handler.ServeHTTP(w, r)
		if err := w.end(); err != nil || isShut(d.shut) {
			c.Close()
			return
		}
		if now := time.Now(); now.Sub(renewed) > renew {
			d.wait(c, s.IdleTimeout)
			renewed = now
		}
	}
}

// wait bounds how long the next request may be waited for; 0: not at all. A door
// that was shut stays so.
func (d *door) wait(c net.Conn, most time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if isShut(d.shut) {
		return
	}
	until := time.Time{}
	if most > 0 {
		until = time.Now().Add(most)
	}
	c.SetReadDeadline(until)
}

func isShut(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
