package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"aggregator/internal/news"
)

// EncodeDecision writes a decision without its position, about 100 bytes:
// the log is read whole at every start, so it is binary.
func EncodeDecision(d news.Decision) []byte {
	b := make([]byte, 0, 112+len(d.Source)+len(d.Reason)+len(d.Title)+len(d.Sketch))
	b = append(b, formDecision, byte(d.Fate))
	b = binary.AppendVarint(b, d.At.UnixMilli())
	b = binary.AppendVarint(b, unixMilli(d.Since))
	b = binary.AppendUvarint(b, uint64(d.Story))
	b = binary.AppendUvarint(b, uint64(d.Of))
	if begins(d.Fate) {
		b = append(b, d.ID[:]...)
	}
	for _, k := range [...]uint64{d.Keys.ID, d.Keys.URL, d.Keys.Title, d.Keys.Digest} {
		b = binary.LittleEndian.AppendUint64(b, k)
	}
	b = binary.AppendUvarint(b, uint64(len(d.Keys.Text)))
	for _, k := range d.Keys.Text {
		b = binary.LittleEndian.AppendUint64(b, k)
	}
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(d.Similarity))
	for _, s := range [...]string{d.Source, d.Reason, d.Title} {
		b = appendString(b, s)
	}
	b = binary.AppendUvarint(b, uint64(d.Event))
	b = binary.AppendUvarint(b, uint64(d.Refused.Of))
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(d.Refused.Similarity))
	return appendString(appendString(b, d.Refused.Guard), string(d.Sketch))
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// begins: a story begins with it, and its ID is kept.
func begins(f news.Fate) bool { return f == news.New || f == news.Split }

// DecodeDecision reads what EncodeDecision wrote at a position.
func DecodeDecision(at news.Position, b []byte) (news.Decision, error) {
	r := reader{b: b}
	form := r.byte()
	if form != formDecision && form != formExact {
		return news.Decision{}, fmt.Errorf("decision %d: %w: form %d is unknown, a newer aggregator may have written it", at, ErrCorrupt, form)
	}
	d := news.Decision{Pos: at, Fate: news.Fate(r.byte())}
	d.At = time.UnixMilli(r.varint()).UTC()
	d.Since = timeOf(r.varint())
	d.Story, d.Of = news.Position(r.uvarint()), news.Position(r.uvarint())
	if begins(d.Fate) {
		copy(d.ID[:], r.take(len(d.ID)))
	}
	d.Keys = news.Keys{ID: r.uint64(), URL: r.uint64(), Title: r.uint64(), Digest: r.uint64()}
	if n := r.uvarint(); n > 0 && n <= uint64(len(r.b)/8) {
		d.Keys.Text = make([]uint64, n)
		for i := range d.Keys.Text {
			d.Keys.Text[i] = r.uint64()
		}
	}
	d.Similarity = math.Float32frombits(r.uint32())
	d.Source, d.Reason, d.Title = r.string(), r.string(), r.string()
	if form != formExact {
		d.Event, d.Refused.Of = news.Position(r.uvarint()), news.Position(r.uvarint())
		d.Refused.Similarity, d.Refused.Guard = math.Float32frombits(r.uint32()), r.string()
		if sketch := r.string(); sketch != "" {
			d.Sketch = []byte(sketch)
		}
	}
	if r.short || d.Fate < news.Known || d.Fate > news.Shown {
		return news.Decision{}, fmt.Errorf("decision %d: %w: %d bytes that are no decision", at, ErrCorrupt, len(b))
	}
	return d, nil
}

// EncodePoll writes the record of a poll. It is read and written at every visit,
// even of a source where nothing changed, so it is binary too.
func EncodePoll(p news.Poll) []byte {
	b := make([]byte, 0, 256+30*len(p.Seen))
	b = append(b, formPoll)
	for _, s := range pollStrings(&p) {
		b = appendString(b, *s)
	}
	for _, t := range pollTimes(&p) {
		b = binary.AppendVarint(b, t.Unix())
		b = binary.AppendUvarint(b, uint64(t.Nanosecond()))
	}
	for _, n := range pollInts(&p) {
		b = binary.AppendVarint(b, int64(*n))
	}
	b = binary.AppendVarint(b, int64(p.Pace.Every))
	b = binary.LittleEndian.AppendUint64(b, p.Body)
	b = binary.LittleEndian.AppendUint64(b, p.Rules)
	last := int64(0)
	for _, s := range p.Seen {
		b = binary.LittleEndian.AppendUint64(b, s.ID)
		b = binary.LittleEndian.AppendUint64(b, s.Raw)
		b = binary.LittleEndian.AppendUint64(b, s.Piece)
		b = binary.AppendVarint(b, s.Since-last)
		b = binary.AppendVarint(b, s.Gone)
		last = s.Since
	}
	return b
}

// DecodePoll reads what EncodePoll wrote.
func DecodePoll(b []byte) (news.Poll, error) {
	r := reader{b: b}
	form := r.byte()
	if form != formPoll && form != formOldPoll && form != formBarePoll {
		return news.Poll{}, fmt.Errorf("%w: form %d is unknown, a newer aggregator may have written it", ErrCorrupt, form)
	}
	var p news.Poll
	texts, times, ints := pollStrings(&p), pollTimes(&p), pollInts(&p)
	switch form {
	case formBarePoll:
		texts, times, ints = texts[:12], times[:5], ints[:3]
	case formOldPoll:
		texts = texts[:17]
	}
	for _, s := range texts {
		*s = r.string()
	}
	for _, t := range times {
		*t = time.Unix(r.varint(), int64(r.uvarint())).UTC()
	}
	for _, n := range ints {
		*n = int(r.varint())
	}
	if form != formBarePoll {
		p.Pace.Every = time.Duration(r.varint())
	}
	p.Body, p.Rules = r.uint64(), r.uint64()
	p.Seen = make([]news.Seen, 0, len(r.b)/26)
	last := int64(0)
	for len(r.b) > 0 {
		s := news.Seen{ID: r.uint64(), Raw: r.uint64(), Piece: r.uint64()}
		s.Since, s.Gone = last+r.varint(), r.varint()
		last = s.Since
		p.Seen = append(p.Seen, s)
	}
	if r.short {
		return p, fmt.Errorf("%w: the record is cut off", ErrCorrupt)
	}
	return p, nil
}

// The fields of a poll in the order in which they are written. Later ones come
// behind: formBarePoll has those up to Hub, Floor and Items, formOldPoll those up
// to Address.

func pollStrings(p *news.Poll) []*string {
	return []*string{&p.Source, &p.Why, &p.Error, &p.Partial, &p.ETag, &p.LastModified, &p.FloorWhy,
		&p.Feed.ID, &p.Feed.Title, &p.Feed.Link, &p.Moved, &p.Hub,
		&p.Ask, &p.Self, &p.Cloud, &p.Pace.Why, &p.Address,
		&p.Feed.Image}
}

func pollTimes(p *news.Poll) []*time.Time {
	return []*time.Time{&p.Last, &p.Next, &p.Good, &p.Changed, &p.Floor,
		&p.Whole, &p.Found, &p.Failing}
}

func pollInts(p *news.Poll) []*int {
	return []*int{&p.Status, &p.Failures, &p.Items,
		&p.Moves, &p.Pace.Hours, &p.Pace.Days, &p.Took}
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixMilli()
}

func timeOf(milli int64) time.Time {
	if milli == math.MinInt64 {
		return time.Time{}
	}
	return time.UnixMilli(milli).UTC()
}

// A reader takes fields off the front; short says that it ran out, once is enough.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short, r.b = true, nil
		return make([]byte, min(max(n, 0), 64))
	}
	front := r.b[:n]
	r.b = r.b[n:]
	return front
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) uint64() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }
func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.take(varintLen(n))
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	r.take(varintLen(n))
	return v
}

// varintLen makes a varint that does not end one that is longer than the rest.
func varintLen(n int) int {
	if n <= 0 {
		return math.MaxInt
	}
	return n
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.short, r.b = true, nil
		return ""
	}
	return string(r.take(int(n)))
}
