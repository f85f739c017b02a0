package lang

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSimplify(t *testing.T) {
	for _, line := range readLines(t, "simplify.txt") {
		from, want, _ := strings.Cut(line, " -> ")
		if got := Simplify(from); got != want {
			t.Errorf("Simplify(%q) = %q, want %q", from, got, want)
		}
	}
}

// Bytes that are no UTF-8 go through, also where half of a character of the
// table is left.
func TestSimplifyBrokenText(t *testing.T) {
	for in, want := range map[string]string{
		"\xe8": "\xe8", "\xe8\xbb": "\xe8\xbb", "\xe8\xbb車": "\xe8\xbb车", "\xe8\xfb\x8a": "\xe8\xfb\x8a",
		"\xe8\xbb\x4a": "\xe8\xbb\x4a", "\xff車\xff": "\xff车\xff", "": "",
	} {
		if got := Simplify(in); got != want {
			t.Errorf("Simplify(%q) = %q, want %q", in, got, want)
		}
	}
}

// What is simplified is so for good, character for character, and nothing but
// Han changes.
func TestSimplifyEveryCharacter(t *testing.T) {
	changed := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		once := Simplify(string(r))
		if utf8.RuneCountInString(once) != 1 || Simplify(once) != once {
			t.Errorf("%c becomes %q becomes %q", r, once, Simplify(once))
		}
		if once == string(r) {
			continue
		}
		changed++
		if to, _ := utf8.DecodeRuneInString(once); !unicode.Is(unicode.Han, r) || !unicode.Is(unicode.Han, to) {
			t.Errorf("%c becomes %c", r, to)
		}
	}
	if changed < 2500 {
		t.Errorf("only %d characters have a simplified form", changed)
	}
}

// A text is simplified as its characters are.
func TestSimplifyIsRuneByRune(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.OneOf(rapid.RuneFrom([]rune("a é,漢字車里裡")), rapid.Int32Range(0x3300, 0xa100))).Draw(t, "text"))
		var want strings.Builder
		for _, r := range s {
			want.WriteString(Simplify(string(r)))
		}
		if got := Simplify(s); got != want.String() {
			t.Fatalf("Simplify(%q) = %q, want %q", s, got, want.String())
		}
	})
}

func TestSimplifyCostsNothingWhereNothingChanges(t *testing.T) {
	for _, s := range []string{"plain words", "Les députés ont été reçus", "习近平会见外宾", "ひらがなとカタカナ"} {
		if n := testing.AllocsPerRun(10, func() { Simplify(s) }); n != 0 {
			t.Errorf("%q costs %v allocations", s, n)
		}
	}
}

func BenchmarkSimplify(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":       strings.Repeat("The committee said that it had seen no evidence. ", 20),
		"cyrillic":    strings.Repeat("Депутаты были приняты во дворце. ", 40),
		"kana":        strings.Repeat("ひらがなとカタカナ", 40),
		"simplified":  strings.Repeat("习近平会见外宾时说维权律师获释", 40),
		"traditional": strings.Repeat("習近平會見外賓時說維權律師獲釋", 40),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Simplify(s)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(utf8.RuneCountInString(s)), "ns/rune")
		})
	}
}
