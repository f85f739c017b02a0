package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"code.dny.dev/ssrf"
	"golang.org/x/net/dns/dnsmessage"

	"aggregator/internal/news"
)

// forbidden are addresses that no connection goes to: IANA's special-purpose
// registries, and IPv6 that carries IPv4.
var forbidden = []string{
	"127.0.0.1", "127.255.255.254", "::1", // loopback
	"0.0.0.0", "0.1.2.3", "::", // this host
	"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", // RFC 1918
	"100.64.0.1", "100.127.255.255", // RFC 6598, carriers
	"169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", // link-local, metadata of clouds
	"fc00::1", "fd00:ec2::254", // RFC 4193; metadata again
	"255.255.255.255", "224.0.0.1", "239.1.1.1", "ff02::1", // broadcast, multicast
	"240.0.0.1",                                 // reserved
	"198.18.0.1", "198.19.255.255", "2001:2::1", // benchmarks
	"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", // documentation
	"192.0.0.1", "192.0.0.170", "192.88.99.1", // protocol assignments, 6to4 relays
	"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", // mapped
	"::127.0.0.1", "::ffff:0:127.0.0.1", // compatible, translated (RFC 2765)
	"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", // NAT64
	"2002:7f00:1::", "2002:a9fe:a9fe::1", // 6to4
	"2001:0:7f00:1::", "2001::1", // Teredo
	"fec0::1", // site-local, deprecated
	"100::1",  // discard
	"5f00::1", // segment routing
}

func TestGuardian(t *testing.T) {
	g := guardian(nil)
	for _, a := range forbidden {
		for _, network := range []string{"tcp4", "tcp6"} {
			if err := g(network, net.JoinHostPort(a, "80"), nil); !errors.Is(err, ssrf.ErrProhibitedIP) {
				t.Errorf("%s: %v", a, err)
			}
		}
	}
	for _, a := range []string{"8.8.8.8", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2a00:1450:4001::1", "2606:4700::1111"} {
		if err := g("tcp4", net.JoinHostPort(a, "8080"), nil); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	g = guardian([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")})
	for a, allowed := range map[string]bool{"10.1.2.3": true, "10.2.0.1": false, "fd00::1": true, "fc00::1": false, "127.0.0.1": false, "::ffff:10.1.2.3": false} {
		if err := g("tcp6", net.JoinHostPort(a, "80"), nil); (err == nil) != allowed {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// spelled are hosts that some resolver takes for a forbidden address.
var spelled = []string{
	"2130706433", "0x7f000001", "017700000001", "127.1", "127.0.1", "0x7f.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "0", "0.0",
	"127.0.0.1.", "１２７.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①", "0xa9fea9fe", "2852039166", "169.254.43518",
	"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[fe80::1%25lo]", "[64:ff9b::127.0.0.1]",
	"localhost", "LOCALHOST.", "feed.localhost", "127.0.0.1",
}

// Whatever the notation, directly, behind a proxy, and on a redirect.
func TestNoNotationHelps(t *testing.T) {
	var reached atomic.Int32
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host == "site.example" {
			w.Header().Set("Location", r.URL.Query().Get("to"))
			w.WriteHeader(http.StatusFound)
			return
		}
		reached.Add(1)
	})
	for name, c := range map[string]*Client{"direct": client(t, Options{}), "proxied": client(t, Options{Proxy: proxy.URL})} {
		for _, host := range spelled {
			r := ask(t, c, "http://"+host+":80/feed", news.Poll{})
			if name == "direct" && strings.Contains(strings.ToLower(host), "localhost") {
				continue // asks the machine's resolver, which is tested below
			}
			wantErr(t, r.Err, "")
			if r.Err == nil || !strings.Contains(r.Err.Error(), "fetch.allow_networks") {
				t.Errorf("%s, %s: %v", name, host, r.Err)
			}
		}
	}
	c := client(t, Options{Proxy: proxy.URL})
	for _, host := range spelled {
		r := ask(t, c, "http://site.example/?to=http://"+strings.ReplaceAll(host, "%", "%25")+"/", news.Poll{})
		if r.Err == nil || !strings.Contains(r.Err.Error(), "fetch.allow_networks") && !strings.Contains(r.Err.Error(), "Location") {
			t.Errorf("a redirect to %s: %v", host, r.Err)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests went through", n)
	}
}

func TestLiteral(t *testing.T) {
	for host, want := range map[string]string{
		"127.1": "127.0.0.1", "1.2.3": "1.2.0.3", "0x7f000001": "127.0.0.1", "08": "", "256.1": "", "1.2.3.4.5": "", "1..2": "",
		"4294967296": "", "0x": "0.0.0.0", "a": "", "1.2.3.256": "", "1.16777216": "", "1.16777215": "1.255.255.255", "": "", "010.1": "8.0.0.1",
	} {
		got := ""
		if ip, ok := literal(host); ok {
			got = ip.String()
		}
		if got != want {
			t.Errorf("%q is %q, want %q", host, got, want)
		}
	}
}

// A name that is public when it is checked and private when it is dialled: the
// check is at the dial.
func TestNamesAreJudgedAtTheDial(t *testing.T) {
	var answers atomic.Int32
	resolver := nameServer(t, func() [4]byte {
		if answers.Add(1) == 1 {
			return [4]byte{192, 0, 2, 1} // refused as well: documentation
		}
		return [4]byte{127, 0, 0, 1}
	})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("reached") })
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	d := &net.Dialer{Control: guardian(nil), Resolver: resolver}
	h := &http.Client{Transport: transport(d, nil, nil)}
	defer h.CloseIdleConnections()
	for range 3 {
		if resp, err := h.Get("http://rebind.example:" + port + "/"); !errors.Is(err, ssrf.ErrProhibitedIP) {
			t.Errorf("%v, %v", resp, err)
		}
	}
	if answers.Load() < 3 {
		t.Errorf("the name was asked %d times", answers.Load())
	}
}

// nameServer answers each question for IPv4 with the address given.
func nameServer(t *testing.T, answer func() [4]byte) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-stopped })
	go func() {
		defer close(stopped)
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: answer()}}}
			}
			out, _ := m.Pack()
			conn.WriteTo(out, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// Every address of a redirect is judged anew.
func TestRedirectsIntoForbiddenNetworks(t *testing.T) {
	var to string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Location", to); w.WriteHeader(307) })
	c := client(t, Options{AllowNetworks: loopback()})
	for _, a := range forbidden {
		if a == "127.0.0.1" || a == "127.255.255.254" || a == "::1" || strings.HasPrefix(a, "::ffff:127") {
			continue // allowed here
		}
		host := a
		if strings.Contains(a, ":") {
			host = "[" + strings.ReplaceAll(a, "%", "%25") + "]"
		}
		to = "http://" + host + "/feed"
		wantErr(t, ask(t, c, s.URL, news.Poll{}).Err, "fetch.allow_networks")
	}
}
