package main

import "testing"

// A small site is held to a small heap; a large one to what it needs at rest, not
// to what an attack makes of it.
func TestMemoryLimit(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		looks []int64
		want  int64
	}{
		{[]int64{8 * mib}, smallHeap},
		{[]int64{20 * mib, 130 * mib, 110 * mib}, smallHeap},
		{[]int64{500 * mib, 700 * mib, 510 * mib}, 1064 * mib},
	} {
		if got := memoryLimitOf(c.looks); got != c.want {
			t.Errorf("%v: %d MiB, want %d", c.looks, got/mib, c.want/mib)
		}
	}
}

// A tiny heap is collected rarely, and any other as soon as one look says so.
func TestCollectedRarely(t *testing.T) {
	for want, looks := range map[int][]int64{400: {3 << 20, 15 << 20}, 100: {3 << 20, 17 << 20}} {
		if got := percentOf(looks); got != want {
			t.Errorf("%v: %d%%, want %d%%", looks, got, want)
		}
	}
}
