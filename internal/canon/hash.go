package canon

import "github.com/cespare/xxhash/v2"

// Hash is the 64-bit xxHash of the parts, a NUL between them so that ("ab", "c")
// and ("a", "bc") differ. It is never 0, which stands for "none".
func Hash(parts ...string) uint64 {
	if len(parts) == 1 {
		return max(xxhash.Sum64String(parts[0]), 1)
	}
	var d xxhash.Digest
	d.Reset()
	nul := [1]byte{}
	for i, p := range parts {
		if i > 0 {
			d.Write(nul[:])
		}
		d.WriteString(p)
	}
	return max(d.Sum64(), 1)
}

// HashBytes is [Hash] of one part, without a copy of it.
func HashBytes(b []byte) uint64 { return max(xxhash.Sum64(b), 1) }
