package topic

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"aggregator/internal/news"
	"aggregator/internal/query"
)

var pool = []string{"A", "B", "C", "A/B", "B/C", "A/B/C", "D", "D/A"}

func anyQuery(t *rapid.T, negative bool) string {
	word := rapid.SampledFrom([]string{"x", "y", "z", "w"})
	name := rapid.SampledFrom(pool)
	kinds := 4
	if negative {
		kinds = 6
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return "topic:" + name.Draw(t, "topic")
	case 1:
		return "topic:" + name.Draw(t, "topic") + " AND " + word.Draw(t, "word")
	case 5:
		return "NOT topic:" + name.Draw(t, "topic") + " " + word.Draw(t, "word")
	case 6:
		return "NOT " + word.Draw(t, "word")
	}
	return word.Draw(t, "word") + " OR " + word.Draw(t, "word")
}

func anyRules(t *rapid.T, negative bool) []Rule {
	var rules []Rule
	lowest := 1
	if negative {
		lowest = -2
	}
	for i, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 1, len(pool), rapid.ID).Draw(t, "names") {
		r := Rule{Name: name, Where: fmt.Sprintf("a:%d", i)}
		switch rapid.IntRange(0, 2).Draw(t, "rule") {
		case 0:
			r.Match = parse(t, anyQuery(t, negative))
		case 1:
			r.Threshold = 2
			for range rapid.IntRange(1, 3).Draw(t, "terms") {
				r.Score = append(r.Score, Weighted{Query: parse(t, anyQuery(t, negative)), Weight: float64(rapid.IntRange(lowest, 2).Draw(t, "weight"))})
			}
		}
		rules = append(rules, r)
	}
	return rules
}

func parse(t *rapid.T, s string) *query.Query {
	q, err := query.Parse(s)
	if err != nil {
		t.Fatal(s, err)
	}
	return q
}

func anyTelling(t *rapid.T) Telling {
	return Telling{
		Item:   news.Item{Title: strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "z", "w", "v"}), 0, 3).Draw(t, "title"), " ")},
		Source: news.Source{Name: "S", Topics: rapid.SliceOfN(rapid.SampledFrom(pool), 0, 1).Draw(t, "source topics")},
	}
}

// TestFileIsNaive: what is filed is what the rules say of it, each tried
// against each telling with the topics of the whole; and, where nothing
// speaks against a story, it is no more than what grows from nothing.
func TestFileIsNaive(t *testing.T) {
	tried := 0
	rapid.Check(t, func(t *rapid.T) {
		negative := rapid.Bool().Draw(t, "negative")
		rules := anyRules(t, negative)
		f, err := New(rules)
		if err != nil {
			return // a circle, or a topic that is none
		}
		tried++
		tellings := rapid.SliceOfN(rapid.Custom(anyTelling), 1, 3).Draw(t, "tellings")
		got := map[string]bool{}
		for _, n := range names(f.File(tellings)) {
			got[n] = true
		}
		if next := step(rules, tellings, got); !maps.Equal(got, next) {
			t.Fatalf("filed in %v, by which the rules say %v", got, next)
		}
		if negative {
			return
		}
		grown := map[string]bool{}
		for next := step(rules, tellings, grown); !maps.Equal(next, grown); next = step(rules, tellings, grown) {
			grown = next
		}
		if !maps.Equal(got, grown) {
			t.Fatalf("filed in %v, from nothing grows %v", got, grown)
		}
	})
	if tried < 10 {
		t.Errorf("only %d sets of rules were good", tried)
	}
}

// step is what the rules say of a story that is in these topics.
func step(rules []Rule, tellings []Telling, in map[string]bool) map[string]bool {
	next := map[string]bool{}
	for _, r := range rules {
		for _, tell := range tellings {
			if ownReason(r, tell, in) {
				next[r.Name] = true
			}
		}
		for i, c := range r.Name {
			if c == '/' && in[r.Name[:i]] && in[r.Name[i+1:]] {
				next[r.Name] = true
			}
		}
		for below := range in {
			if strings.HasPrefix(below, r.Name+"/") {
				next[r.Name] = true
			}
		}
	}
	return next
}

func ownReason(r Rule, tell Telling, in map[string]bool) bool {
	d := Doc(tell)
	d.Topics = slices.Sorted(maps.Keys(in))
	p := query.Prepare(d)
	if slices.Contains(tell.Source.Topics, r.Name) {
		return true
	}
	if r.Match != nil {
		_, ok := r.Match.Match(p)
		return ok
	}
	sum := 0.0
	for _, w := range r.Score {
		if _, ok := w.Query.Match(p); ok {
			sum += w.Weight
		}
	}
	return len(r.Score) > 0 && sum >= r.Threshold
}

// TestTellingsAdd: one more telling takes no topic away, where no rule says
// NOT topic:; what is in A/B is in A; the same tellings give the same filings.
func TestTellingsAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, err := New(anyRules(t, false))
		if err != nil {
			return
		}
		tellings := rapid.SliceOfN(rapid.Custom(anyTelling), 2, 4).Draw(t, "tellings")
		fewer, all := f.File(tellings[1:]), f.File(tellings)
		for _, n := range names(fewer) {
			if !slices.Contains(names(all), n) {
				t.Fatalf("one more telling takes %s away", n)
			}
		}
		for _, n := range names(all) {
			for _, p := range (news.Topic{Name: n}).Parents() {
				if f.Describe(p) != "" && !slices.Contains(names(all), p) {
					t.Fatalf("in %s and not in %s", n, p)
				}
			}
		}
		if again := f.File(tellings); print(again) != print(all) {
			t.Fatalf("first\n%sthen\n%s", print(all), print(again))
		}
	})
}

// BenchmarkFile: a story of one telling of 300 words. One rule in fifty holds,
// one in ten is a score, one in twenty a join of two others.
func BenchmarkFile(b *testing.B) {
	words := strings.Fields("the government has detained dozens of lawyers since monday experts said and the foreign ministry rejected report about camps in xinjiang as interference while markets fell again")
	var text strings.Builder
	for i := range 300 {
		fmt.Fprintf(&text, "%s%.*s ", words[i%len(words)], i/len(words)%4, "ing")
	}
	story := []Telling{{Item: news.Item{Title: "Experts speak", Text: text.String()}}}
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := mustNew(b, manyRules(b, n)...)
			b.ReportAllocs()
			for b.Loop() {
				f.File(story)
			}
		})
	}
}

func manyRules(b *testing.B, n int) []Rule {
	var rules []Rule
	for i := range n {
		r := Rule{Name: fmt.Sprintf("t%d", i)}
		src := fmt.Sprintf(`alpha%d OR beta%d OR gam%dma* OR "delta%d epsilon" OR zeta%d`, i, i, i, i, i)
		switch {
		case i%50 == 0:
			src += " OR xinjiang"
		case i%20 == 1:
			r.Name = fmt.Sprintf("t%d/t%d", i-1, i+1)
		}
		if i%10 == 2 {
			r.Score, r.Threshold = []Weighted{{Query: mustParse(b, src), Weight: 3}, {Query: mustParse(b, fmt.Sprintf("eta%d", i)), Weight: 2}}, 3
		} else {
			r.Match = mustParse(b, src)
		}
		rules = append(rules, r)
	}
	return rules
}
