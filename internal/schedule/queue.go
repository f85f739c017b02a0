package schedule

import (
	"container/heap"
	"strings"
	"time"
)

// A Queue keeps which key is due next: a heap, O(log n) a step, fit for
// 100,000 keys. The zero Queue is empty and ready. Not safe for concurrent
// use.
type Queue struct {
	heap   entries
	places map[string]*entry
}

// Len is how many keys wait.
func (q *Queue) Len() int { return len(q.heap) }

// Set puts a key at a moment, whether or not it was there before.
func (q *Queue) Set(key string, at time.Time) {
	if e, ok := q.places[key]; ok {
		e.at = at
		heap.Fix(&q.heap, e.index)
		return
	}
	if q.places == nil {
		q.places = map[string]*entry{}
	}
	e := &entry{key: key, at: at}
	q.places[key] = e
	heap.Push(&q.heap, e)
}

// Remove takes a key out; one that is not there is no error.
func (q *Queue) Remove(key string) {
	if e, ok := q.places[key]; ok {
		heap.Remove(&q.heap, e.index)
		delete(q.places, key)
	}
}

// Next is when the first key is due.
func (q *Queue) Next() (at time.Time, ok bool) {
	if len(q.heap) == 0 {
		return time.Time{}, false
	}
	return q.heap[0].at, true
}

// Pop takes out the key that has been due longest, if one is due by now.
func (q *Queue) Pop(now time.Time) (key string, ok bool) {
	if len(q.heap) == 0 || q.heap[0].at.After(now) {
		return "", false
	}
	key = q.heap[0].key
	q.Remove(key)
	return key, true
}

type entry struct {
	key   string
	at    time.Time
	index int
}

// entries is the heap.Interface; keys decide between equal moments, so that
// every run goes the same way.
type entries []*entry

func (h entries) Len() int { return len(h) }

func (h entries) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return strings.Compare(h[i].key, h[j].key) < 0
}

func (h entries) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *entries) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *entries) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
