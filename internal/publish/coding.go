package publish

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The content codings that we know, those that we would rather send first: of
// what a client likes equally well, zstd is made and unpacked fastest.
const (
	zstdCoding = iota
	brCoding
	gzipCoding
	identity
	codings
)

var codingNames = [codings]string{"zstd", "br", "gzip", "identity"}

// A variant is one content coding, its header values ready made.
type variant struct {
	body     []byte
	etag     []string
	length   []string
	encoding []string // nil for identity
}

// newVariant names bytes by a strong ETag: each coding has its own (RFC 9110
// 8.8.3.3).
func newVariant(body []byte, hash string, coding int) *variant {
	v := &variant{body: body, length: []string{strconv.Itoa(len(body))}}
	if coding != identity {
		hash += "-" + codingNames[coding]
		v.encoding = []string{codingNames[coding]}
	}
	v.etag = []string{`"` + hash + `"`}
	return v
}

// variants are the codings of the same bytes. All but gzip, which nearly
// everybody asks for, are made when somebody asks for them first.
type variants struct {
	plain, gzip *variant
	zstd, br    func() *variant
}

func (p *Publisher) newVariants(body []byte, hash string) variants {
	return variants{
		plain: newVariant(body, hash, identity),
		gzip:  newVariant(p.compress(body), hash, gzipCoding),
		zstd:  sync.OnceValue(func() *variant { return newVariant(packZstd(body), hash, zstdCoding) }),
		br:    sync.OnceValue(func() *variant { return newVariant(packBrotli(body), hash, brCoding) }),
	}
}

func (vs *variants) in(coding int) *variant {
	switch coding {
	case zstdCoding:
		return vs.zstd()
	case brCoding:
		return vs.br()
	case gzipCoding:
		return vs.gzip
	}
	return vs.plain
}

// compress makes the bytes smaller, once for all who ask. Level 6 is within 3%
// of the smallest in a quarter of the time.
func (p *Publisher) compress(body []byte) []byte {
	z := p.zips.Get().(*gzip.Writer)
	defer p.zips.Put(z)
	var out bytes.Buffer
	z.Reset(&out)
	return packed(body, z, &out)
}

func newZip() any {
	z, err := gzip.NewWriterLevel(nil, 6)
	if err != nil {
		panic(err) // the level is a constant
	}
	return z
}

func packZstd(body []byte) []byte {
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are constants
	}
	return packed(body, z, &out)
}

func packBrotli(body []byte) []byte {
	var out bytes.Buffer
	return packed(body, brotli.NewWriterLevel(&out, brotliLevel), &out)
}

// brotliLevel is the last before the time doubles with each.
const brotliLevel = 5

func packed(body []byte, z io.WriteCloser, out *bytes.Buffer) []byte {
	_, err := z.Write(body)
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err) // a buffer takes all
	}
	return bytes.Clone(out.Bytes())
}

// choice is the coding to send to a client that accepts these (RFC 9110
// 12.5.3): the one that it likes best. What it does not name it gets if that
// stands for "*", but only as gzip: a client that can more says so.
func choice(accept []string) int {
	weights := [codings]float64{-1, -1, -1, 0}
	any := -1.0
	for _, list := range accept {
		for more := true; more; {
			var coding string
			coding, list, more = strings.Cut(list, ",")
			name, weight := quality(coding)
			if name == "*" {
				any = weight
			} else if i := codingOf(name); i < codings {
				weights[i] = weight
			}
		}
	}
	if weights[gzipCoding] < 0 {
		weights[gzipCoding] = any
	}
	best := identity
	for i := identity - 1; i >= 0; i-- {
		if weights[i] > 0 && weights[i] >= weights[best] {
			best = i
		}
	}
	return best
}

// codingOf is the coding of a name; codings for one that we do not know.
func codingOf(name string) int {
	if strings.EqualFold(name, "x-gzip") { // RFC 9110 8.4.1.3
		return gzipCoding
	}
	for i, known := range codingNames {
		if strings.EqualFold(name, known) {
			return i
		}
	}
	return codings
}

// quality parts a coding from its weight, 1 where there is none to read.
func quality(coding string) (name string, weight float64) {
	name, params, _ := strings.Cut(coding, ";")
	key, value, found := strings.Cut(params, "=")
	if !found || !strings.EqualFold(strings.TrimSpace(key), "q") {
		return strings.TrimSpace(name), 1
	}
	weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(weight >= 0 && weight <= 1) {
		weight = 1
	}
	return strings.TrimSpace(name), weight
}
