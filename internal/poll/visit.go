package poll

import (
	"context"
	"fmt"
	"time"

	"aggregator/internal/dedupe"
	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/topic"
)

// A visit is what one source gave, ready to be decided.
type visit struct {
	source *Source
	prev   news.Poll
	fetch.Result
	items   []dedupe.Item
	dropped []dropped
	bytes   int  // about what it holds in memory
	pushed  bool // by the source's hub: nobody was asked
	// generation is of the log that prev rests on, remember what is known of items
	// when it is another one: see lost.go.
	generation int64
	remember   func([]news.Item, []*dedupe.Told)
	mustWait   func() bool
	waits      bool // some of it does
	// withdrawn are items that the source took back.
	withdrawn []withdrawn
}

type dropped struct {
	item   dedupe.Item
	reason string
}

// visit asks a source and prepares what it brings: all that needs neither the
// index nor the store's log, so that many run side by side.
func (p *Poller) visit(ctx context.Context, pl *plan, j *job, now time.Time) *visit {
	src := j.source
	prev, err := p.record(ctx, j)
	if err != nil {
		return &visit{source: src, prev: news.Poll{Source: src.Key}, Result: fetch.Result{Err: err}}
	}
	v := &visit{source: src, prev: prev, generation: j.generation, remember: p.remember, mustWait: p.mustWait}
	began := time.Now()
	v.Result = pl.Fetcher.Fetch(ctx, src.Source, prev, rulesOf(src), now)
	v.Poll.Took = int(time.Since(began).Milliseconds())
	v.guarded(v.prepare, now)
	if p.Scheduled { // else the index is not read yet
		p.askForMissing(ctx, pl, v)
	}
	return v
}

// record is that of a job's source, which may have come with its claim.
func (p *Poller) record(ctx context.Context, j *job) (news.Poll, error) {
	if j.prev != nil {
		return *j.prev, nil
	}
	return p.store.Poll(ctx, j.source.Key)
}

// guarded: a panic over what a source brought costs this poll only, and its
// validators are those from before, so that it comes again.
func (v *visit) guarded(do func(), now time.Time) {
	defer func() {
		if p := recover(); p != nil {
			failed := v.prev
			failed.Source, failed.Last, failed.Failures = v.source.Key, now, v.prev.Failures+1
			err := fmt.Errorf("poll %s: an item broke the reader, which is a fault of ours and costs this source alone: please report it with the url (%v)", v.source.Key, p)
			failed.Error = err.Error()
			*v = visit{source: v.source, prev: v.prev, pushed: v.pushed, generation: v.generation, Result: fetch.Result{Poll: failed, Err: err}}
		}
	}()
	do()
}

func (v *visit) prepare() {
	if len(v.Items) == 0 {
		return
	}
	beside := map[uint64]bool{}
	for _, s := range v.Poll.Seen {
		if s.Gone == 0 {
			beside[s.ID] = true
		}
	}
	name := Name(v.source.Source, v.Poll.Feed.Title)
	told := make([]*dedupe.Told, len(v.Items))
	if v.remember != nil {
		v.remember(v.Items, told)
		if v.mustWait() {
			told = v.putOff(told)
		}
	}
	if v.prev.Good.IsZero() {
		spreadUndated(v.Items)
	}
	for i, it := range v.Items {
		item := dedupe.Prepare(it, name)
		item.Beside, item.Near, item.Told = beside, v.source.Near, told[i]
		v.bytes += 1024 + 2*len(it.HTML) + len(it.Text) + len(it.Summary)
		if why := v.source.drops(it, name); why != "" {
			v.dropped = append(v.dropped, dropped{item, why})
			continue
		}
		v.items = append(v.items, item)
	}
	v.Items = nil
}

// spreadUndated dates what has no date in the first document of a source: the
// first such item when it was seen, each other an hour before the last. It is
// the source's past, of unknown age; all of it dated now would push everything
// else out of the feeds. What comes later without a date is news.
func spreadUndated(items []news.Item) {
	age := time.Duration(0)
	for i := range items {
		if items[i].Claimed().IsZero() {
			items[i].Published = items[i].Seen.Add(-age)
			age += time.Hour
		}
	}
}

// drops says by which rule an item is left out; "" if by none.
func (s *Source) drops(it news.Item, name string) string {
	if s.Drop == nil && s.Keep == nil {
		return ""
	}
	src := s.Source
	src.Name = name
	doc := query.Prepare(topic.Doc(topic.Telling{Item: it, Source: src}))
	if s.Drop != nil {
		if _, ok := s.Drop.Match(doc); ok {
			return "drop: " + s.Drop.String() + where(s.DropWhere)
		}
	}
	if s.Keep != nil {
		if _, ok := s.Keep.Match(doc); !ok {
			return "not in keep: " + s.Keep.String() + where(s.KeepWhere)
		}
	}
	return ""
}

func where(place string) string {
	if place == "" {
		return ""
	}
	return " (" + place + ")"
}
