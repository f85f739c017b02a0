package lang

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestStems reads testdata/stems.txt: "TAG: words" that share a stem, with
// " | " between those that do not.
func TestStems(t *testing.T) {
	var s Stemmer
	for _, line := range readLines(t, "stems.txt") {
		tag, words, _ := strings.Cut(line, ": ")
		l := Numbered(tag)
		groups := map[string]int{}
		for i, group := range strings.Split(words, " | ") {
			first := ""
			for w := range strings.FieldsSeq(group) {
				stem := s.Stem(l, w)
				if first == "" {
					first = stem
				}
				if stem != first {
					t.Errorf("%s: %s: the stem is %s, not %s", line, w, stem, first)
				}
			}
			if other, taken := groups[first]; taken {
				t.Errorf("%s: groups %d and %d share the stem %s", line, other, i, first)
			}
			groups[first] = i
		}
	}
}

// TestOf reads testdata/languages.txt: "TAG text", or "TAG (declared) text".
func TestOf(t *testing.T) {
	n := 0
	for _, line := range readLines(t, "languages.txt") {
		want, text, _ := strings.Cut(line, " ")
		declared := ""
		if rest, ok := strings.CutPrefix(text, "("); ok {
			declared, text, _ = strings.Cut(rest, ") ")
		}
		if want == "-" {
			want = ""
		}
		if got := Of(declared, text); got != want {
			t.Errorf("Of(%q, %q) = %q, want %q", declared, text, got, want)
		}
		n++
	}
	if n < 60 {
		t.Errorf("only %d cases were read", n)
	}
}

// TestApart: each stem of the table is a word of it with a dot, and none that
// Snowball could give.
func TestApart(t *testing.T) {
	for l, words := range apart {
		for w, stem := range words {
			if _, own := words[strings.TrimSuffix(stem, ".")]; !own || !strings.HasSuffix(stem, ".") {
				t.Errorf("%s: %s has the stem %s", grammars[l].tags, w, stem)
			}
			if w != strings.ToLower(w) {
				t.Errorf("%s is not in lower case", w)
			}
		}
	}
}

// Stemming panics on nothing, and says the same twice.
func TestStemAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Stemmer
		l := Language(rapid.IntRange(0, Languages-1).Draw(t, "language"))
		w := rapid.String().Draw(t, "word")
		once := s.Stem(l, w)
		if s.Stem(l, "other"); s.Stem(l, w) != once {
			t.Fatalf("%q has the stem %q, and then another", w, once)
		}
		if w != "" && once == "" || !utf8.ValidString(once) {
			t.Fatalf("%q has the stem %q", w, once)
		}
	})
}

func FuzzStem(f *testing.F) {
	f.Add(uint8(1), "internationals")
	f.Add(uint8(5), "والمعتقلين")
	f.Add(uint8(2), "\xff")
	f.Fuzz(func(t *testing.T, l uint8, w string) {
		var s Stemmer
		s.Stem(Language(l%Languages), w)
		Of("", w)
	})
}

func readLines(t *testing.T, name string) (lines []string) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

func BenchmarkStem(b *testing.B) {
	for _, text := range []string{
		"en the government has detained several human rights lawyers and activists in the capital this week",
		"es el gobierno ha detenido a varios abogados y activistas de derechos humanos esta semana",
		"ru правительство задержало несколько адвокатов и активистов на этой неделе",
		"ar اعتقلت الحكومة عددا من المحامين والناشطين في مجال حقوق الإنسان",
	} {
		words := strings.Fields(text)
		l := Numbered(words[0])
		b.Run(words[0], func(b *testing.B) {
			var s Stemmer
			for b.Loop() {
				for _, w := range words[1:] {
					s.Stem(l, w)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(words[1:])), "ns/word")
		})
	}
}

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		Of("", "Police detain a dozen lawyers in the capital, and their families say that they were not told of any charges; the ministry rejects the report as interference by those who want to do harm to the country")
	}
}
