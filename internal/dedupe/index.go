// Package dedupe decides which story an item tells.
//
// The Index is the site's log of decisions applied to memory, and is changed
// by nothing else, so it is the same after every restart and on every replica.
// [Index.Decide] is pure: it nominates the tellings that share a key with an
// item (nominate.go) and judges them (judge.go), and leaves the Index as it
// was; [Index.Apply] takes what the store has kept.
package dedupe

import (
	"encoding/binary"
	"iter"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/near"
	"aggregator/internal/news"
)

// Index is not safe for use side by side; one committer owns it.
type Index struct {
	layer
	window time.Duration
	events bool
	at     news.Position
	// byStory finds a story by the first eight bytes of its ID.
	byStory map[uint64]beginning
	sketch  near.Sketch // room for unpacking
	finder  finder
	said
	grouped grouped
}

// New makes the Index of an empty log. window is how far back a copy is looked
// for.
func New(window time.Duration) *Index {
	x := &Index{layer: newLayer(nil), window: window, byStory: map[uint64]beginning{}, said: nothingSaid(), grouped: newGrouped()}
	x.SetModels(near.Learnt())
	return x
}

// SetModels judges by other models than those learnt, to measure them.
func (x *Index) SetModels(m near.Models) {
	x.finder.models = m
	if len(x.tellings) == 0 {
		x.recall = newRecall(nil, 0)
		x.recall.expect(m.Common)
	}
}

// SetWindow changes how far back a copy is looked for.
func (x *Index) SetWindow(window time.Duration) { x.window = window }

// At is the position of the last decision applied.
func (x *Index) At() news.Position { return x.at }

// Len is how many tellings are remembered.
func (x *Index) Len() int { return len(x.tellings) }

// Grow makes room for n decisions, in an Index that has none yet.
func (x *Index) Grow(n int) {
	if len(x.tellings) > 0 {
		return
	}
	x.tellings = make([]telling, 0, n)
	for _, keys := range []*map[uint32]uint32{&x.byID, &x.byURL, &x.byText} {
		*keys = make(map[uint32]uint32, n)
	}
	x.byStory = make(map[uint64]beginning, n)
}

// Apply takes decisions that the store has kept, in log order.
func (x *Index) Apply(ds ...news.Decision) {
	for _, d := range ds {
		x.begin(d.Pos - 1)
		x.at = d.Pos
		if d.Fate == news.New || d.Fate == news.Split {
			x.byStory[idKey(d.ID)] = beginning{d.Story, binary.BigEndian.Uint64(d.ID[8:])}
		}
		x.grouped.take(d)
		x.heed(d)
		x.add(d, x.unpack(d.Sketch))
		x.forgetOld(minutes(d.At))
	}
}

// unpack reads a sketch; nil for what is none.
func (x *Index) unpack(packed []byte) *near.Sketch {
	if packed == nil || !x.sketch.Unpack(packed) {
		return nil
	}
	return &x.sketch
}

// forgetOld lets go of the sketches behind the window.
func (x *Index) forgetOld(now uint32) {
	oldest, n := now-min(now, uint32(x.window/time.Minute)), x.recall.first
	for n < x.base+uint32(len(x.tellings)) && x.telling(n+1).minute < oldest {
		n++
	}
	if n > x.recall.first {
		x.recall.forget(n)
	}
}

// Skip moves to the end of a log whose last decisions are already forgotten.
func (x *Index) Skip(at news.Position) {
	x.begin(at)
	x.at = max(x.at, at)
}

// Story is where the story with an ID began, or the one that a person merged it
// into; 0 if it is not remembered.
func (x *Index) Story(id [16]byte) news.Position { return x.teller(x.byStory[idKey(id)].pos) }

// Told is the stories told at a canonical address (Keys.URL), latest first.
func (x *Index) Told(url uint64) (stories []news.Position) {
	seen := map[news.Position]bool{}
	for t := range x.atURL(url) {
		if t.story > x.forgot && !seen[t.story] {
			seen[t.story] = true
			stories = append(stories, t.story)
		}
	}
	return stories
}

// Item is where the story began that a source's item tells, by Keys.ID; 0 if
// it is not remembered.
func (x *Index) Item(id uint64) news.Position {
	for t := range x.ofID(id) {
		return x.kept(t.story)
	}
	return 0
}

// Expire forgets what was decided at positions up to `to`.
func (x *Index) Expire(to news.Position) {
	x.forget(to)
	x.grouped.forget(to)
	cut := 0
	for cut < len(x.tellings) && x.tellings[cut].pos <= to {
		cut++
	}
	x.tellings = append([]telling(nil), x.tellings[cut:]...)
	x.base += uint32(cut)
	if x.base > x.recall.first {
		x.recall.forget(x.base)
	}
	for _, keys := range []map[uint32]uint32{x.byID, x.byURL, x.byText} {
		for k, n := range keys {
			if n <= x.base {
				delete(keys, k)
			}
		}
	}
	for id, b := range x.byStory {
		if b.pos <= to {
			delete(x.byStory, id)
		}
	}
}

// A beginning is where a story began, and the rest of its ID.
type beginning struct {
	pos  news.Position
	rest uint64
}

func idKey(id [16]byte) uint64 { return binary.BigEndian.Uint64(id[:8]) }

func idOf(first, rest uint64) (id [16]byte) {
	binary.BigEndian.PutUint64(id[:8], first)
	binary.BigEndian.PutUint64(id[8:], rest)
	return id
}

// A telling is what deciding remembers of an item: 112 bytes, and about 15 for
// each of its keys. Its sketch is in the layer's recall.
type telling struct {
	pos, story news.Position
	source     uint64 // hash of the source's key
	id         uint64
	url        uint64
	title      uint64
	digest     uint64
	text       [2]uint64
	sameID     uint32    // the telling before it of this item; 0: none
	sameURL    uint32    // … with this address
	sameText   [2]uint32 // … with these texts
	minute     uint32    // when it came
	since      uint32    // the second it claims to be from
}

// A layer is tellings and the maps that find them. The Index is one; what is
// decided but not yet kept is another over it. Tellings are numbered from
// base+1 on; 0 is none.
type layer struct {
	under    *layer
	recall   recall
	base     uint32
	forgot   news.Position // stories that began up to here are forgotten
	tellings []telling
	// The latest telling with a key, by the key's lower half: what walks on from
	// there looks at the whole. Half a key is half the memory.
	byID   map[uint32]uint32
	byURL  map[uint32]uint32
	byText map[uint32]uint32
}

func newLayer(under *layer) layer {
	l := layer{under: under, byID: map[uint32]uint32{}, byURL: map[uint32]uint32{}, byText: map[uint32]uint32{}}
	if under == nil {
		l.recall = newRecall(nil, 0)
		return l
	}
	l.base, l.forgot = under.base+uint32(len(under.tellings)), under.forgot
	l.recall = newRecall(&under.recall, l.base)
	return l
}

// telling finds a telling by its number; nil if it is forgotten.
func (l *layer) telling(n uint32) *telling {
	if n > l.base {
		return &l.tellings[n-l.base-1]
	}
	if l.under != nil {
		return l.under.telling(n)
	}
	return nil
}

func (l *layer) latestID(k uint64) uint32 {
	if n := l.byID[uint32(k)]; n != 0 || l.under == nil {
		return n
	}
	return l.under.latestID(k)
}

func (l *layer) latestURL(k uint64) uint32 {
	if n := l.byURL[uint32(k)]; n != 0 || l.under == nil {
		return n
	}
	return l.under.latestURL(k)
}

func (l *layer) latestText(k uint64) uint32 {
	if n := l.byText[uint32(k)]; n != 0 || l.under == nil {
		return n
	}
	return l.under.latestText(k)
}

// add remembers a decision. Dropped items leave nothing: when the rule that
// dropped them goes, they are judged like any other.
//
// sketch is d.Sketch unpacked, or nil.
func (l *layer) add(d news.Decision, sketch *near.Sketch) {
	if d.Fate == news.Dropped || d.Fate == news.Known || d.Fate > news.Split {
		return
	}
	t := telling{
		pos: d.Pos, story: d.Story, source: canon.Hash(d.Source), id: d.Keys.ID, url: d.Keys.URL,
		title: d.Keys.Title, digest: d.Keys.Digest, minute: minutes(d.At), since: seconds(d.Since),
	}
	n := l.base + uint32(len(l.tellings)) + 1
	if t.url != 0 {
		t.sameURL = l.latestURL(t.url)
		l.byURL[uint32(t.url)] = n
	}
	for i, k := range d.Keys.Text[:min(len(t.text), len(d.Keys.Text))] {
		t.text[i], t.sameText[i] = k, l.latestText(k)
		l.byText[uint32(k)] = n
	}
	t.sameID = l.latestID(t.id)
	l.byID[uint32(t.id)] = n
	l.tellings = append(l.tellings, t)
	if sketch == nil {
		d.Sketch = nil
	}
	l.recall.add(n, d.Sketch, sketch)
}

// chain walks the tellings that hold a key, latest first, as long as they are
// remembered. next gives the one before that has the key's lower half.
func (l *layer) chain(n uint32, holds func(*telling) bool, next func(*telling) uint32) iter.Seq[*telling] {
	return func(yield func(*telling) bool) {
		for n != 0 {
			t := l.telling(n)
			if t == nil || holds(t) && !yield(t) {
				return
			}
			n = next(t)
		}
	}
}

func (l *layer) ofID(k uint64) iter.Seq[*telling] {
	return l.chain(l.latestID(k), func(t *telling) bool { return t.id == k }, func(t *telling) uint32 { return t.sameID })
}

func (l *layer) atURL(k uint64) iter.Seq[*telling] {
	return l.chain(l.latestURL(k), func(t *telling) bool { return t.url == k }, func(t *telling) uint32 { return t.sameURL })
}

func (l *layer) withText(k uint64) iter.Seq[*telling] {
	holds := func(t *telling) bool { return t.text[0] == k || t.text[1] == k }
	return l.chain(l.latestText(k), holds, func(t *telling) uint32 {
		if uint32(t.text[0]) == uint32(k) && t.text[0] != 0 {
			return t.sameText[0]
		}
		return t.sameText[1]
	})
}

func seconds(t time.Time) uint32 { return uint32(max(0, t.Unix())) }

func minutes(t time.Time) uint32 { return uint32(max(0, t.Unix()/60)) }
