package near

import "math/bits"

// slots of a Body. 64 of one byte estimate how much two texts share to about
// six hundredths.
const slots = 64

// A Body is a digest of a text's shingles, five words in a row: of those that
// fall into a slot, eight bits of the smallest hash (one-permutation MinHash,
// b-bit). 0 is an empty slot.
type Body struct {
	Shingles int
	Slots    [slots]uint8
}

// shingle is so many words in a row; a body has enough of them or none.
const shingle, enoughShingles = 5, 50

func digest(ws []Word) (b Body) {
	if len(ws) < enoughShingles+shingle {
		return Body{}
	}
	var least [slots]uint64
	for i := 0; i+shingle <= len(ws); i++ {
		h := mix(ws[i : i+shingle])
		slot := h >> 58
		if v := h<<6>>6 | 1; least[slot] == 0 || v < least[slot] {
			least[slot] = v
		}
	}
	b.Shingles = len(ws) - shingle + 1
	for i, h := range least {
		if h != 0 {
			b.Slots[i] = uint8(h>>8)%255 + 1
		}
	}
	return b
}

// mix hashes words in a row.
func mix(ws []Word) uint64 {
	h := uint64(len(ws))
	for _, w := range ws {
		h = bits.RotateLeft64(h, 23) ^ uint64(w)
		h *= 0x9e3779b97f4a7c15
		h ^= h >> 32
	}
	return h
}

// contained is about how much of the smaller text stands in the other, and how
// many times longer that is. Both must have shingles.
func (b *Body) contained(o *Body) (share, ratio float64) {
	same, used := 0, 0
	for i, v := range b.Slots {
		if v|o.Slots[i] == 0 {
			continue
		}
		used++
		if v == o.Slots[i] {
			same++
		}
	}
	// Two of 255 values are equal by chance.
	jaccard := max(0, (float64(same)/float64(used)-1./255)/(1-1./255))
	small, large := float64(min(b.Shingles, o.Shingles)), float64(max(b.Shingles, o.Shingles))
	return min(1, jaccard/(1+jaccard)*(small+large)/small), large / small
}
