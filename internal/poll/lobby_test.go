package poll

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever comes in whatever order: no limit is passed, no poll is forgotten at a
// gate, none waits while all its gates are open.
func TestLobby(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
		l, c := newLobby(), &count{last: map[string]time.Time{}}
		draw := func(what string, low, high int) int { return rapid.IntRange(low, high).Draw(t, what) }
		configure := func() {
			l.use(limits{draw("all", 1, 12), draw("per host", 1, 4), time.Duration(draw("interval", 0, 8)) * time.Second}, now)
		}
		configure()
		for range draw("steps", 1, 80) {
			switch draw("what", 0, 9) {
			case 0, 1, 2, 3:
				h := fmt.Sprint("h", draw("host", 0, 5))
				if at := []string{"", "x", "y"}[draw("address", 0, 2)]; l.at[h] == "" && l.lines[lineKey{h, false}] == nil && l.lines[lineKey{h, true}] == nil {
					l.at[h] = at
				}
				l.wait(&job{host: h, slow: draw("slow", 0, 1) == 1})
			case 4, 5:
				c.end(l, now, draw("which", 0, 99))
			case 6:
				now = now.Add(time.Duration(draw("time", 0, 3000)) * time.Millisecond)
			case 7:
				l.drop(fmt.Sprint("h", draw("host", 0, 5)), func(*job) bool { return draw("drop", 0, 1) == 1 })
			case 8: // it waits at a gate of the old address until that opens
				l.at[fmt.Sprint("h", draw("host", 0, 5))], c.moved = "z", true
			case 9:
				if draw("configure", 0, 9) == 0 {
					configure()
					c.last = map[string]time.Time{}
				}
			}
			c.start(t, l, now)
		}
		for range 2000 {
			c.end(l, now, 0)
			now = now.Add(time.Second)
			c.start(t, l, now)
		}
		if l.waiting != 0 || len(c.in) != 0 {
			t.Fatalf("%d are forgotten at a gate, %d run", l.waiting, len(c.in))
		}
	})
}

// count is what a lobby let in.
type count struct {
	in    []*job
	last  map[string]time.Time // start, by host
	moved bool
}

func (c *count) end(l *lobby, now time.Time, which int) {
	if len(c.in) == 0 {
		return
	}
	i := which % len(c.in)
	j := c.in[i]
	c.in = append(c.in[:i], c.in[i+1:]...)
	l.done(j, now)
}

// start lets in all that may, and holds them to the limits.
func (c *count) start(t *rapid.T, l *lobby, now time.Time) {
	for len(c.in) < l.all {
		j := l.start(now)
		if j == nil {
			break
		}
		c.in = append(c.in, j)
		hosts, addresses, slow := 0, 0, 0
		for _, k := range c.in {
			if k.host == j.host {
				hosts++
			}
			if k.address != "" && k.address == j.address {
				addresses++
			}
			if k.slow {
				slow++
			}
		}
		if hosts > l.perHost || addresses > perAddress*l.perHost || j.slow && slow > lane(l.all) {
			t.Fatalf("%d of a host, %d of an address, %d slow ones at one time: %+v", hosts, addresses, slow, l.limits)
		}
		if gap := now.Sub(c.last[j.host]); gap < l.interval {
			t.Fatalf("%s was asked %v apart", j.host, gap)
		}
		c.last[j.host] = now
	}
	c.idle(t, l, now)
}

// idle: with room left, no line waits whose gates are all open.
func (c *count) idle(t *rapid.T, l *lobby, now time.Time) {
	if len(c.in) >= l.all || c.moved {
		return
	}
	for key, ln := range l.lines {
		open := len(ln.jobs) > 0
		for _, g := range l.way(key.host, l.at[key.host], key.slow) {
			open = open && g.open(now)
		}
		if open {
			t.Fatalf("%s waits though it may be asked", key.host)
		}
	}
}
