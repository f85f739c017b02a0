package query

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"aggregator/internal/lang"
)

// FuzzParse: nothing panics, errors point into the query, and what is read is
// read the same from its canonical form.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`china OR "hong kong" AND NOT (tibet* NEAR/8 /x+/)`, `title:(a OR “b” c)`, `（中国　OR　title：人权）`,
		`topic:"China/Human Rights" lang:zh_CN host:a.b url:https://x tag:a-b* *`, `"a* b" U.S. Xi's 1,000 ｶﾞ`,
		strings.Repeat("(", 300), strings.Repeat("NOT ", 300), `/[/]/`, `a:`, "\xff", `title:*`, `NEAR/`, `2 of (a, b OR c, (d e))`, `2 OF(a,b)`, `3 of (1,000, x)`, `title:(2 of (a, b))`, `2 of (a, 1 of (b), c`,
	} {
		f.Add(s)
	}
	p := Prepare(Doc{Title: "China's Human Rights 中国", Text: "a b x 1,000", Lang: "zh", URL: "https://x/y"})
	f.Fuzz(func(t *testing.T, s string) {
		q, err := Parse(s)
		if err != nil {
			if e := err.(*Error); e.Offset < 0 || e.Offset > len(s) || e.Message == "" {
				t.Fatalf("%q: a strange error: %+v", s, e)
			}
			return
		}
		checkRoundTrip(t, q)
		if _, ok := q.Match(p); ok != q.root.holds(p) {
			t.Fatalf("%q: Match and holds differ", s)
		}
	})
}

// FuzzPrepare: no text panics, words lie in it in order, folding twice is
// folding once.
func FuzzPrepare(f *testing.F) {
	for _, s := range []string{"China's U.S. Xi’s", "中国Abc ｶﾞ", "e\u0301\u200b\u00ad", "\xff\xfea", "ﷺ İ ß ϓ ﾞ", "A.B.c.D.", "한국 ガ", "ஔ ক़ ऩ ё й Ǻ ﬁ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := Prepare(Doc{Text: s})
		last := int32(0)
		for i, w := range p.tokens {
			if w.from < last || w.to <= w.from || w.glued && w.from != last {
				t.Fatalf("%q: word %d is out of order: %+v", s, i, w)
			}
			last = w.to
		}
		if !utf8.ValidString(s) {
			return
		}
		if once := Fold(s); Fold(once) != once {
			t.Fatalf("%q folds to %q, that to %q", s, once, Fold(once))
		}
		if c, d := Prepare(Doc{Text: norm.NFC.String(s)}), Prepare(Doc{Text: norm.NFD.String(s)}); words(c) != words(d) {
			t.Fatalf("%q is %q composed and %q taken apart", s, words(c), words(d))
		}
	})
}

// vocabulary mixes scripts, and words that are parts of others.
var vocabulary = []string{"china", "Chinese", "tibet", "Tibetans", "human", "rights", "human-rights", "Xi's", "U.S.", "中国", "人权", "中国人", "中國", "인권", "が", "мой", "709", "حقوق", "الحقوق", "camp", "camps", "Camped", "important", "imports",
	"elección", "elecciones", "ELECCION", "лагеря", "лагерей", "sida", "sido", "sid"} // in Spanish the three are one, in English none

func anyText(t *rapid.T, label string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 12).Draw(t, label), rapid.SampledFrom([]string{" ", ", ", ""}).Draw(t, "between"))
}

func anyDoc(t *rapid.T) Doc {
	return Doc{
		Title: anyText(t, "title"), Summary: anyText(t, "summary"), Text: anyText(t, "text"),
		Labels: rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 3).Draw(t, "labels"),
		Tags:   rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 3).Draw(t, "tags"),
		Lang:   rapid.SampledFrom([]string{"", "en", "zh-CN", "es", "ru", "ar"}).Draw(t, "lang"),
		Topics: rapid.SliceOfN(rapid.SampledFrom([]string{"China", "China/Tibet", "Asia"}), 0, 2).Draw(t, "topics"),
	}
}

func anyQuery(t *rapid.T, depth int) string {
	kinds := 6
	if depth > 0 {
		kinds = 11
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"chin*", "tib*", `"human rig*"`, "中*", "*"}).Draw(t, "prefix")
	case 1:
		return `"` + anyText(t, "sequence") + `china"`
	case 2:
		return rapid.SampledFrom([]string{"title:", "text:", "label:", "tag:"}).Draw(t, "field") + rapid.SampledFrom(vocabulary).Draw(t, "word")
	case 3:
		return rapid.SampledFrom([]string{"lang:zh", "topic:China", "/Ti.*t/", "title:*", "host:a"}).Draw(t, "value")
	case 4, 5:
		return rapid.SampledFrom(vocabulary).Draw(t, "word")
	case 6:
		return "NOT (" + anyQuery(t, depth-1) + ")"
	case 7:
		n := strconv.Itoa(rapid.IntRange(1, 9).Draw(t, "within"))
		return "(" + rapid.SampledFrom(vocabulary).Draw(t, "a") + " NEAR/" + n + " (tib* OR " + rapid.SampledFrom(vocabulary).Draw(t, "b") + "))"
	case 8:
		n := rapid.IntRange(1, 3).Draw(t, "of")
		return strconv.Itoa(n) + " of (" + anyQuery(t, depth-1) + ", " + anyQuery(t, depth-1) + ", " + anyQuery(t, 0) + ")"
	case 9:
		return "(" + anyQuery(t, depth-1) + " OR " + anyQuery(t, depth-1) + ")"
	}
	return "(" + anyQuery(t, depth-1) + " AND " + anyQuery(t, depth-1) + ")"
}

// TestSetIsNaive: many queries in one go give what each gives alone.
func TestSetIsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var qs []*Query
		for range rapid.IntRange(1, 8).Draw(t, "queries") {
			q, err := Parse(anyQuery(t, 3))
			if err != nil {
				t.Fatal(err)
			}
			checkRoundTrip(t, q)
			qs = append(qs, q)
		}
		p := Prepare(anyDoc(t))
		set := NewSet(qs)
		set.Match(Prepare(anyDoc(t))).Done() // what it did before does not show
		found := set.Match(p)
		hits := slices.Clone(found.Queries)
		for i, q := range qs {
			words, ok := q.Match(p)
			if ok && !slices.Equal(found.Words(i), words) {
				t.Fatalf("%s: alone %q, in the set %q", q, words, found.Words(i))
			}
			if naive := q.root.naive(p); ok != naive || slices.Contains(hits, i) != naive {
				t.Fatalf("%s: it is %v; alone %v, in the set %v", q, naive, ok, hits)
			}
		}
		if !slices.IsSorted(hits) || len(slices.Compact(slices.Clone(hits))) != len(hits) {
			t.Fatalf("hits are %v", hits)
		}
		found.Done()
		if again := set.Match(p); !slices.Equal(again.Queries, hits) {
			t.Fatalf("once %v, then %v", hits, again.Queries)
		}
	})
}

// naive says what n means, with no index and no order: every place is tried.
func (n *node) naive(p *Prepared) bool {
	switch n.op {
	case opNot:
		return !n.kids[0].naive(p)
	case opAnd:
		for _, k := range n.kids {
			if !k.naive(p) {
				return false
			}
		}
		return true
	case opOr:
		for _, k := range n.kids {
			if k.naive(p) {
				return true
			}
		}
		return false
	case opOf:
		held := 0
		for _, k := range n.kids {
			if k.naive(p) {
				held++
			}
		}
		return held >= n.number
	case opWords, opNear:
		return len(n.naivePlaces(p)) > 0
	}
	return n.holds(p)
}

func (n *node) naivePlaces(p *Prepared) []span {
	var found []span
	switch n.op {
	case opOr:
		for _, k := range n.kids {
			found = append(found, k.naivePlaces(p)...)
		}
	case opNear:
		for _, a := range n.kids[0].naivePlaces(p) {
			for _, b := range n.kids[1].naivePlaces(p) {
				l, r := a, b
				if l.from > r.from {
					l, r = r, l
				}
				if l.to <= r.from && r.from-l.to+1 <= n.number && p.tokens[l.from].value == p.tokens[r.from].value {
					found = append(found, span{l.from, r.to})
				}
			}
		}
	case opWords:
		for from := range p.tokens {
			if n.naiveAt(p, from) {
				found = append(found, span{from, from + len(n.words)})
			}
		}
	}
	return found
}

func (n *node) naiveAt(p *Prepared, from int) bool {
	v := p.values[p.tokens[from].value]
	inside := from+len(n.words) <= v.end && (v.field == n.field || n.field == plain && (v.field == title || v.field == summary || v.field == text))
	if !inside || n.field == tag && (from != v.first || from+len(n.words) != v.end) {
		return false
	}
	for i, w := range n.words {
		got := p.word(from + i)
		is := got == w.word || w.prefix && strings.HasPrefix(got, w.word) || n.sameStem(i, p.surface(span{from + i, from + i + 1}), p.lang)
		if !is || w.glued && !p.tokens[from+i].glued {
			return false
		}
	}
	return true
}

// sameStem tells whether word i of a term has the stem of a word of the item.
func (n *node) sameStem(i int, other string, l lang.Language) bool {
	if l == lang.None || n.quoted || n.words[i].prefix || n.field == author || n.field == source || n.field == tag {
		return false
	}
	var typed []string
	eachWord(n.typed, func(w word) { typed = append(typed, n.typed[w.from:w.to]) })
	a, _ := utf8.DecodeRuneInString(typed[i])
	b, _ := utf8.DecodeRuneInString(other)
	return !isLone(a) && !isLone(b) && naiveStem(typed[i], l) == naiveStem(other, l)
}

func naiveStem(word string, l lang.Language) string {
	var s lang.Stemmer
	return Fold(s.Stem(l, strings.ToLower(strings.ReplaceAll(norm.NFC.String(word), ".", ""))))
}

func words(p *Prepared) string {
	all := make([]string, len(p.tokens))
	for i := range all {
		all[i] = p.word(i)
	}
	return strings.Join(all, "|")
}

// TestHead: what is seen of an item's head is what would be seen if there was no
// more of it.
func TestHead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDoc(t)
		words := rapid.SliceOfN(rapid.SampledFrom(vocabulary), 30, 90).Draw(t, "long")
		d.Text = strings.Join(words, " ") + " further down"
		p := Prepare(d)
		head := p.Head()
		d.Text = ""
		for _, v := range head.values {
			if v.field == text {
				d.Text = v.raw
			}
		}
		cut := Prepare(d)
		q, err := Parse(rapid.SampledFrom([]string{"", "further OR ", `"further down" OR `, "NOT down "}).Draw(t, "beside") + anyQuery(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		want, ok := q.Match(cut)
		got, same := q.Match(head)
		found := NewSet([]*Query{q}).Match(head)
		if same != ok || !slices.Equal(got, want) || (len(found.Queries) == 1) != ok {
			t.Fatalf("%s: in the head %v %q and %v, in what is cut %v %q", q, same, got, found.Queries, ok, want)
		}
		if n := len(cut.tokens); n > len(p.tokens) || len(words) < headWords/2 && n != len(p.tokens) {
			t.Fatalf("%d of %d words", n, len(p.tokens))
		}
	})
}

// TestParseIsLaw: what NOT, AND and OR are to one another.
func TestParseIsLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyQuery(t, 2), anyQuery(t, 2)
		p := Prepare(anyDoc(t))
		same(t, p, "NOT ("+a+" OR "+b+")", "NOT "+a+" AND NOT "+b)
		same(t, p, a+" "+b, b+" AND "+a)
		same(t, p, "("+a+")", "NOT NOT "+a)
		same(t, p, a+" OR "+a+" "+b, a)
	})
}

func same(t *rapid.T, p *Prepared, a, b string) {
	t.Helper()
	x, errX := Parse(a)
	y, errY := Parse(b)
	if errX != nil || errY != nil {
		t.Fatal(a, errX, b, errY)
	}
	if x.root.holds(p) != y.root.holds(p) {
		t.Fatalf("%s and %s differ", a, b)
	}
}

// TestEveryLetter: each letter reads the same composed and taken apart, in
// either case, and folding twice is folding once.
func TestEveryLetter(t *testing.T) {
	tried := 0
	for r := rune(0); r < 0x20000; r++ {
		if !unicode.IsLetter(r) {
			continue
		}
		tried++
		s := string(r)
		once := Fold(s)
		if again := Fold(once); again != once {
			t.Errorf("%q (%U) folds to %q, that to %q", s, r, once, again)
		}
		if apart := Fold(norm.NFD.String(s)); apart != once {
			t.Errorf("%q (%U) folds to %q, taken apart to %q", s, r, once, apart)
		}
		if upper := string(unicode.ToUpper(r)); unicode.ToLower(unicode.ToUpper(r)) == r && Fold(upper) != once {
			t.Errorf("%q (%U) folds to %q, in upper case to %q", s, r, once, Fold(upper))
		}
		c, d := Prepare(Doc{Text: norm.NFC.String(s)}), Prepare(Doc{Text: norm.NFD.String(s)})
		if words(c) != words(d) {
			t.Errorf("%q (%U) is the word %q composed and %q taken apart", s, r, words(c), words(d))
		}
	}
	if tried < 50000 {
		t.Errorf("only %d letters were tried", tried)
	}
}
