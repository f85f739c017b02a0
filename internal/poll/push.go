package poll

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/schedule"
)

// A Push is a hub's word that it tells us of what is new in a source. It holds
// from Since to Until; the zero Push is none.
type Push struct {
	By           string // the hub, for people
	Since, Until time.Time
}

func (u Push) holds(now time.Time) bool { return now.Before(u.Until) }

// A source whose hub keeps its word is polled that many times more rarely, but
// not more often nor more rarely than said here: a push may get lost.
const (
	rareSlots = 6
	leastRare = time.Hour
	mostRare  = 12 * time.Hour
)

const pushedBy = "pushed by "

// rarely is when a source is polled whose hub keeps its word; slot is when it
// would be. When that word ends it is polled as ever.
func rarely(s *Source, u Push, slot, now time.Time, spread schedule.Limits) time.Time {
	after, _ := s.Schedule.Due(s.Key, slot, spread)
	wait := min(max(rareSlots*after.Sub(slot), leastRare), mostRare)
	at := now.Add(wait)
	if at.After(u.Until) {
		at = u.Until
	}
	if at.Before(slot) {
		return slot
	}
	return at.UTC()
}

// freshPush: what appeared so short a time ago may be on its way.
const freshPush = 5 * time.Minute

// broke says that the hub should have told us of an item which this poll found:
// the document was read after it gave its word, so the item is younger than that.
func (u Push) broke(prev news.Poll, it news.Item, now time.Time) bool {
	if !u.holds(now) || prev.Last.Before(u.Since) {
		return false
	}
	claimed := it.Claimed()
	return claimed.IsZero() || now.Sub(claimed) > freshPush
}

// A pushed is what a hub sent, on its way into the loop.
type pushed struct {
	key    string
	header http.Header
	body   []byte
	done   chan Visited
}

// errNoSource: it is not in the configuration any more.
var errNoSource = errors.New("poll: no such source")

// Pushed takes a document that a source's hub sent, by the same way as a polled
// one, and gives the account when it is kept. header says what the body is:
// Content-Type, Content-Encoding. Run must run.
func (p *Poller) Pushed(ctx context.Context, key string, header http.Header, body []byte) (Visited, error) {
	u := &pushed{key, header, body, make(chan Visited, 1)}
	select {
	case p.pushes <- u:
	case <-p.stopped:
		return Visited{}, ErrStopped
	case <-ctx.Done():
		return Visited{}, ctx.Err()
	}
	select {
	case v := <-u.done:
		return v, v.Err
	case <-p.stopped:
		return Visited{}, ErrStopped
	case <-ctx.Done():
		return Visited{}, ctx.Err()
	}
}

// Reconsider has a source polled on its own schedule again, where its hub's word
// has ended before its time.
func (p *Poller) Reconsider(ctx context.Context, key string) {
	select {
	case p.again <- key:
	case <-p.stopped:
	case <-ctx.Done():
	}
}

func (l *loop) reconsider(key string) {
	pl, now := l.plan.Load(), l.now()
	s := pl.byKey[key]
	if s == nil || l.jobs[key] != nil || !l.Scheduled {
		return
	}
	prev, err := l.store.Poll(context.Background(), key)
	if err != nil || prev.Last.IsZero() {
		return
	}
	prev = asOf(prev, now)
	if at, _ := due(pl, s, prev, l.rests.of(askedAt(s, prev), now), l.pushOf(key), now); at.Before(prev.Next) {
		l.queue.Set(key, at)
	}
}

// receive begins to read what was pushed. One source is read once at a time.
func (l *loop) receive(u *pushed) {
	pl := l.plan.Load()
	s := pl.byKey[u.key]
	switch {
	case l.draining:
		u.done <- Visited{Key: u.key, Err: ErrStopped}
		return
	case s == nil || pl.Read == nil:
		u.done <- Visited{Key: u.key, Err: errNoSource}
		return
	case l.jobs[u.key] != nil:
		l.later[u.key] = append(l.later[u.key], u)
		return
	}
	j := &job{source: s, push: u, began: time.Now(), generation: l.generation()}
	l.jobs[u.key] = j
	l.run(j, pl, l.now())
}

// release gives a source that is under way no more to those who wait for it.
func (l *loop) release(j *job, result Visited) {
	key := j.source.Key
	if j.push != nil {
		j.push.done <- result
	}
	if len(j.after) > 0 {
		l.enqueue(&job{source: j.source, orders: j.after, at: l.now()})
		return
	}
	if waiting := l.later[key]; len(waiting) > 0 {
		l.later[key] = waiting[1:]
		l.receive(waiting[0])
		return
	}
	delete(l.later, key)
}

// read is the visit of a document that was pushed.
func (p *Poller) read(ctx context.Context, pl *plan, j *job, now time.Time) *visit {
	prev, err := p.store.Poll(ctx, j.source.Key)
	if err != nil {
		return &visit{source: j.source, prev: news.Poll{Source: j.source.Key}, Result: fetch.Result{Err: err}, pushed: true}
	}
	v := &visit{source: j.source, prev: prev, pushed: true, generation: j.generation, remember: p.remember, mustWait: p.mustWait}
	v.Result = pl.Read(ctx, j.source.Source, prev, rulesOf(j.source), j.push.header, j.push.body, now)
	v.guarded(v.prepare, now)
	if v.pushed = true; v.Err != nil {
		v.Poll = prev // a broken push is no failure of the source
	}
	return v
}

// pushOf is the word of a source's hub.
func (p *Poller) pushOf(key string) Push {
	if p.Push == nil {
		return Push{}
	}
	return p.Push(key)
}

// unpushed is the record of a source whose hub's word has ended since it was
// polled.
func unpushed(pl *plan, s *Source, p news.Poll, held rest, u Push, now time.Time) news.Poll {
	if u.holds(now) || !strings.HasPrefix(p.Why, pushedBy) {
		return p
	}
	if at, why := due(pl, s, p, held, u, now); at.Before(p.Next) {
		p.Next, p.Why = at, why
	}
	return p
}

// rareWhy is the reason of a poll that is rare.
func (u Push) rareWhy() string { return fmt.Sprintf("%s%s, polled rarely", pushedBy, u.By) }
