package poll

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

// A step turns visits into one batch.
type step struct {
	plan    *plan
	at      news.Position // where the log ends before it
	now     time.Time
	batch   store.Batch
	stories map[news.Position]*news.Story // new and touched
	items   map[news.Position]news.Item   // with Text
	was     map[news.Position][]string    // topics before
	events  map[news.Position]string      // Story.Event of those that lead one
	pushes  func(string) Push             // the word of a source's hub
	results []Visited
	revived bool // a story is told again that its only source had withdrawn
}

// entry is one item on its way, and the visit that brought it.
type entry struct {
	item  dedupe.Item
	visit int
}

// step decides what the visits bring where the log ends. It reads the stories
// that are joined or revised, and changes nothing.
func (p *Poller) step(ctx context.Context, pl *plan, visits []*visit, at news.Position, now time.Time) (*step, error) {
	s := newStep(pl, at, now)
	s.pushes = p.pushOf
	s.results = make([]Visited, len(visits))
	for i, v := range visits {
		s.results[i] = s.account(v)
	}
	entries := inOrder(pl, visits)
	items := make([]dedupe.Item, len(entries))
	for i, e := range entries {
		items[i] = e.item
	}
	return s, s.settle(ctx, p, visits, entries, p.index.Decide(items, now))
}

// settle writes what was decided of the entries.
func (s *step) settle(ctx context.Context, p *Poller, visits []*visit, entries []entry, ds []news.Decision) error {
	if err := s.load(ctx, p.store, ds); err != nil {
		return err
	}
	if err := s.loadEvents(ctx, p, ds); err != nil {
		return err
	}
	for i, d := range ds {
		s.results[entries[i].visit].Items.count(d.Fate)
		if err := s.take(d, entries[i].item, visits[entries[i].visit]); err != nil {
			return err
		}
	}
	s.drop(visits)
	if err := s.file(ctx, p.store); err != nil {
		return err
	}
	if s.revived {
		if err := s.mourn(ctx, p.store); err != nil {
			return err
		}
	}
	s.close(visits, entries, ds)
	return nil
}

func newStep(pl *plan, at news.Position, now time.Time) *step {
	return &step{plan: pl, at: at, now: now,
		stories: map[news.Position]*news.Story{}, items: map[news.Position]news.Item{}, was: map[news.Position][]string{},
		events: map[news.Position]string{}, pushes: func(string) Push { return Push{} }}
}

// inOrder puts the items of many visits into the one order that does not
// depend on who answered first: by date, then as configured, then as listed.
// So a store rebuilt from the same items has the same stories and ids.
func inOrder(pl *plan, visits []*visit) []entry {
	var entries []entry
	for i, v := range visits {
		for _, it := range v.items {
			entries = append(entries, entry{it, i})
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(a.item.Since().Compare(b.item.Since()),
			cmp.Compare(pl.place[a.item.Source], pl.place[b.item.Source]))
	})
	return entries
}

// account opens a visit's account with what fetch already knew.
func (s *step) account(v *visit) Visited {
	poll := v.Poll
	if v.pushed {
		poll.Next, poll.Why = v.prev.Next, v.prev.Why
	} else {
		poll.Next, poll.Why = s.due(v, s.pushes(v.source.Key))
	}
	if v.waits {
		poll.Next, poll.Why = s.soon(v, poll)
	}
	return Visited{
		Key: v.source.Key, Name: Name(v.source.Source, poll.Feed.Title), Poll: poll, Unchanged: v.Unchanged, Err: v.Err,
		Items: Items{Received: v.Received, Known: v.Known}, New: map[string]int{}, Pushed: v.pushed,
	}
}

// soon is when a source is asked again that brought what has to wait.
func (s *step) soon(v *visit, p news.Poll) (time.Time, string) {
	at := s.now.Add(askHealing)
	if forbidden, why := floor(v.source, p, rest{}); forbidden.After(at) {
		return forbidden, why
	}
	return at, "the log was lost: what is new waits until the rest is back"
}

func (s *step) due(v *visit, u Push) (time.Time, string) {
	// s.now is cut to milliseconds: a slot may lie between it and the true hour.
	return due(s.plan, v.source, v.Poll, rest{}, u, s.now.Add(time.Millisecond))
}

// missed counts an item that a poll brought and its hub should have: such a hub
// is not believed until it pushes again.
func (s *step) missed(v *visit, r *Visited, it news.Item) {
	if v.pushed || !s.pushes(v.source.Key).broke(v.prev, it, s.now) {
		return
	}
	r.Missed++
	r.Poll.Next, r.Poll.Why = s.due(v, Push{})
}

// load reads the stories that decisions join or revise.
func (s *step) load(ctx context.Context, kept store.Store, ds []news.Decision) error {
	var at []news.Position
	for _, d := range ds {
		if d.Fate != news.Known && d.Story <= s.at {
			at = append(at, d.Story)
		}
	}
	slices.Sort(at)
	return s.read(ctx, kept, slices.Compact(at)...)
}

func (s *step) read(ctx context.Context, kept store.Store, at ...news.Position) error {
	if len(at) == 0 {
		return nil
	}
	found, err := kept.Story(ctx, at...)
	if err != nil {
		return err
	}
	for pos, st := range found {
		s.stories[pos], s.was[pos] = &st, topicsOf(st)
	}
	return nil
}

// take writes one decision into its story.
func (s *step) take(d news.Decision, it dedupe.Item, v *visit) error {
	if d.Fate == news.Known {
		return nil
	}
	s.batch.Decisions = append(s.batch.Decisions, d)
	s.items[d.Pos] = it.Item
	t := s.telling(d, it, v)
	if d.Fate == news.New {
		st := begin(d, it, t)
		st.Backfill = v.prev.Good.IsZero() || it.Told != nil
		st.Event = s.event(d.Event)
		s.stories[d.Pos] = st
		return nil
	}
	st := s.stories[d.Story]
	if st == nil {
		return fmt.Errorf("poll %s: the log names story %d, which is not kept (restore a backup with `aggregator store import`)", d.Source, d.Story)
	}
	words := st.Lead.Digest
	if d.Fate == news.Revised {
		revise(st, d, t)
	} else {
		st.Also = append(st.Also, t)
		s.revive(st)
	}
	s.lead(st)
	if st.Lead.Digest != words {
		s.updated(st, it)
	}
	return nil
}

func (s *step) telling(d news.Decision, it dedupe.Item, v *visit) news.Telling {
	t := news.Telling{
		Pos: d.Pos, Source: it.Source, Name: Name(v.source.Source, v.Poll.Feed.Title), GUID: it.GUID, URL: it.URL, Title: it.Title,
		Tier: v.source.Tier, Words: it.Words, Since: it.Since(), Seen: it.Seen, Digest: it.Keys.Digest,
	}
	if d.Fate == news.Duplicate {
		t.Reason, t.Similarity = d.Reason, math.Round(1000*float64(d.Similarity))/1000
	}
	return t
}

func begin(d news.Decision, it dedupe.Item, t news.Telling) *news.Story {
	published := it.Since()
	if it.Told != nil && it.Told.ID == d.ID && it.Told.Published().Before(published.Truncate(time.Second)) {
		published = it.Told.Published() // of the telling that began it before the log was lost
	}
	return &news.Story{
		ID: uuid(d.ID), Pos: d.Pos, Lead: t,
		Published: published, Updated: claimedUpdate(it.Item, published),
	}
}

// revise gives a telling its new words and keeps where the old ones are. What
// it was judged by stays, and so do when it came and a person's pin.
func revise(st *news.Story, d news.Decision, t news.Telling) {
	for _, old := range tellings(st) {
		if old.Pos != d.Of && !slices.Contains(old.Revisions, d.Of) {
			continue
		}
		t.Revisions = append(slices.Clone(old.Revisions), old.Pos)
		t.Reason, t.Similarity, t.Since, t.Seen, t.Pinned = old.Reason, old.Similarity, old.Since, old.Seen, old.Pinned
		*old = t
		return
	}
	st.Also = append(st.Also, t)
}

func tellings(st *news.Story) []*news.Telling {
	ts := []*news.Telling{&st.Lead}
	for i := range st.Also {
		ts = append(ts, &st.Also[i])
	}
	return ts
}

// lead puts the telling that is preferred first, the others in order of date.
func (s *step) lead(st *news.Story) {
	ts := standing(st.Tellings())
	i := dedupe.Lead(ts, s.plan.Prefer)
	lead := ts[i]
	st.Also = slices.DeleteFunc(st.Tellings(), func(t news.Telling) bool { return t.Pos == lead.Pos })
	st.Lead = lead
	slices.SortFunc(st.Also, func(a, b news.Telling) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Source, b.Source), cmp.Compare(a.GUID, b.GUID))
	})
}

// updated moves when a reader sees other words. A story that begins in this
// very step was never read: it is as old as its leading telling says.
func (s *step) updated(st *news.Story, it dedupe.Item) {
	if st.Pos > s.at {
		st.Updated = claimedUpdate(it.Item, st.Published)
		return
	}
	if u := it.Updated; u.After(st.Updated) && u.Before(s.now) {
		st.Updated = u
		return
	}
	st.Updated = s.now
}

// claimedUpdate is the item's own date of change, if it lies between the
// story's beginning and when we saw it.
func claimedUpdate(it news.Item, published time.Time) time.Time {
	if it.Updated.After(published) && !it.Updated.After(it.Seen) {
		return it.Updated
	}
	return published
}

// drop logs what rules left out, behind the rest.
func (s *step) drop(visits []*visit) {
	at := s.at + news.Position(len(s.batch.Decisions))
	for i, v := range visits {
		for _, out := range v.dropped {
			at++
			d := dedupe.Drop(out.item, out.reason, s.now)
			d.Pos = at
			s.batch.Decisions = append(s.batch.Decisions, d)
			s.results[i].Items.count(news.Dropped)
		}
	}
}

// close gathers the batch and the accounts.
func (s *step) close(visits []*visit, entries []entry, ds []news.Decision) {
	s.batch.Items = map[news.Position]news.Item{}
	for i, d := range ds {
		if d.Fate == news.Known {
			continue
		}
		s.batch.Items[d.Pos] = entries[i].item.Item
		if d.Fate == news.New {
			for _, name := range topicsOf(*s.stories[d.Pos]) {
				s.results[entries[i].visit].New[name]++
			}
		}
		if d.Fate == news.New || d.Fate == news.Duplicate {
			s.missed(visits[entries[i].visit], &s.results[entries[i].visit], entries[i].item.Item)
		}
	}
	s.gather()
	for _, r := range s.results {
		if r.Poll.Source != "" { // else the store could not even say what was
			s.batch.Polls = append(s.batch.Polls, r.Poll)
		}
	}
}

// gather takes the stories into the batch.
func (s *step) gather() {
	for _, pos := range slices.Sorted(maps.Keys(s.stories)) {
		s.batch.Stories = append(s.batch.Stories, *s.stories[pos])
	}
}

// changed are the topics that hold something else than before.
func (s *step) changed() []string {
	names := map[string]bool{}
	for pos, st := range s.stories {
		for _, name := range append(topicsOf(*st), s.was[pos]...) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func uuid(id [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
