package websub

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"aggregator/internal/store"
)

// keepEvery is the least time between two writes: what changes meanwhile goes
// together, as one step.
const keepEvery = time.Second

// A keeper has the store keep marks, many at a time.
type keeper struct {
	store store.Store
	log   *slog.Logger

	mu      sync.Mutex
	marks   map[string]string // that are not kept yet
	failing bool
	changed chan struct{}
}

func newKeeper(s store.Store, log *slog.Logger) *keeper {
	return &keeper{store: s, log: log, marks: map[string]string{}, changed: make(chan struct{}, 1)}
}

// put has a mark kept soon; "" forgets it.
func (k *keeper) put(name, value string) {
	k.mu.Lock()
	k.marks[name] = value
	k.mu.Unlock()
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// run keeps what changes until ctx ends; then flush is for the last.
func (k *keeper) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.changed:
			k.flush(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(keepEvery):
		}
	}
}

// flush keeps what has changed. What cannot be kept now goes with the next: at
// worst somebody is told again what was told already.
func (k *keeper) flush(ctx context.Context) {
	k.mu.Lock()
	marks := k.marks
	k.marks = map[string]string{}
	k.mu.Unlock()
	if len(marks) == 0 {
		return
	}
	err := store.Keep(ctx, k.store, store.Batch{Marks: marks})
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		maps.Copy(marks, k.marks) // the later ones win
		k.marks = marks
		select {
		case k.changed <- struct{}{}:
		default:
		}
	}
	if err != nil && !k.failing {
		k.log.Warn("what WebSub subscribers were given cannot be kept; a restart may tell them again", "error", err)
	}
	k.failing = err != nil
}
