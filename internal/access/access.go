// Package access says who may read what is not for everyone: those who show a
// token, in the address or as a password, or a user's name and password. It is
// pure, compares in constant time, and writes down nothing that it is shown.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
)

// Param is the name of a token in the query of an address.
const Param = "token"

// Keys open something. The zero Keys are for what is open to everyone.
type Keys struct {
	// Tokens open it each, as ?token= or as the password of any user.
	Tokens []string
	// User and Password open it together; none where User is "".
	User, Password string
}

// Public says that everyone may read.
func (k Keys) Public() bool { return len(k.Tokens) == 0 && k.User == "" }

// Allow says whether who asks may read. How long it takes tells nothing of the
// keys but how many there are.
func (k Keys) Allow(r *http.Request) bool {
	if k.Public() {
		return true
	}
	user, password, basic := r.BasicAuth()
	token := r.URL.Query().Get(Param)
	if token == "" && !basic {
		return false
	}
	open := 0
	for _, t := range k.Tokens {
		open |= same(token, t) | same(password, t)
	}
	if k.User != "" {
		open |= same(user, k.User) & same(password, k.Password)
	}
	return open == 1
}

// Ask tells who may not read how to: with a password, which feed readers and
// browsers then ask for.
func Ask(w http.ResponseWriter) {
	h := w.Header()
	h.Set("WWW-Authenticate", `Basic realm="private feeds", charset="UTF-8"`)
	h.Set("Cache-Control", "no-store")
	http.Error(w, "This is private: it opens with its token in the address (?"+Param+"=…), or with a user and password.", http.StatusUnauthorized)
}

// Clean is a query of an address without what opens anything, to show or to
// compare.
func Clean(q url.Values) url.Values {
	out := url.Values{}
	for name, values := range q {
		if name != Param {
			out[name] = values
		}
	}
	return out
}

// same is 1 for equal strings. Their hashes are compared, so that not even a
// length shows.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}
