package poll

import (
	"context"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
	"aggregator/internal/store"
)

const (
	// markRules is the mark of the rules that the kept stories are filed by,
	// markTopics of the names of their topics, a line each.
	markRules  = "rules"
	markTopics = "topics"
	// halfWay stands for the rules while some stories are filed by old ones and
	// some by new ones: no other filing may pass for done.
	halfWay = "under way"
)

// refileStep is how many stories are filed anew in one step.
const refileStep = 500

// fingerprint changes when filing may: rules, what sources add to them, and the
// lines that say why a story is where it is. It is the same from every folder.
func (pl *plan) fingerprint() string {
	parts := []string{fmt.Sprint(pl.Filer.Fingerprint())}
	for _, where := range pl.Filer.Places() {
		parts = append(parts, path.Base(where))
	}
	for _, s := range pl.Sources {
		if s.Name+s.Language != "" || len(s.Topics)+len(s.Tags) > 0 {
			parts = append(parts, s.Key, s.Name, s.Language, fmt.Sprintf("%q %q", s.Topics, s.Tags))
		}
	}
	return strconv.FormatUint(canon.Hash(parts...), 16)
}

// Still has something written while nobody reads it half written. An error of
// write is an error of Still.
type Still func(write func() error) error

func atOnce(write func() error) error { return write() }

// A refiled story is a kept one that is filed otherwise under other rules, or
// under the same topics for another reason.
type refiled struct {
	pos    news.Position
	topics []news.Filing
}

// refile files the kept stories under the plan's rules, if others filed them, and
// says what changed when they were filed so. What becomes of them is found
// first, and takes long; still then has it written. Killed half way, it begins
// again: the mark is kept last.
func (p *Poller) refile(ctx context.Context, still Still) (Changes, error) {
	was, err := p.store.Mark(ctx, markRules)
	if err != nil {
		return Changes{}, fmt.Errorf("poll: file anew: %w", err)
	}
	if p.share == nil || was == p.plan.Load().fingerprint() {
		return p.refileNow(ctx, still)
	}
	var changes Changes
	return changes, p.alone(ctx, leaseFiling, func() (err error) {
		changes, err = p.refileNow(ctx, still)
		return err
	})
}

func (p *Poller) refileNow(ctx context.Context, still Still) (Changes, error) {
	pl, began := p.plan.Load(), time.Now()
	was, err := p.store.Mark(ctx, markRules)
	if err != nil {
		return Changes{}, fmt.Errorf("poll: file anew: %w", err)
	}
	want := pl.fingerprint()
	if was == want {
		return *p.filed.Load(), still(func() error { return nil })
	}
	var others []refiled
	changes, err := p.diff(ctx, pl, func(was, is news.Story) {
		if !reflect.DeepEqual(was, is) {
			others = append(others, refiled{is.Pos, is.Topics})
		}
	})
	if err == nil {
		err = still(func() error { return p.keepRefiled(ctx, pl, others, want) })
	}
	if err != nil {
		return Changes{}, fmt.Errorf("poll: file anew: %w", err)
	}
	changes.At = time.Now().UTC().Truncate(time.Second)
	p.filed.Store(&changes)
	if p.share != nil {
		p.share.ruled.Store(&want)
	}
	p.logChanges(changes, time.Since(began))
	return changes, nil
}

func (p *Poller) logChanges(c Changes, took time.Duration) {
	if c.Stories == 0 {
		return
	}
	for _, t := range c.Topics {
		about := []any{"topic", t.Name, "added", t.Added, "removed", t.Removed, "total", t.Total}
		if t.New {
			about = append(about, "new", true)
		}
		if t.Gone {
			about = append(about, "gone", true)
		}
		p.Log.Info("topic filed anew", about...)
	}
	p.Log.Info("kept stories filed anew under changed rules",
		"stories", c.Stories, "changed", c.Changed, "added", c.Added, "removed", c.Removed, "topics", len(c.Topics), "took", took.Round(time.Millisecond))
}

// Diff says what another plan would make of the kept stories, and changes
// nothing. each hears of every story as it is filed and as it would be; nil is
// nobody.
func (p *Poller) Diff(ctx context.Context, pl Plan, each func(was, is news.Story)) (Changes, error) {
	if each == nil {
		each = func(was, is news.Story) {}
	}
	changes, err := p.diff(ctx, newPlan(pl), each)
	if err != nil {
		return Changes{}, fmt.Errorf("poll: compare rules: %w", err)
	}
	return changes, nil
}

// diff files every kept story by a plan, and counts.
func (p *Poller) diff(ctx context.Context, pl *plan, each func(was, is news.Story)) (Changes, error) {
	before, err := p.topicsBefore(ctx)
	if err != nil {
		return Changes{}, err
	}
	t := newTally(before)
	for batch, err := range store.InSteps(p.store.Stories(ctx, 0), refileStep) {
		if err != nil {
			return Changes{}, err
		}
		filed, err := p.fileAll(ctx, pl, batch)
		if err != nil {
			return Changes{}, err
		}
		for i, was := range batch {
			t.take(was, filed[i])
			each(was, filed[i])
		}
	}
	return t.sum(pl.Filer.Names()), nil
}

// topicsBefore are the topics of the rules that the kept stories are filed by.
func (p *Poller) topicsBefore(ctx context.Context) ([]string, error) {
	names, err := p.store.Mark(ctx, markTopics)
	if err != nil || names != "" {
		return strings.Split(names, "\n"), err
	}
	counts, err := p.store.Count(ctx) // kept before there was the mark
	return slices.Collect(maps.Keys(counts)), err
}

// fileAll gives stories as a plan files them.
func (p *Poller) fileAll(ctx context.Context, pl *plan, stories []news.Story) ([]news.Story, error) {
	filed := slices.Clone(stories)
	items, err := p.itemsOf(ctx, filed)
	if err != nil {
		return nil, err
	}
	for i := range filed {
		rename(pl, &filed[i])
		filed[i].Topics = own(fileStory(pl, &filed[i], items))
	}
	return filed, nil
}

// itemsOf are the items of stories, with their text.
func (p *Poller) itemsOf(ctx context.Context, stories []news.Story) (map[news.Position]news.Item, error) {
	s := &step{items: map[news.Position]news.Item{}, stories: map[news.Position]*news.Story{}}
	for i := range stories {
		s.stories[stories[i].Pos] = &stories[i]
	}
	return s.items, s.readItems(ctx, p.store)
}

// mend ends what a change left half way that the store broke off, by the rules
// that are in force since, and says whether there was anything.
func (p *Poller) mend(ctx context.Context) (bool, error) {
	was, err := p.store.Mark(ctx, markRules)
	if err != nil || !p.unfiled(was) {
		return false, err
	}
	if has, err := p.sole(ctx, leaseFiling); err != nil || !has {
		return false, err
	}
	_, err = p.refile(ctx, atOnce)
	return err == nil, err
}

// own are filings that do not hold in memory the texts that their words were
// found in; nil where there is nothing, as for what is kept.
func own(fs []news.Filing) (all []news.Filing) {
	for _, f := range fs {
		f.Words = ownWords(f.Words)
		all = append(all, f)
	}
	return all
}

func ownWords(found []string) (words []string) {
	for _, w := range found {
		words = append(words, strings.Clone(w))
	}
	return words
}

// keepRefiled writes what was found, the mark of the rules with the last step.
// Until then the mark is that of no rules at all.
func (p *Poller) keepRefiled(ctx context.Context, pl *plan, others []refiled, want string) error {
	marks := map[string]string{markRules: halfWay}
	for len(others) > refileStep {
		if err := p.keepSome(ctx, pl, others[:refileStep], marks); err != nil {
			return err
		}
		others = others[refileStep:]
	}
	marks = map[string]string{markRules: want, markTopics: strings.Join(pl.Filer.Names(), "\n")}
	return p.keepSome(ctx, pl, others, marks)
}

func (p *Poller) keepSome(ctx context.Context, pl *plan, others []refiled, marks map[string]string) error {
	if _, err := p.sole(ctx, leaseFiling); err != nil { // which renews it
		return err
	}
	return store.Rewrite(ctx, p.store, func() (store.Batch, error) { return p.refileSome(ctx, pl, others, marks) })
}

func (p *Poller) refileSome(ctx context.Context, pl *plan, others []refiled, marks map[string]string) (store.Batch, error) {
	at := make([]news.Position, len(others))
	for i, o := range others {
		at[i] = o.pos
	}
	kept, err := p.store.Story(ctx, at...)
	if err != nil {
		return store.Batch{}, err
	}
	b := store.Batch{Marks: marks}
	for _, o := range others {
		if st, ok := kept[o.pos]; ok {
			rename(pl, &st)
			st.Topics = o.topics
			b.Stories = append(b.Stories, st)
		}
	}
	return b, nil
}

// rename gives the sources of a story the names that they have now. The tellings
// become the story's own.
func rename(pl *plan, st *news.Story) {
	st.Also = slices.Clone(st.Also)
	for _, t := range tellings(st) {
		if src := pl.byKey[t.Source]; src != nil && src.Name != "" {
			t.Name = src.Name
		}
	}
}
