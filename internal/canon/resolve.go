package canon

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// Resolve gives ref as an absolute http or https address, relative references
// against base, or "" where that is none. What browsers forgive is forgiven:
// spaces and line ends around and inside, percent signs that escape nothing,
// letters beyond ASCII.
func Resolve(base, ref string) string {
	ref = strings.TrimFunc(ref, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '\ufeff' })
	if isPlain(ref) {
		return ref
	}
	if strings.ContainsAny(ref, "\t\r\n") {
		ref = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(ref)
	}
	u, err := url.Parse(escapeURL(ref))
	if err != nil {
		return ""
	}
	if u.Scheme == "" {
		if b, err := url.Parse(base); err == nil {
			u = b.ResolveReference(u)
		}
	}
	return absolute(u)
}

func absolute(u *url.URL) string {
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.Opaque != "" {
		return ""
	}
	if !isASCII(u.Host) {
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil {
			return ""
		}
		if p := u.Port(); p != "" {
			host += ":" + p
		}
		u.Host = host
	}
	return u.String()
}

// isPlain says that s is absolute and needs no repair, as nearly all are: a
// scan instead of a parse.
func isPlain(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "http://"); !ok {
			return false
		}
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if end == 0 {
		return false
	}
	for i := 0; i < end; i++ {
		if c := rest[i]; !isAlnum(c) && c != '.' && c != '-' {
			return false
		}
	}
	for i := end; i < len(rest); i++ {
		if !urlByte(rest[i]) || rest[i] == '%' && !isEscape(rest, i) {
			return false
		}
	}
	return true
}

// escapeURL escapes the bytes that RFC 3986 allows nowhere, and percent signs
// that escape nothing.
func escapeURL(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (urlByte(c) || c == '[' || c == ']') && (c != '%' || isEscape(s, i)) {
			b.WriteByte(c)
			continue
		}
		writeEscape(&b, c)
	}
	return b.String()
}

// OtherAddress says that link is of a scheme other than http that does nothing
// but point somewhere.
func OtherAddress(link string) bool {
	scheme, rest, ok := strings.Cut(link, ":")
	if !ok || rest == "" || strings.ContainsAny(link, " \t\r\n<>\"") {
		return false
	}
	switch strings.ToLower(scheme) {
	case "ftp", "ftps", "mailto", "gemini", "gopher", "magnet", "news", "nntp", "ipfs":
		return true
	}
	return false
}

func writeEscape(b *strings.Builder, c byte) {
	const hex = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(hex[c>>4])
	b.WriteByte(hex[c&15])
}

// isEscape says whether s[i:] begins with a percent sign and two hex digits.
func isEscape(s string, i int) bool {
	return i+2 < len(s) && s[i] == '%' && isHex(s[i+1]) && isHex(s[i+2])
}

// urlByte allows RFC 3986 2.2 and 2.3 and "%", but for the brackets, which
// stand in IPv6 hosts only.
func urlByte(c byte) bool {
	return isUnreserved(c) || strings.IndexByte(":/?#@!$&'()*+,;=%", c) >= 0
}

func isUnreserved(c byte) bool {
	return isAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isHex(c byte) bool {
	return 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || '0' <= c && c <= '9'
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
