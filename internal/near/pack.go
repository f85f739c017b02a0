package near

// A packed sketch is six counts of one byte (title, tail and cut, lead, slug,
// rare, wires follow as three bytes), then the words of three bytes each, then
// the body.

const packHead = 5 + 4 + 3 + 2

// mostPacked: the last word of a headline and of its tail can be two, as 10bn.
const mostPacked = mostTitle + 1 + mostTail + 1

// Pack writes a sketch in about 150 bytes, and 66 more for a body.
func (s *Sketch) Pack() []byte {
	b := make([]byte, 0, packHead+3*(len(s.Title)+len(s.Lead)+len(s.Slug))+len(s.Rare)+slots)
	tail := byte(s.Tail)
	if s.Cut {
		tail |= 1 << 7
	}
	b = append(b, byte(len(s.Title)), tail, byte(len(s.Lead)), byte(len(s.Slug)), byte(len(s.Rare)),
		byte(s.Wires), byte(s.Wires>>8), byte(s.Wires>>16), byte(s.Wires>>24),
		byte(s.Article), byte(s.Article>>8), byte(s.Article>>16), byte(s.Body.Shingles), byte(s.Body.Shingles>>8))
	for _, ws := range [...][]Word{s.Title, s.Lead, s.Slug} {
		for _, w := range ws {
			b = append(b, byte(w), byte(w>>8), byte(w>>16))
		}
	}
	b = append(b, s.Rare...)
	if s.Body.Shingles > 0 {
		b = append(b, s.Body.Slots[:]...)
	}
	return b
}

// Unpack reads into s what Pack wrote, using the room that s has, and says
// whether it was a sketch. s.Rare shares b's bytes.
func (s *Sketch) Unpack(b []byte) bool {
	if len(b) < packHead {
		return false
	}
	title, tail, lead, slug, rare := int(b[0]), int(b[1]&127), int(b[2]), int(b[3]), int(b[4])
	s.Tail, s.Cut = tail, b[1]>>7 == 1
	s.Wires = uint32(b[5]) | uint32(b[6])<<8 | uint32(b[7])<<16 | uint32(b[8])<<24
	s.Article = wordAt(b[9:])
	s.Body = Body{Shingles: int(b[12]) | int(b[13])<<8}
	body := 0
	if s.Body.Shingles > 0 {
		body = slots
	}
	b = b[packHead:]
	if len(b) != 3*(title+lead+slug)+rare+body || tail > title || title > mostPacked || lead > mostLead || slug > mostSlug {
		return false
	}
	s.Title, b = unpackWords(s.Title, b, title)
	s.Lead, b = unpackWords(s.Lead, b, lead)
	s.Slug, b = unpackWords(s.Slug, b, slug)
	s.Rare, b = b[:rare:rare], b[rare:]
	copy(s.Body.Slots[:], b)
	for _, r := range s.Rare {
		if int(r) >= title+lead {
			return false
		}
	}
	return true
}

func unpackWords(room []Word, b []byte, n int) ([]Word, []byte) {
	room = room[:0]
	for ; n > 0; n-- {
		room, b = append(room, wordAt(b)), b[3:]
	}
	return room, b
}

func wordAt(b []byte) Word { return Word(b[0]) | Word(b[1])<<8 | Word(b[2])<<16 }
