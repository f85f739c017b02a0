package canon

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// TestSettled compares what NFKC knows by itself with Unicode's data: those
// characters never join with what stands before them.
func TestSettled(t *testing.T) {
	known := 0
	for r := rune(0); r <= utf8.MaxRune; r++ {
		s := string(r)
		if !utf8.ValidRune(r) {
			continue
		}
		to, n := compatible(s)
		switch {
		case settled(s) == len(s):
			to = s
		case n == 0:
			continue
		}
		known++
		if want := norm.NFKC.String(s); to != want {
			t.Errorf("%U becomes %q, want %q", r, to, want)
		}
		if !norm.NFKC.PropertiesString(s).BoundaryBefore() {
			t.Errorf("%U may join with what stands before it", r)
		}
	}
	if known < 0x9fff-0x3400+0xd7a3-0xac00 {
		t.Errorf("only %d characters are known", known)
	}
}

// odd are characters that fold, join, change or are broken.
var odd = []string{
	"a", "Z", "9", "1,000", "1.5", ".", ",", " ", "é", "e\u0301", "\u0301", "İ", "ı", "ß", "ς", "Σ", "ø", "Ł", "đ", "ſ", "ŀ", "ﬁ",
	"й", "и\u0306", "Ё", "Ж", "я", "ў", "ﷺ", "أ", "ا\u0654", "\u064b", "中", "國", "国", "１", "，", "。", "（", "Ａ", "\u3000", "\u00a0", "…", "⋯",
	"ガ", "か\u3099", "ｶﾞ", "ー", "ゞ", "〜", "～", "①", "㎡", "㈱", "䷀", "Ⅻ", "한", "\u1112\u1161\u11ab", "\u11ab", "ㅎ", "ก", "กำ", "ี", "\u0e48", "ລ", "ក", "မ",
	"𠀀", "😀", "\u200b", "\ufeff", "\xff", "\xe4", "\xe4\xb8", "\x80", "\u05d0", "\u0958", "½", "ǆ", "ẞ", "\u0340", "Ω", "K", "\t",
}

func oddText(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(odd), 0, 12).Draw(t, "text"), "")
}

func checkFold(t interface {
	Helper()
	Errorf(string, ...any)
}, s string) {
	t.Helper()
	if got, want := NFKC(s), norm.NFKC.String(s); got != want {
		t.Errorf("NFKC(%q) = %q, want %q", s, got, want)
	}
	if got, want := Fold(s), slowFold(s); got != want {
		t.Errorf("Fold(%q) = %q, want %q", s, got, want)
	}
	want := slowWords(s)
	if got := Words(s); !slices.Equal(got, want) {
		t.Errorf("Words(%q) = %q, want %q", s, got, want)
	}
	if got, want := Normal(s), strings.Join(want, " "); got != want {
		t.Errorf("Normal(%q) = %q, want %q", s, got, want)
	}
}

func TestFoldAsEver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkFold(t, oddText(t)) })
	for r := rune(0); r <= 0x1ffff; r++ {
		checkFold(t, "a"+string(r)+"b")
	}
}

func FuzzFoldAsEver(f *testing.F) {
	for _, s := range odd {
		f.Add("中" + s + "x, " + s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkFold(t, s) })
}

func TestEachWordStops(t *testing.T) {
	for _, s := range []string{"one two three", "一二三四", "一 two"} {
		for w := range EachWord(s) {
			if want := Words(s)[0]; w != want {
				t.Errorf("first of %q is %q, want %q", s, w, want)
			}
			break
		}
	}
}
