package websub

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
)

// The header of WebSub 7.1, and the one that others have made of it.
const (
	signatureHeader    = "X-Hub-Signature"
	signatureHeader256 = "X-Hub-Signature-256"
)

// methods are those of WebSub 7.1.
var methods = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// sign puts the signature of a body into a request's header.
func sign(h http.Header, secret string, body []byte) {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	value := []string{"sha256=" + hex.EncodeToString(mac.Sum(nil))}
	h[signatureHeader], h[signatureHeader256] = value, value
}

// signed says whether a request's header proves that who sent the body knows the
// secret. One good signature among several is enough; they are compared in
// constant time.
func signed(h http.Header, secret string, body []byte) bool {
	good := false
	for _, name := range []string{signatureHeader, signatureHeader256} {
		for _, value := range h.Values(name) {
			good = proves(value, secret, body) || good
		}
	}
	return good
}

func proves(value, secret string, body []byte) bool {
	method, digits, _ := strings.Cut(strings.TrimSpace(value), "=")
	newHash := methods[strings.ToLower(method)]
	given, err := hex.DecodeString(digits)
	if newHash == nil || err != nil {
		return false
	}
	mac := hmac.New(newHash, []byte(secret))
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}
