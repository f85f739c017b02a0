package page

import (
	"testing"

	"pgregory.net/rapid"

	"aggregator/internal/query"
)

func TestAsQuery(t *testing.T) {
	for typed, want := range map[string]string{
		"":                        "",
		"china":                   "china",
		"camps in  Xinjiang":      "camps in Xinjiang",
		`"human rights" lawyer`:   `"human rights" lawyer`,
		"“human rights” lawyer":   `"human rights" lawyer`,
		`an open "quote`:          "an open quote",
		"this AND that OR (not":   `this "AND" that "OR" "not"`,
		"and or not":              `"and" "or" "not"`,
		"title:dam -flood tibet*": `"title dam" "flood" "tibet"`,
		"2 of (a, b)":             `"2" "of" "a" "b"`,
		"/re(/":                   `"re"`,
		"!!! … ()":                "",
		"COVID-19":                `"COVID 19"`,
		"中国 维吾尔":                  "中国 维吾尔",
		"حقوق الإنسان":            "حقوق الإنسان",
		`""`:                      "",
		"don't":                   `"don t"`,
		"\xffchina":               "china",
	} {
		if got := asQuery(typed); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
	}
}

// Whatever a person types can be read.
func TestAsQueryProperty(t *testing.T) {
	odd := rapid.SampledFrom([]string{"AND", "OR", "NOT", "NEAR/3", "2 of (", "(", ")", `"`, "“", "”", "/", "/(/", "*", "a*", "title:", "topic:x", ":", "\\", "-", "中国", "ก", "ไ", "\u0301", "ʼ", "'", "\u200b", "\x00", "\xff", "①", "½", "٣", "of", "ß", "ﬁ", "ー", "ﾞ"})
	rapid.Check(t, func(t *rapid.T) {
		typed := ""
		for _, part := range rapid.SliceOfN(rapid.OneOf(odd, rapid.String()), 0, 12).Draw(t, "parts") {
			typed += part + rapid.SampledFrom([]string{"", " "}).Draw(t, "space")
		}
		q := asQuery(typed)
		if q == "" {
			return
		}
		if _, err := query.Parse(q); err != nil {
			t.Fatalf("%q becomes %q: %v", typed, q, err)
		}
	})
}
