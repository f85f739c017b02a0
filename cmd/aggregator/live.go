package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"aggregator/internal/poll"
)

// live shows polls as they happen: on a terminal a table of the latest with a
// progress bar, redrawn in place; in a pipe a line each.
type live struct {
	out      io.Writer
	width    func() int // of the terminal; nil in a pipe
	mu       sync.Mutex
	expected int // polls of this pass; 0: no end in sight
	fetched  int // answered, not yet decided
	visits   int // decided and kept
	total    poll.Items
	failed   int
	rows     []string // the latest, newest last
	drawn    int      // lines on the screen that are ours
	last     time.Time
	stopped  bool
}

const (
	liveRows = 12
	barWidth = 30
	// nameWidth is of a source's name, in cells.
	nameWidth = 24
	// redraws are at least so far apart: a terminal is slower than we are.
	redrawEvery = 60 * time.Millisecond
)

func (c *command) newLive() *live {
	l := &live{out: c.err}
	if c.terminal(c.err) {
		l.width = func() int { return terminalWidth(c.err) }
	}
	return l
}

// expect sets how many polls there will be.
func (l *live) expect(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected = n
	l.redraw()
}

// answered counts a source that has been fetched: what it brought is decided
// with what others bring.
func (l *live) answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetched++
	if time.Since(l.last) > redrawEvery {
		l.redraw()
	}
}

// Write takes the log's lines: they go above the table.
func (l *live) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.width == nil || l.stopped {
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
		if l.width != nil {
			l.rows = append(l.rows, row(v))
		} else {
			lines.WriteString(plain(v) + "\n")
		}
	}
	l.fetched = max(l.fetched, l.visits)
	if l.width == nil {
		l.out.Write(lines.Bytes())
		return
	}
	l.rows = l.rows[max(0, len(l.rows)-liveRows):]
	if time.Since(l.last) > redrawEvery || l.visits == l.expected {
		l.redraw()
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
	if l.visits > 0 {
		l.redraw()
	}
	l.stopped = true
}

func (l *live) redraw() {
	if l.width == nil || l.stopped {
		return
	}
	l.erase()
	l.draw()
	l.last = time.Now()
}

func (l *live) erase() {
	if l.drawn > 0 {
		fmt.Fprintf(l.out, "\x1b[%dA\x1b[J", l.drawn)
	}
	l.drawn = 0
}

// draw writes no line that is wider than the terminal: erase counts lines.
func (l *live) draw() {
	var b bytes.Buffer
	width := l.width()
	for _, r := range append(l.rows[:len(l.rows):len(l.rows)], l.bar()) {
		fmt.Fprintln(&b, clip(r, width-1))
	}
	l.drawn = len(l.rows) + 1
	l.out.Write(b.Bytes())
}

func (l *live) bar() string {
	sum := fmt.Sprintf("%d items, %d new, %d duplicate, %d failed", l.total.Received, l.total.New, l.total.Duplicate, l.failed)
	if l.expected == 0 {
		return fmt.Sprintf("%d polls · %s", l.visits, sum)
	}
	full := min(barWidth, barWidth*l.fetched/l.expected)
	bar := fmt.Sprintf("%s%s %d/%d", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), l.fetched, l.expected)
	if l.visits == 0 {
		return bar + " fetched"
	}
	return bar + " · " + sum
}

func row(v poll.Visited) string {
	mark, said := "✓", v.Items.String()
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
	if v.Pushed {
		said = "pushed: " + said
	}
	name := clip(v.Name, nameWidth)
	return mark + " " + name + strings.Repeat(" ", nameWidth+1-cells(name)) + said
}

// plain is one poll as a line of a log.
func plain(v poll.Visited) string {
	var b strings.Builder
	what := "polled"
	if v.Pushed {
		what = "pushed"
	}
	fmt.Fprintf(&b, "%s source=%q", what, v.Name)
	if v.Skipped != "" {
		fmt.Fprintf(&b, " skipped=%q", v.Skipped)
		return b.String()
	}
	i := v.Items
	fmt.Fprintf(&b, " received=%d known=%d new=%d revised=%d duplicate=%d dropped=%d", i.Received, i.Known, i.New, i.Revised, i.Duplicate, i.Dropped)
	if v.Unchanged {
		b.WriteString(" unchanged=true")
	}
	switch {
	case !v.Poll.Next.IsZero():
		fmt.Fprintf(&b, " next=%s why=%q", v.Poll.Next.UTC().Format(time.RFC3339), v.Poll.Why)
	case v.Poll.Why != "":
		fmt.Fprintf(&b, " next=never why=%q", v.Poll.Why)
	}
	if v.Err != nil {
		fmt.Fprintf(&b, " error=%q", v.Err.Error())
	} else if v.Poll.Partial != "" && !v.Unchanged {
		fmt.Fprintf(&b, " partial=%q", v.Poll.Partial)
	}
	return b.String()
}
