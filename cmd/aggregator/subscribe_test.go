package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A gate stands between a reader and us, and sees how it was answered.
type gate struct {
	*httptest.Server
	mu   sync.Mutex
	gave []int
}

func newGate(t *testing.T, base string) *gate {
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.gave = append(g.gave, r.StatusCode)
		return nil
	}
	g.Server = httptest.NewServer(proxy)
	t.Cleanup(g.Close)
	return g
}

// since are the answers since the last call.
func (g *gate) since() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	gave := g.gave
	g.gave = nil
	return gave
}

// subscribers are programs that people read feeds with. Each gives what it holds
// after it looked again: id, title, link. They keep their own memory in home.
var subscribers = map[string]func(t *testing.T, home, address string) [][]string{
	"newsboat": func(t *testing.T, home, address string) [][]string {
		// It keeps validators only of a feed that was in its cache before (2.21).
		if _, err := os.Stat(filepath.Join(home, "cache.db")); err != nil {
			newsboatReload(t, home, address)
		}
		newsboatReload(t, home, address)
		return python(t, "newsboat", filepath.Join(home, "cache.db"), address)
	},
	"feedparser": func(t *testing.T, home, address string) [][]string {
		return python(t, "again", address, filepath.Join(home, "state.json"))
	},
	"sfeed": sfeed,
}

// sfeed_update asks as its manual shows (sfeedrc(5), README: "only download if
// newer", with curl's ETags), and keeps lines of tabs: time, title, link, content,
// its type, id, …
func sfeed(t *testing.T, home, address string) (items [][]string) {
	t.Helper()
	const rc = `sfeedpath="%[1]s/feeds"
feeds() { feed all %[2]q; }
fetch() { curl -f -s -S --compressed --etag-save "%[1]s/etag" --etag-compare "%[1]s/etag" "$2"; }
`
	write := func(name, text string) string {
		path := filepath.Join(home, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if out, err := exec.Command("sfeed_update", write("sfeedrc", fmt.Sprintf(rc, home, address))).CombinedOutput(); err != nil || strings.Contains(string(out), "FAIL") {
		t.Fatalf("sfeed_update: %v\n%s", err, out)
	}
	kept, err := os.ReadFile(filepath.Join(home, "feeds", "all"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(kept)) {
		field := strings.Split(line, "\t")
		items = append(items, []string{field[5], field[1], field[2]})
	}
	return items
}

// TestThreePolls subscribes other people's programs to a topic, and has them look
// at it three times: a 304 where nothing changed, one story more where one came,
// the same ids throughout.
func TestThreePolls(t *testing.T) {
	o := newOutlets(t)
	put := func(items ...string) { o.put("/wire", "application/rss+xml", wireDoc(items...)) }
	first := []string{
		wireItem("w1", "Dam breaks near Urumqi &amp;amp; floods two villages", "The first of three reports that have nothing in common."),
		wireItem("w2", "Use of &amp;lt;b&amp;gt; in titles", "The second of them is about something else altogether."),
		wireItem("w3", "第三条消息", "第三条与前两条毫无关系。"),
	}
	put(first...)
	d := newDesk(t, "listen: 127.0.0.1:0\nurl: http://f.example\n"+strings.Replace(polite, "@every 24h", "@every 1s", 1)+"sources: [{ url: "+o.URL+"/wire, name: Wire }]\ntopics: [{ name: All, match: \"*\" }]\n")
	r := d.start()
	stories := func(n int) [][]string {
		var want [][]string
		eventually(t, fmt.Sprint(n, " stories"), func() bool {
			var feed jsonFeedRead
			want = nil
			if err := json.Unmarshal([]byte(r.get("/topics/all.json").body), &feed); err != nil {
				t.Fatal(err)
			}
			for _, it := range feed.Items {
				want = append(want, []string{it.ID, it.Title, it.URL})
			}
			return len(want) == n
		})
		return want
	}
	type reader struct {
		name, home, address string
		g                   *gate
		look                func(*testing.T, string, string) [][]string
	}
	var readers []reader
	for name, look := range subscribers {
		for _, form := range []string{"atom", "rss"} {
			g := newGate(t, r.base)
			readers = append(readers, reader{name + " over " + form, t.TempDir(), g.URL + "/topics/all." + form, g, look})
		}
	}
	look := func(when string, want [][]string, status int) {
		t.Helper()
		for _, rd := range readers {
			got := rd.look(t, rd.home, rd.address)
			for _, it := range got { // what RSS says with a space: see the README
				it[1] = strings.ReplaceAll(it[1], "< b>", "<b>")
			}
			sameItems(t, when+", "+rd.name, got, want)
			if gave := slices.Compact(rd.g.since()); !slices.Equal(gave, []int{status}) {
				t.Errorf("%s, %s: answered %v, want %d", when, rd.name, gave, status)
			}
		}
	}
	was := stories(3)
	look("at first", was, 200)
	o.forget()
	eventually(t, "poll that changes nothing", func() bool { return o.answers(304) > 0 })
	look("when nothing changed", was, 304)
	put(append(first, wireItem("w4", "A fourth report comes in later", "It says what no other of them says, in words of its own."))...)
	is := stories(4)
	for _, it := range was {
		if !slices.ContainsFunc(is, func(other []string) bool { return slices.Equal(it, other) }) {
			t.Errorf("%q is not as it was: %q", it, is)
		}
	}
	look("when one came", is, 200)
	look("and again", is, 304)
	r.stop()
}
