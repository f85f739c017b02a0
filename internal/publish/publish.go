// Package publish makes feeds of the shelf: each topic as Atom, RSS and JSON
// Feed and all topics as OPML, over HTTP and as files.
//
// Read it along the way of the bytes:
//
//	publish.go   which documents there are
//	document.go  the bytes of one, kept until its topic changes
//	choose.go    which stories are in a feed
//	past.go      all that is kept of a topic, cut into archives
//	paging.go    feed, archives, and the links from one to the other
//	filter.go    a feed narrowed by its address
//	rare.go      documents that are made when asked for
//	gone.go      what was taken out
//	private.go   what only some may read
//	entry.go     a story in the one form (with event.go, which others tell of its
//	             event) that atom.go, rss.go, json.go and opml.go write down;
//	             attached.go: its files, and what podcasts say
//	coding.go    bytes packed, as the client likes them
//	serve.go     requests, answered from the kept bytes
//	push.go      what subscribers are sent
//	files.go     and tree.go write them to a folder
//
// It is longer than 600 lines because it holds three formats, each a file of its
// own, and five kinds of documents.
package publish

import (
	"context"
	"iter"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"aggregator/internal/access"
	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/store"
)

// A Site is what is published, and where.
type Site struct {
	// Title is what the site is called.
	Title string
	// URL is the public base address, without a slash at its end.
	URL string
	// Topics are in the order of the configuration.
	Topics []Topic
	// Events links stories of one event.
	Events bool
	// Hub is the address of the WebSub hub to announce; "" for none.
	Hub string
}

// A Topic is how one topic is published.
type Topic struct {
	news.Topic
	// Formats are among atom, rss and json; any other is not served.
	Formats []string
	// Items is the most stories in a feed; 0: no limit.
	Items int
	// MaxAge is how old a story in a feed may be; 0: no limit.
	MaxAge time.Duration
	// MaxPerSource is the most stories of one day (UTC) that one source leads in
	// a feed; 0: no cap. The others are in the archives.
	MaxPerSource int
	// Content is full, or summary for feeds without the text.
	Content string
	// Also puts "Also reported by …" at the foot of a story.
	Also bool
	// Keys are who may read; the zero Keys are for everyone.
	Keys access.Keys
}

// A Matcher tries a query on stories, and tells each of those that it catches.
type Matcher func(ctx context.Context, q *query.Query, stories iter.Seq2[news.Story, error], each func(news.Story, []string)) (looked int, err error)

// A Publisher serves the feeds of one site. All its methods may be called side
// by side.
type Publisher struct {
	// Match serves filters that look into stories; set it before serving. They
	// are refused without it.
	Match Matcher
	// Whole says, after stories were read, whether they are from the store that it
	// was all the time: one that was just wiped has none. Set it before serving; nil
	// where that cannot be.
	Whole func(context.Context) error

	store store.Store
	log   *slog.Logger
	now   func() time.Time

	changing sync.Mutex   // held by Use and Changed; serving needs none
	reading  sync.RWMutex // held while bytes are made; by Still alone
	shown    atomic.Pointer[shown]

	held atomic.Bool // see Hold

	marking    sync.Mutex
	marks      map[string]string // that the store is to keep
	markFailed bool              // and that it could not, last time

	zips sync.Pool // of *gzip.Writer
	rare *rare     // documents that are made when asked for, and kept for a while

	standing sync.Mutex
	stands   map[string]state // of closed archives: as which they stand in the static tree
}

// shown are the documents of a site that are always there.
type shown struct {
	site    Site
	byPath  map[string]*document // /topics/china.atom
	byTopic map[string]*stock    // by the topic's name
	byPage  map[string]*stock    // /topics/china
	inOrder []*document
}

// New gives a Publisher of what s holds. The log hears of documents that cannot
// be made, once until they can be again.
func New(s store.Store, site Site, log *slog.Logger) *Publisher {
	p := &Publisher{store: s, log: log, now: time.Now, marks: map[string]string{}, zips: sync.Pool{New: newZip}, rare: newRare(), stands: map[string]state{}}
	p.Use(site)
	return p
}

// Use publishes another site from now on. Documents that both have keep their
// last bytes until the new ones are made, so that serving has no gap.
func (p *Publisher) Use(site Site) {
	p.changing.Lock()
	defer p.changing.Unlock()
	was := p.shown.Load()
	is := &shown{site: site, byPath: map[string]*document{}, byTopic: map[string]*stock{}, byPage: map[string]*stock{}}
	for _, t := range site.Topics {
		st := &stock{topic: t, touched: map[string]int{}}
		is.byTopic[t.Name], is.byPage[t.page()] = st, st
		for _, name := range t.Formats {
			if f, known := formats[name]; known {
				is.add(was, newDocument(st, f, ""))
			}
		}
		for _, name := range t.Formats {
			if f, known := formats[name]; known {
				is.add(was, newDocument(st, f, recent))
			}
		}
	}
	list := &stock{touched: map[string]int{}}
	is.byTopic[""] = list
	is.add(was, &document{path: opml.suffix, format: opml, media: []string{opml.media}, stock: list})
	p.shown.Store(is)
}

// Still runs do, which changes the shelf of many stories, or what is published,
// while no bytes are made: nobody reads a feed that is half the one and half
// the other. Meanwhile the last bytes are served; where there are none yet, the
// reader waits.
func (p *Publisher) Still(do func() error) error {
	p.reading.Lock()
	defer p.reading.Unlock()
	return do()
}

// Hold has every document stand as it is, whatever changes on the shelf, until it
// is called with false: stories are missing there that come back. What has no
// bytes yet cannot be had meanwhile.
func (p *Publisher) Hold(still bool) { p.held.Store(still) }

// add shows a document, with the bytes that it had before.
func (s *shown) add(was *shown, d *document) {
	d.link = links(s.site, d)
	if was != nil && was.byPath[d.path] != nil {
		d.inherit(was.byPath[d.path])
	}
	s.byPath[d.path] = d
	s.inOrder = append(s.inOrder, d)
}

// Changed says that stories of the topics with these names came, changed or
// went; nil stands for all topics. It only takes note: bytes are made when
// somebody asks for them.
func (p *Publisher) Changed(topics []string) {
	p.changing.Lock()
	defer p.changing.Unlock()
	s := p.shown.Load()
	if topics == nil {
		for _, st := range s.byTopic {
			st.wanted.Add(1)
		}
	}
	for _, t := range topics {
		if st := s.byTopic[t]; st != nil {
			st.wanted.Add(1)
		}
	}
}

// Touched says which stories are other than before, or new; nil stands for all.
// Call it before Changed: archives that hold none of them stay as they stand.
func (p *Publisher) Touched(stories []news.Position) {
	p.changing.Lock()
	defer p.changing.Unlock()
	for _, st := range p.shown.Load().byTopic {
		st.touch(stories)
	}
}

// page is the topic's page below the site's address, as a path that is not
// escaped.
func (t Topic) page() string { return "/topics/" + t.Path() }

// at is the full address of a path on the site.
func (s Site) at(path string) string {
	return s.URL + (&url.URL{Path: path}).EscapedPath()
}
