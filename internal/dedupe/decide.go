package dedupe

import (
	"crypto/sha1"
	"time"

	"aggregator/internal/near"
	"aggregator/internal/news"
)

// Decide says what becomes of items, in their order, one decision an item, at
// the position that the Index stands at. Known items get no position. Nothing
// is changed: call Apply with what the store has kept.
func (x *Index) Decide(items []Item, now time.Time) []news.Decision {
	draft := draft{layer: newLayer(&x.layer), x: x, at: x.at, ids: map[uint64]news.Position{}, events: map[news.Position]news.Position{}}
	ds := make([]news.Decision, len(items))
	for i, it := range items {
		ds[i] = draft.decide(it, now)
	}
	return ds
}

// A draft is the Index with decisions that are not kept yet.
type draft struct {
	layer
	x   *Index
	at  news.Position
	ids map[uint64]news.Position // of the stories begun here
	// events are those of the stories begun here that are grouped.
	events map[news.Position]news.Position
}

func (f *draft) decide(it Item, now time.Time) news.Decision {
	v := f.living(judge(it, f.nominate(it, minutes(now), f.x.window)))
	d := news.Decision{At: now, Since: it.Since(), Source: it.Source, Keys: it.Keys}
	if v.fate == news.Known && !f.forgets(v, it.Told) {
		return v.in(d)
	}
	var sketch *near.Sketch
	if it.Near != NearOff {
		s := it.Sketch
		sketch = &s
		f.x.finder.choose(&f.layer, sketch)
		d.Sketch = sketch.Pack()
	}
	if v.fate == news.New && sketch != nil {
		v, d.Refused, d.Event = f.near(it, sketch, v, now)
	}
	if it.Told != nil {
		if v = f.again(v, it.Told); v.fate != news.New {
			d.Event = 0
		}
	}
	d = v.in(d)
	f.at++
	d.Pos = f.at
	if d.Fate == news.New {
		d.Story, d.ID = d.Pos, f.id(it)
	}
	if d.Event != 0 {
		f.events[d.Story] = d.Event
	}
	f.add(d, sketch)
	return d
}

// near looks for the story among what is like the item, when keys found none.
func (f *draft) near(it Item, sketch *near.Sketch, byKeys verdict, now time.Time) (verdict, news.Refusal, news.Position) {
	at := minutes(now)
	ls := f.x.finder.nearest(&f.layer, &it, sketch, at, at-min(at, uint32(f.x.window/time.Minute)))
	v, refused := f.x.finder.judge(&it, ls)
	if v.fate != news.New {
		return v, refused, 0
	}
	v.reason = byKeys.reason
	if !f.x.events {
		return v, refused, 0
	}
	return v, refused, f.event(ls)
}

func (v verdict) in(d news.Decision) news.Decision {
	d.Fate, d.Story, d.Of, d.Reason, d.Similarity = v.fate, v.story, v.of, v.reason, v.similarity
	return d
}

// Drop is the decision to leave an item out. It takes no position: the caller
// gives it the one behind those of Decide.
func Drop(it Item, reason string, now time.Time) news.Decision {
	return news.Decision{At: now, Since: it.Since(), Source: it.Source, Fate: news.Dropped, Keys: it.Keys, Reason: reason, Title: it.Title}
}

// space is the UUID that our story ids are named in (RFC 9562 5.5). It must
// never change: readers know stories by what follows from it.
const space = "\x6b\x3c\x1d\x52\x8e\x0a\x4f\x7b\x9d\x11\x5a\xf0\xc4\x27\x66\xe3"

// id names a story after the item that begins it, so that a store rebuilt from
// the same items has the same ids. A source that uses a GUID again for another
// story gets one that its words tell apart.
func (f *draft) id(it Item) [16]byte {
	id := uuid(it.Source, it.GUID)
	if it.Told != nil {
		id = it.Told.ID
	}
	if f.taken(id) {
		id = uuid(it.Source, it.GUID, it.Title, it.URL, it.Text)
	}
	f.ids[idKey(id)] = f.at
	return id
}

func (f *draft) taken(id [16]byte) bool {
	return f.ids[idKey(id)] != 0 || f.x.byStory[idKey(id)].pos != 0
}

func uuid(parts ...string) (id [16]byte) {
	h := sha1.New()
	h.Write([]byte(space))
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

// minutesOf is how far apart two moments are.
func minutesOf(a, b uint32) uint32 {
	if a < b {
		a, b = b, a
	}
	return a - b
}
