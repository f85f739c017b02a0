package publish

import (
	"iter"
	"time"

	"aggregator/internal/news"
)

// choose takes from a topic's shelf, newest first, what stands in its feed at
// now: stories not older than MaxAge, at most Items, at most MaxPerSource led
// by one source. The choice holds until the oldest of them is too old; zero if
// none ever is.
func choose(shelf iter.Seq2[news.Story, error], t Topic, now time.Time) (chosen []news.Story, until time.Time, err error) {
	led := map[string]int{}
	for st, err := range shelf {
		if err != nil {
			return nil, time.Time{}, err
		}
		// The shelf is newest first: all that follow are older still.
		if t.MaxAge > 0 && now.Sub(st.Published) > t.MaxAge {
			break
		}
		if led[st.Lead.Source]++; t.MaxPerSource > 0 && led[st.Lead.Source] > t.MaxPerSource {
			continue
		}
		chosen = append(chosen, st)
		if t.MaxAge > 0 {
			until = st.Published.Add(t.MaxAge)
		}
		if len(chosen) == t.Items {
			break
		}
	}
	return chosen, until, nil
}
