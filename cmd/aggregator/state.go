package main

import (
	"fmt"
	"time"
)

// state is how a source is, in words.
func (l sourceLine) state() string {
	switch {
	case l.Failures > 1:
		return fmt.Sprintf("%s (%d times in a row%s; %s)", l.Error, l.Failures, failingSince(l.Failing), lastGood(l.Good))
	case l.Error != "":
		return l.Error
	case l.Last.IsZero():
		return "-"
	case l.Partial != "":
		return "partial: " + l.Partial
	case l.Asked != "" && l.Asked == l.Moved:
		return "ok, moved to " + l.Moved + ", which is asked now"
	case l.Moved != "":
		return "ok, moved to " + l.Moved
	case l.Asked != "":
		return "ok, a page with its feed at " + l.Asked
	}
	return "ok"
}

// pushState is how its hub is, in words; "" where there is nothing to say.
func (l sourceLine) pushState() string {
	switch l.Push {
	case "live":
		return "; pushed"
	case "broken":
		return "; its hub had news that it did not push"
	case "asked":
		return "; its hub is asked to push"
	case "refused":
		return "; not pushed: " + l.PushWhy
	}
	return ""
}

// next is when it is polled again; never for one that is gone for good.
func (l sourceLine) next() string {
	if l.Next.IsZero() && !l.Last.IsZero() {
		return "never"
	}
	return moment(l.Next)
}

func failingSince(t time.Time) string {
	if t.IsZero() { // kept by an older version
		return ""
	}
	return " since " + moment(t)
}

func lastGood(t time.Time) string {
	if t.IsZero() {
		return "it never went well"
	}
	return "it last went well " + moment(t)
}
