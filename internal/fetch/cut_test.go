package fetch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aggregator/internal/news"
)

// What is cut out before parsing changes nothing but the cost: the same entries
// are known, the same come out, and the same is remembered.
func TestCutChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom([]string{"rss", "rdf", "atom"}).Draw(t, "form")
		var prev []news.Seen
		for range 4 {
			body := []byte(documentOf(form, rapid.SliceOfN(rapid.SampledFrom(entriesOf(form)), 0, 6).Draw(t, "entries")))
			with, without := newMemory("s", prev, true), newMemory("s", prev, true)
			got, err := parse(body, "", "https://h.example/", with.knows)
			if err != nil {
				t.Fatal(err)
			}
			want, err := parse(body, "", "https://h.example/", nil)
			if err != nil {
				t.Fatal(err)
			}
			with.place(&got, "https://h.example/", noon)
			without.place(&want, "https://h.example/", noon)
			if len(got.entries) != len(want.entries) || got.title != want.title {
				t.Fatalf("%d entries of %q, want %d of %q", len(got.entries), got.title, len(want.entries), want.title)
			}
			for i := range got.entries {
				g, w := with.entries[i], without.entries[i]
				if g.id != w.id || g.raw != w.raw || g.known != w.known || !g.known && got.entries[i].title != want.entries[i].title {
					t.Fatalf("entry %d: %+v, want %+v", i, g, w)
				}
			}
			if d := cmp.Diff(without.seen, with.seen); d != "" {
				t.Fatal(d)
			}
			prev = with.left(prev, false, 24*time.Hour, noon)
		}
	})
}

func entriesOf(form string) []string {
	name, guid := "item", "guid"
	if form == "atom" {
		name, guid = "entry", "id"
	}
	var all []string
	for _, e := range [][2]string{{"1", "One"}, {"2", "Two"}, {"2", "Two, changed"}, {"3", "&lt;item&gt;"}, {"", "Without"},
		{"4", "<![CDATA[</item></entry>]]>"}, {"5", "<!-- </item></entry> -->Five"}, {"6", "<item>nested</item>"}} {
		all = append(all, fmt.Sprintf("<%s><%s>%s</%[2]s><title>%s</title></%[1]s>", name, guid, e[0], e[1]))
	}
	return append(all, "<!-- <"+name+"></"+name+"> -->", fmt.Sprintf("<%s a='>'><title>Quoted</title></%[1]s>", name))
}

func documentOf(form string, entries []string) string {
	all := strings.Join(entries, "\n")
	switch form {
	case "atom":
		return `<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>f</id>` + all + `</feed>`
	case "rdf":
		return `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>T</title><items><rdf:Seq/></items></channel>` + all + `</rdf:RDF>`
	}
	return `<rss version="2.0"><channel><title>T</title>` + all + `</channel></rss>`
}

func TestCut(t *testing.T) {
	for name, test := range map[string]struct {
		body, rest string
		pieces     int
	}{
		"two items":          {"<rss><item>1</item><item>2</item></rss>", "<rss><item>2</item></rss>", 2},
		"items is no item":   {"<rss><items/><item>1</item></rss>", "<rss><items/></rss>", 1},
		"an end in CDATA":    {"<rss><item>1</item><item><![CDATA[</item>]]></item></rss>", "", 0},
		"an open end":        {"<rss><item>1</item><item>2", "", 0},
		"one in another":     {"<rss><item>1</item><item><item>2</item></item></rss>", "", 0},
		"Atom has entries":   {"<feed><entry>1</entry><item>x</item></feed>", "<feed><entry>1</entry><item>x</item></feed>", 1},
		"nothing is known":   {"<rss><item>3</item></rss>", "<rss><item>3</item></rss>", 1},
		"white space counts": {"<rss><item> 1</item></rss>", "<rss><item> 1</item></rss>", 1},
	} {
		t.Run(name, func(t *testing.T) {
			one := piecesOf([]byte("<rss><item>1</item></rss>"))[0].hash
			rest, pieces := cut([]byte(test.body), func(h uint64) bool { return h == one })
			if test.rest == "" {
				test.rest = test.body
			}
			if string(rest) != test.rest || len(pieces) != test.pieces {
				t.Errorf("left %s, %d pieces", rest, len(pieces))
			}
		})
	}
}
