package main

import (
	"os"
	"runtime/debug"
	gauges "runtime/metrics"
	"slices"
	"time"
)

const (
	// smallHeap is what a site of usual size needs at its worst: some large and
	// hostile documents at one time.
	smallHeap = 192 << 20
	// headroom is for these, where the site itself is larger.
	headroom = 64 << 20
	// heapLooks are remembered, heapEvery apart: the least of them is what the
	// site needs while nothing large comes.
	heapLooks, heapEvery = 6, 500 * time.Millisecond
	// tinyHeap is collected rarely: a site that needs 3 MB and serves 40,000
	// requests a second would be collected forty times in each, for 4 MB of waste.
	tinyHeap, tinyPercent = 16 << 20, 400
)

// keepSmall has memory collected before the heap doubles, which is when the
// collector itself would begin: under attack the heap is twice what it needs, and
// more where processors are busy. It is a soft limit, raised with the site, so that
// a large one does not spend its time collecting. Who sets GOMEMLIMIT knows better.
func keepSmall() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	var looks []int64
	live := []gauges.Sample{{Name: "/gc/heap/live:bytes"}}
	for {
		gauges.Read(live)
		looks = append(looks[max(len(looks)-heapLooks+1, 0):], int64(live[0].Value.Uint64()))
		debug.SetMemoryLimit(memoryLimitOf(looks))
		if os.Getenv("GOGC") == "" {
			debug.SetGCPercent(percentOf(looks))
		}
		time.Sleep(heapEvery)
	}
}

func memoryLimitOf(looks []int64) int64 {
	return max(smallHeap, 2*slices.Min(looks)+headroom)
}

// percentOf is by how much the heap may grow before it is collected.
func percentOf(looks []int64) int {
	if slices.Max(looks) < tinyHeap {
		return tinyPercent
	}
	return 100
}
