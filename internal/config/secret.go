package config

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"

	"aggregator/internal/access"
)

func (l *loader) access(s *accessSpec) access.Keys {
	var a access.Keys
	for _, t := range s.Tokens {
		a.Tokens = append(a.Tokens, l.token(t.place, t.V))
	}
	if s.TokensFile.given() {
		for t := range strings.FieldsSeq(l.secretFile(s.TokensFile)) {
			a.Tokens = append(a.Tokens, l.token(s.TokensFile.place, t))
		}
	}
	if s.BasicAuth != nil {
		a.User, a.Password = l.auth(s.BasicAuth)
	}
	if a.Public() {
		l.fault(s.at, "access without tokens and basic_auth would let nobody in", "write one of them, or leave access out")
	}
	return a
}

// token stands in an address: it must be hard to guess and need no escaping.
func (l *loader) token(at place, t string) string {
	if len(t) < 16 || strings.Trim(t, tokenChars) != "" {
		l.fault(at, "a token needs 16 or more letters, digits, - or _", "write the output of: openssl rand -hex 16")
	}
	return t
}

const tokenChars = "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func (l *loader) auth(s *authSpec) (user, password string) {
	user = s.User.V
	if user == "" || strings.Contains(user, ":") {
		l.fault(s.User.orElse(s.at), "basic_auth needs a user without a colon", "write user: NAME")
	}
	return user, l.secret(s.Password, s.PasswordFile)
}

// secret is the value, or what its file holds.
func (l *loader) secret(v, file value[string]) string {
	if v.given() && file.given() {
		l.fault(file.place, "a secret stands here twice", "keep it, or its file")
	}
	if file.given() {
		return l.secretFile(file)
	}
	return v.V
}

// secretFile reads a secret; a line end after it is not part of it.
func (l *loader) secretFile(v value[string]) string {
	const most = 64 << 10
	path := l.absolute(v)
	data, err := os.ReadFile(path)
	if err != nil {
		l.fault(v.place, "cannot read "+l.beside(v)+": "+reason(err), "write a path relative to this file")
		return ""
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" || len(text) > most {
		l.fault(v.place, l.beside(v)+" holds no secret", "write it into the file, on one line")
	}
	l.config.Files = append(l.config.Files, path)
	return text
}

// certificates checks that the files hold what they should; rooms that dial read
// them again.
func (l *loader) certificates(s *tlsSpec) TLS {
	if s == nil {
		return TLS{}
	}
	if s.CertFile.given() != s.KeyFile.given() {
		l.fault(s.CertFile.orElse(s.KeyFile.place), "a client certificate needs cert_file and key_file", "write both")
	}
	if s.CAFile.given() {
		ca := l.secretFile(s.CAFile)
		if ca != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(ca)) {
			l.fault(s.CAFile.place, l.beside(s.CAFile)+" holds no certificate", "give a PEM file, which begins with -----BEGIN CERTIFICATE-----")
		}
	}
	l.pair(s)
	return TLS{CAFile: l.absolute(s.CAFile), CertFile: l.absolute(s.CertFile), KeyFile: l.absolute(s.KeyFile)}
}

func (l *loader) pair(s *tlsSpec) {
	if !s.CertFile.given() || !s.KeyFile.given() {
		return
	}
	cert, key := l.secretFile(s.CertFile), l.secretFile(s.KeyFile)
	if cert == "" || key == "" {
		return
	}
	if _, err := tls.X509KeyPair([]byte(cert), []byte(key)); err != nil {
		l.fault(s.CertFile.place, "cert_file and key_file are no pair: "+strings.TrimPrefix(err.Error(), "tls: "), "give the certificate and its own key, PEM, the key without a password")
	}
}
