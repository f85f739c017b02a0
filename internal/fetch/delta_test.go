package fetch

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// RFC 3229: the new entries alone come, and what they lack has not left.
func TestNewEntriesAlone(t *testing.T) {
	item := func(ids ...string) string {
		var b strings.Builder
		for _, id := range ids {
			b.WriteString("<item><guid>" + id + "</guid><title>" + id + "</title></item>")
		}
		return `<rss version="2.0"><channel><title>T</title>` + b.String() + `</channel></rss>`
	}
	var got http.Header
	ro := roadOf(map[string]http.HandlerFunc{})
	answer := func(code int, etag, body string) {
		ro.set("/", func(w http.ResponseWriter, r *http.Request) {
			got = r.Header
			w.Header().Set("ETag", etag)
			if code == http.StatusIMUsed {
				w.Header().Set("IM", "feed")
			}
			w.WriteHeader(code)
			io.WriteString(w, body)
		})
	}
	p := newPolls(t, ro, "/")
	answer(200, `"v1"`, item("1", "2", "3"))
	if p.next(); len(got["A-Im"]) != 0 || len(got["If-None-Match"]) != 0 {
		t.Errorf("first asked with %v", got)
	}
	answer(226, `"v2"`, item("4"))
	r := p.next()
	if got.Get("A-IM") != "feed" || got.Get("If-None-Match") != `"v1"` {
		t.Errorf("asked with %v", got)
	}
	if r.Err != nil || len(r.Items) != 1 || r.Received != 1 || r.Poll.Items != 4 || len(r.Poll.Seen) != 4 || r.Poll.ETag != `"v2"` {
		t.Errorf("%d items, %+v, %v", len(r.Items), r.Poll, r.Err)
	}
	for _, s := range r.Poll.Seen {
		if s.Gone != 0 {
			t.Errorf("%+v left", s)
		}
	}
	answer(226, `"v3"`, item("4", "1"))
	if r := p.next(); len(r.Items) != 0 || r.Known != 2 || r.Poll.Items != 4 || got.Get("If-None-Match") != `"v2"` {
		t.Errorf("%d items, %+v", len(r.Items), r.Poll)
	}
	p.now = p.now.Add(wholeAfter)
	answer(200, `"v4"`, item("5"))
	if r := p.next(); len(r.Items) != 1 || r.Poll.Items != 1 || len(got["If-None-Match"]) != 0 || len(got["A-Im"]) != 0 {
		t.Errorf("after a week asked with %v, %+v", got, r.Poll)
	}
}

// A server that says 304 to whatever changed is found out within a week, at the
// price of one request without validators.
func TestLyingValidators(t *testing.T) {
	var got http.Header
	body := small
	ro := roadOf(map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("ETag", `"same"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, body)
	}})
	p := newPolls(t, ro, "/")
	p.next()
	body = strings.ReplaceAll(small, "One", "Two")
	unconditional := 0
	for range 15 * 24 {
		r := p.next()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if got.Get("If-None-Match") == "" {
			unconditional++
			if unconditional == 1 && len(r.Items) != 1 {
				t.Errorf("the change was not seen: %+v", r)
			}
		}
	}
	if unconditional != 2 {
		t.Errorf("%d requests without validators in fifteen days, want 2", unconditional)
	}
}

// The same ETag on another document, and another on the same.
func TestBodyDecides(t *testing.T) {
	etag, body := `"same"`, small
	ro := roadOf(map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		io.WriteString(w, body)
	}})
	p := newPolls(t, ro, "/")
	p.next()
	body = strings.ReplaceAll(small, "One", "Two")
	if r := p.next(); r.Unchanged || len(r.Items) != 1 {
		t.Errorf("the same ETag: %+v", r)
	}
	etag = `"fresh"`
	if r := p.next(); !r.Unchanged || r.Poll.ETag != `"fresh"` {
		t.Errorf("the same bytes: %+v", r)
	}
}

func TestFloors(t *testing.T) {
	day := 24 * time.Hour
	at := func(d time.Duration) string { return noon.Add(d).Format(http.TimeFormat) }
	for name, c := range map[string]struct {
		code    int
		headers map[string]string
		channel string
		want    time.Duration
		why     string
	}{
		"nothing":                    {200, nil, "", 0, ""},
		"max-age":                    {200, map[string]string{"Cache-Control": "public, max-age=3600"}, "", time.Hour, "Cache-Control"},
		"max-age less Age":           {200, map[string]string{"Cache-Control": "max-age=3600", "Age": "600"}, "", 50 * time.Minute, "Cache-Control"},
		"max-age too large":          {200, map[string]string{"Cache-Control": "max-age=99999999999999999999"}, "", day, "Cache-Control"},
		"max-age in quotes":          {200, map[string]string{"Cache-Control": `max-age="60"`}, "", time.Minute, "Cache-Control"},
		"max-age nonsense":           {200, map[string]string{"Cache-Control": "max-age=soon"}, "", 0, ""},
		"no-cache, no-store":         {200, map[string]string{"Cache-Control": "no-cache, no-store, must-revalidate"}, "", 0, ""},
		"s-maxage":                   {200, map[string]string{"Cache-Control": "s-maxage=3600"}, "", 0, ""},
		"Expires":                    {200, map[string]string{"Expires": at(time.Hour), "Date": at(0)}, "", time.Hour, "Expires"},
		"Expires by another clock":   {200, map[string]string{"Expires": at(-10 * time.Hour), "Date": at(-11 * time.Hour)}, "", time.Hour, "Expires"},
		"Expires 0":                  {200, map[string]string{"Expires": "0"}, "", 0, ""},
		"Expires in 2038":            {200, map[string]string{"Expires": at(20000 * day)}, "", day, "Expires"},
		"max-age beats Expires":      {200, map[string]string{"Cache-Control": "max-age=60", "Expires": at(day)}, "", time.Minute, "Cache-Control"},
		"ttl":                        {200, nil, "<ttl>90</ttl>", 90 * time.Minute, "ttl"},
		"ttl of a year":              {200, nil, "<ttl>525600</ttl>", day, "ttl"},
		"ttl nonsense":               {200, nil, "<ttl>-5</ttl>", 0, ""},
		"sy hourly":                  {200, nil, "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 30 * time.Minute, "sy:updatePeriod"},
		"sy without a frequency":     {200, nil, "<sy:updatePeriod> daily </sy:updatePeriod>", day, "sy:updatePeriod"},
		"sy weekly":                  {200, nil, "<sy:updatePeriod>weekly</sy:updatePeriod>", day, "sy:updatePeriod"},
		"sy nonsense":                {200, nil, "<sy:updatePeriod>often</sy:updatePeriod>", 0, ""},
		"ttl beats sy":               {200, nil, "<ttl>5</ttl><sy:updatePeriod>daily</sy:updatePeriod>", 5 * time.Minute, "ttl"},
		"skipHours":                  {200, nil, "<skipHours><hour>10</hour><hour>11</hour></skipHours>", 2 * time.Hour, "skipHours"},
		"skipHours all":              {200, nil, "<skipHours>" + allHours() + "</skipHours>", day, "skipHours"},
		"skipHours not now":          {200, nil, "<skipHours><hour>12</hour></skipHours>", 0, ""},
		"skipDays":                   {200, nil, "<skipDays><day>Thursday</day><day>friday</day></skipDays>", 38 * time.Hour, "skipDays"},
		"skipDays all":               {200, nil, "<skipDays>" + allDays() + "</skipDays>", day, "skipDays"},
		"ttl into skipHours":         {200, nil, "<ttl>60</ttl><skipHours><hour>11</hour></skipHours>", 2 * time.Hour, "skipHours"},
		"Retry-After":                {429, map[string]string{"Retry-After": "7200"}, "", 2 * time.Hour, "Retry-After"},
		"Retry-After as a date":      {503, map[string]string{"Retry-After": at(3 * time.Hour)}, "", 3 * time.Hour, "Retry-After"},
		"Retry-After three days":     {503, map[string]string{"Retry-After": "259200"}, "", 3 * day, "Retry-After"},
		"Retry-After a year":         {429, map[string]string{"Retry-After": "31536000"}, "", 7 * day, "Retry-After"},
		"Retry-After past":           {503, map[string]string{"Retry-After": at(-time.Hour)}, "", 0, ""},
		"Retry-After with 404":       {404, map[string]string{"Retry-After": "259200"}, "", day, "Retry-After"},
		"Retry-After with 200":       {200, map[string]string{"Retry-After": "600"}, "", 10 * time.Minute, "Retry-After"},
		"max-age of an error":        {500, map[string]string{"Cache-Control": "max-age=3600"}, "", 0, ""},
		"the later of two wins":      {200, map[string]string{"Cache-Control": "max-age=60"}, "<ttl>10</ttl>", 10 * time.Minute, "ttl"},
		"Cache-Control of two lines": {200, map[string]string{"Cache-Control": "no-cache,max-age=120"}, "", 2 * time.Minute, "Cache-Control"},
	} {
		ro := roadOf(map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			for key, value := range c.headers {
				w.Header().Set(key, value)
			}
			w.WriteHeader(c.code)
			io.WriteString(w, `<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>T</title>`+c.channel+`</channel></rss>`)
		}})
		r := newPolls(t, ro, "/").next()
		want := time.Time{}
		if c.want > 0 {
			want = noon.Add(c.want)
		}
		if !r.Poll.Floor.Equal(want) || !strings.HasPrefix(r.Poll.FloorWhy, c.why) || c.why == "" && r.Poll.FloorWhy != "" {
			t.Errorf("%s: floor %s (%s), want %s (%s); %v", name, r.Poll.Floor, r.Poll.FloorWhy, want, c.why, r.Err)
		}
	}
}

func allHours() (s string) {
	for h := range 24 {
		s += fmt.Sprintf("<hour>%d</hour>", h)
	}
	return s
}

func allDays() (s string) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		s += "<day>" + d.String() + "</day>"
	}
	return s
}

// What the document asks for counts on when the next answer is a 304, or the
// same bytes, however far away its floor was then.
func TestPaceOutlivesTheDocument(t *testing.T) {
	doc := `<rss version="2.0"><channel><title>T</title><ttl>30</ttl><skipHours><hour>13</hour></skipHours></channel></rss>`
	for _, code := range []int{304, 200} {
		ro := roadOf(map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			if r.Header.Get("If-None-Match") != "" && code == 304 {
				w.WriteHeader(code)
				return
			}
			io.WriteString(w, doc)
		}})
		p := newPolls(t, ro, "/")
		p.next()
		p.prev.FloorWhy = "Cache-Control max-age 20h0m0s" // was further away
		p.now = noon.Add(2*time.Hour + 40*time.Minute)
		if r := p.next(); !r.Unchanged || r.Poll.FloorWhy != "skipHours" || !r.Poll.Floor.Equal(noon.Add(4*time.Hour)) {
			t.Errorf("%d: floor %s (%s)", code, r.Poll.Floor, r.Poll.FloorWhy)
		}
		if r := p.next(); !strings.HasPrefix(r.Poll.FloorWhy, "ttl") {
			t.Errorf("%d: floor %s (%s)", code, r.Poll.Floor, r.Poll.FloorWhy)
		}
	}
}

func TestHubSelfAndCloud(t *testing.T) {
	rss := `<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title><atom:link rel="hub" href="https://hub.example/"/><atom:link rel="self" href="/self"/><cloud domain="rpc.example" port="5337" path="/rsscloud/pleaseNotify" registerProcedure="" protocol="http-post"/></channel></rss>`
	atom := `<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><link rel="hub" href="https://hub.example/a"/><link rel="self" href="https://h.example/a"/></feed>`
	json := `{"version":"https://jsonfeed.org/version/1.1","title":"T","feed_url":"https://h.example/j","hubs":[{"type":"rssCloud","url":"https://no.example"},{"type":"WebSub","url":"https://hub.example/j"}],"items":[]}`
	for name, c := range map[string]struct {
		header           []string
		body             string
		hub, self, cloud string
	}{
		"rss":                   {nil, rss, "https://hub.example/", "BASE/self", "http://rpc.example:5337/rsscloud/pleaseNotify"},
		"atom":                  {nil, atom, "https://hub.example/a", "https://h.example/a", ""},
		"json":                  {nil, json, "https://hub.example/j", "https://h.example/j", ""},
		"header beats document": {[]string{`<https://one.example/>; rel="hub", <https://me.example/>; title="a, b"; rel=self`}, atom, "https://one.example/", "https://me.example/", ""},
		"two relations":         {[]string{`</feed>; REL="self alternate"`, `</hub>;rel="hub"`}, small, "BASE/hub", "BASE/feed", ""},
		"preload is no hub":     {[]string{`</x.css>; rel=preload; as=style, <broken`}, small, "", "", ""},
		"none":                  {nil, small, "", "", ""},
	} {
		ro := roadOf(map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Link"] = c.header
			io.WriteString(w, c.body)
		}})
		p := newPolls(t, ro, "/")
		r := p.next()
		base := strings.TrimSuffix(p.src.URL, "/")
		for what, pair := range map[string][2]string{"hub": {r.Poll.Hub, c.hub}, "self": {r.Poll.Self, c.self}, "cloud": {r.Poll.Cloud, c.cloud}} {
			if want := strings.Replace(pair[1], "BASE", base, 1); pair[0] != want {
				t.Errorf("%s: %s is %q, want %q (%v)", name, what, pair[0], want, r.Err)
			}
		}
	}
}
