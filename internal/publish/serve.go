package publish

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/access"
	"aggregator/internal/news"
)

// Header values that all answers share, ready made; nobody writes to them.
var (
	varies    = []string{"Accept-Encoding"}
	everybody = []string{"*"}
	nosniff   = []string{"nosniff"}
	noReferer = []string{"no-referrer"}
	caching   = []string{"public, max-age=60, stale-while-revalidate=60, stale-if-error=86400"}
	forGood   = []string{"public, max-age=31536000, immutable"}
	ofReader  = []string{"private, max-age=60"}
)

// ServeHTTP answers for /topics/PATH.atom, .rss and .json, for the archives
// beside them, and for /topics.opml. The request's path is the one below the
// site's address.
func (p *Publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := p.shown.Load()
	d := s.find(r.URL.Path)
	if d == nil {
		s.noFeed(w)
		return
	}
	if !d.topic.Keys.Allow(r) {
		access.Ask(w)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "A feed can only be read (GET or HEAD).", http.StatusMethodNotAllowed)
		return
	}
	d, err := p.narrow(d, r)
	var v *version
	if err == nil {
		v, err = p.current(r.Context(), d)
	}
	switch {
	case err == nil:
		v.serve(w, r, d, p.now())
	case errors.Is(err, errMoved):
		p.ServeHTTP(w, r)
	case errors.Is(err, errGone):
		p.elsewhere(w, r, s, d)
	default:
		fail(w, err)
	}
}

// find is the document at a path; nil if there can be none. Whether there is an
// archive with that name is not known yet.
func (s *shown) find(path string) *document {
	if d := s.byPath[path]; d != nil {
		return d
	}
	for _, f := range formats {
		base, ok := strings.CutSuffix(path, f.suffix)
		i := strings.LastIndexByte(base, '.')
		if !ok || i < 0 || !isUUID(base[i+1:]) {
			continue
		}
		// A format that the topic has.
		if st := s.byPage[base[:i]]; st != nil && s.byPath[base[:i]+f.suffix] != nil {
			return newDocument(st, f, base[i+1:])
		}
	}
	return nil
}

// narrow is the document that a request means: the one kept in its place, and a
// head filtered as the address says.
func (p *Publisher) narrow(d *document, r *http.Request) (*document, error) {
	if r.URL.RawQuery != "" && d.part == "" && d.format.write != nil {
		f, err := readFilter(r.URL.RawQuery)
		if err != nil {
			return nil, err
		}
		if (f.q != nil || len(f.langs) > 0) && p.Match == nil {
			return nil, badFilter("Filters by lang and q are not served here.")
		}
		if !f.none() {
			d = newDocument(d.stock, d.format, "")
			d.filter = f
		}
	}
	if d.rare() {
		return p.rare.document(d), nil
	}
	return d, nil
}

// elsewhere answers for an archive that is none: its story may be in another, or
// have been taken out. A story that is forgotten leaves nothing behind; but of
// all ids that are none of ours, few could ever close an archive.
func (p *Publisher) elsewhere(w http.ResponseWriter, r *http.Request, s *shown, d *document) {
	is, err := p.pastOf(r.Context(), d.stock)
	if err != nil {
		fail(w, err)
		return
	}
	gone, _, err := p.gone(r.Context(), d.topic, p.now(), time.Time{})
	holder := is.holder(d.part)
	switch {
	case err != nil:
		fail(w, err)
	case holder != "":
		to := d.beside(s.site, holder)
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery // which may hold what opens it
		}
		w.Header().Set("Cache-Control", "no-cache") // it may close one again
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusPermanentRedirect)
	case closes(idHash(d.part)), slices.ContainsFunc(gone, func(g news.Gone) bool { return g.ID == "urn:uuid:"+d.part }):
		http.Error(w, "These stories are kept no more. The feed leads to those that are: "+d.beside(s.site, "")+" .", http.StatusGone)
	default:
		s.noFeed(w)
	}
}

func fail(w http.ResponseWriter, err error) {
	var bad badFilter
	if errors.As(err, &bad) {
		http.Error(w, bad.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	why := "The stories of this feed cannot be read just now. Please try again soon."
	if errors.Is(err, errHeld) {
		why = "The store lost stories, which are being gathered again. Please try again in some minutes."
	}
	if errors.Is(err, errBusy) {
		why = "Too many are asking for feeds of their own just now. Please try again soon."
	}
	http.Error(w, why, http.StatusServiceUnavailable)
}

func (s *shown) noFeed(w http.ResponseWriter) {
	http.Error(w, "There is no feed at this address. All feeds are listed at "+s.site.at("/")+" .", http.StatusNotFound)
}

// isUUID: in the one form in which ids are written.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !strings.Contains("0123456789abcdef", s[i:i+1]) {
			return false
		}
	}
	return true
}

// errHeld: the shelf lacks stories that come back.
var errHeld = errors.New("stories are missing, and come back")

// current gives the bytes to serve. What one request begins to make is for all,
// so that its going away does not end it.
func (p *Publisher) current(ctx context.Context, d *document) (*version, error) {
	if v := d.fresh(p.now()); v != nil {
		return v, nil
	}
	if p.held.Load() {
		return d.lastOr(errHeld)
	}
	if d.rare() {
		leave, err := p.rare.seat(ctx)
		if err != nil {
			return d.lastOr(err)
		}
		defer leave()
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
	v, err := p.read(ctx, d)
	p.keep(ctx)
	return v, err
}

func (v *version) serve(w http.ResponseWriter, r *http.Request, d *document, now time.Time) {
	h := w.Header()
	is := v.in(choice(r.Header["Accept-Encoding"]))
	h["Etag"] = is.etag
	// A date in the future is never sent (RFC 9110 8.8.2.1): three changes in
	// one second get there.
	if v.header != nil && !v.modified.After(now) {
		h["Last-Modified"] = v.header
	}
	h["Vary"] = varies
	h["X-Content-Type-Options"] = nosniff
	if d.link != nil {
		h["Link"] = d.link
	}
	d.guard(h)
	if v.known(r, is.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if is.encoding != nil {
		h["Content-Encoding"] = is.encoding
	}
	h["Content-Type"] = d.media
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
	return err == nil && v.header != nil && !v.modified.After(t)
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
