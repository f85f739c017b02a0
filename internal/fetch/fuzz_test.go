package fetch

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	asker := client(f, Options{})
	f.Add([]byte(sound("rss", 1)))
	f.Add([]byte(sound("atom", 1)))
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1","items":[{"id":1}]}`))
	f.Add([]byte(`<rdf:RDF xmlns:rdf="u"><item><title>x`))
	f.Fuzz(func(t *testing.T, body []byte) {
		was := bytes.Clone(body)
		doc, err := parse(body, "", "https://h.example/", nil)
		if err != nil && strings.Contains(err.Error(), "gave up") {
			t.Fatal(err)
		}
		if !bytes.Equal(was, body) {
			t.Fatal("the document was changed in place")
		}
		c := (&visit{client: asker, now: noon}).converter(&doc, "https://h.example/")
		m := newMemory("s", nil, true)
		m.place(&doc, "https://h.example/", noon)
		for i, s := range m.entries {
			if it := c.item(&doc.entries[i], s.guid); it.GUID == "" {
				t.Fatalf("no GUID: %+v", it)
			}
		}
	})
}

func FuzzMend(f *testing.F) {
	f.Add([]byte(sound("rss", 2)[:300]))
	f.Add([]byte(`<rss a=b><item><title>x<link>y</rss>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		mended, _ := mendTags(body)
		if ok, err := guard(mended); !ok && err == nil {
			t.Fatalf("%q was mended to %q", body, mended)
		}
	})
}

// Whatever is sent under whatever codings, what comes out is within the limit.
func FuzzUnpack(f *testing.F) {
	for _, names := range [][]string{{"gzip"}, {"br"}, {"zstd"}, {"deflate"}, {"gzip", "br"}} {
		f.Add(strings.Join(names, ","), pack(f, sound("rss", 3), names...))
	}
	f.Add("deflate", pack(f, "x", "raw deflate"))
	f.Fuzz(func(t *testing.T, header string, packed []byte) {
		const limit = 64 << 10
		var out bytes.Buffer
		names := codingsOf(map[string][]string{"Content-Encoding": {header}}, packed)
		if _, err := unpack(&out, packed, names, limit, func() error { return nil }); out.Len() > limit {
			t.Fatalf("%d bytes (%v)", out.Len(), err)
		}
	})
}
