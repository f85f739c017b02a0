package publish

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"aggregator/internal/canon"
)

// address is s as an absolute http or https address, "" where it is none. What
// browsers let pass in one and RFC 3986 does not, as in ?a[]=1, is escaped.
func address(s string) string {
	s = canon.Resolve("", canon.Clean(s))
	_, rest, _ := strings.Cut(s, "://")
	path := strings.IndexAny(rest, "/?#")
	if path < 0 || !strings.ContainsAny(rest[path:], "[]") {
		return s
	}
	host := s[:len(s)-len(rest)+path]
	return host + strings.NewReplacer("[", "%5B", "]", "%5D").Replace(rest[path:])
}

// link is where a telling leads: an address, or what else does nothing but
// point, as mailto: and ftp: do in some feeds.
func link(s string) string {
	// Readers drop an empty fragment, and would give back another link.
	if other := strings.TrimSuffix(escaped(uri(canon.Clean(s))), "#"); canon.OtherAddress(other) {
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

// language is s if it has the form of a tag of RFC 5646, else "": xml:lang
// allows nothing else. "en_US" is how many feeds write en-US.
func language(s string) string {
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
