package quick

import (
	"bytes"
	"net/http"
	"strings"
)

// headers are those that a simple request may have, each once.
var headers = []string{
	"Host", "User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "If-None-Match", "If-Modified-Since", "Cache-Control", "Connection",
}

// parse reads a request if it is simple, and whole, and the only one.
func parse(head []byte, r *http.Request) bool {
	lines, whole := bytes.CutSuffix(head, []byte("\r\n\r\n"))
	if !whole {
		return false
	}
	first, lines, _ := bytes.Cut(lines, []byte("\r\n"))
	target, get := bytes.CutPrefix(first, []byte("GET "))
	target, v11 := bytes.CutSuffix(target, []byte(" HTTP/1.1"))
	if !get || !v11 || !isPlain(target) {
		return false
	}
	r.RequestURI = string(target)
	r.URL.Path = r.RequestURI
	r.Header, r.Host = http.Header{}, ""
	for more := true; more; {
		var line []byte
		line, lines, more = bytes.Cut(lines, []byte("\r\n"))
		if !parseHeader(line, r) {
			return false
		}
	}
	return r.Host != ""
}

// isPlain: nothing to unescape, to clean, or to cut off.
func isPlain(target []byte) bool {
	for _, c := range target {
		if !isAlphanumeric(c) && c != '/' && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return len(target) > 0 && target[0] == '/' && !bytes.Contains(target, []byte("//")) && !bytes.Contains(target, []byte("/."))
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func parseHeader(line []byte, r *http.Request) bool {
	raw, value, ok := bytes.Cut(line, []byte(":"))
	name := known(raw)
	value = bytes.Trim(value, " \t")
	if !ok || name == "" || r.Header[name] != nil || !isText(value) {
		return false
	}
	switch name {
	case "Host":
		if r.Host != "" || !isHost(value) {
			return false
		}
		r.Host = string(value)
		return true
	case "Connection":
		if !strings.EqualFold(string(value), "keep-alive") {
			return false
		}
	}
	r.Header[name] = []string{string(value)}
	return true
}

// known is a header's name as net/http spells it; "" for one that is not simple.
func known(raw []byte) string {
	for _, name := range headers {
		if len(raw) == len(name) && strings.EqualFold(name, string(raw)) {
			return name
		}
	}
	return ""
}

func isText(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func isHost(value []byte) bool {
	for _, c := range value {
		if !isAlphanumeric(c) && c != '.' && c != '-' && c != ':' {
			return false
		}
	}
	return len(value) > 0
}
