package publish

import (
	"context"
	"fmt"
	"iter"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// watched is a store that counts how often a shelf is read while it is being
// written.
type watched struct {
	store.Store
	writing atomic.Bool
	early   atomic.Int32
}

func (s *watched) Shelf(ctx context.Context, topic string) iter.Seq2[news.Story, error] {
	if s.writing.Load() {
		s.early.Add(1)
	}
	return s.Store.Shelf(ctx, topic)
}

// While the shelf is written in steps, documents that have bytes serve these;
// for the others a reader waits until all is written. Nobody sees a step.
func TestStill(t *testing.T) {
	kept := &watched{Store: open(t, t.TempDir())}
	keep(t, kept, shelf(t))
	old, cold, leaving := china(), china(), china()
	cold.Name, leaving.Name = "Everything", "Leaving"
	p := start(kept, testSite(old, cold, leaving))
	before := string(body(t, p, atomPath))
	p.Changed(nil)
	answers := map[string]*httptest.ResponseRecorder{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	err := p.Still(func() error {
		kept.writing.Store(true)
		defer kept.writing.Store(false)
		for _, path := range []string{"/topics/everything.atom", "/topics/everything.rss", "/topics/everything.json", "/topics/leaving.atom"} {
			wg.Go(func() {
				w := ask(p, "GET", path)
				mu.Lock()
				defer mu.Unlock()
				answers[path] = w
			})
		}
		for i := range 5 {
			moveHalf(t, kept, i)
			if w := ask(p, "GET", atomPath); w.Code != 200 || w.Body.String() != before {
				t.Errorf("step %d: %d, other bytes than before", i, w.Code)
			}
		}
		p.Use(testSite(old, cold))
		return nil
	})
	wg.Wait()
	if err != nil || kept.early.Load() > 0 {
		t.Errorf("the shelf was read %d times while it was written; %v", kept.early.Load(), err)
	}
	for path, w := range answers {
		if path == "/topics/leaving.atom" {
			if w.Code != 404 {
				t.Errorf("a topic that left: %d", w.Code)
			}
		} else if w.Code != 200 || w.Body.String() != string(body(t, start(kept, testSite(old, cold)), path)) {
			t.Errorf("%s: %d, not the new bytes", path, w.Code)
		}
	}
	if after := string(body(t, p, atomPath)); after == before {
		t.Error("the new bytes never came")
	}
}

// moveHalf files every second story elsewhere.
func moveHalf(t *testing.T, s store.Store, step int) {
	t.Helper()
	var b store.Batch
	for st, err := range s.Stories(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if st.Pos%2 == news.Position(step%2) {
			st.Topics = []news.Filing{{Topic: "Everything", Rule: fmt.Sprintf("step %d", step)}}
			b.Stories = append(b.Stories, st)
		}
	}
	keep(t, s, b)
}

// A tree that is written across a change has no file of a topic that left.
func TestFilesWhileTopicsLeave(t *testing.T) {
	leaving := china()
	leaving.Name = "Leaving"
	p, _ := over(t, china(), leaving)
	var paths []string
	for f, err := range p.Files(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if len(paths) == 0 {
			p.Use(testSite(china()))
		}
		paths = append(paths, f.Path)
	}
	want := []string{"topics/china.atom", "topics/china.rss", "topics/china.json", "topics.opml"}
	if fmt.Sprint(paths) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", paths, want)
	}
}
