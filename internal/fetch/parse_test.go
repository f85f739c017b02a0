package fetch

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"aggregator/internal/news"
)

// sound is a feed of n items in a format, without faults.
func sound(format string, n int) string {
	var b strings.Builder
	item := `<item><guid isPermaLink="false">g%d</guid><title>Title %[1]d &amp; more</title><link>https://h.example/%[1]d?a=1&amp;b=2</link><description><![CDATA[<p>Text %[1]d, <a href="/x">x</a>; 1 < 2</p>]]></description><pubDate>Thu, 20 Aug 2026 09:00:00 GMT</pubDate></item>`
	head, tail := `<rss version="2.0"><channel><title>T</title>`, `</channel></rss>`
	if format == "atom" {
		item = `<entry><id>g%d</id><title type="html">Title %[1]d &amp;amp; more</title><link href="https://h.example/%[1]d?a=1&amp;b=2"/><updated>2026-08-20T09:00:00Z</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Text %[1]d, <a href="/x">x</a>; 1 &lt; 2</p></div></content></entry>`
		head, tail = `<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>`, `</feed>`
	}
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n" + head)
	for i := range n {
		fmt.Fprintf(&b, item, i)
	}
	return b.String() + tail
}

// TestDamage does to sound documents what the world does, and wants every item
// back that is whole.
func TestDamage(t *testing.T) {
	utf16, _ := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(sound("rss", 9))
	cut := func(s string, mark string) string { return s[:strings.Index(s, mark)] }
	for _, format := range []string{"rss", "atom"} {
		s := sound(format, 9)
		for name, c := range map[string]struct {
			body string
			want int
		}{
			"sound":                 {s, 9},
			"utf-16":                {utf16, 9},
			"utf-16 only said":      {strings.Replace(s, "utf-8", "utf-16", 1), 9},
			"xml 1.1":               {strings.Replace(s, `"1.0"`, `"1.1"`, 1), 9},
			"no prolog":             {s[strings.Index(s, "\n"):], 9},
			"standalone":            {strings.Replace(s, "?>", ` standalone="yes"?>`, 1), 9},
			"bare ampersand":        {strings.Replace(s, "Title 7 ", "Title & 7 ", 1), 9},
			"control character":     {strings.Replace(s, "Title 7 ", "Title \x0b 7 ", 1), 9},
			"nul":                   {strings.Replace(s, "Title 7 ", "Title \x00 7 ", 1), 9},
			"noncharacters":         {strings.Replace(s, "Title 7 ", "Title \ufffe\uffff 7 ", 1), 9},
			"control reference":     {strings.Replace(s, "Title 7 ", "Title &#x1F; 7 ", 1), 9},
			"surrogate reference":   {strings.Replace(s, "Title 7 ", "Title &#xD83D;&#xDE00; 7 ", 1), 9},
			"cp1252 byte":           {strings.Replace(s, "Title 7 ", "Title \x93 7 ", 1), 9},
			"html entity":           {strings.Replace(s, "Title 7 ", "Title &nbsp;&eacute;&nosuch; 7 ", 1), 9},
			"bare less-than":        {strings.Replace(s, "Title 7 ", "Title 5 < 7 ", 1), 9},
			"unquoted attribute":    {strings.Replace(s, "<title>Title 7", "<title lang=en/x>Title 7", 1), 9},
			"unclosed title":        {strings.Replace(s, "7 &amp; more</title>", "7 &amp; more", 1), 9},
			"unclosed item":         {strings.Replace(s, "</item><item", "<item", 1), 9},
			"unclosed entry":        {strings.Replace(s, "</entry><entry", "<entry", 1), 9},
			"stray end tag":         {strings.Replace(s, "Title 7", "</b>Title 7", 1), 9},
			"crossed tags":          {strings.Replace(s, "Title 7 ", "<b><i>Title</b></i> 7 ", 1), 9},
			"no end of the root":    {strings.TrimSuffix(strings.TrimSuffix(s, "</feed>"), "</channel></rss>"), 9},
			"cut in item 5":         {cut(s, "Text 5"), 5},
			"cut in a tag":          {s[:strings.LastIndex(s, "<title")+3], 8},
			"comment before root":   {strings.Replace(s, "?>", "?><!--"+strings.Repeat("<x>", 3000)+"-->", 1), 9},
			"doctype":               {strings.Replace(s, "?>", `?><!DOCTYPE rss PUBLIC "-//Netscape" "http://h.example/rss.dtd" [<!ENTITY nbsp "&#160;">]>`, 1), 9},
			"rubbish behind":        {s + "\n<!-- 0.2 s --><script>x()</script></body>", 9},
			"second root":           {s + s, 9},
			"rubbish before":        {"<br />\n<b>Notice</b>: x in <b>y.php</b><br />\n" + s, 9},
			"blank lines and mark":  {"\n\n\ufeff" + s, 9},
			"stylesheet":            {strings.Replace(s, "?>", `?><?xml-stylesheet type="text/xsl" href="/x>y.xsl"?>`, 1), 9},
			"quote not closed":      {strings.Replace(s, `<title`, `<title lang="en`, 1), -1},
			"greater in attribute":  {strings.Replace(s, `<title`, `<title note="a > b"`, 1), 9},
			"draft namespace":       {strings.Replace(s, "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#draft-ietf-atompub-format-05", 1), 9},
			"upper-case root":       {strings.NewReplacer("<rss", "<RSS", "</rss", "</RSS").Replace(s), 9},
			"cdata end doubled":     {strings.Replace(s, "]]></description>", "]]>]]></description>", 1), 9},
			"xmlns on every entry":  {sound(format, 500), 500},
			"windows-1252 declared": {strings.Replace(strings.Replace(s, "utf-8", "windows-1252", 1), "Title 7", "Title \xe9 7", 1), 9},
		} {
			doc, err := parse([]byte(c.body), "application/xml", "https://h.example/feed", nil)
			if err != nil || c.want >= 0 && len(doc.entries) != c.want {
				t.Errorf("%s, %s: %d entries, want %d (%v)", format, name, len(doc.entries), c.want, err)
			}
			lost := strings.HasPrefix(name, "cut") || name == "no end of the root" || name == "quote not closed"
			if (doc.partial != "") != lost && name != "quote not closed" {
				t.Errorf("%s, %s: lost %q", format, name, doc.partial)
			}
			if err == nil && len(doc.entries) == 9 && doc.entries[8].guid != "g8" {
				t.Errorf("%s, %s: the last is %+v", format, name, doc.entries[8])
			}
		}
	}
}

// What no parser should be given is cut, wherever it ends.
func TestShortTexts(t *testing.T) {
	long := strings.Repeat("é&amp;", maxRaw/7+9)
	for _, c := range [][2]string{
		{"<t>" + long + "</t>", "<t>%</t>"},
		{"<t>a<![CDATA[" + long + "]]>b</t><u>" + long + "</u>", "<t>a<![CDATA[%]]>b</t><u>%</u>"},
		{"<t>" + long, "<t>%"},
		{"<t><![CDATA[" + long, "<t><![CDATA[%"},
	} {
		before, after, _ := strings.Cut(c[1], "%")
		given := []byte(c[0])
		rest, cut := shortTexts(given)
		got := string(rest)
		if !cut || string(given) != c[0] || len(got) > 2*maxRaw+len(c[1]) || !utf8.ValidString(got) || !strings.HasPrefix(got, before) {
			t.Fatalf("%s: cut %v to %d bytes", c[1], cut, len(got))
		}
		_, last, _ := strings.Cut(after, "%")
		if kept := got[len(before):]; last == "" && !strings.HasSuffix(strings.TrimSuffix(kept, after), "é") && !strings.HasSuffix(strings.TrimSuffix(kept, after), ";") {
			t.Errorf("%s ends in %q", c[1], kept[len(kept)-20:])
		}
		if again, cut := shortTexts(rest); cut || string(again) != got {
			t.Errorf("%s: cut again", c[1])
		}
	}
	for _, whole := range []string{sound("rss", 9), "<!--" + long + "--><t/>", `<t a="` + long + `"/>`} {
		if rest, cut := shortTexts([]byte(whole)); cut || string(rest) != whole {
			t.Errorf("%.20s was cut", whole)
		}
	}
}

func TestDamagedJSON(t *testing.T) {
	s := `{"version":"https://jsonfeed.org/version/1","title":"T","items":[{"id":"1","title":"a"},{"id":"2","title":"b"}]}`
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"sound":           {s, 2},
		"mark":            {"\ufeff" + s, 2},
		"comments":        {strings.NewReplacer(`"items"`, "// all \"items\" {\n/* [ */\"items\"", `"a"`, `"/* a // b"`).Replace(s), 2},
		"rubbish behind":  {s + "\n<!-- x -->", 2},
		"cut":             {s[:len(s)-9], 1},
		"comma":           {strings.Replace(s, "}]", "},]", 1), 2},
		"line end":        {strings.Replace(s, `"b"`, "\"b\nc\"", 1), 2},
		"number":          {strings.Replace(s, `"b"`, "5", 1), 2},
		"no version":      {strings.Replace(s, `"version":"https://jsonfeed.org/version/1",`, "", 1), 2},
		"items alone":     {`[{"id":"1"}]`, 1},
		"null item":       {strings.Replace(s, `,{"id":"2"`, `,null,{"id":"2"`, 1), 2},
		"author as text":  {strings.Replace(s, `"title":"b"`, `"author":"A"`, 1), 2},
		"no items at all": {`{"version":"https://jsonfeed.org/version/1.1","title":"T"}`, 0},
	} {
		doc, err := parse([]byte(c.body), "", "https://h.example/feed", nil)
		if err != nil || len(doc.entries) != c.want {
			t.Errorf("%s: %d entries, want %d (%v)", name, len(doc.entries), c.want, err)
		}
	}
	for _, body := range []string{"{}", `{"error":"no"}`, "{", "[", "[1]", "{\x00"} {
		if doc, err := parse([]byte(body), "", "", nil); err == nil && len(doc.entries) > 0 {
			t.Errorf("%q gave %+v", body, doc)
		}
	}
}

// The documents that cost a parser minutes are refused in no time.
func TestGuard(t *testing.T) {
	var ns strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&ns, `<a xmlns:p%d="u">`, i)
	}
	wide := `<rss` + strings.Repeat(` xmlns:a="u"`, 120) + `><channel>` + strings.Repeat("<a/>", 1<<18) + "</channel></rss>"
	for name, body := range map[string]string{
		"deep":        "<rss>" + strings.Repeat("<a>", 1<<20),
		"deep closed": "<rss>" + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + "</rss>",
		"namespaces":  "<rss>" + ns.String(),
		"wide":        wide,
	} {
		start := time.Now()
		_, err := parse([]byte(body), "", "", nil)
		if err == nil || time.Since(start) > 2*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(start))
		}
	}
	if _, err := parse([]byte("<rss>"+strings.Repeat("<a>", 60)+strings.Repeat("</a>", 60)+"</rss>"), "", "", nil); err != nil {
		t.Errorf("60 deep: %v", err)
	}
}

func TestReadDate(t *testing.T) {
	data, err := os.ReadFile("testdata/dates.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		raw, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " -> ")
		if !ok {
			t.Fatalf("no arrow in %q", line)
		}
		n++
		got := ""
		if d, ok := readDate(raw); ok {
			got = d.UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", raw, got, want)
		}
	}
	if n < 40 {
		t.Errorf("only %d dates", n)
	}
}

func TestPersons(t *testing.T) {
	for s, want := range map[string]news.Person{
		"a@b.example (Ann Bee)":  {Name: "Ann Bee", Email: "a@b.example"},
		"Ann Bee (a@b.example)":  {Name: "Ann Bee", Email: "a@b.example"},
		"Ann Bee <a@b.example>":  {Name: "Ann Bee", Email: "a@b.example"},
		`"Bee, Ann" <a@b.co.uk>`: {Name: "Bee, Ann", Email: "a@b.co.uk"},
		"a@b.example":            {Email: "a@b.example"},
		"Ann Bee":                {Name: "Ann Bee"},
		"Ann (the Bee)":          {Name: "Ann (the Bee)"},
		"a@b.example ()":         {Email: "a@b.example"},
	} {
		if got := persons(s); len(got) != 1 || got[0] != want {
			t.Errorf("%q is %+v, want %+v", s, got, want)
		}
	}
}

// feedOf is a document of items (guid and title each), in order.
func feedOf(items [][2]string) document {
	var doc document
	for _, it := range items {
		doc.entries = append(doc.entries, entry{guid: it[0], title: it[1]})
	}
	return doc
}

// Whatever a source does with its GUIDs from poll to poll, every entry is an
// item or known, an unchanged document brings nothing, and no two items of a
// document share an identity.
func TestSeenProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "guid"), rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "title")}
		})
		var prev []news.Seen
		now := noon
		for range rapid.IntRange(1, 5).Draw(t, "polls") {
			items := rapid.SliceOfN(item, 0, 6).Draw(t, "items")
			for repeat := range 2 {
				doc := feedOf(items)
				m := newMemory("s", prev, true)
				m.place(&doc, "https://h.example/feed", now)
				fresh := map[uint64]bool{}
				for _, s := range m.entries {
					if s.known {
						continue
					}
					if repeat == 1 {
						t.Fatalf("an unchanged document brought %+v", s)
					}
					if fresh[s.id] {
						t.Fatalf("two items with GUID %q", s.guid)
					}
					fresh[s.id] = true
				}
				prev = m.left(prev, false, 24*time.Hour, now)
				now = now.Add(time.Hour)
			}
		}
	})
}

func TestSeenRemembersWhatLeft(t *testing.T) {
	day := 24 * time.Hour
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	poll := func(prev []news.Seen, now time.Time, partial bool, guids ...string) []news.Seen {
		var items [][2]string
		for _, g := range guids {
			items = append(items, [2]string{g, "t"})
		}
		doc := feedOf(items)
		m := newMemory("s", prev, true)
		m.place(&doc, "", now)
		return m.left(prev, partial, 30*day, now)
	}
	seen := poll(nil, at(0), false, "a", "b")
	if got := poll(seen, at(day), false, "b"); len(got) != 1 {
		t.Errorf("young: the log remembers it: %+v", got)
	}
	if got := poll(seen, at(day), true, "b"); len(got) != 2 || got[1].Gone != 0 {
		t.Errorf("a partial document: %+v", got)
	}
	old := poll(seen, at(40*day), false, "b")
	if len(old) != 2 || old[1].Gone != at(40*day).Unix() || old[0].Since != at(0).Unix() {
		t.Errorf("old: %+v", old)
	}
	if got := poll(old, at(60*day), false, "b"); len(got) != 2 || got[1].Gone != at(40*day).Unix() {
		t.Errorf("still away: %+v", got)
	}
	if got := poll(old, at(71*day), false, "b"); len(got) != 1 {
		t.Errorf("away for longer than anyone remembers: %+v", got)
	}
	if got := poll(old, at(60*day), false, "b", "a"); len(got) != 2 || got[1].Gone != 0 || got[1].Since != at(0).Unix() {
		t.Errorf("back: %+v", got)
	}
}

// The cases' own documents, cut anywhere, never bring more than they hold and
// never break.
func TestCutAnywhere(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/fetch/rss20.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(ar.Files[0].Data, []byte("\n\n"))
	for n := range len(body) {
		doc, _ := parse(body[:n], "", "", nil)
		if len(doc.entries) > 2 {
			t.Fatalf("%d entries of the first %d bytes", len(doc.entries), n)
		}
	}
}

// TestNoDocumentIsSlow: 256 KB of each, which would take careless code
// minutes.
func TestNoDocumentIsSlow(t *testing.T) {
	asker := client(t, Options{})
	for _, part := range []string{
		"<a ", "<!x[>", "<!--", "<![CDATA[x]]>", "<!---->", "<item>", "<title>", "</item>", "<b></a>", "<a b='", "&#1;", "&", "<media:content url='/%d'/>",
		"<media:group><media:content url='/x'><media:title>x</media:title></media:content></media:group>", "<category>%d</category>", "<x:a><![CDATA[x]]></x:a>",
		"<dc:creator>x</dc:creator>", "<enclosure url='/%d'/>", "<description>", "<item><guid>1</guid><title>%d</title></item>", "x<p>", `{"a":`, `[`, `"`,
	} {
		var b strings.Builder
		for i := 0; b.Len() < 1<<18; i++ {
			if strings.Contains(part, "%d") {
				fmt.Fprintf(&b, part, i)
			} else {
				b.WriteString(part)
			}
		}
		for _, body := range []string{
			`<rss xmlns:media="http://search.yahoo.com/mrss/"><channel><item>` + b.String() + "</item></channel></rss>",
			`<feed xmlns="http://www.w3.org/2005/Atom"><entry><content>` + b.String() + ">",
			`<rss><channel><item><x:y>` + b.String(),
			`{"items":[{"id":1,"x":` + b.String(),
		} {
			start := time.Now()
			items(asker, []byte(body), nil)
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("%q… of %q took %s", body[:20], part, d)
			}
		}
	}
}

func TestSeconds(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"3725": 3725 * time.Second, "1:02:05": 3725 * time.Second, "62:05": 3725 * time.Second, " 01:02:05 ": 3725 * time.Second, "3725.5": 3725500 * time.Millisecond,
		"00:00:00": 0, "0": 0, "PT1H2M5S": 3725 * time.Second, "1h 2m 5s": 3725 * time.Second, "PT90M": 90 * time.Minute,
		"": 0, "soon": 0, "-5": 0, "-1h": 0, "NaN": 0, "Inf": 0, "1e300": 0, "1:-1": 0, "999999999999999999h": 0,
	} {
		if got := seconds(in); got != want {
			t.Errorf("seconds(%q) is %v, want %v", in, got, want)
		}
	}
}

func TestSameOrMore(t *testing.T) {
	for _, c := range []struct{ authors, creators, want string }{
		{"a@x.example", "Ann", "Ann <a@x.example>"},
		{"a@x.example (Ann)", "Ann", "Ann <a@x.example>"},
		{"a@x.example (Ann)", "ann|Bo", "Ann <a@x.example>|Bo"},
		{"", "Ann|Bo", "Ann|Bo"},
		{"a@x.example", "Ann|Bo", " <a@x.example>|Ann|Bo"},
		{"Ann", "", "Ann"},
	} {
		var creators []news.Person
		for name := range strings.SplitSeq(c.creators, "|") {
			creators = append(creators, persons(name)...)
		}
		var got []string
		for _, p := range sameOrMore(persons(c.authors), creators) {
			if p.Email != "" {
				p.Name += " <" + p.Email + ">"
			}
			got = append(got, p.Name)
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%q and %q are %q, want %q", c.authors, c.creators, got, c.want)
		}
	}
}
