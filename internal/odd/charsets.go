package odd

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// written is how a document's characters are written, and what is said of it.
type written struct {
	name, cites  string
	must         bool
	words        string // in the title
	prolog       string // the encoding it declares; "" for none, "-" for no prolog
	header       string // the charset of Content-Type
	in           encoding.Encoding
	before, want string // bytes before it; what the title shall be, if not words
}

// charsets: XML 1.0 F, RFC 7303 3, WHATWG Encoding.
func charsets() []Behaviour {
	const greek, russian, japaneseText, chinese = "Ἀθῆναι café “x”", "Новости дня", "日本の新聞", "維權律師"
	const bom = "\ufeff"
	var all []Behaviour
	for _, w := range []written{
		{name: "utf8-plain", cites: "RFC 7303 3: UTF-8 where nothing is said", must: true, words: greek},
		{name: "utf8-no-prolog", cites: "XML 1.0 2.8", must: true, words: greek, prolog: "-"},
		{name: "utf8-bom", cites: "XML 1.0 4.3.3", must: true, words: greek, before: bom},
		{name: "utf8-bom-twice", cites: "editors that add one to one", must: true, words: greek, before: bom + bom},
		{name: "utf8-leading-space", cites: "PHP files that begin with a blank line", must: true, words: greek, before: "\n \t\n"},
		{name: "utf8-case", cites: "WHATWG Encoding 4.2: labels", must: true, words: greek, prolog: "UtF8"},
		{name: "utf16le-bom", cites: "XML 1.0 F.1", must: true, words: greek, prolog: "utf-16", in: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
		{name: "utf16be-bom", cites: "XML 1.0 F.1", must: true, words: greek, prolog: "utf-16", in: unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
		{name: "utf16le-bare", cites: "XML 1.0 F.1: 3C 00 3F 00", words: greek, prolog: "utf-16", in: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{name: "utf16be-header", cites: "RFC 2781 4", words: greek, prolog: "", header: "utf-16be", in: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
		{name: "utf32-bom", cites: "XML 1.0 F.1", words: greek, prolog: "utf-32", in: utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)},
		{name: "windows-1252", cites: "XML 1.0 4.3.3", must: true, words: "café “x” €5", prolog: "windows-1252", in: charmap.Windows1252},
		{name: "latin1-that-is-1252", cites: "WHATWG Encoding 4.2: iso-8859-1 is windows-1252", must: true, words: "café “x” €5", prolog: "iso-8859-1", in: charmap.Windows1252},
		{name: "latin1-undeclared", cites: "feeds of 2003", words: "café déjà vu", in: charmap.Windows1252},
		{name: "latin9", cites: "ISO 8859-15", words: "cœur €5", prolog: "iso-8859-15", in: charmap.ISO8859_15},
		{name: "latin2", cites: "ISO 8859-2", must: true, words: "Žluťoučký kůň", prolog: "iso-8859-2", in: charmap.ISO8859_2},
		{name: "koi8-r", cites: "RFC 1489", must: true, words: russian, prolog: "koi8-r", in: charmap.KOI8R},
		{name: "windows-1251-header", cites: "RFC 7303 3: the header counts", must: true, words: russian, header: "windows-1251", in: charmap.Windows1251},
		{name: "shift-jis", cites: "WHATWG Encoding 12.3", must: true, words: japaneseText, prolog: "Shift_JIS", in: japanese.ShiftJIS},
		{name: "euc-jp", cites: "WHATWG Encoding 12.1", must: true, words: japaneseText, prolog: "EUC-JP", in: japanese.EUCJP},
		{name: "iso-2022-jp", cites: "RFC 1468", words: japaneseText, prolog: "iso-2022-jp", in: japanese.ISO2022JP},
		{name: "gbk", cites: "WHATWG Encoding 10.1", must: true, words: "中国新闻", prolog: "gb2312", in: simplifiedchinese.GBK},
		{name: "gb18030", cites: "GB 18030", must: true, words: "中国新闻 €", prolog: "gb18030", in: simplifiedchinese.GB18030},
		{name: "big5", cites: "WHATWG Encoding 11.1", must: true, words: chinese, prolog: "big5", in: traditionalchinese.Big5},
		{name: "euc-kr", cites: "WHATWG Encoding 13.1", must: true, words: "한국 뉴스", prolog: "euc-kr", in: korean.EUCKR},
		{name: "bom-beats-header", cites: "RFC 7303 3", must: true, words: greek, before: bom, header: "iso-8859-1"},
		{name: "header-beats-prolog", cites: "RFC 7303 3", must: true, words: russian, prolog: "utf-8", header: "koi8-r", in: charmap.KOI8R},
		{name: "header-lies", cites: "Apache AddDefaultCharset iso-8859-1 on UTF-8", must: true, words: "Новости “x” 日本", prolog: "utf-8", header: "iso-8859-1"},
		{name: "header-us-ascii", cites: "RFC 3023 3.1, given up by RFC 7303", must: true, words: greek, prolog: "utf-8", header: "us-ascii"},
		{name: "prolog-lies-utf16", cites: "gofeed: \"failed to detect feed type\"", must: true, words: greek, prolog: "utf-16"},
		{name: "prolog-unknown", cites: "XML 1.0 4.3.3", must: true, words: greek, prolog: "x-mac-klingon"},
		{name: "header-quoted", cites: "RFC 9110 5.6.6", words: russian, header: "\"koi8-r\"", in: charmap.KOI8R},
	} {
		all = append(all, w.behaviour())
	}
	return append(all, brokenBytes()...)
}

func (w written) behaviour() Behaviour {
	prolog := `<?xml version="1.0"?>`
	if w.prolog == "-" {
		prolog = ""
	} else if w.prolog != "" {
		prolog = fmt.Sprintf(`<?xml version="1.0" encoding="%s"?>`, w.prolog)
	}
	media := "text/xml"
	if w.header != "" {
		media += "; charset=" + w.header
	}
	return Behaviour{Name: w.name, Cites: w.cites, Must: w.must, Want: "its own characters", Serve: func(a *Ask) {
		_, rest, _ := strings.Cut(rss(item(1, "<title>{name} "+w.words+"</title><description>{name} says "+w.words+"</description>")), "?>")
		doc := w.before + prolog + a.expand(rest)
		if w.in != nil {
			var err error
			if doc, err = w.in.NewEncoder().String(doc); err != nil {
				panic(err)
			}
		}
		a.set("Content-Type", media)
		io.WriteString(a.counter, doc)
	}, Check: all(fine(Last), titled("{name} "+w.words), holds(w.words))}
}

// brokenBytes: what is in no charset.
func brokenBytes() []Behaviour {
	spoilt := func(name, cites, spoil string, words ...string) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "the items; what is published is well-formed", Serve: serve("text/xml", rss(story(1), item(2, "<title>Spoilt "+spoil+" tale</title><description>d"+spoil+"e of {name}</description>"), story(3))),
			Check: all(told(3), holds(append(words, "Tale 1 of {name}", "Tale 3 of {name}")...), lacks("\x00", "\x0b", "\x1f", "\ufffe", "\uffff"))}
	}
	return []Behaviour{
		spoilt("bytes-invalid", "Unicode 3.9 D93b", "\xff\xc3\x28\xe2\x82"), spoilt("bytes-surrogates", "RFC 3629 3", "\xed\xa0\xbd"), spoilt("bytes-overlong", "RFC 3629 10", "\xc0\xbc\xe0\x80\xbc"),
		spoilt("bytes-nul", "XML 1.0 2.2", "a\x00b"), spoilt("bytes-control", "XML 1.0 2.2", "\x01\x0b\x1f\x7f"), spoilt("bytes-noncharacter", "Unicode 23.7", "\ufffe\uffff"),
		spoilt("reference-control", "XML 1.0 4.1: &#x1F;", "&#x1F;&#11;"), spoilt("reference-nul", "XML 1.0 4.1", "&#0;"), spoilt("reference-surrogates", "JavaScript's &#xD83D;&#xDE00;", "&#xD83D;&#xDE00;"),
		spoilt("reference-too-large", "XML 1.0 4.1", "&#x110000;&#99999999999999999999;"), spoilt("reference-1252", "HTML 13.2.5.80: &#150;", "&#150;&#x80;"),
		spoilt("bytes-1252-in-utf8", "pasted from Word", "caf\xe9 \x93x\x94"),
		{Name: "utf7", Cites: "WHATWG Encoding 4.2: never; cross-site scripting of 2005", Must: true, Want: "not decoded: no script comes of it", Serve: serve("text/xml; charset=utf-7", rss(item(1, "<title>Tale of {name}</title><description>+ADw-script+AD4-alert(1)+ADw-/script+AD4- in {name}</description>"))), Check: all(told(1), lacks("<script"))},
		{Name: "nul-everywhere", Cites: "disks that failed", Must: true, Want: "an error, and nothing worse", Serve: serve("text/xml", strings.Repeat("\x00", 100000)), Check: all(failed, told(0))},
	}
}
