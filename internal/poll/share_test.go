package poll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/schedule"
	"aggregator/internal/store"
	"aggregator/internal/store/redis"
	"aggregator/internal/store/redis/redistest"
	"aggregator/internal/topic"
)

// soon is how long a test waits for what must come.
const soon = 20 * time.Second

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in %s there was no %s", soon, what)
		}
	}
}

// A team is replicas on one Redis, over one set of scripted sources.
type team struct {
	*desk
	servers     *redistest.Set
	url, before string
}

func newTeam(t *testing.T, names ...string) *team {
	servers := redistest.One(t)
	tm := newTeamAt(t, servers.URL, names...)
	tm.servers = servers
	return tm
}

func newTeamAt(t *testing.T, url string, names ...string) *team {
	d := newDesk(t, names...)
	often, _, err := schedule.Parse("@every 1s")
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.plan.Sources {
		d.plan.Sources[i].Schedule, d.plan.Sources[i].MinInterval = often, 0
	}
	d.plan.Lease = 2 * time.Second
	d.store = open(t, url)
	return &team{desk: d, url: url}
}

func open(t *testing.T, url string) store.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), redis.Address{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A member is one replica: what it asked, and what it was told of.
type member struct {
	*Poller
	team *team
	mu   sync.Mutex
	told map[string]int // topics that changed; "" for all
	held []bool
	by   []asked
	end  func()
}

func (m *member) Fetch(ctx context.Context, src news.Source, prev news.Poll, rules uint64, now time.Time) fetch.Result {
	m.mu.Lock()
	m.by = append(m.by, asked{src.Key, time.Now()})
	m.mu.Unlock()
	return m.team.Fetch(ctx, src, prev, rules, now)
}

func (m *member) asked() []asked {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.by)
}

func (m *member) changed(topic string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told[topic] + m.told[""]
}

func (m *member) holds() []bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.held)
}

// join starts a replica; it ends with the test, if not before.
func (tm *team) join(t *testing.T) *member {
	t.Helper()
	m := &member{team: tm, told: map[string]int{}}
	plan := tm.plan
	plan.Sources = slices.Clone(plan.Sources)
	plan.Fetcher = m
	p, err := Open(t.Context(), open(t, tm.url), plan, Options{
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Scheduled: true,
		Changed: func(topics []string) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if topics == nil {
				m.told[""]++
			}
			for _, name := range topics {
				m.told[name]++
			}
		},
		Healing: func(still bool) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.held = append(m.held, still)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Poller = p
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	m.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(m.end)
	return m
}

// Each source is polled once a slot, by one or the other; both do their part, and
// when one goes, the other polls all.
func TestReplicasShareSources(t *testing.T) {
	var names []string
	for i := range 12 {
		names = append(names, fmt.Sprint("n", i))
	}
	tm := newTeam(t, names...)
	tm.plan.Concurrency = 4
	a, b := tm.join(t), tm.join(t)
	eventually(t, "share for each", func() bool { return len(a.asked()) > 15 && len(b.asked()) > 15 })
	began := time.Now()
	b.end()
	eventually(t, "poll of every source by the one that stayed", func() bool {
		since := map[string]bool{}
		for _, q := range a.asked() {
			since[q.key] = since[q.key] || q.at.After(began)
		}
		return len(since) == len(names) && !slices.Contains(values(since), false)
	})
	t.Logf("taken over after %v", time.Since(began).Round(time.Millisecond))
	all := append(a.asked(), b.asked()...)
	slices.SortFunc(all, func(x, y asked) int { return x.at.Compare(y.at) })
	last, times := map[string]time.Time{}, map[string]int{}
	for _, q := range all { // the first poll, of a source that never was polled, is in no slot
		if was := last[q.key]; times[q.key] > 1 && q.at.Sub(was) < 500*time.Millisecond {
			t.Errorf("%s was asked twice within %v, once a second is due", q.key, q.at.Sub(was))
		}
		last[q.key] = q.at
		times[q.key]++
	}
}

func values(m map[string]bool) (vs []bool) {
	for _, v := range m {
		vs = append(vs, v)
	}
	return vs
}

// A host is asked by all replicas together no more than by one.
func TestReplicasShareHostLimits(t *testing.T) {
	tm := newTeam(t)
	often, _, err := schedule.Parse("@every 1s")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		s := source(t, fmt.Sprint("n", i))
		s.URL, s.Schedule, s.MinInterval = fmt.Sprint("https://one.example/", i), often, 0
		tm.plan.Sources = append(tm.plan.Sources, s)
	}
	tm.plan.PerHost = 2
	tm.delay = func(string) time.Duration { return 30 * time.Millisecond }
	a, b := tm.join(t), tm.join(t)
	eventually(t, "polls by both", func() bool { return len(a.asked()) > 8 && len(b.asked()) > 8 })
	a.end()
	b.end()
	if most := tm.most["one.example"]; most > 2 {
		t.Errorf("%d fetches of one host at a time, 2 are allowed", most)
	}
}

// What one replica is stuck at, another takes over when the claim ends.
func TestClaimEnds(t *testing.T) {
	tm := newTeam(t, "a")
	var first sync.Once
	var began atomic.Int64 // Unix milliseconds
	free := make(chan struct{})
	tm.delay = func(string) time.Duration {
		first.Do(func() {
			began.Store(time.Now().UnixMilli())
			<-free
		})
		return 0
	}
	a := tm.join(t)
	eventually(t, "poll", func() bool { return len(a.asked()) == 1 })
	b := tm.join(t)
	eventually(t, "poll by the other", func() bool { return len(b.asked()) > 0 })
	if took := time.Since(time.UnixMilli(began.Load())); took < time.Second {
		t.Errorf("it was taken over after %v, while its claim held", took)
	}
	close(free)
}

// What one replica keeps is in the feeds of the other within two seconds; words
// of people too.
func TestReplicasFollow(t *testing.T) {
	tm := newTeam(t, "a", "b")
	a, b := tm.join(t), tm.join(t)
	eventually(t, "polls", func() bool { return len(a.asked())+len(b.asked()) > 2 })
	tm.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	eventually(t, "story", func() bool { return len(tm.stories()) == 1 })
	began := time.Now()
	for _, m := range []*member{a, b} {
		eventually(t, "news of it", func() bool { return m.changed("Dams") > 0 })
	}
	if took := time.Since(began); took > soon/2 { // two seconds, where nothing else runs
		t.Errorf("followed after %v", took)
	}
	tm.set("b.example/feed", item("2", "https://b.example/2", "Something else entirely", "Nothing about water or valleys, but of a court and its judges in the capital."))
	eventually(t, "second story", func() bool { return len(tm.stories()) == 2 })
	all := tm.stories()
	for _, m := range []*member{a, b} {
		eventually(t, "second story in the index", func() bool { return m.Telling(all[1].Pos) == all[1].Pos })
	}
	word := Word{Fate: news.Merged, Story: all[0].Pos, Of: all[1].Pos}
	err := a.Quiet(t.Context(), func(ctx context.Context) error {
		_, err := a.Heed(ctx, word)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the word on the other replica", func() bool { return b.Telling(all[1].Pos) == all[0].Pos })
}

// The store was wiped, or lost its end: the same stories come back under the same
// ids, with the same dates, and are no news.
func TestLostLog(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *redistest.Set, func()){
		"wiped": func(t *testing.T, s *redistest.Set, during func()) {
			during()
			s.Wipe(t)
		},
		"failed over": func(t *testing.T, s *redistest.Set, during func()) { s.Lose(t, during) },
	} {
		t.Run(name, func(t *testing.T) {
			tm := newTeam(t, "a", "b", "c", "d")
			var late, lateB atomic.Bool // a answers, but not soon; b too
			tm.delay = func(key string) time.Duration {
				for end := time.Now().Add(soon); (late.Load() && key == "a.example/feed" || lateB.Load() && key == "b.example/feed") && time.Now().Before(end); {
					time.Sleep(10 * time.Millisecond)
				}
				return 0
			}
			members := []*member{tm.join(t), tm.join(t)}
			dated := item("1", "https://a.example/1", "Dam breaks", dam)
			dated.Published = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			tm.set("a.example/feed", dated)
			tm.set("c.example/feed", item(undated+"7", "https://c.example/7", "Old and without a date", "It stood there when the source was polled first, and nobody knows since when."))
			eventually(t, "stories", func() bool { return len(tm.stories()) == 2 })
			lose(t, tm.servers, func() {
				later := item("9", "https://b.example/9", "Dam breaks", dam)
				later.Published = dated.Published.Add(time.Hour)
				tm.set("b.example/feed", later)
				tm.set("c.example/feed",
					item(undated+"8", "https://c.example/8", "New and without a date", "A court in the capital has heard the last of its witnesses, and will decide soon."),
					item(undated+"7", "https://c.example/7", "Old and without a date", "It stood there when the source was polled first, and nobody knows since when."))
				eventually(t, "another story, and a copy", func() bool {
					all := tm.stories()
					return len(all) == 3 && slices.ContainsFunc(all, func(st news.Story) bool { return len(st.Also) == 1 })
				})
				end, _ := tm.store.At(t.Context())
				for _, m := range members {
					eventually(t, "both at the end", func() bool {
						m.memory.RLock()
						defer m.memory.RUnlock()
						return m.index.At() == end
					})
				}
				tm.keepLost(t)
				late.Store(true)
				lateB.Store(true)
			})
			for _, m := range members {
				eventually(t, "word of the loss", func() bool { is, _ := m.Sharing(); return is.Lost > 0 })
			}
			// Nobody has seen this copy before. It waits for what it is a copy of.
			fresh := item("5", "https://d.example/5", "Dam breaks", dam)
			fresh.Published = dated.Published.Add(2 * time.Hour)
			tm.set("d.example/feed", fresh)
			asked := func() (n int) {
				for _, m := range members {
					n += len(m.asked())
				}
				return n
			}
			before := asked()
			eventually(t, "polls meanwhile", func() bool { return asked() > before+4 })
			lateB.Store(false)
			if name == "wiped" { // the copy comes back before what it is a copy of
				eventually(t, "copy", func() bool { return len(tm.stories()) == 3 })
			}
			late.Store(false)
			eventually(t, "end of healing", func() bool {
				for _, m := range members {
					if h := m.holds(); len(h) < 2 || h[len(h)-1] {
						return false
					}
				}
				return true
			})
			eventually(t, "all five tellings", func() bool { return strings.Count(seen(tm.stories()), "example/feed") == 5 })
			tm.set("d.example/feed")
			if other := tm.asBefore(t); other != "" {
				t.Error(other)
			}
			for _, st := range tm.stories() {
				if lostOnes := name == "wiped" || st.Pos > 2; lostOnes && !st.Backfill {
					t.Errorf("%s would be pushed again", st.Lead.Title)
				}
			}
		})
	}
}

// keepLost remembers the stories as readers saw them.
func (tm *team) keepLost(t *testing.T) { tm.before = seen(tm.stories()) }

// asBefore says what is other than it was.
func (tm *team) asBefore(t *testing.T) string {
	if is := strings.ReplaceAll(seen(tm.stories()), fmt.Sprint(" d.example/feed 5 ", time.Date(2026, 1, 2, 5, 4, 5, 0, time.UTC).Unix()), ""); is != tm.before {
		return "was\n" + tm.before + "is\n" + is
	}
	return ""
}

// seen is what readers see of stories.
func seen(all []news.Story) string {
	var lines []string
	for _, st := range all {
		var told []string
		for _, tl := range st.Tellings() {
			told = append(told, fmt.Sprint(tl.Source, " ", tl.GUID, " ", tl.Since.Unix()))
		}
		slices.Sort(told)
		lines = append(lines, fmt.Sprintln(st.ID, st.Published, st.Lead.Title, topicsOf(st), told))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// What was fetched before the log was lost rests on validators of what is gone:
// it is not kept, but asked for again.
func TestFetchedBeforeTheLoss(t *testing.T) {
	tm := newTeam(t, "a")
	tm.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	var slow, there atomic.Bool
	tm.delay = func(string) time.Duration {
		for slow.Load() {
			there.Store(true)
			time.Sleep(time.Millisecond)
		}
		return 0
	}
	tm.plan.Lease = 4 * time.Second
	m := tm.join(t)
	eventually(t, "story", func() bool { return len(tm.stories()) == 1 })
	slow.Store(true)
	eventually(t, "fetch under way", there.Load)
	tm.servers.Wipe(t)
	eventually(t, "word of the loss", func() bool { is, _ := m.Sharing(); return is.Lost == 1 })
	slow.Store(false)
	eventually(t, "story again", func() bool { return len(tm.stories()) == 1 })
	if is, _ := m.Sharing(); is.Lost != 1 {
		t.Errorf("%d logs lost", is.Lost)
	}
}

// While the store is away nothing is fetched, everybody is told why, and all goes
// on by itself.
func TestStoreAway(t *testing.T) {
	server := redistest.Start(t)
	tm := newTeamAt(t, server.URL(), "a", "b")
	m := tm.join(t)
	eventually(t, "polls", func() bool { return len(m.asked()) > 2 })
	server.Kill()
	eventually(t, "word of it", func() bool { return m.Trouble() != "" })
	before := len(m.asked())
	time.Sleep(2 * time.Second) // two slots
	if n := len(m.asked()) - before; n > 1 {
		t.Errorf("%d polls whose results could not be kept", n)
	}
	server.Run(t)
	eventually(t, "end of it", func() bool { return m.Trouble() == "" })
	before = len(m.asked())
	eventually(t, "polls", func() bool { return len(m.asked()) > before+2 })
}

// A replica that never knew what was lost leaves it to those who do.
func TestNewcomerWaitsForTheLog(t *testing.T) {
	tm := newTeam(t, "a")
	kept := tm.store
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	if _, err := kept.Append(t.Context(), 0, store.Batch{Marks: map[string]string{markHealing: until}}); err != nil {
		t.Fatal(err)
	}
	m := tm.join(t)
	eventually(t, "word of it", func() bool { return strings.Contains(m.Trouble(), "fill it again") })
	if n := len(m.asked()); n > 0 {
		t.Errorf("it polled %d times", n)
	}
	if _, err := kept.Append(t.Context(), 0, store.Batch{Marks: map[string]string{markHealing: ""}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "poll", func() bool { return len(m.asked()) > 0 })
}

// Replicas with two configurations do not fight over how stories are filed; what
// each kept is filed anew when there is one again.
func TestTwoConfigurations(t *testing.T) {
	tm := newTeam(t, "a")
	old := tm.join(t)
	tm.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	eventually(t, "story", func() bool { return len(tm.stories()) == 1 })
	tm.rules(topic.Rule{Name: "Water", Match: parse(t, "dam OR water")})
	fresh := tm.join(t)
	eventually(t, "new rules", func() bool { return slices.Equal(topicsOf(tm.stories()[0]), []string{"Water"}) })
	eventually(t, "word of them", func() bool { return old.changed("Water") > 0 })
	fresh.end()
	tm.set("a.example/feed", item("2", "https://a.example/2", "Rain over the valley", "Rain fell for a third day over the valley, and the water rose to the doors of the lower houses."))
	eventually(t, "story filed by the old rules, and the mark of it", func() bool {
		mark, err := tm.store.Mark(t.Context(), markRules)
		return err == nil && len(tm.stories()) == 2 && mark == mixedRules
	})
	old.end()
	tm.join(t)
	for _, st := range tm.stories() {
		if !slices.Equal(topicsOf(st), []string{"Water"}) {
			t.Errorf("%s is in %v", st.Lead.Title, topicsOf(st))
		}
	}
}

// Who reads stories of a store that was just wiped is told so, before anybody
// noticed.
func TestWhole(t *testing.T) {
	tm := newTeam(t, "a")
	tm.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	m := tm.join(t)
	eventually(t, "story", func() bool { return len(tm.stories()) == 1 })
	eventually(t, "whole log", func() bool { return m.Whole(t.Context()) == nil })
	m.end() // nobody follows
	tm.servers.Wipe(t)
	if err := m.Whole(t.Context()); !errors.Is(err, store.ErrLost) {
		t.Errorf("of a wiped store: %v", err)
	}
}
