// Package schedule says when: a cron spec becomes due moments, each key gets
// its steady place inside a slot, and a [Queue] keeps what is due next. It
// knows no clock: every moment is given.
//
// robfig/cron is the parser only. Its runner computes the next run as a job
// starts, so backoff cannot be a schedule, and it sorts all entries each tick.
package schedule

import (
	"time"
	// A container without /usr/share/zoneinfo must know CRON_TZ= too.
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

// A Schedule is a parsed cron spec. The zero Schedule is never due.
type Schedule struct {
	text     string
	every    time.Duration // of an @every; else 0
	cron     *cron.SpecSchedule
	zone     *time.Location
	byHand   bool          // names hours: follows the hands of the clock through a change of time
	shortest time.Duration // between two runs
}

// String is the spec as it was written, with single spaces.
func (s Schedule) String() string { return s.text }

// IsZero says that nothing was parsed.
func (s Schedule) IsZero() bool { return s.text == "" }

// Shortest is the shortest time between two runs, changes of time aside.
func (s Schedule) Shortest() time.Duration { return s.shortest }

// Next is the first moment of the schedule after the one given, in UTC; zero
// if there is none.
//
// @every counts from the Unix epoch, not from the start of the program, so
// that a restart or a second replica finds the same moments.
//
// Where the clock changes, a schedule of every hour simply goes on. One that
// names hours follows the hands of the clock: a run in the hour that spring
// skips comes as the clock jumps, the hour that autumn repeats runs once.
func (s Schedule) Next(after time.Time) time.Time {
	switch {
	case s.every > 0:
		return nextEvery(after, s.every)
	case s.cron != nil:
		return s.nextCron(after).UTC()
	}
	return time.Time{}
}

func nextEvery(after time.Time, every time.Duration) time.Time {
	step := int64(every / time.Second)
	n := after.Unix() / step
	if after.Unix()%step < 0 {
		n-- // before 1970
	}
	return time.Unix((n+1)*step, 0).UTC()
}

// nextCron walks the stretches of time in which the zone's offset is steady:
// inside one, local time is plain arithmetic. (robfig's own walk through a
// change of time loses whole days where midnight does not exist.)
func (s Schedule) nextCron(after time.Time) time.Time {
	for giveUp := after.AddDate(9, 0, 0); after.Before(giveUp); {
		start, end := stretch(after.Add(1).In(s.zone))
		if repeated := -shift(start); s.byHand && repeated > 0 && after.Before(start.Add(repeated)) {
			after = start.Add(repeated - 1)
		}
		next := s.nextSteady(after)
		if end.IsZero() || !next.IsZero() && next.Before(end) {
			return next
		}
		lost := !next.IsZero() && next.Before(end.Add(shift(end)))
		if s.byHand && lost {
			return end
		}
		after = end.Add(-1)
	}
	return time.Time{}
}

// stretch is the time around t in which the offset is steady. On the last day
// of a leap year behind the zone's table (from 2040 on) ZoneBounds gives an end
// that is past already; a day later it is right again.
func stretch(t time.Time) (start, end time.Time) {
	start, end = t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		end = t.Add(24 * time.Hour)
	}
	return start, end
}

// nextSteady is the next run if the zone's offset never changed again.
func (s Schedule) nextSteady(after time.Time) time.Time {
	_, offset := after.Add(1).In(s.zone).Zone()
	local := after.In(time.FixedZone("", offset))
	if n := s.cron.Next(local); !n.IsZero() {
		return n
	}
	// robfig looks five years ahead; 29 February of 2096 and 2104 are eight apart.
	return s.cron.Next(local.AddDate(4, 0, 0))
}

// shift is how far the hands of the clock jump at t.
func shift(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	_, before := t.Add(-1).Zone()
	_, since := t.Zone()
	return time.Duration(since-before) * time.Second
}
