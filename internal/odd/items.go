package odd

import (
	"fmt"
	"strings"
	"time"
)

// items: what stands in one, and what becomes of it from one visit to the next.
func items() []Behaviour {
	return append(append(lives(), dates()...), append(links(), words()...)...)
}

// lives: how items come, go and change.
func lives() []Behaviour {
	over := func(name, cites, want string, n int, docs ...string) Behaviour {
		var all1 []func(*Ask)
		for _, d := range docs {
			all1 = append(all1, serve("text/xml", rss(d)))
		}
		return Behaviour{Name: name, Cites: cites, Must: true, Want: want, Serve: turns(all1...), Check: all(fine(Last), told(n))}
	}
	with := func(b Behaviour, more ...Check) Behaviour {
		b.Check = all(append([]Check{b.Check}, more...)...)
		return b
	}
	said := func(guid, n int, text string) string {
		return fmt.Sprintf(`<item><guid isPermaLink="false">{name}-%d</guid><link>{self}/tale/%d</link><title>%s of {name}</title><description>%s, says {name}, and there is more to it.</description></item>`, guid, n, text, text)
	}
	var rotated, shuffled []string
	for i := range 5 {
		rotated = append(rotated, story(1+i)+story(2+i))
		shuffled = append(shuffled, story(1+i%3)+story(1+(i+1)%3)+story(1+(i+2)%3))
	}
	return []Behaviour{
		with(over("guid-revised", "miniflux #3120", "one story with the new words", 1, said(1, 1, "Dam cracks"), said(1, 1, "Dam breaks at dawn")), titled("Dam breaks at dawn of {name}")),
		over("guid-reused", "sites whose guid is the section", "another address and other words are another story, or a revision; none is lost", 1, said(1, 1, "Dam breaks"), said(1, 2, "Choir wins a prize")).does(nil, nil).does(turns(serve("text/xml", rss(said(1, 1, "Dam breaks"))), serve("text/xml", rss(said(1, 2, "Choir wins a prize")))), func(s *Seen) string {
			return holds("Choir wins a prize of {name}")(s)
		}),
		with(over("guid-flaps", "huginn #1740: memory by last-N", "a guid that comes and goes is one story", 2, story(1)+story(2), story(2), story(1)+story(2), story(1), story(2)+story(1))),
		over("guid-changes", "session ids in guids; the address stays", "one story", 1, said(1, 1, "Dam breaks"), said(2, 1, "Dam breaks"), said(3, 1, "Dam breaks")),
		over("reordered", "sites that sort by popularity", "each once", 3, shuffled...),
		over("rolling", "each visit drops one and adds one", "each once", 6, rotated...),
		over("dropped-and-back", "huginn #1740", "each once", 2, story(1)+story(2), story(2), story(2), story(1)+story(2)),
		over("guid-twice", "WordPress plugins", "two items with one guid and other words: none is lost", 2, said(1, 1, "Dam breaks")+said(1, 2, "Choir wins a prize")).does(serve("text/xml", rss(said(1, 1, "Dam breaks")+said(1, 2, "Choir wins a prize"))), holds("Dam breaks of {name}", "Choir wins a prize of {name}")),
		over("item-twice", "the very same item, twice in one document", "one story", 1, story(1)+story(1)),
		over("guid-case", "RSS 2.0: a guid is a string", "two stories", 2, "").does(serve("text/xml", rss(`<item><guid isPermaLink="false">ab{name}</guid><title>Dam breaks at {name}</title><link>{self}/1</link></item><item><guid isPermaLink="false">AB{name}</guid><title>Choir of {name} wins</title><link>{self}/2</link></item>`)), all(fine(Last), told(2))),
		with(over("revision-explained", "explain says what became of an item", "revised", 1, said(1, 1, "Dam cracks"), said(1, 1, "Dam breaks at dawn")), explained("{self}/tale/1", "revis")),
		{Name: "drop-explained", Cites: "explain says why an item was left out", Must: true, Want: "the rule", Keys: "drop: 'title:sponsored'", Serve: serve("text/xml", rss(story(1), item(2, "<title>Sponsored by {name}</title>"))), Check: all(told(1), lacks("Sponsored by"), explained("{self}/tale/2", "title:sponsored"))},
		over("guid-none", "RSS 2.0: guid is optional", "each once, by its address", 2, `<item><title>Tale A of {name}</title><link>{self}/a</link></item><item><title>Tale B of {name}</title><link>{self}/b</link></item>`),
		over("guid-and-link-none", "RSS 2.0: all is optional but title or description", "each once, by its words", 2, `<item><title>Tale A of {name}</title></item><item><title>Tale B of {name}</title></item>`),
		over("guid-empty", "<guid/>", "each once", 2, `<item><guid/><title>Tale A of {name}</title><link>{self}/a</link></item><item><guid></guid><title>Tale B of {name}</title><link>{self}/b</link></item>`),
		over("title-none", "RSS 2.0; FreshRSS #6218", "the items", 2, `<item><guid>{name}-1</guid><description>Microblogs have no titles, says {name}.</description></item><item><guid>{name}-2</guid><description>The second post of {name}, without a title as well.</description></item>`),
		over("description-none", "RSS 2.0", "the items", 1, `<item><guid>{name}-1</guid><title>Only a title of {name}</title><link>{self}/1</link></item>`),
		over("item-empty", "<item/>", "the others", 2, story(1)+"<item></item><item/>"+story(2)).does(serve("text/xml", rss(story(1)+"<item></item>"+story(2))), holds("Tale 1 of {name}", "Tale 2 of {name}")),
		over("titles-equal", "FreshRSS #948: one title for every post", "as many stories as addresses", 3, `<item><guid>1</guid><title>Daily picture</title><link>{self}/1</link><description>{name}: a heron.</description></item><item><guid>2</guid><title>Daily picture</title><link>{self}/2</link><description>{name}: a fox.</description></item><item><guid>3</guid><title>Daily picture</title><link>{self}/3</link><description>{name}: an owl.</description></item>`),
		over("live-blog", "items under one address", "each is told", 3, `<item><guid>1</guid><title>Doors open at {name}</title><link>{self}/live</link></item><item><guid>2</guid><title>Minister arrives at {name}</title><link>{self}/live</link></item><item><guid>3</guid><title>Vote is postponed at {name}</title><link>{self}/live</link></item>`),
		over("link-flaps-https", "migrations to https, one server at a time", "one story", 1, said(1, 1, "Dam breaks"), strings.Replace(said(2, 1, "Dam breaks"), "{self}", "https://{host}", 1)),
		over("link-tracked", "utm_source changes with each visit", "one story", 1, said(1, 1, "Dam breaks"), strings.Replace(said(2, 1, "Dam breaks"), "/tale/1", "/tale/1?utm_source=feed&amp;utm_medium=rss", 1)),
	}
}

// dates: RFC 822, RFC 3339, and what is neither.
func dates() []Behaviour {
	at := func(name, cites, date, want string) Behaviour {
		return Behaviour{Name: "date-" + name, Cites: cites, Must: false, Want: want, Serve: serve("text/xml", rss(item(1, "<title>Tale 1 of {name}</title><pubDate>"+date+"</pubDate>"))), Check: dated(want)}
	}
	now := func(name, cites string, must bool, date string) Behaviour {
		b := at(name, cites, date, "when it was first seen")
		b.Must, b.Check = must, recent
		return b
	}
	const noon = "2026-01-02T12:00:00Z"
	return []Behaviour{
		now("future", "blaggregator #114", true, "Fri, 02 Jan 2099 12:00:00 GMT"), now("none", "RSS 2.0: optional", true, ""), now("garbage", "last Tuesday", true, "last Tuesday, or so"),
		now("impossible", "30 February", true, "Mon, 30 Feb 2026 25:61:00 GMT"), now("1970", "Unix time 0 of those who know no date", true, "Thu, 01 Jan 1970 00:00:01 GMT"), now("zero", "0000-00-00 of MySQL", false, "0000-00-00 00:00:00"),
		at("rfc822", "RFC 822 5.1", "Fri, 02 Jan 26 12:00:00 GMT", noon), at("rfc2822", "RFC 2822 3.3", "Fri, 2 Jan 2026 13:00:00 +0100", noon), at("rfc3339", "RFC 3339 5.6", "2026-01-02T13:00:00+01:00", noon),
		at("zone-name", "RFC 822 5.1", "Fri, 02 Jan 2026 07:00:00 EST", noon), at("no-weekday", "RFC 822 5.1", "2 Jan 2026 12:00 UT", noon), at("wrong-weekday", "RFC 822 5.2", "Tue, 02 Jan 2026 12:00:00 GMT", noon),
		at("no-seconds", "RFC 822 5.1", "Fri, 02 Jan 2026 12:00 GMT", noon), at("no-space", "no space after the comma", "Fri,02 Jan 2026 12:00:00 GMT", noon), at("long-month", "words in full", "Friday, January 2, 2026 12:00 PM", noon),
		at("basic-iso", "ISO 8601 basic", "20260102T120000Z", noon), at("space-iso", "SQL", "2026-01-02 12:00:00", noon), at("german", "Fr, 02 Jan; Mai, Okt, Dez", "Fr, 02 Jan 2026 12:00:00 GMT", noon),
		at("twentyfour", "ISO 8601: 24:00", "2026-01-01T24:00:00Z", "2026-01-02T00:00:00Z"),
		at("padded", "line breaks in the element", "\n   Fri, 02 Jan 2026 12:00:00 GMT\n  ", noon),
		{Name: "date-moves", Cites: "CMS that set pubDate to now at each visit", Must: true, Want: "one story, with its first date", Serve: func(a *Ask) {
			a.doc(rss(item(1, fmt.Sprintf("<title>Tale 1 of {name}</title><pubDate>Fri, 0%d Jan 2026 12:00:00 GMT</pubDate>", a.Visit))))
		}, Check: all(told(1), func(s *Seen) string {
			if d := s.Stories[0].Published; d.After(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)) {
				return wrong("it is of %s now", d)
			}
			return ""
		})},
	}
}

// recent: the story is of when it was first seen.
func recent(s *Seen) string {
	if len(s.Stories) != 1 {
		return wrong("%d stories, want one", len(s.Stories))
	}
	if age := time.Since(s.Stories[0].Published); age < 0 || age > 10*time.Minute {
		return wrong("the story is of %s", s.Stories[0].Published)
	}
	return ""
}
