package near

import "math"

// A Weigher says how much a word weighs: the rarer, the more.
type Weigher interface {
	Weight(Word) float32
	// Heaviest is what a word weighs that was never seen before.
	Heaviest() float32
}

// A Comparer compares one sketch with many. Not for use side by side.
type Comparer struct {
	weigh Weigher
	a, b  view
	seqs  sequences
}

// A view is the distinct words of a sketch, weighed.
type view struct {
	*Sketch
	words []weighed
	table [512]uint8 // places in words, plus one; open addressing
	used  []uint16   // places in table, to be emptied
	// Masses: sums of squared weights of the headline, the beginning, both.
	title, lead, all, slug float32
	titleWords             int // distinct
}

type weighed struct {
	word   Word
	weight float32
	in     uint8
}

// Where a word stands.
const (
	inTitle = 1 << iota
	inLead
	inSlug
)

// Begin sets the sketch that others are compared with. s must not change until
// the next Begin.
func (c *Comparer) Begin(s *Sketch, weigh Weigher) {
	c.weigh = weigh
	c.a.fill(s, weigh)
}

func (v *view) fill(s *Sketch, weigh Weigher) {
	for _, i := range v.used {
		v.table[i] = 0
	}
	v.Sketch, v.used, v.words = s, v.used[:0], v.words[:0]
	for _, w := range s.Head() {
		v.put(w, inTitle)
	}
	for _, w := range s.Lead {
		v.put(w, inLead)
	}
	for _, w := range s.Slug {
		v.put(w, inSlug)
	}
	v.title, v.lead, v.all, v.slug, v.titleWords = 0, 0, 0, 0, 0
	for i := range v.words {
		x := &v.words[i]
		x.weight = weigh.Weight(x.word)
		v.sum(x)
	}
}

func (v *view) sum(x *weighed) {
	m := x.weight * x.weight
	if x.in&inTitle != 0 {
		v.title += m
		v.titleWords++
	}
	if x.in&inLead != 0 {
		v.lead += m
	}
	if x.in&(inTitle|inLead) != 0 {
		v.all += m
	}
	if x.in&inSlug != 0 {
		v.slug += m
	}
}

func (v *view) put(w Word, in uint8) {
	i := slot(w)
	for v.table[i] != 0 {
		if x := &v.words[v.table[i]-1]; x.word == w {
			x.in |= in
			return
		}
		i = (i + 1) % len(v.table)
	}
	v.words = append(v.words, weighed{word: w, in: in})
	v.table[i] = uint8(len(v.words))
	v.used = append(v.used, uint16(i))
}

// find is where a word stands; 0: nowhere.
func (v *view) find(w Word) uint8 {
	for i := slot(w); v.table[i] != 0; i = (i + 1) % len(v.table) {
		if x := &v.words[v.table[i]-1]; x.word == w {
			return x.in
		}
	}
	return 0
}

func slot(w Word) int { return int(w * 2654435761 >> 13 & 511) }

// overlap is what two views share, as sums of squared weights, and what each
// has alone.
type overlap struct {
	title, lead, all        float32 // of both
	titleInAll, allHasTitle float32 // a's headline in all of b; b's in all of a
	slugTitle, titleSlug    float32 // a's slug in b's headline; b's slug in a's
	slugs                   float32
	lostA, lostB            float32 // the heaviest headline word that the other's headline lacks
	lostAllA, lostAllB      float32 // … that the other lacks altogether
	onlyA, onlyB            int     // so many headline words the other's headline lacks
	onlyAllA, onlyAllB      int
	numbers                 float32
}

func (o *overlap) of(a, b *view) {
	for i := range a.words {
		x := &a.words[i]
		there := b.find(x.word)
		m := x.weight * x.weight
		both := x.in & there
		if both&inTitle != 0 {
			o.title += m
		}
		if both&inLead != 0 {
			o.lead += m
		}
		if both&inSlug != 0 {
			o.slugs += m
		}
		if x.in&(inTitle|inLead) != 0 && there&(inTitle|inLead) != 0 {
			o.all += m
			if x.word.Number() {
				o.numbers += x.weight
			}
		}
		if x.in&inSlug != 0 && there&inTitle != 0 {
			o.slugTitle += m
		}
		if x.in&inTitle != 0 && there&inSlug != 0 {
			o.titleSlug += m
		}
		if x.in&inTitle != 0 && there&(inTitle|inLead) != 0 {
			o.titleInAll += m
		}
		if there&inTitle != 0 && x.in&(inTitle|inLead) != 0 {
			o.allHasTitle += m
		}
		if x.in&inTitle == 0 {
			continue
		}
		if there&inTitle == 0 {
			o.lostA, o.onlyA = max(o.lostA, x.weight), o.onlyA+1
		}
		if there&(inTitle|inLead) == 0 {
			o.lostAllA, o.onlyAllA = max(o.lostAllA, x.weight), o.onlyAllA+1
		}
	}
	for i := range b.words {
		x := &b.words[i]
		if x.in&inTitle == 0 {
			continue
		}
		there := a.find(x.word)
		if there&inTitle == 0 {
			o.lostB, o.onlyB = max(o.lostB, x.weight), o.onlyB+1
		}
		if there&(inTitle|inLead) == 0 {
			o.lostAllB, o.onlyAllB = max(o.lostAllB, x.weight), o.onlyAllB+1
		}
	}
}

// A Pair is what is known of two items beside their sketches.
type Pair struct {
	Minutes float64 // between them
	Own     bool    // one source
	SameURL bool
}

// With compares the sketch of Begin with another.
func (c *Comparer) With(s *Sketch, p Pair) (f Features) {
	c.b.fill(s, c.weigh)
	a, b := &c.a, &c.b
	var o overlap
	o.of(a, b)
	f.words(a, b, &o, c.weigh.Heaviest())
	f.numbers(a, b, &o, c.weigh.Heaviest())
	f.address(a, b, &o)
	f.order(a, b, &c.seqs)
	if a.Body.Shingles > 0 && b.Body.Shingles > 0 {
		share, ratio := a.Body.contained(&b.Body)
		f[BodyShared], f[BodyRatio], f[Bodies] = float32(share), float32(math.Log(ratio)), 1
	}
	f[Gap] = float32(math.Log(1+p.Minutes/60) / 5)
	f[SameMinute] = is(p.Minutes <= 1)
	f[OwnSource], f[SameURL] = is(p.Own), is(p.SameURL)
	f[SameWire] = is(a.Wires&b.Wires != 0)
	f[OtherWire] = is(a.Wires != 0 && b.Wires != 0 && a.Wires&b.Wires == 0)
	return f
}

func is(yes bool) float32 {
	if yes {
		return 1
	}
	return 0
}
