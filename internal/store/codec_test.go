package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aggregator/internal/news"
)

// Every field comes back: a field that is added to a record and forgotten in
// its form fails here.
func TestBinary(t *testing.T) {
	for _, v := range []any{&news.Poll{}, &news.Decision{}} {
		fillAll(reflect.ValueOf(v).Elem(), 1)
	}
	p, d := news.Poll{}, news.Decision{}
	fillAll(reflect.ValueOf(&p).Elem(), 1)
	fillAll(reflect.ValueOf(&d).Elem(), 1)
	d.Fate = news.New
	got, err := DecodePoll(EncodePoll(p))
	if diff := cmp.Diff(p, got); diff != "" || err != nil {
		t.Errorf("poll: %v\n%s", err, diff)
	}
	back, err := DecodeDecision(d.Pos, EncodeDecision(d))
	if diff := cmp.Diff(d, back); diff != "" || err != nil {
		t.Errorf("decision: %v\n%s", err, diff)
	}
}

// What was written before near-duplicates were compared is still read.
func TestExactForm(t *testing.T) {
	d := news.Decision{Fate: news.New, Source: "x", Title: "y", Keys: news.Keys{ID: 7}, Similarity: 1}
	now := EncodeDecision(d)
	const added = 1 + 1 + 4 + 1 + 1 // event, refused telling, similarity and guard, sketch: all zero
	was := append([]byte{formExact}, now[1:len(now)-added]...)
	back, err := DecodeDecision(0, was)
	d.Since, d.At = back.Since, back.At
	if diff := cmp.Diff(d, back); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// A poll as it was written before permanent redirects were remembered is still
// read, with all it held.
func TestBarePoll(t *testing.T) {
	p := news.Poll{Source: "x", Hub: "h", Items: 3, Floor: time.Unix(9, 0).UTC(), Body: 7, Seen: []news.Seen{{ID: 1, Since: 2}}}
	was := []byte{formBarePoll}
	for _, s := range pollStrings(&p)[:12] {
		was = appendString(was, *s)
	}
	for _, at := range pollTimes(&p)[:5] {
		was = binary.AppendUvarint(binary.AppendVarint(was, at.Unix()), uint64(at.Nanosecond()))
	}
	for _, n := range pollInts(&p)[:3] {
		was = binary.AppendVarint(was, int64(*n))
	}
	now := EncodePoll(p)
	const tail = 8 + 8 + 24 + 1 + 1 // body, rules, and the one item seen
	was = append(was, now[len(now)-tail:]...)
	got, err := DecodePoll(was)
	if diff := cmp.Diff(p, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// And so is one from before feeds had a picture.
func TestOldPoll(t *testing.T) {
	var p news.Poll
	fillAll(reflect.ValueOf(&p).Elem(), 0)
	p.Feed.Image = ""
	now := EncodePoll(p)
	// Its last text, which has no letters, is one byte.
	last := 1
	for _, s := range pollStrings(&p)[:17] {
		last += len(appendString(nil, *s))
	}
	was := append([]byte{formOldPoll}, now[1:last]...)
	got, err := DecodePoll(append(was, now[last+1:]...))
	if diff := cmp.Diff(p, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// fillAll gives every field a value of its own.
func fillAll(v reflect.Value, n int) int {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(1e9+int64(n), 0).UTC()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			n = fillAll(v.Field(i), n+1)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			n = fillAll(v.Index(i), n+1)
		}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			n = fillAll(v.Index(i), n+1)
		}
	case v.Kind() == reflect.String:
		v.SetString(string(rune('a'+n%26)) + "é")
	case v.CanInt():
		v.SetInt(int64(n))
	case v.CanUint():
		v.SetUint(uint64(n) % 200)
	case v.CanFloat():
		v.SetFloat(float64(n))
	}
	return n
}

func TestZeroTimes(t *testing.T) {
	got, err := DecodePoll(EncodePoll(news.Poll{Source: "x"}))
	if err != nil || !got.Last.IsZero() || !got.Floor.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}

// Damaged bytes are an error, never a panic or a huge allocation.
func FuzzDecode(f *testing.F) {
	f.Add(EncodePoll(news.Poll{Source: "x", Seen: []news.Seen{{ID: 1}}}))
	f.Add(EncodeDecision(news.Decision{Fate: news.New, Keys: news.Keys{Text: []uint64{1}}}))
	item, err := NewCodec().Encode(news.Item{GUID: "1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(item)
	f.Fuzz(func(t *testing.T, b []byte) {
		DecodePoll(b)
		DecodeDecision(1, b)
		var it news.Item
		NewCodec().Decode(b, &it)
	})
}

func TestJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := news.Item{GUID: rapid.String().Draw(t, "guid"), Title: rapid.String().Draw(t, "title"), HTML: rapid.StringN(0, 2000, 4000).Draw(t, "html")}
		b, err := NewCodec().Encode(it)
		if err != nil {
			t.Fatal(err)
		}
		var got news.Item
		if err := NewCodec().Decode(b, &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(it, got); d != "" {
			t.Fatal(d)
		}
	})
}

func BenchmarkPoll(b *testing.B) {
	p := news.Poll{Source: "example.org/feed", ETag: `"x"`, Seen: make([]news.Seen, 30)}
	for range b.N {
		if _, err := DecodePoll(EncodePoll(p)); err != nil {
			b.Fatal(err)
		}
	}
}

// Stories that were kept before formStory are read as ever, and new ones are short.
func TestStoryForms(t *testing.T) {
	c := NewCodec()
	var st news.Story
	fillAll(reflect.ValueOf(&st).Elem(), 1)
	doc, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := c.Encode(st)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"as it is": append([]byte{formJSON}, doc...), "zstd": c.enc.EncodeAll(doc, []byte{formZstd}), "now": encoded} {
		var got news.Story
		if err := c.Decode(raw, &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(st, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if encoded[0] != formStory || len(encoded) > len(doc)/2 {
		t.Errorf("form %d, %d bytes of %d", encoded[0], len(encoded), len(doc))
	}
	if sum := sha256.Sum256([]byte(usualStory)); hex.EncodeToString(sum[:4]) != "b21d5e80" {
		t.Errorf("what is kept cannot be read by another usualStory: %x", sum[:4])
	}
}

func BenchmarkStory(b *testing.B) {
	st := news.Story{ID: "96b4f540-f90e-59a8-a48d-df098fca83e9", Pos: 17, Lead: news.Telling{Pos: 17, Source: "outlet4.example/world/feed.xml", Name: "Outlet", GUID: "https://outlet4.example/2026/4", URL: "https://outlet4.example/2026/4", Title: "A dam broke in the night above the town", Tier: 5, Words: 300}}
	raw, err := NewCodec().Encode(st)
	for b.Loop() {
		if raw, err = NewCodec().Encode(st); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(raw)), "B/story")
}
