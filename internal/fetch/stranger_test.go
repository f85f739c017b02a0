package fetch

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A stranger's address is asked as a source is: not in our own network, and not
// by a redirect into it; with method and body to the end.
func TestStrangers(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.Path+" "+string(body)+" "+r.UserAgent()+r.Referer())
		switch r.URL.Path {
		case "/temporary":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/found":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/private":
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusPermanentRedirect)
		case "/circle":
			http.Redirect(w, r, "/circle", http.StatusPermanentRedirect)
		}
	}))
	t.Cleanup(s.Close)
	mine, err := New(Options{UserAgent: "me", AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path      string
		redirects int
		status    int // 0: an error
		asked     string
	}{
		{"/end", 0, 200, "POST /end x me"},
		{"/temporary", 0, 307, "POST /temporary x me"},
		{"/temporary", 2, 200, "POST /temporary x me, POST /end x me"},
		{"/found", 2, 302, "POST /found x me"},
		{"/circle", 2, 308, "POST /circle x me, POST /circle x me, POST /circle x me"},
		{"/private", 2, 0, "POST /private x me"},
	} {
		got = nil
		resp, err := mine.Strangers(c.redirects, 5*time.Second).Post(s.URL+c.path, "text/plain", strings.NewReader("x"))
		status := 0
		if err == nil {
			resp.Body.Close()
			status = resp.StatusCode
		}
		if asked := strings.Join(got, ", "); status != c.status || asked != c.asked {
			t.Errorf("%s after %d redirects: %d (%v), asked %s; want %d, %s", c.path, c.redirects, status, err, asked, c.status, c.asked)
		}
	}
	strict, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range append([]string{s.URL, "http://localhost:1/", "http://0x7f.1/"}, "http://[::1]/") {
		if resp, err := strict.Strangers(2, 5*time.Second).Get(address); err == nil || !strings.Contains(err.Error(), "prohibited") {
			t.Errorf("%s: %v, %v", address, resp, err)
		}
	}
}
