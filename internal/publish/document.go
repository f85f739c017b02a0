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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"

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
	// wanted grows with every change of the topic; bytes made at a smaller
	// number are stale.
	wanted atomic.Uint64
	bytes  atomic.Pointer[version]

	making sync.Mutex // one request makes the bytes, the others wait for them
	failed error      // of the last try, nil if it went well
	retry  time.Time  // no try before it, after one that failed
}

// A version is the bytes of a document from one change to the next.
type version struct {
	plain, gzip variant
	hash        string
	modified    time.Time // when these bytes came, in seconds; UTC
	header      []string  // modified for Last-Modified
	made        uint64    // document.wanted, as it was before they were made
	until       time.Time // when a story will be too old for it; zero: never
}

// A variant is one content coding, its header values ready made.
type variant struct {
	body   []byte
	etag   []string
	length []string
}

// inherit takes over the bytes that stood at the address, as stale ones.
func (d *document) inherit(was *document) {
	d.bytes.Store(was.bytes.Load())
	d.wanted.Store(was.wanted.Load() + 1)
}

// fresh gives the bytes at hand if they are still true.
func (d *document) fresh(now time.Time) *version {
	v := d.bytes.Load()
	if v == nil || v.made != d.wanted.Load() || !v.until.IsZero() && now.After(v.until) {
		return nil
	}
	return v
}

// errGone: the document is published no more.
var errGone = errors.New("gone")

// read gives the bytes at a path, as the site is now. The caller holds
// p.reading.
func (p *Publisher) read(ctx context.Context, path string) (*version, error) {
	s := p.shown.Load()
	d := s.byPath[path]
	if d == nil {
		return nil, errGone
	}
	return p.get(ctx, s.site, d)
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
func (d *document) last() (*version, error) {
	if v := d.bytes.Load(); v != nil {
		return v, nil
	}
	return nil, d.failed
}

// report logs the first failure of a document and its end.
func (p *Publisher) report(d *document, err error) {
	switch {
	case err != nil && d.failed == nil:
		p.log.Error("a feed cannot be made anew; its last bytes stay up", "path", d.path, "error", err)
	case err == nil && d.failed != nil:
		p.log.Info("the feed can be made again", "path", d.path)
	}
}

// make gives a document's bytes as they are now.
func (p *Publisher) make(ctx context.Context, site Site, d *document, now time.Time) (*version, error) {
	v := &version{made: d.wanted.Load()}
	var body bytes.Buffer
	err := p.write(ctx, &body, site, d, now, &v.until)
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", d.path, err)
	}
	sum := sha256.Sum256(body.Bytes())
	v.hash = hex.EncodeToString(sum[:12])
	if was := d.bytes.Load(); was != nil && was.hash == v.hash {
		// The same bytes: whatever changed, nobody sees it here.
		v.plain, v.gzip, v.modified, v.header = was.plain, was.gzip, was.modified, was.header
		return v, nil
	}
	if v.modified, err = p.modified(ctx, d.path, v.hash, now); err != nil {
		return nil, fmt.Errorf("publish %s: %w", d.path, err)
	}
	v.header = []string{v.modified.Format(http.TimeFormat)}
	v.plain = newVariant(body.Bytes(), v.hash)
	v.gzip = newVariant(p.compress(body.Bytes()), v.hash+"-gzip")
	return v, nil
}

// newVariant names bytes by a strong ETag: each coding has its own (RFC 9110
// 8.8.3.3).
func newVariant(body []byte, tag string) variant {
	return variant{body, []string{`"` + tag + `"`}, []string{strconv.Itoa(len(body))}}
}

func (p *Publisher) write(ctx context.Context, w io.Writer, site Site, d *document, now time.Time, until *time.Time) error {
	if d.format.write == nil {
		return WriteOPML(w, site)
	}
	stories, end, err := choose(p.store.Shelf(ctx, d.topic.Name), d.topic, now)
	if err != nil {
		return err
	}
	*until = end
	leads := make([]news.Position, len(stories))
	for i, st := range stories {
		leads[i] = st.Lead.Pos
	}
	items, err := p.store.Items(ctx, leads...)
	if err != nil {
		return err
	}
	return d.format.write(w, newFeed(site, d.topic, d.path, stories, items))
}

// compress makes the bytes smaller, once for all who ask. Level 6 is within 3%
// of the smallest in a quarter of the time.
func (p *Publisher) compress(body []byte) []byte {
	z := p.zips.Get().(*gzip.Writer)
	defer p.zips.Put(z)
	var out bytes.Buffer
	z.Reset(&out)
	_, err := z.Write(body)
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err) // a buffer takes all
	}
	return bytes.Clone(out.Bytes())
}

func newZip() any {
	z, err := gzip.NewWriterLevel(nil, 6)
	if err != nil {
		panic(err) // the level is a constant
	}
	return z
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
	err := p.append(ctx, store.Batch{Marks: p.marks})
	if err == nil {
		p.marks = map[string]string{}
	}
	if err != nil && !p.markFailed {
		p.log.Warn("when feeds changed cannot be kept; a restart may move their Last-Modified", "error", err)
	}
	p.markFailed = err != nil
}

func (p *Publisher) append(ctx context.Context, b store.Batch) error {
	for {
		at, err := p.store.At(ctx)
		if err == nil {
			_, err = p.store.Append(ctx, at, b)
		}
		if !errors.Is(err, store.ErrBehind) {
			return err
		}
	}
}
