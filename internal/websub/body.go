package websub

import (
	"context"
	"sync"
	"time"

	"aggregator/internal/news"
)

const (
	// mostBodies are kept, keepBody each: many are owed the same at one moment,
	// hardly anybody later.
	mostBodies = 64
	keepBody   = 30 * time.Second
)

// A span is what is owed: of a document, behind a position, up to another.
type span struct {
	document string // Self
	from, to news.Position
}

// A body is that as bytes, nil if nothing is owed; upTo is less than span.to
// where more follows.
type body struct {
	bytes []byte
	upTo  news.Position
}

type making struct {
	once sync.Once
	at   time.Time
	body
	err error
}

// bodies makes each body once for all who are owed the same.
type bodies struct {
	mu   sync.Mutex
	made map[span]*making
}

func (b *bodies) get(s span, now time.Time, do func() (body, error)) (body, error) {
	b.mu.Lock()
	m := b.made[s]
	if m == nil || now.Sub(m.at) > keepBody { // it may be too old to be news by now
		b.makeRoom(now)
		m = &making{at: now}
		b.made[s] = m
	}
	b.mu.Unlock()
	m.once.Do(func() { m.body, m.err = do() })
	if m.err != nil {
		b.mu.Lock()
		if b.made[s] == m {
			delete(b.made, s)
		}
		b.mu.Unlock()
	}
	return m.body, m.err
}

// makeRoom forgets what is old, and the oldest if there are too many.
func (b *bodies) makeRoom(now time.Time) {
	var first span
	var at time.Time
	for s, m := range b.made {
		if now.Sub(m.at) > keepBody {
			delete(b.made, s)
		} else if at.IsZero() || m.at.Before(at) {
			first, at = s, m.at
		}
	}
	if len(b.made) >= mostBodies {
		delete(b.made, first)
	}
}

// clear forgets all: the site is another one.
func (b *bodies) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made = map[span]*making{}
}

// readAtOnce are the changes whose stories are read together: who is far behind
// is not given all of it to read at one time.
const readAtOnce = 256

// bodyFor is what a document owes between two positions.
func (h *Hub) bodyFor(ctx context.Context, d Document, from, to news.Position) (body, error) {
	return h.bodies.get(span{d.Self, from, to}, h.now(), func() (body, error) {
		h.mu.Lock()
		changes := h.tail.between(from, to)
		h.mu.Unlock()
		for len(changes) > 0 {
			some, upTo := changes, to
			if len(some) > readAtOnce {
				some = some[:readAtOnce]
				upTo = some[readAtOnce-1].pos
			}
			changes = changes[len(some):]
			b, err := h.render(ctx, d, some, upTo)
			if err != nil || b.bytes != nil {
				return b, err
			}
		}
		return body{upTo: to}, nil
	})
}

func (h *Hub) render(ctx context.Context, d Document, changes []change, upTo news.Position) (body, error) {
	at := make([]news.Position, len(changes))
	for i, c := range changes {
		at[i] = c.story
	}
	stories, err := h.store.Story(ctx, at...)
	if err != nil {
		return body{}, err
	}
	owed, upTo := pick(changes, stories, d.Topic, upTo, h.now())
	if len(owed) == 0 {
		return body{upTo: upTo}, nil
	}
	raw, err := h.Render(ctx, d.Path, owed)
	return body{raw, upTo}, err
}
