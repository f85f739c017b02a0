package odd

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// silent: what goes wrong here is wanted.
var silent = log.New(io.Discard, "", 0)

type connKey struct{}

// An Ask is a request on its way to an answer.
type Ask struct {
	*counter
	*http.Request
	Visit int // of this path, from 1
	*stage
}

// counter counts the bytes of the body that went out.
type counter struct {
	http.ResponseWriter
	sent int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.sent += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and hijack.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (a *Ask) flush() { http.NewResponseController(a.counter).Flush() }

// set sets headers: pairs of name and value, which go out to the letter.
func (a *Ask) set(headers ...string) *Ask {
	for i := 0; i < len(headers); i += 2 {
		a.counter.Header()[headers[i]] = append(a.counter.Header()[headers[i]], a.expand(headers[i+1]))
	}
	return a
}

// give answers with a status and a body.
func (a *Ask) give(status int, media, body string) {
	if media != "" {
		a.set("Content-Type", media)
	}
	a.WriteHeader(status)
	io.WriteString(a.counter, a.expand(body))
}

// feed answers with a sound feed of one item.
func (a *Ask) feed() { a.give(200, rssType, rss(story(1))) }

// doc answers with a document.
func (a *Ask) doc(body string) { a.give(200, xmlType, body) }

// notModified answers a conditional request as it should be, any other with the
// feed.
func (a *Ask) conditional(headers ...string) {
	a.set(headers...)
	if a.Request.Header.Get("If-None-Match") != "" || a.Request.Header.Get("If-Modified-Since") != "" {
		a.WriteHeader(http.StatusNotModified)
		return
	}
	a.feed()
}

// hang holds the connection until the other side gives up.
func (a *Ask) hang() { <-a.Context().Done() }

// drip sends text again and again, slowly, until the other side gives up.
func (a *Ask) drip(w io.Writer, text string) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		a.flush()
		select {
		case <-tick.C:
		case <-a.Context().Done():
			return
		}
	}
}

// endless sends text as fast as it is taken, up to a GiB.
func (a *Ask) endless(text string) {
	text = strings.Repeat(text, 1+32<<10/len(text))
	for a.sent < 1<<30 {
		if _, err := io.WriteString(a.counter, text); err != nil {
			return
		}
	}
}

// raw answers with bytes that no server of ours would send, and closes.
func (a *Ask) raw(text string) {
	a.hijack(func(c net.Conn) { io.WriteString(c, a.expand(text)) })
}

// hijack has the connection to itself, and closes it in the end.
func (a *Ask) hijack(do func(net.Conn)) {
	c, _, err := http.NewResponseController(a.counter).Hijack()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	do(c)
}

// reset ends a connection as a crash or a firewall does.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
}

// untilClosed waits until the other side gives up.
func untilClosed(c net.Conn) { io.Copy(io.Discard, c) }

// Media types.
const (
	rssType  = "application/rss+xml; charset=utf-8"
	xmlType  = "application/xml"
	atomType = "application/atom+xml"
	jsonType = "application/feed+json"
)

// rss is a feed; what is given stands in its channel.
func rss(inner ...string) string {
	return `<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{name}</title><link>{self}/</link><description>Of {name}</description>` +
		strings.Join(inner, "") + `</channel></rss>`
}

// atom is a feed; what is given stands in it.
func atom(inner ...string) string {
	return `<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>{name}</title><id>{self}/feed</id><updated>2026-01-02T03:04:05Z</updated>` +
		strings.Join(inner, "") + `</feed>`
}

// story is a sound RSS item that no other behaviour tells.
func story(n int) string {
	return item(n, fmt.Sprintf("<title>Tale %d of {name}</title><description>What {name} has to tell is this, the %d. time.</description>", n, n))
}

// item is an RSS item with a GUID and an address.
func item(n int, inner string) string {
	return fmt.Sprintf(`<item><guid isPermaLink="false">{name}-%d</guid><link>{self}/tale/%d</link>%s</item>`, n, n, inner)
}

// entry is an Atom entry with an id and an address.
func entry(n int, inner string) string {
	return fmt.Sprintf(`<entry><id>tag:odd.example,2026:{name}-%d</id><link href="{self}/tale/%d"/><updated>2026-01-02T03:04:05Z</updated>%s</entry>`, n, n, inner)
}

// stories are sound items, first to last.
func stories(first, last int) string {
	var b strings.Builder
	for n := first; n <= last; n++ {
		b.WriteString(story(n))
	}
	return b.String()
}

// serve answers every request with one document.
func serve(media, body string) func(*Ask) {
	return func(a *Ask) { a.give(200, media, body) }
}

// status answers every request with a status, headers, and a page of error.
func status(code int, headers ...string) func(*Ask) {
	return func(a *Ask) { a.set(headers...).give(code, "text/html", "<html><body>error</body></html>") }
}

// with answers every request with the sound feed and these headers.
func with(headers ...string) func(*Ask) { return func(a *Ask) { a.set(headers...).feed() } }

// turns answers the first visit with the first, and so on; the last for ever.
func turns(all ...func(*Ask)) func(*Ask) {
	return func(a *Ask) { all[min(a.Visit, len(all))-1](a) }
}
