package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/news"
)

// A floor is the earliest moment that the publisher allows another visit at.
type floor struct {
	at  time.Time
	why string
}

const (
	// longestFloor: nobody may stop us for longer. A misplaced Expires in 2038
	// would be the end of a source.
	longestFloor = 24 * time.Hour
	// longestRetry is for Retry-After with 429 and 503, which nobody sends by
	// mistake: a host that is overrun, or closed for a week.
	longestRetry = 7 * 24 * time.Hour
	// longestSkip: six days in a row can be skipped, and the hours after them.
	longestSkip = 8 * 24 * time.Hour
)

func (f *floor) raise(at time.Time, why string) {
	if at.After(f.at) {
		f.at, f.why = at, why
	}
}

// floorOf reads Retry-After, Cache-Control (RFC 9111 5.2.2.1, less the Age) and
// Expires (less the Date, for clocks differ), and what the document asks for
// itself. no-cache, no-store and s-maxage speak to caches that answer others.
func floorOf(h http.Header, pace news.Pace, now time.Time) floor {
	f := floor{at: now}
	if d, ok := retryAfter(h, now); ok {
		f.raise(now.Add(d), "Retry-After")
	}
	if d, ok := freshness(h); ok {
		f.raise(now.Add(d), fmt.Sprintf("Cache-Control max-age %s", d))
	} else if d, ok := expires(h, now); ok {
		f.raise(now.Add(d), "Expires")
	}
	if pace.Every > 0 {
		f.raise(now.Add(pace.Every), pace.Why)
	}
	f.limit(now.Add(longestFloor))
	skip(&f, pace, now)
	if !f.at.After(now) {
		return floor{}
	}
	return f
}

// retryFloor: of an error's headers only Retry-After speaks of the next visit.
func retryFloor(resp *http.Response, now time.Time) floor {
	f := floor{}
	if d, ok := retryAfter(resp.Header, now); ok {
		f = floor{now.Add(d), "Retry-After"}
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		f.limit(now.Add(longestRetry))
	default:
		f.limit(now.Add(longestFloor))
	}
	return f
}

func (f *floor) limit(latest time.Time) {
	if f.at.After(latest) {
		f.at = latest
	}
}

func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if n, ok := deltaSeconds(v); ok {
		return n, n > 0
	}
	t, err := http.ParseTime(v)
	return t.Sub(now), err == nil && t.After(now)
}

func freshness(h http.Header) (time.Duration, bool) {
	for _, line := range h["Cache-Control"] {
		for part := range strings.SplitSeq(line, ",") {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if !strings.EqualFold(key, "max-age") {
				continue
			}
			fresh, ok := deltaSeconds(strings.Trim(value, `"`))
			age, _ := deltaSeconds(h.Get("Age"))
			return max(fresh-max(age, 0), 0), ok
		}
	}
	return 0, false
}

// deltaSeconds reads a number of seconds; one that is too large to be read is very
// large (RFC 9111 1.2.2).
func deltaSeconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

func expires(h http.Header, now time.Time) (time.Duration, bool) {
	v := h.Get("Expires")
	if v == "" {
		return 0, false
	}
	at, err := http.ParseTime(v)
	if err != nil { // "0" and "-1" mean: at once
		return 0, false
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	return at.Sub(now), at.After(now)
}

// skip moves a floor out of the hours (GMT) and days in which the feed asks not to
// be read. One that names all of them is asked once a day.
func skip(f *floor, pace news.Pace, now time.Time) {
	if pace.Hours == 0 && pace.Days == 0 {
		return
	}
	at, last := f.at.UTC(), now.Add(longestSkip)
	for at.Before(last) {
		switch {
		case pace.Days&(1<<at.Weekday()) != 0:
			f.raise(at.Truncate(24*time.Hour).Add(24*time.Hour), "skipDays")
		case pace.Hours&(1<<at.Hour()) != 0:
			f.raise(at.Truncate(time.Hour).Add(time.Hour), "skipHours")
		default:
			return
		}
		at = f.at.UTC()
	}
	f.limit(now.Add(longestFloor))
}
