package odd

import (
	"crypto/tls"
	"slices"
	"strings"
	"time"
)

// network: names that lead nowhere, and addresses that lead where nobody from
// outside may send us (RFC 6890; OWASP, server-side request forgery).
func network() []Behaviour {
	all := []Behaviour{
		{Name: "dns-no-such-name", Cites: "RFC 6761 6.4: .invalid", Must: true, Want: "an error that names the host", URL: "http://{name}.invalid/feed", Check: all(fails(First, ".invalid"), told(0))},
		{Name: "connection-refused", Cites: "RFC 9293 3.5.2", Must: true, Want: "an error that says so", Closed: true, Check: all(fails(First, "refuse"), waits(First, 5*time.Minute, "backoff"))},
		{Name: "no-tls-there", Cites: "RFC 8446 6.2", Want: "an error that says so", URL: "https://{host}/feed", Check: all(fails(First, "TLS"), told(0))},
		{Name: "tls-instead-of-http", Cites: "RFC 8446", Want: "an error", TLS: trusted, URL: "http://{host}/feed", Check: all(failed, told(0))},
	}
	for name, address := range literals {
		all = append(all, Behaviour{Name: "refused-" + name, Cites: "RFC 6890 2.2", Must: true, Want: "not reached: no network of ours is asked unless allowed",
			URL: "http://" + address + "/{name}", Check: refused})
	}
	for name, address := range spellings {
		all = append(all, Behaviour{Name: "sent-to-" + name, Cites: "WHATWG URL 3.5; OWASP SSRF", Must: true, Want: "a redirect does not lead there, however it is written",
			Serve: to(302, "http://"+address+"/{name}"), Check: refused})
	}
	slices.SortFunc(all[4:], func(a, b Behaviour) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// literals are addresses that a configuration may hold by mistake.
var literals = map[string]string{
	"loopback": "127.0.0.1:{trap}", "localhost": "localhost:{trap}", "any": "0.0.0.0:{trap}", "loopback6": "[::1]:{trap}",
	"mapped": "[::ffff:127.0.0.1]:{trap}", "metadata": "169.254.169.254", "private": "10.255.255.1", "carrier": "100.64.0.1",
	"unique-local": "[fd00::1]", "link-local6": "[fe80::1]", "translated": "[64:ff9b::7f00:1]:{trap}", "multicast": "224.0.0.1",
}

// spellings are other ways to write 127.0.0.1 and its like, which somebody's
// resolver understands.
var spellings = map[string]string{
	"loopback": "127.0.0.1:{trap}", "decimal": "2130706433:{trap}", "octal": "0177.0.0.1:{trap}", "hex": "0x7f000001:{trap}", "hex-parts": "0x7f.0x0.0x0.0x1:{trap}",
	"short": "127.1:{trap}", "zero": "0:{trap}", "dot": "127.0.0.1.:{trap}", "localhost-dot": "LOCALHOST.:{trap}", "fullwidth": "１２７.0.0.1:{trap}",
	"mapped": "[::ffff:7f00:1]:{trap}", "compatible": "[::7f00:1]:{trap}", "6to4": "[2002:7f00:1::]:{trap}", "user": "feeds.example.org@127.0.0.1:{trap}",
	"metadata": "169.254.169.254", "metadata6": "[fd00:ec2::254]", "private": "192.168.255.254", "broadcast": "255.255.255.255", "shared": "172.31.255.254",
}

// refused: an error, soon, and the trap untouched. A connection that is tried
// takes until the timeout where nobody answers, a refusal takes none.
func refused(s *Seen) string {
	if s.Trapped > 0 {
		return "it was asked there"
	}
	return all(failed, told(0), func(s *Seen) string {
		if said := s.line(First).Error; strings.Contains(said, "no answer within") {
			return wrong("it tried to connect: %s", said)
		}
		return ""
	})(s)
}

// manners: what every request owes a site.
func manners() []Behaviour {
	return []Behaviour{
		{Name: "user-agent", Cites: "RFC 9110 10.1.5", Must: true, Want: "who asks, and a contact", Check: eachRequest(func(r Request) string {
			if ua := r.Header.Get("User-Agent"); !strings.HasPrefix(ua, "aggregator/") || !strings.Contains(ua, "https://odd.example/contact") {
				return "User-Agent " + ua
			}
			return ""
		})},
		{Name: "no-referer", Cites: "RFC 9110 10.1.3", Must: true, Want: "none", Check: never("Referer")},
		{Name: "no-cookies", Cites: "rachelbythebay, feed reader score", Must: true, Want: "none comes back", Serve: with("Set-Cookie", "id=1; Max-Age=9999; Path=/", "Set-Cookie", "b=2"), Check: all(every, never("Cookie"))},
		{Name: "accept", Cites: "RFC 9110 12.5.1", Want: "feeds first, anything at last", Check: eachRequest(func(r Request) string {
			if a := r.Header.Get("Accept"); !strings.Contains(a, "application/atom+xml") || !strings.Contains(a, "application/rss+xml") || !strings.Contains(a, "*/*") {
				return "Accept " + a
			}
			return ""
		})},
		{Name: "accept-encoding", Cites: "RFC 9110 12.5.3", Want: "gzip, br and zstd are offered", Check: eachRequest(func(r Request) string {
			for _, coding := range []string{"gzip", "br", "zstd"} {
				if !strings.Contains(r.Header.Get("Accept-Encoding"), coding) {
					return "Accept-Encoding " + r.Header.Get("Accept-Encoding")
				}
			}
			return ""
		})},
		{Name: "get-only", Cites: "RFC 9110 9.3.1", Must: true, Want: "one GET a visit; no HEAD", Serve: func(a *Ask) { a.conditional("ETag", `"v1"`) }, Check: all(every, atMost(First, 1), eachRequest(func(r Request) string {
			if r.Method != "GET" {
				return r.Method
			}
			return ""
		}))},
		{Name: "host-header", Cites: "RFC 9110 7.2", Must: true, Want: "host and port of the address", Check: func(s *Seen) string {
			return eachRequest(func(r Request) string {
				if r.Host != hostOf(s.self) {
					return "Host " + r.Host
				}
				return ""
			})(s)
		}},
		{Name: "fragment", Cites: "RFC 9112 3.2", Must: true, Want: "it is not sent", URL: "{self}/feed#latest", Check: all(every, noFragment)},
		{Name: "query-kept", Cites: "RFC 9112 3.2.1", Must: true, Want: "to the letter", URL: "{self}/feed?b=2&a=1&c=%7E+x&d", Check: eachRequest(func(r Request) string {
			if r.URI != "/feed?b=2&a=1&c=%7E+x&d" {
				return "asked for " + r.URI
			}
			return ""
		})},
		{Name: "path-kept", Cites: "RFC 3986 6.2.2", Want: "to the letter", URL: "{self}/feed;v=1/%2F/a%20b", Check: eachRequest(func(r Request) string {
			if r.URI != "/feed;v=1/%2F/a%20b" {
				return "asked for " + r.URI
			}
			return ""
		})},
		{Name: "nothing-else-asked", Cites: "no robots.txt, favicon or images of it", Must: true, Want: "the feed alone", Serve: serve(xmlType, rss("<image><url>{self}/logo.png</url></image>", item(1, `<title>Tale 1 of {name}</title><description>&lt;img src="{self}/a.png"> seen in {name}</description>`))), Check: eachRequest(func(r Request) string {
			if r.Path != "/feed" {
				return "it was asked for"
			}
			return ""
		})},
		{Name: "no-trace-of-us", Cites: "RFC 9110 10.1.2, 7.6.3; RFC 7239", Want: "no From, Via, Forwarded, Origin", Check: all(never("From"), never("Via"), never("Forwarded"), never("X-Forwarded-For"), never("Origin"))},
		{Name: "per-host-concurrency", Cites: "fetch.per_host.concurrency", Must: true, Want: "no more than two at a time", Sources: 6, Serve: func(a *Ask) { a.pause(350 * time.Millisecond); a.feed() }, Check: atOnce(2)},
		{Name: "per-host-spacing", Cites: "fetch.per_host.interval", Must: true, Want: "100 ms from one to the next", Sources: 6, Check: spaced(100 * time.Millisecond)},
		{Name: "connection-reused", Cites: "RFC 9112 9.3", Want: "sources of a host share connections", Sources: 8, Check: func(s *Seen) string {
			var from []string
			for _, r := range s.Requests {
				if r.Round == First {
					from = append(from, r.From)
				}
			}
			slices.Sort(from)
			if n := len(slices.Compact(from)); n > 5 { // two at a time; a moment passes until one is free again
				return wrong("%d connections for 8 requests", n)
			}
			return wantRequests(s, First, s.Sources)
		}},
		{Name: "per-address", Cites: "hosts that share a machine: one IP, written two ways", Want: "no more than eight at a time", Sources: 16, URL: "http://{v4}/feed", Serve: func(a *Ask) { a.pause(350 * time.Millisecond); a.feed() }, Check: atOnce(8)},
		{Name: "preload", Cites: "RFC 8288; HTML preload", Must: true, Want: "nothing that a header names is asked for", Serve: with("Link", "<{other}/style.css>; rel=preload, <{other}/next>; rel=next"), Check: all(told(1), nothingElse)},
		{Name: "alt-svc", Cites: "RFC 7838", Want: "no other host is asked", Serve: with("Alt-Svc", `h2="{other_host}"; ma=9999`), Check: all(told(1), every, nothingElse)},
		{Name: "refresh-header", Cites: "browsers' Refresh", Must: true, Want: "not followed", Serve: with("Refresh", "0;url={other}/feed"), Check: all(told(1), nothingElse)},
		{Name: "self-elsewhere", Cites: "RFC 4287 4.2.7.2: self is no order to move", Must: true, Want: "not followed", Serve: serve("text/xml", under(rss(`<atom:link rel="self" href="{other}/feed"/>`, story(1)), ` xmlns:atom="http://www.w3.org/2005/Atom"`)), Check: all(told(1), every, nothingElse)},
		{Name: "itunes-new-feed-url", Cites: "Apple, podcast RSS: anybody who can edit a page could take a feed away", Must: true, Want: "not followed unasked", Serve: serve("text/xml", under(rss("<itunes:new-feed-url>{other}/feed</itunes:new-feed-url>", story(1)), ` xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"`)), Check: all(told(1), every, nothingElse)},
		{Name: "http2", Cites: "RFC 9113 3.2", Want: "spoken where TLS offers it", TLS: trusted, Keys: "tls: { ca_file: ca.pem }", Check: all(told(1), eachRequest(func(r Request) string {
			if r.Proto != "HTTP/2.0" {
				return r.Proto
			}
			return ""
		}))},
		{Name: "http11-only", Cites: "RFC 7301 3.2", Want: "spoken where TLS offers no other", TLS: func(ca *authority) secured {
			return secured{ca: ca, config: func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }}
		}, Keys: "tls: { ca_file: ca.pem }", Check: all(told(1), fine(Last))},
		{Name: "validators-after-restart", Cites: "RFC 9110 13.1; rachelbythebay", Must: true, Want: "each round is a process of its own, and conditional", Serve: func(a *Ask) { a.conditional("ETag", `"kept"`) },
			Check: all(sent(Polite, "If-None-Match", `"kept"`), sent(Third, "If-None-Match", `"kept"`), sent(Fourth, "If-None-Match", `"kept"`), sent(Last, "If-None-Match", `"kept"`))},
	}
}

// pause takes a while to answer.
func (a *Ask) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-a.Context().Done():
	}
}

// atOnce limits how many requests are under way at one time.
func atOnce(most int) Check {
	return func(s *Seen) string {
		for _, r := range s.Requests {
			n := 0
			for _, o := range s.Requests {
				if !o.Began.After(r.Began) && o.Ended.After(r.Began) {
					n++
				}
			}
			if n > most {
				return wrong("%d at one time in round %d", n, r.Round)
			}
		}
		return wantRequests(s, First, s.Sources)
	}
}

// spaced wants requests so far apart, all in all: when one is late, the next
// comes sooner after it.
func spaced(least time.Duration) Check {
	return func(s *Seen) string {
		var first, last time.Time
		for _, r := range s.Requests {
			if r.Round == Last && first.IsZero() {
				first = r.Began
			}
			last = r.Began
		}
		if span := last.Sub(first); span < least*time.Duration(s.Sources-1)*8/10 {
			return wrong("%d in %s", s.Sources, span)
		}
		return wantRequests(s, Last, s.Sources)
	}
}

func wantRequests(s *Seen, round, n int) string {
	if got := s.at(round, ""); got != n {
		return wrong("%d requests in round %d, want %d", got, round, n)
	}
	return ""
}

func trusted(ca *authority) secured { return secured{ca: ca} }
