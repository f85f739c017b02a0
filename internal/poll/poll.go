// Package poll carries items along the walk: source due → fetch → dedupe →
// topic → store → shelf. It keeps the order of that walk, the leases, the
// floors and backoff, and the account of every item; what happens at each
// place is the business of the rooms there.
//
//	loop.go    who is polled when: due moments, what happens; one goroutine
//	start.go   jobs: due, looked up, in line, fetched, kept
//	lobby.go   what waits for its host or its address; gate.go, a limit of these
//	answer.go  what an answer, or none, means for others
//	rest.go    hosts that want to be left alone
//	outage.go  our own network is down
//	clock.go   the time of day jumps
//	order.go   passes over named sources, whatever their schedule
//	visit.go   one visit: fetch, drop by rule, prepare; many side by side
//	step.go    visits to one batch: decide, join, lead, file; pure but for reading stories
//	file.go    stories under their topics
//	event.go   which event a story that begins belongs to
//	commit.go  decide, append, apply: one committer, so no locks
//	push.go    what hubs send, and what their word is worth
//	next.go    when a source is due again, and why
//	person.go  a person's word: split, merge, pin, hide
//	gone.go    what a word took out of topics, for their feeds to tell
//	compare.go two kept items, judged by each other
//	withdrawn.go  what a source takes back
//	refile.go  the kept past under new rules
//	forget.go  what is older than retain
//	changes.go what that changes, in figures
//	match.go   a query tried on the kept past
//	look.go    which story is told where
//	report.go  the account
//
// Where several processes, each a replica of all this, work on one site:
//
//	share.go   the log as others write it, too: one tip, and who may think
//	told.go    what others decided, for the feeds
//	claim.go   sources are claimed before they are polled
//	lead.go    what one replica does for all
//	lost.go    the log was lost
package poll

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/dedupe"
	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/schedule"
	"aggregator/internal/store"
	"aggregator/internal/topic"
)

// A Source is a source with what this room needs to know of it.
type Source struct {
	news.Source
	Schedule schedule.Schedule
	// MinInterval is the floor under its schedule.
	MinInterval time.Duration
	// Near says between which tellings near text is looked for.
	Near dedupe.Near
	// Drop leaves items out that it matches, Keep those that it does not;
	// nil is no rule. DropWhere and KeepWhere say where they stand, FILE:LINE.
	Drop, Keep           *query.Query
	DropWhere, KeepWhere string
}

// A Plan is all that a changed configuration may change.
type Plan struct {
	Sources []Source
	Filer   *topic.Filer
	// Prefer chooses the lead of a story: tier, fullest, earliest.
	Prefer []string
	// Window is how far back a copy is looked for, Retain how long anything
	// is kept.
	Window, Retain time.Duration
	// Events groups stories that tell of one event.
	Events bool
	// Spread is the most that a source is moved from its slot.
	Spread time.Duration
	// Concurrency is of all fetches, PerHost of those of one host, which
	// start Interval apart.
	Concurrency, PerHost int
	Interval             time.Duration
	Fetcher              Fetcher
	// Address tells where a source's host is before it is asked; nil, or "",
	// where that is found out by asking.
	Address func(context.Context, news.Source) string
	// Lease is how long a claim on a source holds, where other processes work on the
	// site: longer than any poll takes. 0 is a minute.
	Lease time.Duration
	// Gone says that an article's address answers 410; nil asks none.
	Gone func(ctx context.Context, address string) bool
	// Read reads a document that a source's hub sent as Fetch reads one; nil where
	// nothing is pushed.
	Read func(ctx context.Context, src news.Source, prev news.Poll, rules uint64, h http.Header, body []byte, now time.Time) fetch.Result
}

// A Fetcher asks a source once. rules is a hash of what may drop its items:
// when it differs from prev.Rules, the whole document is wanted again.
type Fetcher interface {
	Fetch(ctx context.Context, src news.Source, prev news.Poll, rules uint64, now time.Time) fetch.Result
}

// Options are what no reload changes.
type Options struct {
	Log *slog.Logger
	// Fetched is told when a source has answered, or has not; Visited of visits
	// whose items are kept.
	Fetched func()
	Visited func(...Visited)
	// Touched is told which stories are new or other than before, nil for all;
	// then Changed which topics hold something else, nil for all.
	Touched func(stories []news.Position)
	Changed func(topics []string)
	// Healing is told that a log was lost, so that feeds had better stand as they
	// are, and when they may go on.
	Healing func(bool)
	// Push is the word of a source's hub, by Source.Key; nil where nothing is
	// pushed. It must not wait.
	Push func(source string) Push
	// Scheduled polls sources as they fall due; without, only orders count.
	Scheduled bool
	// Look leaves the store as it is: nothing is forgotten or filed anew.
	Look bool
}

// A Poller polls for one store. Make it with Open, then Run it.
type Poller struct {
	Options
	store store.Store
	share *share        // nil where nobody else works on the site
	index *dedupe.Index // the committer's, while Run runs; or of who thinks: see share
	plan  atomic.Pointer[plan]

	orders  chan *order
	plans   chan planned
	quiet   chan func(context.Context)
	pushes  chan *pushed
	again   chan string // sources whose hub's word has ended
	stopped chan struct{}
	memory  sync.RWMutex              // held to change index, and by those who look from outside
	trouble atomic.Pointer[string]    // why nothing can be kept just now
	offline atomic.Pointer[time.Time] // since when nobody is in reach
	filled  atomic.Pointer[time.Time] // when what was overdue was spread last
	now     func() time.Time
	next    atomic.Int64            // Unix time of the next due source; 0: none
	filed   atomic.Pointer[Changes] // when kept stories were filed anew last
	// latest is the story that joined an event last, as far as anybody asked: see
	// outlived.
	latest map[news.Position]news.Position
}

// plan is a Plan with its look-ups.
type plan struct {
	Plan
	byKey map[string]*Source
	place map[string]int // in the configuration
}

func newPlan(p Plan) *plan {
	made := &plan{Plan: p, byKey: make(map[string]*Source, len(p.Sources)), place: make(map[string]int, len(p.Sources))}
	p.Sources = slices.Clone(p.Sources)
	made.Sources = p.Sources
	for i := range p.Sources {
		made.byKey[p.Sources[i].Key] = &p.Sources[i]
		made.place[p.Sources[i].Key] = i
	}
	return made
}

// Open forgets what is too old, and files what is kept under the plan's rules,
// if they are not those it was filed by; but not to Look. Without a schedule the log is read
// when it is first needed: a pass in which nothing changed does not.
func Open(ctx context.Context, s store.Store, p Plan, o Options) (*Poller, error) {
	po := &Poller{
		Options: o, store: s, share: newShare(s), index: dedupe.New(p.Window),
		orders: make(chan *order), plans: make(chan planned), quiet: make(chan func(context.Context)),
		pushes: make(chan *pushed), again: make(chan string), stopped: make(chan struct{}),
		now: time.Now,
	}
	po.plan.Store(newPlan(p))
	po.filed.Store(&Changes{Topics: []TopicChange{}})
	po.tune()
	if o.Scheduled {
		if err := po.CatchUp(ctx); err != nil {
			return nil, err
		}
	}
	if o.Scheduled && po.share != nil {
		if err := po.look(ctx); err != nil {
			return nil, err
		}
	}
	if o.Look {
		return po, nil
	}
	if _, err := po.forgetAlone(ctx, po.now()); err != nil {
		return nil, err
	}
	if _, err := po.refile(ctx, atOnce); err != nil {
		return nil, err
	}
	return po, nil
}

// tune has the index decide by the plan.
func (p *Poller) tune() {
	p.memory.Lock()
	defer p.memory.Unlock()
	pl := p.plan.Load()
	p.index.SetWindow(pl.Window)
	p.index.SetEvents(pl.Events)
}

// CatchUp reads the log into memory, up to its end. Run does so by itself.
func (p *Poller) CatchUp(ctx context.Context) error {
	return p.think(func() error { return p.catchUp(ctx) })
}

// catchUp is CatchUp for who thinks.
func (p *Poller) catchUp(ctx context.Context) error {
	if p.share != nil {
		return p.readOn(ctx)
	}
	end, err := p.store.At(ctx)
	if err != nil {
		return fmt.Errorf("poll: read the log: %w", err)
	}
	for d, err := range p.store.Since(ctx, p.index.At()) {
		if err != nil {
			return fmt.Errorf("poll: read the log: %w", err)
		}
		p.memory.Lock()
		if p.index.At() == 0 && end > d.Pos {
			p.index.Grow(int(end - d.Pos + 1))
		}
		p.index.Apply(d)
		p.memory.Unlock()
	}
	p.memory.Lock()
	defer p.memory.Unlock()
	p.index.Skip(end)
	return nil
}

func (p *Poller) apply(ds ...news.Decision) {
	p.memory.Lock()
	defer p.memory.Unlock()
	p.index.Apply(ds...)
}

// Trouble is why nothing can be kept just now; "" when all is well.
func (p *Poller) Trouble() string {
	why := p.paused()
	if why == "" && p.share != nil {
		if no := p.share.refusing.Load(); no != nil {
			return *no
		}
	}
	return why
}

// paused is why nothing may be fetched.
func (p *Poller) paused() string {
	if why := p.trouble.Load(); why != nil {
		return *why
	}
	if p.share != nil {
		return p.share.trouble()
	}
	return ""
}

// Offline is since when no host is in reach that was well before, so that it
// must be our own network; zero while any is.
func (p *Poller) Offline() time.Time {
	if since := p.offline.Load(); since != nil {
		return *since
	}
	return time.Time{}
}

// NextDue is when the next source falls due; zero if none will.
func (p *Poller) NextDue() time.Time {
	if n := p.next.Load(); n != 0 {
		return time.Unix(n, 0)
	}
	return time.Time{}
}

// Name is what people call a source: as configured, else the feed's own title,
// else its address.
func Name(src news.Source, feedTitle string) string {
	if src.Name != "" {
		return src.Name
	}
	if feedTitle != "" {
		return feedTitle
	}
	return canon.Public(src.Key)
}

// host is the name of the machine that an address leads to.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return address
	}
	return strings.ToLower(u.Hostname())
}

// origin is the server that an address leads to: its host, and its port if that
// is not the usual one.
func origin(address string) string {
	u, err := url.Parse(address)
	usual := err == nil && (u.Port() == "" || u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443")
	if err != nil || u.Hostname() == "" || usual {
		return host(address)
	}
	return strings.ToLower(u.Host)
}

// rulesOf is a hash of what may drop a source's items.
func rulesOf(s *Source) uint64 {
	text := func(q *query.Query) string {
		if q == nil {
			return ""
		}
		return q.String()
	}
	return canon.Hash(text(s.Drop), text(s.Keep))
}
