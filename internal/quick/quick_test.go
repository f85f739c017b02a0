package quick

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// echo answers as a feed does, with what it was asked in it.
func echo(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/panic.atom") {
		panic("on purpose")
	}
	h := w.Header()
	h["Etag"] = []string{`"x"`}
	h.Set("Content-Type", "text/plain")
	if r.Header.Get("If-None-Match") == `"x"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.URL.Path == "/topics/none.atom" {
		http.Error(w, "There is none.", http.StatusNotFound)
		return
	}
	body := fmt.Sprintln(r.Method, r.URL.Path, r.URL.RawQuery, r.RequestURI, r.Host, r.Proto, r.ContentLength, r.Header)
	if r.URL.Path == "/topics/long.atom" {
		h.Set("Content-Length", fmt.Sprint(len(body)))
	}
	io.WriteString(w, body)
	if r.URL.Path == "/topics/parts.atom" {
		io.WriteString(w, "and more")
	}
}

func simple(path string) bool { return strings.HasSuffix(path, ".atom") }

// servers are ours and net/http's, with the same handler.
func servers(t testing.TB) (ours, theirs string, counted *atomic.Int32, stop func()) {
	counted = new(atomic.Int32)
	serve := func(start func(*http.Server, net.Listener) error) (string, *http.Server) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(echo), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
		go start(server, l)
		return l.Addr().String(), server
	}
	ours, one := serve(func(s *http.Server, l net.Listener) error {
		s.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				counted.Add(1) // handed over
			}
		}
		return (&Server{Server: s, Simple: simple}).Serve(l)
	})
	theirs, other := serve((*http.Server).Serve)
	return ours, theirs, counted, func() { one.Close(); other.Close() }
}

// An answer is what came, without what changes by the second.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// ask sends bytes, and reads all answers.
func ask(t testing.TB, at string, pieces ...string) (as []answer) {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.(*net.TCPConn).SetLinger(0) // fuzzing must not run out of ports
	c.SetDeadline(time.Now().Add(20 * time.Second))
	for i, p := range pieces {
		if i > 0 {
			time.Sleep(20 * time.Millisecond) // for it to be a piece of its own; correct either way
		}
		io.WriteString(c, p)
	}
	c.(*net.TCPConn).CloseWrite()
	for b := bufio.NewReader(c); ; {
		resp, err := http.ReadResponse(b, nil)
		if err != nil {
			return as
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.Header.Get("Date") == "" && resp.StatusCode < 400 {
			t.Error("an answer without a date")
		}
		resp.Header.Del("Date")
		as = append(as, answer{resp.StatusCode, resp.Header, string(body)})
	}
}

const plain = "GET /topics/china.atom HTTP/1.1\r\nHost: example.org\r\nUser-Agent: reader/1.0 (+https://r.example)\r\nAccept-Encoding: gzip, br\r\n\r\n"

// short are requests that take the short way, long those that do not.
var short = []string{
	plain,
	strings.Replace(plain, "Host", "HOST", 1),
	strings.Replace(plain, "\r\n\r\n", "\r\nIf-None-Match: \"x\"\r\nConnection: Keep-Alive\r\n\r\n", 1),
	strings.Replace(plain, "\r\n\r\n", "\r\nAccept:\r\nCache-Control:\tmax-age=0 \r\n\r\n", 1),
	strings.Replace(plain, "china", "none", 1),
	strings.Replace(plain, "china", "long", 1),
	strings.Replace(plain, "china", "parts", 1),
	"GET /topics/a/b-c.d_e.atom HTTP/1.1\r\nhost: localhost:80\r\n\r\n",
}

var long = []string{
	"", "GET", "\r\n", "\r\n\r\n", "\x16\x03\x01",
	strings.Replace(plain, "GET", "HEAD", 1),
	strings.Replace(plain, "GET", "POST", 1),
	strings.Replace(plain, "HTTP/1.1", "HTTP/1.0", 1),
	strings.Replace(plain, "HTTP/1.1", "HTTP/2.0", 1),
	strings.Replace(plain, " HTTP", "  HTTP", 1),
	strings.Replace(plain, "/topics", "http://example.org/topics", 1),
	strings.Replace(plain, "china", "chin%61", 1),
	strings.Replace(plain, ".atom", ".atom?token=secret", 1),
	strings.Replace(plain, "/china", "/../china", 1),
	strings.Replace(plain, "/china", "//china", 1),
	strings.Replace(plain, ".atom", ".html", 1),
	strings.Replace(plain, "Host: example.org\r\n", "", 1),
	strings.Replace(plain, "Host: example.org", "Host:", 1),
	strings.Replace(plain, "Host: example.org", "Host: a\r\nHost: b", 1),
	strings.Replace(plain, "Host:", "Host :", 1),
	strings.Replace(plain, "Host: example.org", "Host: ex ample", 1),
	strings.Replace(plain, "User-Agent", " User-Agent", 1),
	strings.Replace(plain, "reader", "rea\x00der", 1),
	strings.Replace(plain, "reader", "rea\nder", 1),
	strings.Replace(plain, "reader", "rea\rder", 1),
	strings.Replace(plain, "reader", "r\xe4der", 1),
	strings.ReplaceAll(plain, "\r\n", "\n"),
	strings.Replace(plain, "\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello", 1),
	strings.Replace(plain, "\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1),
	strings.Replace(plain, "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1),
	strings.Replace(plain, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1),
	strings.Replace(plain, "\r\n\r\n", "\r\nAuthorization: Basic eDp5\r\n\r\n", 1),
	strings.Replace(plain, "\r\n\r\n", "\r\nAccept-Encoding: zstd\r\n\r\n", 1),
	strings.Replace(plain, "reader", strings.Repeat("reader", 1000), 1),
	plain + plain,
	plain + "POST /topics/china.atom HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
}

// Both servers give the same answers, and the short way is taken where it can be.
func TestSame(t *testing.T) {
	ours, theirs, handed, stop := servers(t)
	defer stop()
	for i, raw := range append(append([]string{}, short...), long...) {
		handed.Store(0)
		got, want := ask(t, ours, raw), ask(t, theirs, raw)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (- net/http, + ours):\n%s", raw, d)
		}
		if n := handed.Load(); raw != "" && (n == 0) != (i < len(short)) {
			t.Errorf("%q: handed over %d times", raw, n)
		}
	}
}

// A connection goes on: more of the same, another, what is odd, and what comes in
// pieces.
func TestKeptAlive(t *testing.T) {
	ours, theirs, _, stop := servers(t)
	defer stop()
	odd := strings.Replace(plain, "china.atom", "china.atom?x=y", 1)
	for _, pieces := range [][]string{
		{plain, plain, strings.Replace(plain, "china", "none", 1), plain},
		{plain, odd, plain, odd},
		{plain[:20], plain[20:], plain},
		{plain, plain[:60], plain[60:]},
		{plain, plain + plain, plain},
	} {
		if d := cmp.Diff(ask(t, theirs, pieces...), ask(t, ours, pieces...)); d != "" {
			t.Errorf("%q (- net/http, + ours):\n%s", pieces, d)
		}
	}
}

// Shut down, it lets nobody wait.
func TestShutdown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Server: &http.Server{Handler: http.HandlerFunc(echo)}, Simple: simple}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(c, plain)
	b := bufio.NewReader(c)
	resp, err := http.ReadResponse(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("served until %v", err)
	}
	if _, err := b.ReadByte(); err != io.EOF {
		t.Errorf("an idle connection ends with %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("somebody is let in still")
	}
}

// A panic costs one connection.
func TestPanic(t *testing.T) {
	ours, _, _, stop := servers(t)
	defer stop()
	if as := ask(t, ours, strings.Replace(plain, "china", "panic", 1)); len(as) != 0 {
		t.Errorf("%v", as)
	}
	if as := ask(t, ours, plain); len(as) != 1 {
		t.Errorf("%v", as)
	}
}

// Who says nothing, or stops asking, is let go.
func TestIdle(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Server: &http.Server{Handler: http.HandlerFunc(echo), ReadHeaderTimeout: 50 * time.Millisecond, IdleTimeout: 50 * time.Millisecond}, Simple: simple}
	go s.Serve(l)
	defer s.Close()
	for _, said := range []string{"", plain, plain[:30]} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, said)
		c.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("after %q: %v", said, err)
		}
		c.Close()
	}
}

// FuzzSame: whatever is sent, both servers say the same.
func FuzzSame(f *testing.F) {
	ours, theirs, _, stop := servers(f)
	f.Cleanup(stop)
	for _, raw := range append(append([]string{}, short...), long...) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if strings.Contains(raw, "panic") || len(raw) > 20_000 {
			return
		}
		if d := cmp.Diff(ask(t, theirs, raw), ask(t, ours, raw)); d != "" {
			t.Errorf("%q (- net/http, + ours):\n%s", raw, d)
		}
	})
}
