package publish

import (
	"strings"
	"testing"

	"aggregator/internal/news"
)

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"https://[2001:db8::1]:8080/a[0]?b[]=1": "https://[2001:db8::1]:8080/a%5B0%5D?b%5B%5D=1",
		"https://[2001:db8::1]":                 "https://[2001:db8::1]",
		"http://example.org/a b":                "http://example.org/a%20b",
		"https://example.org/\x00":              "https://example.org/",
		"javascript:alert(1)":                   "",
		"/relative":                             "",
		"":                                      "",
	} {
		if got := address(in); got != want {
			t.Errorf("address(%q) is %q, want %q", in, got, want)
		}
	}
}

// What could be taken for HTML is written as HTML, or so that it cannot.
func TestInert(t *testing.T) {
	for in, want := range map[string]string{
		"Five < six & seven": "Five < six & seven", "AT&T": "AT&T", "a <b> c</b>": "a < b> c< /b>", "<!-- x": "< !-- x",
		"&lt;b&gt;": "& lt;b& gt;", "R&amp;D": "R& amp;D", "&copy 2020": "& copy 2020", "&#60;": "& #60;", "&#2": "& #2", "&#": "&#", "&": "&", "?a&b;": "?a&b;", "": "",
	} {
		if got := inert(in); got != want {
			t.Errorf("inert(%q) is %q, want %q", in, got, want)
		}
		text := newText(in)
		if shown := strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(text.Text); text.Type == "html" && shown != in || text.Type == "" && text.Text != in {
			t.Errorf("%q as %+v", in, text)
		}
	}
	if newText("x </b>").Type != "html" || newText("a < b").Type != "" {
		t.Error("a text has the wrong type")
	}
}

// The one file that RSS has room for is the one that a podcast program plays.
func TestMainFile(t *testing.T) {
	picture, sound := news.Enclosure{URL: "p", Type: "image/png"}, news.Enclosure{URL: "s", Type: "audio/mpeg"}
	for _, c := range []struct {
		files []news.Enclosure
		want  string
	}{{nil, ""}, {[]news.Enclosure{picture}, "p"}, {[]news.Enclosure{picture, sound}, "s"}} {
		if f, ok := (entry{files: c.files}).main(); f.URL != c.want || ok != (c.want != "") {
			t.Errorf("of %v it is %q", c.files, f.URL)
		}
	}
}

func TestFormsOfValues(t *testing.T) {
	for in, want := range map[string]string{"en_US": "en-US", "zh-Hant-TW": "zh-Hant-TW", "qqqq": "", "x-y": "", "e": "", "": "", "en US": ""} {
		if got := language(in); got != want {
			t.Errorf("language(%q) is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"audio/mpeg; x=y": "audio/mpeg", "AUDIO/MPEG": "audio/mpeg", "audio/*": unknownType, "sound/mp3": unknownType, "": unknownType, "text/": unknownType} {
		if got := mediaType(in); got != want {
			t.Errorf("mediaType(%q) is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]bool{"a@x.example": true, "a@localhost": true, "a b@x": false, "a@b@c": false, "Ann <a@x.example>": false, "a@x..example": false, "": false} {
		if got := email(in) != ""; got != want {
			t.Errorf("email(%q) is %q", in, email(in))
		}
	}
	for in, want := range map[string]bool{"x.example": true, "[::1]": false, "::1": true, "127.0.0.1": true, "1.2.3": false, "a_b.example": true, "x..y": false, "-x.y": false, "": false, "x.example.": true} {
		if isHost(in) != want {
			t.Errorf("isHost(%q) is %v", in, !want)
		}
	}
	for in, want := range map[string]bool{"urn:isbn:1": true, "urn:x": false, "urn:uuid:1": false, "tag:x,2026:y": true, "http://x..y/": false, "javascript:x": false} {
		if got := uri(in) != ""; got != want {
			t.Errorf("uri(%q) is %q", in, uri(in))
		}
	}
}
