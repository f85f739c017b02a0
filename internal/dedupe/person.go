package dedupe

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"aggregator/internal/news"
)

// ByPerson is the Reason of a telling that a person put into its story.
const ByPerson = "person"

// said is what people said that the Index must know, and where the memory of
// stories begins.
type said struct {
	// into is the story that tells what another told before a person merged it.
	into map[news.Position]news.Position
	// oldest is the first telling of a story that has older ones than its own:
	// those that came with a merged story, or left another with a split.
	oldest map[news.Position]news.Position
}

func nothingSaid() said {
	return said{into: map[news.Position]news.Position{}, oldest: map[news.Position]news.Position{}}
}

// Split is the decision, of a person, that an item begins a story of its own.
// was is what was decided of it, from the story that it leaves. Its position is
// the next one.
func (x *Index) Split(was news.Decision, it news.Item, from news.Position, who string, now time.Time) news.Decision {
	d := news.Decision{
		Pos: x.at + 1, Story: x.at + 1, At: now, Since: was.Since, Source: was.Source, Fate: news.Split, Of: was.Pos,
		Keys: was.Keys, Sketch: was.Sketch, Reason: who, Similarity: 1, Refused: news.Refusal{Of: from, Guard: ByPerson},
	}
	for n := 1; n == 1 || x.byStory[idKey(d.ID)].pos != 0; n++ {
		d.ID = uuid(it.Source, it.GUID, "split", strconv.Itoa(n))
	}
	return d
}

// heed takes a person's word about tellings. Who leads and what is hidden is
// no business of deciding.
func (x *Index) heed(d news.Decision) {
	switch d.Fate {
	case news.Split:
		x.split(d)
	case news.Merged:
		x.merge(d.Of, d.Story)
	}
}

// split takes all that the item told of the old story into the new one, so that
// a revision stays with it.
func (x *Index) split(d news.Decision) {
	for t := range x.ofID(d.Keys.ID) {
		if t.story == d.Refused.Of {
			t.story, x.oldest[d.Story] = d.Story, t.pos
		}
	}
	x.supersede(d.Keys.ID, d.Of)
}

// supersede forgets a telling, for the split that follows has the same words.
// Both together would look like a source that flaps.
func (x *Index) supersede(id uint64, pos news.Position) {
	var newer *telling
	for t := range x.ofID(id) {
		switch {
		case t.pos != pos:
			newer = t
			continue
		case newer == nil:
			x.byID[uint32(id)] = t.sameID
		default:
			newer.sameID = t.sameID
		}
		t.story = 0
		return
	}
}

func (x *Index) merge(from, into news.Position) {
	for was, is := range x.into {
		if is == from {
			x.into[was] = into
		}
	}
	x.into[from] = into
	first := x.first(from)
	if first < x.first(into) {
		x.oldest[into] = first
	}
	at, _ := slices.BinarySearchFunc(x.tellings, first, comparePos)
	for i := range x.tellings[at:] {
		if t := &x.tellings[at+i]; t.story == from {
			t.story = into
		}
	}
}

// first is where the oldest telling of a story may be.
func (x *Index) first(story news.Position) news.Position {
	if pos, ok := x.oldest[story]; ok {
		return pos
	}
	return story
}

// teller is the story that tells what one told that began at a position: itself
// or the one it was merged into; 0 if that is forgotten.
func (x *Index) teller(story news.Position) news.Position {
	if into, ok := x.into[story]; ok {
		story = into
	}
	return x.kept(story)
}

// kept is a story, or 0 if it is forgotten.
func (x *Index) kept(story news.Position) news.Position {
	if story <= x.forgot {
		return 0
	}
	return story
}

func comparePos(t telling, pos news.Position) int { return cmp.Compare(t.pos, pos) }

// Telling is the story of the telling at a position in the log; 0 if there is none.
func (x *Index) Telling(pos news.Position) news.Position {
	t, ok := x.tellingAt(pos)
	if !ok {
		return 0
	}
	return x.kept(t.story)
}

// begin takes note of where a log begins whose first decisions are forgotten.
func (x *Index) begin(after news.Position) {
	if x.at == 0 {
		x.forgot = after
	}
}

// forget takes note that stories are forgotten that began at positions up to
// `to`. Their later tellings stay, to be known when they come again.
func (x *Index) forget(to news.Position) {
	x.forgot = max(x.forgot, to)
	for was := range x.into {
		if was <= to {
			delete(x.into, was)
		}
	}
	for story := range x.oldest {
		if story <= to {
			delete(x.oldest, story)
		}
	}
}

// living keeps a verdict from joining a story that is forgotten: what it told
// last begins one again when its words change.
func (l *layer) living(v verdict) verdict {
	if v.fate == news.New || v.fate == news.Known || v.story > l.forgot {
		return v
	}
	return verdict{fate: news.New, reason: "the story it told is forgotten"}
}
