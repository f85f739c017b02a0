package odd

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// encodings: how a body was compressed, and what it swells to (RFC 9110 8.4).
func encodings() []Behaviour {
	packed := func(name, cites, coding string, pack func(string) string) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "the feed", Serve: encoded(coding, pack, 0), Check: all(every, fine(Last), told(3), holds("Tale 3 of {name}"))}
	}
	bomb := func(name, cites, coding string, body func() string) Behaviour {
		return Behaviour{Name: name, Cites: cites, Must: true, Want: "cut off at max_size", Serve: func(a *Ask) {
			a.set("Content-Encoding", coding).set("Content-Type", rssType)
			io.WriteString(a.counter, body())
		}, Check: all(fails(First, "larger", "large"), told(0))}
	}
	should := func(b Behaviour, want string, check Check) Behaviour {
		b.Must, b.Want, b.Check = false, want, check
		return b
	}
	twice := func(s string) string { return gzipped(gzipped(s)) }
	return []Behaviour{
		packed("gzip", "RFC 9110 8.4.1.3", "gzip", gzipped),
		packed("x-gzip", "RFC 9110 8.4.1.3", "x-gzip", gzipped),
		packed("gzip-upper-case", "RFC 9110 8.4.1: any case", "GZip", gzipped),
		packed("gzip-members", "RFC 1952 2.2", "gzip", func(s string) string { return gzipped(s[:99]) + gzipped(s[99:]) }),
		packed("identity", "RFC 9110 12.5.3", "identity", func(s string) string { return s }),
		packed("deflate-zlib", "RFC 9110 8.4.1.2", "deflate", zlibbed),
		packed("deflate-raw", "RFC 9110 8.4.1.2: some send it without zlib's frame", "deflate", deflated),
		packed("br", "RFC 7932", "br", brotlied),
		packed("zstd", "RFC 8878", "zstd", zstded),
		should(packed("gzip-twice", "RFC 9110 8.4: gzip, gzip", "gzip, gzip", twice), "the feed, or an error that says so", either(told(3), fails(First, "gzip", "compress"))),
		should(packed("br-under-gzip", "RFC 9110 8.4: in the order applied", "br, gzip", func(s string) string { return gzipped(brotlied(s)) }), "the feed, or an error that says so", either(told(3), fails(First, "gzip", "compress"))),
		should(packed("gzip-said-is-plain", "servers that set the header and forget the work", "gzip", func(s string) string { return s }), "the feed, or an error that says so", either(told(3), fails(First, "gzip"))),
		should(packed("br-said-is-gzip", "proxies that compress anew and keep the label", "br", gzipped), "the feed, or an error that says so", either(told(3), failed)),
		should(packed("gzip-trailing-garbage", "gzip.org FAQ 8", "gzip", func(s string) string { return gzipped(s) + "\x00\x00garbage" }), "the feed", told(3)),
		should(packed("gzip-wrong-sum", "RFC 1952 2.3.1", "gzip", func(s string) string { z := gzipped(s); return z[:len(z)-8] + "\x01\x02\x03\x04" + z[len(z)-4:] }), "what came is told, or an error that says so", either(told(3), failed)),
		should(packed("coding-unknown", "RFC 9110 8.4.1: unasked", "compress", func(s string) string { return "\x1f\x9d" + s }), "an error that names it", all(fails(First, "compress"), told(0))),
		{Name: "gzip-cut-off", Cites: "RFC 9112 8", Must: true, Want: "what came is told, as a part; half an item is not", Serve: encoded("gzip", gzipped, 0.7), Check: func(s *Seen) string {
			if n := len(s.Stories); n == 0 || n > 60 {
				return wrong("%d stories of a part", n)
			}
			return partial(s)
		}},
		{Name: "gzip-file", Cites: "feed.xml.gz served as a file", Must: true, Want: "the feed", Serve: func(a *Ask) {
			a.set("Content-Type", "application/gzip")
			io.WriteString(a.counter, gzipped(a.expand(rss(stories(1, 3)))))
		}, Check: all(fine(Last), told(3))},
		{Name: "gzip-file-bomb", Cites: "the same, and malice", Must: true, Want: "cut off at max_size", Serve: func(a *Ask) { a.set("Content-Type", "application/gzip"); io.WriteString(a.counter, bombs().gzip) }, Check: all(fails(First, "larger", "large"), told(0))},
		{Name: "gzip-of-nothing", Cites: "RFC 9112 6.3", Want: "no feed, and said so", Serve: encoded("gzip", func(string) string { return "" }, 0), Check: all(failed, told(0))},
		bomb("gzip-bomb", "CWE-409", "gzip", func() string { return bombs().gzip }),
		bomb("deflate-bomb", "CWE-409", "deflate", func() string { return bombs().zlib }),
		bomb("br-bomb", "CWE-409: 237 bytes for 256 MiB", "br", func() string { return bombs().br }),
		bomb("zstd-bomb", "CWE-409", "zstd", func() string { return bombs().zstd }),
		{Name: "zstd-huge-window", Cites: "RFC 9659: 8 MB at most", Must: true, Want: "refused before memory is taken", Serve: func(a *Ask) {
			// A frame that asks for a window of 2 GiB, with one raw block.
			a.set("Content-Encoding", "zstd")
			io.WriteString(a.counter, "\x28\xb5\x2f\xfd\x00\xa8\x21\x00\x00<rss")
		}, Check: all(failed, told(0))},
		{Name: "gzip-bomb-in-gzip", Cites: "CWE-409: 42.zip", Must: true, Want: "cut off, whether it is undone twice or not", Serve: func(a *Ask) {
			a.set("Content-Encoding", "gzip, gzip")
			io.WriteString(a.counter, gzipped(bombs().gzip))
		}, Check: all(failed, told(0))},
	}
}

// either wants one of them.
func either(checks ...Check) Check {
	return func(s *Seen) (last string) {
		for _, c := range checks {
			if last = c(s); last == "" {
				return ""
			}
		}
		return last
	}
}

// encoded answers with three items, packed, or, where part is given, with that
// part of sixty.
func encoded(coding string, pack func(string) string, part float64) func(*Ask) {
	return func(a *Ask) {
		last := 3
		if part > 0 {
			last = 60
		}
		body := pack(a.expand(rss(stories(1, last))))
		if part > 0 {
			body = body[:int(float64(len(body))*part)]
		}
		a.set("Content-Encoding", coding, "Content-Type", rssType)
		io.WriteString(a.counter, body)
	}
}

// through packs what a writer packs.
func through(s string, open func(io.Writer) io.WriteCloser) string {
	var b bytes.Buffer
	w := open(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func gzipped(s string) string {
	return through(s, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func zlibbed(s string) string {
	return through(s, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
}

func deflated(s string) string {
	return through(s, func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, flate.BestSpeed); return f })
}

func zstded(s string) string {
	return through(s, func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z })
}

// brotlied frames s as brotli does what it does not compress (RFC 7932 9.2): no
// encoder is needed for that.
func brotlied(s string) string {
	var b strings.Builder
	bits, n := uint64(0), 0
	put := func(value uint64, width int) {
		bits |= value << n
		for n += width; n >= 8; n -= 8 {
			b.WriteByte(byte(bits))
			bits >>= 8
		}
	}
	align := func() {
		if n > 0 {
			put(0, 8-n)
		}
	}
	put(0, 1) // a window of 16 bits
	for len(s) > 0 {
		part := s[:min(len(s), 1<<16)]
		s = s[len(part):]
		put(0, 1) // not the last block
		put(0, 2) // four nibbles of length
		put(uint64(len(part)-1), 16)
		put(1, 1) // uncompressed
		align()
		b.WriteString(part)
	}
	put(3, 2) // the last, and empty
	align()
	return b.String()
}

type bombSet struct{ gzip, zlib, zstd, br string }

// bombs swell to 256 MiB; the br one was packed once with andybalholm/brotli.
var bombs = sync.OnceValue(func() (b bombSet) {
	swell := func(open func(io.Writer) io.WriteCloser) string {
		var packed bytes.Buffer
		w := open(&packed)
		io.WriteString(w, "<rss><channel><title>")
		block := bytes.Repeat([]byte("A"), 1<<20)
		for range 256 {
			w.Write(block)
		}
		w.Close()
		return packed.String()
	}
	var wait sync.WaitGroup
	for _, each := range []struct {
		to   *string
		open func(io.Writer) io.WriteCloser
	}{
		{&b.gzip, func(w io.Writer) io.WriteCloser { z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed); return z }},
		{&b.zlib, func(w io.Writer) io.WriteCloser { z, _ := zlib.NewWriterLevel(w, zlib.BestSpeed); return z }},
		{&b.zstd, func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z }},
	} {
		wait.Go(func() { *each.to = swell(each.open) })
	}
	wait.Wait()
	br, _ := base64.StdEncoding.DecodeString("z///f/iNlKnrU/IEyZXPXDZSy2OJQApBxDNNev8f/v//wy8BEIcFALr3//z//4dfAiAOiwB07//5//8PvwRAHBYA6N7/8///H34JgDgsANC9/+f//z/8EgBxWACge//P//9/+CUA4rAAQPf+n/////BLAMRhAYDu/T/////hlwCIwwIA3ft//v//wy8BEIcFALr3//z//4dfAiAOCwB07//5//8PvwRAHBYA6N7/8///H34JgDgsANC9/+f//z/8EgBxWACge//P//9/+CUA4rAAQPf+n/////BLAMRhAYDu/X9QAOCXAIghAoAB")
	b.br = string(br)
	return b
})
