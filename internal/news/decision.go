package news

import (
	"encoding/json"
	"time"
)

// A Fate is what becomes of an item that was received; each has exactly one of
// the first five. The others are a person's word about what was decided.
type Fate uint8

const (
	Known     Fate = iota + 1 // unchanged since we saw it last
	New                       // begins a story
	Revised                   // a known item whose title or text changed
	Duplicate                 // tells a story already on the shelf
	Dropped                   // left out, for a reason that is named
	Split                     // by a person: the telling Of begins a story of its own and leaves Refused.Of
	Merged                    // by a person: all that told the story Of tells Story
	Pinned                    // by a person: the telling Of leads Story; none does if 0
	Hidden                    // by a person: Story is kept, but not published
	Shown                     // by a person: Story is published again
)

var fates = [...]string{
	Known: "known", New: "new", Revised: "revised", Duplicate: "duplicate", Dropped: "dropped",
	Split: "split", Merged: "merged", Pinned: "pinned", Hidden: "hidden", Shown: "shown",
}

func (f Fate) String() string { return fates[f] }

// A Decision is what became of an item and why: one record of the site's log.
// Known items leave none.
type Decision struct {
	Pos    Position // its place in the log; the item's too, where one is kept
	At     time.Time
	Source string // Source.Key
	Fate   Fate
	// Story is where the story began that the item tells: its own position
	// when New, 0 when Dropped.
	Story Position
	// Since is min(claimed, first seen) of the item.
	Since time.Time
	// Of is the telling that it was judged by: the nominee that a Duplicate
	// matched; where the words are kept that a Revised item replaces; what a
	// person's word is about.
	Of Position
	// ID is the story's, when New or Split.
	ID [16]byte
	// Keys are all that deciding remembers of the item.
	Keys Keys
	// Reason is the evidence: guid, url, text or near for a Duplicate; the
	// rule that dropped it; why a nominee was refused for a New one; who said
	// so for a person's word.
	Reason string
	// Similarity is in [0, 1]; 1 for exact evidence.
	Similarity float32
	// Sketch is what near texts are compared by, packed; nil where nothing is
	// compared.
	Sketch []byte
	// Refused is the nominee that came nearest among those refused.
	Refused Refusal
	// Event is where the story began that leads the event which a New story
	// belongs to; 0 where events are not grouped, or it is the first.
	Event Position
	// Title is kept for Dropped items, of which nothing else is.
	Title string
}

// Keys are what is compared of an item, 64-bit hashes; 0 means there is none.
type Keys struct {
	ID     uint64   // source and GUID
	URL    uint64   // canonical address
	Title  uint64   // title after normalising; never evidence alone
	Text   []uint64 // title and text after normalising, one for each text given
	Digest uint64   // the words that a reader sees; another one is a revision
}

// A Refusal is a telling that was nominated and refused, and by which guard.
type Refusal struct {
	Of         Position // 0: none was; the story that is left, when Split
	Similarity float32
	Guard      string
}

// Gone says that a story was taken out of a topic: a person hid it or merged it
// into another, or its source withdrew it.
type Gone struct {
	ID   string    `json:"id"` // Story.ID
	When time.Time `json:"when"`
}

// GoneMark is the name of the mark that keeps what is gone from a topic.
func GoneMark(topic string) string { return "gone " + topic }

// ReadGone reads such a mark, latest first. One that cannot be read tells of
// none: it is a courtesy to readers.
func ReadGone(mark string) (gone []Gone) {
	if mark == "" || json.Unmarshal([]byte(mark), &gone) != nil {
		return nil
	}
	return gone
}

// WriteGone is what to keep; "" for none.
func WriteGone(gone []Gone) string {
	if len(gone) == 0 {
		return ""
	}
	b, err := json.Marshal(gone)
	if err != nil {
		return "" // a date beyond the year 9999
	}
	return string(b)
}
