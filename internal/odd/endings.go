package odd

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// endings: answers that bring no document, or not all of it.
func endings() []Behaviour {
	return append(statuses(), connections()...)
}

func statuses() []Behaviour {
	failing := func(name string, code int, cites string) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "an error that says so, and the backoff", Serve: status(code), Check: all(held, fails(First, fmt.Sprint(code)), waits(First, 5*time.Minute, "backoff"), told(0))}
	}
	back := func(name string, code int) Behaviour {
		return Behaviour{Name: name, Cites: "RFC 9110 15: an error is of its moment", Must: true, Want: "one answer, and all is as before", Serve: turns(status(code), status(code), (*Ask).feed),
			Check: all(fails(Third, fmt.Sprint(code)), fine(Fourth), waitsBetween(Fourth, 0, 61*time.Second, "schedule"), told(1))}
	}
	return []Behaviour{
		{Name: "410-ends", Cites: "RFC 9110 15.5.11", Must: true, Want: "no further poll, and said so", Serve: status(410), Check: all(held, fails(First, "410"), ended)},
		failing("404", 404, "RFC 9110 15.5.5"), failing("500", 500, "RFC 9110 15.6.1"), failing("502", 502, "RFC 9110 15.6.3"),
		failing("503", 503, "RFC 9110 15.6.4"), failing("401", 401, "RFC 9110 15.5.2"), failing("403", 403, "RFC 9110 15.5.4"),
		failing("402", 402, "RFC 9110 15.5.3"), failing("451", 451, "RFC 7725 3"), failing("407", 407, "RFC 9110 15.5.8: from no proxy"),
		failing("520", 520, "Cloudflare's own"), failing("999", 999, "LinkedIn's own"),
		back("404-and-back", 404), back("500-and-back", 500), back("410-and-back", 410),
		{Name: "error-keeps-stories", Cites: "a broken part hurts only itself", Must: true, Want: "what was told stays told", Serve: turns((*Ask).feed, status(500)), Check: all(fails(Last, "500"), told(1), holds("Tale 1 of {name}"))},
		{Name: "error-endless-body", Cites: "sites that stream their error page", Must: true, Want: "the body of an error is not read to its end", Serve: func(a *Ask) { a.WriteHeader(404); a.endless("not found ") }, Check: all(fails(First, "404"), drank(8<<20))},
		{Name: "error-with-feed", Cites: "RFC 9110 15.5: a feed under a 404 is no answer", Want: "an error", Serve: func(a *Ask) { a.give(404, rssType, rss(story(1))) }, Check: all(fails(First, "404"), told(0))},
		{Name: "204", Cites: "RFC 9110 15.3.5", Must: true, Want: "no document, and said so", Serve: turns(status(204), status(204), (*Ask).feed), Check: all(fails(First, "204", "empty", "document"), told(1))},
		{Name: "205", Cites: "RFC 9110 15.3.6", Want: "no document, and said so", Serve: func(a *Ask) { a.WriteHeader(205) }, Check: all(fails(First, "205", "empty", "document"), told(0))},
		{Name: "206-unasked", Cites: "RFC 9110 15.3.7", Want: "no whole document is taken for granted: it is asked for again without validators", Serve: turns(func(a *Ask) {
			a.set("ETag", `"v1"`, "Content-Range", "bytes 0-99/5000").give(206, rssType, strings.TrimSuffix(rss(stories(1, 2)), "</channel></rss>"))
		}, func(a *Ask) { a.set("ETag", `"v1"`).doc(rss(stories(1, 3))) }), Check: all(sent(Polite, "If-None-Match", ""), told(3))},
		{Name: "226-im-used", Cites: "RFC 3229 10.4.1", Must: true, Want: "A-IM: feed is offered, the new entries are added to the old", Serve: turns(func(a *Ask) { a.set("ETag", `"v1"`).doc(rss(stories(1, 2))) }, func(a *Ask) {
			if !strings.Contains(a.Request.Header.Get("A-IM"), "feed") {
				a.set("ETag", `"v1"`).doc(rss(stories(1, 2)))
				return
			}
			a.set("ETag", `"v2"`, "IM", "feed").give(226, rssType, rss(story(3)))
		}), Check: all(every, fine(Last), told(3), sent(Third, "If-None-Match", `"v2"`))},
		{Name: "100-continue", Cites: "RFC 9110 15.2.1", Want: "the answer after it counts", Serve: before("HTTP/1.1 100 Continue\r\n\r\n"), Check: all(fine(Last), told(1))},
		{Name: "103-early-hints", Cites: "RFC 8297", Must: true, Want: "the answer after it counts", Serve: before("HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n"), Check: all(fine(Last), told(1))},
		{Name: "1xx-without-end", Cites: "RFC 9110 15.2", Must: true, Want: "an end, and an error", Serve: func(a *Ask) {
			a.hijack(func(c net.Conn) {
				for range 1 << 20 {
					if _, err := io.WriteString(c, "HTTP/1.1 102 Processing\r\n\r\n"); err != nil {
						return
					}
				}
			})
		}, Check: all(failed, told(0))},
		{Name: "empty-body", Cites: "RFC 9112 6.3", Must: true, Want: "no feed, and said so", Serve: serve(rssType, ""), Check: all(fails(First, "empty"), told(0))},
		{Name: "blank-body", Cites: "PHP templates with nothing in them", Want: "no feed, and said so", Serve: serve(rssType, "\n\n  \n"), Check: all(fails(First, "empty"), told(0))},
	}
}

// before sends an interim answer before the feed.
func before(interim string) func(*Ask) {
	return func(a *Ask) { a.raw(interim + wholly(a.expand(rss(story(1))))) }
}

// wholly is an answer with a body of the right length.
func wholly(body string, headers ...string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", len(body), strings.Join(headers, ""), body)
}

// connections: how the bytes of an answer end.
func connections() []Behaviour {
	cut := strings.TrimSuffix(rss(stories(1, 3)), "</channel></rss>")
	late := all(fails(First, "answer", "timeout", "within"), told(0))
	broken := func(name, cites, bytes string) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "an error, and nothing worse", Serve: func(a *Ask) { a.raw(bytes) }, Check: all(fails(First, ""), failed, told(0))}
	}
	return []Behaviour{
		{Name: "length-too-long", Cites: "RFC 9112 8", Must: true, Want: "what came is told, as a part", Serve: func(a *Ask) { a.raw("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + cut) }, Check: told(3)},
		{Name: "length-too-short", Cites: "RFC 9112 6.3", Must: true, Want: "what came is told, as a part", Serve: func(a *Ask) {
			doc := a.expand(rss(stories(1, 3)))
			at := strings.LastIndex(doc, "<item>") + 9
			a.raw(fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", at, doc))
		}, Check: all(told(2), partial)},
		{Name: "chunked-cut-off", Cites: "RFC 9112 8", Must: true, Want: "what came is told, as a part", Serve: func(a *Ask) {
			doc := a.expand(cut)
			a.raw(fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n400\r\n<item><title>Half", len(doc), doc))
		}, Check: told(3)},
		{Name: "reset-in-body", Cites: "RFC 9293 3.5.3", Want: "what came is told, or an error; never half an item", Serve: func(a *Ask) {
			a.hijack(func(c net.Conn) {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"+a.expand(cut)+"<item><title>Half of")
				reset(c)
			})
		}, Check: all(lively, lacks("Half of"))},
		{Name: "http10-close", Cites: "RFC 9112 6.3 8.", Must: true, Want: "the feed: it ends with the connection", Serve: func(a *Ask) { a.raw("HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n" + rss(story(1))) }, Check: all(fine(Last), told(1))},
		{Name: "http10-keeps-alive", Cites: "RFC 9112 9.3", Want: "the feed", Serve: func(a *Ask) {
			doc := a.expand(rss(story(1)))
			a.raw(fmt.Sprintf("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n%s", len(doc), doc))
		}, Check: all(fine(Last), told(1))},
		{Name: "bare-newlines", Cites: "RFC 9112 2.2: LF may end a line", Want: "the feed", Serve: func(a *Ask) { a.raw(strings.ReplaceAll(wholly(a.expand(rss(story(1)))), "\r\n", "\n")) }, Check: all(fine(Last), told(1))},
		{Name: "trailers", Cites: "RFC 9112 7.1.2", Want: "the feed", Serve: func(a *Ask) {
			doc := a.expand(rss(story(1)))
			a.raw(fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n%x;ext=1\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n", len(doc), doc))
		}, Check: all(fine(Last), told(1))},
		{Name: "closes-at-once", Cites: "RFC 9112 9.6", Must: true, Want: "an error", Serve: func(a *Ask) { a.raw("") }, Check: all(failed, told(0))},
		{Name: "closes-after-headers", Cites: "RFC 9112 8", Must: true, Want: "an error", Serve: func(a *Ask) { a.raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n") }, Check: all(failed, told(0))},
		{Name: "resets-at-once", Cites: "RFC 9293 3.5.3", Must: true, Want: "an error", Serve: func(a *Ask) { a.hijack(reset) }, Check: all(failed, told(0))},
		{Name: "hangs-before-headers", Cites: "fetch.timeout", Must: true, Want: "cut off in time", Serve: (*Ask).hang, Check: late},
		{Name: "hangs-in-headers", Cites: "fetch.timeout", Must: true, Want: "cut off in time", Serve: func(a *Ask) {
			a.hijack(func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Ty"); untilClosed(c) })
		}, Check: late},
		{Name: "hangs-in-body", Cites: "fetch.timeout", Must: true, Want: "cut off in time; what came is told, as a part", Serve: func(a *Ask) { a.doc(cut); a.flush(); a.hang() }, Check: all(either(all(told(3), partial), failed), lateOnly)},
		{Name: "drips-body", Cites: "slow loris", Must: true, Want: "cut off in time", Serve: func(a *Ask) { a.give(200, rssType, "<rss><channel>"); a.drip(a.counter, " ") }, Check: late},
		{Name: "drips-headers", Cites: "slow loris", Must: true, Want: "cut off in time", Serve: func(a *Ask) {
			a.hijack(func(c net.Conn) {
				go untilClosed(c)
				w := bufio.NewWriterSize(c, 0)
				io.WriteString(w, "HTTP/1.1 200 OK\r\n")
				for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
					fmt.Fprintf(w, "X-Drip: 1\r\n")
					if w.Flush() != nil {
						return
					}
				}
			})
		}, Check: late},
		{Name: "drips-after-redirect", Cites: "the timeout is of the whole poll", Must: true, Want: "cut off in time", Serve: func(a *Ask) {
			select {
			case <-time.After(400 * time.Millisecond):
				a.set("Location", fmt.Sprintf("{self}/r%d", a.Visit)+a.URL.Path).WriteHeader(302)
			case <-a.Context().Done():
			}
		}, Check: all(failed, told(0))},
		{Name: "endless-body", Cites: "fetch.max_size", Must: true, Want: "cut off at max_size", Serve: func(a *Ask) {
			a.give(200, rssType, "<rss><channel><title>more</title>")
			a.endless("<!-- and more -->")
		}, Check: all(fails(First, "larger", "large"), told(0), drank(32<<20))},
		{Name: "declared-too-large", Cites: "fetch.max_size", Must: true, Want: "refused before it is read", Serve: func(a *Ask) { a.set("Content-Length", "99999999999"); a.doc(cut) }, Check: all(fails(First, "larger", "large"), told(0))},
		{Name: "source-max-size", Cites: "max_size of the source", Must: true, Want: "its own limit holds", Keys: "max_size: 1KiB", Serve: serve(rssType, rss(stories(1, 20))), Check: all(fails(First, "larger", "large"), told(0))},
		{Name: "source-timeout", Cites: "timeout of the source", Must: true, Want: "its own limit holds", Keys: "timeout: 300ms", Serve: (*Ask).hang, Check: all(fails(First, "300ms"), told(0))},
		{Name: "huge-header", Cites: "RFC 9110 5.4", Must: true, Want: "refused, and said so", Serve: with("X-Huge", strings.Repeat("x", 900<<10)), Check: all(failed, told(0))},
		{Name: "thousands-of-headers", Cites: "RFC 9110 5.4; CVE-2023-45288", Want: "the feed or an error; bounded", Serve: func(a *Ask) {
			for i := range 5000 {
				a.set(fmt.Sprintf("X-Many-%d", i), "1")
			}
			a.feed()
		}, Check: all(lively, either(told(1), failed))},
		{Name: "endless-headers", Cites: "RFC 9110 5.4", Must: true, Want: "an end, and an error", Serve: func(a *Ask) {
			a.hijack(func(c net.Conn) {
				io.WriteString(c, "HTTP/1.1 200 OK\r\n")
				for {
					if _, err := io.WriteString(c, "X-More: "+strings.Repeat("x", 4000)+"\r\n"); err != nil {
						return
					}
				}
			})
		}, Check: all(failed, told(0))},
		{Name: "answer-unasked", Cites: "RFC 9112 9.3: a second answer on the connection is nobody's", Must: true, Want: "the next source does not get it", Sources: 2, Serve: func(a *Ask) {
			if a.URL.Path != "/feed" {
				a.feed()
				return
			}
			first, second := a.expand(rss(story(1))), a.expand(rss(item(9, "<title>Injected</title>")))
			a.hijack(func(c net.Conn) {
				for _, doc := range []string{first, second} {
					fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(doc), doc)
				}
				untilClosed(c)
			})
		}, Check: all(told(1), lacks("Injected"), visited("/feed2", 1, 1, 1, 1, 1))},
		{Name: "length-and-chunks", Cites: "RFC 9112 6.3 3.: the mark of smuggling", Want: "the chunks, or an error", Serve: func(a *Ask) {
			doc := a.expand(rss(story(1)))
			a.raw(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(doc), doc))
		}, Check: either(told(1), failed)},
		broken("http-0.9", "RFC 1945: a body without a head", "<rss><channel><title>x</title></channel></rss>"),
		broken("not-http", "RFC 4253 4.2: SSH on this port", "SSH-2.0-OpenSSH_9.2\r\n"),
		broken("status-garbage", "RFC 9112 4", "HTTP/1.1 fine OK\r\n\r\n<rss/>"),
		broken("header-garbage", "RFC 9112 5", "HTTP/1.1 200 OK\r\nno colon here\r\n\x00\x01: x\r\n\r\n<rss/>"),
		broken("length-negative", "RFC 9112 6.3 5.", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n<rss/>"),
		broken("length-twice", "RFC 9112 6.3 5.", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n<rss/>"),
		broken("chunk-garbage", "RFC 9112 7.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<rss/>\r\n0\r\n\r\n"),
		broken("chunk-huge", "RFC 9112 7.1: 2^64 and more", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n<rss/>"),
		broken("encoding-unknown", "RFC 9112 6.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: sdch\r\n\r\n<rss/>"),
		broken("switches-protocol", "RFC 9110 15.2.2: unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
	}
}

// ended: no next poll is planned, or one beyond all reckoning.
func ended(s *Seen) string {
	l := s.line(First)
	if !strings.Contains(l.Why, "410") || !l.Next.IsZero() && l.Next.Before(l.Last.Add(365*day)) {
		return wrong("the next poll is at %s (%s)", l.Next, l.Why)
	}
	return ""
}

func failed(s *Seen) string {
	if l := s.line(Last); l.Error == "" || l.Last.IsZero() {
		return "no error is said"
	}
	return ""
}

func partial(s *Seen) string {
	if s.line(Last).Partial == "" && s.line(First).Partial == "" {
		return "nobody says that it is a part"
	}
	return ""
}

// lateOnly: whatever was saved, each visit took the timeout and no more.
func lateOnly(s *Seen) string {
	return eachRequest(func(r Request) string {
		if r.Ended.Sub(r.Began) < time.Second {
			return "it was given up early"
		}
		return ""
	})(s)
}
