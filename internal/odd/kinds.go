package odd

import (
	"strings"
)

// kinds: the formats and their odd children, and what is no feed at all.
func kinds() []Behaviour {
	return append(append(xmlKinds(), jsonKinds()...), strangers()...)
}

func xmlKinds() []Behaviour {
	read := func(name, cites, media, body string, check ...Check) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "its items", Serve: serve(media, body), Check: all(append([]Check{fine(Last)}, check...)...)}
	}
	one := all(told(1), titled("Tale 1 of {name}"), addressed("{self}/tale/1"), holds("What {name} has to tell"))
	old := `<channel><title>{name}</title><link>{self}/</link><description>d</description><language>en</language><item><title>Tale 1 of {name}</title><link>{self}/tale/1</link><description>What {name} has to tell.</description></item></channel></rss>`
	return []Behaviour{
		read("rss-0.91", "RSS 0.91", "text/xml", `<?xml version="1.0"?><rss version="0.91">`+old, one),
		read("rss-0.92", "RSS 0.92", "text/xml", `<rss version="0.92">`+old, one),
		read("rss-no-version", "RSS 2.0", "text/xml", `<rss>`+old, one),
		read("rss-future", "RSS 2.0 by optimists", "text/xml", `<rss version="3.7beta">`+old, one),
		read("rss-namespaced", "backend.userland.com/rss2", "text/xml", `<rss version="2.0" xmlns="http://backend.userland.com/rss2">`+old, one),
		read("rss-0.90", "RSS 0.90 of Netscape", "text/xml", `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>{name}</title><link>{self}/</link><description>d</description></channel><item><title>Tale 1 of {name}</title><link>{self}/tale/1</link><description>What {name} has to tell.</description></item></rdf:RDF>`, one),
		read("rss-1.0", "RSS 1.0 5", "application/rdf+xml", rdf("", ""), one),
		read("atom-1.0", "RFC 4287", atomType, atom(entry(1, "<title>Tale 1 of {name}</title><summary>What {name} has to tell.</summary>")), one),
		read("atom-0.3", "Atom 0.3", "application/atom+xml", `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>{name}</title><link rel="alternate" type="text/html" href="{self}/"/><modified>2026-01-02T03:04:05Z</modified><entry><title mode="escaped">Tale 1 of {name}</title><link rel="alternate" type="text/html" href="{self}/tale/1"/><id>{self}/tale/1</id><issued>2026-01-02T03:04:05Z</issued><modified>2026-01-02T03:04:05Z</modified><content type="text/html" mode="escaped">What {name} has to tell.</content></entry></feed>`, one),
		read("atom-entry-alone", "RFC 4287 2: an entry document", atomType, strings.Replace(entry(1, "<title>Tale 1 of {name}</title><summary>What {name} has to tell.</summary>"), "<entry>", `<entry xmlns="http://www.w3.org/2005/Atom">`, 1), one).should(either(told(1), failed)),
		read("rss-empty", "RSS 2.0: no items is no error", "text/xml", rss(), told(0)),
		read("atom-empty", "RFC 4287 4.1.1: no entries is no error", atomType, atom(), told(0)),
		read("rss-empties-and-fills", "maintenance at night", "text/xml", "", told(1)).does(turns((*Ask).feed, serve("text/xml", rss()), (*Ask).feed), all(fine(Last), told(1))),
		read("media-plain", "RFC 9110 8.3: text/plain", "text/plain", rss(stories(1, 3)), told(3)),
		read("media-html", "RFC 9110 8.3: text/html", "text/html; charset=UTF-8", rss(stories(1, 3)), told(3)),
		read("media-octets", "RFC 9110 8.3", "application/octet-stream", rss(stories(1, 3)), told(3)),
		read("media-garbage", "RFC 9110 8.3.1", "xml;;; charset", rss(stories(1, 3)), told(3)),
		read("media-json-is-xml", "RFC 9110 8.3", "application/json", rss(stories(1, 3)), told(3)),
		read("media-none", "RFC 9110 8.3", "", "", told(3)).does(func(a *Ask) { a.counter.Header()["Content-Type"] = nil; a.doc3() }, all(fine(Last), told(3))),
		read("attachment", "RFC 6266", "text/xml", "", told(1)).does(with("Content-Disposition", `attachment; filename="feed.xml"`), all(fine(Last), told(1))),
	}
}

func (a *Ask) doc3() { a.WriteHeader(200); a.counter.Write([]byte(a.expand(rss(stories(1, 3))))) }

// does replaces what is served and looked for.
func (b Behaviour) does(serve func(*Ask), check Check) Behaviour {
	b.Serve, b.Check = serve, check
	return b
}

// should: it need not be so well done.
func (b Behaviour) should(check Check) Behaviour {
	b.Must, b.Want, b.Check = false, "its items, or an error that says so", check
	return b
}

func jsonKinds() []Behaviour {
	feed := func(head, items string) string { return `{` + head + `"title":"{name}","items":[` + items + `]}` }
	const v11, v1 = `"version":"https://jsonfeed.org/version/1.1",`, `"version":"https://jsonfeed.org/version/1",`
	const tale = `{"id":"{name}-1","url":"{self}/tale/1","title":"Tale 1 of {name}","content_html":"<p>What {name} has to tell.</p>","date_published":"2026-01-02T03:04:05Z"}`
	one := all(told(1), titled("Tale 1 of {name}"), addressed("{self}/tale/1"), holds("What {name} has to tell"))
	read := func(name, cites, body string, must bool, check ...Check) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: must, Want: "its items", Serve: serve(jsonType, body), Check: all(append([]Check{fine(Last)}, check...)...)}
	}
	return []Behaviour{
		read("json-1.1", "JSON Feed 1.1", feed(v11, tale), true, one),
		read("json-1.0", "JSON Feed 1.0", feed(v1+`"author":{"name":"Ann of {name}"},`, tale), true, one, holds("Ann of {name}")),
		read("json-authors", "JSON Feed 1.1: authors of the feed are those of its items", feed(v11+`"authors":[{"name":"Ben of {name}"}],`, tale), true, one, holds("Ben of {name}")),
		read("json-bom", "RFC 8259 8.1", "\ufeff"+feed(v11, tale), true, one),
		read("json-trailing-comma", "RFC 8259 2, by hand", feed(v11, tale+","), false, one),
		read("json-comments", "RFC 8259 2, by hand", strings.Replace(feed(v11, tale), "{", "{ /* version */ // the feed\n", 1), false, one),
		read("json-no-version", "JSON Feed 1.1: version is required", feed("", tale), false, one),
		read("json-id-number", "JSON Feed 1.1: id as a number", feed(v11, strings.Replace(tale, `"{name}-1"`, `4711`, 1)), true, one),
		read("json-no-id", "JSON Feed 1.1: id is required", feed(v11, strings.Replace(tale, `"id":"{name}-1",`, ``, 1)), false, one),
		read("json-nulls", "generators that write null", feed(v11, strings.Replace(tale, `{`, `{"summary":null,"tags":null,"attachments":null,"authors":null,"image":null,`, 1)), true, one),
		read("json-wrong-types", "generators that write what they have", feed(v11, strings.Replace(tale, `{"id"`, `{"tags":"one","attachments":{},"authors":[null,{"name":7}],"id"`, 1)), false, one),
		read("json-text", "JSON Feed 1.1: content_text is no HTML", feed(v11, strings.Replace(tale, `"content_html":"<p>What {name} has to tell.</p>"`, `"content_text":"What {name} has to tell: a <b & c"`, 1)), true, one),
		read("json-external-url", "JSON Feed 1.1: external_url is what it is about", feed(v11, strings.Replace(tale, `"url"`, `"external_url":"{self}/about","url"`, 1)), true, one),
		read("json-relative", "JSON Feed 1.1; RFC 3986 5", feed(v11, strings.Replace(tale, `"{self}/tale/1"`, `"/tale/1"`, 1)), false, one),
		read("json-cut-off", "RFC 9112 8", strings.TrimSuffix(feed(v11, tale+`,{"id":"2","title":"Half`), "]}"), false, one),
		read("json-as-html", "RFC 9110 8.3: text/html", feed(v11, tale), true, one).does(serve("text/html", feed(v11, tale)), one),
		read("json-lone-surrogate", "RFC 8259 8.2", feed(v11, strings.Replace(tale, "has to tell", `has to tell\ud83d`, 1)), true, told(1)),
		read("json-script", "RFC 8259 7", feed(v11, strings.Replace(tale, "<p>", `<p onclick=\"x()\"><script>x()</script>`, 1)), true, one, harmless),
		read("json-utf16", "RFC 7159 8.1", "", false, told(1)).does(func(a *Ask) {
			a.set("Content-Type", jsonType)
			var wide strings.Builder
			for _, c := range []byte(a.expand(feed(v11, tale))) {
				wide.Write([]byte{c, 0})
			}
			a.counter.Write([]byte("\xff\xfe" + wide.String()))
		}, one),
	}
}

// strangers are no feeds: an error that helps, and nothing told.
func strangers() []Behaviour {
	stranger := func(name, cites, media, body string, words ...string) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "an error that says what it is", Serve: serve(media, body), Check: all(fails(First, words...), told(0))}
	}
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + strings.Repeat("\x00\xff\x10<", 5000)
	return []Behaviour{
		stranger("html-page", "a web page", "text/html", "<!doctype html><html><head><title>x</title></head><body><p>Hello</p></body></html>", "web page"),
		stranger("xhtml-page", "a web page that is XML", "application/xhtml+xml", `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body/></html>`, "web page"),
		stranger("captcha", "Cloudflare: just a moment", "text/html", `<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body><script>challenge()</script></body></html>`, "web page"),
		stranger("opml", "OPML 2.0", "text/x-opml", `<?xml version="1.0"?><opml version="2.0"><head/><body><outline type="rss" xmlUrl="{self}/moved"/></body></opml>`, "OPML"),
		stranger("sitemap", "sitemaps.org", "application/xml", `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{self}/a</loc></url></urlset>`, "urlset"),
		stranger("soap", "SOAP 1.2", "application/xml", `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body/></soap:Envelope>`, "envelope"),
		stranger("bucket-error", "S3: AccessDenied under a 200", "application/xml", `<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, "error"),
		stranger("image", "a picture", "image/png", png, "neither", "not"),
		stranger("plain-text", "netnews, mail, a README", "text/plain", "From: a@b.example\nSubject: Re: {name}\nNewsgroups: comp.misc\n\n> quoted <a@b.example> wrote\n-- \nsig\n", "neither", "not"),
		stranger("json-other", "an API's error", "application/json", `{"error":"not found","code":404}`, "JSON"),
		stranger("json-list", "an API's list", "application/json", `[1,2,3]`, "JSON"),
		stranger("json-broken", "RFC 8259", "application/json", `{"version": nope`, "JSON"),
		stranger("pdf", "a leaflet", "application/pdf", "%PDF-1.7\n"+strings.Repeat("\xe2\xe3 0 obj <</Type>> ", 1000), "not", "neither"),
		stranger("one-byte", "a log that was cut", "text/xml", "<", "not", "neither"),
		stranger("random", "nobody knows", "", randomBytes(200<<10), "not", "neither", "broken"),
	}
}

// randomBytes are always the same.
func randomBytes(n int) string {
	b, x := make([]byte, n), uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return string(b)
}
