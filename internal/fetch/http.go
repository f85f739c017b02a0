package fetch

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// accept prefers feeds; some servers answer others to those who want pages.
const accept = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"

const maxRedirects = 10

// request is the GET of an address, and the client that shall send it.
func (v *visit) request(ctx context.Context, at string) (*http.Client, *http.Request, error) {
	ways, err := v.client.waysOf(v.src)
	if err != nil {
		return nil, nil, err
	}
	client := ways.direct
	if v.proxy != nil {
		client = ways.proxied
	}
	ctx = v.peer.watch(ctx, v.proxy != nil)
	req, err := http.NewRequestWithContext(context.WithValue(ctx, visitKey{}, v), http.MethodGet, at, nil)
	if err != nil || req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Host == "" {
		return nil, nil, fmt.Errorf("%q is no http or https address: correct the url", at)
	}
	req.URL.User = nil // config has taken it; anybody else's is a trick
	if err := v.refuseLiteral(req.URL); err != nil {
		return nil, nil, v.explain(err)
	}
	v.headers(req, at)
	return client, req, nil
}

// headers sets what we say of ourselves, the validators verbatim, and what the
// configuration adds or replaces, which is for the host that it names.
func (v *visit) headers(req *http.Request, at string) {
	h := req.Header
	h["User-Agent"] = v.client.agent
	h["Accept"] = []string{accept}
	h["Accept-Encoding"] = []string{codings}
	v.validators(h, at)
	if from, err := url.Parse(v.src.URL); err != nil || !mayKnow(from, req.URL) {
		return
	}
	for key, value := range v.src.Access.Headers {
		if strings.EqualFold(key, "Host") {
			req.Host = value
			continue
		}
		h.Set(key, value)
	}
	if v.src.Access.User != "" {
		req.SetBasicAuth(v.src.Access.User, v.src.Access.Password)
	}
}

// validators are those of the document that the address gave last. With an ETag
// goes the wish for the new entries alone (RFC 3229 10.5.3, "feed").
func (v *visit) validators(h http.Header, at string) {
	if v.afresh() || at != v.usual() || v.whole() {
		return
	}
	if v.prev.ETag != "" {
		h["If-None-Match"] = []string{v.prev.ETag}
		h["A-IM"] = []string{"feed"}
	}
	if v.prev.LastModified != "" {
		h["If-Modified-Since"] = []string{v.prev.LastModified}
	}
}

// mayKnow: what may be secret is for one host, and never for an unencrypted
// connection where the first was encrypted.
func mayKnow(from, to *url.URL) bool {
	return strings.EqualFold(to.Host, from.Host) && (to.Scheme == from.Scheme || to.Scheme == "https")
}

// checkRedirect follows to http and https only, says to nobody where we come
// from, and gives what may be secret to the first host alone: net/http would
// give Authorization to its subdomains and other headers to everyone.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("more than %d redirects: they go in a circle", maxRedirects)
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return fmt.Errorf("a redirect to %q, which is neither http nor https", req.URL.Redacted())
	}
	req.URL.User = nil // a Location may try to log us in
	if err := visitOf(req).refuseLiteral(req.URL); err != nil {
		return err
	}
	req.Header.Del("Referer")
	if mayKnow(via[0].URL, req.URL) {
		return nil
	}
	for key := range req.Header {
		switch key {
		case "User-Agent", "Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since", "A-IM":
		default:
			delete(req.Header, key)
		}
	}
	return nil
}
