package fetch

import (
	"bytes"

	"aggregator/internal/canon"
)

// Most polls that bring a document bring one or two new items and thirty that
// stood in the last one, to the letter. Those are cut out before the parser
// sees the document: finding them costs a tenth of parsing them.

// A piece is an item or entry element of a document, to the letter.
type piece struct {
	hash     uint64
	from, to int
	known    bool
}

// cut gives the document without the entries that known knows, and all its
// pieces. No pieces where it is not sure which they are: then nothing is cut.
func cut(body []byte, known func(hash uint64) bool) (rest []byte, pieces []piece) {
	pieces = piecesOf(body)
	if known == nil {
		return body, pieces
	}
	rest = make([]byte, 0, 4096)
	kept := 0
	for i := range pieces {
		p := &pieces[i]
		if p.known = known(p.hash); p.known {
			rest = append(rest, body[kept:p.from]...)
			kept = p.to
		}
	}
	if kept == 0 {
		return body, pieces
	}
	return append(rest, body[kept:]...), pieces
}

func piecesOf(body []byte) (pieces []piece) {
	begin, end := []byte("<item"), []byte("</item>")
	if name, _ := rootName(body); name == "feed" {
		begin, end = []byte("<entry"), []byte("</entry>")
	}
	for at := 0; ; {
		from := nextTag(body[at:], begin)
		if from < 0 {
			return pieces
		}
		from += at
		n := bytes.Index(body[from:], end)
		if n < 0 {
			return nil
		}
		at = from + n + len(end)
		if !plainPiece(body[from:at], begin) {
			return nil
		}
		pieces = append(pieces, piece{hash: canon.HashBytes(body[from:at]), from: from, to: at})
	}
}

// nextTag finds the tag, not one whose name only begins like it (RSS 1.0 has
// <items>).
func nextTag(b, tag []byte) int {
	for at := 0; ; {
		n := bytes.Index(b[at:], tag)
		if n < 0 || at+n+len(tag) >= len(b) {
			return -1
		}
		at += n
		switch b[at+len(tag)] {
		case '>', ' ', '\t', '\r', '\n':
			return at
		}
		at += len(tag)
	}
}

// plainPiece: no other begins inside, and no comment or CDATA section is cut
// in two by an end tag that stands in its text.
func plainPiece(b, begin []byte) bool {
	return nextTag(b[1:], begin) < 0 &&
		bytes.Count(b, []byte("<![CDATA[")) == bytes.Count(b, []byte("]]>")) &&
		bytes.Count(b, []byte("<!--")) == bytes.Count(b, []byte("-->"))
}

// withPieces tells the entries which pieces they are, and puts those back in
// their places that were cut. false where they do not match one to one.
func (d *document) withPieces(pieces []piece) bool {
	left := 0
	for _, p := range pieces {
		if !p.known {
			left++
		}
	}
	if left != len(d.entries) {
		return false
	}
	all := make([]entry, 0, len(pieces))
	parsed := d.entries
	for _, p := range pieces {
		if p.known {
			all = append(all, entry{piece: p.hash, cut: true})
			continue
		}
		parsed[0].piece = p.hash
		all, parsed = append(all, parsed[0]), parsed[1:]
	}
	d.entries = all
	return true
}
