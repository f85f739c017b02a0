package fetch

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"aggregator/internal/news"
)

// pack applies codings in order, as Content-Encoding lists them.
func pack(t testing.TB, body string, codings ...string) []byte {
	t.Helper()
	for _, name := range codings {
		var b bytes.Buffer
		var w io.WriteCloser
		switch name {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "zstd":
			w, _ = zstd.NewWriter(&b)
		case "br":
			w = brotli.NewWriter(&b)
		case "deflate":
			w = zlib.NewWriter(&b)
		case "raw deflate":
			w, _ = flate.NewWriter(&b, 6)
		}
		io.WriteString(w, body)
		w.Close()
		body = b.String()
	}
	return []byte(body)
}

// packedServer serves bodies under the header that was said.
type packedServer struct {
	header string
	body   []byte
}

func (p *packedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.header != "" {
		w.Header().Set("Content-Encoding", p.header)
	}
	w.Write(p.body)
}

func TestEncodings(t *testing.T) {
	p := &packedServer{}
	s := serve(t, p.ServeHTTP)
	c := client(t, Options{AllowNetworks: loopback(), MaxSize: 1 << 20})
	feed := sound("rss", 200)
	bomb := strings.Repeat(" ", 2<<20)
	for _, tc := range []struct {
		header  string
		codings []string
	}{
		{"br", []string{"br"}}, {"zstd", []string{"zstd"}}, {"gzip", []string{"gzip"}}, {"X-GZIP", []string{"gzip"}},
		{"deflate", []string{"deflate"}}, {"deflate", []string{"raw deflate"}}, {"", []string{"gzip"}},
		{"gzip, br", []string{"gzip", "br"}}, {"br,zstd , gzip", []string{"br", "zstd", "gzip"}}, {"deflate, gzip", []string{"raw deflate", "gzip"}},
		{"identity", nil}, {"utf-8", nil}, {"none, gzip", []string{"gzip"}},
		{"gzip", nil}, {"zstd", nil}, // unpacked on the way by somebody who left the header
	} {
		p.header, p.body = tc.header, pack(t, feed, tc.codings...)
		if r := ask(t, c, s.URL, news.Poll{}); r.Err != nil || len(r.Items) != 200 || r.Poll.Partial != "" {
			t.Errorf("%q: %d items, partial %q, %v", tc.header, len(r.Items), r.Poll.Partial, r.Err)
		}
		if len(tc.codings) == 0 {
			continue
		}
		p.body = pack(t, bomb, tc.codings...)
		wantErr(t, ask(t, c, s.URL, news.Poll{}).Err, "decompression bomb", "1 MiB", "fetch.max_size")
		p.body = pack(t, "", tc.codings...)
		wantErr(t, ask(t, c, s.URL, news.Poll{}).Err, "the answer is empty")
	}
}

// What is only large says so, whether it was packed or not.
func TestTooLargeOnceUnpacked(t *testing.T) {
	p := &packedServer{}
	s := serve(t, p.ServeHTTP)
	c := client(t, Options{AllowNetworks: loopback(), MaxSize: 64 << 10})
	var long strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&long, "<item><guid>%d</guid><title>%x</title></item>", i, i*i*7919)
	}
	for _, header := range []string{"zstd", "br", "gzip", "deflate"} {
		p.header, p.body = header, pack(t, long.String(), header)
		wantErr(t, ask(t, c, s.URL, news.Poll{}).Err, "larger than 64 KiB once it is unpacked", "fetch.max_size")
	}
	p.header, p.body = "", []byte(long.String())
	r := ask(t, c, s.URL, news.Poll{})
	wantErr(t, r.Err, "larger than 64 KiB:", "fetch.max_size")
}

func TestEncodingsThatAreRefused(t *testing.T) {
	p := &packedServer{}
	s := serve(t, p.ServeHTTP)
	c := client(t, Options{AllowNetworks: loopback()})
	for _, tc := range []struct {
		header string
		body   []byte
		words  string
	}{
		{"compress", []byte("\x1f\x9dx"), "which was not asked for"},
		{"aes128gcm", []byte("xxxxxx"), "which was not asked for"},
		{"gzip", []byte("no gzip"), "says it is gzip and is not"},
		{"br", []byte("no brotli at all"), "cannot be unpacked (br)"},
		{"zstd", []byte("no zstd at all"), "cannot be unpacked (zstd)"},
		{"deflate", []byte("\x78\x9cno deflate"), "cannot be unpacked (deflate)"},
		{"gzip,gzip,gzip,gzip", pack(t, small, "gzip", "gzip", "gzip", "gzip"), "4 times over"},
		// RFC 8878 3.1.1.1.2: a frame that wants a window of 64 MiB.
		{"zstd", []byte("\x28\xb5\x2f\xfd\x04\x80\x01\x00\x00"), "window"},
	} {
		p.header, p.body = tc.header, tc.body
		r := ask(t, c, s.URL, news.Poll{ETag: `"kept"`})
		wantErr(t, r.Err, tc.words)
		if r.Poll.ETag != `"kept"` {
			t.Errorf("%s: the validators are lost: %+v", tc.words, r.Poll)
		}
	}
}

// A packed body that is cut off gives what came of it.
func TestPackedCutOff(t *testing.T) {
	p := &packedServer{}
	s := serve(t, p.ServeHTTP)
	c := client(t, Options{AllowNetworks: loopback()})
	for _, header := range []string{"gzip", "deflate", "br", "zstd"} {
		whole := pack(t, sound("rss", 5000), header)
		p.header, p.body = header, whole[:len(whole)*3/4]
		r := ask(t, c, s.URL, news.Poll{})
		if r.Err != nil || len(r.Items) == 0 || r.Poll.Partial == "" || r.Poll.Body != 0 {
			t.Errorf("%s: %d items, %+v, %v", header, len(r.Items), r.Poll.Partial, r.Err)
		}
		p.body = append(whole, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
		if r := ask(t, c, s.URL, news.Poll{}); header != "br" && (r.Err != nil || len(r.Items) != 5000) {
			t.Errorf("%s with padding behind: %d items, %v", header, len(r.Items), r.Err)
		}
	}
}

// A body that stalls is read as far as it came; so is one that drips until the
// time is over.
func TestStalledBody(t *testing.T) {
	done := make(chan struct{})
	half := strings.Replace(small, "</channel></rss>", "<item><guid>2</guid><tit", 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"whole"`)
		switch r.URL.Path {
		case "/half":
			io.WriteString(w, half)
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, half)
			z.Flush()
		case "/head":
			io.WriteString(w, "<rss><channel><title>T</title>")
		case "/drip":
			for i := 0; ; i++ {
				if _, err := io.WriteString(w, half[i%len(half):][:1]); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}
		w.(http.Flusher).Flush()
		select {
		case <-done:
		case <-r.Context().Done():
		}
	})
	defer close(done)
	c := client(t, Options{AllowNetworks: loopback(), Timeout: time.Second})
	for _, path := range []string{"/half", "/packed"} {
		r := ask(t, c, s.URL+path, news.Poll{})
		if r.Err != nil || len(r.Items) != 1 || r.Poll.Partial == "" || r.Poll.ETag != "" || r.Poll.Body != 0 {
			t.Errorf("%s: %d items, %+v, %v", path, len(r.Items), r.Poll, r.Err)
		}
	}
	seen := []news.Seen{{ID: 1, Raw: 2, Since: 3}}
	for _, path := range []string{"/head", "/drip"} {
		start := time.Now()
		r := ask(t, c, s.URL+path, news.Poll{Seen: seen, ETag: `"v1"`})
		wantErr(t, r.Err, "no answer within 1s", "fetch.timeout")
		if len(r.Poll.Seen) != 1 || r.Poll.Seen[0].Gone != 0 || r.Poll.ETag != `"v1"` {
			t.Errorf("%s: what was known is lost: %+v", path, r.Poll)
		}
		if d := time.Since(start); d > time.Second+time.Second {
			t.Errorf("%s took %s", path, d)
		}
	}
}

func TestHugeHeader(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for i := range 64 {
			w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 8<<10))
		}
		io.WriteString(w, small)
	})
	wantErr(t, ask(t, client(t, Options{AllowNetworks: loopback()}), s.URL, news.Poll{}).Err, "the header of the answer is larger than 256 KiB")
}
