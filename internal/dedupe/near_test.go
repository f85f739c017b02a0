package dedupe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aggregator/internal/near"
	"aggregator/internal/news"
)

// features sets some features of a pair by their places.
func features(of map[int]float32) *near.Features {
	var f near.Features
	for i, v := range of {
		f[i] = v
	}
	return &f
}

func TestTemplate(t *testing.T) {
	for _, c := range []struct {
		f    map[int]float32
		want string
	}{
		{map[int]float32{near.TitleNumbers: 1}, "other numbers in the headline"},
		{map[int]float32{near.TitleNumbers: 1, near.LeadShingles: .9}, ""},
		{map[int]float32{near.TitleNumbers: 1, near.LeadShingles: .9, near.LeadNumbers: .5}, "other numbers in the headline"},
		{map[int]float32{near.LeadNumbers: .5, near.LeadCosine: .6}, "other numbers in the text"},
		{map[int]float32{near.LeadNumbers: .5, near.LeadCosine: .2}, ""},
		{map[int]float32{near.Short: .6, near.LeadCosine: .1}, "a short headline over other words"},
		{map[int]float32{near.Short: .6, near.LeadMissing: 1}, ""},
		{map[int]float32{near.Short: .6, near.LeadCosine: .1, near.BodyShared: .5}, ""},
		{map[int]float32{near.Short: .2, near.LeadCosine: .1}, ""},
	} {
		if got := template(features(c.f)); got != c.want {
			t.Errorf("%v: %q, want %q", c.f, got, c.want)
		}
	}
}

func TestCopied(t *testing.T) {
	long, short := float32(3.2), float32(2)
	for _, c := range []struct {
		f    map[int]float32
		want float32
	}{
		{map[int]float32{near.LeadLength: long, near.LeadShingles: .9, near.CrossWorst: .4}, .9},
		{map[int]float32{near.LeadLength: short, near.LeadShingles: .9, near.CrossWorst: .4}, 0},
		{map[int]float32{near.LeadLength: long, near.LeadShingles: .9, near.CrossWorst: .4, near.LeadNumbers: .4}, 0},
		{map[int]float32{near.LeadLength: long, near.LeadShingles: .9, near.CrossWorst: .1}, 0},
		{map[int]float32{near.LeadLength: long, near.LeadShingles: .9, near.CrossWorst: .4, near.OwnSource: 1}, 0},
		{map[int]float32{near.LeadLength: long, near.LeadShingles: .7, near.OwnSource: 1, near.SameURL: 1}, .95},
		{map[int]float32{near.LeadLength: long, near.LeadShingles: .7, near.SameURL: 1, near.LeadNumbers: .6}, 0},
	} {
		if got := copied(features(c.f)); got != c.want {
			t.Errorf("%v: %v, want %v", c.f, got, c.want)
		}
	}
}

var morning = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)

// tellOf decides an item and keeps what was decided.
func tellOf(x *Index, source, title, text string, at time.Time) news.Decision {
	it := Prepare(news.Item{Source: source, GUID: title + at.String(), Title: title, Text: text, Seen: at})
	it.Near = NearOthers
	d := x.Decide([]Item{it}, at)[0]
	x.Apply(d)
	return d
}

func sketchOf(t *testing.T, d news.Decision) near.Sketch {
	t.Helper()
	var s near.Sketch
	if !s.Unpack(d.Sketch) {
		t.Fatalf("%d bytes are no sketch", len(d.Sketch))
	}
	return s
}

// A name that many headlines end in is learnt to be a source's, and forgotten
// with them.
func TestTailLearnt(t *testing.T) {
	x := New(24 * time.Hour)
	topics := []string{"Harbour strike ends at night", "Orchestra plays its last concert", "New bridge opens over river", "Council bans cars downtown", "Museum finds lost painting again"}
	for i, title := range topics {
		d := tellOf(x, "gazette", title+" - Unheard Gazette", "", morning.Add(time.Duration(i)*time.Hour))
		if s := sketchOf(t, d); s.Tail != 2 || s.Cut != (i >= enoughEndings) {
			t.Errorf("headline %d: a tail of %d words, cut %v", i+1, s.Tail, s.Cut)
		}
	}
	if d := tellOf(x, "other", topics[4], "", morning.Add(6*time.Hour)); d.Reason != byNear {
		t.Errorf("without the name: %v %s, want the same headline", d.Fate, d.Refused.Guard)
	}
	later := morning.Add(72 * time.Hour)
	tellOf(x, "third", "Nothing of note happened in town", "", later)
	if s := sketchOf(t, tellOf(x, "gazette", "Bakery wins a prize for bread - Unheard Gazette", "", later)); s.Cut {
		t.Error("the tail is still taken for a source's name, three days after it was last seen")
	}
}

// What lies behind the window is neither found nor remembered.
func TestNearWindow(t *testing.T) {
	x := New(24 * time.Hour)
	words, memory := len(x.recall.words), x.recall.tellings()
	title, text := "Court frees editor after ninety days in Marana", "A court in Marana freed an editor on Friday after ninety days, her lawyer said to reporters outside."
	tellOf(x, "a", title, text, morning)
	if d := tellOf(x, "b", title, text+" She was well.", morning.Add(23*time.Hour)); d.Reason != byNear {
		t.Errorf("inside the window: %v, %+v", d.Fate, d.Refused)
	}
	if as := x.Alike(Prepare(news.Item{Source: "c", GUID: "1", Title: title, Text: text}), morning.Add(25*time.Hour)); len(as) != 1 {
		t.Errorf("an hour past the window of the first: %d tellings are like it, want the second alone", len(as))
	}
	d := tellOf(x, "d", "Orchestra plays", "", morning.Add(80*time.Hour))
	s := sketchOf(t, d)
	if n := x.recall.tellings() - memory; n != 1 {
		t.Errorf("%d sketches are remembered, want the latest alone", n)
	}
	if n := len(x.recall.words) - words; n > len(keyWords(&s)) {
		t.Errorf("%d words are remembered of one sketch with %d", n, len(keyWords(&s)))
	}
}

// A headline of words that all use, and an article's number, find what rare
// words do not.
func TestFoundWithoutRareWords(t *testing.T) {
	x := New(24 * time.Hour)
	words := strings.Fields("harbour council museum bridge concert market")
	for i := range 200 {
		w := append([]string(nil), words[i%6:]...)
		tellOf(x, fmt.Sprint("s", i), strings.Join(append(w, words[:i%6]...), " ")+strings.Repeat(" "+words[i%5], i%7), "", morning.Add(time.Duration(i)*time.Second))
	}
	it := Prepare(news.Item{Source: "z", GUID: "1", Title: "museum bridge concert market harbour council museum museum", Seen: morning})
	found := false
	for _, a := range x.Alike(it, morning.Add(time.Hour)) {
		found = found || a.Features[near.TitleEqual] == 1
	}
	if as := x.Alike(it, morning.Add(time.Hour)); !found {
		t.Errorf("the same headline was not found among %d", len(as))
	}
	a := Prepare(news.Item{Source: "a", GUID: "1", URL: "https://a.example/one-slug-of-words-6326331", Title: "Council bans cars", Seen: morning})
	b := Prepare(news.Item{Source: "b", GUID: "1", URL: "https://a.example/quite-another-slug-now-6326331", Title: "Downtown without traffic", Seen: morning})
	a.Near, b.Near = NearOthers, NearOthers
	x.Apply(x.Decide([]Item{a}, morning.Add(time.Hour))...)
	if as := x.Alike(b, morning.Add(time.Hour)); len(as) == 0 || as[0].Features[near.SameArticle] != 1 {
		t.Errorf("the same article number was not found: %d tellings", len(as))
	}
}

// An arena gives back what was put, and lets go of what is dropped.
func TestArena(t *testing.T) {
	for _, first := range []uint32{0, 1<<32/chunkSteps - 3} { // the numbers begin anew after three chunks
		arenaFrom(t, first)
	}
}

func arenaFrom(t *testing.T, first uint32) {
	a := arena{first: first}
	var places []uint32
	for i := range 3000 {
		places = append(places, a.put([]byte(strings.Repeat("x", i%300)+fmt.Sprint(i)), []byte{1, 2, 3, byte(i)}))
	}
	all := len(a.chunks)
	a.drop(places[2500])
	if len(a.chunks) >= all/2 {
		t.Errorf("%d chunks of %d are held for a sixth of the records", len(a.chunks), all)
	}
	for i := 2500; i < 3000; i++ {
		sketch, links := a.get(places[i])
		if want := strings.Repeat("x", i%300) + fmt.Sprint(i); string(sketch) != want || len(links) != 4 || links[3] != byte(i) {
			t.Fatalf("record %d is %q, %v", i, sketch, links)
		}
	}
}
