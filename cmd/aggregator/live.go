package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"aggregator/internal/poll"
)

// live shows polls as they happen: on a terminal a table of the latest with a
// progress bar, redrawn in place; in a pipe a line each.
type live struct {
	out      io.Writer
	terminal bool
	mu       sync.Mutex
	expected int // polls of this pass; 0: no end in sight
	visits   int
	total    poll.Items
	failed   int
	rows     []string // the latest, newest last
	drawn    int      // lines on the screen that are ours
	last     time.Time
	stopped  bool
}

const (
	liveRows  = 12
	liveWidth = 100
	barWidth  = 30
	// redraws are at least so far apart: a terminal is slower than we are.
	redrawEvery = 60 * time.Millisecond
)

func (c *command) newLive() *live { return &live{out: c.err, terminal: c.terminal(c.err)} }

// expect sets how many polls there will be.
func (l *live) expect(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected = n
}

// Write takes the log's lines: they go above the table.
func (l *live) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.terminal || l.stopped {
		return l.out.Write(b)
	}
	l.erase()
	n, err := l.out.Write(b)
	l.draw()
	return n, err
}

// visited takes the accounts of polls: one write for all.
func (l *live) visited(vs ...poll.Visited) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines bytes.Buffer
	for _, v := range vs {
		l.visits++
		l.count(v)
		if l.terminal {
			l.rows = append(l.rows, row(v))
		} else {
			lines.WriteString(plain(v) + "\n")
		}
	}
	if !l.terminal {
		l.out.Write(lines.Bytes())
		return
	}
	l.rows = l.rows[max(0, len(l.rows)-liveRows):]
	if now := time.Now(); now.Sub(l.last) > redrawEvery || l.visits == l.expected {
		l.last = now
		l.erase()
		l.draw()
	}
}

func (l *live) count(v poll.Visited) {
	if v.Err != nil {
		l.failed++
	}
	l.total.Received += v.Items.Received
	l.total.New += v.Items.New
	l.total.Duplicate += v.Items.Duplicate
}

// stop leaves the table as it is and draws no more.
func (l *live) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.terminal && !l.stopped && l.visits > 0 {
		l.erase()
		l.draw()
	}
	l.stopped = true
}

func (l *live) erase() {
	if l.drawn > 0 {
		fmt.Fprintf(l.out, "\x1b[%dA\x1b[J", l.drawn)
	}
	l.drawn = 0
}

func (l *live) draw() {
	if l.stopped {
		return
	}
	var b bytes.Buffer
	for _, r := range l.rows {
		fmt.Fprintln(&b, r)
	}
	fmt.Fprintln(&b, l.bar())
	l.drawn = len(l.rows) + 1
	l.out.Write(b.Bytes())
}

func (l *live) bar() string {
	sum := fmt.Sprintf("%d items, %d new, %d duplicates, %d failed", l.total.Received, l.total.New, l.total.Duplicate, l.failed)
	if l.expected == 0 {
		return fmt.Sprintf("%d polls · %s", l.visits, sum)
	}
	full := min(barWidth, barWidth*l.visits/l.expected)
	return fmt.Sprintf("%s%s %d/%d · %s", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), l.visits, l.expected, sum)
}

func row(v poll.Visited) string {
	mark, said := "✓", fmt.Sprintf("%d items: %d new, %d duplicate, %d revised, %d known", v.Items.Received, v.Items.New, v.Items.Duplicate, v.Items.Revised, v.Items.Known)
	switch {
	case v.Skipped != "":
		mark, said = "–", "skipped: "+v.Skipped
	case v.Err != nil:
		mark, said = "✗", v.Says()
	case v.Unchanged:
		mark, said = "·", "unchanged"
	case v.Poll.Partial != "":
		mark = "!"
	}
	return clip(fmt.Sprintf("%s %-24s %s", mark, clip(v.Name, 24), said), liveWidth)
}

func clip(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// plain is one poll as a line of a log.
func plain(v poll.Visited) string {
	var b strings.Builder
	fmt.Fprintf(&b, "polled source=%q", v.Name)
	if v.Skipped != "" {
		fmt.Fprintf(&b, " skipped=%q", v.Skipped)
		return b.String()
	}
	i := v.Items
	fmt.Fprintf(&b, " received=%d known=%d new=%d revised=%d duplicate=%d dropped=%d", i.Received, i.Known, i.New, i.Revised, i.Duplicate, i.Dropped)
	if v.Unchanged {
		b.WriteString(" unchanged=true")
	}
	if !v.Poll.Next.IsZero() {
		fmt.Fprintf(&b, " next=%s why=%q", v.Poll.Next.UTC().Format(time.RFC3339), v.Poll.Why)
	}
	if v.Err != nil {
		fmt.Fprintf(&b, " error=%q", v.Err.Error())
	} else if v.Poll.Partial != "" && !v.Unchanged {
		fmt.Fprintf(&b, " partial=%q", v.Poll.Partial)
	}
	return b.String()
}
