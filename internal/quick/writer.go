package quick

import (
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A writer is the answer to one request after another.
type writer struct {
	conn   net.Conn
	clock  *clock
	header http.Header
	status int
	sent   bool
	err    error  // of sending
	body   []byte // what waits to be sent; a copy
	out    []byte
	parts  [2][]byte
}

func (w *writer) begin() {
	clear(w.header)
	w.status, w.sent, w.err, w.body = 0, false, nil, w.body[:0]
}

// Header implements http.ResponseWriter.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter; the first one counts.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements http.ResponseWriter. What is all of the answer goes out at
// once, from where it lies.
func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.sent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if length := w.header["Content-Length"]; len(w.body) == 0 && len(length) == 1 && length[0] == strconv.Itoa(len(b)) {
		return len(b), w.send(b)
	}
	w.body = append(w.body, b...)
	return len(b), nil
}

// end sends what was not sent yet.
func (w *writer) end() error {
	w.WriteHeader(http.StatusOK)
	if w.sent {
		return w.err
	}
	return w.send(w.body)
}

func (w *writer) send(body []byte) error {
	w.sent = true
	if w.status == http.StatusNotModified { // as net/http: RFC 9110 15.4.5
		delete(w.header, "Content-Type")
		delete(w.header, "Content-Length")
	}
	w.out = append(w.out[:0], "HTTP/1.1 "...)
	w.out = strconv.AppendInt(w.out, int64(w.status), 10)
	w.out = append(append(append(w.out, ' '), http.StatusText(w.status)...), "\r\nDate: "...)
	w.out = append(append(w.out, w.clock.date()...), "\r\n"...)
	for name, values := range w.header {
		for _, v := range values {
			w.out = append(append(append(append(w.out, name...), ": "...), v...), "\r\n"...)
		}
	}
	if w.header["Content-Length"] == nil && w.status != http.StatusNotModified {
		w.out = append(strconv.AppendInt(append(w.out, "Content-Length: "...), int64(len(body)), 10), "\r\n"...)
	}
	w.out = append(w.out, "\r\n"...)
	if len(body) == 0 {
		_, w.err = w.conn.Write(w.out)
		return w.err
	}
	w.parts = [2][]byte{w.out, body}
	both := net.Buffers(w.parts[:])
	_, w.err = both.WriteTo(w.conn)
	w.parts[1] = nil
	return w.err
}

// A clock writes the Date header, anew once a second.
type clock struct{ at atomic.Pointer[moment] }

type moment struct {
	second int64
	text   string
}

func (c *clock) date() string {
	now := time.Now()
	if m := c.at.Load(); m != nil && m.second == now.Unix() {
		return m.text
	}
	m := &moment{now.Unix(), now.UTC().Format(http.TimeFormat)}
	c.at.Store(m)
	return m.text
}
