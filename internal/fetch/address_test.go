package fetch

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"aggregator/internal/news"
)

// Who answered is told, also where the answer is none to be read; who was not
// reached is not.
func TestAddress(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer up.Close()
	down := httptest.NewServer(nil)
	down.Close()
	tls := httptest.NewTLSServer(nil)
	tls.Config.ErrorLog = nil
	defer tls.Close()
	direct, err := New(Options{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	proxied, err := New(Options{Proxy: up.URL})
	if err != nil {
		t.Fatal(err)
	}
	refusing, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		client  *Client
		url     string
		reached bool
		address string
	}{
		{"an error of HTTP", direct, up.URL, true, "127.0.0.1"},
		{"a certificate that nobody knows", direct, tls.URL, true, "127.0.0.1"},
		{"a refused connection", direct, down.URL, false, "192.0.2.1"},
		{"a network that is refused", refusing, up.URL, false, "192.0.2.1"},
		{"a proxy", proxied, "http://far.example/", true, ""},
	} {
		r := c.client.Fetch(t.Context(), news.Source{Key: "k", URL: c.url}, news.Poll{Address: "192.0.2.1"}, 0, time.Now())
		if r.Reached != c.reached || r.Poll.Address != c.address || r.Err == nil {
			t.Errorf("%s: reached %v, %q, %v; want %v, %q", c.name, r.Reached, r.Poll.Address, r.Err, c.reached, c.address)
		}
	}
	if at := direct.Address(t.Context(), news.Source{URL: "http://127.0.0.1:1/"}); at != "127.0.0.1" {
		t.Errorf("127.0.0.1 is at %q", at)
	}
	if at := proxied.Address(t.Context(), news.Source{URL: "http://127.0.0.1/"}); at != "" {
		t.Errorf("a name behind a proxy was looked up: %q", at)
	}
}
