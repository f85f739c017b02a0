package store

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"aggregator/internal/news"
)

// A line of a backup holds exactly one of its fields but for the head, which
// comes first: everything a site keeps, as JSON Lines.
type line struct {
	Head     *head          `json:"aggregator,omitempty"`
	Decision *news.Decision `json:"decision,omitempty"`
	Item     *news.Item     `json:"item,omitempty"` // of the decision before it
	Story    *news.Story    `json:"story,omitempty"`
	Poll     *news.Poll     `json:"poll,omitempty"`
	Mark     *mark          `json:"mark,omitempty"`
}

type head struct {
	Backup int           `json:"backup"` // form of this file
	After  news.Position `json:"after"`  // the log begins behind it
}

type mark struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

const (
	backupForm = 1
	// importStep bounds memory: so many decisions are kept in one step.
	importStep = 1000
	exportStep = 512
)

// Export writes all of s as JSON Lines. Others may append meanwhile. Polls come
// first, so that the log holds all that they brought; and the stories of what came
// to the log while stories were read come again behind it, until nothing came.
func Export(ctx context.Context, s Store, w io.Writer) error {
	buf := bufio.NewWriterSize(w, 1<<16)
	out := &exporter{ctx: ctx, s: s, out: json.NewEncoder(buf)}
	out.out.SetEscapeHTML(false)
	for _, step := range []func() error{out.begin, out.polls, out.log, out.all, out.rest, out.marks, buf.Flush} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// An exporter writes lines; at is the last decision that was written.
type exporter struct {
	ctx     context.Context
	s       Store
	out     *json.Encoder
	at      news.Position
	touched map[news.Position]bool // stories, by what was written of the log last
}

func (e *exporter) begin() error {
	stats, err := e.s.Stats(e.ctx)
	if err != nil {
		return err
	}
	if e.at = stats.At; stats.Oldest > 0 {
		e.at = stats.Oldest - 1
	}
	return e.out.Encode(line{Head: &head{backupForm, e.at}})
}

func (e *exporter) polls() error {
	return each(e.s.Polls(e.ctx), func(p news.Poll) error { return e.out.Encode(line{Poll: &p}) })
}

// log writes what is behind the last decision written.
func (e *exporter) log() error {
	e.touched = map[news.Position]bool{}
	var step []news.Decision
	err := each(e.s.Since(e.ctx, e.at), func(d news.Decision) error {
		if step = append(step, d); len(step) < exportStep {
			return nil
		}
		defer func() { step = step[:0] }()
		return e.decisions(step)
	})
	return cmp.Or(err, e.decisions(step))
}

// decisions asks for the items of many at a time: each time is a round trip.
func (e *exporter) decisions(ds []news.Decision) error {
	at := make([]news.Position, len(ds))
	for i, d := range ds {
		at[i] = d.Pos
	}
	items, err := e.s.Items(e.ctx, at...)
	if err != nil {
		return err
	}
	for _, d := range ds {
		if d.Pos != e.at+1 {
			return fmt.Errorf("decisions %d to %d expired while they were read: try again", e.at+1, d.Pos-1)
		}
		e.at, e.touched[d.Story], e.touched[d.Of] = d.Pos, true, true
		if err := e.out.Encode(line{Decision: &d}); err != nil {
			return err
		}
		if it, kept := items[d.Pos]; kept {
			if err := e.out.Encode(line{Item: &it}); err != nil {
				return err
			}
		}
	}
	return nil
}

// all writes the stories that began in what is written of the log.
func (e *exporter) all() error {
	return each(e.s.Stories(e.ctx, 0), func(st news.Story) error {
		if st.Pos > e.at {
			return nil
		}
		return e.out.Encode(line{Story: &st})
	})
}

// rest writes what came meanwhile.
func (e *exporter) rest() error {
	for {
		if err := e.log(); err != nil || len(e.touched) == 0 {
			return err
		}
		stories, err := e.s.Story(e.ctx, slices.Sorted(maps.Keys(e.touched))...)
		if err != nil {
			return err
		}
		for _, pos := range slices.Sorted(maps.Keys(stories)) {
			st := stories[pos]
			if err := e.out.Encode(line{Story: &st}); err != nil {
				return err
			}
		}
	}
}

func (e *exporter) marks() error {
	marks, err := e.s.Marks(e.ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(marks)) {
		if err := e.out.Encode(line{Mark: &mark{name, marks[name]}}); err != nil {
			return err
		}
	}
	return nil
}

func each[T any](seq func(yield func(T, error) bool), do func(T) error) error {
	for v, err := range seq {
		if err != nil {
			return err
		}
		if err := do(v); err != nil {
			return err
		}
	}
	return nil
}

// Import reads what Export wrote into an empty store.
func Import(ctx context.Context, s Store, r io.Reader) error {
	stats, err := s.Stats(ctx)
	if err != nil {
		return err
	}
	if stats.At != 0 || stats.Polls != 0 {
		return errors.New("the store already holds something; import needs an empty one: choose another `store:` or move the old one aside")
	}
	in := &importer{ctx: ctx, s: s}
	dec := json.NewDecoder(bufio.NewReaderSize(r, 1<<16))
	for n := 1; ; n++ {
		var l line
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("line %d is no backup line: %w", n, err)
		}
		if err := in.take(l); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return in.finish()
}

// An importer gathers lines into steps. A story is kept only when every
// decision before it is, so stories come in steps of their own behind the log.
type importer struct {
	ctx  context.Context
	s    Store
	at   news.Position
	next Batch
	head bool
}

func (in *importer) take(l line) error {
	switch {
	case l.Head != nil:
		if l.Head.Backup != backupForm {
			return fmt.Errorf("backup form %d is unknown; use the aggregator that wrote it", l.Head.Backup)
		}
		in.head = true
		return in.start(l.Head.After)
	case !in.head:
		return errors.New("no backup: the first line must name its form; `aggregator store export` writes one")
	case l.Decision != nil:
		most := importStep
		if len(in.next.Stories) > 0 { // they may come again behind it, and a batch has each once
			most = 0
		}
		if err := in.flushAt(most); err != nil {
			return err
		}
		if want := in.at + news.Position(len(in.next.Decisions)) + 1; l.Decision.Pos != want {
			return fmt.Errorf("decision %d where %d was due: lines are missing or out of order", l.Decision.Pos, want)
		}
		in.next.Decisions = append(in.next.Decisions, *l.Decision)
	case l.Item != nil:
		if len(in.next.Decisions) == 0 {
			return errors.New("an item without its decision before it")
		}
		if in.next.Items == nil {
			in.next.Items = map[news.Position]news.Item{}
		}
		in.next.Items[in.next.Decisions[len(in.next.Decisions)-1].Pos] = *l.Item
	case l.Story != nil:
		in.next.Stories = append(in.next.Stories, *l.Story)
		return in.flushAt(importStep)
	case l.Poll != nil:
		in.next.Polls = append(in.next.Polls, *l.Poll)
		return in.flushAt(importStep)
	case l.Mark != nil:
		in.next.Marks = map[string]string{l.Mark.Name: l.Mark.Value}
		return in.flushAt(0)
	}
	return nil
}

// start moves an empty log to where the backup's begins.
func (in *importer) start(after news.Position) error {
	if after == 0 {
		return nil
	}
	in.at = after
	return in.s.Expire(in.ctx, after)
}

func (in *importer) flushAt(limit int) error {
	if in.next.Empty() || len(in.next.Decisions)+len(in.next.Stories)+len(in.next.Polls) < limit {
		return nil
	}
	return in.finish()
}

func (in *importer) finish() error {
	at, err := in.s.Append(in.ctx, in.at, in.next)
	if err != nil {
		return err
	}
	in.at, in.next = at, Batch{}
	return nil
}
