package odd

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// floors: when a site allows the next visit (RFC 9110 10.2.3, RFC 9111 5, the
// feeds' own elements).
func floors() []Behaviour {
	return append(headerFloors(), documentFloors()...)
}

const day = 24 * time.Hour

// in is a moment from now as HTTP writes it.
func in(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }

// headed answers with headers whose dates are made as the request comes.
func headed(code int, headers func() []string) func(*Ask) {
	return func(a *Ask) {
		a.set(headers()...)
		if code == 200 {
			a.feed()
			return
		}
		a.give(code, "text/plain", "come back later")
	}
}

func expiring(date, expires time.Duration) func(*Ask) {
	return headed(200, func() []string { return []string{"Date", in(date), "Expires", in(expires)} })
}

func headerFloors() []Behaviour {
	return []Behaviour{
		{Name: "floor-none", Cites: "RFC 9111 4.2", Must: true, Want: "the schedule alone says when", Check: all(every, waitsBetween(First, 0, 61*time.Second, "schedule"))},
		{Name: "floor-max-age", Cites: "RFC 9111 5.2.2.1", Must: true, Want: "2 h", Serve: with("Cache-Control", "public, max-age=7200"), Check: all(held, waits(First, 2*time.Hour, "max-age"))},
		{Name: "floor-max-age-spelling", Cites: "RFC 9111 5.2: any case, quoted or not", Want: "2 h", Serve: with("Cache-Control", `Public , Max-Age="7200"`), Check: all(held, waits(First, 2*time.Hour, "max-age"))},
		{Name: "floor-age", Cites: "RFC 9111 4.2.3", Want: "max-age less the Age", Serve: with("Cache-Control", "max-age=7200", "Age", "3600"), Check: all(held, waits(First, time.Hour, "max-age"))},
		{Name: "floor-age-older", Cites: "RFC 9111 4.2.3", Want: "a stale answer of a cache floors nothing", Serve: with("Cache-Control", "max-age=60", "Age", "90000"), Check: every},
		{Name: "floor-shared-age", Cites: "RFC 9111 5.2.2.10: s-maxage is for shared caches", Want: "max-age counts", Serve: with("Cache-Control", "s-maxage=60, max-age=7200"), Check: all(held, waits(First, 2*time.Hour, "max-age"))},
		{Name: "floor-max-age-zero", Cites: "RFC 9111 5.2.2.1", Want: "no floor", Serve: with("Cache-Control", "max-age=0, must-revalidate"), Check: every},
		{Name: "floor-max-age-garbage", Cites: "RFC 9111 4.2.1: invalid freshness is stale", Want: "no floor, and the feed", Serve: with("Cache-Control", "max-age=soon"), Check: all(every, told(1))},
		{Name: "floor-max-age-year", Cites: "CDNs: max-age=31536000 for everything", Must: true, Want: "a day at most", Serve: with("Cache-Control", "max-age=31536000, immutable"), Check: all(held, waits(First, day, "max-age"))},
		{Name: "floor-max-age-huge", Cites: "RFC 9111 1.2.2: delta-seconds beyond 2^31", Want: "no overflow: a day at most", Serve: with("Cache-Control", "max-age=99999999999999999999"), Check: all(told(1), waitsBetween(First, 0, day+time.Minute, ""))},
		{Name: "floor-max-age-over", Cites: "rachelbythebay, feed reader score", Must: true, Want: "when it has passed, it is asked again", Serve: with("Cache-Control", "max-age=1"), Check: every},
		{Name: "floor-no-store", Cites: "RFC 9111 5.2.2.5", Want: "no floor", Serve: with("Cache-Control", "no-store"), Check: all(every, told(1))},
		{Name: "floor-on-304", Cites: "RFC 9111 4.3.4", Must: true, Want: "a 304 floors anew", Serve: turns(with("ETag", `"v1"`), status(304, "Cache-Control", "max-age=7200")), Check: all(asked(1, 1, 1, 1, 1), waits(Polite, 2*time.Hour, "max-age"))},
		{Name: "floor-expires", Cites: "RFC 9111 5.3", Must: true, Want: "2 h", Serve: expiring(0, 2*time.Hour), Check: all(held, waits(First, 2*time.Hour, "Expires"))},
		{Name: "floor-expires-skewed", Cites: "RFC 9111 4.2.1: Expires less Date", Want: "2 h by the site's own clock", Serve: expiring(-5*time.Hour, -3*time.Hour), Check: all(held, waits(First, 2*time.Hour, "Expires"))},
		{Name: "floor-expires-past", Cites: "RFC 9111 5.3", Want: "no floor", Serve: with("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"), Check: every},
		{Name: "floor-expires-garbage", Cites: "RFC 9111 5.3: 0 and -1 are of the past", Want: "no floor", Serve: with("Expires", "-1"), Check: all(every, told(1))},
		{Name: "floor-expires-2038", Cites: "a misplaced Expires of 2038", Must: true, Want: "a day at most", Serve: with("Expires", "Tue, 19 Jan 2038 03:14:07 GMT"), Check: all(held, waits(First, day, "Expires"))},
		{Name: "floor-max-age-beats-expires", Cites: "RFC 9111 5.3", Want: "1 h", Serve: headed(200, func() []string { return []string{"Cache-Control", "max-age=3600", "Expires", in(9 * time.Hour)} }), Check: all(held, waits(First, time.Hour, "max-age"))},
		{Name: "floor-retry-200", Cites: "RFC 9110 10.2.3", Want: "Retry-After counts with any status", Serve: with("Retry-After", "7200"), Check: all(held, waits(First, 2*time.Hour, "Retry-After"), told(1))},
		{Name: "floor-retry-304", Cites: "RFC 9110 10.2.3", Want: "2 h", Serve: turns(with("ETag", `"v1"`), status(304, "Retry-After", "7200")), Check: waits(Polite, 2*time.Hour, "Retry-After")},
		{Name: "floor-retry-404", Cites: "RFC 9110 10.2.3", Want: "2 h", Serve: status(404, "Retry-After", "7200"), Check: all(held, waits(First, 2*time.Hour, "Retry-After"))},
		{Name: "floor-retry-503", Cites: "RFC 9110 15.6.4", Must: true, Want: "2 h", Serve: status(503, "Retry-After", "7200"), Check: all(held, waits(First, 2*time.Hour, "Retry-After"), fails(First, "503"))},
		{Name: "floor-retry-date", Cites: "RFC 9110 10.2.3", Must: true, Want: "a date counts as seconds do", Serve: headed(503, func() []string { return []string{"Retry-After", in(3 * time.Hour)} }), Check: all(held, waits(First, 3*time.Hour, "Retry-After"))},
		{Name: "floor-retry-date-past", Cites: "RFC 9110 10.2.3", Want: "only the backoff", Serve: headed(503, func() []string { return []string{"Retry-After", in(-3 * time.Hour)} }), Check: waits(First, 5*time.Minute, "backoff")},
		{Name: "floor-retry-garbage", Cites: "RFC 9110 10.2.3", Want: "only the backoff", Serve: status(503, "Retry-After", "in a while"), Check: waits(First, 5*time.Minute, "backoff")},
		{Name: "floor-retry-negative", Cites: "RFC 9110 10.2.3", Want: "only the backoff", Serve: status(503, "Retry-After", "-7200"), Check: waits(First, 5*time.Minute, "backoff")},
		{Name: "floor-retry-huge", Cites: "Retry-After: 999999999", Must: true, Want: "a week at most", Serve: status(503, "Retry-After", "999999999"), Check: all(held, waitsBetween(First, day-time.Minute, 7*day+time.Minute, "Retry-After"))},
		{Name: "floor-retry-429", Cites: "RFC 6585 4", Must: true, Want: "2 h", Serve: status(429, "Retry-After", "7200"), Check: all(held, waits(First, 2*time.Hour, "Retry-After"), fails(First, "429"))},
		{Name: "floor-429-bare", Cites: "RFC 6585 4", Want: "the backoff", Serve: status(429), Check: all(held, waits(First, 5*time.Minute, "backoff"))},
		{Name: "floor-429-host", Cites: "RFC 6585 4; FreshRSS #7870", Must: true, Want: "one source's 429 holds the others of its host", Sources: 2, Serve: oneRefuses(429), Check: all(held, visited("/feed2", 1, 0, 1, 1, 1))},
		{Name: "floor-503-host", Cites: "RFC 9110 15.6.4", Must: true, Want: "one source's 503 with Retry-After holds the others of its host", Sources: 2, Serve: oneRefuses(503), Check: all(held, visited("/feed2", 1, 0, 1, 1, 1))},
		{Name: "floor-min-interval", Cites: "min_interval of the source", Must: true, Want: "not sooner, whatever the site allows", Keys: "min_interval: 30m", Check: all(held, waits(First, 30*time.Minute, "min_interval"))},
		{Name: "floor-backoff", Cites: "rachelbythebay, feed reader score", Must: true, Want: "5, 10, 20, 40 minutes", Serve: status(500),
			Check: all(held, waits(First, 5*time.Minute, "backoff"), waits(Third, 10*time.Minute, "backoff"), waits(Fourth, 20*time.Minute, "backoff"), waits(Last, 40*time.Minute, "backoff"))},
		{Name: "floor-longest-wins", Cites: "each may only raise the floor", Want: "3 h", Serve: func(a *Ask) {
			a.set("Cache-Control", "max-age=3600", "Retry-After", "7200").doc(rss("<ttl>180</ttl>", story(1)))
		}, Check: all(held, waits(First, 3*time.Hour, "ttl"))},
	}
}

// oneRefuses: the first source of the host is refused, the others are not.
func oneRefuses(code int) func(*Ask) {
	return func(a *Ask) {
		if a.URL.Path == "/feed" {
			a.set("Retry-After", "7200").give(code, "text/plain", "not so fast")
			return
		}
		a.feed()
	}
}

func documentFloors() []Behaviour {
	const sy = ` xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"`
	syndication := func(inner string) func(*Ask) {
		return serve(xmlType, strings.Replace(rss(inner, story(1)), `version="2.0"`, `version="2.0"`+sy, 1))
	}
	return []Behaviour{
		{Name: "floor-ttl", Cites: "RSS 2.0 ttl", Must: true, Want: "2 h", Serve: serve(xmlType, rss("<ttl>120</ttl>", story(1))), Check: all(held, waits(First, 2*time.Hour, "ttl"))},
		{Name: "floor-ttl-spaced", Cites: "RSS 2.0 ttl", Want: "2 h", Serve: serve(xmlType, rss("<ttl>\n 120\n</ttl>", story(1))), Check: all(held, waits(First, 2*time.Hour, "ttl"))},
		{Name: "floor-ttl-garbage", Cites: "RSS 2.0 ttl", Want: "no floor, and the feed", Serve: serve(xmlType, rss("<ttl>often</ttl>", story(1))), Check: all(every, told(1))},
		{Name: "floor-ttl-huge", Cites: "<ttl>525600</ttl>", Must: true, Want: "a day at most", Serve: serve(xmlType, rss("<ttl>525600</ttl>", story(1))), Check: all(held, waits(First, day, "ttl"))},
		{Name: "floor-ttl-on-304", Cites: "RSS 2.0 ttl, RFC 9110 15.4.5", Want: "what the document asked for holds while it is unchanged",
			Serve: turns(func(a *Ask) { a.set("ETag", `"v1"`).doc(rss("<ttl>120</ttl>", story(1))) }, status(304)), Check: all(held, waits(Last, 2*time.Hour, "ttl"))},
		{Name: "floor-skip-hours", Cites: "RSS 0.91 skipHours, GMT", Must: true, Want: "not in this hour and the next two", Serve: func(a *Ask) { a.doc(rss(skipHours(3), story(1))) },
			Check: all(held, waitsBetween(First, 2*time.Hour-time.Minute, 3*time.Hour+time.Minute, "skipHours"))},
		{Name: "floor-skip-hours-all", Cites: "RSS 0.91 skipHours: all 24", Want: "a day at most", Serve: func(a *Ask) { a.doc(rss(skipHours(24), story(1))) }, Check: all(held, waits(First, day, "skipHours"))},
		{Name: "floor-skip-hours-24", Cites: "RSS 0.91 counts hours from 1 to 24", Want: "an hour that is none is no error", Serve: serve(xmlType, rss("<skipHours><hour>99</hour><hour>-1</hour><hour>x</hour></skipHours>", story(1))), Check: all(every, told(1))},
		{Name: "floor-skip-days", Cites: "RSS 0.91 skipDays, GMT", Must: true, Want: "not today and tomorrow", Serve: func(a *Ask) { a.doc(rss(skipDays(), story(1))) }, Check: all(held, waitsBetween(First, day-time.Minute, 2*day+time.Minute, "skipDays"))},
		{Name: "floor-sy-hourly", Cites: "RSS 1.0 syndication", Must: true, Want: "1 h", Serve: syndication("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>"), Check: all(held, waits(First, time.Hour, "sy"))},
		{Name: "floor-sy-frequency", Cites: "RSS 1.0 syndication", Must: true, Want: "a day over 4", Serve: syndication("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"), Check: all(held, waits(First, 6*time.Hour, "sy"))},
		{Name: "floor-sy-weekly", Cites: "RSS 1.0 syndication", Want: "a day at most", Serve: syndication("<sy:updatePeriod> weekly </sy:updatePeriod>"), Check: all(held, waits(First, day, "sy"))},
		{Name: "floor-sy-garbage", Cites: "RSS 1.0 syndication", Want: "no floor, and the feed", Serve: syndication("<sy:updatePeriod>often</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>"), Check: all(every, told(1))},
		{Name: "floor-sy-rdf", Cites: "RSS 1.0 syndication", Want: "1 h", Serve: serve("application/rdf+xml", rdf(sy, "<sy:updatePeriod>hourly</sy:updatePeriod>")), Check: all(held, waits(First, time.Hour, "sy"), told(1))},
	}
}

func rdf(namespaces, inner string) string {
	return `<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"` + namespaces + `><channel rdf:about="{self}/"><title>{name}</title><link>{self}/</link><description>d</description>` + inner +
		`</channel><item rdf:about="{self}/tale/1"><title>Tale 1 of {name}</title><link>{self}/tale/1</link><description>What {name} has to tell in RDF.</description></item></rdf:RDF>`
}

func skipHours(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<hour>%d</hour>", (time.Now().UTC().Hour()+i)%24)
	}
	return "<skipHours>" + b.String() + "</skipHours>"
}

func skipDays() string {
	now := time.Now().UTC()
	return fmt.Sprintf("<skipDays><day>%s</day><day>%s</day></skipDays>", now.Weekday(), now.Add(day).Weekday())
}
