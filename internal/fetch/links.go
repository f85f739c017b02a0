package fetch

import (
	"net/http"
	"slices"
	"strings"

	"aggregator/internal/canon"
)

// note keeps where to hear of changes without asking: the WebSub hub and the
// feed's own address, as the header says (RFC 8288), else the document (WebSub
// 4); and the cloud of RSS.
func (v *visit) note(r *Result, h http.Header, doc *document, base string) {
	p := &r.Poll
	p.Hub = link(base, first(headerLink(h, "hub"), doc.hub))
	p.Self = link(base, first(headerLink(h, "self"), doc.self))
	p.Cloud = link("", doc.cloud)
}

// link is ref against base; none where there is none.
func link(base, ref string) string {
	if ref == "" {
		return ""
	}
	return canon.Resolve(base, ref)
}

// headerLink is the first target of the Link headers that has the relation.
func headerLink(h http.Header, rel string) string {
	for _, line := range h["Link"] {
		for {
			_, rest, ok := strings.Cut(line, "<")
			if !ok {
				break
			}
			target, params, ok := strings.Cut(rest, ">")
			if !ok {
				break
			}
			// The next target begins behind a comma; none stands in these parameters
			// but in quotes, and a title is not worth reading more exactly for.
			params, line, _ = cutBefore(params, "<")
			if slices.Contains(relations(params), rel) {
				return strings.TrimSpace(target)
			}
		}
	}
	return ""
}

// cutBefore cuts in front of sep, which stays with what is after.
func cutBefore(s, sep string) (before, after string, found bool) {
	if i := strings.Index(s, sep); i >= 0 {
		return s[:i], s[i:], true
	}
	return s, "", false
}

// relations are those of a link: rel=hub or rel="self hub".
func relations(params string) []string {
	for p := range strings.SplitSeq(params, ";") {
		key, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(key), "rel") {
			return strings.Fields(strings.ToLower(strings.Trim(value, "\", \t")))
		}
	}
	return nil
}
