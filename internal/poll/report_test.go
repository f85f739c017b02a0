package poll

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"aggregator/internal/news"
)

// TestSays: the source's name stands beside what is said, and is not in it.
func TestSays(t *testing.T) {
	gone := errors.New("404 Not Found: nothing is at this address")
	full := errors.New("poll not committed: disk full")
	next := time.Date(2026, 5, 5, 8, 15, 0, 0, time.UTC)
	for want, v := range map[string]Visited{
		"404 Not Found: nothing is at this address; next try 2026-05-05 08:15 UTC (backoff)": {Name: "A",
			Err: fmt.Errorf("fetch A: %w", gone), Poll: news.Poll{Error: gone.Error(), Next: next, Why: "backoff"}},
		"404 Not Found: nothing is at this address": {Name: "A", Err: fmt.Errorf("fetch A: %w", gone), Poll: news.Poll{Error: gone.Error(), Next: never}},
		// What could not be kept leaves the record of the poll before.
		"poll not committed: disk full":                                   {Name: "A", Err: full, Poll: news.Poll{Error: gone.Error()}},
		"poll not committed: disk full; next try 2026-05-05 08:15 UTC ()": {Name: "A", Err: full, Poll: news.Poll{Next: next}},
		"partial: cut off":                                                {Name: "A", Poll: news.Poll{Partial: "cut off"}},
		"":                                                                {Name: "A", Unchanged: true, Poll: news.Poll{Partial: "cut off"}},
	} {
		if got := v.Says(); got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
}
