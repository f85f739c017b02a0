package page

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// many are stories of the last n hours, each with an item.
func many(n int) (b store.Batch) {
	b.Items = map[news.Position]news.Item{}
	for i := 1; i <= n; i++ {
		at := minute(0).Add(-time.Duration(n-i) * time.Hour)
		b.Stories = append(b.Stories, news.Story{ID: id(i), Pos: news.Position(i), Published: at, Updated: at,
			Lead:   news.Telling{Pos: news.Position(i), Source: "a.example", Name: "A", GUID: fmt.Sprint(i), URL: fmt.Sprint("https://a.example/", i), Title: fmt.Sprintf("Story %d.", i)},
			Topics: []news.Filing{{Topic: "China", Rule: "match"}}})
		b.Items[news.Position(i)] = news.Item{Title: "Story", Language: "en"}
	}
	return b
}

func TestSearch(t *testing.T) {
	p := start(t, many(700))
	p.doors.Match = all(p)
	page := get(t, p, "/search?q=story")
	inOrder(t, page, "<strong>700</strong> stories found, of 700 looked at; the newest 500 are shown", ">Story 700.</a>", ">Story 676.</a>", "Page 1", `href="/news/search?page=2&amp;q=story"`)
	if page = get(t, p, "/search?q=story&page=20"); !strings.Contains(page, ">Story 201.</a>") || strings.Contains(page, "Next") {
		t.Errorf("the last page:\n%s", page)
	}
	for _, path := range []string{"/search?q=story&page=21", "/search?q=story&page=99999999999999999999", "/topics/china?page=9223372036854775807", "/sources?page=9223372036854775807"} {
		if w := ask(p, "GET", path); w.Code != 404 {
			t.Errorf("%s, behind the last page: %d", path, w.Code)
		}
	}
	if page := get(t, p, "/topics/china?page=-3"); !strings.Contains(page, ">Story 700.</a>") {
		t.Errorf("before the first page:\n%s", page)
	}
	inOrder(t, get(t, p, "/try?q=story&since=all"), "the newest 100 are shown", "counts per day", `Tuesday, 5 May 2026</time>: 9</li>`, `Monday, 4 May 2026</time>: 24</li>`)
	for path, want := range map[string]string{"/search": "Words to search for", "/search?q=!!!": "There is no word in that", "/try": "What a query may hold"} {
		if page := get(t, p, path); !strings.Contains(page, want) || strings.Contains(page, "looked at") {
			t.Errorf("%s:\n%s", path, page)
		}
	}
	if page := get(t, p, "/try?q=camp&topic=China"); !strings.Contains(page, `<option value="China" selected="">`) || !strings.Contains(page, `<option value="7d" selected="">`) {
		t.Errorf("the form forgets:\n%s", page)
	}
}

func TestTryFaults(t *testing.T) {
	p := start(t, many(1))
	p.doors.Match = func(context.Context, Search, func(news.Story, []string)) (int, error) {
		return 0, Faults{{Col: 11, Message: "nothing is in these parentheses", Hint: "write a word"}}
	}
	inOrder(t, get(t, p, "/try?q=china+AND+(&since=all"), `aria-invalid="true" aria-describedby="fault"`, `role="alert" id="fault"`, "<code>china AND <mark>(</mark></code>", "At character 11: nothing is in these parentheses", "(write a word)")
	if page := get(t, p, "/try?q="+strings.Repeat("a", longestQuery+1)); !strings.Contains(page, "longer than 2000 bytes") {
		t.Errorf("a long query:\n%.2000s", page)
	}
}

// A search whose time is up shows what it found, and says so; one that fails is
// no page.
func TestSearchEnds(t *testing.T) {
	p := start(t, many(3))
	p.patience = time.Millisecond
	p.doors.Match = func(ctx context.Context, _ Search, each func(news.Story, []string)) (int, error) {
		each(many(1).Stories[0], nil)
		<-ctx.Done()
		return 17, fmt.Errorf("match: %w", ctx.Err())
	}
	inOrder(t, get(t, p, "/search?q=story"), "<strong>1</strong> story found, of 17 looked at", "stopped early", ">Story 1.</a>")
	p.doors.Match = func(context.Context, Search, func(news.Story, []string)) (int, error) {
		return 0, errors.New("the disk is on fire")
	}
	if w := ask(p, "GET", "/search?q=story"); w.Code != 503 || strings.Contains(w.Body.String(), "fire") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// No more than two search at a time; who waits too long is asked to come back.
func TestSearchesAtATime(t *testing.T) {
	p := start(t, many(1))
	p.patience = 50 * time.Millisecond
	inside, leave, left := make(chan bool, 3), make(chan bool), make(chan int, 3)
	p.doors.Match = func(context.Context, Search, func(news.Story, []string)) (int, error) {
		inside <- true
		<-leave
		return 0, nil
	}
	for range mostSearches {
		go func() { left <- ask(p, "GET", "/try?q=a").Code }()
	}
	for range mostSearches {
		<-inside
	}
	if w := ask(p, "GET", "/search?q=a"); w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "Others are searching") {
		t.Errorf("a third: %d %s", w.Code, w.Body)
	}
	close(leave)
	for range mostSearches {
		if code := <-left; code != 200 {
			t.Errorf("one of two: %d", code)
		}
	}
	if w := ask(p, "GET", "/search?q=a"); w.Code != 200 {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// Every story of a topic is on exactly one of its pages, newest first.
func TestAllIsReachable(t *testing.T) {
	p := start(t, many(130))
	path, seen := "/topics/china", ""
	for range 10 {
		page := get(t, p, path)
		seen += page
		_, next, ok := strings.Cut(page, `href="/news/topics/china?page=`)
		for ok && !strings.HasPrefix(next[strings.Index(next, `"`)+1:], ` rel="next"`) {
			_, next, ok = strings.Cut(next, `href="/news/topics/china?page=`)
		}
		if !ok {
			break
		}
		path = "/topics/china?page=" + next[:strings.Index(next, `"`)]
	}
	var want []string
	for i := 130; i > 0; i-- {
		want = append(want, fmt.Sprintf(">Story %d.</a>", i))
	}
	inOrder(t, seen, want...)
}
