package fetch

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// Strangers is a client for addresses that strangers name, such as those of
// WebSub, with the guard and the proxy of sources. It follows at most so many
// redirects, and those alone that keep method and body (RFC 9110 15.4.8, 15.4.9);
// any other answer is given as it is. timeout is for all of an exchange.
func (c *Client) Strangers(redirects int, timeout time.Duration) *http.Client {
	d := &net.Dialer{Timeout: min(dialTimeout, timeout), Control: c.guard}
	var t http.RoundTripper = c.opt.Transport
	if t == nil {
		own := transport(d, nil, nil)
		if c.proxy != nil { // its network is ours; what it is asked for is judged by the name alone
			own = transport(&net.Dialer{Timeout: d.Timeout}, http.ProxyURL(c.proxy), nil)
		}
		own.IdleConnTimeout = time.Minute
		own.MaxIdleConns = 1024
		t = own
	}
	return &http.Client{
		Timeout:   timeout,
		Transport: &polite{next: t, client: c},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			kept := req.Response.StatusCode == http.StatusTemporaryRedirect || req.Response.StatusCode == http.StatusPermanentRedirect
			if !kept || len(via) > redirects || via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return http.ErrUseLastResponse
			}
			req.Header.Del("Referer")
			return nil
		},
	}
}

// polite says who asks, and asks nobody whom it must not.
type polite struct {
	next   http.RoundTripper
	client *Client
}

func (p *polite) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return nil, fmt.Errorf("%q is neither http nor https", r.URL.Scheme)
	}
	v := visit{client: p.client, proxy: p.client.proxy}
	if err := v.refuseLiteral(r.URL); err != nil {
		return nil, v.explain(err)
	}
	r = r.Clone(r.Context())
	r.Header["User-Agent"] = p.client.agent
	return p.next.RoundTrip(r)
}
