package publish

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Header values that all answers share, ready made; nobody writes to them.
var (
	varies    = []string{"Accept-Encoding"}
	everybody = []string{"*"}
	nosniff   = []string{"nosniff"}
	gzipped   = []string{"gzip"}
	caching   = []string{"public, max-age=60, stale-while-revalidate=60, stale-if-error=86400"}
)

// ServeHTTP answers for /topics/PATH.atom, .rss and .json and for /topics.opml.
// The request's path is the one below the site's address.
func (p *Publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := p.shown.Load()
	d := s.byPath[r.URL.Path]
	if d == nil {
		s.noFeed(w)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "A feed can only be read (GET or HEAD).", http.StatusMethodNotAllowed)
		return
	}
	v, err := p.current(r.Context(), d)
	if errors.Is(err, errGone) {
		s.noFeed(w)
		return
	}
	if err != nil {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
		http.Error(w, "The stories of this feed cannot be read just now. Please try again soon.", http.StatusServiceUnavailable)
		return
	}
	if d.link != nil {
		w.Header()["Link"] = d.link
	}
	v.serve(w, r, d.media, p.now())
}

func (s *shown) noFeed(w http.ResponseWriter) {
	http.Error(w, "There is no feed at this address. All feeds are listed at "+s.site.at("/")+" .", http.StatusNotFound)
}

// current gives the bytes to serve. What one request begins to make is for all,
// so that its going away does not end it.
func (p *Publisher) current(ctx context.Context, d *document) (*version, error) {
	if v := d.fresh(p.now()); v != nil {
		return v, nil
	}
	if !p.reading.TryRLock() {
		if v := d.bytes.Load(); v != nil {
			return v, nil
		}
		p.reading.RLock()
	}
	defer p.reading.RUnlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	v, err := p.read(ctx, d.path)
	p.keep(ctx)
	return v, err
}

func (v *version) serve(w http.ResponseWriter, r *http.Request, media []string, now time.Time) {
	h := w.Header()
	is := v.plain
	if wantsGzip(r.Header["Accept-Encoding"]) {
		is = v.gzip
	}
	h["Etag"] = is.etag
	// A date in the future is never sent (RFC 9110 8.8.2.1): three changes in
	// one second get there.
	if !v.modified.After(now) {
		h["Last-Modified"] = v.header
	}
	h["Cache-Control"] = caching
	h["Vary"] = varies
	h["Access-Control-Allow-Origin"] = everybody
	h["X-Content-Type-Options"] = nosniff
	if v.known(r, is.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if &is.body[0] == &v.gzip.body[0] {
		h["Content-Encoding"] = gzipped
	}
	h["Content-Type"] = media
	h["Content-Length"] = is.length
	if r.Method == http.MethodGet {
		w.Write(is.body) // an error means that the client has gone
	}
}

// known says that the client has these bytes. If-None-Match goes before
// If-Modified-Since (RFC 9110 13.2.2).
func (v *version) known(r *http.Request, etag string) bool {
	if tags := r.Header["If-None-Match"]; len(tags) > 0 {
		for _, list := range tags {
			if matches(list, etag) {
				return true
			}
		}
		return false
	}
	since := r.Header.Get("If-Modified-Since")
	if since == "" {
		return false
	}
	t, err := http.ParseTime(since)
	return err == nil && !v.modified.After(t)
}

// matches compares a list of entity tags weakly with one (RFC 9110 8.8.3.2).
// Ours hold no comma, so that one inside another's tag does no harm.
func matches(list, etag string) bool {
	for more := true; more; {
		var tag string
		tag, list, more = strings.Cut(list, ",")
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// wantsGzip says that the client takes gzip, and likes it no less than the bytes
// as they are (RFC 9110 12.5.3).
func wantsGzip(accept []string) bool {
	zip, any, identity := -1.0, -1.0, 0.0
	for _, list := range accept {
		for more := true; more; {
			var coding string
			coding, list, more = strings.Cut(list, ",")
			name, weight := quality(coding)
			switch {
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				zip = weight
			case name == "*":
				any = weight
			case strings.EqualFold(name, "identity"):
				identity = weight
			}
		}
	}
	if zip < 0 {
		zip = any
	}
	return zip > 0 && zip >= identity
}

// quality parts a coding from its weight, 1 where there is none to read.
func quality(coding string) (name string, weight float64) {
	name, params, _ := strings.Cut(coding, ";")
	key, value, found := strings.Cut(params, "=")
	if !found || !strings.EqualFold(strings.TrimSpace(key), "q") {
		return strings.TrimSpace(name), 1
	}
	weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		weight = 1
	}
	return strings.TrimSpace(name), weight
}
