package fetch

import (
	"fmt"
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// memory is what the record of the last poll knows of a source's items, and
// what this document adds to it.
type memory struct {
	source  string
	trust   bool                 // false: the rules changed, so what is known comes out again
	prev    map[uint64]news.Seen // by ID
	pieces  map[uint64]uint64    // Piece → ID
	entries []seenEntry          // of this document, in order
	taken   map[uint64]uint64
	seen    []news.Seen
}

// seenEntry is where an entry stands among the known.
type seenEntry struct {
	guid   string
	id     uint64
	raw    uint64
	piece  uint64
	known  bool // unchanged, or a repeat within the document
	placed bool
}

func newMemory(source string, prev []news.Seen, trust bool) *memory {
	m := &memory{source: source, trust: trust, prev: make(map[uint64]news.Seen, len(prev)), pieces: make(map[uint64]uint64, len(prev)), taken: map[uint64]uint64{}}
	for _, s := range prev {
		m.prev[s.ID] = s
		if s.Piece != 0 && s.Gone == 0 && trust {
			m.pieces[s.Piece] = s.ID
		}
	}
	return m
}

// knows says whether an element stood in the last document to the letter.
func (m *memory) knows(piece uint64) bool { return m.pieces[piece] != 0 }

// place gives each entry its GUID and says whether it is known.
//
// A GUID may stand on two entries of one document (sites exist that write
// their home page into every one). Nothing is lost: one of them keeps it,
// others get one made of it and their address and title. Which one keeps it is
// the one that had it last time, so that a new entry does not take it over; else
// the first.
func (m *memory) place(doc *document, base string, now time.Time) {
	m.entries = make([]seenEntry, len(doc.entries))
	for i := range doc.entries {
		s := m.entry(&doc.entries[i], base)
		if old, ok := m.prev[s.id]; ok && old.Raw == s.raw {
			m.take(&s)
		}
		m.entries[i] = s
	}
	for i := range m.entries {
		if s := &m.entries[i]; !s.placed {
			m.makeRoom(s, &doc.entries[i])
			m.take(s)
		}
	}
	m.remember(now)
}

func (m *memory) entry(e *entry, base string) seenEntry {
	if e.cut {
		old := m.prev[m.pieces[e.piece]]
		return seenEntry{id: old.ID, raw: old.Raw, piece: e.piece}
	}
	s := seenEntry{guid: shortGUID(guidOf(e, base)), raw: e.digest(), piece: e.piece}
	s.id = canon.Hash(m.source, s.guid)
	return s
}

// guidOf is the identity that the source gives, else the address, else what
// the entry says.
func guidOf(e *entry, base string) string {
	if e.guid != "" {
		return e.guid
	}
	if e.link != "" {
		if u := canon.URL(canon.Resolve(base, e.link)); u != "" {
			return u
		}
	}
	return fmt.Sprintf("made:%016x", canon.Hash(e.title, e.content, e.summary))
}

// makeRoom gives the entry another GUID where another entry has its own, and
// keeps the one that it was once given.
func (m *memory) makeRoom(s *seenEntry, e *entry) {
	raw, taken := m.taken[s.id]
	if taken && raw == s.raw {
		return // a repeat
	}
	guid := fmt.Sprintf("%s#%016x", s.guid, canon.Hash(e.link, e.title))
	id := canon.Hash(m.source, guid)
	if _, known := m.prev[id]; !taken && !known {
		return
	}
	if other, taken := m.taken[id]; taken && other != s.raw {
		guid = fmt.Sprintf("%s#%016x", s.guid, s.raw)
		id = canon.Hash(m.source, guid)
	}
	s.guid, s.id = guid, id
}

func (m *memory) take(s *seenEntry) {
	s.placed = true
	if _, repeat := m.taken[s.id]; repeat {
		s.known = true
		return
	}
	m.taken[s.id] = s.raw
	old, ok := m.prev[s.id]
	s.known = ok && old.Raw == s.raw && m.trust
}

// remember lists the items of this document in their order.
func (m *memory) remember(now time.Time) {
	listed := make(map[uint64]bool, len(m.entries))
	for _, s := range m.entries {
		if listed[s.id] {
			continue
		}
		listed[s.id] = true
		since := now.Unix()
		if old, ok := m.prev[s.id]; ok {
			since = old.Since
		}
		m.seen = append(m.seen, news.Seen{ID: s.id, Raw: s.raw, Piece: s.piece, Since: since})
	}
}

// maxSeen bounds the memory of a source that only ever says what is new, or never
// sends a document to its end.
const maxSeen = 2 * maxItems

// left adds the items that are no longer in the document. An item that left is
// remembered while the log may have forgotten it: when it came longer than
// retain ago; and not longer than retain. Of a document that ends early nobody
// knows what left it, so all stays as it was.
func (m *memory) left(prev []news.Seen, partial bool, retain time.Duration, now time.Time) []news.Seen {
	out := slices.Clone(m.seen)
	for _, old := range prev {
		if _, here := m.taken[old.ID]; here {
			continue
		}
		if old.Gone == 0 && !partial {
			old.Gone = now.Unix()
		}
		if len(out) >= maxSeen {
			break
		}
		keep := int64(retain / time.Second)
		if partial && old.Gone == 0 || now.Unix()-old.Gone < keep && now.Unix()-old.Since > keep {
			out = append(out, old)
		}
	}
	return out
}
