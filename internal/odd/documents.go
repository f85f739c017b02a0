package odd

import (
	"fmt"
	"strings"
)

// documents: what stands in a body that should be a feed.
func documents() []Behaviour {
	return append(append(faults(), heavy()...), kinds()...)
}

// faults: XML that is none, and must be read all the same.
func faults() []Behaviour {
	saved := func(name, cites, body string, n int, more ...Check) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: fmt.Sprintf("%d items", n), Serve: serve("text/xml", body), Check: all(append([]Check{told(n)}, more...)...)}
	}
	whole := rss(stories(1, 3))
	prolog, rest, _ := strings.Cut(whole, "?>")
	prolog += "?>"
	odd := func(inner string) string { return rss(story(1), item(2, inner), story(3)) }
	return []Behaviour{
		saved("xml-cut-off", "LIBRARIES: truncated XML loses every item", strings.TrimSuffix(whole, "</channel></rss>")+"<item><title>Half of", 3, lacks("Half of")),
		saved("xml-cut-in-tag", "the same, in a tag", strings.TrimSuffix(whole, "</item></channel></rss>")[:len(whole)-60], 2),
		saved("bare-ampersand", "XML 1.0 4.1", odd("<title>Rock & Roll &c. of {name}</title><description>AT&T in {name}</description>"), 3, holds("Rock & Roll")),
		saved("bare-less-than", "XML 1.0 2.4", odd("<title>1 < 2 in {name}</title><description>a <3 b of {name}</description>"), 3),
		saved("html-entities", "XML 1.0 4.1: undeclared", odd("<title>Caf&eacute; &mdash; &nbsp;{name}</title><description>na&iuml;ve {name}</description>"), 3, holds("Café —")),
		saved("unknown-entity", "XML 1.0 4.1", odd("<title>&bogus; of {name}</title><description>&also-bogus; of {name}</description>"), 3),
		saved("unknown-prefix", "Namespaces in XML 5", odd("<title>Prefixed {name}</title><foo:bar>x</foo:bar><description>of {name}</description>"), 3),
		saved("unquoted-attribute", "XML 1.0 3.1", odd("<title>Unquoted {name}</title><enclosure url={self}/a.mp3 type=audio/mpeg length=9 /><description>of {name}</description>"), 3),
		saved("attribute-twice", "XML 1.0 3.1", odd(`<title>Twice {name}</title><enclosure url="{self}/a.mp3" url="{self}/b.mp3" type="audio/mpeg"/><description>of {name}</description>`), 3),
		saved("tags-crossed", "XML 1.0 2.1", odd("<title>Crossed <b>of</title> {name}</b><description>of {name}</description>"), 3, holds("Tale 1 of {name}", "Tale 3 of {name}")),
		saved("tag-case", "XML 1.0 2.3", strings.NewReplacer("<item>", "<Item>", "</item>", "</ITEM>").Replace(whole), 3),
		saved("php-warning", "display_errors=1", "<br />\n<b>Warning</b>: Undefined variable $x in <b>/var/www/feed.php</b> on line <b>3</b><br />\n"+whole, 3),
		saved("php-warning-inside", "display_errors=1", rss(story(1), "<br />\n<b>Notice</b>: Undefined index in <b>feed.php</b><br />\n", stories(2, 3)), 3),
		saved("prolog-late", "XML 1.0 2.8", "\n\n<!-- made by hand -->\n"+whole, 3),
		saved("prolog-twice", "XML 1.0 2.8", prolog+whole, 3),
		saved("xml-1.1", "XML 1.1 2.8", strings.Replace(whole, `version="1.0"`, `version="1.1"`, 1), 3),
		saved("comment-long", "gofeed looks at 4,096 bytes", prolog+"<!--"+strings.Repeat(" licence ", 2000)+"-->"+rest, 3),
		saved("comment-dashes", "XML 1.0 2.5", prolog+"<!-- a -- b --->"+rest, 3),
		saved("doctype", "RSS 0.91 DTD", prolog+`<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "{other}/rss-0.91.dtd">`+rest, 3, nothingElse),
		saved("doctype-entities", "XML 1.0 4.2", prolog+`<!DOCTYPE rss [<!ENTITY title "Tale">]>`+rest, 3),
		saved("stylesheet", "xml-stylesheet 1.0", prolog+`<?xml-stylesheet type="text/xsl" href="{other}/rss.xsl"?>`+rest, 3, nothingElse),
		saved("after-the-end", "XML 1.0 2.1", whole+"\n<!-- cached --><script>track()</script>\n</html>", 3, lacks("track()")),
		saved("cdata-broken", "XML 1.0 2.7", odd("<title>Open <![CDATA[ of {name}</title><description>of {name}</description>")+"", 1),
		saved("cdata-in-cdata", "XML 1.0 2.7", odd("<title>Nested {name}</title><description><![CDATA[a <![CDATA[b]]> of {name} ]]&gt;</description>"), 3),
		saved("namespace-wrong", "Atom under a slip of the pen", strings.Replace(atom(entry(1, "<title>Tale 1 of {name}</title>")), "2005/Atom", "2005/atom/", 1), 1),
		saved("items-outside-channel", "RSS 2.0 by those who know RSS 1.0", `<rss version="2.0"><channel><title>{name}</title><link>{self}/</link></channel>`+stories(1, 3)+`</rss>`, 3),
		saved("prefixed-rss", "Namespaces in XML 6", strings.NewReplacer("<?", "<?", "</", "</r:", "<", "<r:").Replace(strings.Replace(whole, `version="2.0"`, `version="2.0" xmlns:r="http://backend.userland.com/rss2"`, 1)), 3),
		saved("line-ends", "XML 1.0 2.11", strings.ReplaceAll(whole, "><", ">\r<"), 3),
	}
}

// nothingElse: the second host, which the document names, is left alone.
func nothingElse(s *Seen) string {
	for _, r := range s.Requests {
		if r.Other || r.Path != "/feed" {
			return "it asked for " + r.URI
		}
	}
	return ""
}

// heavy: documents made to cost memory or time.
func heavy() []Behaviour {
	survives := func(name, cites, want string, body func() string, check Check) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: want, Serve: func(a *Ask) { a.set("ETag", `"v1"`).doc(body()) }, Check: all(lively, check)}
	}
	entities := `<!DOCTYPE rss [<!ENTITY a "lol">` + strings.Join(eachOf(9, func(i int) string {
		return fmt.Sprintf(`<!ENTITY %c "%s">`, 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10))
	}), "") + "]>"
	xxe := func(target string) string {
		return `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "` + target + `"><!ENTITY % p SYSTEM "{other}/x.dtd"> %p;]>` + strings.SplitN(rss(item(1, "<title>Tale 1 of {name}</title><description>&x; of {name}</description>")), "?>", 2)[1]
	}
	whatever := func(*Seen) string { return "" }
	all := []Behaviour{
		survives("billion-laughs", "CWE-776", "not swollen", func() string {
			return `<?xml version="1.0"?>` + entities + strings.SplitN(rss(item(1, "<title>&j;</title><description>of {name}</description>")), "?>", 2)[1]
		}, lacks("lollol")),
		survives("quadratic-blowup", "CWE-776", "not swollen", func() string {
			return `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "` + strings.Repeat("lol", 20000) + `">]>` + strings.SplitN(rss(item(1, "<title>{name}"+strings.Repeat("&a;", 2000)+"</title>")), "?>", 2)[1]
		}, lacks("lollol")),
		survives("xxe-file", "CWE-611", "no file is read", func() string { return xxe("file:///etc/passwd") }, func(s *Seen) string { return lacks("root:", "/bin/")(s) + nothingElse(s) }),
		survives("xxe-http", "CWE-611", "nothing is asked", func() string { return xxe("{other}/secret") }, nothingElse),
		survives("xinclude", "XInclude 4.2", "nothing is asked", func() string {
			return rss(item(1, `<title>Tale 1 of {name}</title><description><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{other}/secret" parse="text"/></description>`))
		}, nothingElse),
		survives("deep-nesting", "11 MB of tags: 7 s, 1.3 GiB", "refused, or the items", func() string { return rss(story(1), strings.Repeat("<d>", 2<<20)) }, whatever),
		survives("deep-xhtml", "the same in an entry", "refused, or the items", func() string {
			return atom(entry(1, `<title>Deep {name}</title><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">`+strings.Repeat("<div>", 20000)+"deep"+strings.Repeat("</div>", 20000)+"</div></content>"))
		}, whatever),
		survives("deep-html", "parsers that recurse", "bounded", func() string {
			return rss(item(1, "<title>Deep {name}</title><description>"+strings.Repeat("&lt;div>&lt;b>", 100000)+"deep</description>"))
		}, whatever),
		survives("many-namespaces", "113 KB: 4.3 s and 622 MB", "refused, or the items", func() string {
			return rss(story(1), strings.Join(eachOf(3000, func(i int) string { return fmt.Sprintf(`<n%d:x xmlns:n%d="urn:%d">`, i, i, i) }), ""))
		}, whatever),
		survives("many-attributes", "quadratic look for doubles", "bounded", func() string {
			return rss(item(1, "<title>Many {name}</title><x "+strings.Join(eachOf(50000, func(i int) string { return fmt.Sprintf(`a%d="1" `, i) }), "")+"/>"))
		}, whatever),
		survives("many-pieces", "comments in the text of one element", "bounded", func() string {
			return rss(item(1, "<title>Pieces {name} "+strings.Repeat("a<!---->", 200000)+"</title>"))
		}, whatever),
		survives("many-entities", "a million references", "bounded", func() string {
			return rss(item(1, "<title>References {name}</title><description>"+strings.Repeat("&amp;lt;", 300000)+"</description>"))
		}, whatever),
		survives("many-less-than", "a tag at every byte", "bounded", func() string { return rss(story(1)) + strings.Repeat("<", 1<<20) }, whatever),
		survives("attribute-5mb", "limits of each value", "bounded", func() string {
			return rss(item(1, `<title>Wide {name}</title><enclosure url="{self}/a.mp3?`+strings.Repeat("x", 5<<20)+`" type="audio/mpeg"/>`))
		}, whatever),
		survives("title-1mb", "limits of each value", "bounded", func() string { return rss(item(1, "<title>{name}"+strings.Repeat(" long", 200000)+"</title>")) }, whatever),
		survives("text-9mb", "limits of each value", "bounded", func() string {
			return rss(item(1, "<title>Long {name}</title><description>"+strings.Repeat("A sentence of many. ", 9<<20/20)+"</description>"))
		}, whatever),
		survives("json-deep", "parsers that recurse", "an error", func() string {
			return `{"version":"https://jsonfeed.org/version/1.1","items":` + strings.Repeat("[", 1<<20)
		}, failed),
		survives("guid-1mb", "limits of each key", "bounded", func() string {
			return rss("<item><title>Tale of {name}</title><guid>" + strings.Repeat("g", 1<<20) + "</guid></item>")
		}, whatever),
	}
	fifty := survives("items-50000", "archives served as feeds", "bounded: the items, the first of them, or an error", func() string { return rss(many(50000)) }, whatever)
	fifty.Unpublished = true
	return append(all, fifty)
}

// lively: whatever came of it, the poll was made and its end is known.
func lively(s *Seen) string {
	if s.line(Last).Last.IsZero() {
		return "no poll is on record"
	}
	return ""
}

// many are small items.
func many(n int) string {
	return strings.Join(eachOf(n, func(i int) string {
		return fmt.Sprintf("<item><guid>{name}-%d</guid><title>Small tale %d of {name}</title></item>", i, i)
	}), "")
}

func eachOf(n int, say func(int) string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = say(i)
	}
	return all
}
