package feedcheck

import "strings"

// rssElements are RSS 2.0 as the RSS Advisory Board's profile narrows it.
var rssElements = with(extensions, table{
	"rss": {kids: "channel", attrs: "version"},
	"channel": {
		kids: "title link description language? copyright? managingEditor? webMaster? pubDate? lastBuildDate? category* generator? docs? cloud? ttl? image? skipHours? skipDays?" +
			" atom:link+ fh:archive? fh:complete? item*",
	},
	"item": {
		kids: "title? link? description? author? category* comments? enclosure? guid pubDate source? content:encoded? dc:creator* dc:contributor* dc:language? dc:rights? dc:subject*" +
			" atom:updated? atom:link* media:content* media:thumbnail*" + episodeKids,
	},
	"title":               {value: plain},
	"channel>link":        {value: web},
	"link":                {value: points},
	"channel>description": {value: plain},
	"description":         {value: html},
	"language":            {value: lang},
	"copyright":           {value: plain},
	"managingEditor":      {value: rssPerson},
	"webMaster":           {value: rssPerson},
	"author":              {value: rssPerson},
	"pubDate":             {value: date822},
	"lastBuildDate":       {value: date822},
	"category":            {attrs: "domain?", value: plain},
	"generator":           {value: plain},
	"docs":                {value: web},
	"cloud":               {attrs: "domain port path registerProcedure protocol"},
	"ttl":                 {value: positive},
	"image":               {kids: "url title link width? height? description?"},
	"url":                 {value: web},
	"width":               {value: positive},
	"height":              {value: positive},
	"skipHours":           {kids: "hour+"},
	"hour":                {value: count},
	"skipDays":            {kids: "day+"},
	"day":                 {value: oneOf("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")},
	"comments":            {value: web},
	"enclosure":           {attrs: "url length type"},
	"guid":                {attrs: "isPermaLink?", value: text},
	"source":              {attrs: "url", value: plain},
	"content:encoded":     {value: html},
	"dc:creator":          {value: plain},
	"dc:contributor":      {value: plain},
	"dc:subject":          {value: plain},
	"dc:language":         {value: lang},
	"dc:rights":           {value: plain},
	"atom:updated":        {value: date3339},
	"atom:link":           {attrs: "rel type? href title? length?"},
})

// rssPerson is an address, with a name in parentheses or without.
func rssPerson(s string) fault {
	address, name, named := strings.Cut(s, " (")
	if named && !strings.HasSuffix(name, ")") {
		return wrong("bad-email", "%.60q", s)
	}
	return email(address)
}

// checkRSS is what no table says.
func checkRSS(r *report, root *node, self string) {
	channel := root.kid("channel")
	if channel == nil {
		return
	}
	checkLinks(r, channel, "atom:link")
	checkSelf(r, channel, self, "application/rss+xml")
	guids := map[string]bool{}
	for _, it := range channel.all("item") {
		guid := it.textOf("guid")
		if guids[guid] {
			r.add("duplicate-id", it.where, "%s", guid)
		}
		guids[guid] = true
		checkItem(r, it)
	}
}

func checkItem(r *report, it *node) {
	if it.kid("title") == nil && it.kid("description") == nil {
		r.add("missing-element", it.where, "an item needs a title or a description")
	}
	if it.kid("content:encoded") != nil && it.kid("description") == nil {
		r.add("missing-element", it.where, "content:encoded without description: some readers show nothing")
	}
	if it.kid("author") != nil && it.kid("dc:creator") != nil {
		r.add("duplicate-semantics", it.where, "author and dc:creator")
	}
	if g := it.kid("guid"); g != nil && g.attrs["isPermaLink"] != "false" {
		g.found(r, "guid", web(g.text))
	}
	if e := it.kid("enclosure"); e != nil && !strings.HasPrefix(e.attrs["url"], "http") {
		r.add("bad-scheme", e.where, "an enclosure at %s", e.attrs["url"])
	}
	checkLinks(r, it, "atom:link")
	categories := map[string]bool{}
	for _, c := range it.all("category") {
		if key := strings.ToLower(c.text); categories[key] {
			r.add("duplicate-category", c.where, "%s", c.text)
		} else {
			categories[key] = true
		}
	}
}
