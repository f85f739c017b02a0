package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// A format is how documents are written down. opml has no write: it is made of
// the site, not of stories.
type format struct {
	suffix string
	media  string
	write  func(io.Writer, feed) error
}

var (
	formats = map[string]format{
		"atom": {".atom", "application/atom+xml; charset=utf-8", writeAtom},
		"rss":  {".rss", "application/rss+xml; charset=utf-8", writeRSS},
		"json": {".json", "application/feed+json; charset=utf-8", writeJSON},
	}
	opml = format{"/topics.opml", "text/x-opml; charset=utf-8", nil}
)

const (
	// patience is how long the store may take to give a feed's stories.
	patience = 10 * time.Second
	// retryAfter spares a store that fails: meanwhile the last bytes stay up.
	retryAfter = 5 * time.Second
)

// A document is one address and the bytes that stand there.
type document struct {
	path   string
	format format
	media  []string // format.media for Content-Type
	link   []string // of WebSub: see links
	topic  Topic    // none for OPML
	stock  *stock   // of the topic
	// part is which of the topic's stories are in it: "" for those of the feed
	// itself, the head; recent, or the name of an archive. filter narrows the head.
	part   string
	filter filter
	bytes  atomic.Pointer[version]
	size   int // that rare counts for it

	making sync.Mutex // one request makes the bytes, the others wait for them
	failed error      // of the last try, nil if it went well
	retry  time.Time  // no try before it, after one that failed
}

// A version is the bytes of a document from one change to the next.
type version struct {
	variants
	hash     string
	modified time.Time // when these bytes came, in seconds, UTC; zero where that is not kept
	header   []string  // modified for Last-Modified
	of       *stock    // that they were made of,
	made     uint64    // when stock.wanted was this
	until    time.Time // when a story will be too old for it; zero: never
	more     bool      // is kept of the topic than stands in it
}

// newDocument is one of the topic's.
func newDocument(st *stock, f format, part string) *document {
	path := st.topic.page()
	if part != "" {
		path += "." + part
	}
	return &document{path: path + f.suffix, format: f, media: []string{f.media}, topic: st.topic, stock: st, part: part}
}

// key tells documents apart.
func (d *document) key() string { return d.path + d.filter.query() }

// rare says that it is made when somebody asks, and not kept for good.
func (d *document) rare() bool { return d.closed() || !d.filter.none() }

// closed says that it is an archive, to which nothing is added.
func (d *document) closed() bool { return d.part != "" && d.part != recent }

// inherit takes over the bytes that stood at the address, as stale ones: they
// are of another stock.
func (d *document) inherit(was *document) { d.bytes.Store(was.bytes.Load()) }

// weight is about how many bytes all codings take.
func (v *version) weight() int { return len(v.plain.body) + 3*len(v.gzip.body) }

// fresh gives the bytes at hand if they are still true.
func (d *document) fresh(now time.Time) *version {
	v := d.bytes.Load()
	if v == nil || v.of != d.stock || v.made != d.stock.wanted.Load() || !v.until.IsZero() && now.After(v.until) {
		return nil
	}
	return v
}

// errGone: there is no such archive.
var errGone = errors.New("no such archive")

// errMoved: another site is published meanwhile. Look for the document again.
var errMoved = errors.New("another site is published meanwhile")

// read gives the bytes of a document, as the site is now. The caller holds
// p.reading.
func (p *Publisher) read(ctx context.Context, d *document) (*version, error) {
	s := p.shown.Load()
	if s.byTopic[d.topic.Name] != d.stock {
		return nil, errMoved
	}
	v, err := p.get(ctx, s.site, d)
	if d.rare() {
		p.rare.weigh(d)
	}
	return v, err
}

// get gives the bytes of a document: those at hand while they are true, new
// ones after a change, the last good ones while the store fails. The error is
// that of a store that fails before there were any.
func (p *Publisher) get(ctx context.Context, site Site, d *document) (*version, error) {
	if v := d.fresh(p.now()); v != nil {
		return v, nil
	}
	d.making.Lock()
	defer d.making.Unlock()
	now := p.now()
	if v := d.fresh(now); v != nil {
		return v, nil
	}
	if now.Before(d.retry) {
		return d.last()
	}
	v, err := p.make(ctx, site, d, now)
	if errors.Is(err, errGone) {
		return nil, err
	}
	p.report(d, err)
	if d.failed = err; err != nil {
		d.retry = now.Add(retryAfter)
		return d.last()
	}
	d.retry = time.Time{}
	d.bytes.Store(v)
	return v, nil
}

// last are the bytes from before the store failed.
func (d *document) last() (*version, error) { return d.lastOr(d.failed) }

func (d *document) lastOr(err error) (*version, error) {
	if v := d.bytes.Load(); v != nil {
		return v, nil
	}
	return nil, err
}

// report logs the first failure of a document and its end. Of those that anybody
// may think of there are too many: the others tell of the store.
func (p *Publisher) report(d *document, err error) {
	switch {
	case d.rare():
	case err != nil && d.failed == nil:
		p.log.Error("a feed cannot be made anew; its last bytes stay up", "path", d.path, "error", err)
	case err == nil && d.failed != nil:
		p.log.Info("the feed can be made again", "path", d.path)
	}
}

// make gives a document's bytes as they are now.
func (p *Publisher) make(ctx context.Context, site Site, d *document, now time.Time) (*version, error) {
	v := &version{of: d.stock, made: d.stock.wanted.Load()}
	var body bytes.Buffer
	err := p.write(ctx, &body, site, d, now, v)
	if err == nil && p.Whole != nil {
		err = p.Whole(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", d.key(), err)
	}
	sum := sha256.Sum256(body.Bytes())
	v.hash = hex.EncodeToString(sum[:12])
	if was := d.bytes.Load(); was != nil && was.hash == v.hash {
		// The same bytes: whatever changed, nobody sees it here.
		v.variants, v.modified, v.header = was.variants, was.modified, was.header
		return v, nil
	}
	// A mark for each address that anybody may think of would be too many.
	if !d.rare() {
		if v.modified, err = p.modified(ctx, d.path, v.hash, now); err != nil {
			return nil, fmt.Errorf("publish %s: %w", d.path, err)
		}
		v.header = []string{v.modified.Format(http.TimeFormat)}
	}
	v.variants = p.newVariants(body.Bytes(), v.hash)
	return v, nil
}

func (p *Publisher) write(ctx context.Context, w io.Writer, site Site, d *document, now time.Time, v *version) error {
	if d.format.write == nil {
		return WriteOPML(w, site)
	}
	f, end, err := p.feed(ctx, site, d, now)
	if err != nil {
		return err
	}
	v.until, v.more = end, f.paging.next != ""
	return d.format.write(w, f)
}

// feed is a document before it has a format, and until when it is true.
func (p *Publisher) feed(ctx context.Context, site Site, d *document, now time.Time) (f feed, until time.Time, err error) {
	switch {
	case d.part != "":
		f, err = p.pastFeed(ctx, site, d)
		return f, time.Time{}, err
	case !d.filter.none():
		return p.filteredFeed(ctx, site, d, now)
	}
	return p.headFeed(ctx, site, d, now)
}

// filled is a document with these stories.
func (p *Publisher) filled(ctx context.Context, site Site, d *document, stories []news.Story) (feed, error) {
	leads := make([]news.Position, len(stories))
	for i, st := range stories {
		leads[i] = st.Lead.Pos
	}
	items, err := p.store.Items(ctx, leads...)
	if err != nil {
		return feed{}, err
	}
	return newFeed(site, d.topic, d.path, stories, items), nil
}

// modified is when the bytes with this hash came to a path. The store
// remembers, so that neither a restart nor another replica moves it.
//
// It is a second before now and later than that of the bytes before: who asks
// with If-Modified-Since alone would else never hear of a second change within
// one second (RFC 9110 8.8.2.2).
func (p *Publisher) modified(ctx context.Context, path, hash string, now time.Time) (time.Time, error) {
	mark := "modified " + path
	p.marking.Lock()
	defer p.marking.Unlock()
	known, unwritten := p.marks[mark]
	if !unwritten {
		var err error
		if known, err = p.store.Mark(ctx, mark); err != nil {
			return time.Time{}, err
		}
	}
	wasHash, stamp, _ := strings.Cut(known, " ")
	was, _ := time.Parse(time.RFC3339, stamp) // zero where there is none
	if wasHash == hash {
		return was, nil
	}
	is := now.UTC().Truncate(time.Second).Add(-time.Second)
	if !is.After(was) {
		is = was.Add(time.Second)
	}
	p.marks[mark] = hash + " " + is.Format(time.RFC3339)
	return is, nil
}

// keep has the store remember what modified found. What it cannot keep now goes
// with the next; nothing but a Last-Modified after a restart hangs on it.
func (p *Publisher) keep(ctx context.Context) {
	p.marking.Lock()
	defer p.marking.Unlock()
	if len(p.marks) == 0 {
		return
	}
	err := store.Keep(ctx, p.store, store.Batch{Marks: p.marks})
	if err == nil {
		p.marks = map[string]string{}
	}
	if err != nil && !p.markFailed {
		p.log.Warn("when feeds changed cannot be kept; a restart may move their Last-Modified", "error", err)
	}
	p.markFailed = err != nil
}
