package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/klauspost/compress/gzip"

	"aggregator/internal/canon"
)

// accept prefers feeds; some servers answer others to those who want pages.
const accept = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"

const maxRedirects = 10

// request is the conditional GET, and the client that shall send it.
func (v *visit) request(ctx context.Context) (*http.Client, *http.Request, error) {
	proxy, err := v.client.proxyFor(v.src)
	if err != nil {
		return nil, nil, err
	}
	client := v.client.direct
	if proxy != nil {
		client = v.client.proxied
		ctx = context.WithValue(ctx, proxyKey{}, proxy)
	}
	ctx = v.peer.watch(ctx, proxy != nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.src.URL, nil)
	if err != nil || req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Host == "" {
		return nil, nil, fmt.Errorf("%q is no http or https address: correct the url", v.src.URL)
	}
	if proxy != nil {
		if err := v.refuseLiteral(req.URL); err != nil {
			return nil, nil, err
		}
	}
	v.headers(req)
	return client, req, nil
}

// headers sets what we say of ourselves, the validators verbatim, and what the
// configuration adds or replaces.
func (v *visit) headers(req *http.Request) {
	h := req.Header
	h["User-Agent"] = v.client.agent
	h["Accept"] = []string{accept}
	h["Accept-Encoding"] = []string{"gzip"}
	if !v.afresh() {
		if v.prev.ETag != "" {
			h["If-None-Match"] = []string{v.prev.ETag}
		}
		if v.prev.LastModified != "" {
			h["If-Modified-Since"] = []string{v.prev.LastModified}
		}
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
	req.Header.Del("Referer")
	from := via[0].URL
	if req.URL.Host == from.Host && (req.URL.Scheme == from.Scheme || req.URL.Scheme == "https") {
		return nil
	}
	for key := range req.Header {
		switch key {
		case "User-Agent", "Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since":
		default:
			delete(req.Header, key)
		}
	}
	return nil
}

// moved is where permanent redirects (301, 308) lead, before the first that is
// not.
func moved(resp *http.Response) string {
	to := ""
	for req := resp.Request; req != nil && req.Response != nil; req = req.Response.Request {
		switch req.Response.StatusCode {
		case http.StatusMovedPermanently, http.StatusPermanentRedirect:
			if to == "" {
				to = req.URL.String()
			}
		default:
			to = ""
		}
	}
	return to
}

// refuseLiteral: behind a proxy no connection of ours can be judged, but an
// address that is written out can.
func (v *visit) refuseLiteral(u *url.URL) error {
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil
	}
	if err := dialer(v.client.opt.AllowNetworks).Control("tcp4", netip.AddrPortFrom(ip, 80).String(), nil); err != nil {
		return v.explain(err)
	}
	return nil
}

// readBody reads the decoded body, at most limit bytes of it. whole is false
// where the connection ended before the body did, or nobody can tell: what
// came is then read as a document that ends early.
func readBody(buf *bytes.Buffer, resp *http.Response, limit int64) (whole bool, err error) {
	var body io.Reader = resp.Body
	switch enc := strings.ToLower(resp.Header.Get("Content-Encoding")); enc {
	case "", "identity":
		if resp.ContentLength > limit {
			return false, errTooLarge
		}
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(resp.Body)
		if err == io.EOF { // an empty body, said to be compressed
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("the answer says it is gzip and is not: %w", err)
		}
		body = z
	default:
		return false, fmt.Errorf("the answer is compressed as %q, which was not asked for", enc)
	}
	n, err := buf.ReadFrom(io.LimitReader(body, limit+1))
	switch {
	case n > limit:
		return false, errTooLarge
	case err == io.ErrUnexpectedEOF && n > 0:
		return false, nil
	case err != nil:
		return false, err
	}
	// HTTP/1.0 without a length ends a body by closing, as a crash does.
	whole = resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 || resp.ProtoMajor > 1 || body != resp.Body
	return whole, unpackFile(buf, limit)
}

// unpackFile: some serve feed.xml.gz as a file, without saying so.
func unpackFile(buf *bytes.Buffer, limit int64) error {
	if !bytes.HasPrefix(buf.Bytes(), []byte("\x1f\x8b")) {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(bytes.Clone(buf.Bytes())))
	if err != nil {
		return nil // no gzip after all; the parser will say what it is not
	}
	buf.Reset()
	n, err := buf.ReadFrom(io.LimitReader(z, limit+1))
	if n > limit {
		return errTooLarge
	}
	if err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// hub is the WebSub hub that the header (RFC 8288) or the document names.
func hub(h http.Header, doc document, base string) string {
	for _, line := range h["Link"] {
		for part := range strings.SplitSeq(line, ",") {
			target, params, ok := strings.Cut(part, ";")
			params = strings.ToLower(strings.ReplaceAll(params, " ", ""))
			if ok && (strings.Contains(params, `rel="hub"`) || strings.HasPrefix(params, "rel=hub")) {
				return canon.Resolve(base, strings.Trim(target, " <>"))
			}
		}
	}
	if doc.hub == "" {
		return ""
	}
	return canon.Resolve(base, doc.hub)
}
