package fetch

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
)

// An authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{}
	pair := a.sign(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.cert, a.key = pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// sign makes a certificate of a template; the first one signs itself.
func (a *authority) sign(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(1), pkix.Name{CommonName: "test"}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	template.NotBefore = template.NotAfter.Add(-2 * time.Hour)
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// files writes a certificate and its key as PEM.
func files(t *testing.T, c tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "c.pem"), filepath.Join(dir, "c.key")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func secure(t *testing.T, conf *tls.Config, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS, s.EnableHTTP2 = conf, true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestCertificates(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	ca, _ := files(t, tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key})
	home := func() *x509.Certificate {
		return &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	}
	expired := home()
	expired.NotAfter = time.Now().Add(-time.Hour)
	elsewhere := home()
	elsewhere.IPAddresses, elsewhere.DNSNames = nil, []string{"other.example"}
	client3 := home()
	client3.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for name, c := range map[string]struct {
		cert tls.Certificate
		word string
	}{
		"right":           {a.sign(t, home()), ""},
		"self-signed":     {(&authority{}).sign(t, home()), "signed by nobody we trust"},
		"other authority": {other.sign(t, home()), "signed by nobody we trust"},
		"expired":         {a.sign(t, expired), "has expired"},
		"wrong host":      {a.sign(t, elsewhere), "is for another host"},
		"wrong use":       {a.sign(t, client3), "certificate is not valid"},
	} {
		s := secure(t, &tls.Config{Certificates: []tls.Certificate{c.cert}}, func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 2 {
				t.Errorf("%s: over %s", name, r.Proto)
			}
			io.WriteString(w, small)
		})
		src := news.Source{Key: "k", URL: s.URL, Access: news.Access{TLS: news.Certificates{CAFile: ca}}}
		r := client(t, Options{AllowNetworks: loopback()}).Fetch(context.Background(), src, news.Poll{}, 0, noon)
		if c.word == "" && (r.Err != nil || len(r.Items) != 1) {
			t.Errorf("%s: %v", name, r.Err)
		} else if c.word != "" {
			wantErr(t, r.Err, c.word)
		}
	}
}

// A client certificate is shown to the source's host, and to no other that a
// redirect leads to; nor is that trusted by the source's authority.
func TestClientCertificate(t *testing.T) {
	a := newAuthority(t)
	ca, _ := files(t, tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key})
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	ours := a.sign(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	cert, key := files(t, ours)
	server := a.sign(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	wants := &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	var to string
	s := secure(t, wants, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		io.WriteString(w, small)
	})
	there := secure(t, wants.Clone(), func(w http.ResponseWriter, r *http.Request) { t.Error("another host was shown it") })
	to = there.URL
	c := client(t, Options{AllowNetworks: loopback()})
	fetch := func(path string, tls news.Certificates) Result {
		return c.Fetch(context.Background(), news.Source{Key: "k", URL: s.URL + path, Access: news.Access{TLS: tls}}, news.Poll{}, 0, noon)
	}
	both := news.Certificates{CAFile: ca, CertFile: cert, KeyFile: key}
	if r := fetch("/", both); r.Err != nil || len(r.Items) != 1 {
		t.Errorf("with it: %v", r.Err)
	}
	wantErr(t, fetch("/", news.Certificates{CAFile: ca}).Err, "certificate of ours", "cert_file")
	wantErr(t, fetch("/away", both).Err, "signed by nobody we trust")
	wantErr(t, fetch("/", news.Certificates{CAFile: key}).Err, "holds no certificate")
	wantErr(t, fetch("/", news.Certificates{CAFile: "/nowhere"}).Err, "tls of the source")
	wantErr(t, fetch("/", news.Certificates{CertFile: cert, KeyFile: ca}).Err, "tls of the source")
}

// TestSOCKS: a source's own proxy, which is given the host's name unresolved.
func TestSOCKS(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, small) })
	host := make(chan string, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		socks(conn, s.Listener.Addr().String(), host)
	}()
	src := news.Source{Key: "k", URL: "http://far.example/feed", Access: news.Access{Proxy: "socks5://" + l.Addr().String()}}
	c := client(t, Options{})
	r := c.Fetch(context.Background(), src, news.Poll{}, 0, noon)
	c.Close() // the proxy ends with the connection
	if r.Err != nil || len(r.Items) != 1 {
		t.Fatal(r.Err)
	}
	if got := <-host; got != "far.example" {
		t.Errorf("the proxy was asked for %q", got)
	}
	src.URL = "http://169.254.169.254/"
	wantErr(t, c.Fetch(context.Background(), src, news.Poll{}, 0, noon).Err, "fetch.allow_networks")
}

// socks speaks as much of RFC 1928 as one connection needs.
func socks(conn net.Conn, to string, host chan<- string) {
	defer conn.Close()
	b := bufio.NewReader(conn)
	io.ReadFull(b, make([]byte, 3)) // version 5, one method, none needed
	conn.Write([]byte{5, 0})
	head := make([]byte, 5)
	io.ReadFull(b, head) // version, connect, 0, by name, its length
	name := make([]byte, int(head[4])+2)
	io.ReadFull(b, name)
	host <- string(name[:head[4]])
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	go func() {
		io.Copy(far, b)
		far.Close()
	}()
	io.Copy(conn, far)
}

// No cookie, no Referer, nothing but what is needed, and who to ask.
func TestWhatWeSay(t *testing.T) {
	var got []http.Header
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header)
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "1"})
		w.Header().Set("ETag", `W/"odd, "quoted"`)
		w.Header().Set("Last-Modified", "not a date")
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/feed", http.StatusFound)
			return
		}
		io.WriteString(w, small)
	})
	c := client(t, Options{AllowNetworks: loopback(), UserAgent: "aggregator/1 (+https://me.example/)"})
	prev := ask(t, c, s.URL, news.Poll{}).Poll
	ask(t, c, s.URL, prev)
	for i, h := range got {
		for key := range h {
			if !strings.Contains(" User-Agent Accept Accept-Encoding If-None-Match If-Modified-Since A-Im ", " "+key+" ") {
				t.Errorf("request %d says %s: %s", i, key, h.Get(key))
			}
		}
		if h.Get("User-Agent") != "aggregator/1 (+https://me.example/)" {
			t.Errorf("request %d: %v", i, h)
		}
	}
	if h := got[len(got)-1]; h.Get("If-None-Match") != `W/"odd, "quoted"` || h.Get("If-Modified-Since") != "not a date" {
		t.Errorf("validators are not those given: %v", h)
	}
}
