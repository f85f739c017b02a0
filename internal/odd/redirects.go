package odd

import (
	"fmt"
	"strings"
)

// redirects: where a site says that its feed is (RFC 9110 15.4).
func redirects() []Behaviour {
	once := func(code int) func(*Ask) { return to(code, "{self}/moved") }
	direct := all(asked(1, 1, 1, 0, 0), visited("/moved", 1, 1, 1, 1, 1))
	each := all(every, visited("/moved", 1, 1, 1, 1, 1))
	return append([]Behaviour{
		{Name: "301-remembered", Cites: "RFC 9110 15.4.2", Must: true, Want: "after three equal answers the new address is asked", Serve: once(301), Check: all(direct, told(1))},
		{Name: "308-remembered", Cites: "RFC 9110 15.4.9", Must: true, Want: "after three equal answers the new address is asked", Serve: once(308), Check: all(direct, told(1))},
		{Name: "301-shown", Cites: "RFC 9110 15.4.2: link to the new address", Must: true, Want: "sources says where it went", Serve: once(301), Check: func(s *Seen) string {
			if moved := s.line(First).Moved; moved != s.self+"/moved" {
				return wrong("moved is %q", moved)
			}
			return ""
		}},
		{Name: "302-never", Cites: "RFC 9110 15.4.3", Must: true, Want: "followed, and never remembered", Serve: once(302), Check: all(each, unmoved, told(1))},
		{Name: "303-never", Cites: "RFC 9110 15.4.4", Must: true, Want: "followed, and never remembered", Serve: once(303), Check: all(each, unmoved, told(1))},
		{Name: "307-never", Cites: "RFC 9110 15.4.8", Must: true, Want: "followed, and never remembered", Serve: once(307), Check: all(each, unmoved, told(1))},
		{Name: "301-then-302", Cites: "RFC 9110 15.4: each hop speaks for itself", Must: true, Want: "the first hop is remembered, the second is not", Serve: hops(map[string]string{"/feed": "301 /a", "/a": "302 /moved"}),
			Check: all(asked(1, 1, 1, 0, 0), visited("/a", 1, 1, 1, 1, 1), visited("/moved", 1, 1, 1, 1, 1))},
		{Name: "302-then-301", Cites: "RFC 9110 15.4: the way there is not for good", Must: true, Want: "nothing is remembered", Serve: hops(map[string]string{"/feed": "302 /a", "/a": "301 /moved"}), Check: all(every, visited("/a", 1, 1, 1, 1, 1), unmoved)},
		{Name: "301-flapping", Cites: "load balancers that cannot agree", Must: true, Want: "three answers that differ are not remembered", Serve: func(a *Ask) {
			if a.URL.Path != "/feed" {
				a.feed()
				return
			}
			to(301, fmt.Sprintf("{self}/moved%d", a.Visit))(a)
		}, Check: every},
		{Name: "301-taken-back", Cites: "hotel portals, mistakes of an hour", Must: true, Want: "an answer between ends the counting", Serve: onFeed(turns(once(301), once(301), (*Ask).feed, once(301))), Check: all(every, told(1))},
		{Name: "301-target-dies", Cites: "a move that was none: the new host is closed again", Must: true, Want: "the old address is asked again, and its items come", Serve: func(a *Ask) {
			switch {
			case a.URL.Path == "/feed" && a.Visit <= 3:
				to(301, "{self}/moved")(a)
			case a.URL.Path == "/moved" && a.Visit > 3:
				a.give(404, "text/html", "gone")
			default:
				a.feed()
			}
		}, Check: all(fine(Last), told(1), func(s *Seen) string {
			if s.at(Fourth, "/feed")+s.at(Last, "/feed") == 0 {
				return "the old address was not asked again"
			}
			return ""
		})},
		{Name: "redirect-loop", Cites: "RFC 9110 15.4", Must: true, Want: "an end, and an error", Serve: hops(map[string]string{"/feed": "302 /a", "/a": "302 /feed"}), Check: all(fails(First, "redirect"), atMost(First, 21))},
		{Name: "redirect-to-itself", Cites: "sites that want a cookie first", Must: true, Want: "an end, and an error", Serve: func(a *Ask) { a.set("Set-Cookie", "seen=1; Path=/"); to(302, "{self}/feed")(a) }, Check: all(fails(First, "redirect"), atMost(First, 21), never("Cookie"))},
		{Name: "redirect-without-end", Cites: "RFC 9110 15.4", Must: true, Want: "an end, and an error", Serve: func(a *Ask) {
			a.set("Location", fmt.Sprintf("{self}/%dx", len(a.URL.Path))+a.URL.Path).WriteHeader(302)
		}, Check: all(fails(First, "redirect"), atMost(First, 21))},
		{Name: "redirect-five-hops", Cites: "RFC 9110 15.4", Want: "the feed", Serve: hops(map[string]string{"/feed": "302 /a", "/a": "307 /b", "/b": "303 /c", "/c": "302 /d", "/d": "302 /moved"}), Check: all(told(1), fine(Last))},
	}, locations()...)
}

// locations: how the new address may be written, and where it may lead.
func locations() []Behaviour {
	found := all(told(1), fine(Last))
	bad := func(name, location string) Behaviour {
		return Behaviour{Name: name, Cites: "RFC 9110 15.4, 17.4", Must: true, Want: "refused, and said so", Serve: to(302, location), Check: all(fails(First, "redirect", "location", "http"), told(0))}
	}
	return []Behaviour{
		{Name: "location-relative", Cites: "RFC 9110 10.2.2", Must: true, Want: "the feed", Serve: to(302, "../moved"), Check: found},
		{Name: "location-no-scheme", Cites: "RFC 3986 4.2", Want: "the feed", Serve: to(302, "//{host}/moved"), Check: found},
		{Name: "location-query-only", Cites: "RFC 3986 5.2", Want: "the feed", Serve: func(a *Ask) {
			if a.URL.RawQuery == "" {
				a.set("Location", "?format=rss").WriteHeader(302)
				return
			}
			a.feed()
		}, Check: found},
		{Name: "location-fragment", Cites: "RFC 9110 10.2.2, RFC 9112 3.2: no fragment is sent", Want: "the feed, asked for without it", Serve: to(302, "{self}/moved#top"), Check: all(found, noFragment)},
		{Name: "location-space", Cites: "Location: /a file.xml", Want: "the feed", Serve: to(302, "{self}/moved file"), Check: found},
		{Name: "location-utf8", Cites: "Location: /фид", Want: "the feed", Serve: to(302, "{self}/фид"), Check: found},
		{Name: "location-none", Cites: "RFC 9110 15.4", Must: true, Want: "an error that says so", Serve: status(302), Check: all(fails(First, "location", "address", "302"), told(0))},
		{Name: "location-empty", Cites: "RFC 9110 10.2.2", Want: "an error", Serve: status(301, "Location", ""), Check: all(fails(First, "location", "address", "301", "redirect"), told(0))},
		{Name: "location-garbage", Cites: "RFC 9110 10.2.2", Must: true, Want: "an error", Serve: status(301, "Location", "http://[::1:::/%zz"), Check: all(fails(First, "location", "address", "301", "parse"), told(0))},
		{Name: "location-300", Cites: "RFC 9110 15.4.1", Want: "an error that says 300, or the feed", Serve: to(300, "{self}/moved"), Check: func(s *Seen) string {
			if len(s.Stories) == 1 {
				return ""
			}
			return fails(First, "300")(s)
		}},
		bad("location-ftp", "ftp://{host}/feed"), bad("location-file", "file:///etc/passwd"), bad("location-javascript", "javascript:alert(1)"),
		bad("location-data", "data:application/rss+xml,<rss/>"), bad("location-gopher", "gopher://{host}:70/1"),
		{Name: "redirect-404", Cites: "RFC 9110 15.5.5", Want: "the error of the last hop", Serve: hops(map[string]string{"/feed": "301 /a", "/a": "404"}), Check: all(fails(First, "404"), told(0))},
		{Name: "redirect-endless-body", Cites: "net/http reads 2 KB of it", Must: true, Want: "the body of a redirect is not read to its end", Serve: func(a *Ask) {
			if a.URL.Path == "/feed" {
				a.set("Location", "{self}/moved").WriteHeader(302)
				a.endless("more and more ")
				return
			}
			a.feed()
		}, Check: all(found, drank(8<<20))},
		{Name: "redirect-drops-login", Cites: "RFC 9110 15.4 6.; CVE-2022-27776", Must: true, Want: "another host gets no password", Keys: "basic_auth: { user: u, password: p }", Serve: to(302, "{other}/moved"), Check: all(found, otherGets("Authorization", false))},
		{Name: "redirect-drops-header", Cites: "RFC 9110 15.4 6.", Must: true, Want: "another host gets no header of the configuration", Keys: `headers: { X-Key: "secret" }`, Serve: to(302, "{other}/moved"), Check: all(found, otherGets("X-Key", false))},
		{Name: "redirect-drops-bearer", Cites: "RFC 6750 5.3", Must: true, Want: "another host gets no token", Keys: "bearer_token: secret", Serve: to(307, "{other}/moved"), Check: all(found, otherGets("Authorization", false))},
		{Name: "redirect-keeps-login", Cites: "RFC 9110 11.6.2", Must: true, Want: "the same host gets it again", Keys: "basic_auth: { user: u, password: p }", Serve: to(302, "{self}/moved"), Check: all(found, eachRequest(func(r Request) string {
			if r.Header.Get("Authorization") == "" {
				return "no Authorization"
			}
			return ""
		}))},
		{Name: "redirect-no-referer", Cites: "RFC 9110 10.1.3", Must: true, Want: "nobody learns where we came from", Serve: to(302, "{other}/moved"), Check: all(found, otherGets("Referer", false))},
	}
}

// to redirects /feed to a location, where the feed is.
func to(code int, location string) func(*Ask) {
	return onFeed(func(a *Ask) { a.set("Location", location).give(code, "text/html", "moved") })
}

// onFeed answers /feed so, and anything else with the feed.
func onFeed(serve func(*Ask)) func(*Ask) {
	return func(a *Ask) {
		if a.URL.Path == "/feed" {
			serve(a)
			return
		}
		a.feed()
	}
}

// hops redirects from path to path: "302 /next"; other paths have the feed.
func hops(way map[string]string) func(*Ask) {
	return func(a *Ask) {
		step, ok := way[a.URL.Path]
		if !ok {
			a.feed()
			return
		}
		code, next := 0, ""
		fmt.Sscan(step, &code, &next)
		if next != "" {
			a.set("Location", "{self}"+next)
		}
		a.give(code, "text/html", "moved")
	}
}

func unmoved(s *Seen) string {
	if moved := s.line(Last).Moved; moved != "" {
		return wrong("moved is %q", moved)
	}
	return ""
}

func noFragment(s *Seen) string {
	return eachRequest(func(r Request) string {
		if strings.Contains(r.URI, "#") {
			return "a fragment was sent"
		}
		return ""
	})(s)
}

// atMost limits the requests of a round.
func atMost(round, n int) Check {
	return func(s *Seen) string {
		if got := s.at(round, ""); got > n {
			return wrong("%d requests in round %d, want at most %d", got, round, n)
		}
		return ""
	}
}

// drank limits how much of any body was taken; buffers of the system count, too.
func drank(most int64) Check {
	return eachRequest(func(r Request) string {
		if r.Sent > most {
			return wrong("%d bytes were read, want at most %d", r.Sent, most)
		}
		return ""
	})
}

// otherGets says whether the second host gets a header.
func otherGets(header string, wanted bool) Check {
	return func(s *Seen) string {
		came := false
		for _, r := range s.Requests {
			if !r.Other {
				continue
			}
			came = true
			if got := r.Header.Get(header); (got != "") != wanted {
				return wrong("the other host got %s %q", header, got)
			}
		}
		if !came {
			return "the other host was not asked"
		}
		return ""
	}
}
