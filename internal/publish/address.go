package publish

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	bcp47 "golang.org/x/text/language"

	"aggregator/internal/canon"
)

// address is s as an absolute http or https address, "" where it is none. What
// browsers let pass in one and RFC 3986 does not, as in ?a[]=1, is escaped.
func address(s string) string {
	s = canon.Resolve("", line(s))
	if u, err := url.Parse(s); err != nil || !isHost(u.Hostname()) {
		return ""
	}
	_, rest, _ := strings.Cut(s, "://")
	path := strings.IndexAny(rest, "/?#")
	if path < 0 || !strings.ContainsAny(rest[path:], "[]") {
		return s
	}
	host := s[:len(s)-len(rest)+path]
	return host + strings.NewReplacer("[", "%5B", "]", "%5D").Replace(rest[path:])
}

// isHost says that s could be found: an IP address, or labels (RFC 1123 2.1) of
// which the last is no number. Underlines are in use.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, func(r rune) bool { return !isAlphanumeric(r) && r != '-' && r != '_' }) {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// link is where a telling leads: an address, or what else does nothing but
// point, as mailto: and ftp: do in some feeds.
func link(s string) string {
	// Readers drop an empty fragment, and would give back another link.
	if other := strings.TrimSuffix(escaped(uri(line(s))), "#"); canon.OtherAddress(other) {
		return other
	}
	return address(s)
}

// uri is s if it is an absolute URI of any scheme (tag:, urn:), else "".
func uri(s string) string {
	u, err := url.Parse(s)
	_, broken := url.PathUnescape(s) // Parse does not look into tag:x%zz
	if err != nil || broken != nil || u.Scheme == "" || u.Opaque+u.Host+u.Path == "" || strings.ContainsAny(s, " \t\r\n\"<>\\^`{|}") {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if !isHost(u.Hostname()) {
			return ""
		}
	case "urn":
		// RFC 8141 2: an identifier of a namespace, and what it names.
		if nid, nss, _ := strings.Cut(u.Opaque, ":"); len(nid) < 2 || nss == "" || strings.EqualFold(nid, "uuid") && !isUUID(nss) {
			return ""
		}
	case "javascript", "vbscript", "data", "file", "blob":
		return ""
	}
	return s
}

// escaped is an IRI as a URI (RFC 3987, 3.1).
func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

// language is s if it is a tag of RFC 5646 whose parts are known, else "": else
// no program knows what to do with it.
func language(s string) string {
	s = languageForm(s)
	if tag, err := bcp47.Parse(s); err != nil || tag == bcp47.Und || len(s) < 2 || s[1] == '-' {
		return ""
	}
	return s
}

// languageForm is s if it has the form of a tag, else "". "en_US" is how many
// feeds write en-US.
func languageForm(s string) string {
	s = strings.ReplaceAll(s, "_", "-")
	for i, part := range strings.Split(s, "-") {
		if part == "" || len(part) > 8 || strings.ContainsFunc(part, func(r rune) bool {
			return !isAlphanumeric(r) || i == 0 && r <= '9'
		}) {
			return ""
		}
	}
	return s
}
