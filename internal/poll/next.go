package poll

import (
	"fmt"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/schedule"
)

const (
	// firstBackoff is waited after a first failure, then twice as long each
	// time, up to longestBackoff.
	firstBackoff   = 5 * time.Minute
	longestBackoff = 24 * time.Hour
	statusGone     = 410
)

// never is when a source is due that said it is gone for good (RFC 9110
// 15.5.11).
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// floor is the moment before which politeness forbids to ask again, and why.
// Floors beat every schedule.
func floor(s *Source, p news.Poll) (time.Time, string) {
	if p.Last.IsZero() {
		return time.Time{}, ""
	}
	if p.Status == statusGone {
		return never, "gone for good (410): take it out of the configuration"
	}
	at, why := p.Last.Add(s.MinInterval), fmt.Sprintf("min_interval %s", schedule.FormatDuration(s.MinInterval))
	if p.Floor.After(at) {
		at, why = p.Floor, p.FloorWhy
	}
	if p.Failures > 0 {
		if b := p.Last.Add(backoff(p.Failures)); b.After(at) {
			at, why = b, fmt.Sprintf("backoff after %s", times(p.Failures, "failure"))
		}
	}
	return at, why
}

// backoff grows by doubling, up to a day.
func backoff(failures int) time.Duration {
	if failures > 9 {
		return longestBackoff
	}
	return min(longestBackoff, firstBackoff<<(failures-1))
}

// due is when a source is polled again, and why then: cron proposes, the
// floors dispose.
func due(pl *plan, s *Source, p news.Poll, now time.Time) (time.Time, string) {
	at, why := floor(s, p)
	slot, _ := s.Schedule.Due(s.Key, now, schedule.Limits{Spread: pl.Spread})
	if at.After(slot) {
		return at, why
	}
	return slot, "schedule " + s.Schedule.String()
}

// resume is when a source is polled first after a start or a change of plan:
// when the record says, or sooner if a new schedule does. What fell due while we
// were away is spread, not stampeded.
func resume(pl *plan, s *Source, p news.Poll, now time.Time) time.Time {
	if p.Next.Before(now) {
		forbidden, _ := floor(s, p)
		return s.Schedule.Overdue(s.Key, p.Next, now, pl.Spread, schedule.Limits{Spread: pl.Spread, Floor: forbidden})
	}
	if at, _ := due(pl, s, p, now); at.Before(p.Next) {
		return at
	}
	return p.Next
}

func times(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
