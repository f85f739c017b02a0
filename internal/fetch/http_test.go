package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"aggregator/internal/news"
)

const small = `<rss version="2.0"><channel><title>T</title><item><guid>1</guid><title>One</title></item></channel></rss>`

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func ask(t testing.TB, c *Client, url string, prev news.Poll) Result {
	t.Helper()
	r := c.Fetch(context.Background(), news.Source{Key: "k", URL: url}, prev, 0, noon)
	balanced(t, r)
	return r
}

func wantErr(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %v, want it to say %q", err, w)
		}
	}
}

func packed(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.Bytes()
}

func TestPrivateNetworksAreRefused(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, small) })
	for _, u := range []string{s.URL, strings.Replace(s.URL, "127.0.0.1", "localhost", 1), strings.Replace(s.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		r := ask(t, client(t, Options{}), u, news.Poll{})
		wantErr(t, r.Err, "fetch.allow_networks")
		if r.Poll.Failures != 1 || r.Poll.Status != 0 {
			t.Errorf("%s: failures %d, status %d", u, r.Poll.Failures, r.Poll.Status)
		}
	}
	if r := ask(t, client(t, Options{AllowNetworks: loopback()}), s.URL, news.Poll{}); r.Err != nil || len(r.Items) != 1 {
		t.Errorf("allowed: %v, %d items", r.Err, len(r.Items))
	}
}

func TestRedirectIntoAPrivateNetworkIsRefused(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	})
	r := ask(t, client(t, Options{AllowNetworks: loopback()}), s.URL, news.Poll{})
	wantErr(t, r.Err, "fetch.allow_networks")
}

func TestRedirects(t *testing.T) {
	var last http.Header
	end := serve(t, func(w http.ResponseWriter, r *http.Request) {
		last = r.Header
		io.WriteString(w, small)
	})
	var codes []int
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := 0
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		to := fmt.Sprintf("/%d", n+1)
		if n+1 == len(codes) {
			to = end.URL + "/end"
		}
		http.Redirect(w, r, to, codes[n])
	})
	c := client(t, Options{AllowNetworks: loopback()})
	for _, tc := range []struct {
		codes []int
		moved string
	}{
		{[]int{302}, ""},
		{[]int{301}, end.URL + "/end"},
		{[]int{308, 301}, end.URL + "/end"},
		{[]int{301, 302}, s.URL + "/1"},
		{[]int{302, 301}, ""},
	} {
		codes = tc.codes
		src := news.Source{Key: "k", URL: s.URL + "/0", Access: news.Access{User: "u", Password: "p", Headers: map[string]string{"X-Key": "secret", "Cookie": "a=b"}}}
		r := c.Fetch(context.Background(), src, news.Poll{ETag: `"x"`}, 0, noon)
		if r.Err != nil || r.Poll.Moved != tc.moved {
			t.Errorf("%v: moved to %q (%v), want %q", tc.codes, r.Poll.Moved, r.Err, tc.moved)
		}
		for _, key := range []string{"Authorization", "X-Key", "Cookie", "Referer"} {
			if last.Get(key) != "" {
				t.Errorf("%v: another host was given %s", tc.codes, key)
			}
		}
		if last.Get("If-None-Match") != `"x"` || last.Get("User-Agent") != "aggregator" {
			t.Errorf("%v: asked with %v", tc.codes, last)
		}
	}
	codes = make([]int, 20)
	for i := range codes {
		codes[i] = 302
	}
	wantErr(t, ask(t, c, s.URL+"/0", news.Poll{}).Err, "10 redirects")
}

func TestRedirectOnOneHostKeepsHeaders(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			http.Redirect(w, r, "/b", http.StatusFound)
			return
		}
		if r.Header.Get("X-Key") != "secret" || r.Header.Get("Referer") != "" {
			w.WriteHeader(http.StatusForbidden)
		}
		io.WriteString(w, small)
	})
	c := client(t, Options{AllowNetworks: loopback()})
	r := c.Fetch(context.Background(), news.Source{Key: "k", URL: s.URL + "/a", Access: news.Access{Headers: map[string]string{"X-Key": "secret"}}}, news.Poll{}, 0, noon)
	if r.Err != nil {
		t.Error(r.Err)
	}
	r = c.Fetch(context.Background(), news.Source{Key: "k", URL: s.URL + "/a", Access: news.Access{}}, news.Poll{}, 0, noon)
	wantErr(t, r.Err, "403")
}

func TestRedirectToOtherSchemes(t *testing.T) {
	for _, to := range []string{"file:///etc/passwd", "ftp://h.example/"} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Location", to); w.WriteHeader(302) })
		wantErr(t, ask(t, client(t, Options{AllowNetworks: loopback()}), s.URL, news.Poll{}).Err, "neither http nor https")
	}
}

func TestGzip(t *testing.T) {
	var body []byte
	header := "gzip"
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if header != "" {
			w.Header().Set("Content-Encoding", header)
		}
		w.Write(body)
	})
	c := client(t, Options{AllowNetworks: loopback(), MaxSize: 1 << 20})
	for _, h := range []string{"gzip", "x-gzip", ""} {
		header, body = h, packed(small)
		if r := ask(t, c, s.URL, news.Poll{}); r.Err != nil || len(r.Items) != 1 {
			t.Errorf("encoding %q: %v, %d items", h, r.Err, len(r.Items))
		}
		body = packed(strings.Repeat(" ", 2<<20))
		wantErr(t, ask(t, c, s.URL, news.Poll{}).Err, "larger than 1 MiB", "fetch.max_size")
	}
	header, body = "compress", []byte("x")
	wantErr(t, ask(t, c, s.URL, news.Poll{}).Err, `"compress"`)
	header, body = "gzip", []byte("no gzip")
	wantErr(t, ask(t, c, s.URL, news.Poll{}).Err, "says it is gzip")
}

// A transfer that is cut off gives what came, and the validators of the whole
// document are not taken for those of the part.
func TestTransferCutOff(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"whole"`)
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, strings.Replace(small, "</channel></rss>", "<item><guid>2</guid>", 1))
	})
	r := ask(t, client(t, Options{AllowNetworks: loopback()}), s.URL, news.Poll{})
	if r.Err != nil || len(r.Items) != 1 || r.Poll.Partial == "" || r.Poll.ETag != "" || r.Poll.Body != 0 {
		t.Errorf("err %v, %d items, poll %+v", r.Err, len(r.Items), r.Poll)
	}
}

// A part that nobody asked for (RFC 9110 15.3.7) is read, and is not taken for the
// document.
func TestPartialContent(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"whole"`)
		w.WriteHeader(http.StatusPartialContent)
		io.WriteString(w, small)
	})
	r := ask(t, client(t, Options{AllowNetworks: loopback()}), s.URL, news.Poll{})
	if r.Err != nil || len(r.Items) != 1 || r.Poll.ETag != "" || r.Poll.Body != 0 {
		t.Errorf("err %v, %d items, poll %+v", r.Err, len(r.Items), r.Poll)
	}
}

// What nobody can hold is cut, and said so; what is cut is told apart all the same.
func TestLongItems(t *testing.T) {
	long := func(s string, n int) string { return strings.Repeat(s, n/len(s)+1) }
	item := func(guid string) string {
		return "<item><guid>" + guid + "</guid><title>" + long("wörd ", maxLine) + "</title><link>https://h.example/" + long("x", maxAddress) +
			"</link><description>" + long("<p>some text</p>", maxText) + "</description></item>"
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<rss><channel>"+item(long("g", maxGUID)+"1")+item(long("g", maxGUID)+"2")+"</channel></rss>")
	})
	r := ask(t, client(t, Options{AllowNetworks: loopback()}), s.URL, news.Poll{})
	if r.Err != nil || len(r.Items) != 2 || r.Items[0].GUID == r.Items[1].GUID || !strings.Contains(r.Poll.Partial, "2 items") {
		t.Fatalf("err %v, %d items, partial %q", r.Err, len(r.Items), r.Poll.Partial)
	}
	it := r.Items[0]
	if len(it.Title) > maxLine || !utf8.ValidString(it.Title) || len(it.HTML) > maxText || len(it.GUID) > maxGUID+20 || it.URL != "" {
		t.Errorf("title %d, text %d, guid %d, address %d bytes", len(it.Title), len(it.HTML), len(it.GUID), len(it.URL))
	}
	if r := ask(t, client(t, Options{AllowNetworks: loopback()}), s.URL, news.Poll{Seen: r.Poll.Seen}); r.Known != 2 {
		t.Errorf("%d are known the next time, want 2", r.Known)
	}
}

func TestTimeoutCoversTheBody(t *testing.T) {
	done := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<rss>")
		w.(http.Flusher).Flush()
		<-done
	})
	defer close(done)
	c := client(t, Options{AllowNetworks: loopback()})
	r := c.Fetch(context.Background(), news.Source{Key: "k", URL: s.URL, Access: news.Access{Timeout: 50 * time.Millisecond}}, news.Poll{}, 0, noon)
	wantErr(t, r.Err, "50ms", "fetch.timeout")
	if !errors.Is(r.Err, context.DeadlineExceeded) {
		t.Errorf("the cause is lost: %v", r.Err)
	}
}

func TestNetworkErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, small) })
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	c := client(t, Options{AllowNetworks: loopback()})
	for _, tc := range []struct{ url, word string }{
		{"http://" + closed + "/", "refuses connections"},
		{"http://no-such-host.invalid/", "no-such-host.invalid"},
		{strings.Replace(plain.URL, "http:", "https:", 1), "TLS"},
		{secure.URL, "certificate"},
		{"gopher://x.example/", "no http or https address"},
		{"://", "no http or https address"},
	} {
		wantErr(t, ask(t, c, tc.url, news.Poll{}).Err, tc.word)
	}
}

func TestProxy(t *testing.T) {
	var asked atomic.Int32
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Host != "far.example" {
			w.WriteHeader(http.StatusBadGateway)
		}
		io.WriteString(w, small)
	})
	c := client(t, Options{Proxy: proxy.URL})
	if r := ask(t, c, "http://far.example/feed", news.Poll{}); r.Err != nil || len(r.Items) != 1 {
		t.Errorf("site's proxy: %v", r.Err)
	}
	wantErr(t, ask(t, c, "http://127.0.0.1:1/", news.Poll{}).Err, "fetch.allow_networks")
	src := news.Source{Key: "k", URL: "http://far.example/feed", Access: news.Access{Proxy: proxy.URL}}
	if r := client(t, Options{}).Fetch(context.Background(), src, news.Poll{}, 0, noon); r.Err != nil {
		t.Errorf("source's proxy: %v", r.Err)
	}
	if asked.Load() != 2 {
		t.Errorf("the proxy was asked %d times", asked.Load())
	}
	if _, err := New(Options{Proxy: "far.example:8080"}); err == nil {
		t.Error("a proxy without scheme was taken")
	}
}

func TestSameBodyIsUnchanged(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, small) })
	c := client(t, Options{AllowNetworks: loopback()})
	one := ask(t, c, s.URL, news.Poll{})
	two := ask(t, c, s.URL, one.Poll)
	if !two.Unchanged || two.Received != 0 || len(two.Poll.Seen) != 1 || !two.Poll.Changed.Equal(one.Poll.Changed) {
		t.Errorf("second: %+v", two)
	}
	three := c.Fetch(context.Background(), news.Source{Key: "k", URL: s.URL}, two.Poll, 99, noon.Add(time.Hour))
	if three.Unchanged || len(three.Items) != 1 || three.Poll.Rules != 99 || three.Poll.Seen[0].Since != noon.Unix() {
		t.Errorf("under other rules: %+v", three)
	}
}

// A host with many sources keeps a few connections, not one for each.
func TestConnectionsAreReused(t *testing.T) {
	var opened atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, small) }))
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := client(t, Options{AllowNetworks: loopback()})
	for i := range 20 {
		if r := ask(t, c, fmt.Sprintf("%s/%d", s.URL, i), news.Poll{}); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 20 fetches in turn", n)
	}
}
