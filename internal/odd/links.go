package odd

// links: where an item leads, and what hangs on it.
func links() []Behaviour {
	leads := func(name, cites, doc, want string) Behaviour {
		return Behaviour{Name: "link-" + name, Cites: cites, Must: true, Want: want, Serve: serve("text/xml", doc), Check: all(fine(Last), addressed(want))}
	}
	nowhere := func(name, link string) Behaviour {
		b := leads(name, "RFC 3986 3.1; miniflux: only http and https", rss("<item><guid>{name}-1</guid><title>Tale 1 of {name}</title><link>"+link+"</link></item>"), "the story, without that address")
		b.Check = all(told(1), lacks(link))
		return b
	}
	title := "<title>Tale 1 of {name}</title>"
	content := func(name, cites, doc string, words ...string) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "published", Serve: serve("text/xml", doc), Check: all(told(1), holds(words...))}
	}
	const media, itunes, dc = ` xmlns:media="http://search.yahoo.com/mrss/"`, ` xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"`, ` xmlns:dc="http://purl.org/dc/elements/1.1/"`
	return []Behaviour{
		leads("relative", "RFC 3986 5", rss("<item>"+title+"<link>/tale/1</link></item>"), "{self}/tale/1"),
		leads("relative-path", "RFC 3986 5", rss("<item>"+title+"<link>tale/1</link></item>"), "{self}/tale/1"),
		leads("no-scheme", "RFC 3986 4.2", rss("<item>"+title+"<link>//{host}/tale/1</link></item>"), "{self}/tale/1"),
		leads("xml-base", "XML Base 4", under(rss("<item xml:base='{self}/below/'>"+title+"<link>tale/1</link></item>"), ""), "{self}/below/tale/1"),
		leads("xml-base-atom", "RFC 4287 2; XML Base", atom(`<link href="{self}/"/>`, `<entry xml:base="{self}/below/"><id>{name}-1</id>`+title+`<updated>2026-01-02T03:04:05Z</updated><link href="tale/1"/></entry>`), "{self}/below/tale/1"),
		leads("permalink-guid", "RSS 2.0 guid: isPermaLink is true unless it says false", rss("<item>"+title+"<guid>{self}/tale/1</guid></item>"), "{self}/tale/1"),
		leads("spaces", "line breaks in the element", rss("<item>"+title+"<link>\n   {self}/tale/1\n  </link></item>"), "{self}/tale/1"),
		leads("cdata", "RSS 2.0 by WordPress", rss("<item>"+title+"<link><![CDATA[{self}/tale/1]]></link></item>"), "{self}/tale/1"),
		leads("unicode", "RFC 3987 3.1", rss("<item>"+title+"<link>{self}/über uns</link></item>"), "{self}/%C3%BCber%20uns"),
		leads("atom-in-rss", "atom:link in an item without link", under(rss("<item>"+title+`<atom:link href="{self}/tale/1"/></item>`), ` xmlns:atom="http://www.w3.org/2005/Atom"`), "{self}/tale/1"),
		leads("many-atom", "RFC 4287 4.1.3.4: rel", atom(`<entry><id>{name}-1</id>`+title+`<updated>2026-01-02T03:04:05Z</updated><link rel="edit" href="{self}/edit"/><link rel="replies" href="{self}/replies"/><link rel="enclosure" href="{self}/a.mp3"/><link rel="alternate" type="text/html" href="{self}/tale/1"/></entry>`), "{self}/tale/1"),
		nowhere("javascript", "javascript:alert(1)"), nowhere("javascript-spaced", "  java&#x0A;script:alert(1)"), nowhere("javascript-case", "JaVaScRiPt:alert(1)"), nowhere("data", "data:text/html,&lt;script>alert(1)&lt;/script>"), nowhere("vbscript", "vbscript:msgbox(1)"),
		nowhere("file", "file:///etc/passwd"), nowhere("tag", "tag:odd.example,2026:1"), nowhere("garbage", "http://[::1:::"),
		content("enclosure", "RSS 2.0 enclosure", rss(item(1, title+`<enclosure url="{self}/a.mp3" type="audio/mpeg" length="12345"/>`)), "{self}/a.mp3", "audio/mpeg"),
		content("enclosure-relative", "RFC 3986 5", rss(item(1, title+`<enclosure url="/a.mp3" type="audio/mpeg" length="12345"/>`)), "{self}/a.mp3"),
		content("enclosure-no-length", "RSS 2.0: required and missing", rss(item(1, title+`<enclosure url="{self}/a.mp3" type="audio/mpeg" length=""/>`)), "{self}/a.mp3"),
		content("enclosures-many", "RSS Advisory Board: one, in practice many", rss(item(1, title+`<enclosure url="{self}/a.mp3" type="audio/mpeg"/><enclosure url="{self}/b.pdf" type="application/pdf"/>`)), "{self}/a.mp3"),
		content("enclosure-atom", "RFC 4287 4.2.7.2", atom(entry(1, title+`<link rel="enclosure" type="audio/mpeg" href="{self}/a.mp3" length="1"/>`)), "{self}/a.mp3"),
		content("media-content", "Media RSS", under(rss(item(1, title+`<media:group><media:content url="{self}/v.mp4" type="video/mp4"/><media:thumbnail url="{self}/t.jpg"/></media:group>`)), media), "{self}/v.mp4", "{self}/t.jpg"),
		content("media-description", "YouTube: the text stands in media:description", under(rss(item(1, title+`<media:group><media:description>Only here is what {name} has to tell.</media:description></media:group>`)), media), "Only here is what {name}"),
		content("itunes", "Apple, podcast RSS", under(rss(item(1, title+`<itunes:author>Cleo of {name}</itunes:author><itunes:summary>Heard at {name}.</itunes:summary><itunes:image href="{self}/cover.jpg"/><enclosure url="{self}/e.mp3" type="audio/mpeg" length="1"/>`)), itunes), "{self}/e.mp3", "Cleo of {name}"),
		content("author-rss", "RSS 2.0: mail (name)", rss(item(1, title+"<author>dora@odd.example (Dora of {name})</author>")), "Dora of {name}"),
		content("author-dc", "Dublin Core creator", under(rss(item(1, title+"<dc:creator><![CDATA[Emil of {name}]]></dc:creator>")), dc), "Emil of {name}"),
		content("author-inherited", "RFC 4287 4.2.1", atom("<author><name>Fay of {name}</name></author>", entry(1, title)), "Fay of {name}"),
		content("author-of-source", "RFC 4287 4.2.1: the entry's source first", atom("<author><name>Not this one of {name}</name></author>", entry(1, title+"<source><id>x</id><title>Elsewhere</title><author><name>Gus of {name}</name></author></source>")), "Gus of {name}"),
		content("categories", "RSS 2.0, RFC 4287 4.2.2", rss(item(1, title+"<category>dams</category><category domain='x'>floods</category>")), "dams", "floods"),
		content("content-encoded", "RSS 1.0 content module", under(rss(item(1, title+"<description>short</description><content:encoded><![CDATA[<p>The whole of {name}, at length.</p>]]></content:encoded>")), ` xmlns:content="http://purl.org/rss/1.0/modules/content/"`), "The whole of {name}, at length."),
		content("image-relative", "RFC 3986 5", rss(item(1, title+`<description>&lt;img src="/i.png" alt="dam">&lt;a href="more">more&lt;/a></description>`)), "{self}/i.png", "{self}/more"),
		content("image-xml-base", "XML Base 4; RFC 4287 3.1.1", atom(entry(1, title+`<content type="html" xml:base="{self}/below/">&lt;img src="i.png"></content>`)), "{self}/below/i.png"),
		content("image-kept", "pictures belong to the story", rss(item(1, title+`<description>&lt;p>Seen at {name}: &lt;img src="{self}/i.png" width="640" height="480" alt="a dam">&lt;/p></description>`)), "{self}/i.png"),
		{Name: "hub-noted", Cites: "WebSub 4", Must: true, Want: "sources says which hub", Serve: serve("text/xml", under(rss(`<atom:link rel="hub" href="https://hub.odd.example/"/>`, story(1)), ` xmlns:atom="http://www.w3.org/2005/Atom"`)), Check: hubbed("https://hub.odd.example/")},
		{Name: "hub-header", Cites: "RFC 8288 3; WebSub 4", Want: "sources says which hub", Serve: with("Link", `<https://hub.odd.example/h>; rel="hub", <{self}/feed>; rel="self"`), Check: hubbed("https://hub.odd.example/h")},
	}
}

func hubbed(want string) Check {
	return func(s *Seen) string {
		if got := s.line(Last).Hub; got != want {
			return wrong("the hub is %q", got)
		}
		return ""
	}
}

// under declares namespaces at the root of an RSS document.
func under(doc, namespaces string) string {
	const root = `<rss version="2.0"`
	for i := range len(doc) - len(root) {
		if doc[i:i+len(root)] == root {
			return doc[:i+len(root)] + namespaces + doc[i+len(root):]
		}
	}
	return doc
}

// words: how titles and texts are marked up.
func words() []Behaviour {
	text := func(name, cites, inner, title string, more ...string) Behaviour {
		return Behaviour{Name: "text-" + name, Cites: cites, Must: true, Want: "title " + title, Serve: serve("text/xml", rss(item(1, inner))), Check: all(fine(Last), titled(title), holds(more...))}
	}
	typed := func(name, cites, inner, title string, more ...string) Behaviour {
		b := text(name, cites, "", title, more...)
		b.Serve = serve(atomType, atom(entry(1, inner)))
		return b
	}
	bidi := text("bidi", "CVE-2021-42574", "<title>{name} \u202egnp.exe\u202c\u2066 x</title><description>text\u202e txet of {name}</description>", "x")
	bidi.Must, bidi.Want, bidi.Check = false, "controls that turn what follows are closed or gone", all(told(1), balancedBidi)
	return []Behaviour{
		text("title-markup", "RSS 2.0: titles with tags", "<title>&lt;b>Bold&lt;/b> words of {name}</title>", "Bold words of {name}"),
		text("title-cdata", "XML 1.0 2.7", "<title><![CDATA[Q&A <i>at</i> {name}]]></title>", "Q&A at {name}"),
		text("title-escaped-twice", "&amp;amp;", "<title>Salt &amp;amp; pepper of {name}</title>", "Salt & pepper of {name}"),
		text("title-entities", "HTML 13.5", "<title>Caf&amp;eacute; &amp;#8220;{name}&amp;#8221;</title>", "Café “{name}”"),
		text("title-less-than", "a title that is no markup", "<title>1 &amp;lt; 2 in {name}</title>", "1 < 2 in {name}"),
		text("title-spaces", "XML 1.0 2.10", "<title>\n   Many\t lines \n of {name}\n</title>", "Many lines of {name}"),
		text("html-escaped", "RSS 2.0 description", "<title>Tale of {name}</title><description>&lt;p>One &amp;amp; two of {name}&lt;/p></description>", "Tale of {name}", "of {name}"),
		text("html-bare", "markup that nobody escaped", "<title>Tale of {name}</title><description><p>One <b>two</b> of {name}</p></description>", "Tale of {name}", "two"),
		typed("xhtml", "RFC 4287 3.1.1.3", `<title>Tale of {name}</title><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One <em>two</em> of {name} &amp; three</p></div></content>`, "Tale of {name}", "<em>two</em>"),
		typed("xhtml-title", "RFC 4287 3.1.1.3", `<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>bold</b> tale of {name}</div></title>`, "A bold tale of {name}"),
		typed("text-type", "RFC 4287 3.1.1.1: text is no HTML, though many mean it", `<title type="text">a List&lt;String> of {name}</title>`, "a List<String> of {name}"),
		typed("html-type", "RFC 4287 3.1.1.2", `<title type="html">a &lt;b>bold&lt;/b> tale of {name}</title>`, "a bold tale of {name}"),
		typed("content-src", "RFC 4287 4.1.3.2", `<title>Tale of {name}</title><content type="text/html" src="{self}/elsewhere"/><summary>Short of {name}</summary>`, "Tale of {name}", "Short of {name}"),
		typed("content-base64", "RFC 4287 4.1.3.3 7.", `<title>Tale of {name}</title><content type="image/png">iVBORw0KGgo=</content><summary>Short of {name}</summary>`, "Tale of {name}", "Short of {name}"),
		bidi,
	}
}

// balancedBidi: no published text leaves a direction open (Unicode 9, UAX 9 3.3.2).
func balancedBidi(s *Seen) string {
	for form, texts := range s.texts {
		for _, t := range texts {
			embeds, isolates := 0, 0
			for _, r := range t {
				switch r {
				case '\u202a', '\u202b', '\u202d', '\u202e':
					embeds++
				case '\u202c':
					embeds--
				case '\u2066', '\u2067', '\u2068':
					isolates++
				case '\u2069':
					isolates--
				}
			}
			if embeds > 0 || isolates > 0 {
				return wrong("%s: a direction is left open in %q", form, t)
			}
		}
	}
	return ""
}
