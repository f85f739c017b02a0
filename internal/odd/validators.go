package odd

import (
	"fmt"
	"strings"
	"time"
)

// validators: what a site says of its document's version, and what it makes of
// it when that is said back (RFC 9110 8.8 and 13.1).
func validators() []Behaviour {
	const date = "Fri, 02 Jan 2026 03:04:05 GMT"
	longTag := `"` + strings.Repeat("t", 4000) + `"`
	return []Behaviour{
		{Name: "etag-only", Cites: "RFC 9110 13.1.2", Must: true, Want: "If-None-Match, and no date that nobody gave",
			Serve: func(a *Ask) { a.conditional("ETag", `"v1"`) },
			Check: all(every, sent(First, "If-None-Match", ""), sent(Polite, "If-None-Match", `"v1"`), sent(Last, "If-None-Match", `"v1"`), sent(Last, "If-Modified-Since", ""), fine(Last), told(1))},
		{Name: "modified-only", Cites: "RFC 9110 13.1.3", Must: true, Want: "If-Modified-Since, and no tag that nobody gave",
			Serve: func(a *Ask) { a.conditional("Last-Modified", date) },
			Check: all(every, sent(First, "If-Modified-Since", ""), sent(Polite, "If-Modified-Since", date), sent(Last, "If-None-Match", ""), told(1))},
		{Name: "both-validators", Cites: "rachelbythebay, feed reader score", Must: true, Want: "both go back",
			Serve: func(a *Ask) { a.conditional("ETag", `"v1"`, "Last-Modified", date) },
			Check: all(every, sent(Polite, "If-None-Match", `"v1"`), sent(Polite, "If-Modified-Since", date))},
		{Name: "no-validators", Cites: "RFC 9110 8.8", Must: true, Want: "none is invented",
			Check: all(every, never("If-None-Match"), never("If-Modified-Since"), told(1))},
		{Name: "etag-weak", Cites: "RFC 9110 8.8.1", Must: true, Want: "goes back with its W/",
			Serve: func(a *Ask) { a.conditional("ETag", `W/"weak"`) }, Check: all(every, sent(Last, "If-None-Match", `W/"weak"`))},
		{Name: "etag-unquoted", Cites: "old nginx modules: ETag: abc", Must: true, Want: "goes back to the letter",
			Serve: func(a *Ask) { a.conditional("ETag", `5f3-a b`) }, Check: all(every, sent(Last, "If-None-Match", `5f3-a b`))},
		{Name: "etag-gzip-suffix", Cites: "Apache bug 45023", Must: true, Want: "goes back with the suffix that compression put on it",
			Serve: func(a *Ask) { a.conditional("ETag", `"v1-gzip"`) }, Check: all(every, sent(Last, "If-None-Match", `"v1-gzip"`))},
		{Name: "etag-with-comma", Cites: "RFC 9110 8.8.3", Want: "goes back to the letter",
			Serve: func(a *Ask) { a.conditional("ETag", `"a, "b", \"c`) }, Check: all(every, sent(Last, "If-None-Match", `"a, "b", \"c`))},
		{Name: "etag-beyond-ascii", Cites: "RFC 9110 8.8.3: obs-text", Want: "goes back byte for byte",
			Serve: func(a *Ask) { a.conditional("ETag", "\"v\xe9\xff\"") }, Check: all(every, sent(Last, "If-None-Match", "\"v\xe9\xff\""))},
		{Name: "etag-very-long", Cites: "RFC 9110 5.4", Want: "goes back whole",
			Serve: func(a *Ask) { a.conditional("ETag", longTag) }, Check: all(every, sent(Last, "If-None-Match", longTag))},
		{Name: "etag-empty", Cites: `RFC 9110 8.8.3: "" is a tag`, Want: "goes back",
			Serve: func(a *Ask) { a.conditional("ETag", `""`) }, Check: all(every, sent(Last, "If-None-Match", `""`))},
		{Name: "modified-odd-date", Cites: "rachelbythebay: validators are opaque", Must: true, Want: "goes back to the letter, not as a date of ours",
			Serve: func(a *Ask) { a.conditional("Last-Modified", "2026-01-02 03:04:05 +0100") },
			Check: all(every, sent(Last, "If-Modified-Since", "2026-01-02 03:04:05 +0100"))},
		{Name: "modified-in-future", Cites: "RFC 9110 8.8.2.1", Want: "goes back to the letter",
			Serve: func(a *Ask) { a.conditional("Last-Modified", "Fri, 02 Jan 2099 03:04:05 GMT") },
			Check: all(every, sent(Last, "If-Modified-Since", "Fri, 02 Jan 2099 03:04:05 GMT"))},
		{Name: "etag-changes", Cites: "RFC 9110 8.8.3", Must: true, Want: "the newest goes back, each new item is told",
			Serve: func(a *Ask) { a.set("ETag", fmt.Sprintf(`"v%d"`, a.Visit)).doc(rss(stories(1, a.Visit))) },
			Check: all(every, sent(Third, "If-None-Match", `"v2"`), sent(Last, "If-None-Match", `"v4"`), told(5))},
		{Name: "etag-dropped", Cites: "RFC 9110 8.8", Must: true, Want: "a document without a tag ends the old one",
			Serve: turns(with("ETag", `"v1"`), serve(xmlType, rss(stories(1, 2)))),
			Check: all(every, sent(Polite, "If-None-Match", `"v1"`), sent(Third, "If-None-Match", ""), told(2))},
		{Name: "etag-fresh-each-time", Cites: "FreshRSS, load balancers that hash the clock", Want: "the same bytes are no news",
			Serve: func(a *Ask) { a.set("ETag", fmt.Sprintf(`"%d"`, time.Now().UnixNano())).feed() }, Check: all(every, fine(Last), told(1))},
		{Name: "etag-same-for-changed", Cites: "WordPress behind caches", Must: true, Want: "what comes with a 200 is read whatever the tag",
			Serve: func(a *Ask) { a.set("ETag", `"stale"`).doc(rss(stories(1, a.Visit))) }, Check: all(every, told(5))},
		{Name: "304-without-validators", Cites: "RFC 9110 15.4.5", Must: true, Want: "the old validators stay",
			Serve: turns(with("ETag", `"v1"`), status(304)), Check: all(every, sent(Last, "If-None-Match", `"v1"`), fine(Last), told(1))},
		{Name: "304-with-new-etag", Cites: "RFC 9111 3.2, 4.3.4", Want: "the new tag goes back",
			Serve: turns(with("ETag", `"v1"`), status(304, "ETag", `"v2"`)), Check: all(every, sent(Polite, "If-None-Match", `"v1"`), sent(Third, "If-None-Match", `"v2"`))},
		{Name: "304-unasked", Cites: "RFC 9110 15.4.5", Must: true, Want: "nothing was asked conditionally: the next is not, either, and brings the items",
			Serve: turns(status(304), (*Ask).feed), Check: all(sent(Third, "If-None-Match", ""), sent(Third, "If-Modified-Since", ""), fine(Last), told(1))},
		{Name: "304-with-body", Cites: "RFC 9112 6.3: a 304 has no body", Want: "the bytes are nobody's answer",
			Serve: turns(with("ETag", `"v1"`), func(a *Ask) {
				a.raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nConnection: close\r\n\r\n<garbage>")
			}), Check: all(every, fine(Last), told(1))},
		{Name: "validators-after-error", Cites: "RFC 9110 13.1: a failure is no new version", Want: "those of the last document go back",
			Serve: turns(with("ETag", `"v1"`), status(500), func(a *Ask) { a.conditional("ETag", `"v1"`) }),
			Check: all(sent(Fourth, "If-None-Match", `"v1"`), fine(Last), told(1))},
		{Name: "validators-of-a-part", Cites: "RFC 9112 8: incomplete messages", Must: true, Want: "a document that was cut off is asked for again, whole",
			Serve: turns(func(a *Ask) {
				a.raw("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 5000\r\n\r\n" + strings.TrimSuffix(rss(stories(1, 2)), "</channel></rss>"))
			}, func(a *Ask) { a.conditional("ETag", `"v1"`) }),
			Check: all(sent(Polite, "If-None-Match", ""), fine(Last))},
		{Name: "etag-twice", Cites: "RFC 9110 5.3: a field that stands twice by mistake", Want: "one of them goes back, and the feed is read",
			Serve: func(a *Ask) { a.set("ETag", `"one"`, "ETag", `"two"`).feed() }, Check: all(every, sent(Last, "If-None-Match", `"one"`), told(1))},
	}
}
