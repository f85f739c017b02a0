package fetch

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// What one entry may hold. Each byte of it is cleaned, compared, kept and
// published three times over: an entry of 9 MB cost 300 MB of memory.
const (
	// maxText is of its content and of its summary. The longest that the press
	// writes, whole books apart, are a tenth of it.
	maxText = 1 << 20
	// maxLine is of its title, a name or a label.
	maxLine = 16 << 10
	// maxAddress: RFC 9110 4.1 wants 8,000 octets to be possible.
	maxAddress = 16 << 10
	// maxGUID is of what is kept to the letter.
	maxGUID = 4 << 10
)

// maxRaw is of one text as it stands in XML, escaped: the parser takes four times
// its length.
const maxRaw = 2 * maxText

// shortTexts cuts texts and CDATA sections that nobody can hold, before the parser
// sees them. The document given stays as it is.
func shortTexts(doc []byte) (rest []byte, cut bool) {
	var out []byte
	from := 0 // of what is not yet in out
	for at := 0; len(doc)-at > maxRaw; {
		n, end := pieceLength(doc[at:])
		if n > maxRaw && end >= 0 {
			out = append(out, doc[from:at+shortLength(doc[at:])]...)
			from = at + n - end
		}
		at += n
	}
	if from == 0 {
		return doc, false
	}
	return append(out, doc[from:]...), true
}

// pieceLength is that of the text, or else the markup, that b begins with; end is
// how much at its end must stay where it is cut, -1 where it must not be.
func pieceLength(b []byte) (n, end int) {
	if b[0] != '<' {
		if n = bytes.IndexByte(b, '<'); n < 0 {
			n = len(b)
		}
		return n, 0
	}
	if n = skipSpecial(b); n == 0 {
		if n = tagEnd(b) + 1; n == 0 {
			n = len(b)
		}
		return n, -1
	}
	switch {
	case !bytes.HasPrefix(b, []byte("<![CDATA[")):
		return n, -1
	case bytes.HasSuffix(b[:n], []byte("]]>")):
		return n, len("]]>")
	}
	return n, 0
}

// shortLength is where a text that is too long ends before a character or a
// reference that would be cut in two.
func shortLength(b []byte) int {
	n := maxRaw
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	if amp := bytes.LastIndexByte(b[n-40:n], '&'); amp >= 0 {
		return n - 40 + amp
	}
	return n
}

// clip cuts what is too long, and says whether anything was. An address that is
// cut leads nowhere, so it is left out; a GUID keeps a hash of all of it.
func (e *entry) clip() (cut bool) {
	for text, most := range map[*string]int{&e.content: maxText, &e.summary: maxText, &e.title: maxLine, &e.rights: maxLine} {
		cut = shorten(text, most) || cut
	}
	for i := range e.labels {
		cut = shorten(&e.labels[i], maxLine) || cut
	}
	for _, people := range [...][]news.Person{e.authors, e.helpers} {
		for i := range people {
			p := &people[i]
			cut = shorten(&p.Name, maxLine) || tooLong(&p.URL) || cut
		}
	}
	for _, f := range [...]*file{&e.episode.transcript, &e.episode.chapters} {
		cut = tooLong(&f.url) || cut
	}
	for i := range e.files {
		cut = tooLong(&e.files[i].url) || cut
	}
	return tooLong(&e.link) || tooLong(&e.image) || cut
}

// shorten cuts between characters, and before a tag that would be cut in two.
func shorten(s *string, most int) bool {
	if len(*s) <= most {
		return false
	}
	for most > 0 && !utf8.RuneStart((*s)[most]) {
		most--
	}
	short := (*s)[:most]
	if lt := strings.LastIndexByte(short, '<'); lt > strings.LastIndexByte(short, '>') {
		short = short[:lt]
	}
	*s = strings.Clone(short) // let the rest go
	return true
}

func tooLong(address *string) bool {
	if len(*address) <= maxAddress {
		return false
	}
	*address = ""
	return true
}

// shortGUID is a GUID that can be kept.
func shortGUID(guid string) string {
	if len(guid) <= maxGUID {
		return guid
	}
	hash := canon.Hash(guid)
	shorten(&guid, maxGUID)
	return guid + "…" + strconv.FormatUint(hash, 16)
}

func clippedItems(n int) string {
	return fmt.Sprintf("%d items hold more than can be kept (%s of text): the rest of it is left out", n, size(maxText))
}
