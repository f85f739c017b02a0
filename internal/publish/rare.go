package publish

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// mostRare and rareBytes bound what is kept of documents that somebody asked
	// for: archives and filtered feeds. Those asked for last stay.
	mostRare  = 200
	rareBytes = 64 << 20
	// rareSeats is how many of them are made at one time: whoever walks all
	// archives, or tries all filters, slows nobody else down.
	rareSeats = 2
)

// errBusy: too many are waiting for documents of their own.
var errBusy = errors.New("too many are asking for feeds of their own just now")

// rare are the documents that are made when asked for.
type rare struct {
	seats chan struct{}

	mu    sync.Mutex
	docs  map[string]*list.Element // by document.key
	order *list.List               // of *document; asked for last, first
	bytes int
}

func newRare() *rare {
	return &rare{seats: make(chan struct{}, rareSeats), docs: map[string]*list.Element{}, order: list.New()}
}

// document gives the one that is kept in d's place, or keeps d there. One of an
// earlier configuration gives d its bytes.
func (r *rare) document(d *document) *document {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.docs[d.key()]
	if e == nil {
		r.docs[d.key()] = r.order.PushFront(d)
		r.trim()
		return d
	}
	r.order.MoveToFront(e)
	had := e.Value.(*document)
	if had.stock == d.stock {
		return had
	}
	d.inherit(had)
	d.size = had.size
	e.Value = d
	return d
}

// weigh notes how much a document takes, and forgets those that nobody asked
// for in a while.
func (r *rare) weigh(d *document) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.docs[d.key()]
	v := d.bytes.Load()
	if e == nil || e.Value != d || v == nil {
		return
	}
	size := v.weight()
	r.bytes += size - d.size
	d.size = size
	r.trim()
}

func (r *rare) trim() {
	for e := r.order.Back(); e != nil && (r.order.Len() > mostRare || r.bytes > rareBytes); e = r.order.Back() {
		d := r.order.Remove(e).(*document)
		delete(r.docs, d.key())
		r.bytes -= d.size
		d.size = 0
	}
}

// seat waits until a document may be made, and gives what frees the seat.
func (r *rare) seat(ctx context.Context) (leave func(), err error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case r.seats <- struct{}{}:
		return func() { <-r.seats }, nil
	case <-late.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
