// Package store is the contract of what is remembered: the log of decisions,
// the items and stories that they speak of, the shelf, and the polls. It
// changes one step at a time: [Store.Append] keeps all of a [Batch] or nothing.
//
// Two twins keep the contract, bolt (embedded) and redis; neither knows what a
// duplicate is. storetest is the suite that both pass, codec.go the one form
// in which both keep records, backup.go the way from one to the other, shared.go
// what is more where several processes share one, steps.go how rooms keep and read
// by steps.
package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"aggregator/internal/news"
)

// ErrBehind: somebody appended first. Read Since, decide again.
var ErrBehind = errors.New("the log has moved on")

// ErrCorrupt is wrapped by errors about records that cannot be read back.
var ErrCorrupt = errors.New("cannot be read back")

// A Store remembers one site. All methods may be called side by side.
type Store interface {
	// At is the position of the last decision; 0 when there is none yet.
	At(ctx context.Context) (news.Position, error)
	// Append keeps b as one step if the log still ends at `at`, and returns
	// where it ends now. On any error nothing of b is kept; ErrBehind if the
	// log ended elsewhere. b.Decisions hold positions at+1, at+2, ….
	Append(ctx context.Context, at news.Position, b Batch) (news.Position, error)
	// Since yields the decisions behind a position, in order.
	Since(ctx context.Context, after news.Position) iter.Seq2[news.Decision, error]
	// Items and Story return what is kept under the given positions; nothing
	// for those under which nothing is.
	Items(ctx context.Context, at ...news.Position) (map[news.Position]news.Item, error)
	Story(ctx context.Context, at ...news.Position) (map[news.Position]news.Story, error)
	// Stories yields the stories that began behind a position, in order.
	Stories(ctx context.Context, after news.Position) iter.Seq2[news.Story, error]
	// Shelf yields the stories filed under a topic: newest Published first,
	// then by ID.
	Shelf(ctx context.Context, topic string) iter.Seq2[news.Story, error]
	// Shelved yields what the shelf alone knows of the stories under a topic,
	// in the order of Shelf: no story is read.
	Shelved(ctx context.Context, topic string) iter.Seq2[Place, error]
	// Count is how many stories are under each topic that has any.
	Count(ctx context.Context) (map[string]int, error)
	// Poll is the record of a source's last poll; the zero Poll with Source
	// set if it never was polled.
	Poll(ctx context.Context, source string) (news.Poll, error)
	// Polls yields all of them, by source.
	Polls(ctx context.Context) iter.Seq2[news.Poll, error]
	// Mark is a small fact that a room keeps under a name; "" if unset.
	Mark(ctx context.Context, name string) (string, error)
	// Marks are all of them.
	Marks(ctx context.Context) (map[string]string, error)
	// Expire forgets decisions, items and stories at positions up to `to`,
	// from the shelf too. Positions are never used again.
	Expire(ctx context.Context, to news.Position) error
	Stats(ctx context.Context) (Stats, error)
	Close() error
}

// A Place is a story's on the shelf.
type Place struct {
	Published time.Time // in milliseconds; UTC
	ID        string
	Pos       news.Position
}

// A Batch is what one or more polls change: kept together or not at all.
type Batch struct {
	Decisions []news.Decision
	// Items are the items of decisions, each under its decision's position.
	Items map[news.Position]news.Item
	// Stories are new ones and old ones as they are now. The shelf follows:
	// a story is under exactly the topics of its Topics.
	Stories []news.Story
	Polls   []news.Poll
	// Marks are set; one set to "" is forgotten.
	Marks map[string]string
}

// Empty says that there is nothing to keep.
func (b Batch) Empty() bool {
	return len(b.Decisions)+len(b.Stories)+len(b.Polls)+len(b.Marks) == 0
}

// Stats are the size of what is kept.
type Stats struct {
	At        news.Position `json:"at"`
	Oldest    news.Position `json:"oldest"`
	Decisions int           `json:"decisions"`
	Items     int           `json:"items"`
	Stories   int           `json:"stories"`
	Topics    int           `json:"topics"`
	Polls     int           `json:"polls"`
	Bytes     int64         `json:"bytes"` // on disk or in Redis
}
