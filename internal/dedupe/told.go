package dedupe

import (
	"slices"
	"time"

	"aggregator/internal/news"
)

// byMemory is the Reason of a telling that stands in its story because it stood
// there in a log that was lost, where what is left of the log does not say why.
const byMemory = "memory"

// Told is what an item told before the log was lost that said so.
type Told struct {
	// ID is that of the story, which keeps it.
	ID               [16]byte
	published, since uint32 // Unix seconds
}

// Published is when the story was, Since the item; both in whole seconds.
func (t Told) Published() time.Time { return time.Unix(int64(t.published), 0).UTC() }
func (t Told) Since() time.Time     { return time.Unix(int64(t.since), 0).UTC() }

// Keepsake is what an Index knows of items, by Keys.ID, to be kept when its log
// is lost: which story each tells, and since when. What another log has seen of
// them since matters not.
func (x *Index) Keepsake() map[uint64]Told {
	ids := make(map[news.Position][16]byte, len(x.byStory))
	for first, b := range x.byStory {
		ids[b.pos] = idOf(first, b.rest)
	}
	keep := make(map[uint64]Told, len(x.tellings))
	for i := range x.tellings {
		t := &x.tellings[i]
		id, known := ids[t.story]
		if !known {
			continue // its story is forgotten, or a split replaced it
		}
		told := Told{ID: id, published: t.since, since: t.since}
		if n, began := x.tellingAt(t.story); began {
			told.published = n.since
		}
		if was, again := keep[t.id]; again {
			told.since = min(was.since, t.since) // a revision is as old as the item
		}
		keep[t.id] = told
	}
	return keep
}

// tellingAt is the telling at a position of the log.
func (x *Index) tellingAt(pos news.Position) (*telling, bool) {
	i, ok := slices.BinarySearchFunc(x.tellings, pos, comparePos)
	if !ok {
		return nil, false
	}
	return &x.tellings[i], true
}

// again lets an item tell what it told before the log was lost, whatever else is
// like it now: who comes back first is chance.
func (f *draft) again(v verdict, told *Told) verdict {
	switch story := f.story(told.ID); {
	case !f.forgets(v, told):
		return v
	case story == 0:
		return verdict{fate: news.New, reason: v.reason}
	default:
		return verdict{fate: news.Duplicate, story: story, of: story, reason: byMemory, similarity: 1}
	}
}

// forgets: a verdict is another than what the item told. In a log that knows the
// item itself, that goes first.
func (f *draft) forgets(v verdict, told *Told) bool {
	return told != nil && v.reason != byGUID && v.story != f.story(told.ID)
}

// story is where the story with an ID began, here or in what is kept.
func (f *draft) story(id [16]byte) news.Position {
	if pos := f.ids[idKey(id)]; pos != 0 {
		return pos
	}
	return f.x.Story(id)
}
