package poll

import (
	"context"
	"fmt"
	"strings"
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
// Floors beat every schedule. held is the rest of the source's host.
func floor(s *Source, p news.Poll, held rest) (time.Time, string) {
	at, why := ownFloor(s, p)
	if held.holds(s, at) {
		return held.until, held.why()
	}
	return at, why
}

func ownFloor(s *Source, p news.Poll) (time.Time, string) {
	if p.Last.IsZero() {
		return time.Time{}, ""
	}
	if p.Status == statusGone {
		return never, "gone for good (410): take it out of the configuration"
	}
	at, why := p.Last.Add(s.MinInterval), fmt.Sprintf("min_interval %s", schedule.FormatDuration(s.MinInterval))
	if p.Floor.After(at) {
		at, why = p.Floor, plainly(p.FloorWhy)
	}
	if p.Failures > 0 {
		if b := p.Last.Add(backoff(p.Failures)); b.After(at) {
			at, why = b, "backoff after "+times(p.Failures, "failure")+since(p)
		}
	}
	return at, why
}

// plainly is a reason with 1h for 1h0m0s.
func plainly(why string) string {
	if strings.HasSuffix(why, "m0s") {
		why = strings.TrimSuffix(why, "0s")
	}
	if strings.HasSuffix(why, "h0m") {
		why = strings.TrimSuffix(why, "0m")
	}
	return why
}

// backoff grows by doubling, up to a day.
func backoff(failures int) time.Duration {
	if failures > 9 {
		return longestBackoff
	}
	return min(longestBackoff, firstBackoff<<(failures-1))
}

// since says how long it has been so with a source that is asked once a day.
func since(p news.Poll) string {
	if p.Failing.IsZero() || backoff(p.Failures) < longestBackoff {
		return ""
	}
	return ", failing since " + p.Failing.UTC().Format("2 January 2006")
}

// due is when a source is polled again, and why then: cron proposes, the
// floors dispose, and a hub that keeps its word lets it wait.
func due(pl *plan, s *Source, p news.Poll, held rest, u Push, now time.Time) (time.Time, string) {
	at, why := floor(s, p, held)
	spread := schedule.Limits{Spread: pl.Spread}
	slot, _ := s.Schedule.Due(s.Key, now, spread)
	slotWhy := "schedule " + s.Schedule.String()
	if rare := slot; u.holds(now) {
		if rare = rarely(s, u, slot, now, spread); rare.After(slot) {
			slot, slotWhy = rare, u.rareWhy()
		}
	}
	if at.After(slot) {
		return at, why
	}
	return slot, slotWhy
}

// resume is when a source is polled first after a start or a change of plan:
// when the record says, or sooner if a new schedule does. What fell due while we
// were away is spread, not stampeded.
func resume(pl *plan, s *Source, p news.Poll, held rest, u Push, now time.Time) time.Time {
	if p.Next.Before(now) {
		forbidden, _ := floor(s, p, held)
		return s.Schedule.Overdue(s.Key, p.Next, now, pl.Spread, schedule.Limits{Spread: pl.Spread, Floor: forbidden})
	}
	if at, _ := due(pl, s, p, held, u, now); at.Before(p.Next) {
		return at
	}
	return p.Next
}

// resumed is when a source is polled that was overdue at a start, and why then.
func resumed(pl *plan, s *Source, p news.Poll, held rest, u Push, start time.Time) (time.Time, string) {
	at := resume(pl, s, p, held, u, start)
	if forbidden, why := floor(s, p, held); !at.After(forbidden) {
		return at, why
	}
	return at, "overdue, and not all at once"
}

// asOf is a record as it is now, if the clock was put back behind it: else a
// clock that once was a year ahead would stop a source for that year.
func asOf(p news.Poll, now time.Time) news.Poll {
	ahead := p.Last.Sub(now)
	if ahead <= 0 {
		return p
	}
	p.Last = now
	for _, t := range []*time.Time{&p.Next, &p.Floor} {
		if !t.IsZero() && t.Before(never) {
			*t = t.Add(-ahead)
		}
	}
	return p
}

// outlook is a record as people see it: with the rest of its host, and without a
// next poll where there will be none.
func outlook(s *Source, p news.Poll, held rest) news.Poll {
	if held.holds(s, p.Next) {
		p.Next, p.Why = held.until, held.why()
	}
	if !p.Next.Before(never) {
		p.Next = time.Time{}
	}
	return p
}

// Outlook is what is known of each source of the plan that was polled, or whose
// host rests: the last poll, the next, and why then. Its Seen is left out.
func (p *Poller) Outlook(ctx context.Context) (map[string]news.Poll, error) {
	pl, now := p.plan.Load(), p.now()
	polls, err := p.records(ctx, pl, now)
	if err != nil {
		return nil, err
	}
	held := restsOf(pl, polls)
	for i := range pl.Sources {
		s := &pl.Sources[i]
		known, polled := polls[s.Key]
		r := held.of(askedAt(s, known), now)
		if from := p.filled.Load(); polled && from != nil && known.Next.Before(*from) {
			known.Next, known.Why = resumed(pl, s, known, r, p.pushOf(s.Key), *from)
		}
		if polled {
			known = unpushed(pl, s, known, r, p.pushOf(s.Key), now)
		}
		if polled || !r.until.IsZero() {
			polls[s.Key] = outlook(s, known, r)
		}
	}
	return polls, nil
}

func times(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
