package canon

import (
	"strings"

	xhtml "golang.org/x/net/html"
)

// image says whether an image is one: not a pixel that counts readers. An
// image that a script loads later gets the address that the script would use.
func (r *rewriter) image() bool {
	var src, later *xhtml.Attribute
	for i := range r.attrs {
		a := &r.attrs[i]
		switch a.Key {
		case "src":
			src = a
		case "data-src", "data-lazy-src", "data-original":
			later = a
		case "width", "height":
			// One side is enough: WordPress.com counts with width="1" alone.
			if isTiny(a.Val) {
				return false
			}
		}
	}
	switch {
	case later == nil || strings.TrimSpace(later.Val) == "":
	case src == nil:
		later.Key = "src"
	case src.Val == "" || strings.HasPrefix(src.Val, "data:"):
		src.Val = later.Val
	}
	return true
}

// isTiny: a side of so many pixels shows nothing.
func isTiny(side string) bool {
	v := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(side)), "px")
	return v == "0" || v == "1"
}

// hides says that an attribute of an image lets nobody see it: it counts
// readers. Without the style that hid it, it would come to light.
func hides(key, value string) bool {
	if key == "hidden" {
		return true
	}
	if key != "style" {
		return false
	}
	for rule := range strings.SplitSeq(strings.ToLower(value), ";") {
		name, v, _ := strings.Cut(rule, ":")
		v = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "!important"))
		switch strings.TrimSpace(name) {
		case "display":
			if v == "none" {
				return true
			}
		case "visibility":
			if v == "hidden" {
				return true
			}
		case "width", "height":
			if isTiny(v) {
				return true
			}
		}
	}
	return false
}
