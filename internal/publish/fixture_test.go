package publish

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"iter"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noon is the tests' now.
var noon = time.Date(2026, 5, 5, 12, 0, 0, 0, time.UTC)

// china is the topic of testdata/shelf.json.
func china() Topic {
	return Topic{Topic: news.Topic{Name: "China"}, Formats: []string{"atom", "rss", "json"}, Items: 100, Content: "full", Also: true}
}

func testSite(topics ...Topic) Site {
	return Site{Title: "News & views", URL: "https://feeds.example.org/news", Topics: topics, Hub: "https://feeds.example.org/news/hub"}
}

// shelf reads testdata/shelf.json.
func shelf(t testing.TB) store.Batch {
	t.Helper()
	raw, err := os.ReadFile("testdata/shelf.json")
	if err != nil {
		t.Fatal(err)
	}
	var b store.Batch
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, dir string) store.Store {
	t.Helper()
	s, err := bolt.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func keep(t testing.TB, s store.Store, b store.Batch) {
	t.Helper()
	at, err := s.At(t.Context())
	if err == nil {
		_, err = s.Append(t.Context(), at, b)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// start publishes a store's stories at noon.
func start(s store.Store, site Site) *Publisher {
	p := New(s, site, slog.New(slog.NewTextHandler(io.Discard, nil)))
	p.now = func() time.Time { return noon }
	return p
}

// over publishes testdata/shelf.json.
func over(t testing.TB, topics ...Topic) (*Publisher, store.Store) {
	t.Helper()
	s := open(t, t.TempDir())
	keep(t, s, shelf(t))
	return start(s, testSite(topics...)), s
}

// ask gets a path, with headers in pairs.
func ask(p *Publisher, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func body(t testing.TB, p *Publisher, path string) []byte {
	t.Helper()
	w := ask(p, "GET", path)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not as it was (run with -update if it should not be):\n%s", path, got)
	}
}

// broken is a store whose reading or writing fails when told to.
type broken struct {
	store.Store
	read, write error
	behind      int // appends to refuse
	reads       int
}

func (b *broken) Shelf(ctx context.Context, topic string) iter.Seq2[news.Story, error] {
	b.reads++
	if b.read != nil {
		return func(yield func(news.Story, error) bool) { yield(news.Story{}, b.read) }
	}
	return b.Store.Shelf(ctx, topic)
}

func (b *broken) Append(ctx context.Context, at news.Position, batch store.Batch) (news.Position, error) {
	if b.behind > 0 {
		b.behind--
		return at, store.ErrBehind
	}
	if b.write != nil {
		return at, b.write
	}
	return b.Store.Append(ctx, at, batch)
}

// counting is a store that counts what it is asked.
type counting struct {
	store.Store
	calls atomic.Int32
}

func (c *counting) At(ctx context.Context) (news.Position, error) {
	c.calls.Add(1)
	return c.Store.At(ctx)
}

func (c *counting) Append(ctx context.Context, at news.Position, b store.Batch) (news.Position, error) {
	c.calls.Add(1)
	return c.Store.Append(ctx, at, b)
}

func (c *counting) Items(ctx context.Context, at ...news.Position) (map[news.Position]news.Item, error) {
	c.calls.Add(1)
	return c.Store.Items(ctx, at...)
}

func (c *counting) Story(ctx context.Context, at ...news.Position) (map[news.Position]news.Story, error) {
	c.calls.Add(1)
	return c.Store.Story(ctx, at...)
}

func (c *counting) Shelf(ctx context.Context, topic string) iter.Seq2[news.Story, error] {
	c.calls.Add(1)
	return c.Store.Shelf(ctx, topic)
}

func (c *counting) Shelved(ctx context.Context, topic string) iter.Seq2[store.Place, error] {
	c.calls.Add(1)
	return c.Store.Shelved(ctx, topic)
}

func (c *counting) Mark(ctx context.Context, name string) (string, error) {
	c.calls.Add(1)
	return c.Store.Mark(ctx, name)
}
