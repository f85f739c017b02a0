package page

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"aggregator/internal/access"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

const (
	token = "0123456789abcdef0123"
	other = "fedcba98765432100000"
	// secret stands only in stories of the private topic.
	secret = "Nightingale"
)

// closed are three stories: of a public topic; of a private one, and secret; of
// both. A second private topic has another key.
func closed(t *testing.T) *Pages {
	story := func(n int, title string, topics ...string) news.Story {
		st := news.Story{ID: id(n), Pos: news.Position(n), Published: minute(n), Updated: minute(n), Event: id(1),
			Lead: news.Telling{Pos: news.Position(n), Source: "a.example", Name: "A", GUID: title, URL: fmt.Sprint("https://a.example/", n), Title: title, Since: minute(n), Seen: minute(n)}}
		for _, topic := range topics {
			st.Topics = append(st.Topics, news.Filing{Topic: topic, Rule: "match: rule of " + topic, Words: []string{"word of " + topic}})
		}
		return st
	}
	open := story(1, "Open story", "China")
	open.Topics = append(open.Topics, news.Filing{Topic: "China/Human Rights", Rule: "holds China/Camp Two", Words: []string{"codeword"}})
	b := store.Batch{
		Stories: []news.Story{open, story(2, secret+" story", "Desk"), story(3, "Shared story", "China", "Desk"), story(4, "Unfiled story")},
		Items:   map[news.Position]news.Item{1: {Title: "Open story"}, 2: {Title: secret + " story", Summary: secret + " said"}, 3: {Title: "Shared story"}, 4: {}},
	}
	p := start(t, b)
	p.doors.Find = func(s string) (news.Position, bool) {
		i := slices.IndexFunc(b.Stories, func(st news.Story) bool { return st.ID == s })
		return news.Position(i + 1), i >= 0
	}
	p.doors.Event = func(news.Position) []news.Position { return []news.Position{1, 2, 3} }
	p.doors.Match = all(p)
	s := site()
	s.Events, s.Topics[0].Holds = true, "match: china, or in China/Camp Two"
	s.Topics = append(s.Topics,
		Topic{Topic: news.Topic{Name: "Desk"}, Formats: []string{"atom"}, Items: 10, Holds: "match: nightingale", Keys: access.Keys{Tokens: []string{token}, User: "desk", Password: "pw"}},
		Topic{Topic: news.Topic{Name: "China/Camp Two"}, Formats: []string{"atom"}, Keys: access.Keys{Tokens: []string{other}}})
	p.Use(s)
	return p
}

// all is a search that finds every story it may.
func all(p *Pages) func(context.Context, Search, func(news.Story, []string)) (int, error) {
	return func(ctx context.Context, s Search, each func(news.Story, []string)) (n int, err error) {
		for st, err := range p.store.Stories(ctx, 0) {
			if err == nil && s.May(st) {
				n++
				each(st, []string{st.Lead.Title})
			}
		}
		return n, nil
	}
}

var everywhere = []string{
	"/", "/topics/china", "/topics/desk", "/topics/china/camp-two", "/topics/china/human-rights", "/sources", "/sources.json", "/try", "/try?q=story&since=all", "/try?q=story&since=all&topic=Desk", "/try?q=topic:Desk",
	"/search?q=story", "/search?q=" + secret, "/nowhere",
	"/stories/" + id(1), "/stories/" + id(1) + ".json", "/stories/" + id(2), "/stories/" + id(2) + ".json", "/stories/" + id(3), "/stories/" + id(3) + ".json", "/stories/" + id(4),
}

// What stands only in a private topic is shown to nobody without its key, and
// neither is the topic: no page, no JSON, no file says that there is one.
func TestNothingLeaks(t *testing.T) {
	p := closed(t)
	for _, key := range []string{"", "token=wrong", "token=" + other} {
		for _, path := range everywhere {
			body := ask(p, "GET", with(path, key)).Body.String()
			leaks := []string{secret, "Desk<", ">Desk", "Desk ", `"Desk`, "rule of Desk", "word of Desk", "/topics/desk", id(2) + `"`, id(2) + "?"}
			if key != "token="+other { // which opens the second
				leaks = append(leaks, "Camp Two", "camp-two", "codeword")
			}
			for _, leak := range leaks {
				typed := strings.Contains(path, secret) && leak == secret || strings.Contains(path, "Desk") // it comes back in the form
				if strings.Contains(body, leak) && !typed {
					t.Errorf("%s with %q shows %s:\n%s", path, key, leak, body)
				}
			}
		}
	}
	for f, err := range p.Files(t.Context()) {
		if body := f.Path + string(f.Bytes); err != nil || strings.Contains(body, secret) || strings.Contains(body, "Desk") || strings.Contains(body, "Camp Two") || strings.Contains(body, "codeword") || strings.Contains(body, id(2)) {
			t.Errorf("%v: the file %s shows what is private:\n%s", err, f.Path, f.Bytes)
		}
	}
}

func with(path, query string) string {
	if query == "" {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&" + query
	}
	return path + "?" + query
}

func TestWhoMayRead(t *testing.T) {
	p := closed(t)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("desk:pw"))
	for _, c := range []struct {
		path, token, basic string
		status             int
		want, not          string
	}{
		{path: "/topics/desk", status: 401, want: "private"},
		{path: "/topics/desk", token: other, status: 401},
		{path: "/topics/desk", basic: "Basic eDp5", status: 401},
		{path: "/topics/desk", token: token, status: 200, want: secret + " story"},
		{path: "/topics/desk", basic: basic, status: 200, want: secret + " story"},
		{path: "/topics/desk", token: token, status: 200, want: `href="/news/topics/desk.atom?token=` + token + `"`},
		{path: "/topics/desk", token: token, status: 200, want: `value="https://feeds.example.org/news/topics/desk.atom?token=` + token + `"`},
		{path: "/topics/desk", token: token, status: 200, want: `href="/news/stories/` + id(2) + `?token=` + token + `"`},
		{path: "/topics/desk", basic: basic, status: 200, not: "token"},
		{path: "/topics/china", token: token, status: 200, want: `href="/news/topics/china.atom"`, not: "china.atom?token"},
		{path: "/", token: token, status: 200, want: `href="/news/topics/desk?token=` + token},
		{path: "/", token: token, status: 200, want: `name="token" value="` + token},
		{path: "/", token: other, status: 200, want: "Camp Two", not: secret},
		{path: "/topics/china/human-rights", status: 200, want: "a rule that is private"},
		{path: "/topics/china/human-rights", token: other, status: 200, want: "codeword"},
		{path: "/topics/china", token: other, status: 200, want: "or in China/Camp Two"},
		{path: "/nowhere", token: token, status: 404, want: token},
		{path: "/stories/" + id(2), status: 401},
		{path: "/stories/" + id(2) + ".json", status: 401},
		{path: "/stories/" + id(2), token: token, status: 200, want: secret},
		{path: "/stories/" + id(3), status: 200, want: "rule of China", not: "rule of Desk"},
		{path: "/stories/" + id(3), token: token, status: 200, want: "rule of Desk"},
		{path: "/stories/" + id(1), status: 200, want: "Shared story", not: secret}, // of the same event
		{path: "/stories/" + id(1), token: token, status: 200, want: secret},
		{path: "/stories/" + id(4), status: 200, want: "under no topic"},
		{path: "/search?q=story", status: 200, want: "<strong>3</strong> stories found, of 3 looked at"},
		{path: "/search?q=story", token: token, status: 200, want: "<strong>4</strong> stories found, of 4 looked at"},
		{path: "/try?q=story&topic=Desk", status: 200, want: "no topic of that name"},
		{path: "/try?q=story&topic=Desk&since=all", token: token, status: 200, want: secret},
	} {
		r := httptest.NewRequest("GET", with(c.path, strings.TrimSuffix("token="+c.token, "token=")), nil)
		if c.basic != "" {
			r.Header.Set("Authorization", c.basic)
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		body := w.Body.String()
		if w.Code != c.status || !strings.Contains(body, c.want) || c.not != "" && strings.Contains(body, c.not) {
			t.Errorf("%+v: %d\n%s", c, w.Code, body)
		}
		if w.Code == 200 {
			checkHTML(t, c.path, w.Body.Bytes())
		}
		shown := c.token != "" || c.basic != ""
		if got := w.Header().Get("Cache-Control"); c.status != 401 && shown != (got == "private, no-store") {
			t.Errorf("%+v: Cache-Control %q", c, got)
		}
		if w.Header().Get("Vary") != "Authorization" {
			t.Errorf("%+v: a cache may show it to others", c)
		}
		if c.status == 401 && (w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("Cache-Control") != "no-store") {
			t.Errorf("%+v: %v", c, w.Header())
		}
	}
}

// A search is told which topics there are for the one who asks.
func TestSearchKnowsTopics(t *testing.T) {
	p := closed(t)
	var got Search
	p.doors.Match = func(_ context.Context, s Search, _ func(news.Story, []string)) (int, error) { got = s; return 0, nil }
	ask(p, "GET", "/try?q=topic:Desk&since=24h")
	if slices.Contains(got.Topics, "Desk") || !slices.Contains(got.Topics, "China") || !got.Since.Equal(p.now().AddDate(0, 0, -1)) {
		t.Errorf("%+v", got)
	}
	ask(p, "GET", "/try?q=topic:Desk&since=all&token="+token)
	if !slices.Contains(got.Topics, "Desk") || !got.Since.IsZero() {
		t.Errorf("%+v", got)
	}
}
