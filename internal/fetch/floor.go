package fetch

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A floor is the earliest moment that the publisher allows another visit at.
type floor struct {
	at  time.Time
	why string
}

// longestFloor: nobody may stop us for longer. A misplaced Expires in 2038
// would be the end of a source.
const longestFloor = 24 * time.Hour

const ttlWhy = "ttl"

func (f *floor) raise(at time.Time, why string) {
	if at.After(f.at) {
		f.at, f.why = at, why
	}
}

// floorOf reads Retry-After, Cache-Control (RFC 9111 5.2.2.1, less the Age) and
// Expires (less the Date, for clocks differ). doc is zero where there is none.
func floorOf(h http.Header, doc document, now time.Time) floor {
	f := floor{at: now}
	if d, ok := retryAfter(h, now); ok {
		f.raise(now.Add(d), "Retry-After")
	}
	if d, ok := freshness(h); ok {
		f.raise(now.Add(d), fmt.Sprintf("Cache-Control max-age %s", d))
	} else if d, ok := expires(h, now); ok {
		f.raise(now.Add(d), "Expires")
	}
	if doc.ttl > 0 {
		f.raise(now.Add(doc.ttl), fmt.Sprintf("%s %s", ttlWhy, doc.ttl))
	}
	skip(&f, doc, now)
	if latest := now.Add(longestFloor); f.at.After(latest) {
		f.at = latest
	}
	if !f.at.After(now) {
		return floor{}
	}
	return f
}

func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if n, err := strconv.ParseInt(v, 10, 32); err == nil {
		return time.Duration(n) * time.Second, n > 0
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
			n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
			if err != nil {
				return 0, false
			}
			age, _ := strconv.ParseInt(h.Get("Age"), 10, 32)
			return time.Duration(max(n-max(age, 0), 0)) * time.Second, true
		}
	}
	return 0, false
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

// skip moves a floor out of the hours (GMT) and days in which the feed asks
// not to be read.
func skip(f *floor, doc document, now time.Time) {
	if len(doc.skipHours) == 0 && len(doc.skipDays) == 0 {
		return
	}
	at, last := f.at.UTC(), now.Add(longestFloor)
	for at.Before(last) {
		switch {
		case slices.Contains(doc.skipDays, at.Weekday()):
			f.raise(at.Truncate(24*time.Hour).Add(24*time.Hour), "skipDays")
		case slices.Contains(doc.skipHours, at.Hour()):
			f.raise(at.Truncate(time.Hour).Add(time.Hour), "skipHours")
		default:
			return
		}
		at = f.at.UTC()
	}
}
