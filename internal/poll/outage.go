package poll

import (
	"time"
)

const (
	// silentHosts is how many hosts that were well must be out of reach, and
	// nobody in reach meanwhile, until it is our own network that is down.
	silentHosts = 3
	// longestOutage: who is out of reach for longer is no more forgiven.
	longestOutage = 24 * time.Hour
)

// An outage is when our own network is down: nobody at all is in reach. It says
// nothing of the sources, so it is not counted against them.
type outage struct {
	silent map[string]bool // hosts that were well, and are out of reach since anybody was
	missed map[string]bool // their sources
	since  time.Time       // zero: we have a network, as far as is known
}

// answered: somebody was reached. It gives the sources that were missed if that
// ends an outage.
func (o *outage) answered() (missed map[string]bool) {
	if !o.since.IsZero() {
		missed = o.missed
	}
	*o = outage{}
	return missed
}

// failed: a source is out of reach. Sources that failed before tell nothing new.
func (o *outage) failed(v *visit, now time.Time) {
	if v.prev.Failures > 0 || v.prev.Good.IsZero() {
		return
	}
	if o.silent == nil {
		o.silent, o.missed = map[string]bool{}, map[string]bool{}
	}
	o.silent[host(v.source.URL)], o.missed[v.source.Key] = true, true
	if o.since.IsZero() && len(o.silent) >= silentHosts {
		o.since = now
	}
}

// forgives: what fails now is not counted.
func (o *outage) forgives(now time.Time) bool {
	return !o.since.IsZero() && now.Sub(o.since) < longestOutage
}
