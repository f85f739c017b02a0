package feedcheck

import (
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/language"
)

// A value says what is wrong with one; the zero fault: nothing.
type value func(string) fault

type fault struct{ rule, what string }

func wrong(rule, format string, args ...any) fault { return fault{rule, fmt.Sprintf(format, args...)} }

// attrValues are the checks of attributes, by name; "element@name" goes before.
var attrValues = map[string]value{
	"href": uri, "url": web, "xmlUrl": web, "htmlUrl": web, "hreflang": lang, "xml:lang": lang, "lang": lang, "xml:base": uri,
	"rss:source@url": uri, "source@url": uri,
	"type": mediaType, "title": plain, "text": text, "length": count, "fileSize": positive, "width": positive, "height": positive, "duration": positive,
	"rel": relation, "term": text, "scheme": uri, "label": text, "ref": uri, "when": date3339, "medium": oneOf("image", "audio", "video", "document", "executable"),
	"isPermaLink": oneOf("true", "false"), "version": oneOf("2.0"), "category": text, "uri": uri, "domain": text, "isDefault": oneOf("true", "false"),
	"atom:title@type": textType, "atom:summary@type": textType, "atom:rights@type": textType, "atom:subtitle@type": textType, "atom:content@type": contentType,
	"outline@title": text, "outline@type": oneOf("rss"), "role": text,
}

// any allows all, for what is looked at elsewhere.
func whatever(string) fault { return fault{} }

func oneOf(words ...string) value {
	return func(s string) fault {
		for _, w := range words {
			if s == w {
				return fault{}
			}
		}
		return wrong("bad-value", "%q is none of %v", s, words)
	}
}

// nothing is for elements that say all by being there.
func nothing(s string) fault {
	if s != "" {
		return wrong("unexpected-text", "%q", s)
	}
	return fault{}
}

// text is something that one can see, without blanks around it.
func text(s string) fault {
	switch {
	case strings.TrimSpace(s) == "":
		return wrong("empty-value", "there is nothing in it")
	case strings.TrimSpace(s) != s:
		return wrong("blanks-around", "%.40q", s)
	}
	return fault{}
}

// plain is text that no reader takes for HTML.
func plain(s string) fault {
	if f := text(s); f.rule != "" {
		return f
	}
	return noHTML(s)
}

var (
	endTag = regexp.MustCompile(`</([A-Za-z0-9]+)>`)
	entity = regexp.MustCompile(`&#?[A-Za-z0-9]+;?`)
)

// noHTML is what the validator looks for where there should be plain text: end
// tags and references.
func noHTML(s string) fault {
	for _, m := range endTag.FindAllStringSubmatch(s, -1) {
		if atom.Lookup([]byte(strings.ToLower(m[1]))) != 0 {
			return wrong("contains-html", "%s in %.60q", m[0], s)
		}
	}
	for _, m := range entity.FindAllString(s, -1) {
		if xhtml.UnescapeString(m) != m {
			return wrong("contains-html", "%s in %.60q", m, s)
		}
	}
	return fault{}
}

// uri is absolute (RFC 3987), of any scheme.
func uri(s string) fault {
	if f := text(s); f.rule != "" {
		return f
	}
	u, err := url.Parse(s)
	switch {
	case strings.ContainsAny(s, " \t\r\n"):
		return wrong("space-in-uri", "%.80q", s)
	case err != nil || strings.ContainsAny(s, "\"<>\\^`{|}"):
		return wrong("bad-uri", "%.80q", s)
	case u.Scheme == "":
		return wrong("relative-uri", "%.80q", s)
	case u.Opaque == "" && u.Host == "" && u.Path == "":
		return wrong("bad-uri", "%.80q leads nowhere", s)
	case u.Scheme == "urn" && !isURN(u.Opaque):
		return wrong("bad-uri", "%.80q is no URN (RFC 8141)", s)
	}
	if _, err := url.PathUnescape(s); err != nil {
		return wrong("bad-uri", "%.80q: a %% that escapes nothing", s)
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return host(u)
	}
	return fault{}
}

var urnForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]:.+`)

func isURN(s string) bool {
	if id, ok := strings.CutPrefix(s, "uuid:"); ok {
		return regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`).MatchString(id)
	}
	return urnForm.MatchString(s)
}

// host is a name or an address that could be one.
func host(u *url.URL) fault {
	h := strings.TrimSuffix(u.Hostname(), ".")
	if _, err := netip.ParseAddr(h); err == nil {
		return fault{}
	}
	labels := strings.Split(h, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsAny(l, " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}~") {
			return wrong("bad-host", "%.80q", h)
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return wrong("bad-host", "%.80q ends in a number", h)
	}
	return fault{}
}

// web is an address that a reader can fetch.
func web(s string) fault {
	if f := uri(s); f.rule != "" {
		return f
	}
	if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return wrong("bad-scheme", "%.80q", s)
	}
	return ascii(s)
}

// ascii: what RFC 3986 allows, beyond which RSS and JSON Feed do not go.
func ascii(s string) fault {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return wrong("bad-uri", "%.80q holds letters that a URI must escape", s)
		}
	}
	return fault{}
}

// points is a link of an item: it need not be fetched, but must do nothing.
func points(s string) fault {
	if f := uri(s); f.rule != "" {
		return f
	}
	if runs(s) {
		return wrong("security-risk", "%.80q", s)
	}
	return ascii(s)
}

// runs says that an address is a program.
func runs(s string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s)), ":")
	return scheme == "javascript" || scheme == "vbscript" || scheme == "data" || scheme == "blob" || scheme == "file"
}

func date3339(s string) fault {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || strings.ToUpper(s) != s {
		return wrong("bad-date", "%q (RFC 3339)", s)
	}
	return plausible(t)
}

func date822(s string) fault {
	t, err := time.Parse(time.RFC1123Z, s)
	if err != nil {
		t, err = time.Parse(time.RFC1123, s)
	}
	if err != nil {
		return wrong("bad-date", "%q (RFC 822, with a year of four digits)", s)
	}
	return plausible(t)
}

// plausible: there was no syndication before 1970, and no news is of the next
// century.
func plausible(t time.Time) fault {
	if t.Year() < 1970 || t.Year() >= 2100 {
		return wrong("implausible-date", "%v", t)
	}
	return fault{}
}

var langForm = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func lang(s string) fault {
	if _, err := language.Parse(s); err != nil || !langForm.MatchString(s) {
		return wrong("bad-language", "%q", s)
	}
	return fault{}
}

var mediaForm = regexp.MustCompile(`^(application|audio|font|haptics|image|message|model|multipart|text|video)/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$`)

func mediaType(s string) fault {
	if !mediaForm.MatchString(s) {
		return wrong("bad-media-type", "%q", s)
	}
	return fault{}
}

func textType(s string) fault { return oneOf("text", "html", "xhtml")(s) }

func contentType(s string) fault {
	if s == "text" || s == "html" || s == "xhtml" {
		return fault{}
	}
	return mediaType(s)
}

var digits = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)

func count(s string) fault {
	if !digits.MatchString(s) {
		return wrong("bad-number", "%q", s)
	}
	return fault{}
}

func positive(s string) fault {
	if s == "0" {
		return wrong("bad-number", "0 says nothing")
	}
	return count(s)
}

func email(s string) fault {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || strings.ContainsAny(s, " \t") {
		return wrong("bad-email", "%.60q", s)
	}
	return host(&url.URL{Host: s[strings.LastIndexByte(s, '@')+1:]})
}

// relations are of the IANA registry what feeds use, and what we do.
var relations = map[string]bool{
	"alternate": true, "self": true, "related": true, "enclosure": true, "via": true, "hub": true, "next": true, "previous": true, "first": true,
	"last": true, "prev-archive": true, "next-archive": true, "current": true, "license": true, "replies": true, "edit": true, "payment": true, "search": true,
}

func relation(s string) fault {
	if relations[s] {
		return fault{}
	}
	if f := uri(s); f.rule != "" {
		return wrong("unregistered-relation", "%q", s)
	}
	return fault{}
}

// clock is itunes:duration.
var clockForm = regexp.MustCompile(`^([1-9][0-9]*|([0-9]{1,2}:)?[0-5]?[0-9]:[0-5][0-9])$`)

func clock(s string) fault {
	if !clockForm.MatchString(s) {
		return wrong("bad-duration", "%q", s)
	}
	return fault{}
}
