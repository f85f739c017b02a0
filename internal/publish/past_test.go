package publish

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// many are n stories under China from position first on, their dates all over
// the last month.
func many(first news.Position, n int) store.Batch {
	b := store.Batch{Items: map[news.Position]news.Item{}}
	for i := range n {
		pos := first + news.Position(i)
		at := noon.Add(-time.Duration((int(pos)*7919)%43000) * time.Minute)
		id := strings.TrimPrefix(uuid(fmt.Sprint("story ", pos)), "urn:uuid:")
		title := fmt.Sprint("Story ", pos)
		b.Items[pos] = news.Item{Source: "x.example.org", GUID: title, Title: title, Seen: at}
		b.Stories = append(b.Stories, news.Story{
			ID: id, Pos: pos, Published: at, Updated: at,
			Lead: news.Telling{Pos: pos, Source: "x.example.org", Title: title}, Topics: []news.Filing{{Topic: "China"}},
		})
	}
	return b
}

// append1 keeps a batch with a decision for each story, so that they expire.
func append1(t testing.TB, s store.Store, b store.Batch) {
	t.Helper()
	for _, st := range b.Stories {
		b.Decisions = append(b.Decisions, news.Decision{Pos: st.Pos, At: noon, Fate: news.New, Story: st.Pos})
	}
	keep(t, s, b)
}

// page is what the tests read of a document, in any format.
type page struct {
	ids                    []string
	next, archive, current string
	closed                 bool
}

func read(t testing.TB, p *Publisher, path string) page {
	t.Helper()
	raw := body(t, p, path)
	var is page
	if path, _, _ := strings.Cut(path, "?"); strings.HasSuffix(path, ".json") {
		var doc struct {
			Next  string `json:"next_url"`
			Items []struct{ ID string }
		}
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		is.next = doc.Next
		for _, it := range doc.Items {
			is.ids = append(is.ids, it.ID)
		}
		return is
	}
	var doc struct {
		Links   []atomLink `xml:"http://www.w3.org/2005/Atom link"`
		Archive *struct{}  `xml:"http://purl.org/syndication/history/1.0 archive"`
		Entries []string   `xml:"http://www.w3.org/2005/Atom entry>id"`
		Channel struct {
			Links   []atomLink `xml:"http://www.w3.org/2005/Atom link"`
			Archive *struct{}  `xml:"http://purl.org/syndication/history/1.0 archive"`
			Items   []string   `xml:"item>guid"`
		} `xml:"channel"`
	}
	if err := xml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, l := range append(doc.Links, doc.Channel.Links...) {
		switch l.Rel {
		case "next":
			is.next = l.Href
		case "prev-archive":
			is.archive = l.Href
		case "current":
			is.current = l.Href
		}
	}
	is.ids = append(doc.Entries, doc.Channel.Items...)
	is.closed = doc.Archive != nil || doc.Channel.Archive != nil
	return is
}

// local is an address of the test site as a path.
func local(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/news")
}

// walk follows next from the head and gives all paths, and each id once.
func walk(t testing.TB, p *Publisher, path string) (paths, ids []string) {
	t.Helper()
	had := map[string]bool{}
	for path != "" {
		is := read(t, p, path)
		paths = append(paths, path)
		for _, id := range is.ids {
			had[id] = true
		}
		next := is.next
		if path = ""; next != "" {
			path = local(t, next)
		}
	}
	for id := range had {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return paths, ids
}

func kept(t testing.TB, s store.Store) (ids []string) {
	t.Helper()
	for place, err := range s.Shelved(t.Context(), "China") {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, "urn:uuid:"+place.ID)
	}
	slices.Sort(ids)
	return ids
}

// Every story that is kept is reached over next, in all formats; a client that
// knows only archives finds them over prev-archive, and nobody walks in a circle.
func TestPaging(t *testing.T) {
	s := open(t, t.TempDir())
	append1(t, s, many(1, 700))
	only := china()
	only.Items, only.MaxAge, only.MaxPerSource = 20, 3*24*time.Hour, 2
	p := start(s, testSite(only))
	for _, ending := range []string{".atom", ".rss", ".json"} {
		paths, ids := walk(t, p, "/topics/china"+ending)
		if want := kept(t, s); !slices.Equal(ids, want) {
			t.Errorf("%s: %d stories reached of %d", ending, len(ids), len(want))
		}
		if len(paths) < 5 || paths[1] != "/topics/china.recent"+ending {
			t.Errorf("%s: the pages are %v", ending, paths)
		}
	}
	paths, _ := walk(t, p, atomPath)
	for i, path := range paths {
		is := read(t, p, path)
		older := ""
		if j := max(i+1, 2); j < len(paths) {
			older = "https://feeds.example.org/news" + paths[j]
		}
		if is.archive != older || is.closed != (i > 1) || (i > 0) != (is.current == "https://feeds.example.org/news"+atomPath) {
			t.Errorf("%s: %+v, want prev-archive %q", path, is, older)
		}
		w := ask(p, "GET", path)
		if hub := strings.Contains(w.Body.String(), `rel="hub"`); hub != (i == 0) {
			t.Errorf("%s: hub link %v", path, hub)
		}
		if got := w.Header().Get("Cache-Control"); (got == "public, max-age=31536000, immutable") != (i > 1) {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
		if tag := w.Header().Get("Etag"); ask(p, "GET", path, "If-None-Match", tag).Code != 304 {
			t.Errorf("%s: no 304 for its ETag", path)
		}
		if i > 1 && ask(p, "GET", path, "If-Modified-Since", "Tue, 05 May 2036 11:59:59 GMT").Code != 200 {
			t.Errorf("%s: a 304 for a date that is not kept", path)
		}
	}
	// A head that holds all leads nowhere.
	if is := read(t, start(s, testSite(Topic{Topic: news.Topic{Name: "China"}, Formats: []string{"atom"}})), atomPath); is.next != "" || len(is.ids) != 700 {
		t.Errorf("a head with all %d stories leads to %q", len(is.ids), is.next)
	}
}

// archives are the bytes of all closed archives, by path.
func archives(t testing.TB, p *Publisher, ending string) map[string]string {
	t.Helper()
	paths, _ := walk(t, p, "/topics/china"+ending)
	docs := map[string]string{}
	for _, path := range paths {
		if strings.Count(path, ".") == 2 && !strings.Contains(path, "recent") {
			docs[path] = string(body(t, p, path))
		}
	}
	return docs
}

// Whatever comes, closed archives stay to the letter. What is forgotten changes
// the oldest alone, and the link to it; a hidden story those that held it.
func TestArchivesStay(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		place, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, place)
		n := rapid.IntRange(1, 400).Draw(r, "stories")
		append1(t, s, many(1, n))
		topic := china()
		topic.Items = 10
		p := start(s, testSite(topic))
		was := archives(t, p, ".atom")
		for range rapid.IntRange(1, 3).Draw(r, "times") {
			more := rapid.IntRange(1, 150).Draw(r, "more")
			append1(t, s, many(news.Position(n+1), more))
			n += more
			p.Changed([]string{"China"})
			is := archives(t, p, ".atom")
			for path, doc := range was {
				if is[path] != doc {
					r.Fatalf("%s changed when %d stories came", path, more)
				}
			}
			// Nothing is remembered: a new process has the same.
			if fresh := archives(t, start(s, testSite(topic)), ".atom"); fmt.Sprint(fresh) != fmt.Sprint(is) {
				r.Fatal("archives hang on what was asked before")
			}
			was = is
		}
		gone := rapid.IntRange(0, n).Draw(r, "forgotten")
		if err := s.Expire(t.Context(), news.Position(gone)); err != nil {
			t.Fatal(err)
		}
		p.Changed(nil)
		is := archives(t, p, ".atom")
		changed := 0
		for path, doc := range is {
			if was[path] == "" {
				r.Fatalf("%s is new, though nothing came", path)
			}
			if was[path] != doc {
				changed++
			}
		}
		// The oldest lost stories, or the link to one before it.
		if changed > 1 {
			r.Fatalf("%d archives changed when %d of %d stories were forgotten", changed, gone, n)
		}
	})
}

// What no longer names an archive leads to where its story is, or says that it
// is gone.
func TestArchiveAddresses(t *testing.T) {
	s := open(t, t.TempDir())
	append1(t, s, many(1, 400))
	p := start(s, testSite(china()))
	is, err := p.pastOf(t.Context(), p.shown.Load().byTopic["China"])
	if err != nil || len(is.archives) < 3 {
		t.Fatalf("%d archives: %v", len(is.archives), err)
	}
	id := func(pos news.Position) string {
		return strings.TrimPrefix(uuid(fmt.Sprint("story ", pos)), "urn:uuid:")
	}
	first, second := is.archives[0], is.archives[1]
	check := func(name string, code int, to string) {
		t.Helper()
		w := ask(p, "GET", "/topics/china."+name+".rss?token=x")
		if to != "" {
			to = "https://feeds.example.org/news/topics/china." + to + ".rss?token=x"
		}
		if w.Code != code || w.Header().Get("Location") != to {
			t.Errorf("%s: %d %q, want %d %q", name, w.Code, w.Header().Get("Location"), code, to)
		}
	}
	check(first.id, 200, "")
	check(id(is.at[0]), 308, first.id)
	check(id(is.at[first.to]), 308, second.id)
	check(id(400), map[bool]int{true: 200, false: 308}[closes(idHash(id(400)))], "recent")
	stranger, closer := "", ""
	for i := 1000; stranger == "" || closer == ""; i++ {
		if name := id(news.Position(i)); closes(idHash(name)) {
			closer = name
		} else {
			stranger = name
		}
	}
	check(stranger, 404, "")
	check(closer, 410, "")
	check("recent2", 404, "")
	check(strings.ToUpper(first.id), 404, "")
	// Hidden, the story that closed an archive takes its name along; what it held
	// is in the next.
	hidden := many(is.at[first.to-1], 1)
	hidden.Stories[0].Topics, hidden.Stories[0].Hidden = nil, true
	inFirst := id(is.at[0])
	keep(t, s, hidden)
	p.Changed([]string{"China"})
	check(first.id, 410, "")
	check(inFirst, 308, second.id)
	check(second.id, 200, "")
	if _, ids := walk(t, p, atomPath); !slices.Equal(ids, kept(t, s)) {
		t.Error("hiding it lost others")
	}
}

// An archive ends even where no id says so, and then its last story names it.
func TestLongArchives(t *testing.T) {
	var arrivals []arrival
	for i := range 3 * mostArchived {
		arrivals = append(arrivals, arrival{news.Position(i + 1), 1})
	}
	rand.Shuffle(len(arrivals), func(i, j int) { arrivals[i], arrivals[j] = arrivals[j], arrivals[i] })
	is := newPast(arrivals, func(pos news.Position) string { return fmt.Sprint(pos) })
	if len(is.archives) != 3 || is.archives[2].id != fmt.Sprint(3*mostArchived) || is.tail() != 3*mostArchived {
		t.Errorf("%v", is.archives)
	}
	// In truth it is read from the store.
	s := open(t, t.TempDir())
	b := many(1, 3000)
	slices.SortFunc(b.Stories, func(a, b news.Story) int { return cmp.Compare(a.Pos, b.Pos) })
	b.Stories = slices.DeleteFunc(b.Stories, func(st news.Story) bool { return closes(idHash(st.ID)) })[:mostArchived+5]
	keep(t, s, b)
	p := start(s, testSite(china()))
	paths, ids := walk(t, p, atomPath)
	if len(paths) != 3 || paths[2] != "/topics/china."+b.Stories[mostArchived-1].ID+".atom" || len(ids) != mostArchived+5 {
		t.Errorf("%v, %d ids", paths, len(ids))
	}
}

// reading counts which stories are read.
type reading struct {
	store.Store
	stories, keys int
}

func (r *reading) Story(ctx context.Context, at ...news.Position) (map[news.Position]news.Story, error) {
	r.stories += len(at)
	return r.Store.Story(ctx, at...)
}

func (r *reading) Shelved(ctx context.Context, topic string) iter.Seq2[store.Place, error] {
	r.keys++
	return r.Store.Shelved(ctx, topic)
}

// The static tree has what is served, and archives that stand are not read
// again until one of their stories changes.
func TestArchivesAsFiles(t *testing.T) {
	s := &reading{Store: open(t, t.TempDir())}
	append1(t, s, many(1, 400))
	topic := china()
	topic.Items = 10
	p := start(s, testSite(topic))
	dir := t.TempDir()
	tree := func() int {
		t.Helper()
		n, err := WriteTree(dir, p.Files(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		paths, _ := walk(t, p, atomPath)
		for _, path := range paths {
			got, err := os.ReadFile(dir + path)
			if err != nil || string(got) != string(body(t, p, path)) {
				t.Errorf("%s is not what is served: %v", path, err)
			}
		}
		return n
	}
	tree()
	is, _ := p.pastOf(t.Context(), p.shown.Load().byTopic["China"])
	append1(t, s, many(401, 1))
	p.Touched([]news.Position{401})
	p.Changed([]string{"China"})
	s.stories = 0
	if n, err := WriteTree(dir, p.Files(t.Context())); err != nil || n < 3 || s.stories > 3*2*archived {
		t.Errorf("one story came: %d stories read of 401, %d files written: %v", s.stories, n, err)
	}
	tree()
	changed := many(is.at[3], 1)
	changed.Stories[0].Lead.Title = "Other words"
	keep(t, s, changed)
	p.Touched([]news.Position{is.at[3]})
	p.Changed([]string{"China"})
	if n := tree(); n != 3 {
		t.Errorf("one archive changed: %d files written, want 3", n)
	}
	if err := os.Remove(dir + "/topics/china." + is.archives[1].id + ".rss"); err != nil {
		t.Fatal(err)
	}
	if n := tree(); n != 1 {
		t.Errorf("one file was lost: %d written", n)
	}
	changed.Stories[0].Lead.Title = "Other words again"
	keep(t, s, changed)
	p.Touched(nil)
	p.Changed(nil)
	if n := tree(); n != 3 {
		t.Errorf("anything may have changed: %d files written, want 3", n)
	}
	p.Use(testSite())
	if n, err := WriteTree(dir, p.Files(t.Context())); err != nil || n != 1 {
		t.Errorf("the topic left: %d files written: %v", n, err)
	}
	holds(t, dir, "topics.opml", string(body(t, p, "/topics.opml")))
}

// BenchmarkPast is what a change of a topic of a million stories costs at the
// next request, beside its feed.
func BenchmarkPast(b *testing.B) {
	s := open(b, b.TempDir())
	for i := range 100 {
		batch := many(news.Position(i*10_000+1), 10_000)
		batch.Items = nil
		keep(b, s, batch)
	}
	p := start(s, testSite(china()))
	st := p.shown.Load().byTopic["China"]
	for b.Loop() {
		st.wanted.Add(1)
		is, err := p.pastOf(b.Context(), st)
		if err != nil || len(is.at) != 1_000_000 {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(is.archives)), "archives")
	}
}

// All documents of a topic, its tombstones too, are valid.
func TestPagesAreValid(t *testing.T) {
	s := open(t, t.TempDir())
	append1(t, s, many(1, 300))
	keep(t, s, store.Batch{Marks: map[string]string{news.GoneMark("China"): news.WriteGone([]news.Gone{{ID: many(900, 1).Stories[0].ID, When: noon}})}})
	topic := china()
	topic.Items = 20
	p := start(s, testSite(topic))
	p.Match = matchTitle
	for ending, schema := range map[string]string{".atom": "testdata/atom.rnc", ".rss": "testdata/rss.rnc"} {
		paths, _ := walk(t, p, "/topics/china"+ending)
		args := []string{"-c", schema}
		for i, path := range append(paths, "/topics/china"+ending+"?q=story+NOT+7&items=3&lang=en&source=a%26b") {
			file := fmt.Sprint(t.TempDir(), "/", i, ending)
			if err := os.WriteFile(file, body(t, p, path), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, file)
		}
		run(t, "jing", args...)
	}
	_, ids := walk(t, p, "/topics/china.json")
	for _, path := range []string{"/topics/china.json", "/topics/china.recent.json"} {
		if err := checkJSONFeed(body(t, p, path)); err != nil || len(ids) != 300 {
			t.Errorf("%s: %v", path, err)
		}
	}
}
