package publish

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"aggregator/internal/access"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

const token, otherToken = "0123456789abcdef", "fedcba9876543210"

// desk is a topic for those who have a token.
func desk() Topic {
	t := china()
	t.Name, t.Keys = "Desk", access.Keys{Tokens: []string{token, otherToken}, User: "desk", Password: "p:w"}
	return t
}

// both has all of many stories under China and Desk.
func both(n int) store.Batch {
	b := many(1, n)
	for i := range b.Stories {
		b.Stories[i].Topics = append(b.Stories[i].Topics, news.Filing{Topic: "Desk", Rule: "match", Words: []string{"secretword"}})
	}
	return b
}

func TestPrivate(t *testing.T) {
	s := open(t, t.TempDir())
	append1(t, s, both(400))
	var output bytes.Buffer
	p := New(s, testSite(china(), desk()), slog.New(slog.NewTextHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug})))
	p.Match = matchTitle
	is, err := p.pastOf(t.Context(), p.shown.Load().byTopic["Desk"])
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, ending := range []string{".atom", ".rss", ".json"} {
		for _, part := range []string{"", ".recent", "." + is.archives[0].id, "." + strings.TrimPrefix(uuid("story 1"), "urn:uuid:"), "." + strings.TrimPrefix(uuid("none"), "urn:uuid:")} {
			paths = append(paths, "/topics/desk"+part+ending)
		}
	}
	for _, path := range paths {
		for _, query := range []string{"", "?", "?lang=en", "?source=x.example.org", "?q=story", "?items=3", "?q=(", "?token=", "?token=" + token[:15], "?token=" + token + "x", "?Token=" + token} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				w := ask(p, method, path+query, "Authorization", "Bearer "+token)
				if h := w.Header(); w.Code != 401 || h.Get("WWW-Authenticate") == "" || h.Get("Etag") != "" || h.Get("Location") != "" || h.Get("Access-Control-Allow-Origin") != "" || !strings.Contains(h.Get("Cache-Control"), "no-store") {
					t.Errorf("%s %s%s: %d %v", method, path, query, w.Code, h)
				}
			}
		}
		open := ask(p, "GET", path+"?token="+token)
		if open.Code == 401 || strings.Contains(open.Body.String(), token) {
			t.Errorf("%s with a token: %d, and it is in the document", path, open.Code)
		}
		if open.Code == 200 {
			private(t, path, open)
		}
		if w := askAs(p, path, "desk", "p:w"); w.Code != open.Code || w.Body.String() != open.Body.String() {
			t.Errorf("%s with user and password: %d, with a token %d", path, w.Code, open.Code)
		}
		if w := askAs(p, path, "desk", "pw"); w.Code != 401 {
			t.Errorf("%s with a wrong password: %d", path, w.Code)
		}
	}
	if doc := body(t, p, "/topics.opml"); strings.Contains(string(doc), "desk") {
		t.Error("the list tells of a private topic")
	}
	if doc := body(t, p, "/topics/china.json"); strings.Contains(string(doc), "Desk") || strings.Contains(string(doc), "secretword") {
		t.Error("a public feed tells of a private topic")
	}
	for f, err := range p.Files(t.Context()) {
		if err != nil || strings.Contains(f.Path, "desk") {
			t.Errorf("%s is written for everyone: %v", f.Path, err)
		}
	}
	s.Close() // and now for what is logged of errors
	p.Changed(nil)
	ask(p, "GET", "/topics/desk.atom?token="+token)
	ask(p, "GET", "/topics/desk.atom?items=7&token="+token)
	if strings.Contains(output.String(), token) || output.Len() == 0 {
		t.Errorf("a token is logged, or nothing is:\n%s", &output)
	}
}

// private wants an answer that goes to nobody else.
func private(t *testing.T, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	h := w.Header()
	if h.Get("Cache-Control") != "private, max-age=60" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s: %v", path, h)
	}
	if strings.Contains(w.Body.String(), "/hub") {
		t.Errorf("%s: a hub is named", path)
	}
}

func askAs(p *Publisher, path, user, password string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.SetBasicAuth(user, password)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// A token that a reload leaves out opens nothing from then on, cached bytes or
// not, and makes no document of its own.
func TestRevoke(t *testing.T) {
	p, _ := over(t, desk())
	for _, query := range []string{"?", "?items=2&"} {
		for _, key := range []string{token, otherToken} {
			if w := ask(p, "GET", "/topics/desk.atom"+query+"token="+key); w.Code != 200 {
				t.Fatalf("%d", w.Code)
			}
		}
	}
	if keys := slices.Collect(maps.Keys(p.rare.docs)); fmt.Sprint(keys) != "[/topics/desk.atom?items=2]" {
		t.Errorf("documents for %q", keys)
	}
	less := desk()
	less.Keys.Tokens = less.Keys.Tokens[:1]
	p.Use(testSite(less))
	for _, query := range []string{"?", "?items=2&"} {
		if w := ask(p, "GET", "/topics/desk.atom"+query+"token="+otherToken); w.Code != 401 {
			t.Errorf("a revoked token: %d", w.Code)
		}
		if w := ask(p, "GET", "/topics/desk.atom"+query+"token="+token); w.Code != 200 {
			t.Errorf("the one that stays: %d", w.Code)
		}
	}
}
