package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fakeHub takes our subscriptions, and does with them what a test says.
type fakeHub struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]url.Values // the last request by topic
	path  map[string]string     // where that came, at the end of redirects
}

func newFakeHub(t *testing.T) *fakeHub {
	h := &fakeHub{asked: map[string]url.Values{}, path: map[string]string{}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *fakeHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/temporary":
		http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		return
	case "/permanent":
		http.Redirect(w, r, "/end", http.StatusPermanentRedirect)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	q, _ := url.ParseQuery(string(raw))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked[q.Get("hub.topic")], h.path[q.Get("hub.topic")] = q, r.URL.Path
	w.WriteHeader(http.StatusAccepted)
}

func (h *fakeHub) request(topic string) url.Values {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked[topic]
}

// came is where the last request for a topic came; requests, how many topics were
// asked for.
func (h *fakeHub) came(topic string) (path string, requests int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.path[topic], len(h.asked)
}

// verify asks our callback as a hub does.
func verify(t *testing.T, callback string, pairs ...string) (status int, body string) {
	t.Helper()
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	resp, err := http.Get(callback + "?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw)
}

func deliver(t *testing.T, callback, signature, body string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, callback, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/rss+xml")
	if signature != "" {
		req.Header.Set("X-Hub-Signature", signature)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func signature(method string, secret, body string) string {
	mac := hmac.New(map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}[method], []byte(secret))
	io.WriteString(mac, body)
	return method + "=" + hex.EncodeToString(mac.Sum(nil))
}

// The criteria of websub.rocks for subscribers, by their numbers there.
func TestSubscriberCriteria(t *testing.T) {
	hub := newFakeHub(t)
	other := newFakeHub(t)
	atom := func(links string) string {
		return `<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><id>urn:a</id><updated>2026-01-01T00:00:00Z</updated>` + links + "</feed>"
	}
	rss := func(links string) string {
		return `<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>R</title><link>http://r.example/</link><description>d</description>` + links + "</channel></rss>"
	}
	named := func(at, self string) string {
		return `<link rel="hub" href="` + at + `"/><link rel="self" href="` + self + `"/>`
	}
	inRSS := strings.NewReplacer("<link", "<atom:link")
	header := func(at, self string) http.Header {
		return http.Header{"Link": {"<" + at + `>; rel="hub", <` + self + `>; rel="self"`}}
	}
	o := newOutlets(t)
	self := func(n string) string { return o.URL + "/self" + n }
	// Each is a source at /N, to be subscribed to as topic.
	cases := []struct {
		number, name string
		doc          outlet
		topic        string // "" for its own address
		path         string // of the hub
		keys         string
	}{
		{"100", "HTTP header discovery", outlet{body: rss(""), header: header(hub.URL+"/hub", self("100"))}, self("100"), "/hub", ""},
		{"101", "HTML tag discovery", outlet{media: "text/html", body: `<html><head><title>P</title><link rel="alternate" type="application/atom+xml" href="/feed101"></head></html>`}, self("101"), "/hub", ", discover: true"},
		{"102", "Atom feed discovery", outlet{body: atom(named(hub.URL+"/hub", self("102")))}, self("102"), "/hub", ""},
		{"103", "RSS feed discovery", outlet{body: rss(inRSS.Replace(named(hub.URL+"/hub", self("103"))))}, self("103"), "/hub", ""},
		{"104", "discovery priority", outlet{body: atom(named(other.URL+"/hub", self("wrong"))), header: header(hub.URL+"/hub", self("104"))}, self("104"), "/hub", ""},
		{"200", "subscribing to a URL that reports a different rel=self", outlet{body: atom(named(hub.URL+"/hub", "http://elsewhere.example/self200"))}, "http://elsewhere.example/self200", "/hub", ""},
		{"201", "a topic URL that sends an HTTP 302 temporary redirect", outlet{status: 302, header: http.Header{"Location": {"/to201"}}}, self("201"), "/hub", ""},
		{"202", "a topic URL that sends an HTTP 301 permanent redirect", outlet{status: 301, header: http.Header{"Location": {"/to202"}}}, self("202"), "/hub", ""},
		{"203", "a hub that sends a 307 temporary redirect", outlet{body: atom(named(hub.URL+"/temporary", self("203")))}, self("203"), "/end", ""},
		{"204", "a hub that sends a 308 permanent redirect", outlet{body: atom(named(hub.URL+"/permanent", self("204")))}, self("204"), "/end", ""},
		{"205", "rejects a verification request with an invalid topic URL", outlet{body: atom(named(hub.URL+"/hub", self("205")))}, self("205"), "/hub", ""},
		{"300", "returns HTTP 2xx when the notification payload is delivered", outlet{body: atom(named(hub.URL+"/hub", self("300")))}, self("300"), "/hub", ""},
		{"-", "no rel=self: the address that is asked", outlet{body: atom(`<link rel="hub" href="` + hub.URL + `/hub"/>`)}, "", "/hub", ""},
	}
	config := ""
	for i, c := range cases {
		o.set(fmt.Sprintf("/%d", i), c.doc)
		config += fmt.Sprintf("  - { url: %q, name: \"%s %s\"%s }\n", fmt.Sprintf("%s/%d", o.URL, i), c.number, c.name, c.keys)
	}
	for _, n := range []string{"/feed101", "/to201", "/to202"} {
		o.set(n, outlet{body: atom(named(hub.URL+"/hub", self(n[len(n)-3:])))})
	}
	at := freePort(t)
	d := newDesk(t, "listen: "+strings.Replace(at, "127.0.0.1", "localhost", 1)+"\nurl: http://"+at+"\n"+polite+"sources:\n"+config+"topics: [{ name: All, match: \"*\" }]\n")
	r := d.start()
	for i, c := range cases {
		t.Run(c.number+" "+c.name, func(t *testing.T) {
			topic := c.topic
			if topic == "" {
				topic = fmt.Sprintf("%s/%d", o.URL, i)
			}
			eventually(t, "subscription", func() bool { return hub.request(topic) != nil })
			q := hub.request(topic)
			if path, _ := hub.came(topic); path != c.path || q.Get("hub.mode") != "subscribe" || len(q.Get("hub.secret")) < 32 || len(q.Get("hub.secret")) >= 200 || q.Get("hub.lease_seconds") != "864000" {
				t.Errorf("asked at %s with %v", path, q)
			}
			if base, id, _ := strings.Cut(q.Get("hub.callback"), "/websub/"); base != "http://"+at || len(id) < 26 {
				t.Errorf("callback %s", q.Get("hub.callback"))
			}
		})
	}
	if _, n := other.came(""); n != 0 {
		t.Error("the hub in the document was asked, though the header names another")
	}

	// 205, and what else is not confirmed.
	q := hub.request(self("205"))
	callback := q.Get("hub.callback")
	for name, pairs := range map[string][]string{
		"another topic":        {"hub.mode", "subscribe", "hub.topic", self("300"), "hub.challenge", "c", "hub.lease_seconds", "1000"},
		"no topic":             {"hub.mode", "subscribe", "hub.challenge", "c"},
		"unsubscribing":        {"hub.mode", "unsubscribe", "hub.topic", self("205"), "hub.challenge", "c"},
		"no mode":              {"hub.topic", self("205"), "hub.challenge", "c"},
		"no challenge":         {"hub.mode", "subscribe", "hub.topic", self("205")},
		"denial of another":    {"hub.mode", "denied", "hub.topic", self("300")},
		"nothing, as a person": {},
	} {
		if status, _ := verify(t, callback, pairs...); status != 404 {
			t.Errorf("205 %s: %d", name, status)
		}
	}
	if status, _ := verify(t, r.base+"/websub/guessed", "hub.mode", "subscribe", "hub.topic", self("205"), "hub.challenge", "c"); status != 404 {
		t.Errorf("205 a guessed callback: %d", status)
	}
	if status := deliver(t, r.base+"/websub/guessed", "", "x"); status != 410 {
		t.Errorf("a delivery to nobody: %d", status)
	}

	// 300 to 302.
	q = hub.request(self("300"))
	callback = q.Get("hub.callback")
	if status := deliver(t, callback, "", "early"); status != 410 {
		t.Errorf("a delivery before the subscription: %d", status)
	}
	if status, body := verify(t, callback, "hub.mode", "subscribe", "hub.topic", self("300"), "hub.challenge", "<b>c</b>", "hub.lease_seconds", "1000"); status != 200 || body != "<b>c</b>" {
		t.Errorf("verification: %d %q", status, body)
	}
	if status, _ := verify(t, callback, "hub.mode", "subscribe", "hub.topic", self("300"), "hub.challenge", "again"); status != 404 {
		t.Errorf("a second verification of one request: %d", status)
	}
	told := func(n int) string { return wire(slices.Repeat([]time.Time{time.Now()}, n)...) }
	ignored := map[string]string{
		"301 an invalid signature": signature("sha256", "guessed", told(1)), "301 of another body": signature("sha256", q.Get("hub.secret"), told(9)),
		"301 of no method": "md5=00", "302 no signature": "",
	}
	for name, sig := range ignored {
		if status := deliver(t, callback, sig, told(1)); status/100 != 2 {
			t.Errorf("%s: %d", name, status)
		}
	}
	eventually(t, "count of those", func() bool {
		return r.counted(`aggregator_source_pushes_total{outcome="unsigned"}`) == float64(len(ignored))
	})
	if n := r.counted(`aggregator_source_pushes_total{outcome="read"}`); n != 0 {
		t.Errorf("%v of them were read", n)
	}
	methods := []string{"sha1", "sha256", "sha384", "sha512"}
	for i, method := range methods {
		body := told(i + 1)
		if status := deliver(t, callback, signature(method, q.Get("hub.secret"), body), body); status/100 != 2 {
			t.Errorf("300 signed by %s: %d", method, status)
		}
		eventually(t, "story signed by "+method, func() bool { return r.counted("aggregator_items_total{fate=\"new\"}") == float64(i+1) })
	}
	if l := source(t, d, "300 "+cases[11].name); l.Push != "live" || l.Pushed.IsZero() {
		t.Errorf("%+v", l)
	}

	// A restart forgets nothing; a source that is no more leaves its hub.
	r.stop()
	r = d.start()
	body := told(5)
	if status := deliver(t, callback, signature("sha256", q.Get("hub.secret"), body), body); status/100 != 2 {
		t.Errorf("after a restart: %d", status)
	}
	eventually(t, "story after a restart", func() bool { return r.counted("aggregator_items_total{fate=\"new\"}") == 1 })
	d.write("aggregator.yaml", strings.Replace(d.read("aggregator.yaml"), config, config[:strings.Index(config, `  - { url: "`+o.URL+`/11"`)], 1))
	d.must("reload")
	eventually(t, "unsubscription", func() bool { return hub.request(self("300")).Get("hub.mode") == "unsubscribe" })
	if status, body := verify(t, callback, "hub.mode", "unsubscribe", "hub.topic", self("300"), "hub.challenge", "bye"); status != 200 || body != "bye" {
		t.Errorf("verification of the end: %d %q", status, body)
	}
	if status := deliver(t, callback, "", "late"); status != 410 {
		t.Errorf("a delivery after the end: %d", status)
	}
	for _, secret := range []string{q.Get("hub.secret"), callback[strings.LastIndex(callback, "/")+1:]} {
		if strings.Contains(r.said.String(), secret) {
			t.Error("the log tells a secret")
		}
	}
}

// The criteria of websub.rocks for publishers: the feed and its header name the
// hub and the feed itself, and the hub takes both.
func TestPublisherCriteria(t *testing.T) {
	o := newOutlets(t)
	o.put("/wire", "application/rss+xml", wire(time.Now()))
	d := newDesk(t, "listen: 127.0.0.1:0\n"+polite+"sources: [{ url: "+o.URL+"/wire, name: Wire }]\ntopics: [{ name: All, match: \"*\" }, { name: Mine, match: \"*\", publish: { access: { tokens: [this-is-not-for-all] } } }]\n")
	r := d.start()
	eventually(t, "poll", func() bool { return r.counted("aggregator_items_received_total") == 1 })
	confirmed := make(chan url.Values, 10)
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		confirmed <- r.URL.Query()
		io.WriteString(w, r.URL.Query().Get("hub.challenge"))
	}))
	t.Cleanup(callback.Close)
	for _, c := range []struct{ form, hub, self string }{
		{"atom", `<link rel="hub" href="%s">`, `<link rel="self" type="application/atom+xml" href="%s">`},
		{"rss", `<atom:link rel="hub" href="%s">`, `<atom:link rel="self" type="application/rss+xml" href="%s">`},
		{"json", `"url": "%s"`, `"feed_url": "%s"`},
	} {
		hub, self := r.base+"/hub", r.base+"/topics/all."+c.form
		a := r.get("/topics/all." + c.form)
		for _, want := range []string{fmt.Sprintf(c.hub, hub), fmt.Sprintf(c.self, self)} {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s lacks %s", c.form, want)
			}
		}
		if want := "<" + hub + `>; rel="hub", <` + self + `>; rel="self"`; a.header.Get("Link") != want {
			t.Errorf("%s: Link %q, want %q", c.form, a.header.Get("Link"), want)
		}
		resp, err := http.PostForm(hub, url.Values{"hub.mode": {"subscribe"}, "hub.topic": {self}, "hub.callback": {callback.URL + "/" + c.form}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		select {
		case q := <-confirmed:
			if resp.StatusCode != http.StatusAccepted || q.Get("hub.topic") != self {
				t.Errorf("%s: %d, asked to confirm %v", c.form, resp.StatusCode, q)
			}
		case <-time.After(soon):
			t.Errorf("%s: nobody asked to confirm", c.form)
		}
	}
	resp, err := http.PostForm(r.base+"/hub", url.Values{"hub.mode": {"subscribe"}, "hub.topic": {r.base + "/topics/mine.atom"}, "hub.callback": {callback.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if raw, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusForbidden || !strings.Contains(string(raw), "private") {
		t.Errorf("a private feed: %d %s", resp.StatusCode, raw)
	}
	eventually(t, "subscriptions in the metrics", func() bool { return r.counted(`aggregator_hub_subscriptions{state="live"}`) == 3 })
}
