package near

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// listed are the lines of a list that are no comments.
func listed(list string) (names []string) {
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			names = append(names, line)
		}
	}
	return names
}

func TestListsHaveNothingTwice(t *testing.T) {
	for file, list := range map[string][]string{
		"rubrics.txt": listed(rubricLines), "tails.txt": listed(tailLines), "agencies.txt": strings.Split(strings.Join(listed(agencyLines), ","), ","),
	} {
		seen := map[string]string{}
		for _, name := range list {
			p := plain(name)
			if p == "" {
				t.Errorf("%s: %q has no letters", file, name)
			}
			if first, twice := seen[p]; twice {
				t.Errorf("%s: %q is %q again", file, name, first)
			}
			seen[p] = name
		}
		if len(seen) < 30 {
			t.Errorf("%s has only %d names", file, len(seen))
		}
	}
	if n := len(listed(agencyLines)); n > 32 {
		t.Errorf("agencies.txt has %d agencies, a sketch has bits for 32", n)
	}
}

// TestListsAreTakenOff: what is in the lists goes, the headline stays.
func TestListsAreTakenOff(t *testing.T) {
	const headline = "Exporters see orders fall for a third month running"
	for _, r := range listed(rubricLines) {
		for _, s := range []string{r + ": " + headline, r + "：" + headline, r + " | " + headline} {
			if head, tail := Title(s, nil); head != headline || tail != "" {
				t.Errorf("%q gives %q and %q", s, head, tail)
			}
		}
	}
	for _, name := range listed(tailLines) {
		if strings.Contains(name, "(") || strings.Contains(name, " - ") { // which may stand behind a dash alone
			continue
		}
		for _, s := range []string{headline + " - " + name, headline + " | " + name, headline + "（" + name + "）"} {
			if head, tail := Title(s, nil); head != headline || tail != "" {
				t.Errorf("%q gives %q and %q", s, head, tail)
			}
		}
	}
	for _, line := range listed(agencyLines) {
		for name := range strings.SplitSeq(line, ",") {
			lead := "SEOUL, Aug 20 (" + strings.TrimSpace(name) + ") - Exporters saw orders fall."
			if got := spellAgencies(wires(Text{Lead: lead})); len(got) != 1 || !strings.HasPrefix(line, got[0]) {
				t.Errorf("%q is by %q", lead, got)
			}
		}
	}
}

func aText(t *rapid.T, label string) Text {
	return Text{
		Title: newsText(t, label+" title", 8), Lead: newsText(t, label+" lead", 14),
		Body:  strings.Repeat(newsText(t, label+" body", 20)+" ", rapid.SampledFrom([]int{0, 20}).Draw(t, label+" length")),
		Names: []string{newsText(t, label+" name", 2)}, URL: "https://example.com/" + strings.ReplaceAll(newsText(t, label+" path", 6), " ", "-"),
	}
}

// aSketch is one with the places of rare words and a cut tail, as they are
// once an Index has seen it.
func aSketch(t *rapid.T, label string) Sketch {
	s := Make(aText(t, label))
	s.Cut = s.Tail > 0 && rapid.Bool().Draw(t, label+" cut")
	if n := len(s.Title) + len(s.Lead); n > 0 {
		s.Rare = rapid.SliceOfNDistinct(rapid.Uint8Max(uint8(n-1)), 0, min(n, 16), rapid.ID[uint8]).Draw(t, label+" rare")
	}
	return s
}

func TestPackThenUnpack(t *testing.T) {
	var got Sketch // with the room of the one before
	rapid.Check(t, func(t *rapid.T) {
		want := aSketch(t, "a")
		if !got.Unpack(want.Pack()) {
			t.Fatalf("%+v cannot be unpacked", want)
		}
		same := plainSketch(got)
		if len(same.Rare) == 0 {
			same.Rare = nil
		}
		want = plainSketch(want)
		if len(want.Rare) == 0 {
			want.Rare = nil
		}
		if !reflect.DeepEqual(same, want) {
			t.Fatalf("unpacked %+v,\nwas %+v", same, want)
		}
	})
}

func TestUnpackRefuses(t *testing.T) {
	s := Make(Text{Title: "Exporters see orders fall - Valley Courier", Lead: "Exporters of the valley saw orders fall."})
	s.Rare = []uint8{0, 3}
	good := s.Pack()
	change := func(at int, to byte) []byte {
		b := slices.Clone(good)
		b[at] = to
		return b
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "cut": good[:len(good)-1], "too long": append(slices.Clone(good), 0),
		"a tail longer than its title": change(1, byte(len(s.Title)+1)),
		"a rare word behind the last":  change(len(good)-1, byte(len(s.Title)+len(s.Lead))),
		"more words than are compared": (&Sketch{Title: make([]Word, mostPacked+1)}).Pack(),
		"a longer beginning":           (&Sketch{Lead: make([]Word, mostLead+1)}).Pack(),
		"a longer address":             (&Sketch{Slug: make([]Word, mostSlug+1)}).Pack(),
	} {
		var got Sketch
		if got.Unpack(bad) {
			t.Errorf("unpacked %s", name)
		}
	}
	last := change(len(good)-1, byte(len(s.Title)+len(s.Lead)-1))
	if got := (&Sketch{}); !got.Unpack(last) {
		t.Error("refused a rare word that is the last")
	}
}

func TestLongestTextsArePacked(t *testing.T) {
	for _, w := range []string{"word ", "10bn ", "a 10bn ", "中", "第十三批 "} {
		long := strings.Repeat(w, 3000)
		s := Make(Text{Title: strings.Repeat("a ", 39) + "10bn - a b c d e f g h i 10bn", Lead: long, Body: long, URL: "https://example.com/" + strings.ReplaceAll(strings.Repeat(w, 30), " ", "-")})
		if got := (&Sketch{}); !got.Unpack(s.Pack()) {
			t.Errorf("a sketch of %d, %d and %d words of %q cannot be unpacked", len(s.Title), len(s.Lead), len(s.Slug), w)
		}
	}
}

// TestBodies: about how much of the shorter text stands in the longer.
func TestBodies(t *testing.T) {
	text := func(from, to int) (ws []Word) {
		for i := from; i < to; i++ {
			ws = append(ws, word(strings.Repeat("x", i%7+1)+string(rune('a'+i%26))+strings.Repeat("y", i/26)))
		}
		return ws
	}
	for _, c := range []struct {
		from, to     int
		share, ratio float64
	}{
		{0, 400, 1, 1}, {0, 200, 1, 2}, {200, 600, .5, 1}, {400, 800, 0, 1},
	} {
		a, b := digest(text(0, 400)), digest(text(c.from, c.to))
		share, ratio := a.contained(&b)
		if math.Abs(share-c.share) > .15 || math.Abs(ratio-c.ratio) > .05 {
			t.Errorf("words %d to %d: share %.2f, ratio %.2f, want %v and %v", c.from, c.to, share, ratio, c.share, c.ratio)
		}
	}
	if short := digest(text(0, enoughShingles)); short != (Body{}) {
		t.Errorf("a short text has a body of %d shingles", short.Shingles)
	}
}

func FuzzUnpack(f *testing.F) {
	s := Make(Text{Title: "Exporters see orders fall - Valley Courier", Lead: "Exporters saw orders fall.", URL: "https://example.com/1234567"})
	s.Rare = []uint8{0, 3}
	f.Add(s.Pack())
	s.Body.Shingles = 60
	f.Add(s.Pack())
	long := strings.Repeat("10bn ", 100)
	s = Make(Text{Title: long + " - " + long, Lead: long})
	f.Add(s.Pack())
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Sketch
		if !s.Unpack(b) {
			return
		}
		s.Head()
		s.Headline()
		var c Comparer
		c.Begin(&s, lengths{})
		c.With(&s, Pair{})
		if again := s.Pack(); s.Body.Shingles > 0 && !slices.Equal(again, b) {
			t.Errorf("packed again %x, was %x", again, b)
		}
	})
}

// lengths weighs words by their last bits, for want of an Index.
type lengths struct{}

func (lengths) Weight(w Word) float32 { return 1 + float32(w>>1&7) }
func (lengths) Heaviest() float32     { return 9 }

// TestWithIsSymmetric: it does not matter which of two came first. The shared
// shingles alone are counted in the first, and may come back in the other.
func TestWithIsSymmetric(t *testing.T) {
	var c Comparer
	rapid.Check(t, func(t *rapid.T) {
		a, b := aSketch(t, "a"), aSketch(t, "b")
		if rapid.Bool().Draw(t, "alike") {
			b.Lead = append(slices.Clone(a.Lead[len(a.Lead)/2:]), b.Lead...)
			b.Lead = b.Lead[:min(len(b.Lead), mostLead)]
		}
		p := Pair{Minutes: float64(rapid.IntRange(0, 10000).Draw(t, "minutes")), Own: rapid.Bool().Draw(t, "own"), SameURL: rapid.Bool().Draw(t, "url")}
		c.Begin(&a, lengths{})
		ab := c.With(&b, p)
		c.Begin(&b, lengths{})
		ba := c.With(&a, p)
		ab[LeadShingles], ba[LeadShingles] = 0, 0
		for i := range ab {
			if math.Abs(float64(ab[i]-ba[i])) > 1e-5 || math.IsNaN(float64(ab[i])) {
				t.Errorf("%s: %v one way, %v the other", FeatureNames[i], ab[i], ba[i])
			}
		}
		if model := Learnt(); math.Abs(float64(model.Story.Similarity(&ab)-model.Story.Similarity(&ba))) > 1e-6 {
			t.Errorf("similarity %v one way, %v the other", model.Story.Similarity(&ab), model.Story.Similarity(&ba))
		}
	})
}

// TestWithItself: a text is like itself in every way.
func TestWithItself(t *testing.T) {
	var c Comparer
	a := Make(Text{
		Title: "Exporters see orders fall for a third month - Reuters", URL: "https://example.com/business/something-quite-other-here-1234567",
		Lead: "SEOUL, Aug 20 (Reuters) - The country's largest exporters said on Thursday that orders had fallen for a third month in a row.",
		Body: strings.Repeat("The country's largest exporters said on Thursday that orders had fallen for a third month in a row, and 250 firms wait. ", 5),
	})
	c.Begin(&a, lengths{})
	f := c.With(&a, Pair{})
	for _, i := range []int{
		TitleCosine, TitleContained, AllCosine, AllContained, LeadCosine, TitleEqual, LeadShingles, CrossBest, CrossWorst, BodyShared, Bodies,
		SlugSlug, SameArticle, SameMinute, LeadRun, TitleOrder, SameWire,
	} {
		if math.Abs(float64(f[i]-1)) > 1e-5 {
			t.Errorf("%s is %v, want 1", FeatureNames[i], f[i])
		}
	}
	for _, i := range []int{LeadMissing, TitleNumbers, NumbersInOne, LeadNumbers, BodyRatio, LostLess, LostMore, LostTitle, OnlyLess, OnlyMore, OnlyAll, OtherWire} {
		if f[i] != 0 {
			t.Errorf("%s is %v, want 0", FeatureNames[i], f[i])
		}
	}
}

func TestReadModelsRefuses(t *testing.T) {
	for _, bad := range []string{
		"", "{}", `{"features":["title cosine"]}`,
		strings.Replace(string(modelBytes), "title cosine", "something else", 1),
		strings.Replace(string(modelBytes), `"trees":[`, `"trees":[{"at":[40,0,0,0,0,0,0]},`, 1),
	} {
		if _, err := ReadModels([]byte(bad)); err == nil {
			t.Errorf("read %.60q without a complaint", bad)
		}
	}
	if _, err := ReadModels(modelBytes); err != nil {
		t.Error(err)
	}
}
