package publish

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"aggregator/internal/news"
)

const (
	// recent names the stories of a topic that came since its last archive closed.
	recent = "recent"
	// archived is how many stories an archive holds, on average.
	archived = 64
	// mostArchived ends an archive that chance would not. One in 3,000 gets there:
	// where it does, the end depends on what is kept before it, and moves once as
	// that is forgotten. A bound as low as twice the average would move one in
	// eight.
	mostArchived = 8 * archived
)

// A stock is one topic's shelf as we know it, for all its documents.
type stock struct {
	topic Topic
	// wanted grows with every change of the topic; what was made at a smaller
	// number is stale.
	wanted atomic.Uint64

	counting sync.Mutex
	past     *past
	touched  map[string]int // by archive: how often its stories changed; "": all
}

// A past is what is kept of a topic, in the order in which it came (RFC 5005,
// section 4). It is cut into archives behind each story whose id says so, so
// that where one ends needs no memory: it is the same after a restart, on a
// replica, in a store that was built anew, and whatever is forgotten or hidden
// before it. A story that comes late with an old date is in the open end, not in
// an archive that readers have.
type past struct {
	made     uint64          // stock.wanted, as it was before
	at       []news.Position // of each story
	ids      []uint64        // the hash of each one's id
	archives []archive       // oldest first
	byName   map[string]int  // place in archives
}

// An archive is closed by the story that names it, the last one in it.
type archive struct {
	id       string
	from, to int // of past.at
}

// arrival is a story on its way into a past.
type arrival struct {
	pos news.Position
	id  uint64
}

func newPast(arrivals []arrival, name func(news.Position) string) *past {
	slices.SortFunc(arrivals, func(a, b arrival) int { return cmp.Compare(a.pos, b.pos) })
	p := &past{at: make([]news.Position, len(arrivals)), ids: make([]uint64, len(arrivals))}
	from := 0
	for i, a := range arrivals {
		p.at[i], p.ids[i] = a.pos, a.id
		if closes(a.id) || i+1-from == mostArchived {
			p.archives = append(p.archives, archive{name(a.pos), from, i + 1})
			from = i + 1
		}
	}
	return p
}

// idHash spreads ids, which look alike in tests and may be chosen by those who
// wish us ill.
func idHash(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	x := h.Sum64() // whose low bits are weak
	x ^= x >> 32
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}

func closes(id uint64) bool { return id%archived == 0 }

// tail is where the open end begins.
func (p *past) tail() int {
	if len(p.archives) == 0 {
		return 0
	}
	return p.archives[len(p.archives)-1].to
}

// holder is the name of what holds a story; "" if it is not under the topic.
func (p *past) holder(id string) string {
	i := slices.Index(p.ids, idHash(id))
	if i < 0 {
		return ""
	}
	return p.document(i)
}

// document is the name of the document that holds the i-th story.
func (p *past) document(i int) string {
	j, _ := slices.BinarySearchFunc(p.archives, i+1, func(a archive, n int) int { return cmp.Compare(a.to, n) })
	if j == len(p.archives) {
		return recent
	}
	return p.archives[j].id
}

// part gives the positions of a document's stories, and the name of the archive
// before it, "" if there is none.
func (p *past) part(name string) (at []news.Position, older string, ok bool) {
	i, from, to := len(p.archives), p.tail(), len(p.at)
	if name != recent {
		if i, ok = p.byName[name]; !ok {
			return nil, "", false
		}
		from, to = p.archives[i].from, p.archives[i].to
	}
	if i > 0 {
		older = p.archives[i-1].id
	}
	return p.at[from:to], older, true
}

// pastOf is what is kept of a topic, read once per change.
func (p *Publisher) pastOf(ctx context.Context, st *stock) (*past, error) {
	st.counting.Lock()
	defer st.counting.Unlock()
	made := st.wanted.Load()
	if st.past != nil && st.past.made == made {
		return st.past, nil
	}
	var arrivals []arrival
	names := map[news.Position]string{} // of those that may close one: the others are many
	for place, err := range p.store.Shelved(ctx, st.topic.Name) {
		if err != nil {
			return nil, err
		}
		a := arrival{place.Pos, idHash(place.ID)}
		arrivals = append(arrivals, a)
		if closes(a.id) {
			names[a.pos] = strings.Clone(place.ID)
		}
	}
	is := newPast(arrivals, func(pos news.Position) string { return names[pos] })
	if err := p.nameRest(ctx, is); err != nil {
		return nil, err
	}
	is.made, st.past = made, is
	return is, nil
}

// nameRest names the few archives that were cut off for being long.
func (p *Publisher) nameRest(ctx context.Context, is *past) error {
	is.byName = map[string]int{}
	for i, a := range is.archives {
		if a.id != "" {
			is.byName[a.id] = i
			continue
		}
		pos := is.at[a.to-1]
		stories, err := p.store.Story(ctx, pos)
		if err != nil {
			return err
		}
		id := stories[pos].ID
		is.archives[i].id, is.byName[id] = id, i
	}
	return nil
}

// touch notes that stories changed, if an archive holds them; nil stands for
// all.
func (st *stock) touch(at []news.Position) {
	st.counting.Lock()
	defer st.counting.Unlock()
	if at == nil {
		st.touched[""]++
	}
	if st.past == nil {
		return
	}
	for _, pos := range at {
		i, found := slices.BinarySearch(st.past.at, pos)
		if found && i < st.past.tail() {
			st.touched[st.past.document(i)]++
		}
	}
}

// A state is all that the bytes of an archive hang on.
type state struct {
	stock   *stock // a new one with every configuration
	ids     uint64
	older   string
	touched int
}

// stateOf says what an archive hangs on; the zero state for none.
func (st *stock) stateOf(is *past, name string) state {
	at, older, ok := is.part(name)
	if !ok {
		return state{}
	}
	st.counting.Lock()
	defer st.counting.Unlock()
	h := uint64(len(at))
	for _, pos := range at {
		h = h*0x9e3779b97f4a7c15 + uint64(pos)
	}
	return state{st, h, older, st.touched[name] + st.touched[""]}
}
