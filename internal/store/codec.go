package store

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"aggregator/internal/news"
)

// Records open with a byte that names their form, so that a later form can
// stand beside an older one.
const (
	formExact    = 1 // a decision that ends before Event; nothing writes it any more
	formJSON     = 2 // JSON as it is
	formZstd     = 3 // JSON, zstd
	formBarePoll = 4 // a poll that ends before Ask, Address and others; nothing writes it any more
	formDecision = 5 // binary, fields in the order of EncodeDecision
	formOldPoll  = 6 // a poll that ends before the picture of its feed; nothing writes it any more
	formPoll     = 7 // binary, fields in the order of EncodePoll
	formStory    = 8 // JSON, zstd that knows usualStory
)

// usualStory is what all stories have in common, which is most of a short one: it
// makes them less than half as long. What is kept is read by it: it never changes,
// another one needs another form.
const usualStory = `,"event":"","backfill":true,"hidden":true,"into":,"merged":["` +
	`,"reason":"near","similarity":0.9,"reason":"guid","reason":"text","similarity":1,"reason":"url","pinned":true,"revisions":[` +
	`.example.com.example.org/rss.xml/feed.xml/feed/.xml/news/world/article/story?id=index.html"http://www."https://www.` +
	`","rule":"match: ","rule":"score: ","rule":"source","where":"topics/","words":["china","chinese","beijing"]},{"topic":"Human Rights","words":["human rights"]},{"topic":"World` +
	`","where":"aggregator.yaml:10","words":["*"]}]}` +
	`{"id":"00000000-0000-5000-8000-000000000000","pos":1,"lead":{"pos":1,"source":"www.example.com/feed","name":"The News","guid":"https://www.example.com/2026/","url":"https://www.example.com/2026/","title":"The ","tier":5,"words":100,` +
	`"since":"2026-01-01T00:00:00Z","seen":"2026-01-01T00:00:00.000Z","digest":1},"also":[{"pos":2,"source":"` +
	`"published":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z","topics":[{"topic":"`

// usualID names it in what is compressed by it.
const usualID = 1

// worthCompressing: what is shorter shrinks by a third at best.
const worthCompressing = 1024

// A Codec turns records into bytes and back. Safe for use side by side.
type Codec struct {
	enc, story *zstd.Encoder
	dec        *zstd.Decoder
}

// NewCodec makes a codec; one a process is enough.
var NewCodec = sync.OnceValue(func() *Codec {
	options := []zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1 << 17)}
	enc, err := zstd.NewWriter(nil, options...)
	if err != nil {
		panic(err) // the options above are constants
	}
	story, err := zstd.NewWriter(nil, append(options, zstd.WithEncoderDictRaw(usualID, []byte(usualStory)))...)
	if err != nil {
		panic(err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderDictRaw(usualID, []byte(usualStory)))
	if err != nil {
		panic(err)
	}
	for _, e := range []*zstd.Encoder{enc, story} {
		e.EncodeAll([]byte("{}"), nil) // it makes its channel at its first use, which may be within a synctest bubble
	}
	return &Codec{enc, story, dec}
})

// Encode is for items and stories.
func (c *Codec) Encode(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if _, is := v.(news.Story); is {
		return c.story.EncodeAll(doc, append(make([]byte, 0, len(doc)/2+64), formStory)), nil
	}
	if len(doc) < worthCompressing {
		return append([]byte{formJSON}, doc...), nil
	}
	return c.enc.EncodeAll(doc, append(make([]byte, 0, len(doc)/2+64), formZstd)), nil
}

// Decode reads what Encode wrote.
func (c *Codec) Decode(b []byte, v any) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: empty record", ErrCorrupt)
	}
	doc := b[1:]
	switch b[0] {
	case formJSON:
	case formZstd, formStory:
		var err error
		if doc, err = c.dec.DecodeAll(doc, nil); err != nil {
			return fmt.Errorf("%w: %v", ErrCorrupt, err)
		}
	default:
		return fmt.Errorf("%w: form %d is unknown, a newer aggregator may have written it", ErrCorrupt, b[0])
	}
	if err := json.Unmarshal(doc, v); err != nil {
		return fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	return nil
}
