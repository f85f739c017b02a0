package poll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aggregator/internal/canon"
	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/schedule"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
	"aggregator/internal/topic"
)

// outlets are scripted sources: what stands in each document now.
type outlets struct {
	mu      sync.Mutex
	items   map[string][]news.Item
	fails   map[string]fetch.Result
	asked   []asked
	running map[string]int
	most    map[string]int // fetches of a host at one time
	delay   func(key string) time.Duration
	// what documents say is deleted, and what they lack, by GUID
	withdrawn, missing map[string][]string
}

type asked struct {
	key string
	at  time.Time
}

func newOutlets() *outlets {
	return &outlets{items: map[string][]news.Item{}, fails: map[string]fetch.Result{}, running: map[string]int{}, most: map[string]int{}}
}

func (o *outlets) set(key string, items ...news.Item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.items[key] = items
}

func (o *outlets) Fetch(ctx context.Context, src news.Source, prev news.Poll, rules uint64, now time.Time) fetch.Result {
	h := host(src.URL)
	o.mu.Lock()
	o.asked = append(o.asked, asked{src.Key, now})
	o.running[h]++
	o.most[h] = max(o.most[h], o.running[h])
	items, failure := o.items[src.Key], o.fails[src.Key]
	o.mu.Unlock()
	if o.delay != nil {
		time.Sleep(o.delay(src.Key))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running[h]--
	p := prev
	p.Last = now
	if failure.Err != nil {
		p.Failures, p.Error, p.Status = p.Failures+1, failure.Err.Error(), failure.Poll.Status
		p.Floor, p.FloorWhy = failure.Poll.Floor, failure.Poll.FloorWhy
		return fetch.Result{Poll: p, Err: failure.Err}
	}
	r := brought(src, p, rules, items, now)
	for _, guid := range o.withdrawn[src.Key] {
		r.Withdrawn = append(r.Withdrawn, canon.Hash(src.Key, guid))
	}
	for _, guid := range o.missing[src.Key] {
		r.Missing = append(r.Missing, canon.Hash(src.Key, guid))
	}
	return r
}

// undated begins the GUID of items that claim no date; all others do.
const undated = "undated"

// brought does what fetch promises: what stood in the last document is known.
func brought(src news.Source, p news.Poll, rules uint64, items []news.Item, now time.Time) fetch.Result {
	old := p.Seen
	if p.Rules != rules {
		old = nil
	}
	p.Failures, p.Error, p.Status, p.Good, p.Rules, p.Items, p.Seen = 0, "", 200, now, rules, len(items), nil
	r := fetch.Result{Received: len(items)}
	for _, it := range items {
		it.Source, it.Seen = src.Key, now
		if it.Claimed().IsZero() && !strings.HasPrefix(it.GUID, undated) {
			it.Published = now
		}
		seen := news.Seen{ID: canon.Hash(src.Key, it.GUID), Raw: canon.Hash(it.Title, it.Text, it.URL), Since: now.Unix()}
		p.Seen = append(p.Seen, seen)
		if slices.ContainsFunc(old, func(s news.Seen) bool { return s.ID == seen.ID && s.Raw == seen.Raw }) {
			r.Known++
			continue
		}
		it.HTML = it.Text
		r.Items = append(r.Items, it)
	}
	r.Poll = p
	return r
}

// a desk is a poller over scripted outlets and a real store.
type desk struct {
	t *testing.T
	*outlets
	plan  Plan
	store store.Store
	told  []Visited
}

func newDesk(t *testing.T, names ...string) *desk {
	d := &desk{t: t, outlets: newOutlets()}
	d.plan = Plan{Prefer: []string{"tier", "fullest", "earliest"}, Window: 7 * 24 * time.Hour, Retain: 30 * 24 * time.Hour, Concurrency: 8, PerHost: 8}
	for _, name := range names {
		d.plan.Sources = append(d.plan.Sources, source(t, name))
	}
	d.rules(topic.Rule{Name: "World", Match: parse(t, "*")}, topic.Rule{Name: "Dams", Match: parse(t, "dam")})
	d.plan.Fetcher = d.outlets
	kept, err := bolt.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	d.store = kept
	return d
}

func source(t *testing.T, name string) Source {
	every, _, err := schedule.Parse("@every 15m")
	if err != nil {
		t.Fatal(err)
	}
	return Source{Source: news.Source{Key: name + ".example/feed", URL: "https://" + name + ".example/feed", Name: name, Tier: 5}, Schedule: every, MinInterval: 5 * time.Minute}
}

func parse(t *testing.T, q string) *query.Query {
	t.Helper()
	parsed, err := query.Parse(q)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func (d *desk) rules(rules ...topic.Rule) {
	d.t.Helper()
	filer, err := topic.New(rules)
	if err != nil {
		d.t.Fatal(err)
	}
	d.plan.Filer = filer
}

func (d *desk) open() *Poller {
	d.t.Helper()
	p, err := Open(d.t.Context(), d.store, d.plan, Options{Log: slog.New(slog.DiscardHandler), Visited: func(vs ...Visited) { d.told = append(d.told, vs...) }})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// pass polls everything once in a process of its own.
func (d *desk) pass() Report {
	d.t.Helper()
	r, err := d.tryPass(true)
	if err != nil {
		d.t.Fatal(err)
	}
	if !r.Items.Balanced() {
		d.t.Errorf("the account does not balance: %+v", r.Items)
	}
	return r
}

func (d *desk) tryPass(force bool, keys ...string) (Report, error) {
	p := d.open()
	ctx, stop := context.WithCancel(d.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	r, err := p.Pass(ctx, keys, force)
	stop()
	return r, errors.Join(err, <-ended)
}

func (d *desk) stories() (all []news.Story) {
	d.t.Helper()
	for st, err := range d.store.Stories(d.t.Context(), 0) {
		if err != nil {
			d.t.Fatal(err)
		}
		all = append(all, st)
	}
	return all
}

func (d *desk) one() news.Story {
	d.t.Helper()
	all := d.stories()
	if len(all) != 1 {
		d.t.Fatalf("%d stories, want one: %+v", len(all), all)
	}
	return all[0]
}

func item(guid, url, title, text string) news.Item {
	return news.Item{GUID: guid, URL: url, Title: title, Text: text}
}

const dam = "A dam broke in the night above the town, and the water came down the valley."

func TestFates(t *testing.T) {
	d := newDesk(t, "a", "b")
	d.plan.Sources[1].Drop, d.plan.Sources[1].DropWhere = parse(t, `title:sponsored`), "aggregator.yaml:7"
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	d.set("b.example/feed", item("1", "https://b.example/1", "Dam breaks", dam), item("2", "https://b.example/2", "Sponsored: shoes", "Buy shoes."))
	want := Items{Received: 3, New: 1, Duplicate: 1, Dropped: 1}
	r := d.pass()
	if r.Items != want || r.Stories != 1 {
		t.Errorf("first pass: %+v, want %+v", r.Items, want)
	}
	if d := cmp.Diff([]TopicReport{{"World", 1, 1}, {"Dams", 1, 1}}, r.Topics); d != "" {
		t.Error(d)
	}
	if r := d.pass(); r.Items != (Items{Received: 3, Known: 3}) {
		t.Errorf("second pass: %+v", r.Items)
	}
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks, two dead", dam))
	if r := d.pass(); r.Items != (Items{Received: 3, Known: 2, Revised: 1}) {
		t.Errorf("after an edit: %+v", r.Items)
	}
	st := d.one()
	if st.Lead.Title != "Dam breaks, two dead" || len(st.Lead.Revisions) != 1 || len(st.Also) != 1 || st.Also[0].Reason != "text" {
		t.Errorf("the story: %+v", st)
	}
	if !st.Updated.After(st.Published) {
		t.Errorf("an edit of the lead is an update: %v, published %v", st.Updated, st.Published)
	}
}

// What a rule dropped is judged again when the rule goes.
func TestDroppedComesBack(t *testing.T) {
	d := newDesk(t, "a")
	d.plan.Sources[0].Drop = parse(t, "dam")
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	if r := d.pass(); r.Items.Dropped != 1 {
		t.Fatalf("%+v", r.Items)
	}
	d.plan.Sources[0].Drop = nil
	if r := d.pass(); r.Items != (Items{Received: 1, New: 1}) {
		t.Errorf("without the rule: %+v", r.Items)
	}
}

func TestLeadAndUpdated(t *testing.T) {
	d := newDesk(t, "a", "b", "c")
	d.plan.Sources[2].Tier = 1
	d.set("a.example/feed", item("1", "https://x.example/1", "Dam breaks", "Short."))
	d.pass()
	first := d.one()

	d.set("b.example/feed", item("1", "https://x.example/1", "Dam breaks", "Short."))
	d.pass()
	second := d.one()
	if second.Lead.Source != "a.example/feed" || len(second.Also) != 1 || !second.Updated.Equal(first.Updated) {
		t.Errorf("a copy elsewhere is no update: %+v", second)
	}

	d.set("c.example/feed", item("1", "https://x.example/1", "Dam breaks above the town", dam))
	d.pass()
	third := d.one()
	if third.Lead.Source != "c.example/feed" || third.ID != first.ID || !third.Published.Equal(first.Published) {
		t.Errorf("the better source leads, under the same id and date: %+v", third)
	}
	if !third.Updated.After(first.Updated) {
		t.Errorf("a reader sees other words: updated %v, was %v", third.Updated, first.Updated)
	}
	if len(third.Also) != 2 {
		t.Errorf("every telling once: %+v", third.Also)
	}

	d.set("b.example/feed", item("1", "https://x.example/1", "Dam breaks", "Short, and changed."))
	d.pass()
	if fourth := d.one(); !fourth.Updated.Equal(third.Updated) {
		t.Errorf("a copy's edit is no update: %v, was %v", fourth.Updated, third.Updated)
	}
}

// A store that was lost comes back with the same stories, whoever answers first.
func TestOrderOfAnswersDoesNotShow(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f"}
	run := func(seed uint64, lost bool) []news.Story {
		d := newDesk(t, names...)
		if !lost {
			d.set("f.example/feed", item("before", "https://f.example/before", "Before", dam))
			d.pass()
		}
		random := rand.New(rand.NewPCG(seed, 1))
		delays := map[string]time.Duration{}
		for i, name := range names {
			key := name + ".example/feed"
			delays[key] = time.Duration(random.IntN(10)) * time.Millisecond
			var items []news.Item
			for n := range 12 {
				it := item(fmt.Sprint(n), fmt.Sprintf("https://%s.example/%d", name, n), fmt.Sprint("Story ", n), fmt.Sprint(dam, n))
				it.Published = time.Date(2026, 1, 1+n, i, 0, 0, 0, time.UTC)
				items = append(items, it)
			}
			d.set(key, items[i:]...)
		}
		d.delay = func(key string) time.Duration { return delays[key] }
		d.pass()
		all := slices.DeleteFunc(d.stories(), func(st news.Story) bool { return st.Lead.GUID == "before" })
		for i := range all {
			all[i].Lead.Seen, all[i].Also = time.Time{}, slices.Clone(all[i].Also)
			for j := range all[i].Also {
				all[i].Also[j].Seen = time.Time{}
			}
		}
		return all
	}
	for name, lost := range map[string]bool{"a store that was lost": true, "a store that holds something": false} {
		t.Run(name, func(t *testing.T) {
			want := run(1, lost)
			if len(want) != 12 || want[0].Lead.Name != "a" || len(want[11].Also) != 5 {
				t.Fatalf("%d stories, led by %s", len(want), want[0].Lead.Name)
			}
			for seed := range uint64(6) {
				if d := cmp.Diff(want, run(seed+2, lost)); d != "" {
					t.Fatalf("another order of answers, another site:\n%s", d)
				}
			}
		})
	}
}

// failing is a store that keeps nothing for a while.
type failing struct {
	store.Store
	left int
}

func (f *failing) Append(ctx context.Context, at news.Position, b store.Batch) (news.Position, error) {
	if len(b.Decisions) > 0 && f.left > 0 {
		f.left--
		return at, errors.New("write data/aggregator.db: no space left on device")
	}
	return f.Store.Append(ctx, at, b)
}

func TestPollNotCommitted(t *testing.T) {
	d := newDesk(t, "a")
	d.store = &failing{d.store, 1}
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	r, err := d.tryPass(true)
	if err == nil || r.Sources.Failed != 1 || r.Items != (Items{}) {
		t.Errorf("a pass that cannot be kept: %+v, %v", r, err)
	}
	if n := len(d.stories()); n != 0 {
		t.Errorf("%d stories kept", n)
	}
	if r := d.pass(); r.Items != (Items{Received: 1, New: 1}) {
		t.Errorf("the next pass: %+v", r.Items)
	}
}

// racing is a store in which another replica appends first.
type racing struct {
	store.Store
	first func()
}

func (r *racing) Append(ctx context.Context, at news.Position, b store.Batch) (news.Position, error) {
	if first := r.first; first != nil && len(b.Decisions) > 0 {
		r.first = nil
		first()
	}
	return r.Store.Append(ctx, at, b)
}

func TestAnotherReplicaAppendsFirst(t *testing.T) {
	d := newDesk(t, "a")
	other := newDesk(t, "b")
	other.store = d.store
	other.set("b.example/feed", item("1", "https://b.example/1", "Dam breaks", dam))
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	other.plan.Filer = d.plan.Filer
	d.store = &racing{d.store, func() { other.pass() }}
	if r := d.pass(); r.Items != (Items{Received: 1, Duplicate: 1}) {
		t.Errorf("decided again behind the other: %+v", r.Items)
	}
	if st := d.one(); st.Pos != 1 || st.Lead.Name != "a" || len(st.Also) != 1 || st.Also[0].Name != "b" {
		t.Errorf("one story, both tellings: %+v", st)
	}
}

func TestFiledAnewUnderChangedRules(t *testing.T) {
	d := newDesk(t, "a")
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	d.pass()
	d.rules(topic.Rule{Name: "Floods", Match: parse(t, "water")})
	d.plan.Sources[0].Name = "A Daily"
	d.open()
	st := d.one()
	if len(st.Topics) != 1 || st.Topics[0].Topic != "Floods" || st.Lead.Name != "A Daily" {
		t.Errorf("filed under %+v, by %s", st.Topics, st.Lead.Name)
	}
	counts, err := d.store.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"Floods": 1}, counts); diff != "" {
		t.Error(diff)
	}
}

func TestForgetting(t *testing.T) {
	d := newDesk(t, "a")
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	d.pass()
	p := d.open()
	if _, err := p.forget(t.Context(), time.Now().Add(31*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := len(d.stories()); n != 0 {
		t.Errorf("%d stories kept after retain", n)
	}
	if r := d.pass(); r.Items != (Items{Received: 1, Known: 1}) {
		t.Errorf("what still stands in the document is not told again: %+v", r.Items)
	}
}

// A source that is named twice is polled and counted once; a visit says how long
// it took.
func TestNamedTwice(t *testing.T) {
	d := newDesk(t, "a", "b")
	d.delay = func(string) time.Duration { return 5 * time.Millisecond }
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	r, err := d.tryPass(true, "a.example/feed", "b.example/feed", "a.example/feed")
	if err != nil || r.Sources.Polled != 2 || r.Items.Received != 1 || len(d.told) != 2 {
		t.Errorf("%+v %+v, told of %d, %v", r.Sources, r.Items, len(d.told), err)
	}
	for _, v := range d.told {
		if v.Took < 5*time.Millisecond || v.Took > time.Minute {
			t.Errorf("%s took %v", v.Name, v.Took)
		}
	}
}

func TestPolitePerHost(t *testing.T) {
	d := newDesk(t)
	for i := range 12 {
		s := source(t, fmt.Sprint("n", i))
		s.URL = fmt.Sprint("https://one.example/", i)
		d.plan.Sources = append(d.plan.Sources, s)
	}
	d.plan.PerHost = 2
	d.delay = func(string) time.Duration { return 3 * time.Millisecond }
	if r := d.pass(); r.Sources.Polled != 12 {
		t.Errorf("%+v", r.Sources)
	}
	if d.most["one.example"] != 2 {
		t.Errorf("%d at one time", d.most["one.example"])
	}
}

func TestFloorsHoldUnlessForced(t *testing.T) {
	d := newDesk(t, "a", "b")
	d.plan.Sources[0].MinInterval = time.Hour
	d.fails["b.example/feed"] = fetch.Result{Err: errors.New("503 Service Unavailable"), Poll: news.Poll{Status: 503, Floor: time.Now().Add(2 * time.Hour), FloorWhy: "Retry-After"}}
	r := d.pass()
	if r.Sources.Changed != 1 || r.Sources.Failed != 1 || len(r.Errors) != 1 {
		t.Errorf("%+v %+v", r.Sources, r.Errors)
	}
	r, err := d.tryPass(false)
	if err != nil || r.Sources.Skipped != 2 || r.Sources.Polled != 0 {
		t.Errorf("floors: %+v, %v", r.Sources, err)
	}
	if p, err := d.store.Poll(t.Context(), "b.example/feed"); err != nil || p.Why != "Retry-After" {
		t.Errorf("next %v because %q, %v", p.Next, p.Why, err)
	}
}

// What stands in the first document of a source is an archive; what comes later
// is news, from sources that were empty at first as well.
func TestBackfill(t *testing.T) {
	d := newDesk(t, "a", "b")
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks in the north, army sent", dam))
	d.pass()
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks in the north, army sent", dam), item("2", "https://a.example/2", "Minister resigns over harbour deal", "The minister left after the deal became public."))
	d.set("b.example/feed", item("3", "https://b.example/3", "Orchestra plays on the frozen lake", "Forty players and one tuba on the ice of the lake."))
	d.pass()
	got := map[string]bool{}
	for _, st := range d.stories() {
		got[st.Lead.GUID] = st.Backfill
	}
	if diff := cmp.Diff(map[string]bool{"1": true, "2": false, "3": false}, got); diff != "" {
		t.Error(diff)
	}
}

// Items without a date in the first document of a source are its past: an hour
// apart, in its order. Those that come later are news. What claims the future is
// as old as its coming.
func TestUndatedBackfill(t *testing.T) {
	now := time.Date(2026, 5, 5, 12, 0, 0, 0, time.UTC)
	dated := now.AddDate(0, 0, -9)
	items := []news.Item{
		{Title: "first", Seen: now}, {Title: "dated", Seen: now, Published: dated}, {Title: "changed", Seen: now, Updated: dated},
		{Title: "second", Seen: now}, {Title: "future", Seen: now, Published: now.Add(time.Hour)},
	}
	since := func(prev news.Poll) (out []string) {
		v := &visit{source: &Source{}, prev: prev, Result: fetch.Result{Items: slices.Clone(items)}}
		v.prepare()
		for _, it := range v.items {
			out = append(out, it.Since().Format("02 15h"))
		}
		return out
	}
	wants(t, "a first document", since(news.Poll{}), []string{"05 12h", "26 12h", "26 12h", "05 11h", "05 12h"})
	wants(t, "a later one", since(news.Poll{Good: now}), []string{"05 12h", "26 12h", "26 12h", "05 12h", "05 12h"})
	d := newDesk(t, "a", "b")
	d.set("a.example/feed", item(undated, "https://a.example/1", "Dam of unknown age", "Dam of unknown age bursts"), item(undated+"2", "https://a.example/2", "Bridge", "Bridge of unknown age falls"))
	d.set("b.example/feed", item("b1", "https://b.example/1", "Harbour closes", "Harbour closes for the winter"))
	d.pass()
	for st, err := range d.store.Shelf(t.Context(), "World") {
		if err != nil {
			t.Fatal(err)
		}
		if old := st.Lead.Seen.Sub(st.Published); !st.Backfill || old != map[bool]time.Duration{true: time.Hour}[st.Lead.GUID == undated+"2"] {
			t.Errorf("%s: published %v before it was seen, backfill %v", st.Lead.Title, old, st.Backfill)
		}
	}
}

// What a word takes out of topics, their feeds can tell, until it is taken back.
func TestGone(t *testing.T) {
	d := copies(t)
	d.set("d.example/feed", item("d1", "https://d.example/1", "Harbour closes", "Harbour closes for the winter, says the port"))
	d.plan.Sources = append(d.plan.Sources, source(t, "d"))
	d.pass()
	var touched []news.Position
	var topics []string
	gone := func(topic string) (ids []string) {
		mark, err := d.store.Mark(t.Context(), news.GoneMark(topic))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range news.ReadGone(mark) {
			if age := time.Since(g.When); age < -time.Second || age > time.Minute {
				t.Errorf("gone for %v", age)
			}
			ids = append(ids, g.ID)
		}
		return ids
	}
	dam, harbour := d.at(1), d.at(d.shelf("World")[1])
	p := d.open()
	p.Touched, p.Changed = func(at []news.Position) { touched = at }, func(names []string) { topics = names }
	if _, err := p.Heed(t.Context(), Word{Fate: news.Hidden, Story: dam.Pos}); err != nil {
		t.Fatal(err)
	}
	wants(t, "touched", touched, []news.Position{dam.Pos})
	wants(t, "changed", topics, slices.Sorted(slices.Values(topicsOf(dam))))
	wants(t, "hidden", gone("World"), []string{dam.ID})
	wants(t, "in its other topic", len(gone("Dams")), len(dam.Topics)-1)
	d.heed(Word{Fate: news.Shown, Story: dam.Pos})
	wants(t, "shown again", gone("World"), nil)
	if mark, err := d.store.Mark(t.Context(), news.GoneMark("World")); mark != "" || err != nil {
		t.Errorf("the mark of nothing is %q: %v", mark, err)
	}
	d.heed(Word{Fate: news.Merged, Story: dam.Pos, Of: harbour.Pos})
	wants(t, "merged", gone("World"), []string{harbour.ID})
	d.heed(Word{Fate: news.Hidden, Story: dam.Pos})
	wants(t, "then hidden", gone("World"), []string{dam.ID, harbour.ID})
}
