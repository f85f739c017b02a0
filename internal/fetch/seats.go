package fetch

import (
	"context"
	"runtime"
	"runtime/metrics"
	"slices"
)

// seats bound how much is in memory at one time, however many sources are asked
// side by side.
type seats struct {
	// parsing has a seat for each processor: more parsers at once are no faster
	// and take more memory (4 peak at 32 MB, 256 at 191 MB).
	parsing chan struct{}
	// large has one seat: unpacking and parsing 10 MB may take 100.
	large chan struct{}
	// waiting are large bodies that arrive or wait for that seat.
	waiting chan struct{}
}

func newSeats() seats {
	return seats{make(chan struct{}, runtime.GOMAXPROCS(0)), make(chan struct{}, 1), make(chan struct{}, 4)}
}

// A sitting is the seats of one fetch.
type sitting struct {
	seats
	held []chan struct{}
}

func (s *sitting) take(ctx context.Context, seat chan struct{}) error {
	select {
	case seat <- struct{}{}:
		s.held = append(s.held, seat)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parse takes the seat of a parser; that of a large document first, so that
// small ones need not wait behind those that wait for it.
func (s *sitting) parse(ctx context.Context, isLarge bool) error {
	if isLarge {
		if err := s.take(ctx, s.large); err != nil {
			return err
		}
		collect()
	}
	return s.take(ctx, s.parsing)
}

// grow changes a parser's seat for that of a large document, if it has none.
func (s *sitting) grow(ctx context.Context) error {
	if slices.Contains(s.held, s.large) {
		return nil
	}
	s.held = s.held[:len(s.held)-1]
	<-s.parsing
	return s.parse(ctx, true)
}

func (s *sitting) leave() {
	if slices.Contains(s.held, s.large) {
		collect()
	}
	for _, seat := range s.held {
		<-seat
	}
	s.held = nil
}

// mostLeft is how much a large document may leave behind.
const mostLeft = 16 << 20

// collect takes that back, when one is done and before the next one comes. The
// collector alone would wait until the heap has doubled, and an attack with nothing but
// large documents would take twice the memory.
func collect() {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Uint64() > sample[1].Value.Uint64()+mostLeft {
		runtime.GC()
	}
}
