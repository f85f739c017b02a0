package poll

import (
	"time"

	"aggregator/internal/schedule"
)

// hosts hold back what one host must not be asked just now: no more than so
// many at a time, no closer together than an interval.
type hosts struct {
	byName  map[string]*waiting
	ready   []string        // hosts that may be asked, first come first served
	later   *schedule.Queue // hosts that may be asked from a moment on
	waiting int             // jobs in all
}

type waiting struct {
	jobs    []*job
	running int
	free    time.Time // not before
	listed  bool      // in ready or later
}

func newHosts() *hosts {
	return &hosts{byName: map[string]*waiting{}, later: &schedule.Queue{}}
}

// wait puts a job in its host's line.
func (h *hosts) wait(name string, j *job) {
	w := h.byName[name]
	if w == nil {
		w = &waiting{}
		h.byName[name] = w
	}
	w.jobs = append(w.jobs, j)
	h.waiting++
	h.list(name, w)
}

func (h *hosts) list(name string, w *waiting) {
	if w.listed || len(w.jobs) == 0 {
		return
	}
	w.listed = true
	h.ready = append(h.ready, name)
}

// start takes the next job that may start at `now`; nil if there is none.
func (h *hosts) start(now time.Time, perHost int, interval time.Duration) *job {
	for {
		name, due := h.later.Pop(now)
		if !due {
			break
		}
		h.ready = append(h.ready, name)
	}
	for len(h.ready) > 0 {
		name := h.ready[0]
		h.ready = h.ready[1:]
		w := h.byName[name]
		if w.running >= perHost {
			w.listed = false // done lists it again
			continue
		}
		if now.Before(w.free) {
			h.later.Set(name, w.free)
			continue
		}
		j := w.jobs[0]
		w.jobs = w.jobs[1:]
		w.running++
		w.free = now.Add(interval)
		w.listed = false
		h.waiting--
		h.list(name, w)
		return j
	}
	return nil
}

// done says that a job of a host has ended.
func (h *hosts) done(name string, now time.Time) {
	w := h.byName[name]
	w.running--
	h.list(name, w)
	if w.running == 0 && len(w.jobs) == 0 && !now.Before(w.free) {
		delete(h.byName, name)
	}
}

// next is when a host may be asked that may not yet.
func (h *hosts) next() (time.Time, bool) { return h.later.Next() }
