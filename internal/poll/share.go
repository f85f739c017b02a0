package poll

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

const (
	// followFor is how long one look at the log waits for more of it.
	followFor = time.Second
	// silence is how long a store may not answer until polling pauses: what would
	// be fetched meanwhile could not be kept.
	silence = 5 * time.Second
	// usualLease is how long a claim holds where the plan does not say.
	usualLease = time.Minute
	// firstLook is how long a replica that finds nothing kept waits for the word
	// of one that knows what was there: see lost.go.
	firstLook = 2 * time.Second
)

// A share is what a poller has to do with the others that work on its site.
type share struct {
	store store.Shared
	who   string // we are, for leases

	// mind is held by whoever decides or follows: the index, the tip and what
	// comes below are theirs.
	mind   sync.Mutex
	tip    store.Tip
	end    atomic.Pointer[store.Tip] // the tip, for those who do not think
	read   bool                      // the log is
	untold []news.Decision
	kept   int // steps with stories that we kept since the last look at the rules
	filing bool

	generation atomic.Int64            // of the log: how often it was lost
	healing    atomic.Bool             // a lost log is filled again, as far as we know
	others     atomic.Bool             // … as others say
	claimable  atomic.Pointer[instant] // nothing is claimed before; see relearn
	keepsake   atomic.Pointer[map[uint64]dedupe.Told]
	lost       chan struct{}           // the loop is to take note
	ruled      atomic.Pointer[string]  // the mark of the rules, as last seen
	away       atomic.Pointer[string]  // why the log cannot be followed
	refusing   atomic.Pointer[string]  // why nothing can be claimed
	waiting    atomic.Pointer[string]  // for whom: others fill a lost log again
	looked     atomic.Pointer[instant] // when the log was followed last

	granted, refused, losses atomic.Int64
}

type instant = time.Time

func newShare(s store.Store) *share {
	shared, is := s.(store.Shared)
	if !is {
		return nil
	}
	return &share{store: shared, who: rand.Text()[:8], lost: make(chan struct{}, 1)}
}

// A Sharing is how a replica does among others.
type Sharing struct {
	Granted, Refused int64         // claims
	Lag              time.Duration // since the log was followed last
	Lost             int64         // logs
}

// Sharing says how it does; false where it is alone.
func (p *Poller) Sharing() (Sharing, bool) {
	s := p.share
	if s == nil {
		return Sharing{}, false
	}
	is := Sharing{Granted: s.granted.Load(), Refused: s.refused.Load(), Lost: s.losses.Load()}
	if at := s.looked.Load(); at != nil {
		is.Lag = time.Since(*at)
	}
	return is, true
}

// think has do be the only one that decides or follows.
func (p *Poller) think(do func() error) error {
	if p.share == nil {
		return do()
	}
	p.share.mind.Lock()
	defer p.share.mind.Unlock()
	return do()
}

// trouble is why nothing is polled; "" for nothing.
func (s *share) trouble() string {
	for _, why := range []*string{s.away.Load(), s.waiting.Load()} {
		if why != nil {
			return *why
		}
	}
	if at := s.looked.Load(); at != nil && time.Since(*at) > silence {
		return fmt.Sprintf("the store has not answered for %s", time.Since(*at).Round(time.Second))
	}
	return ""
}

// readOn follows the log to its end. The caller thinks.
func (p *Poller) readOn(ctx context.Context) error {
	s := p.share
	for {
		ds, end, err := s.store.Follow(ctx, s.tip, 0)
		if errors.Is(err, store.ErrLost) {
			return p.relearn(ctx)
		}
		if err != nil {
			return fmt.Errorf("poll: read the log: %w", err)
		}
		if s.read {
			s.untold = append(s.untold, ds...)
		}
		there := end == s.tip
		p.takeIn(ds, end)
		if there || len(ds) == 0 {
			s.read = true
			return nil
		}
	}
}

// takeIn applies what was followed.
func (p *Poller) takeIn(ds []news.Decision, end store.Tip) {
	p.memory.Lock()
	defer p.memory.Unlock()
	p.index.Apply(ds...)
	p.index.Skip(end.At)
	p.share.setTip(end)
	now := time.Now()
	p.share.looked.Store(&now)
}

// keep appends a step that was decided at the end of the log as the index knows
// it. The caller thinks.
func (p *Poller) keep(ctx context.Context, at news.Position, b store.Batch) error {
	if p.share == nil {
		_, err := p.store.Append(ctx, at, b)
		return err
	}
	p.mixed(&b)
	tip, err := p.share.store.AppendAt(ctx, p.share.tip, b)
	switch {
	case errors.Is(err, store.ErrLost):
		return errors.Join(errLost, p.relearn(ctx))
	case errors.Is(err, store.ErrBehind):
		return errors.Join(store.ErrBehind, p.readOn(ctx))
	case err == nil:
		p.share.setTip(tip)
	}
	return err
}

func (s *share) setTip(tip store.Tip) {
	s.tip = tip
	s.end.Store(&tip)
}

// Whole is an error if the store's log is another one than the one that is
// followed, of which the follower may not know yet.
func (p *Poller) Whole(ctx context.Context) error {
	if p.share == nil || p.share.end.Load() == nil {
		return nil
	}
	_, _, err := p.share.store.Follow(ctx, *p.share.end.Load(), 0)
	return err
}

// follow reads the log on as others write it, until ctx ends.
func (p *Poller) follow(ctx context.Context) {
	for wait := 250 * time.Millisecond; ctx.Err() == nil; {
		err := p.followOnce(ctx)
		if err == nil {
			err = p.look(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			if p.share.away.Swap(nil) != nil {
				p.Log.Info("the store answers again")
			}
			wait = 250 * time.Millisecond
			continue
		}
		why := err.Error()
		if p.share.away.Swap(&why) == nil {
			p.Log.Error("the log cannot be followed; polling pauses, serving goes on", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, 2*time.Second)
	}
}

func (p *Poller) followOnce(ctx context.Context) error {
	s := p.share
	s.mind.Lock()
	from := s.tip
	s.mind.Unlock()
	ds, end, err := s.store.Follow(ctx, from, followFor)
	s.mind.Lock()
	switch {
	case s.tip != from: // we appended ourselves meanwhile
		now := time.Now()
		if err == nil {
			s.looked.Store(&now)
		}
	case errors.Is(err, store.ErrLost):
		err = p.relearn(ctx)
	case err == nil:
		s.untold = append(s.untold, ds...)
		p.takeIn(ds, end)
	}
	s.mind.Unlock()
	if errors.Is(err, store.ErrLost) {
		err = nil // of a tip that is ours no more
	}
	p.tellFollowed(ctx)
	return err
}

// accompany runs what follows and claims beside the loop, until the function that
// it returns is called.
func (l *loop) accompany(work context.Context) (end func()) {
	following, stop := context.WithCancel(work)
	var wg sync.WaitGroup
	wg.Go(func() { l.follow(following) })
	go l.claimer(work)
	return func() {
		stop()
		close(l.claims)
		wg.Wait()
	}
}

// stale: visits rest on a log that was lost since.
func (p *Poller) stale(visits []*visit) bool {
	if p.share == nil {
		return false
	}
	for _, v := range visits {
		if v.generation != p.share.generation.Load() {
			return true
		}
	}
	return false
}

// generation of the log: 0 for one that cannot be lost.
func (p *Poller) generation() int64 {
	if p.share == nil {
		return 0
	}
	return p.share.generation.Load()
}

// lostLog tells that the log was lost.
func (p *Poller) lostLog() chan struct{} {
	if p.share == nil {
		return nil
	}
	return p.share.lost
}

func (p *Poller) lostAgain(after time.Duration) {
	time.AfterFunc(after, func() {
		select {
		case p.share.lost <- struct{}{}:
		default:
		}
	})
}
