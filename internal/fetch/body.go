package fetch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// codings are those asked for (RFC 9110 12.5.3).
const codings = "zstd, br, gzip, deflate"

const (
	// maxCodings are undone in a row: a proxy that compresses what is compressed
	// makes two.
	maxCodings = 3
	// bombRatio: feeds shrink to a tenth, the most repetitive ones to a fiftieth.
	bombRatio = 100
	// largeBody is where a body begins to weigh: few of those are in memory at one
	// time, whoever sends them.
	largeBody = 1 << 20
	// usualLimit is fetch.max_size where nobody says otherwise: that much is made
	// room for at once. What may be larger still grows as it comes.
	usualLimit = 10 << 20
	// maxWindow is how much zstd may look back, the most that RFC 9659 lets a
	// server use; a frame may ask for gigabytes.
	maxWindow = 8 << 20
)

var (
	errTooLarge = errors.New("too large")
	errUnpacked = errors.New("too large once unpacked")
	errBomb     = errors.New("decompression bomb")
)

// capped is an error after n bytes.
type capped struct {
	io.Reader
	left int64
	err  error
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, c.err
	}
	p = p[:min(int64(len(p)), c.left+1)]
	n, err := c.Reader.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return n - 1, c.err
	}
	return n, err
}

// receive reads the body as it was sent, at most limit bytes of it. whole is
// false where the connection ended before the body did, or nobody can tell.
func receive(buf *bytes.Buffer, resp *http.Response, limit int64, large func() error) (whole bool, err error) {
	if resp.ContentLength > limit {
		return false, errTooLarge
	}
	body := &capped{resp.Body, limit, errTooLarge}
	n, err := buf.ReadFrom(io.LimitReader(body, largeBody))
	if n == largeBody && err == nil {
		if err := large(); err != nil {
			return false, err
		}
		makeRoom(buf, min(limit-n, usualLimit))
		_, err = buf.ReadFrom(body)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	// HTTP/1.0 without a length ends a body by closing, as a crash does.
	return resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 || resp.ProtoMajor > 1, err
}

// makeRoom for so much more at once: a buffer that doubles leaves as much behind,
// for the collector, as it holds, and ends up to twice too large.
func makeRoom(buf *bytes.Buffer, more int64) {
	buf.Grow(int(more) + bytes.MinRead) // else it doubles at the very end, to see that nothing more comes
}

// unpack undoes the codings of a body, the last one first (RFC 9110 8.4), with at
// most limit bytes at every step. whole is false where the packed body ends early.
func unpack(buf *bytes.Buffer, packed []byte, names []string, limit int64, large func() error) (whole bool, err error) {
	if len(names) > maxCodings {
		return false, fmt.Errorf("the answer is compressed %d times over: nothing was read; tell the publisher", len(names))
	}
	var r io.Reader = bytes.NewReader(packed)
	for _, name := range slices.Backward(names) {
		next, closer, err := decode(name, r)
		if err != nil {
			return false, err
		}
		if closer != nil {
			defer closer()
		}
		r = &capped{next, limit, errUnpacked}
	}
	n, err := buf.ReadFrom(io.LimitReader(r, largeBody))
	if n == largeBody && err == nil {
		if err := large(); err != nil {
			return false, err
		}
		makeRoom(buf, min(limit-n, usualLimit))
		_, err = buf.ReadFrom(r)
	}
	switch {
	case errors.Is(err, errUnpacked):
		return false, unpackedError(limit, int64(len(packed)))
	case errors.Is(err, io.ErrUnexpectedEOF) && n > 0:
		return false, nil
	case n > 0 && (errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch)):
		return true, nil // padding behind the packed body
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return false, fmt.Errorf("the answer is compressed with a window of more than %s, which RFC 9659 forbids: nothing was read; tell the publisher", size(maxWindow))
	case err != nil:
		return false, fmt.Errorf("the answer cannot be unpacked (%s): %w", strings.Join(names, ", "), err)
	}
	return true, nil
}

// unpackedError tells a large document from one that is made to be large.
func unpackedError(limit, packed int64) error {
	if limit/max(packed, 1) >= bombRatio {
		return errBomb
	}
	return errUnpacked
}

// codingsOf are the codings in the order of their application. Servers exist that
// name the charset there, and some send feed.xml.gz as a file without a word.
func codingsOf(h http.Header, packed []byte) (names []string) {
	for name := range strings.SplitSeq(strings.Join(h["Content-Encoding"], ","), ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "", "identity", "none", "utf-8", "utf8", "binary":
		default:
			names = append(names, name)
		}
	}
	if len(names) == 0 && bytes.HasPrefix(packed, []byte("\x1f\x8b")) {
		return []string{"gzip"}
	}
	return names
}

// decode undoes one coding. A body that is empty, or that somebody between us
// has unpacked without saying so, is given as it is.
func decode(name string, r io.Reader) (io.Reader, func(), error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(4)
	if len(head) == 0 && err == io.EOF {
		return b, nil, nil
	} else if len(head) == 0 {
		return nil, nil, err
	}
	switch name {
	case "gzip", "x-gzip":
		if plain(head) {
			return b, nil, nil
		}
		z, err := gzip.NewReader(b)
		return z, nil, notThat(name, err)
	case "zstd":
		if plain(head) {
			return b, nil, nil
		}
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, notThat(name, err)
		}
		return z, z.Close, nil
	case "br":
		return brotli.NewReader(b), nil, nil
	case "deflate":
		// RFC 9110 8.4.1.2 means zlib; some send what is in it alone.
		if len(head) > 1 && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			z, err := zlib.NewReader(b)
			return z, nil, notThat(name, err)
		}
		return flate.NewReader(b), nil, nil
	}
	return nil, nil, fmt.Errorf("the answer is compressed as %q, which was not asked for (%s were): tell the publisher", name, codings)
}

// plain says that a body is no compressed one: it begins as a feed does.
func plain(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(head) == 0 || head[0] == '<' || head[0] == '{' || head[0] == '['
}

func notThat(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the answer says it is %s and is not: %w", name, err)
}
