package page

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// marked writes pieces as [-gone-] and {+come+}.
func marked(ps []piece) string {
	var b strings.Builder
	for _, p := range ps {
		switch {
		case p.Gone():
			b.WriteString("[-" + p.Text + "-]")
		case p.Come():
			b.WriteString("{+" + p.Text + "+}")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name, a, b, want string
		other            bool
	}{
		{"nothing", "", "", "", false},
		{"equal", "a b c", "a  b\nc", "a b c", false},
		{"a word in place of another", "Dam breaks in north", "Dam bursts in north", "Dam [-breaks -]{+bursts +}in north", false},
		{"at the end", "Lawyer freed", "Lawyer freed - Evening Mirror", "Lawyer freed{+- Evening Mirror+}", false},
		{"at the beginning", "BEIJING - A lawyer was freed", "A lawyer was freed", "[-BEIJING - -]A lawyer was freed", false},
		{"a sign is not its word", "freed, family says", "freed family says", "freed[-, -] family says", false},
		{"apostrophes stay in their word", "the minister's house", "the minister’s house", "the [-minister's -]{+minister’s +}house", false},
		{"case is a difference", "Dam breaks now", "dam breaks now", "[-Dam -]{+dam +}breaks now", false},
		{"Chinese by characters", "中国出口增长", "中国进口增长", "中国[-出-]{+进+}口增长", false},
		{"Arabic by words", "المحكمة تفرج عن المحامي", "المحكمة تفرج عن الصحفي", "المحكمة تفرج عن [-المحامي-]{+الصحفي+}", false},
		{"words of its own", "Dam breaks in north", "Thousands flee floods", "Thousands flee floods", true},
		{"from nothing", "", "some words", "some words", true},
	} {
		got, alike := compare(c.a, c.b)
		if clean(marked(got)) != clean(c.want) || alike == c.other {
			t.Errorf("%s: %q, alike %v; want %q", c.name, marked(got), alike, c.want)
		}
	}
}

// clean makes no difference of where a space stands beside a mark.
func clean(s string) string {
	for _, mark := range []string{"[-", "-]", "{+", "+}"} {
		s = strings.ReplaceAll(strings.ReplaceAll(s, " "+mark, mark), mark+" ", mark)
	}
	return s
}

// Without what is gone, the second text is left; without what came, the first.
func TestCompareProperty(t *testing.T) {
	word := rapid.OneOf(rapid.SampledFrom(strings.Fields("a b c dam dam's, . « 中国 出 ก ا é e\u0301 👩‍👩‍👧 \u200d <b>")), rapid.String())
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(word, 0, 30).Draw(t, "words"), " ") })
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		pieces, alike := compare(a, b)
		var first, second string
		for i, p := range pieces {
			if i > 0 && pieces[i-1].edit == p.edit {
				t.Fatalf("neighbours with one fate: %q", marked(pieces))
			}
			if !p.Come() {
				first += p.Text
			}
			if !p.Gone() {
				second += p.Text
			}
		}
		if bare(second) != bare(firstWords(b)) || alike && bare(first) != bare(firstWords(a)) {
			t.Fatalf("%q and %q come out as %q", a, b, marked(pieces))
		}
		for _, p := range first2(compare(b, b)) {
			if p.edit != same {
				t.Fatalf("%q differs from itself: %q", b, p.Text)
			}
		}
	})
}

func first2(ps []piece, _ bool) []piece { return ps }

func bare(s string) string { return strings.Join(strings.Fields(s), "") }

// firstWords are those that are compared.
func firstWords(s string) string {
	ws := cutWords(s)
	return strings.Join(ws[:min(mostWords, len(ws))], "")
}

func BenchmarkCompare(b *testing.B) {
	x := strings.Repeat("the quick brown fox jumps over the lazy dog ", 40)
	y := strings.ReplaceAll(x, "lazy", "sleepy")
	for b.Loop() {
		compare(x, y)
	}
}
