package store

import (
	"context"
	"errors"
	"time"

	"aggregator/internal/news"
)

// ErrLost: the log is not the one that was followed. It was wiped, or a failover
// lost its end: read it anew from its beginning.
var ErrLost = errors.New("the log is another one than before")

// A Tip is an end of a log, and of which log: another history may have the same
// positions. The zero Tip is before the first decision of any.
type Tip struct {
	At    news.Position
	Chain string // changes with every append that moves the log
}

// Shared is what a store offers beside Store where several processes work on one
// site. bolt has one process only, and offers nothing.
type Shared interface {
	Store
	// Follow gives the decisions behind a tip, a step's worth, and the tip where
	// they end. Where there are none yet it waits for some, for so long (0: not
	// at all), and gives none and the tip of the log's end. ErrLost if the log
	// does not go through the tip, or if what is behind it has expired: read it
	// anew from the zero Tip, before whose first decision any may be missing.
	Follow(ctx context.Context, after Tip, wait time.Duration) ([]news.Decision, Tip, error)
	// AppendAt is Append at a tip: ErrBehind if the log has moved on, ErrLost if
	// it does not go through the tip. A batch without decisions and stories is
	// kept wherever the log ends now, and its Tip is `at` again: a poll that
	// brought nothing new asks no more of the log than that it is still that one.
	// A poll that is kept ends this process's claim on its source.
	AppendAt(ctx context.Context, at Tip, b Batch) (Tip, error)
	// Claim asks for the sole right to poll sources, all in one round trip, and
	// answers in their order. now is the caller's clock, which due moments and
	// rests are by; claims themselves end by the store's.
	Claim(ctx context.Context, now time.Time, l Limits, cs ...Claim) ([]Claimed, error)
	// Release gives this process's claims back of which nothing is kept.
	Release(ctx context.Context, sources ...string) error
	// Rest has no source of an origin claimed before a moment. A moment that is
	// past ends a rest.
	Rest(ctx context.Context, origin string, until time.Time) error
	// Lease is the sole right to something named, for so long: whoever asks first
	// has it, and renews it by asking again; for no time at all gives it back.
	// True if `who` has it.
	Lease(ctx context.Context, name, who string, d time.Duration) (bool, error)
}

// Limits hold for all processes together.
type Limits struct {
	PerHost  int           // claims of one host at a time
	Interval time.Duration // between two of them
	Lease    time.Duration // a claim ends by itself after it
}

// A Claim is a source that one wants to poll, and whom that would ask.
type Claim struct {
	Source string
	// Host is whose places and spacing count, Origin (HOST:PORT, or as Rest was
	// told) whose rest; "" is Host.
	Host, Origin string
	// Forced: whether it is due does not matter. Anyway: nor that its origin rests.
	Forced, Anyway bool
}

// Claimed is the answer to a Claim.
type Claimed struct {
	OK bool
	// Poll is the source's record, whether claimed or not: another process may
	// have polled it.
	Poll news.Poll
	// Until is when to ask again where it is not OK, by the caller's clock: the
	// source is not due before, another process is at it, or its host is.
	Until time.Time
}
