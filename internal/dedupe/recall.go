package dedupe

import (
	"encoding/binary"
	"math"

	"aggregator/internal/near"
)

// A recall finds tellings again by the rare words of their sketches. Like the
// layer it belongs to, it may lie over another one.
//
// For each telling in the window it holds the packed sketch and, for each of
// its rare words, a link to the telling before it that has the word, too: a
// posting list that costs four bytes an entry and is walked latest first.
type recall struct {
	under   *recall
	first   uint32 // tellings up to it are forgotten
	count   int    // tellings held here
	records arena
	at      []uint32 // of telling first+1, … : its place in records, 0: it has no sketch
	words   map[near.Word]posting
	tails   map[near.Word]uint16 // so many headlines end so
}

// A posting is how many tellings have a word, and the link to the latest one.
type posting struct{ df, last uint32 }

// A link is a telling's number and which of its links goes on from there.
type link = uint32

const linkBits = 5

func newRecall(under *recall, first uint32) recall {
	return recall{under: under, first: first, words: map[near.Word]posting{}, tails: map[near.Word]uint16{}}
}

// background is how many items' worth of common words an Index begins with.
const background = 1000

// expect begins with the words that everybody uses.
func (r *recall) expect(common []near.Common) {
	r.count = background
	for _, c := range common {
		r.words[near.Word(c[0])] = posting{df: c[1]}
	}
}

// Weight is that of a word: ln((N+20)/(df+1)).
func (r *recall) Weight(w near.Word) float32 {
	return r.Heaviest() - logOf(r.df(w)+1)
}

// Heaviest is what a word weighs that was never seen.
func (r *recall) Heaviest() float32 { return logOf(uint32(r.tellings()) + 20) }

func (r *recall) df(w near.Word) (df uint32) {
	for ; r != nil; r = r.under {
		df += r.words[w].df
	}
	return df
}

func (r *recall) tellings() (n int) {
	for ; r != nil; r = r.under {
		n += r.count
	}
	return n
}

func (r *recall) latest(w near.Word) link {
	if w == 0 {
		return 0
	}
	for ; r != nil; r = r.under {
		if p := r.words[w]; p.last != 0 {
			return p.last
		}
	}
	return 0
}

// endings is how many headlines end in a tail.
func (r *recall) endings(tail near.Word) (n int) {
	for ; r != nil; r = r.under {
		n += int(r.tails[tail])
	}
	return n
}

// record is the packed sketch of a telling and its links; nil if it is
// forgotten or has none.
func (r *recall) record(n uint32) (sketch, links []byte) {
	for ; r != nil; r = r.under {
		if n > r.first && int(n-r.first) <= len(r.at) {
			return r.records.get(r.at[n-r.first-1])
		}
	}
	return nil, nil
}

// add remembers telling n, which must be the one behind the last; packed may
// be nil. sketch is it unpacked.
func (r *recall) add(n uint32, packed []byte, sketch *near.Sketch) {
	if packed == nil {
		r.at = append(r.at, 0)
		return
	}
	keys := keyWords(sketch)
	links := make([]byte, 0, 4*len(keys))
	for _, w := range keys {
		links = binary.LittleEndian.AppendUint32(links, r.latest(w))
	}
	r.at = append(r.at, r.records.put(packed, links))
	r.count++
	for i, w := range keys {
		p := r.words[w]
		p.last = n<<linkBits | link(i)
		r.words[w] = p
	}
	for w := range distinct(sketch) {
		p := r.words[w]
		p.df++
		r.words[w] = p
	}
	if sketch.Tail > 0 {
		r.tails[tailOf(sketch)]++
	}
}

// forget drops the sketches of tellings up to n.
func (r *recall) forget(n uint32) {
	var s near.Sketch
	cut := min(int(n-r.first), len(r.at))
	for _, at := range r.at[:cut] {
		packed, _ := r.records.get(at)
		if packed == nil || !s.Unpack(packed) {
			continue
		}
		r.count--
		for w := range distinct(&s) {
			r.less(w, n)
		}
		for _, w := range keyWords(&s) {
			if p, ok := r.words[w]; ok && p.df == 0 && p.last>>linkBits <= n {
				delete(r.words, w)
			}
		}
		if s.Tail > 0 {
			if r.tails[tailOf(&s)]--; r.tails[tailOf(&s)] == 0 {
				delete(r.tails, tailOf(&s))
			}
		}
	}
	for _, at := range r.at[cut:] {
		if at != 0 {
			r.records.drop(at)
			break
		}
	}
	if cut == len(r.at) {
		r.records = arena{}
	}
	r.at, r.first = r.at[cut:], r.first+uint32(cut)
	if len(r.at) < cap(r.at)/2 {
		r.at = append([]uint32(nil), r.at...)
	}
}

func (r *recall) less(w near.Word, n uint32) {
	p := r.words[w]
	if p.df--; p.df == 0 && p.last>>linkBits <= n {
		delete(r.words, w)
		return
	}
	r.words[w] = p
}

// keyWords are what a telling is found again by: its rare words, its headline
// as a whole, the number of its article.
func keyWords(s *near.Sketch) []near.Word {
	keys := make([]near.Word, 0, len(s.Rare)+2)
	for _, i := range s.Rare {
		keys = append(keys, wordAt(s, i))
	}
	for _, w := range [...]near.Word{s.Headline(), s.Article} {
		if w != 0 {
			keys = append(keys, w)
		}
	}
	return keys
}

func wordAt(s *near.Sketch, i uint8) near.Word {
	if int(i) < len(s.Title) {
		return s.Title[i]
	}
	return s.Lead[int(i)-len(s.Title)]
}

// distinct yields each word of a headline and beginning once.
func distinct(s *near.Sketch) func(func(near.Word) bool) {
	return func(yield func(near.Word) bool) {
		var seen [8]uint64 // of the hash's low bits: most words need no second look
		for k, ws := range [...][]near.Word{s.Title, s.Lead} {
			for i, w := range ws {
				bit := uint64(1) << (w >> 3 & 63)
				old := seen[w>>9&7]&bit != 0
				seen[w>>9&7] |= bit
				if old && (has(ws[:i], w) || k == 1 && has(s.Title, w)) {
					continue
				}
				if !yield(w) {
					return
				}
			}
		}
	}
}

func has(ws []near.Word, w near.Word) bool {
	for _, x := range ws {
		if x == w {
			return true
		}
	}
	return false
}

func tailOf(s *near.Sketch) near.Word { return near.Mix(s.Title[len(s.Title)-s.Tail:]) }

// logOf is the natural logarithm; most words are in few tellings, and those
// logarithms are looked up.
func logOf(n uint32) float32 {
	if n < uint32(len(logs)) {
		return logs[n]
	}
	return float32(math.Log(float64(n)))
}

var logs = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(math.Log(float64(i)))
	}
	return t
}()

// An arena holds records one behind the other in chunks, and lets go of the
// oldest. A place in it is counted in steps of four bytes and is never 0: each
// chunk begins with a step that holds nothing. Chunks are numbered round and
// round, so that only what is held at one time is bounded, to 16 GiB.
type arena struct {
	chunks [][]byte
	first  uint32 // chunks are gone up to it
}

const (
	chunkSize  = 1 << 16
	firstSize  = 1 << 12 // of the first one: most Indexes are small
	step       = 4
	chunkSteps = chunkSize / step
)

// put keeps a sketch of at most 64 KiB and its links.
func (a *arena) put(sketch, links []byte) uint32 {
	size := (3 + len(sketch) + len(links) + step - 1) / step * step
	last := len(a.chunks) - 1
	if last < 0 || len(a.chunks[last])+size > chunkSize {
		room := firstSize
		if last++; last > 0 {
			room = chunkSize
		}
		a.chunks = append(a.chunks, make([]byte, step, room))
	}
	c := a.chunks[last]
	place := (a.first+uint32(last))*chunkSteps + uint32(len(c)/step)
	end := len(c) + size
	c = append(c, byte(len(sketch)), byte(len(sketch)>>8), byte(len(links)/4))
	c = append(append(c, links...), sketch...) // links first: they are walked
	for len(c) < end {
		c = append(c, 0)
	}
	a.chunks[last] = c
	return place
}

func (a *arena) get(place uint32) (sketch, links []byte) {
	if place == 0 || len(a.chunks) == 0 {
		return nil, nil
	}
	c := a.chunks[a.chunk(place)][place%chunkSteps*step:]
	n, m := int(c[0])|int(c[1])<<8, 4*int(c[2])
	return c[3+m : 3+m+n : 3+m+n], c[3 : 3+m : 3+m]
}

// chunk is which of the chunks held a place lies in.
func (a *arena) chunk(place uint32) uint32 {
	return (place/chunkSteps - a.first) % (1 << 32 / chunkSteps)
}

// drop lets go of the chunks before a place.
func (a *arena) drop(place uint32) {
	n := a.chunk(place)
	a.chunks = append([][]byte(nil), a.chunks[n:]...)
	a.first += n
}
