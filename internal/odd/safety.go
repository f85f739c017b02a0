package odd

import "strings"

// vector is HTML that means no good.
type vector struct{ name, cites, html string }

// vectors are what an item's text may hold: each is served as escaped HTML, with
// a sentence before and behind that must be published.
var vectors = []vector{
	{"script", "HTML 4.12.1", `<script>alert(1)</script>`},
	{"script-src", "HTML 4.12.1", `<script src="{self}/x.js"></script>`},
	{"script-split", "filters that remove once", `<scr<script>ipt>alert(1)</scr</script>ipt>`},
	{"script-slash", "OWASP: non-alpha after the name", `<script/x>alert(1)</script/x>`},
	{"script-open", "OWASP: no closing tag", `<script>alert(1)//`},
	{"script-case", "OWASP", `<ScRiPt>alert(1)</sCrIpT >`},
	{"onerror", "HTML 8.1.8", `<img src=x onerror=alert(1)>`},
	{"onerror-slash", "OWASP: / for a space", `<img/src="x"/onerror=alert(1)>`},
	{"onerror-quotes", "OWASP: malformed img", `<img """><script>alert(1)</script>">`},
	{"onload", "HTML 8.1.8", `<body onload=alert(1)>`},
	{"onclick", "HTML 8.1.8", `<a href="#" onclick="alert(1)">click</a>`},
	{"ontoggle", "HTML 4.11.1", `<details open ontoggle=alert(1)><summary>x</summary></details>`},
	{"onfocus", "HTML 6.6.7", `<input autofocus onfocus=alert(1)><div tabindex=1 autofocus onfocus=alert(1)>x</div>`},
	{"onanimation", "CSS Animations", `<p style="animation:x" onanimationstart=alert(1)>x</p>`},
	{"onmedia", "HTML 4.8.11", `<video src=x onerror=alert(1)><source onerror=alert(1)></video><audio src=x onerror=alert(1)></audio>`},
	{"href-javascript", "RFC 7595; OWASP", `<a href="javascript:alert(1)">x</a>`},
	{"href-case", "OWASP", `<a href="JaVaScRiPt:alert(1)">x</a>`},
	{"href-entities", "OWASP: HTML entities", `<a href="&#106;&#x61;vascript&colon;alert(1)">x</a>`},
	{"href-tab", "WHATWG URL 4.4: tabs are left out", "<a href=\"java\tscript:alert(1)\">x</a><a href=\"java&Tab;script&NewLine;:alert(1)\">y</a>"},
	{"href-control", "WHATWG URL 4.4: controls before", `<a href="&#1;&#14;javascript:alert(1)">x</a>`},
	{"href-vbscript", "Internet Explorer", `<a href="vbscript:msgbox(1)">x</a>`},
	{"href-data", "RFC 2397", `<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>`},
	{"src-javascript", "OWASP", `<img src="javascript:alert(1)"><img dynsrc="javascript:alert(1)"><img lowsrc="javascript:alert(1)">`},
	{"poster-javascript", "HTML 4.8.8", `<video poster="javascript:alert(1)"></video>`},
	{"cite-javascript", "HTML 4.4.4", `<blockquote cite="javascript:alert(1)">x</blockquote>`},
	{"background", "HTML 16.3", `<table background="javascript:alert(1)"><tr><td background="javascript:alert(1)">x</td></tr></table>`},
	{"iframe", "HTML 4.8.5", `<iframe src="{self}/x"></iframe><iframe srcdoc="<script>alert(1)</script>"></iframe>`},
	{"frameset", "HTML 16.2", `<frameset><frame src="javascript:alert(1)"></frameset>`},
	{"object", "HTML 4.8.7", `<object data="{self}/x.swf"><param name=a value=b></object>`},
	{"embed", "HTML 4.8.6", `<embed src="{self}/x.swf"><applet code=X></applet>`},
	{"form", "HTML 4.10.3", `<form action="{self}/steal"><input name=p type=password><button>ok</button></form>`},
	{"formaction", "HTML 4.10.19.6", `<button formaction="javascript:alert(1)">x</button>`},
	{"isindex", "HTML 16.2", `<isindex action="javascript:alert(1)" type=image>`},
	{"meta-refresh", "HTML 4.2.5.3", `<meta http-equiv="refresh" content="0;url=javascript:alert(1)">`},
	{"meta-cookie", "HTML 4.2.5.3", `<meta http-equiv="Set-Cookie" content="a=b">`},
	{"base-href", "HTML 4.2.3", `<base href="javascript:alert(1)//"><a href="x">x</a>`},
	{"link-style", "HTML 4.2.4", `<link rel=stylesheet href="{self}/x.css">`},
	{"link-import", "HTML Imports", `<link rel=import href="{self}/x.html">`},
	{"style", "HTML 4.2.6", `<style>body{background:url(javascript:alert(1))}</style>`},
	{"style-attribute", "CSS 2.2 9.3.1: covers the page", `<div style="position:fixed;top:0;left:0;width:100%;height:100%;background:url({self}/t)">x</div>`},
	{"style-expression", "Internet Explorer 7", `<p style="x:expression(alert(1))">x</p>`},
	{"class-id", "styles and scripts of the reader's own page", `<p class="modal" id="header">x</p>`},
	{"svg-script", "SVG 2 15.5", `<svg><script>alert(1)</script></svg>`},
	{"svg-onload", "SVG 2 15.2", `<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x></svg>`},
	{"svg-use", "SVG 2 5.6", `<svg><use href="data:image/svg+xml,<svg id='x'><script>alert(1)</script></svg>#x"></svg>`},
	{"svg-foreign", "SVG 2 12.5", `<svg><foreignObject><iframe src="javascript:alert(1)"></iframe></foreignObject></svg>`},
	{"svg-style", "mXSS, DOMPurify 2.0.0", `<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`},
	{"math", "mXSS, DOMPurify 2.0.17", `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`},
	{"math-href", "MathML 3 6.4.3", `<math href="javascript:alert(1)"><mi>x</mi></math>`},
	{"noscript", "mXSS: read otherwise where scripts run", `<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`},
	{"template", "HTML 4.12.3", `<template><script>alert(1)</script></template>`},
	{"xmp", "HTML 16.2", `<xmp><p title="</xmp><img src=x onerror=alert(1)>"></xmp>`},
	{"textarea", "HTML 4.10.11", `<textarea><p title="</textarea><img src=x onerror=alert(1)>"></textarea>`},
	{"title-breakout", "HTML 4.2.2", `<title><p title="</title><img src=x onerror=alert(1)>"></title>`},
	{"comment", "HTML 13.1.6", `<!--><img src=x onerror=alert(1)>--><!-- --!><img src=x onerror=alert(1)> -->`},
	{"conditional-comment", "Internet Explorer 9", `<!--[if gte IE 4]><script>alert(1)</script><![endif]-->`},
	{"cdata", "HTML 13.2.5.69", `<![CDATA[<img src=x onerror=alert(1)>]]>`},
	{"attribute-breakout", "HTML 13.2.5.36", "<a title=`x` href=\"x\" title='\"><img src=x onerror=alert(1)>'>x</a>"},
	{"nul-in-tag", "HTML 13.2.5", "<scr\x00ipt>alert(1)</scr\x00ipt><img src=x on\x00error=alert(1)>"},
	{"alien-element", "HTML 4.13", `<x-thing onclick=alert(1)>x</x-thing><custom:tag>y</custom:tag>`},
	{"import-namespace", "Internet Explorer", `<html xmlns:t><?import namespace="t" implementation="#x"><t:set onbegin=alert(1)>`},
	{"srcset", "HTML 4.8.4.3", `<img src="{self}/i.png" srcset="javascript:alert(1) 2x"><picture><source srcset="javascript:alert(1)"></picture>`},
	{"ping", "HTML 4.6.5: tracks clicks", `<a href="{self}/a" ping="{self}/track">x</a>`},
	{"xss-locator", "OWASP: polyglot", `jaVasCript:/*-/*` + "`" + `/*\` + "`" + `/*'/*"/**/(/* */oNcliCk=alert() )//%0D%0A//</stYle/</titLe/</teXtarEa/</scRipt/--!>\x3csVg/<sVg/oNloAd=alert()//>\x3e`},
	{"wbr-autofocus", "contenteditable", `<p contenteditable autofocus onfocus=alert(1) tabindex=0>x</p>`},
	{"marquee", "HTML 16.3.5", `<marquee onstart=alert(1)>x</marquee>`},
	{"dialog", "HTML 4.11.4; popover", `<dialog open>x</dialog><div popover id=p>x</div><button popovertarget=p>x</button>`},
	{"usemap", "HTML 4.8.13", `<map name=m><area href="javascript:alert(1)" shape=default></map><img usemap="#m" src="{self}/i.png">`},
	{"xlink", "SVG 1.1 17", `<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`},
}

// safety: nothing that is published may act.
func safety() []Behaviour {
	const first, last = "Before it {name} speaks.", "After it {name} speaks on."
	var all1 []Behaviour
	for _, v := range vectors {
		words := []string{first}
		if closes(v.name) {
			words = append(words, last)
		}
		all1 = append(all1, Behaviour{Name: "xss-" + v.name, Cites: v.cites, Must: true, Want: "the words, and nothing that acts",
			Serve: serve("text/xml", rss(item(1, "<title>Tale 1 of {name}</title><description>"+escape("<p>"+first+"</p>"+v.html+"<p>"+last+"</p>")+"</description>"))), Check: inert(words...)})
	}
	return append(all1, trackers()...)
}

// closes: the vector ends, so that what follows it is text again.
func closes(name string) bool {
	switch name {
	case "script-open", "script-split", "svg-style", "math", "attribute-breakout", "xss-locator", "comment", "frameset", "textarea", "xmp", "noscript", "title-breakout", "template", "script-slash", "onerror-quotes":
		return false
	}
	return true
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// trackers: what counts readers, and where else a script may stand.
func trackers() []Behaviour {
	pixel := func(name, cites, html string) Behaviour {
		return Behaviour{Name: "tracker-" + name, Cites: cites, Must: true, Want: "left out", Serve: serve("text/xml", rss(item(1, "<title>Tale 1 of {name}</title><description>"+escape("<p>Before it {name} speaks.</p>"+html)+"</description>"))), Check: all(inert("Before it {name} speaks."), lacks("/count"))}
	}
	elsewhere := func(name, cites, doc string, words ...string) Behaviour {
		return Behaviour{Name: "xss-in-" + name, Cites: cites, Must: true, Want: "the words, and nothing that acts", Serve: serve("text/xml", doc), Check: all(told(1), holds(words...), harmless)}
	}
	const evil = `&lt;script>alert(1)&lt;/script>&lt;img src=x onerror=alert(1)>`
	title := "<title>Tale 1 of {name}</title>"
	return []Behaviour{
		pixel("1x1", "FeedBurner", `<img src="{self}/count" width="1" height="1">`), pixel("0x0", "mail campaigns", `<img height=0 width=0 src="{self}/count"/>`),
		pixel("px", "units", `<img src="{self}/count" width="1px" height="1px" alt="">`), pixel("style", "CSS 2.2 10.2", `<img src="{self}/count" style="width:1px;height:1px;display:none">`),
		pixel("style-hidden", "CSS 2.2 11.2", `<img src="{self}/count" style="visibility: hidden; position:absolute">`), pixel("one-side", "WordPress.com stats", `<img src="{self}/count" width="1" alt="">`),
		pixel("hidden", "HTML 6.1", `<img hidden src="{self}/count">`),
		elsewhere("title", "RSS 2.0", rss(item(1, "<title>"+evil+"Tale 1 of {name}</title>")), "Tale 1 of {name}"),
		elsewhere("author", "RSS 2.0", rss(item(1, title+"<author>"+evil+"Ida of {name}</author>")), "Tale 1 of {name}"),
		elsewhere("category", "RSS 2.0", rss(item(1, title+"<category>"+evil+"</category>")), "Tale 1 of {name}"),
		elsewhere("enclosure", "RSS 2.0", rss(item(1, title+`<enclosure url="javascript:alert(1)" type="text/html"/><enclosure url="{self}/a.mp3" type="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"/>`)), "Tale 1 of {name}"),
		elsewhere("guid", "RSS 2.0", rss("<item>"+title+"<guid>javascript:alert(1)</guid></item>"), "Tale 1 of {name}"),
		elsewhere("feed-title", "RSS 2.0", strings.Replace(rss(story(1)), "<title>{name}</title>", "<title>"+evil+"{name}</title>", 1), "Tale 1 of {name}"),
		elsewhere("xhtml", "RFC 4287 3.1.1.3", atom(entry(1, title+`<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script><p onclick="alert(1)">Said by {name}</p><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/></div></content>`)), "Said by {name}"),
		elsewhere("media", "Media RSS", under(rss(item(1, title+`<media:description type="html">`+evil+`Said by {name}</media:description><media:thumbnail url="javascript:alert(1)"/>`)), ` xmlns:media="http://search.yahoo.com/mrss/"`), "Tale 1 of {name}"),
		elsewhere("escaped-twice", "&amp;lt;script>: text, not markup", rss(item(1, title+"<description>&amp;lt;script>alert(1)&amp;lt;/script> of {name}</description>")), "Tale 1 of {name}"),
	}
}
