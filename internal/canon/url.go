package canon

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// longestURL in bytes; browsers and servers take less.
const longestURL = 64 << 10

// URL is the address in the form in which two addresses of one article are
// equal: host/path?query, without scheme. It is "" for what is no absolute
// http(s) address and for a bare host, which names no article. It is for
// comparing, not for fetching.
//
// Dropped are www, known tracking parameters, fragments (but "#!" and "#/",
// which name pages), index pages, trailing slashes, and what makes an AMP or
// mobile twin. URL("https://" + URL(s)) is URL(s).
func URL(s string) string {
	if len(s) > longestURL {
		return ""
	}
	out := oneURL(s)
	if strings.HasPrefix(out, "google.") || strings.Contains(out, ".cdn.ampproject.org") {
		// What stood inside an AMP cache's address may only now be one.
		if again := oneURL("https://" + out); len(again) < len(out) {
			return URL("https://" + out)
		}
	}
	return out
}

func oneURL(s string) string {
	u, err := url.Parse(Resolve("", s))
	if err != nil || u.Host == "" {
		return ""
	}
	for next := unwrap(u); next != nil; next = unwrap(u) {
		u = next
	}
	host := hostOf(u)
	query := queryOf(u.RawQuery, strings.HasSuffix(host, ".blogspot.com"))
	path := pathOf(plainPath(u), query == "")
	if host == "" || path == "" && query == "" && page(u) == "" {
		return ""
	}
	if query != "" {
		query = "?" + query
	}
	return host + path + query + page(u)
}

// page is the fragment where it names the page: a script's route.
func page(u *url.URL) string {
	f := normalEscapes(u.EscapedFragment())
	if len(f) > 1 && (f[0] == '!' || f[0] == '/') {
		return "#" + f
	}
	return ""
}

// unwrap gives the address inside an AMP cache's, or nil: google.com/amp/s/HOST/…
// and HOST.cdn.ampproject.org/c/s/HOST/….
func unwrap(u *url.URL) *url.URL {
	host, path := hostOf(u), plainPath(u)
	var rest string
	switch {
	case strings.HasSuffix(host, ".cdn.ampproject.org") && len(path) > 3 && path[0] == '/' && path[2] == '/':
		rest = path[3:] // /c/ documents, /v/ viewer
	case strings.HasPrefix(host, "google.") && strings.HasPrefix(path, "/amp/"):
		rest = path[len("/amp/"):]
	default:
		return nil
	}
	rest = "http://" + strings.TrimPrefix(rest, "s/")
	if u.RawQuery != "" {
		rest += "?" + u.RawQuery
	}
	inner, err := url.Parse(Resolve("", rest))
	if err != nil || strings.Index(inner.Host, ".") < 1 {
		return nil
	}
	return inner
}

// hostOf is the host in lower case without default port, www and the twins'
// prefixes.
func hostOf(u *url.URL) string {
	host := strings.TrimRight(strings.ToLower(u.Hostname()), ".")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	for next := plainHost(host); next != host; next = plainHost(host) {
		host = next
	}
	if p := strings.TrimLeft(u.Port(), "0"); p != "" && p != "80" && p != "443" {
		host += ":" + p
	}
	return host
}

func plainHost(host string) string {
	if rest, ok := strings.CutPrefix(host, "www."); ok && strings.Contains(rest, ".") {
		return rest
	}
	for _, p := range [...]string{"m.", "mobile.", "amp."} {
		// m.example.com is example.com's twin; mobile.de and m.blogspot.com
		// are sites of their own.
		if rest, ok := strings.CutPrefix(host, p); ok && registrable(rest) {
			return rest
		}
	}
	if strings.HasSuffix(host, ".m.wikipedia.org") {
		return strings.TrimSuffix(host, ".m.wikipedia.org") + ".wikipedia.org"
	}
	return host
}

func registrable(host string) bool {
	_, err := publicsuffix.EffectiveTLDPlusOne(host)
	return err == nil
}

// pathOf drops what makes no other page until nothing more is found, so that
// /a/amp/index.html ends as /a.
func pathOf(path string, noQuery bool) string {
	for {
		next := strings.TrimRight(removeDots(path), "/")
		if i := strings.LastIndexByte(next, '/'); i >= 0 {
			next = plainEnd(next[:i], next[i:], noQuery)
		}
		if next == path {
			return path
		}
		path = next
	}
}

// plainEnd joins the path's last segment again, without an index page's name
// and the AMP suffix. A page that is called just /amp keeps it.
func plainEnd(dir, last string, noQuery bool) string {
	switch strings.ToLower(last) {
	case "/index.html", "/index.htm", "/index.php", "/index.shtml", "/index.asp", "/index.aspx", "/index.jsp", "/default.aspx", "/default.asp":
		if noQuery {
			return dir
		}
	case "/amp":
		if dir != "" {
			return dir
		}
	}
	if name, ok := strings.CutSuffix(last, ".amp.html"); ok && len(name) > 1 {
		return dir + name + ".html"
	}
	if name, ok := strings.CutSuffix(last, ".amp"); ok && len(name) > 1 {
		return dir + name
	}
	return dir + last
}

// plainPath is the path without a session's id, dots and needless escapes.
func plainPath(u *url.URL) string {
	path := normalEscapes(u.EscapedPath())
	if strings.IndexByte(path, ';') < 0 {
		return removeDots(path)
	}
	segments := strings.Split(path, "/")
	for i, seg := range segments {
		if n := strings.Index(strings.ToLower(seg), ";jsessionid="); n >= 0 {
			segments[i] = seg[:n]
		}
	}
	return removeDots(strings.Join(segments, "/"))
}

// removeDots is RFC 3986 5.2.4.
func removeDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var out []string
	for seg := range strings.SplitSeq(path, "/") {
		switch seg {
		case ".":
		case "..":
			if len(out) > 1 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, seg)
		}
	}
	return strings.Join(out, "/")
}

// queryOf sorts the parameters by key, so that their order is no difference,
// and drops the tracking ones. On blogspot.com m=1 is the mobile twin.
func queryOf(raw string, blogspot bool) string {
	if raw == "" {
		return ""
	}
	var params []string
	for p := range strings.SplitSeq(raw, "&") {
		p = normalEscapes(p)
		key, value, _ := strings.Cut(p, "=")
		if p == "" || tracked(strings.ToLower(key), value) || blogspot && key == "m" {
			continue
		}
		params = append(params, p)
	}
	slices.SortStableFunc(params, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	return strings.Join(params, "&")
}

// normalEscapes is RFC 3986 6.2.2: unreserved characters unescaped, all else
// that must be escaped in upper case.
func normalEscapes(s string) string {
	if !strings.ContainsAny(s, "%[]") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isEscape(s, i):
			if c = unhex(s[i+1])<<4 | unhex(s[i+2]); isUnreserved(c) {
				b.WriteByte(c)
			} else {
				writeEscape(&b, c)
			}
			i += 2
		case urlByte(c) && c != '%':
			b.WriteByte(c)
		default:
			writeEscape(&b, c)
		}
	}
	return b.String()
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
