package access

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAllow(t *testing.T) {
	both := Keys{Tokens: []string{"0123456789abcdef", "fedcba9876543210"}, User: "desk", Password: "p:w"}
	for _, c := range []struct {
		name           string
		keys           Keys
		query          string
		user, password string
		want           bool
	}{
		{"everyone", Keys{}, "", "", "", true},
		{"nothing shown", both, "", "", "", false},
		{"a token", both, "?token=0123456789abcdef", "", "", true},
		{"the other token", both, "?items=3&token=fedcba9876543210", "", "", true},
		{"a token as password", both, "", "anybody", "fedcba9876543210", true},
		{"a revoked token", Keys{Tokens: both.Tokens[:1]}, "?token=fedcba9876543210", "", "", false},
		{"half a token", both, "?token=0123456789abcde", "", "", false},
		{"an empty token", both, "?token=", "", "", false},
		{"user and password", both, "", "desk", "p:w", true},
		{"another's password", both, "", "desk", "pw", false},
		{"another user", both, "", "dask", "p:w", false},
		{"no password where none is set", Keys{Tokens: both.Tokens}, "", "", "", false},
		{"empty basic where no user is set", Keys{Tokens: both.Tokens}, "", "x", "", false},
		{"password in the token's place", both, "?token=p:w", "", "", false},
	} {
		r := httptest.NewRequest("GET", "/topics/china.atom"+c.query, nil)
		if c.user+c.password != "" {
			r.SetBasicAuth(c.user, c.password)
		}
		if got := c.keys.Allow(r); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAsk(t *testing.T) {
	w := httptest.NewRecorder()
	Ask(w)
	if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestClean(t *testing.T) {
	r := httptest.NewRequest("GET", "/x?token=secret&lang=zh&token=again", nil)
	if got := Clean(r.URL.Query()).Encode(); got != "lang=zh" {
		t.Errorf("%q", got)
	}
}
