package canon

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"
)

// lines reads "LEFT -> RIGHT" from each line of a file.
func lines(data []byte) (pairs [][2]string) {
	for line := range strings.SplitSeq(strings.TrimRight(string(data), "\n"), "\n") {
		if left, right, ok := strings.Cut(line, " -> "); ok {
			pairs = append(pairs, [2]string{left, right})
		} else if left, ok := strings.CutSuffix(line, " ->"); ok {
			pairs = append(pairs, [2]string{left, ""})
		}
	}
	return pairs
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestURL(t *testing.T) {
	n := 0
	for _, f := range txtar.Parse(read(t, "url.txtar")).Files {
		for _, p := range lines(f.Data) {
			n++
			if got := URL(p[0]); got != p[1] {
				t.Errorf("%s: URL(%q) = %q, want %q", f.Name, p[0], got, p[1])
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d cases were read", n)
	}
}

func TestResolve(t *testing.T) {
	for _, p := range lines(read(t, "resolve.txt")) {
		base, ref, _ := strings.Cut(p[0], " | ")
		if got := Resolve(base, ref); got != p[1] {
			t.Errorf("Resolve(%q, %q) = %q, want %q", base, ref, got, p[1])
		}
	}
}

func TestWordsOfText(t *testing.T) {
	for _, p := range lines(read(t, "text.txt")) {
		kind, in, _ := strings.Cut(p[0], " | ")
		got := ""
		switch kind {
		case "text":
			got = Text(in)
		case "line":
			got = Line(in)
		case "words":
			got = strings.Join(Words(in), "|")
		default:
			t.Fatalf("no kind %q", kind)
		}
		if got != p[1] {
			t.Errorf("%s of %q = %q, want %q", kind, in, got, p[1])
		}
	}
}

func TestHTML(t *testing.T) {
	c := NewCleaner()
	files := txtar.Parse(read(t, "html.txtar")).Files
	for i := 0; i+1 < len(files); i += 2 {
		in, want := strings.TrimSuffix(string(files[i].Data), "\n"), strings.TrimSuffix(string(files[i+1].Data), "\n")
		got := c.HTML(in, "https://h.example/feed/x.xml")
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", files[i].Name, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{
		{"short", 20, "short"},
		{"exactly 13 ch", 13, "exactly 13 ch"},
		{"The quick brown fox jumps over the dog", 20, "The quick brown fox…"},
		{"The quick, brown fox", 12, "The quick…"},
		{strings.Repeat("中国人民", 5), 10, "中国人民中国人民中…"},
		{"ae\u0301io u", 4, "ae\u0301…"},
		{"abc", 0, "…"},
	} {
		got := Clip(c.s, c.n)
		if got != c.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", c.s, c.n, got, c.want)
		}
	}
}

func TestPublic(t *testing.T) {
	for address, want := range map[string]string{
		"https://h.example/feed":                     "https://h.example/feed",
		"https://u:p@h.example/feed?a=1":             "https://u:***@h.example/feed?a=1",
		"https://h.example/f?API_Key=s&b=2&sig=x#id": "https://h.example/f?API_Key=***&b=2&sig=***#id",
		"h.example/f?token=s":                        "h.example/f?token=***",
		"h.example/f?token=":                         "h.example/f?token=",
	} {
		if got := Public(address); got != want {
			t.Errorf("Public(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestHash(t *testing.T) {
	if Hash("ab", "c") == Hash("a", "bc") || Hash("a") == Hash("a", "") || Hash("a", "b") != Hash("a", "b") {
		t.Error("parts run together")
	}
	if HashBytes([]byte("ab")) != Hash("ab") {
		t.Error("bytes and text differ")
	}
	if Hash() == 0 || Hash("") == 0 {
		t.Error("0 stands for none")
	}
}

func TestClean(t *testing.T) {
	if got := Clean("a\x00b\x1fc\td\ne\xff\ufffe\uffff\U0001F600\x7f\ufdd0\U0001ffff"); got != "abc\td\ne\U0001F600" {
		t.Errorf("got %q", got)
	}
	if got := Clean("a\u0085 it\u0092s\u0081"); got != "a… it’s" {
		t.Errorf("what was windows-1252: got %q", got)
	}
	if got := Clean("\ufffd"); got != "\ufffd" {
		t.Errorf("a replacement character is a character: got %q", got)
	}
}

func TestUTF8(t *testing.T) {
	xml := func(enc, text string) string {
		return `<?xml version="1.0" encoding="` + enc + `"?><t>` + text + `</t>`
	}
	encode := func(s string, e interface{ String(string) (string, error) }) string {
		out, err := e.String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()
	utf16be := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder()
	for _, c := range []struct{ name, body, contentType, want string }{
		{"as it is", xml("utf-8", "é"), "", "é"},
		{"mark", "\ufeff" + xml("utf-8", "é"), "", "é"},
		{"json mark", "\ufeff{\"é\"}", "application/json", "{\"é\"}"},
		{"header", encode("<t>Привет</t>", charmap.Windows1251.NewEncoder()), "text/xml; charset=windows-1251", "Привет"},
		{"bad header", encode("<t>Привет</t>", charmap.Windows1251.NewEncoder()), `text/xml; charset="windows-1251";;`, "Привет"},
		{"prolog", encode(xml("windows-1251", "Привет"), charmap.Windows1251.NewEncoder()), "text/xml", "Привет"},
		{"header lies, prolog knows", encode(xml("windows-1251", "Привет"), charmap.Windows1251.NewEncoder()), "text/xml; charset=utf-8", "Привет"},
		{"sjis", encode(xml("Shift_JIS", "東京"), japanese.ShiftJIS.NewEncoder()), "", "東京"},
		{"iso-2022-jp", encode(xml("iso-2022-jp", "東京"), japanese.ISO2022JP.NewEncoder()), "", "東京"},
		{"iana name", encode(xml("IBM437", "é"), charmap.CodePage437.NewEncoder()), "", "é"},
		{"utf-16 with mark", encode(xml("utf-16", "é中"), utf16), "", "é中"},
		{"utf-16 without mark", encode(xml("utf-16", "é中"), utf16be), "", "é中"},
		{"utf-16 only said", xml("utf-16", "é中"), "", "é中"},
		{"latin-1 only said", xml("iso-8859-1", "é中"), "text/xml; charset=iso-8859-1", "é中"},
		{"cp1252 in utf-8", xml("utf-8", "“ok” and \x93bad\x94"), "", "“ok” and “bad”"},
		{"cp1252, nothing said", "<t>caf\xe9</t>", "", "café"},
		{"latin-1 said, utf-8 with a slip", xml("iso-8859-1", "é中文字 – “\x93”"), "", "é中文字"},
		{"us-ascii said", "<t>caf\xe9</t>", "text/xml; charset=us-ascii", "café"},
		{"utf_8", xml("UTF_8", "é"), "", "é"},
		{"unknown", xml("x-no-such", "caf\xe9"), "", "café"},
		{"unknown, but utf-8", xml("x-no-such", "é"), "", "é"},
	} {
		got, err := UTF8([]byte(c.body), c.contentType)
		if err != nil || !strings.Contains(string(got), c.want) || !utf8.Valid(got) {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
		if strings.Contains(string(got), "encoding=") && !strings.Contains(string(got), "utf-8") {
			t.Errorf("%s: the prolog still says %q", c.name, got)
		}
	}
}

func TestUTF8KeepsTheBytesGiven(t *testing.T) {
	body := []byte(`<?xml version="1.0" encoding="latin1"?><t>` + "\xe9</t>")
	was := bytes.Clone(body)
	if _, err := UTF8(body, ""); err != nil || !bytes.Equal(body, was) {
		t.Errorf("err %v, bytes changed: %v", err, !bytes.Equal(body, was))
	}
}

func TestURLProperties(t *testing.T) {
	part := rapid.SampledFrom([]string{"www.", "m.", "amp.", "example", ".com", ".co.uk", "/", "/amp", "/index.html", ".amp", "...amp", "/", "a", "%7e", "%2e%2e", "..", "?", "&", "=", "amp=1", "utm_source=x", "b=2", "#!/x", "#f", ":80", ":443", "é", " ", "%", "[", "]", ";jsessionid=1", "google.com/amp/s/", ".cdn.ampproject.org/c/s/"})
	rapid.Check(t, func(t *rapid.T) {
		s := "https://" + strings.Join(rapid.SliceOfN(part, 1, 12).Draw(t, "parts"), "")
		checkURL(t, s)
	})
}

func checkURL(t interface{ Fatalf(string, ...any) }, s string) {
	once := URL(s)
	if once == "" {
		return
	}
	if twice := URL("https://" + once); twice != once {
		t.Fatalf("URL(%q) = %q, and of that %q", s, once, twice)
	}
}

// active finds what must never be published.
func active(s string) bool {
	s = strings.ToLower(s)
	for _, bad := range []string{"<script", "<style", "<iframe", "<object", "<embed", "<form", "<svg", "<meta", "<base", `="javascript:`, `="vbscript:`, `="data:text`} {
		if strings.Contains(s, bad) {
			return true
		}
	}
	return false
}

func checkHTML(t interface{ Fatalf(string, ...any) }, c *Cleaner, s string) {
	once := c.HTML(s, "https://h.example/")
	if active(once) || !utf8.ValidString(once) {
		t.Fatalf("HTML(%q) = %q", s, once)
	}
	if twice := c.HTML(once, "https://h.example/"); twice != once {
		t.Fatalf("HTML(%q) =\n%q, and of that\n%q", s, once, twice)
	}
}

func TestHTMLProperties(t *testing.T) {
	c := NewCleaner()
	part := rapid.SampledFrom([]string{"<p>", "</p>", "<b>", "</b>", "<div", ">", "<", "/", "<a href=x", "<a href='javascript:x'>", "</a>", "<img src=y ", "width=1 height=1", "<script>", "</script>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&#60;", "&lt", "'", `"`, "=", "text", "é", "\x00", "<iframe>", "</iframe>", "<noscript>", "</noscript>", "<title>", "<textarea>", "<plaintext>", "<svg>", "<br/>", "<table><tr><td>", "</table>", "<template>", "\n", "<li>", "onerror=x", "<math><style>", "<object>", "<select><option>", "<col/>"})
	rapid.Check(t, func(t *rapid.T) {
		checkHTML(t, c, strings.Join(rapid.SliceOfN(part, 1, 20).Draw(t, "parts"), ""))
	})
}

func FuzzURL(f *testing.F) {
	f.Add("https://www.example.com/a/?b=1&a=2#x")
	f.Add("https://www.google.com/amp/s/x.example/a/amp")
	f.Fuzz(func(t *testing.T, s string) { checkURL(t, s) })
}

func FuzzHTML(f *testing.F) {
	c := NewCleaner()
	f.Add(`<p class="x">a<a href="/r">b</a> &amp; <img src=i.png></p>`)
	f.Add("<p>a<b>c</p><iframe>x")
	f.Fuzz(func(t *testing.T, s string) { checkHTML(t, c, s) })
}

func FuzzText(f *testing.F) {
	f.Add(`<p class="x">a<a href="/r">b</a> &amp; <img src=i.png></p>`)
	f.Add("a < b &amp; <script>x")
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{Text(s), Line(s), Clip(s, 20), strings.Join(Words(s), " ")} {
			if utf8.ValidString(s) && !utf8.ValidString(got) {
				t.Fatalf("%q of %q", got, s)
			}
		}
		if got := Line(s); strings.ContainsAny(got, "\n\t\x00") || got != strings.TrimSpace(got) {
			t.Fatalf("Line(%q) = %q", s, got)
		}
	})
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0" encoding="utf-16"?><a>é</a>`), "text/xml")
	f.Add([]byte("\xff\xfe<\x00a\x00"), "text/xml; charset=x")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		if got, err := UTF8(body, contentType); err == nil && !utf8.Valid(got) {
			t.Fatalf("%q", got)
		}
	})
}

// TestNoInputIsSlow gives each function texts that make careless ones search
// to the end from every place: 100 KB that would take them minutes.
func TestNoInputIsSlow(t *testing.T) {
	c := NewCleaner()
	funcs := map[string]func(string){
		"HTML":  func(s string) { c.HTML(s, "https://h.example/") },
		"Text":  func(s string) { Text(s) },
		"Line":  func(s string) { Line(s) },
		"Words": func(s string) { Words(s) },
		"URL":   func(s string) { URL("https://h.example/" + s) },
		"Clip":  func(s string) { Clip(s, 100) },
		"UTF8":  func(s string) { UTF8([]byte(s), s[:10]) },
	}
	for _, part := range []string{"<", "<a ", "<a b=\"", "<a b='\"", "<!--", "<!", "<?", "<title>", "<iframe>", "<script>", "<textarea>", "</b>", "<b>", "<b><i>", "&", "&#", "&a", "<p/", "é", "\xff", "中", "e\u0301", "..", "/..", "?&", "%", "1,", "<img ", "a=b&", "<table><tr><td>"} {
		s := strings.Repeat(part, 100_000/len(part))
		for _, s := range []string{s, s + ">", s + "</title></i>"} {
			for name, f := range funcs {
				start := time.Now()
				f(s)
				if d := time.Since(start); d > 2*time.Second {
					t.Errorf("%s of %q again and again took %s", name, part, d)
				}
			}
		}
	}
}

func TestOtherAddress(t *testing.T) {
	for link, want := range map[string]bool{
		"mailto:me@example.com": true, "FTP://purl.org/rss/#item": true, "magnet:?xt=urn:btih:1": true,
		"javascript:alert(1)": false, "data:text/html,x": false, "vbscript:x": false, "https://a.example/": false,
		"ftp:": false, "mailto:a b": false, "": false, "news": false,
	} {
		if OtherAddress(link) != want {
			t.Errorf("OtherAddress(%q) = %v", link, !want)
		}
	}
}
