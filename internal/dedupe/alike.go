package dedupe

import (
	"time"

	"aggregator/internal/near"
	"aggregator/internal/news"
)

// An Alike is a telling that an item was compared with.
type Alike struct {
	Of         news.Position
	Features   near.Features
	Similarity float32
}

// Alike is what the Index holds that is like an item, nearest first.
func (x *Index) Alike(it Item, now time.Time) []Alike {
	sketch, at := it.Sketch, minutes(now)
	x.finder.choose(&x.layer, &sketch)
	ls := x.finder.nearest(&x.layer, &it, &sketch, at, at-min(at, uint32(x.window/time.Minute)))
	as := make([]Alike, len(ls))
	for i, l := range ls {
		as[i] = Alike{l.pos, l.features, l.similarity}
	}
	return as
}
