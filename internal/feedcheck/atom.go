package feedcheck

import "strings"

// person, mediaContent and the like stand in several tables.
const (
	mediaKids   = "media:title? media:description? media:credit* media:thumbnail*"
	mediaAttrs  = "url type medium? fileSize? duration? width? height? isDefault?"
	episodeKids = " itunes:duration? itunes:season? itunes:episode? itunes:episodeType? itunes:explicit? itunes:image? podcast:transcript* podcast:chapters?"
)

// extensions are elements that stand in Atom and RSS alike.
var extensions = table{
	"media:content":      {kids: mediaKids, attrs: mediaAttrs},
	"media:title":        {value: plain},
	"media:description":  {value: plain},
	"media:credit":       {attrs: "role?", value: plain},
	"media:thumbnail":    {attrs: "url width? height?"},
	"itunes:duration":    {value: clock},
	"itunes:season":      {value: positive},
	"itunes:episode":     {value: positive},
	"itunes:episodeType": {value: oneOf("full", "trailer", "bonus")},
	"itunes:explicit":    {value: oneOf("true", "false")},
	"itunes:image":       {attrs: "href"},
	"podcast:transcript": {attrs: "url type"},
	"podcast:chapters":   {attrs: "url type"},
	"fh:archive":         {value: nothing},
	"fh:complete":        {value: nothing},
}

// atomElements are RFC 4287, 5005 and 6721, as far as feeds may go.
var atomElements = with(extensions, table{
	"atom:feed": {
		kids: "atom:id atom:title atom:updated atom:author* atom:contributor* atom:category* atom:generator? atom:icon? atom:logo? atom:rights? atom:subtitle?" +
			" atom:link+ fh:archive? fh:complete? at:deleted-entry* atom:entry*",
		attrs: "xml:lang? xml:base?",
	},
	"atom:entry": {
		kids: "atom:id atom:title atom:updated atom:published? atom:author* atom:contributor* atom:category* atom:link* atom:summary? atom:content? atom:rights? atom:source?" +
			" media:content* media:thumbnail*" + episodeKids,
		attrs: "xml:lang? xml:base?",
	},
	"atom:source": {
		kids: "atom:id atom:title atom:updated atom:author* atom:contributor* atom:category* atom:generator? atom:icon? atom:logo? atom:rights? atom:subtitle? atom:link*",
	},
	"atom:id":              {value: uri},
	"atom:feed>atom:title": {attrs: "type? xml:lang?", value: whatever},
	"atom:title":           {attrs: "type? xml:lang?", value: whatever}, // see construct
	"atom:subtitle":        {attrs: "type?", value: whatever},
	"atom:summary":         {attrs: "type?", value: whatever},
	"atom:rights":          {attrs: "type?", value: whatever},
	"atom:content":         {attrs: "type? src?", value: whatever},
	"atom:updated":         {value: date3339},
	"atom:published":       {value: date3339},
	"atom:generator":       {attrs: "uri? version?", value: plain},
	"atom:icon":            {value: web},
	"atom:logo":            {value: web},
	"atom:author":          {kids: "atom:name atom:uri? atom:email?"},
	"atom:contributor":     {kids: "atom:name atom:uri? atom:email?"},
	"atom:name":            {value: plain},
	"atom:uri":             {value: uri},
	"atom:email":           {value: email},
	"atom:category":        {attrs: "term scheme? label?"},
	"atom:link":            {attrs: "rel? type? href hreflang? title? length?"},
	"at:deleted-entry":     {kids: "at:comment? atom:source?", attrs: "ref when"},
	"at:comment":           {value: plain},
})

func with(a, b table) table {
	t := table{}
	for _, from := range []table{a, b} {
		for k, v := range from {
			t[k] = v
		}
	}
	return t
}

// checkAtom is what no table says.
func checkAtom(r *report, feed *node, self string) {
	construct(r, feed.kid("atom:title"), text)
	construct(r, feed.kid("atom:subtitle"), text)
	checkLinks(r, feed, "atom:link")
	checkSelf(r, feed, self, "application/atom+xml")
	ids := map[string]bool{}
	for _, e := range feed.all("atom:entry") {
		id := e.textOf("atom:id")
		if ids[id] {
			r.add("duplicate-id", e.where, "%s", id)
		}
		ids[id] = true
		checkEntry(r, e, feed.kid("atom:author") != nil)
	}
	for _, g := range feed.all("at:deleted-entry") {
		// RFC 6721 3: an entry of the same document that is newer wins; ours are
		// never both.
		if ids[g.attrs["ref"]] {
			r.add("deleted-and-there", g.where, "%s", g.attrs["ref"])
		}
	}
	if feed.kid("fh:archive") != nil && feed.kid("fh:complete") != nil {
		r.add("bad-value", feed.where, "an archive is not complete (RFC 5005, section 2)")
	}
}

func checkEntry(r *report, e *node, named bool) {
	source := e.kid("atom:source")
	if !named && e.kid("atom:author") == nil && (source == nil || source.kid("atom:author") == nil) {
		r.add("missing-author", e.where, "neither the entry, nor its source, nor the feed names one (RFC 4287 4.1.1)")
	}
	checkLinks(r, e, "atom:link")
	construct(r, e.kid("atom:title"), text)
	construct(r, e.kid("atom:summary"), text)
	construct(r, e.kid("atom:rights"), text)
	if source != nil {
		construct(r, source.kid("atom:title"), text)
	}
	content := e.kid("atom:content")
	if content == nil && linked(e, "alternate") == nil {
		r.add("missing-alternate", e.where, "an entry without content needs a link (RFC 4287 4.1.2)")
	}
	construct(r, content, nil)
	if p, u := e.textOf("atom:published"), e.textOf("atom:updated"); p != "" && u < p && strings.HasSuffix(p, "Z") && strings.HasSuffix(u, "Z") {
		r.add("updated-before-published", e.where, "%s, published %s", u, p)
	}
	categories := map[string]bool{}
	for _, c := range e.all("atom:category") {
		key := strings.ToLower(c.attrs["term"])
		if categories[key] {
			r.add("duplicate-category", c.where, "%s", c.attrs["term"])
		}
		categories[key] = true
	}
}

// construct is an RFC 4287 text construct (3.1); empty says what an empty one
// is, nil: fine.
func construct(r *report, n *node, empty value) {
	if n == nil {
		return
	}
	if n.text == "" && len(n.kids) == 0 {
		if empty != nil {
			n.found(r, n.name, empty(""))
		}
		return
	}
	switch n.attrs["type"] {
	case "", "text":
		n.found(r, n.name, plain(n.text))
	case "html":
		n.found(r, n.name, htmlOrNone(n.text))
	case "xhtml":
		if n.kid("xhtml:div") == nil {
			r.add("missing-element", n.where, "%s of type xhtml has no div", n.name)
		}
	}
}

// linked is the first link with a relation.
func linked(n *node, rel string) *node {
	for _, l := range append(n.all("atom:link"), n.all("link")...) {
		if l.attrs["rel"] == rel || rel == "alternate" && l.attrs["rel"] == "" && l.name == "atom:link" {
			return l
		}
	}
	return nil
}

// checkLinks: RFC 4287 4.1.1 has one alternate of each type and language; of
// others the same one twice says nothing.
func checkLinks(r *report, n *node, name string) {
	seen := map[[3]string]bool{}
	for _, l := range n.all(name) {
		rel := l.attrs["rel"]
		key := [3]string{rel, l.attrs["type"], l.attrs["hreflang"]}
		if rel != "alternate" && rel != "" {
			key = [3]string{rel, l.attrs["href"], l.attrs["title"]}
		}
		if seen[key] {
			r.add("duplicate-link", l.where, "%s %s", rel, l.attrs["href"])
		}
		seen[key] = true
		if runs(l.attrs["href"]) {
			r.add("security-risk", l.where, "%.60q", l.attrs["href"])
		}
	}
}

// checkSelf: readers subscribe to it.
func checkSelf(r *report, n *node, self, media string) {
	l := linked(n, "self")
	switch {
	case l == nil:
		r.add("missing-self", n.where, "no link says where the feed is")
	case self != "" && l.attrs["href"] != self:
		r.add("self-mismatch", l.where, "%s, and it stands at %s", l.attrs["href"], self)
	case l.attrs["type"] != media:
		r.add("bad-media-type", l.where, "self has type %q", l.attrs["type"])
	}
}
