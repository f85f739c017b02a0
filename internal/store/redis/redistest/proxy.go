package redistest

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// A Proxy stands before a server and breaks what is said.
type Proxy struct {
	Address string
	// Deaf has the next answers of any connection be lost, and the connection with
	// them, so many times.
	Deaf atomic.Int32
	// Mute has answers wait for good.
	Mute atomic.Bool
}

// NewProxy runs one until the test ends.
func NewProxy(t testing.TB, server *Server) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &Proxy{Address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c, server.Address)
		}
	}()
	return p
}

func (p *Proxy) serve(c net.Conn, to string) {
	defer c.Close()
	s, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		io.Copy(s, c)
		s.Close()
	}()
	answer := make([]byte, 1<<16)
	for {
		n, err := s.Read(answer)
		if err != nil || p.Deaf.Load() > 0 && p.Deaf.Add(-1) >= 0 {
			return
		}
		if p.Mute.Load() {
			continue
		}
		if _, err := c.Write(answer[:n]); err != nil {
			return
		}
	}
}
