package feedcheck

import (
	"regexp"
	"strings"

	xhtml "golang.org/x/net/html"
)

// harmless are the elements that the W3C validator takes for safe, and those that
// HTML has got since.
var harmless = set(`a abbr acronym address article aside audio b bdi bdo big blockquote br caption center cite code col colgroup dd del
details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p picture pre q rb rp rt
ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr`)

var harmlessAttrs = set(`abbr align alt axis border cellpadding cellspacing char charoff cite colspan controls datetime dir height href hreflang
kind label lang media poster rel reversed rowspan scope span src srclang start summary title type value width`)

var addressAttrs = set("href src cite poster")

var void = set("br hr img wbr col source track")

// optional are elements whose end may be left out (HTML 13.1.2.4).
var optional = set("p li dt dd tr td th thead tbody tfoot colgroup caption rb rt rp")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// html is a text that a reader puts into its page.
func html(s string) fault {
	if strings.TrimSpace(s) == "" {
		return wrong("empty-value", "there is nothing in it")
	}
	return htmlOrNone(s)
}

func htmlOrNone(s string) fault {
	z := xhtml.NewTokenizer(strings.NewReader(s))
	var open []string
	for {
		kind := z.Next()
		raw := string(z.Raw())
		var f fault
		switch kind {
		case xhtml.ErrorToken:
			if raw != "" && strings.TrimSpace(raw) != "" {
				return wrong("not-html", "it ends inside of %.40q", raw)
			}
			return allClosed(open)
		case xhtml.TextToken:
			f = escaped(raw)
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			open, f = start(z.Token(), raw, open)
		case xhtml.EndTagToken:
			open, f = end(z.Token().Data, open)
		default:
			f = wrong("not-html", "%.40q", raw)
		}
		if f.rule != "" {
			return f
		}
	}
}

func allClosed(open []string) fault {
	for _, name := range open {
		if !optional[name] {
			return wrong("unclosed-tag", "<%s>", name)
		}
	}
	return fault{}
}

func start(t xhtml.Token, raw string, open []string) ([]string, fault) {
	if !harmless[t.Data] {
		return open, wrong("security-risk", "<%s>", t.Data)
	}
	seen := map[string]bool{}
	for _, a := range t.Attr {
		switch {
		case !harmlessAttrs[a.Key]:
			return open, wrong("security-risk", "%s in <%s>", a.Key, t.Data)
		case addressAttrs[a.Key]:
			if f := address(t.Data, a.Val); f.rule != "" {
				return open, f
			}
		}
		seen[a.Key] = true
	}
	if t.Data == "img" && !seen["src"] {
		return open, wrong("missing-attribute", "<img> without src")
	}
	if !void[t.Data] {
		open = append(open, t.Data)
	}
	if f := escaped(strings.Trim(raw, "<>")); f.rule != "" {
		return open, f
	}
	return open, fault{}
}

func address(tag, s string) fault {
	if tag == "img" && strings.HasPrefix(s, "data:image/") {
		return fault{}
	}
	if runs(s) {
		return wrong("security-risk", "%.60q", s)
	}
	f := uri(s)
	if f.rule == "relative-uri" {
		return wrong("relative-uri-in-html", "%.60q", s)
	}
	return f
}

func end(name string, open []string) ([]string, fault) {
	if void[name] {
		return open, wrong("bad-nesting", "</%s>", name)
	}
	for i := len(open) - 1; i >= 0; i-- {
		if open[i] == name {
			return open[:i], fault{}
		}
		if !optional[open[i]] {
			return open, wrong("bad-nesting", "</%s> inside of <%s>", name, open[i])
		}
	}
	return open, wrong("bad-nesting", "</%s> closes nothing", name)
}

var reference = regexp.MustCompile(`^&(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)

// escaped says whether & and < are.
func escaped(raw string) fault {
	if i := strings.IndexByte(raw, '<'); i >= 0 {
		return wrong("unescaped", "< in %.40q", raw[i:])
	}
	for {
		i := strings.IndexByte(raw, '&')
		if i < 0 {
			return fault{}
		}
		raw = raw[i:]
		if !reference.MatchString(raw) {
			return wrong("unescaped", "& in %.40q", raw)
		}
		raw = raw[1:]
	}
}
