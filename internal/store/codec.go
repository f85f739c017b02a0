package store

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
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
)

// worthCompressing: what is shorter shrinks by a third at best, and stories,
// which are rewritten as they are joined, are.
const worthCompressing = 1024

// A Codec turns records into bytes and back. Safe for use side by side.
type Codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// NewCodec makes a codec; one a process is enough.
var NewCodec = sync.OnceValue(func() *Codec {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<17))
	if err != nil {
		panic(err) // the options above are constants
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		panic(err)
	}
	return &Codec{enc, dec}
})

// Encode is for items and stories.
func (c *Codec) Encode(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, err
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
	case formZstd:
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
