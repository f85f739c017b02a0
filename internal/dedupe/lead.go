package dedupe

import (
	"cmp"
	"math"

	"aggregator/internal/news"
)

// Preferences by which a lead is chosen, in the order that the configuration
// gives (`dedupe.prefer`).
const (
	Tier     = "tier"     // the better source
	Fullest  = "fullest"  // the longer text, by more than half as much again
	Earliest = "earliest" // the one that appeared first
)

// Lead is the index of the telling that leads: the one that a person pinned,
// else by the first preference that tells them apart. Whatever order they come in, it is the same one.
func Lead(ts []news.Telling, prefer []string) int {
	best := 0
	for i := range ts {
		if better(ts[i], ts[best], prefer) < 0 {
			best = i
		}
	}
	return best
}

func better(a, b news.Telling, prefer []string) int {
	if a.Pinned != b.Pinned {
		if a.Pinned {
			return -1
		}
		return 1
	}
	for _, p := range prefer {
		if c := compare(a, b, p); c != 0 {
			return c
		}
	}
	return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Source, b.Source), cmp.Compare(a.GUID, b.GUID))
}

func compare(a, b news.Telling, prefer string) int {
	switch prefer {
	case Tier:
		return cmp.Compare(a.Tier, b.Tier)
	case Fullest:
		return cmp.Compare(fullness(b.Words), fullness(a.Words))
	case Earliest:
		return a.Since.Compare(b.Since)
	}
	return 0
}

// fullness counts in steps of half as much again: a copy with a word more must
// not take the lead from its original.
func fullness(words int) int {
	return int(math.Log(float64(words+1)) / math.Log(1.5))
}
