package fetch

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"time"

	"aggregator/internal/canon"
)

// Options say how to ask. Zero values mean the defaults named.
type Options struct {
	// UserAgent says who asks and whom to complain to.
	UserAgent string
	// Timeout is for the whole of a fetch; 30 s.
	Timeout time.Duration
	// MaxSize is in bytes after decompression; 10 MiB.
	MaxSize int64
	// AllowNetworks are the private networks that may be reached. A prefix of
	// IPv4 counts for IPv4 only.
	AllowNetworks []netip.Prefix
	// Proxy is an http, https or socks5 address; "" for none.
	Proxy string
	// Retain is how long the log remembers items; 30 days.
	Retain time.Duration
	// Transport replaces the network, for tests. Nothing guards it.
	Transport http.RoundTripper
}

// A Client asks sources. It is for use by many at once.
type Client struct {
	opt     Options
	proxy   *url.URL
	guard   func(network, address string, _ syscall.RawConn) error
	cleaner *canon.Cleaner
	agent   []string
	seats   seats
	buffers sync.Pool

	plain ways // of sources without certificates of their own
	mu    sync.Mutex
	own   map[ownKey]ways
}

// New makes a client. The error names the option that cannot be.
func New(opt Options) (*Client, error) {
	if opt.Timeout <= 0 {
		opt.Timeout = 30 * time.Second
	}
	if opt.MaxSize <= 0 {
		opt.MaxSize = 10 << 20
	}
	if opt.Retain <= 0 {
		opt.Retain = 30 * 24 * time.Hour
	}
	if opt.UserAgent == "" {
		opt.UserAgent = "aggregator"
	}
	proxy, err := parseProxy(opt.Proxy)
	if err != nil {
		return nil, err
	}
	c := &Client{
		opt: opt, proxy: proxy, cleaner: canon.NewCleaner(), agent: []string{opt.UserAgent}, seats: newSeats(),
		guard: guardian(opt.AllowNetworks), own: map[ownKey]ways{},
	}
	c.buffers.New = func() any { return new(bytes.Buffer) }
	c.plain = c.newWays(nil, "")
	return c, nil
}

// Close lets idle connections go.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plain.close()
	for _, w := range c.own {
		w.close()
	}
}

func parseProxy(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" && u.Scheme != "socks5h" {
		return nil, fmt.Errorf("fetch: proxy %q is no http, https or socks5 address", s)
	}
	return u, nil
}
