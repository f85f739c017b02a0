package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"aggregator/internal/news"
)

const (
	dialTimeout = 15 * time.Second
	// idlePerHost is no limit of its own: no host is asked by more at one time
	// than fetch.per_host allows.
	idlePerHost = 64
	// maxHeader is for all header fields of an answer together.
	maxHeader = 256 << 10
)

// ways are how a request goes out.
type ways struct {
	direct  *http.Client // to networks that are allowed
	proxied *http.Client // the proxy's network is ours, so nothing is refused
}

// ownKey: certificates are shown to one host, and no other is trusted by them.
type ownKey struct {
	news.Certificates
	host string
}

func (c *Client) newWays(own *tls.Config, host string) ways {
	direct := &net.Dialer{Timeout: dialTimeout, Control: c.guard}
	return ways{
		direct:  c.newHTTP(direct, nil, own, host),
		proxied: c.newHTTP(&net.Dialer{Timeout: dialTimeout}, proxyOf, own, host),
	}
}

func (w ways) close() {
	w.direct.CloseIdleConnections()
	w.proxied.CloseIdleConnections()
}

func (c *Client) newHTTP(d *net.Dialer, proxy func(*http.Request) (*url.URL, error), own *tls.Config, host string) *http.Client {
	h := &http.Client{CheckRedirect: checkRedirect}
	switch {
	case c.opt.Transport != nil:
		h.Transport = c.opt.Transport
	case own != nil:
		h.Transport = &byHost{host: host, own: transport(d, proxy, own), others: transport(d, proxy, nil)}
	default:
		h.Transport = transport(d, proxy, nil)
	}
	return h
}

// transport keeps connections for sources that share a host, which are asked
// seconds apart; nobody comes back sooner than in minutes.
func transport(d *net.Dialer, proxy func(*http.Request) (*url.URL, error), own *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            d.DialContext,
		TLSClientConfig:        own,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // decoded here, within the size limit
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        15 * time.Second,
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// byHost keeps a source's certificates to its host: a redirect elsewhere learns
// nothing of them.
type byHost struct {
	host        string
	own, others *http.Transport
}

func (b *byHost) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == b.host {
		return b.own.RoundTrip(r)
	}
	return b.others.RoundTrip(r)
}

func (b *byHost) CloseIdleConnections() {
	b.own.CloseIdleConnections()
	b.others.CloseIdleConnections()
}

// waysOf are those of a source. Its certificates are read once: who changes them
// reloads the configuration, which makes another client.
func (c *Client) waysOf(src news.Source) (ways, error) {
	if src.Access.TLS == (news.Certificates{}) {
		return c.plain, nil
	}
	u, err := url.Parse(src.URL)
	if err != nil {
		return ways{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := ownKey{src.Access.TLS, u.Host}
	if w, ok := c.own[key]; ok {
		return w, nil
	}
	own, err := tlsOf(src.Access.TLS)
	if err != nil {
		return ways{}, fmt.Errorf("tls of the source: %w", err)
	}
	w := c.newWays(own, u.Host)
	c.own[key] = w
	return w, nil
}

func tlsOf(files news.Certificates) (*tls.Config, error) {
	own := &tls.Config{}
	if files.CAFile != "" {
		pem, err := os.ReadFile(files.CAFile)
		if err != nil {
			return nil, err
		}
		if own.RootCAs, err = x509.SystemCertPool(); err != nil {
			own.RootCAs = x509.NewCertPool()
		}
		if !own.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", files.CAFile)
		}
	}
	if files.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
		if err != nil {
			return nil, err
		}
		own.Certificates = []tls.Certificate{pair}
	}
	return own, nil
}

// guardian refuses private, loopback and link-local addresses after the name is
// resolved, for every connection, so that neither DNS nor a redirect leads there.
func guardian(allowed []netip.Prefix) func(string, string, syscall.RawConn) error {
	var v4, v6 []netip.Prefix
	for _, p := range allowed {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)).Safe
}

// visitKey is under which a request's context names its visit.
type visitKey struct{}

func visitOf(r *http.Request) *visit {
	v, _ := r.Context().Value(visitKey{}).(*visit)
	return v
}

func proxyOf(r *http.Request) (*url.URL, error) { return visitOf(r).proxy, nil }
