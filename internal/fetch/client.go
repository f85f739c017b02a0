package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"sync"
	"time"

	"code.dny.dev/ssrf"

	"aggregator/internal/canon"
	"aggregator/internal/news"
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
	direct  *http.Client // by networks that are allowed
	proxied *http.Client // the proxy's network is ours, so nothing is refused
	cleaner *canon.Cleaner
	agent   []string
	parsing chan struct{} // a seat for each processor
	buffers sync.Pool
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
		opt: opt, proxy: proxy, cleaner: canon.NewCleaner(), agent: []string{opt.UserAgent},
		// More parsers at once than processors are no faster and take more
		// memory: 4 peak at 32 MB, 256 at 191 MB.
		parsing: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	c.buffers.New = func() any { return new(bytes.Buffer) }
	c.direct = newHTTP(opt, transport(dialer(opt.AllowNetworks), nil))
	c.proxied = newHTTP(opt, transport(&net.Dialer{Timeout: dialTimeout}, proxyOf))
	return c, nil
}

// Close lets idle connections go.
func (c *Client) Close() {
	c.direct.CloseIdleConnections()
	c.proxied.CloseIdleConnections()
}

const dialTimeout = 15 * time.Second

func newHTTP(opt Options, t http.RoundTripper) *http.Client {
	if opt.Transport != nil {
		t = opt.Transport
	}
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}
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

// idlePerHost is no limit of its own: no host is asked by more at one time than
// fetch.per_host allows.
const idlePerHost = 64

// transport keeps connections for sources that share a host, which are asked
// seconds apart; nobody comes back sooner than in minutes.
func transport(d *net.Dialer, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // decoded here, within the size limit
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        15 * time.Second,
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// dialer refuses private, loopback and link-local addresses after the name is
// resolved, for every connection, so that neither DNS nor a redirect leads there.
func dialer(allowed []netip.Prefix) *net.Dialer {
	var v4, v6 []netip.Prefix
	for _, p := range allowed {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	g := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	return &net.Dialer{Timeout: dialTimeout, Control: g.Safe}
}

// proxyKey is under which a request's context names its proxy.
type proxyKey struct{}

func proxyOf(r *http.Request) (*url.URL, error) {
	u, _ := r.Context().Value(proxyKey{}).(*url.URL)
	return u, nil
}

// A Result is what a fetch brought.
type Result struct {
	// Poll is the record to keep: the one given, brought up to date. Next and
	// Why are as they were.
	Poll news.Poll
	// Items are new or changed since the record given, in document order.
	Items []news.Item
	// Received entries stood in the document; Known of them are unchanged.
	// Received is always Known plus the number of Items; 0 where Unchanged.
	Received, Known int
	// Unchanged: the document is the one of last time.
	Unchanged bool
	// Err says what went wrong and what to do.
	Err error
	// Reached: some host took the connection, ours or the proxy. Where nobody's
	// host does, it is our own network that is down.
	Reached bool
}

// Fetch asks the source once. prev is the record of the last poll, zero for
// the first; rules is the hash of the source's drop and keep rules, which
// decides whether what is known comes out again.
func (c *Client) Fetch(ctx context.Context, src news.Source, prev news.Poll, rules uint64, now time.Time) Result {
	timeout := c.opt.Timeout
	if src.Access.Timeout > 0 {
		timeout = src.Access.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	v := visit{client: c, src: src, prev: prev, rules: rules, now: now, timeout: timeout, peer: &peer{}}
	r := Result{Poll: prev}
	r.Poll.Source, r.Poll.Last, r.Poll.Status, r.Poll.Error = src.Key, now, 0, ""
	r.Poll.Floor, r.Poll.FloorWhy = time.Time{}, ""
	err := v.do(ctx, &r)
	v.peer.report(&r)
	if err != nil {
		r.Err = fmt.Errorf("fetch %s: %w", nameOf(src), err)
		r.Poll.Error = err.Error()
		r.Poll.Failures++
		return r
	}
	r.Poll.Failures, r.Poll.Good, r.Poll.Rules = 0, now, rules
	return r
}

func nameOf(src news.Source) string {
	if src.Name != "" {
		return src.Name
	}
	return src.URL
}

// visit is one fetch.
type visit struct {
	client  *Client
	src     news.Source
	prev    news.Poll
	rules   uint64
	now     time.Time
	timeout time.Duration
	peer    *peer
}

// afresh: everything is asked for as if for the first time.
func (v *visit) afresh() bool { return v.prev.Rules != v.rules }

func (v *visit) do(ctx context.Context, r *Result) error {
	client, req, err := v.request(ctx)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return v.explain(err)
	}
	defer resp.Body.Close()
	r.Poll.Status = resp.StatusCode
	r.Poll.Moved = moved(resp)
	switch {
	case resp.StatusCode == http.StatusNotModified:
		v.notModified(resp.Header, r)
		return nil
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		f := floorOf(retryOnly(resp.Header), document{}, v.now)
		r.Poll.Floor, r.Poll.FloorWhy = f.at, f.why
		return statusError(resp, f, v.now)
	}
	return v.read(ctx, resp, r)
}

// read takes the body of an answer: all of it, then its items.
func (v *visit) read(ctx context.Context, resp *http.Response, r *Result) error {
	buf := v.client.buffers.Get().(*bytes.Buffer)
	defer func() {
		// A few large bodies must not stay in memory for ever.
		if buf.Cap() <= 1<<20 {
			v.client.buffers.Put(buf)
		}
	}()
	buf.Reset()
	whole, err := readBody(buf, resp, v.maxSize())
	if err != nil {
		return v.explain(err)
	}
	hash := canon.HashBytes(buf.Bytes())
	if hash == v.prev.Body && !v.afresh() {
		v.notModified(resp.Header, r)
		return nil
	}
	select {
	case v.client.parsing <- struct{}{}:
	case <-ctx.Done():
		return v.explain(ctx.Err())
	}
	defer func() { <-v.client.parsing }()
	if err := v.items(buf.Bytes(), resp, r); err != nil {
		return err
	}
	r.Poll.Body, r.Poll.ETag, r.Poll.LastModified = hash, resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
	if !whole {
		// The validators are those of the whole document, which must be asked
		// for again.
		r.Poll.Body, r.Poll.ETag, r.Poll.LastModified = 0, "", ""
	}
	return nil
}

// items parses the document and brings what is new of it.
func (v *visit) items(body []byte, resp *http.Response, r *Result) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Items, r.Received, r.Known = nil, 0, 0
			err = fmt.Errorf("this document broke the reader, which is a fault of ours: %v", p)
		}
	}()
	base := resp.Request.URL.String()
	m := newMemory(v.src.Key, v.prev.Seen, !v.afresh())
	doc, err := parse(body, resp.Header.Get("Content-Type"), base, m.knows)
	if err != nil {
		return err
	}
	m.place(&doc, base, v.now)
	c := v.converter(&doc, base)
	for i, s := range m.entries {
		if s.known {
			r.Known++
		} else {
			r.Items = append(r.Items, c.item(&doc.entries[i], s.guid))
		}
	}
	r.Received = len(doc.entries)
	p := &r.Poll
	p.Partial, p.Feed, p.Items, p.Changed = doc.partial, c.feed, len(doc.entries), v.now
	p.Hub = hub(resp.Header, doc, base)
	p.Seen = m.left(v.prev.Seen, doc.partial != "", v.client.opt.Retain, v.now)
	f := floorOf(resp.Header, doc, v.now)
	p.Floor, p.FloorWhy = f.at, f.why
	return nil
}

func (v *visit) converter(doc *document, base string) *converter {
	c := &converter{cleaner: v.client.cleaner, source: v.src.Key, base: base, now: v.now, override: v.src.Language}
	c.feed = cleanFeed(news.Feed{ID: first(doc.id, canon.Public(base)), Title: doc.title, Link: doc.link}, base)
	c.authors = c.people(doc.authors, base)
	c.language = languageTag(first(v.src.Language, doc.language))
	return c
}

// notModified: the document is as it was. The floors of the answer count; what
// the document itself asked for counts on.
func (v *visit) notModified(h http.Header, r *Result) {
	r.Unchanged = true
	p := &r.Poll
	// RFC 9111 3.2: the answer's validators are the newer ones.
	if e := h.Get("ETag"); e != "" {
		p.ETag = e
	}
	if m := h.Get("Last-Modified"); m != "" {
		p.LastModified = m
	}
	f := floorOf(h, document{}, v.now)
	if len(v.prev.FloorWhy) > len(ttlWhy) && v.prev.FloorWhy[:len(ttlWhy)] == ttlWhy {
		f.at = later(f.at, v.now)
		f.raise(v.now.Add(v.prev.Floor.Sub(v.prev.Last)), v.prev.FloorWhy)
	}
	p.Floor, p.FloorWhy = f.at, f.why
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (v *visit) maxSize() int64 {
	if v.src.Access.MaxSize > 0 {
		return v.src.Access.MaxSize
	}
	return v.client.opt.MaxSize
}

// errTooLarge is for a body over the limit.
var errTooLarge = errors.New("too large")
