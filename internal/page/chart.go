package page

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"aggregator/internal/store"
)

const (
	// days is how many days a chart shows, today the last.
	days = 14
	// mostCounted is how many places on a topic's shelf are read for its chart at
	// most: beyond them a day more or less makes no picture.
	mostCounted = 200_000
	// steady is how long counts stay that nothing speaks against, rested how long
	// those at least that took long to make.
	steady, rested = 10 * time.Minute, time.Minute
	// cheap is how many places are read again without a thought.
	cheap = 5000
)

// A daily is how many stories there were on each of the last days, the oldest
// first.
type daily [days]int

// add counts a story of a moment, as of today; false if it is from before.
func (d *daily) add(today, at time.Time) bool {
	ago := int(today.Sub(day(at)) / (24 * time.Hour))
	if ago < days {
		d[days-1-max(0, ago)]++
	}
	return ago < days
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// An activity is the counts of topics, made of places on the shelf, newest first,
// when asked for, and remembered.
type activity struct {
	mu  sync.Mutex
	now map[string]counted
}

type counted struct {
	daily
	today time.Time // the last of its days
	at    time.Time // when it was made
	total int       // of the topic then
	read  int       // places for it
}

// of gives a topic's counts. total is how many stories it has: another number
// makes them anew, but for those of a busy topic, within the minute.
func (a *activity) of(ctx context.Context, topic string, total int, now time.Time, shelf func(context.Context, string) iter.Seq2[store.Place, error]) (daily, error) {
	a.mu.Lock()
	was, ok := a.now[topic]
	a.mu.Unlock()
	age := now.Sub(was.at)
	if ok && was.today.Equal(day(now)) && (was.total == total && age < steady || was.read > cheap && age < rested) {
		return was.daily, nil
	}
	is := counted{today: day(now), at: now, total: total}
	for place, err := range shelf(ctx, topic) {
		if err != nil {
			return daily{}, err
		}
		if is.read++; !is.add(is.today, place.Published) || is.read == mostCounted {
			break
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now == nil {
		a.now = map[string]counted{}
	}
	a.now[topic] = is
	return is.daily, nil
}

// keep forgets the topics that are none any more.
func (a *activity) keep(topics map[string]int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name := range a.now {
		if _, ok := topics[name]; !ok {
			delete(a.now, name)
		}
	}
}

// Any says that there is something to draw.
func (d daily) Any() bool { return d != daily{} }

// Words say what the bars show.
func (d daily) Words() string {
	least, most := d[0], d[0]
	for _, n := range d {
		least, most = min(least, n), max(most, n)
	}
	switch {
	case most == 0:
		return fmt.Sprintf("%d days, no stories", days)
	case least == most:
		return fmt.Sprintf("%d days, %d a day", days, most)
	}
	return fmt.Sprintf("%d days, %d to %d stories a day", days, least, most)
}

const barHigh = 20

// Bars is the path of a bar for each day, to be drawn 8 wide with 2 between, in
// a box of 138 by 20. A day with any story has a bar that can be seen; one
// without a stub.
func (d daily) Bars() string {
	most := 1
	for _, n := range d {
		most = max(most, n)
	}
	var b strings.Builder
	for i, n := range d {
		high := 1
		if n > 0 {
			high = max(3, n*barHigh/most)
		}
		fmt.Fprintf(&b, "M%d %dv-%d", i*10+4, barHigh, high)
	}
	return b.String()
}
