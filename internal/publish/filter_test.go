package publish

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/store"
)

// matchTitle tries queries on what a story's tellings show of themselves. Their
// language is the beginning of the GUID.
func matchTitle(_ context.Context, q *query.Query, stories iter.Seq2[news.Story, error], each func(news.Story, []string)) (looked int, err error) {
	for st, err := range stories {
		if err != nil {
			return looked, err
		}
		looked++
		var topics []string
		for _, f := range st.Topics {
			topics = append(topics, f.Topic)
		}
		for _, told := range st.Tellings() {
			lang, _, _ := strings.Cut(told.GUID, ":")
			if words, ok := q.Match(query.Prepare(query.Doc{Title: told.Title, Lang: lang}).In(topics...)); ok {
				each(st, words)
				break
			}
		}
	}
	return looked, nil
}

// filterable is a publisher of five stories, newest first: a to e.
func filterable(t *testing.T) *Publisher {
	s := open(t, t.TempDir())
	b := store.Batch{Items: map[news.Position]news.Item{}}
	for i, told := range []news.Telling{
		{Source: "www.bbc.co.uk/feed", Name: "BBC News", GUID: "en:a", Title: "a dam breaks", URL: "https://www.bbc.co.uk/a"},
		{Source: "feeds.example.org:8443/bbc", Name: "Mirror", GUID: "zh-Hant:b", Title: "b 水坝 dam", URL: "https://news.bbc.co.uk/b"},
		{Source: "zh.example/feed", Name: "晨报", GUID: "zh:c", Title: "c harbour"},
		{Source: "other.example/feed", Name: "Other, and more", GUID: "zh-CN:d", Title: "d dam"},
		{Source: "bbc.co.uk.evil.example/feed", Name: "Not BBC", GUID: "de:e", Title: "e harbour"},
	} {
		pos := news.Position(i + 1)
		told.Pos = pos
		st := many(pos, 1).Stories[0]
		st.Lead, st.Published, st.Updated = told, noon.AddDate(0, 0, -i), noon.AddDate(0, 0, -i)
		st.Also = []news.Telling{{Source: "bbc.co.uk/also", Name: "BBC also", GUID: "fr:also", Title: "barrage"}}
		b.Stories = append(b.Stories, st)
		b.Items[pos] = news.Item{Source: told.Source, GUID: told.GUID, Title: told.Title, Seen: noon}
	}
	b.Stories[1].Topics = append(b.Stories[1].Topics, news.Filing{Topic: "Desk"})
	append1(t, s, b)
	p := start(s, testSite(china(), desk()))
	p.Match = matchTitle
	return p
}

func TestFilters(t *testing.T) {
	p := filterable(t)
	for _, c := range []struct{ ask, want, canonical string }{
		{"", "abcde", ""},
		{"token=0123456789abcdef&utm_source=x&LANG=zh", "abcde", ""},
		{"lang=&q=+&source=,&items=", "abcde", ""},
		{"lang=zh", "bcd", "lang=zh"},
		{"lang=ZH-hant", "b", "lang=zh-hant"},
		{"lang=zh-CN,de,zh-cn", "de", "lang=de%2Czh-cn"},
		{"lang=de&lang=zh-CN", "de", "lang=de%2Czh-cn"},
		{"lang=z", "", "lang=z"},
		{"lang=fr", "", "lang=fr"}, // of the lead alone
		{"source=bbc.co.uk", "ab", "source=bbc.co.uk"},
		{"source=BBC+News", "a", "source=bbc+news"},
		{"source=" + url.QueryEscape("www.bbc.co.uk/feed"), "a", "source=www.bbc.co.uk%2Ffeed"},
		{"source=晨报,not+bbc", "ce", "source=not+bbc%2C%E6%99%A8%E6%8A%A5"},
		{"source=feeds.example.org", "b", "source=feeds.example.org"},
		{"source=co.uk.evil", "", "source=co.uk.evil"},
		{"q=dam", "abd", "q=dam"},
		{"q=dam+NOT+a", "bd", "q=dam+AND+NOT+a"},
		{"q=barrage", "abcde", "q=barrage"}, // of any telling, as a rule
		{"q=topic:China", "abcde", "q=topic%3AChina"},
		{"q=topic:Desk", "", "q=topic%3ADesk"}, // not for everyone
		{"items=2", "ab", "items=2"},
		{"items=002", "ab", "items=2"},
		{"q=dam&items=2&lang=zh&x=y&source=bbc.co.uk,other.example", "bd", "items=2&lang=zh&q=dam&source=bbc.co.uk%2Cother.example"},
	} {
		w := ask(p, "GET", atomPath+"?"+c.ask)
		got := ""
		for _, part := range strings.Split(w.Body.String(), "<entry")[1:] {
			_, title, _ := strings.Cut(part, "<title>")
			got += title[:1]
		}
		if w.Code != 200 || got != c.want {
			t.Errorf("?%s: %d, stories %q, want %q: %s", c.ask, w.Code, got, c.want, w.Body)
			continue
		}
		tag := w.Header().Get("Etag")
		if ask(p, "GET", atomPath+"?"+c.ask, "If-None-Match", tag).Code != 304 {
			t.Errorf("?%s: no 304", c.ask)
		}
		doc := w.Body.String()
		if c.canonical == "" {
			if tag != ask(p, "GET", atomPath).Header().Get("Etag") {
				t.Errorf("?%s is another document", c.ask)
			}
			continue
		}
		self := "https://feeds.example.org/news" + atomPath + "?" + strings.ReplaceAll(c.canonical, "&", "&amp;")
		if !strings.Contains(doc, `<link rel="self" type="application/atom+xml" href="`+self+`">`) && !strings.Contains(doc, `rel="self" type="application/atom+xml" href="`+self+`"`) {
			t.Errorf("?%s does not call itself %s:\n%.900s", c.ask, self, doc)
		}
		if strings.Contains(doc, `rel="hub"`) || strings.Contains(doc, `rel="next"`) {
			t.Errorf("?%s is pushed, or leads on", c.ask)
		}
		if !strings.HasPrefix(c.canonical, "items") && !strings.Contains(doc, "<title>China: ") {
			t.Errorf("?%s: the title does not tell", c.ask)
		}
	}
	for ending, want := range map[string]int{".rss": 3, ".json": 3} {
		if is := read(t, p, "/topics/china"+ending+"?q=dam"); len(is.ids) != want || is.next != "" {
			t.Errorf("%s: %+v", ending, is)
		}
	}
}

func TestBadFilters(t *testing.T) {
	p := filterable(t)
	for bad, want := range map[string]string{
		"q=(dam":                             "character 1: this ( is never closed (write a ) where it ends)",
		"q=dam+水+NEAR/x+b":                   "q cannot be read at its character",
		"q=" + strings.Repeat("a", 1001):     "longer than 1000",
		"items=0":                            "1 to 1000",
		"items=1001":                         "1 to 1000",
		"items=many":                         "1 to 1000",
		"items=-3":                           "1 to 1000",
		"lang=english!":                      "such as ?lang=zh",
		"lang=zh+OR+en":                      "such as ?lang=zh",
		"source=" + strings.Repeat("a", 301): "such as ?source=",
		"source=" + strings.Repeat("a,b,c,d,e,f,g,", 1) + "h,i,j,k,l,m,n,o,p,q,r,s,t,u": "no more than 20",
		"q=%zz": "%26",
	} {
		w := ask(p, "GET", atomPath+"?"+bad)
		if w.Code != 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("?%s: %d %q, want %q", bad, w.Code, w.Body, want)
		}
	}
	if len(p.rare.docs) != 0 {
		t.Errorf("%d documents are kept of what cannot be", len(p.rare.docs))
	}
	// Documents that are no heads know no filters.
	if w := ask(p, "GET", "/topics/china.recent.atom?items=x"); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
	p.Match = nil
	if w := ask(p, "GET", atomPath+"?q=dam"); w.Code != 400 {
		t.Errorf("a query that nobody can try: %d", w.Code)
	}
}

// A filtered feed follows its topic, and what is kept of such feeds is bounded.
func TestRareIsBounded(t *testing.T) {
	p := filterable(t)
	for i := range 3 * mostRare {
		if w := ask(p, "GET", fmt.Sprintf("%s?items=%d", atomPath, i%900+1)); w.Code != 200 {
			t.Fatalf("%d", w.Code)
		}
	}
	if len(p.rare.docs) != mostRare || p.rare.order.Len() != mostRare || p.rare.bytes <= 0 {
		t.Errorf("%d documents are kept, %d bytes", len(p.rare.docs), p.rare.bytes)
	}
	total := 0
	for e := p.rare.order.Front(); e != nil; e = e.Next() {
		total += e.Value.(*document).size
	}
	if total != p.rare.bytes {
		t.Errorf("%d bytes are kept, and %d counted", total, p.rare.bytes)
	}
	// One asked for again and again stays, under another configuration too.
	loved := p.rare.docs[atomPath+"?items=600"]
	if loved == nil {
		t.Fatal("the one asked for last is not kept")
	}
	p.Use(testSite(china(), desk()))
	for i := range mostRare {
		ask(p, "GET", atomPath+"?items=600")
		ask(p, "GET", fmt.Sprintf("%s?items=%d", atomPath, i+1))
	}
	if p.rare.docs[atomPath+"?items=600"] != loved {
		t.Error("the one asked for most went")
	}
	total = 0
	for e := p.rare.order.Front(); e != nil; e = e.Next() {
		total += e.Value.(*document).size
	}
	if total != p.rare.bytes {
		t.Errorf("%d bytes are kept, and %d counted, after a reload", total, p.rare.bytes)
	}
	// Those that take too much go.
	first := p.rare.order.Back().Value.(*document)
	p.rare.document(first)
	p.rare.bytes += rareBytes - first.size
	p.rare.weigh(first)
	if p.rare.order.Front().Value != first && len(p.rare.docs) > 1 {
		t.Error("the one asked for last went")
	}
	p.rare.bytes += rareBytes
	ask(p, "GET", atomPath+"?items=901")
	if len(p.rare.docs) > 1 {
		t.Errorf("%d documents are kept beyond %d bytes", len(p.rare.docs), rareBytes)
	}
}

func TestFilteredFollows(t *testing.T) {
	p, s := over(t, china())
	path := atomPath + "?items=1"
	was := ask(p, "GET", path)
	keep(t, s, more(10, "10 new"))
	if w := ask(p, "GET", path); w.Header().Get("Etag") != was.Header().Get("Etag") {
		t.Error("made anew without a change")
	}
	p.Changed([]string{"China"})
	if w := ask(p, "GET", path); !strings.Contains(w.Body.String(), "10 new") {
		t.Error("the change did not come through")
	}
	site := testSite(china())
	site.Title = "Renamed"
	p.Use(site)
	if w := ask(p, "GET", path); !strings.Contains(w.Body.String(), "Renamed") {
		t.Error("the reload did not come through")
	}
	p.Use(testSite())
	if w := ask(p, "GET", path); w.Code != 404 {
		t.Errorf("a topic that is gone: %d", w.Code)
	}
}

// Who would be the third to have a document made waits, for a while; what is
// there already is served.
func TestRareSeats(t *testing.T) {
	p := filterable(t)
	ask(p, "GET", atomPath+"?items=1")
	synctest.Test(t, func(t *testing.T) {
		// The channel must be of this bubble.
		p.rare.seats = make(chan struct{}, rareSeats)
		for range rareSeats {
			p.rare.seats <- struct{}{}
		}
		if w := ask(p, "GET", atomPath+"?items=1"); w.Code != 200 {
			t.Errorf("what is there: %d", w.Code)
		}
		w := ask(p, "GET", atomPath+"?items=2")
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "Too many") {
			t.Errorf("a third: %d %v", w.Code, w.Header())
		}
		p.Changed(nil)
		if w := ask(p, "GET", atomPath+"?items=1"); w.Code != 200 {
			t.Errorf("what is there, and stale: %d", w.Code)
		}
	})
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"", "lang=zh,en&q=a+OR+b", "q=%22a+b%22&items=3", "source=a%2Cb", "q=/a,b/", "items=1e3", "lang=a-b_c", "q=2+of+(a,b)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		is, err := readFilter(s)
		if err != nil {
			return
		}
		again, err := readFilter(strings.TrimPrefix(is.query(), "?"))
		if err != nil || again.query() != is.query() {
			t.Errorf("%q is %q, which is %q (%v)", s, is.query(), again.query(), err)
		}
	})
}
