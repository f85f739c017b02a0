package config

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var noPlace = cmpopts.IgnoreFields(OPMLSource{}, "Line", "Col")

func TestReadOPML(t *testing.T) {
	data, err := os.ReadFile("testdata/aux/more.opml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadOPML(bytes.NewReader(data))
	want := []OPMLSource{
		{Name: "One & only", URL: "https://one.example/feed", Site: "https://one.example/", Tags: []string{"China", "Wires"}, Line: 6, Col: 7},
		{Name: "News", URL: "https://two.example/feed", Language: "zh", Tags: []string{"China", "Rights"}, Line: 8, Col: 9},
		{Name: "News (three.example)", URL: "https://three.example/feed", Tags: []string{"wire", "fast"}, Line: 11, Col: 5},
		{URL: "https://four.example/feed", Line: 15, Col: 5},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, wanted -, got +:\n%s", err, diff)
	}
}

func TestReadOPMLOddities(t *testing.T) {
	for name, c := range map[string]struct{ in, names string }{
		"entities of HTML":       {`<opml><body><outline text="A&nbsp;&eacute;" xmlUrl="https://a.example"/></body></opml>`, "A é"},
		"a bare ampersand":       {`<opml><body><outline text="A & B" xmlUrl="https://a.example/?a=1&b=2"/></body></opml>`, "A & B"},
		"other case":             {`<opml><body><outline Text="A" xmlurl="https://a.example"/></body></opml>`, "A"},
		"Latin-1":                {"<?xml version='1.0' encoding='ISO-8859-1'?><opml><body><outline text='caf\xe9' xmlUrl='https://a.example'/></body></opml>", "café"},
		"a title over the text":  {`<opml><body><outline text="x" title="A" xmlUrl="https://a.example"/></body></opml>`, "A"},
		"a source with children": {`<opml><body><outline text="A" xmlUrl="https://a.example"><outline text="B" xmlUrl="https://b.example"/></outline></body></opml>`, "A|B"},
		"nothing":                {`<opml><body/></opml>`, ""},
	} {
		got, err := ReadOPML(strings.NewReader(c.in))
		var names []string
		for _, s := range got {
			names = append(names, strings.ReplaceAll(s.Name, "\u00a0", " "))
		}
		if err != nil || strings.Join(names, "|") != c.names {
			t.Errorf("%s: %q, %v; want %q", name, names, err, c.names)
		}
	}
}

func TestReadOPMLRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"too deep":    "<opml><body>" + strings.Repeat("<outline text='a'>", 1000),
		"cut off":     "<opml><body><outline text='a' xmlUrl='https://a.exa",
		"a page":      "<html><body><p>hello</p></body></html>",
		"nothing":     "",
		"other bytes": "\x00\x01\x02",
		"an entity":   `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss>&a;</rss>`,
	} {
		got, err := ReadOPML(strings.NewReader(in))
		var oe *OPMLError
		if !errors.As(err, &oe) || oe.Line < 1 || oe.Col < 1 {
			t.Errorf("%s: read as %v, %v", name, got, err)
		}
	}
}

// TestOPMLRoundTrip: what is written is read as it was, in the order of the
// folders.
func TestOPMLRoundTrip(t *testing.T) {
	word := rapid.StringMatching(`[a-zA-Zäé中&<>'][a-zA-Zäé中&<>' ]{0,5}[a-z]`)
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) OPMLSource {
			return OPMLSource{
				Name: word.Draw(t, "name"), URL: "https://" + rapid.StringMatching(`[a-z]{3}`).Draw(t, "host") + ".example/?a=1&b=2",
				Site: rapid.SampledFrom([]string{"", "https://x.example/"}).Draw(t, "site"),
				Tags: rapid.SliceOfNDistinct(rapid.Map(word, func(s string) string { return strings.Join(strings.Fields(s), " ") }), 0, 3, rapid.ID).Draw(t, "tags"),
			}
		}), 0, 5, func(s OPMLSource) string { return s.URL }).Draw(t, "sources")
		for i := range want {
			want[i].Name = strings.Join(strings.Fields(want[i].Name), " ")
			for j := range want[:i] {
				if strings.EqualFold(want[j].Name, want[i].Name) {
					t.Skip("names must differ")
				}
			}
		}
		var b bytes.Buffer
		if err := WriteOPML(&b, "T", want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadOPML(&b)
		byURL := cmpopts.SortSlices(func(a, b OPMLSource) bool { return a.URL < b.URL })
		if diff := cmp.Diff(want, got, noPlace, byURL, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("%v, written -, read +:\n%s", err, diff)
		}
	})
}

func FuzzReadOPML(f *testing.F) {
	for _, path := range files(f, "testdata/aux/*.opml") {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sources, err := ReadOPML(bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteOPML(&b, "", sources); err != nil {
			t.Fatal(err)
		}
		if again, err := ReadOPML(&b); err != nil || len(again) != len(sources) {
			t.Errorf("%d sources, %d after writing: %v", len(sources), len(again), err)
		}
	})
}
