package websub

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Whatever comes to a callback, a subscription begins only for what was asked,
// and a body counts only if its hub signed it.
func FuzzCallback(f *testing.F) {
	const topic = "https://s.example/feed"
	f.Add("GET", "hub.mode=subscribe&hub.topic=https%3A%2F%2Fs.example%2Ffeed&hub.challenge=c&hub.lease_seconds=100", "", "")
	f.Add("GET", "hub.mode=denied&hub.topic=https%3A%2F%2Fs.example%2Ffeed&hub.reason=no", "", "")
	f.Add("GET", "hub.mode=unsubscribe&hub.topic=https%3A%2F%2Fs.example%2Ffeed&hub.challenge=c", "", "")
	f.Add("POST", "", "sha256=00", "<rss/>")
	f.Add("PUT", "%zz", "", "")
	f.Fuzz(func(t *testing.T, method, query, signature, body string) {
		if method != http.MethodGet && method != http.MethodPost {
			method = http.MethodPut
		}
		s := NewSubscriber(nil, SubscriberOptions{Log: slog.New(slog.DiscardHandler), Ended: func(context.Context, string) {}})
		asked := wish{ID: "id", Hub: "https://hub.example/", Topic: topic, Secret: "secret that nobody knows", Since: time.Now()}
		asked.Asked = true
		s.set("s", asked)
		s.sources["s"] = Source{Key: "s", MaxSize: 1 << 10}
		r := httptest.NewRequest(method, "https://me.example/websub/id", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header[signatureHeader] = []string{signature}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		q := r.URL.Query()
		live := s.wishes["s"].live(time.Now())
		mayLive := method == http.MethodGet && q.Get("hub.mode") == "subscribe" && q.Get("hub.topic") == topic && q.Get("hub.challenge") != ""
		switch {
		case live != mayLive:
			t.Errorf("live: %v after %s %s", live, method, query)
		case live && w.Body.String() != q.Get("hub.challenge"):
			t.Errorf("answered %q", w.Body)
		case len(s.inbox.waiting) > 0:
			t.Errorf("%q counts with the signature %q", body, signature)
		case w.Code >= 500:
			t.Errorf("%d", w.Code)
		}
	})
}
