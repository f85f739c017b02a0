package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"time"
)

// Limits are what holds a due moment back. Zero values hold nothing.
type Limits struct {
	// Spread is how far keys are spread inside a slot; cut to the shortest
	// time between two runs.
	Spread time.Duration
	// MinInterval is the least time from Last, the last poll, to the next.
	MinInterval time.Duration
	Last        time.Time
	// Floor is what politeness forbids before: Retry-After, backoff.
	Floor time.Time
}

// A Reason says what set a due moment.
type Reason string

// The three that can.
const (
	BySchedule    Reason = "schedule"
	ByMinInterval Reason = "min_interval"
	ByFloor       Reason = "floor"
)

// Due is when the key is due next after the moment given, and what made it
// then: the key's place in the first slot that is still ahead, or the floor or
// the minimal interval where they end later. Zero if the schedule is.
//
// A floor moves a poll to its own end, not to the slot after it: a source that
// recovered is not left alone for a day.
func (s Schedule) Due(key string, after time.Time, l Limits) (time.Time, Reason) {
	due := s.slot(key, after, l.Spread)
	if due.IsZero() {
		return due, BySchedule
	}
	why := BySchedule
	if earliest := l.Last.Add(l.MinInterval); !l.Last.IsZero() && earliest.After(due) {
		due, why = earliest.UTC(), ByMinInterval
	}
	if l.Floor.After(due) {
		due, why = l.Floor.UTC(), ByFloor
	}
	return due, why
}

// Overdue is when a key should be polled that was due while nothing ran: after
// a restart or a long sleep. Keys are spread over `within` from now, each at
// its steady place, so there is no stampede; none waits past its next regular
// moment. What is not overdue stays when it is.
func (s Schedule) Overdue(key string, due, now time.Time, within time.Duration, l Limits) time.Time {
	if due.After(now) {
		return due
	}
	at := now.Add(Spread(key, within))
	if regular := s.slot(key, now, l.Spread); !regular.IsZero() && regular.Before(at) {
		at = regular
	}
	if l.Floor.After(at) {
		at = l.Floor
	}
	return at.UTC()
}

// slot is the key's place in the first slot that is still ahead of after.
func (s Schedule) slot(key string, after time.Time, spread time.Duration) time.Time {
	offset := Spread(key, min(spread, s.shortest))
	next := s.Next(after.Add(-offset))
	if next.IsZero() {
		return next
	}
	return next.Add(offset)
}

// Spread gives the steady offset of a key in [0, spread): the same after every
// restart and on every replica, evenly spread over keys. 0 for no spread.
func Spread(key string, spread time.Duration) time.Duration {
	if spread <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(key))
	offset, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:]), uint64(spread))
	return time.Duration(offset)
}
