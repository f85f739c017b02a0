package publish

import (
	"iter"
	"slices"
	"time"

	"aggregator/internal/news"
)

// choose takes from a topic's shelf, newest first, what stands in its feed at
// now: stories not older than MaxAge, at most Items, of each day at most
// MaxPerSource led by one source. The choice holds until the oldest of them is
// too old; zero if none ever is.
func choose(shelf iter.Seq2[news.Story, error], t Topic, now time.Time) (chosen []news.Story, until time.Time, err error) {
	for st, err := range fair(young(shelf, t, now), t.MaxPerSource) {
		if err != nil {
			return nil, time.Time{}, err
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

// young are the stories not older than MaxAge: the shelf is newest first, and
// all behind one that is too old are older still.
func young(shelf iter.Seq2[news.Story, error], t Topic, now time.Time) iter.Seq2[news.Story, error] {
	return func(yield func(news.Story, error) bool) {
		for st, err := range shelf {
			if err == nil && t.MaxAge > 0 && now.Sub(st.Published) > t.MaxAge || !yield(st, err) {
				return
			}
		}
	}
}

// fair leaves of each UTC day the first n stories that one source leads, as they
// came: what a reader was shown does not go because its source wrote more. 0
// leaves all.
func fair(shelf iter.Seq2[news.Story, error], n int) iter.Seq2[news.Story, error] {
	if n == 0 {
		return shelf
	}
	return func(yield func(news.Story, error) bool) {
		var day []news.Story
		for st, err := range shelf {
			if err != nil {
				yield(st, err)
				return
			}
			if len(day) > 0 && !day[0].Published.UTC().Truncate(24*time.Hour).Equal(st.Published.UTC().Truncate(24*time.Hour)) {
				if !give(firsts(day, n), yield) {
					return
				}
				day = day[:0]
			}
			day = append(day, st)
		}
		give(firsts(day, n), yield)
	}
}

func give(stories []news.Story, yield func(news.Story, error) bool) bool {
	for _, st := range stories {
		if !yield(st, nil) {
			return false
		}
	}
	return true
}

// firsts are the n that came first of each source's, in the order given.
func firsts(stories []news.Story, n int) (out []news.Story) {
	came := map[string][]news.Position{} // by source
	for _, st := range stories {
		came[st.Lead.Source] = append(came[st.Lead.Source], st.Pos)
	}
	for _, at := range came {
		slices.Sort(at)
	}
	for _, st := range stories {
		if at := came[st.Lead.Source]; len(at) <= n || st.Pos < at[n] {
			out = append(out, st)
		}
	}
	return out
}
