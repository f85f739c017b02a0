package canon

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// checkPlain: what is written without the policy is what the policy writes.
func checkPlain(t interface{ Fatalf(string, ...any) }, c *Cleaner, s string) {
	s = strings.TrimSpace(Clean(s))
	got, ok := plainHTML(s, "https://h.example/d/")
	if !ok {
		return
	}
	if want := closeTags(c.byPolicy(s, "https://h.example/d/")); closeTags(got) != want {
		t.Fatalf("%q:\nwithout the policy %q\nwith it           %q", s, closeTags(got), want)
	}
}

func TestPlainIsByPolicy(t *testing.T) {
	c := NewCleaner()
	part := rapid.SampledFrom([]string{"<p>", "</p>", "<P class='x'>", "<b>", "</b >", "<br>", "<br/>", "</br>", "<hr />", "<ul><li>", "</ul>", "<h2 id=a>", "</h2>", "<a href=x>", "<a href='https://y.example/?a=1&amp;b=\"2\"'>", "<a href=\"/r?q=é#f\" title=t>",
		"<a href=x href=y>", "<a>", "</a>", "<a href='javascript:x'>", "<a href='mailto:x@y'>", "&amp;", "&nbsp;", "&#60;b&#62;", "&lt;i>", "&notit;", "'", `"`, ">", "<", "text", "é", "维", "\r\n", "&#1;", "&#x80;", "<div>", "</div>", "<img src=x>", "<!-- c -->", "<blockquote cite=z>", "<code>"})
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(part, 1, 8).Draw(t, "parts"), "")
		if _, ok := plainHTML(s, "https://h.example/"); ok {
			plain++
		}
		checkPlain(t, c, s)
	})
	if plain == 0 {
		t.Error("nothing was plain: the test tested nothing")
	}
}

func FuzzPlain(f *testing.F) {
	c := NewCleaner()
	f.Add("<p>a <b>c</b> &amp; <a href=/x>d</a><br/></p>")
	f.Fuzz(func(t *testing.T, s string) { checkPlain(t, c, s) })
}

func TestNormalIsWords(t *testing.T) {
	part := rapid.SampledFrom([]string{"Word", "a", "1", "23", ",", ".", " ", "'", "-", "É", "中国", "ü", "\t", "U.S.", "x1,", "_", "…"})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "parts"), "")
		if got, want := Normal(s), strings.Join(Words(s), " "); got != want {
			t.Fatalf("Normal(%q) = %q, want %q", s, got, want)
		}
	})
}
