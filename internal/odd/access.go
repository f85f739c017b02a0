package odd

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// access: passwords, certificates, proxies, and pages in front of feeds.
func access() []Behaviour {
	return append(append(logins(), certificates()...), append(proxies(), pages()...)...)
}

func logins() []Behaviour {
	needs := func(header, value string) func(*Ask) {
		return func(a *Ask) {
			if a.Request.Header.Get(header) != value {
				a.set("WWW-Authenticate", `Basic realm="members"`).give(401, "text/plain", "who are you?")
				return
			}
			a.feed()
		}
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("üser:p:w d"))
	return []Behaviour{
		{Name: "auth-basic", Cites: "RFC 7617 2.1: UTF-8, colons in the password", Must: true, Want: "the feed", Keys: `basic_auth: { user: "üser", password: "p:w d" }`, Serve: needs("Authorization", basic), Check: all(every, fine(Last), told(1))},
		{Name: "auth-in-address", Cites: "RFC 3986 3.2.1", Want: "the feed; the password stands nowhere", URL: "http://u:hidden%21pw@{host}/feed", Serve: needs("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("u:hidden!pw"))), Check: all(told(1), lacks("hidden"), func(s *Seen) string {
			if l := s.line(Last); strings.Contains(fmt.Sprint(l), "hidden") {
				return "sources shows the password"
			}
			return ""
		})},
		{Name: "auth-bearer", Cites: "RFC 6750 2.1", Must: true, Want: "the feed", Keys: "bearer_token: t0ken", Serve: needs("Authorization", "Bearer t0ken"), Check: all(every, fine(Last), told(1))},
		{Name: "auth-header", Cites: "API keys", Must: true, Want: "the feed", Keys: "headers: { X-Key: k3y }", Serve: needs("X-Key", "k3y"), Check: all(every, fine(Last), told(1))},
		{Name: "auth-wrong", Cites: "RFC 9110 15.5.2", Must: true, Want: "an error that names basic_auth; asked once a visit", Keys: "basic_auth: { user: u, password: wrong }", Serve: needs("Authorization", basic), Check: all(fails(First, "basic_auth"), atMost(First, 1))},
		{Name: "auth-only-where-given", Cites: "RFC 9110 11.6.2", Must: true, Want: "nothing is sent unasked", Check: never("Authorization")},
	}
}

func certificates() []Behaviour {
	refusedCert := func(name, cites, word string, how func(*authority) secured, keys string) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "refused, and said so; nothing is sent", TLS: how, Keys: keys, Check: all(failed, fails(First, word), told(0), func(s *Seen) string {
			if len(s.Requests) > 0 {
				return "it was asked all the same"
			}
			return ""
		})}
	}
	const own = "tls: { ca_file: ca.pem }"
	return []Behaviour{
		refusedCert("tls-unknown-authority", "RFC 5280 6", "certificate", trusted, ""),
		refusedCert("tls-self-signed", "RFC 5280 6", "certificate", func(ca *authority) secured { return secured{ca: ca, selfSigned: true} }, own),
		refusedCert("tls-expired", "RFC 5280 4.1.2.5", "certificate", func(ca *authority) secured { return secured{ca: ca, expired: true} }, own),
		refusedCert("tls-wrong-name", "RFC 9525 6.3", "certificate", func(ca *authority) secured { return secured{ca: ca, name: "elsewhere.example"} }, own),
		refusedCert("tls-1.0", "RFC 8996", "", func(ca *authority) secured {
			return secured{ca: ca, config: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS10 }}
		}, own),
		{Name: "tls-own-authority", Cites: "tls.ca_file of the source", Must: true, Want: "the feed", TLS: trusted, Keys: own, Check: all(every, fine(Last), told(1))},
		{Name: "tls-client-certificate", Cites: "RFC 8446 4.3.2", Must: true, Want: "the feed", TLS: func(ca *authority) secured { return secured{ca: ca, config: ca.clients} }, Keys: "tls: { ca_file: ca.pem, cert_file: client.pem, key_file: client.key }", Check: all(every, fine(Last), told(1))},
		{Name: "tls-no-client-certificate", Cites: "RFC 8446 4.4.2.4", Want: "an error; with TLS 1.3 the site may hang up before it says why", TLS: func(ca *authority) secured { return secured{ca: ca, config: ca.clients} }, Keys: own, Check: all(failed, told(0))},
	}
}

func proxies() []Behaviour {
	throughIt := func(s *Seen) string {
		return eachRequest(func(r Request) string {
			if r.URI != s.expand("http://{name}.odd.example/feed") || r.Host != s.expand("{name}.odd.example") {
				return "not asked as a proxy, for " + r.Host
			}
			return ""
		})(s)
	}
	const beyond = "http://{name}.odd.example/feed"
	return []Behaviour{
		{Name: "proxy-http", Cites: "RFC 9112 3.2.2", Must: true, Want: "asked with the whole address; no name is looked up here", URL: beyond, Keys: `proxy: "{self}"`, Check: all(every, throughIt, told(1))},
		{Name: "proxy-login", Cites: "RFC 9110 11.7.2", Want: "the proxy gets its password", URL: beyond, Keys: `proxy: "http://u:p@{host}"`, Check: all(throughIt, told(1), eachRequest(func(r Request) string {
			if r.Header.Get("Proxy-Authorization") == "" {
				return "no Proxy-Authorization"
			}
			return ""
		}))},
		{Name: "proxy-idn", Cites: "RFC 5891 4.4", Want: "the host's name goes out in ASCII", URL: "http://bücher.example/{name}", Keys: `proxy: "{self}"`, Check: all(told(1), eachRequest(func(r Request) string {
			if r.Host != "xn--bcher-kva.example" {
				return "Host " + r.Host
			}
			return ""
		}))},
		{Name: "proxy-refuses", Cites: "RFC 9110 15.5.8", Want: "an error that says 407", URL: beyond, Keys: `proxy: "{self}"`, Serve: status(407), Check: all(fails(First, "407"), told(0))},
		{Name: "proxy-down", Cites: "RFC 9293 3.5.2", Want: "an error; never straight to the site", URL: "http://127.0.0.1:{trap}/{name}", Closed: true, Keys: `proxy: "{self}"`, Check: refused},
		{Name: "proxy-to-loopback", Cites: "RFC 6890 2.2", Must: true, Want: "an address of ours is not asked through a proxy, either", URL: "http://127.0.0.1:{trap}/{name}", Keys: `proxy: "{self}"`, Check: all(refused, func(s *Seen) string { return wantRequests(s, First, 0) })},
		{Name: "proxy-sent-to-loopback", Cites: "RFC 6890 2.2", Must: true, Want: "nor after a redirect", URL: beyond, Keys: `proxy: "{self}"`, Serve: func(a *Ask) {
			if strings.Contains(a.RequestURI, "odd.example") {
				a.set("Location", "http://127.0.0.1:{trap}/{name}").WriteHeader(302)
				return
			}
			a.feed()
		}, Check: all(failed, told(0))},
		{Name: "proxy-connect", Cites: "RFC 9110 9.3.6", Must: true, Want: "https goes through a tunnel", TLS: nil, URL: "https://{other_host}/feed", Keys: `proxy: "{self}", tls: { ca_file: ca.pem }`, Serve: (*Ask).tunnel, Check: all(fails(First, "TLS", "tls"), func(s *Seen) string {
			if s.at(First, "") == 0 || s.Requests[0].Method != http.MethodConnect {
				return "no tunnel was asked for"
			}
			return ""
		})},
	}
}

// tunnel leads to the second host, which speaks no TLS: that the tunnel was
// asked for is all that can be seen.
func (a *Ask) tunnel() {
	if a.Method != http.MethodConnect {
		a.feed()
		return
	}
	far, err := net.Dial("tcp", hostOf(a.other))
	if err != nil {
		a.WriteHeader(502)
		return
	}
	defer far.Close()
	a.hijack(func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 Connected\r\n\r\n")
		go io.Copy(far, c)
		io.Copy(c, far)
	})
}

// pages: a source's address is a page in front of the feed.
func pages() []Behaviour {
	const page = `<!doctype html><html><head><title>Front page</title><link rel="alternate" type="application/rss+xml" href="/moved"></head><body><h1>Hello</h1></body></html>`
	front := onFeed(serve("text/html", page))
	return []Behaviour{
		{Name: "page-names-feed", Cites: "HTML 4.6.7.1 alternate; RSS Advisory Board, autodiscovery", Must: true, Want: "an error that gives the feed's address; not followed", Serve: front, Check: all(fails(First, "{self}/moved"), told(0), visited("/moved", 0, 0, 0, 0, 0))},
		{Name: "page-followed", Cites: "HTML 4.6.7.1; discover: true", Must: true, Want: "the feed", Keys: "discover: true", Serve: front, Check: all(fine(Last), told(1))},
		{Name: "page-without-feed", Cites: "HTML 4.6.7.1", Must: true, Want: "an error that says so", Serve: serve("text/html", `<!doctype html><html><head><title>x</title></head><body><a href="/moved">feed</a></body></html>`), Check: all(fails(First, "web page"), told(0))},
		{Name: "page-without-feed-discover", Cites: "discover: true", Want: "an error; nothing else is asked", Keys: "discover: true", Serve: serve("text/html", `<!doctype html><html><head><title>x</title></head><body></body></html>`), Check: all(failed, told(0), atMost(First, 2))},
		{Name: "page-leads-to-page", Cites: "discover: true; pages that name each other", Must: true, Want: "an end, and an error", Keys: "discover: true", Serve: func(a *Ask) {
			a.give(200, "text/html", strings.Replace(page, "/moved", fmt.Sprintf("/moved%d", a.Visit)+a.URL.Path, 1))
		}, Check: all(failed, told(0), atMost(First, 5))},
		{Name: "page-leads-to-loopback", Cites: "RFC 6890 2.2; discover: true", Must: true, Want: "refused", Keys: "discover: true", Serve: serve("text/html", strings.Replace(page, "/moved", "http://127.0.0.1:{trap}/{name}", 1)), Check: refused},
		{Name: "page-base-href", Cites: "HTML 4.2.3 base", Want: "the feed's address is resolved against it", Serve: serve("text/html", strings.Replace(page, "<title>", `<base href="{self}/below/"><title>`, 1)), Check: fails(First, "{self}/moved")},
		{Name: "page-comments-feed-last", Cites: "WordPress names the feed of comments, too", Want: "the feed of the stories", Keys: "discover: true", Serve: onFeed(serve("text/html", strings.Replace(page, "<link", `<link rel="alternate" type="application/rss+xml" title="Comments Feed" href="/comments/feed/"><link`, 1))), Check: func(s *Seen) string {
			if len(s.Requests) == 0 || s.at(First, "/moved") == 0 {
				return "the feed was not asked"
			}
			return ""
		}},
	}
}
