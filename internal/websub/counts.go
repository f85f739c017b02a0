package websub

import (
	"errors"
	"sync/atomic"
	"time"
)

// counts are what monitoring reads.
type counts struct {
	refused, unverified     atomic.Int64
	delivered, failed, gone atomic.Int64
	millis                  atomic.Int64 // that deliveries which went well took together
}

func (c *counts) took(d time.Duration, err error) {
	switch {
	case err == nil:
		c.delivered.Add(1)
		c.millis.Add(d.Milliseconds())
	case errors.Is(err, errGone):
		c.gone.Add(1)
	default:
		c.failed.Add(1)
	}
}

// HubStats are what the hub has done since it began, and has now.
type HubStats struct {
	Live, Failing, Pending  int   // subscriptions: well, failing, being verified
	Delivered, Failed, Gone int64 // deliveries
	Refused, Unverified     int64 // requests
}

// Stats says how the hub is.
func (h *Hub) Stats() HubStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := HubStats{
		Pending: h.asking.pending, Delivered: h.count.delivered.Load(), Failed: h.count.failed.Load(), Gone: h.count.gone.Load(),
		Refused: h.count.refused.Load(), Unverified: h.count.unverified.Load(),
	}
	for _, sub := range h.subs {
		if sub.failures > 0 {
			s.Failing++
		} else {
			s.Live++
		}
	}
	return s
}
