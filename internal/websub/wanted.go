package websub

import (
	"crypto/rand"
	"encoding/json"
	"time"
)

const (
	// wantedLease is asked for; a hub may give another.
	wantedLease = 10 * 24 * time.Hour
	// Leases that we believe: a hub may have errors, too.
	leastHeld = time.Minute
	mostHeld  = 90 * 24 * time.Hour
	// A hub that does not answer, or does not verify, is asked again after
	// firstPause, then twice as long each time up to longestPause; one that denied
	// after deniedPause.
	firstPause   = 10 * time.Minute
	longestPause = 24 * time.Hour
	deniedPause  = 24 * time.Hour
)

// A Source is what the last poll of a source says of being told.
type Source struct {
	Key   string
	Hub   string // "" where it names none
	Topic string // the address by which its hub knows it
	// MaxSize is the most that is taken of a push, in bytes.
	MaxSize int64
	// Polled says that all of this is known.
	Polled bool
}

// subMark keeps a wish: "sub " and the source's key.
const subMark = "sub "

// A wish is our subscription to a source's hub, from the first request on. It
// is kept whole.
type wish struct {
	// ID is the end of our callback: nobody can guess it.
	ID     string `json:"id"`
	Hub    string `json:"hub"`
	Topic  string `json:"topic"`
	Secret string `json:"secret"`
	// Asked says that the hub may ask us to confirm.
	Asked bool `json:"asked,omitempty"`
	// Since and Until are the lease that we confirmed last; Since is its first
	// beginning, as long as it is renewed in time.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Next is when the hub is asked next: to renew the lease, or once more.
	Next     time.Time `json:"next,omitzero"`
	Failures int       `json:"failures,omitempty"` // requests without effect, in a row
	Error    string    `json:"error,omitempty"`    // of the last
	// Pushed is when something came last, Missed when a poll last brought what
	// should have been pushed.
	Pushed time.Time `json:"pushed,omitzero"`
	Missed time.Time `json:"missed,omitzero"`
}

// newWish is a subscription that nobody has asked for yet.
func newWish(src Source) wish {
	return wish{ID: rand.Text(), Hub: src.Hub, Topic: src.Topic, Secret: rand.Text() + rand.Text()}
}

func (w wish) String() string {
	raw, err := json.Marshal(w)
	if err != nil {
		panic(err) // strings and times
	}
	return string(raw)
}

// An act is what is to be done about a source's hub now.
type act uint8

const (
	rest  act = iota
	enter     // ask for a first subscription, or after the hub or the topic changed
	renew     // ask again for the one that there is
	leave     // end it
)

// decide says what is to be done. has says that there is a wish; open, that hubs
// can reach us.
func decide(w wish, has bool, src Source, open bool, now time.Time) act {
	wants := open && src.Hub != "" && src.Topic != ""
	switch {
	case !src.Polled && src.Key != "": // nobody knows yet
		return rest
	case has && !wants:
		return leave
	case !wants:
		return rest
	case !has || w.Hub != src.Hub || w.Topic != src.Topic:
		return enter
	case w.Next.After(now):
		return rest
	}
	return renew
}

// asking is the wish while the hub is asked: until it has us confirm, this counts
// as a failure.
func (w wish) asking(now time.Time) wish {
	w.Asked = true
	w.Failures++
	w.Next = now.Add(pause(w.Failures))
	return w
}

func pause(failures int) time.Duration {
	if failures > 8 {
		return longestPause
	}
	return min(longestPause, firstPause<<(failures-1))
}

// confirmed is the wish after its hub had us confirm a lease. It is renewed when
// three quarters of it are over.
func (w wish) confirmed(lease time.Duration, now time.Time) wish {
	lease = min(max(lease, leastHeld), mostHeld)
	if !w.live(now) {
		w.Since = now
	}
	w.Asked, w.Failures, w.Error = false, 0, ""
	w.Until, w.Next = now.Add(lease), now.Add(lease*3/4)
	return w
}

// denied is the wish after its hub said no.
func (w wish) denied(why string, now time.Time) wish {
	w.Asked, w.Until, w.Since = false, time.Time{}, time.Time{}
	w.Error, w.Next = "denied: "+why, now.Add(deniedPause)
	return w
}

// live: the hub has promised to tell us.
func (w wish) live(now time.Time) bool { return now.Before(w.Until) }

// believed: it has, and keeps its word.
func (w wish) believed(now time.Time) bool {
	return w.live(now) && !w.Missed.After(w.Pushed)
}

// state is that in a word.
func (w wish) state(now time.Time) string {
	switch {
	case w.believed(now):
		return "live"
	case w.live(now):
		return "broken"
	case w.Error != "":
		return "refused"
	}
	return "asked"
}
