package poll

import "time"

// bigJump is what no steady correction of a clock comes to between two looks.
const bigJump = 30 * time.Second

// A clock notices that the time of day goes otherwise than time itself: somebody
// set it, or the machine slept, in which time itself stands still.
type clock struct {
	now   func() time.Time // of day
	began time.Time        // with the reading of a clock that nobody sets
	drift time.Duration
}

func newClock(now func() time.Time) clock {
	c := clock{now: now, began: time.Now()}
	c.jumped()
	return c
}

// jumped is by how much since the last look; 0 for next to nothing.
func (c *clock) jumped() time.Duration {
	drift := c.now().Round(0).Sub(c.began.Round(0)) - time.Since(c.began)
	by := drift - c.drift
	c.drift = drift
	if by.Abs() < bigJump {
		return 0
	}
	return by
}
