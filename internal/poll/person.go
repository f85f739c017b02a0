package poll

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/dedupe"
	"aggregator/internal/news"
)

// A Word is what a person says about what was decided, as it will stand in the
// log: see news.Fate for what Story and Of are.
type Word struct {
	Fate  news.Fate
	Story news.Position
	Of    news.Position
	Who   string // says so
}

// Why a word is refused, as sentences for the person.
var (
	errForgotten = errors.New("what was known of it is forgotten (it is older than `retain`)")
	errNoTelling = errors.New("it is no telling of that story any more; look again with `aggregator explain`")
	errOnly      = errors.New("it is the only telling of its story, so there is nothing to split it from; `aggregator hide` takes a story out of all feeds")
	errItself    = errors.New("both are the same story already")
	errHidden    = errors.New("a hidden story is not merged; `aggregator hide --undo` publishes it first")
	errPinned    = errors.New("it is pinned already")
	errNotPinned = errors.New("no telling of this story is pinned")
	errIsHidden  = errors.New("it is hidden already")
	errIsShown   = errors.New("it is not hidden")
)

// Heed keeps a person's word and all that it changes as one step. While Run
// runs, call it inside of Quiet. The error of a word that makes no sense is a
// sentence for whoever said it; nothing is changed then.
func (p *Poller) Heed(ctx context.Context, w Word) (news.Decision, error) {
	s, err := p.keepAtEnd(ctx, func() (*step, error) {
		s := newStep(p.plan.Load(), p.index.At(), time.Now().UTC().Truncate(time.Millisecond))
		return s, p.heed(ctx, s, w)
	})
	if err != nil {
		return news.Decision{}, err
	}
	p.tellChanged(s.touched(), s.changed())
	return s.batch.Decisions[0], nil
}

// heed puts a word into a step.
func (p *Poller) heed(ctx context.Context, s *step, w Word) error {
	at := []news.Position{w.Story}
	if w.Fate == news.Merged {
		at = append(at, w.Of)
	}
	if err := s.read(ctx, p.store, at...); err != nil {
		return err
	}
	for _, pos := range at {
		if s.stories[pos] == nil {
			return errForgotten
		}
	}
	d, err := p.change(ctx, s, news.Decision{
		Pos: s.at + 1, At: s.now, Fate: w.Fate, Story: w.Story, Of: w.Of, Reason: "by " + cmp.Or(w.Who, "a person"), Similarity: 1,
	})
	if err != nil {
		return err
	}
	if err := s.file(ctx, p.store); err != nil {
		return err
	}
	if err := s.mourn(ctx, p.store); err != nil {
		return err
	}
	s.batch.Decisions = []news.Decision{d}
	s.gather()
	return nil
}

// change brings the stories to what d says, and d to what is kept.
func (p *Poller) change(ctx context.Context, s *step, d news.Decision) (news.Decision, error) {
	st, err := s.stories[d.Story], error(nil)
	switch d.Fate {
	case news.Split:
		d, err = p.split(ctx, s, d)
	case news.Merged:
		err = s.merge(st, s.stories[d.Of])
	case news.Pinned:
		d.Of, err = s.pin(st, d.Of)
	case news.Hidden, news.Shown:
		err = hide(st, d.Fate == news.Hidden)
	default:
		err = fmt.Errorf("poll: %v is no word of a person", d.Fate)
	}
	return d, err
}

// split lets a telling begin a story. Its item is kept again where that story
// begins, to live as long as it does.
func (p *Poller) split(ctx context.Context, s *step, d news.Decision) (news.Decision, error) {
	old := s.stories[d.Story]
	ts := old.Tellings()
	i := find(ts, d.Of)
	switch {
	case i < 0:
		return d, errNoTelling
	case len(ts) == 1:
		return d, errOnly
	}
	was, it, err := p.kept(ctx, ts[i].Pos)
	if err != nil {
		return d, err
	}
	d = p.index.Split(was, it, d.Story, d.Reason, d.At)
	t := ts[i]
	t.Pos, t.Reason, t.Similarity, t.Pinned = d.Pos, "", 0, false
	s.stories[d.Pos] = &news.Story{ID: uuid(d.ID), Pos: d.Pos, Lead: t, Published: t.Since, Updated: claimedUpdate(it, t.Since)}
	s.items[d.Pos], s.batch.Items = it, map[news.Position]news.Item{d.Pos: it}
	s.tell(old, slices.Delete(ts, i, i+1))
	return d, nil
}

// kept is what was decided at a position, and the item.
func (p *Poller) kept(ctx context.Context, at news.Position) (news.Decision, news.Item, error) {
	items, err := p.store.Items(ctx, at)
	if err != nil {
		return news.Decision{}, news.Item{}, err
	}
	it, ok := items[at]
	it.Text = canon.Text(it.HTML)
	for d, err := range p.store.Since(ctx, at-1) {
		if err != nil {
			return d, it, err
		}
		if ok && d.Pos == at {
			return d, it, nil
		}
		break
	}
	return news.Decision{}, it, errForgotten
}

// find is the telling whose words are kept at a position, or were; -1 if none.
func find(ts []news.Telling, pos news.Position) int {
	return slices.IndexFunc(ts, func(t news.Telling) bool { return t.Pos == pos || slices.Contains(t.Revisions, pos) })
}

// tell gives a story the tellings that it has now.
func (s *step) tell(st *news.Story, ts []news.Telling) {
	words := st.Lead.Digest
	st.Lead, st.Also = ts[0], slices.Clone(ts[1:])
	s.lead(st)
	if st.Lead.Digest != words {
		st.Updated = s.now
	}
}

// merge lets a story tell all that another told. The other stays as it was, to
// lead there.
func (s *step) merge(st, other *news.Story) error {
	switch {
	case st == other, other.Into != 0, st.Into != 0:
		return errItself
	case st.Hidden || other.Hidden:
		return errHidden
	}
	ts := st.Tellings()
	for _, t := range other.Tellings() {
		t.Reason, t.Similarity, t.Pinned = dedupe.ByPerson, 1, false
		ts = append(ts, t)
	}
	other.Into = st.Pos
	st.Event = cmp.Or(st.Event, other.Event)
	st.Merged = append(append(slices.Clone(st.Merged), other.ID), other.Merged...)
	s.tell(st, ts)
	return nil
}

// pin lets a telling lead, or with 0 whichever is preferred, and says where
// that telling is kept.
func (s *step) pin(st *news.Story, pos news.Position) (news.Position, error) {
	ts := st.Tellings()
	i, pinned := find(ts, pos), slices.IndexFunc(ts, func(t news.Telling) bool { return t.Pinned })
	switch {
	case pos == 0 && pinned < 0:
		return 0, errNotPinned
	case pos != 0 && i < 0:
		return 0, errNoTelling
	case pos != 0 && i == pinned:
		return 0, errPinned
	}
	for j := range ts {
		ts[j].Pinned = pos != 0 && j == i
	}
	s.tell(st, ts)
	if pos == 0 {
		return 0, nil
	}
	return ts[i].Pos, nil
}

func hide(st *news.Story, hidden bool) error {
	if st.Hidden == hidden && hidden {
		return errIsHidden
	}
	if st.Hidden == hidden {
		return errIsShown
	}
	st.Hidden = hidden
	return nil
}
