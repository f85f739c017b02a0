package odd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"time"
)

// An authority signs certificates that nobody trusts but who is told to.
type authority struct {
	cert     *x509.Certificate
	key      *ecdsa.PrivateKey
	own      []byte // PEM
	client   []byte
	personal []byte // the client's key
}

// secured is how a behaviour listens with TLS.
type secured struct {
	ca         *authority
	name       string // in the certificate, where it is not the address
	expired    bool
	selfSigned bool
	config     func(*tls.Config)
}

func newAuthority() (*authority, error) {
	a := &authority{}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	t := template("Odd Authority")
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.own = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	c := template("reader")
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	a.client, a.personal, err = a.sign(c, false)
	return a, err
}

func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		serial = big.NewInt(1)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// sign gives a certificate and its key as PEM.
func (a *authority) sign(t *x509.Certificate, self bool) (cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	parent, signer := a.cert, a.key
	if self {
		parent, signer = t, k
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &k.PublicKey, signer)
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), nil
}

func (a *authority) files() map[string][]byte {
	return map[string][]byte{"ca.pem": a.own, "client.pem": a.client, "client.key": a.personal}
}

// at makes the configuration of a listener, and says its address.
func (s secured) at(ip string, l net.Listener) (*tls.Config, string, error) {
	t := template("odd")
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	t.IPAddresses = []net.IP{net.ParseIP(ip)}
	if s.name != "" {
		t.IPAddresses, t.DNSNames = nil, []string{s.name}
	}
	if s.expired {
		t.NotAfter = time.Now().Add(-time.Hour)
	}
	cert, key, err := s.ca.sign(t, s.selfSigned)
	if err != nil {
		return nil, "", err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, "", err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: strings.Fields("h2 http/1.1"), MinVersion: tls.VersionTLS10}
	if s.config != nil {
		s.config(config)
	}
	return config, "https://" + l.Addr().String(), nil
}

// clients wants a certificate of the authority from who comes.
func (a *authority) clients(c *tls.Config) {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, pool
}
