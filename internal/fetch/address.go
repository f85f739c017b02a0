package fetch

import (
	"context"
	"net"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"aggregator/internal/news"
)

// lookupTimeout is short: the fetch asks again, and says what is wrong.
const lookupTimeout = 5 * time.Second

// A peer is who took our connection. Dials run side by side (RFC 8305), and may
// end after the fetch.
type peer struct {
	mu      sync.Mutex
	reached bool
	address string // "" behind a proxy: the address is the proxy's then
}

// watch has the peer noted down of every connection made under ctx; after
// redirects it is the last host's.
func (p *peer) watch(ctx context.Context, proxied bool) context.Context {
	note := func(addr string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.reached = true
		if at, err := netip.ParseAddrPort(addr); err == nil && !proxied {
			p.address = at.Addr().Unmap().String()
		}
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) { note(c.Conn.RemoteAddr().String()) },
		ConnectDone: func(_, addr string, err error) {
			if err == nil {
				note(addr)
			}
		},
	})
}

// report tells the result. The address of last time stands where nobody was
// reached.
func (p *peer) report(r *Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.Reached = p.reached || r.Poll.Status != 0
	if p.reached {
		r.Poll.Address = p.address
	}
}

// Address is where a source's host is, before it was ever asked: the lowest of
// its addresses, the same for all names of one machine; "" where it is not
// known. Names of sources behind a proxy are the proxy's to look up, nobody
// else's.
func (c *Client) Address(ctx context.Context, src news.Source) string {
	u, err := url.Parse(src.URL)
	if proxy, bad := c.proxyFor(src); err != nil || bad != nil || proxy != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil || len(found) == 0 {
		return ""
	}
	return slices.MinFunc(found, netip.Addr.Compare).Unmap().String()
}

// proxyFor is the proxy that a source is asked through; nil for none.
func (c *Client) proxyFor(src news.Source) (*url.URL, error) {
	if src.Access.Proxy != "" {
		return parseProxy(src.Access.Proxy)
	}
	return c.proxy, nil
}
