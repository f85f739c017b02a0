package poll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aggregator/internal/news"
	"aggregator/internal/store"
	"aggregator/internal/topic"
)

// many is a desk with n stories that a tells, at positions 1 to n: the even ones
// of dams, the odd ones of ports, each with its number.
func many(t *testing.T, n int) *desk {
	d := newDesk(t, "a")
	var items []news.Item
	for i := 1; i <= n; i++ {
		of := []string{"dam", "port"}[i%2]
		items = append(items, item(fmt.Sprint(i), fmt.Sprintf("https://a.example/%d", i), fmt.Sprintf("A %s at n%d", of, i), fmt.Sprintf("The %s of n%d.", of, i)))
	}
	d.set("a.example/feed", items...)
	if r := d.pass(); r.Items.New != n {
		t.Fatalf("%+v", r.Items)
	}
	return d
}

// changed runs a poller and gives it another plan.
func (d *desk) changed(p *Poller, pl Plan, still Still) (Changes, error) {
	d.t.Helper()
	ctx, stop := context.WithCancel(d.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	c, err := p.Change(ctx, pl, still)
	stop()
	return c, errors.Join(err, <-ended)
}

func (d *desk) marks() map[string]string {
	d.t.Helper()
	marks, err := d.store.Marks(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return marks
}

// planWith is the desk's plan with other rules, which the desk does not take.
func (d *desk) planWith(rules ...topic.Rule) Plan {
	d.t.Helper()
	was := d.plan
	d.rules(rules...)
	pl := d.plan
	d.plan = was
	return pl
}

// What Diff says before is what a change makes, counts and says in the log; a
// source's tags count like a rule, and what people hid does not count.
func TestChangesAddUp(t *testing.T) {
	d := many(t, 10)
	d.heed(Word{Fate: news.Hidden, Story: 2})
	pl := d.planWith(
		topic.Rule{Name: "Ports", Match: parse(t, "port")},
		topic.Rule{Name: "Dams", Match: parse(t, "n4 OR n5")},
		topic.Rule{Name: "Local", Match: parse(t, "tag:local")},
		topic.Rule{Name: "None", Match: parse(t, "unobtainium")},
	)
	pl.Sources = slices.Clone(pl.Sources)
	pl.Sources[0].Tags = []string{"local"}
	want := Changes{Stories: 9, Changed: 9, Added: 15, Removed: 12, Topics: []TopicChange{
		{Name: "Ports", Added: 5, Total: 5, New: true},
		{Name: "Dams", Added: 1, Removed: 3, Was: 4, Total: 2},
		{Name: "Local", Added: 9, Total: 9, New: true},
		{Name: "None", New: true},
		{Name: "World", Removed: 9, Was: 9, Gone: true},
	}}
	var log bytes.Buffer
	p := d.open()
	p.Log = slog.New(slog.NewTextHandler(&log, nil))
	before, marks, in := d.stories(), d.marks(), 0
	got, err := p.Diff(t.Context(), pl, func(was, is news.Story) { in += len(is.NotIn(was)) })
	wants(t, "before", got, want)
	wants(t, "stories told of", in, want.Added)
	if diff := cmp.Diff(before, d.stories()) + cmp.Diff(marks, d.marks()); err != nil || diff != "" {
		t.Errorf("Diff changed the store: %v\n%s", err, diff)
	}
	got, err = d.changed(p, pl, atOnce)
	if err != nil || got.At.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	want.At = got.At
	wants(t, "after", got, want)
	wants(t, "kept", d.shelf("Dams"), []news.Position{4, 5})
	for _, line := range []string{
		`msg="topic filed anew" topic=Ports added=5 removed=0 total=5 new=true`, `topic=Dams added=1 removed=3 total=2`, `topic=World added=0 removed=9 total=0 gone=true`,
		`msg="kept stories filed anew under changed rules" stories=9 changed=9 added=15 removed=12 topics=5`,
	} {
		if !strings.Contains(log.String(), line+"\n") && !strings.Contains(log.String(), line+" took=") {
			t.Errorf("the log does not say %s:\n%s", line, &log)
		}
	}
	again, err := p.Diff(t.Context(), pl, nil)
	if err != nil || len(again.Topics) != 0 || again.Changed != 0 || again.Stories != 9 {
		t.Errorf("afterwards nothing is left to change: %+v, %v", again, err)
	}
}

// Whoever only looks leaves stories under the rules that they are filed by, and
// what is too old where it is.
func TestLook(t *testing.T) {
	d := many(t, 4)
	before, marks := d.stories(), d.marks()
	d.rules(topic.Rule{Name: "Ports", Match: parse(t, "port")})
	d.plan.Retain = 1
	if _, err := Open(t.Context(), d.store, d.plan, Options{Log: slog.New(slog.DiscardHandler), Look: true}); err != nil {
		t.Fatal(err)
	}
	wants(t, "stories", d.stories(), before)
	wants(t, "marks", d.marks(), marks)
}

// All that is found is written inside of still, and nothing before.
func TestStill(t *testing.T) {
	const n = 2*refileStep + 1
	d := many(t, n)
	pl := d.planWith(topic.Rule{Name: "Ports", Match: parse(t, "*")})
	calls := 0
	_, err := d.changed(d.open(), pl, func(write func() error) error {
		calls++
		wants(t, "ports before", len(d.shelf("Ports")), 0)
		err := write()
		wants(t, "ports after", len(d.shelf("Ports")), n)
		wants(t, "dams after", len(d.shelf("Dams")), 0)
		return err
	})
	if err != nil || calls != 1 {
		t.Errorf("called %d times: %v", calls, err)
	}
}

// tired is a store that keeps so many batches of stories more, and counts them.
type tired struct {
	store.Store
	left, stories int
}

func (s *tired) Append(ctx context.Context, at news.Position, b store.Batch) (news.Position, error) {
	if len(b.Stories) > 0 {
		if s.left--; s.left < 0 {
			return at, errors.New("no space left on device")
		}
		s.stories += len(b.Stories)
	}
	return s.Store.Append(ctx, at, b)
}

// Stories that are filed as before, or under nothing as before, are not written.
func TestOnlyWhatDiffersIsWritten(t *testing.T) {
	d := many(t, 4)
	d.rules(topic.Rule{Name: "Dams", Match: parse(t, "dam")})
	d.open()
	s := &tired{Store: d.store, left: 1}
	d.store = s
	d.rules(topic.Rule{Name: "Dams", Match: parse(t, "dam")}, topic.Rule{Name: "Third", Match: parse(t, "n3")})
	d.open()
	wants(t, "written", s.stories, 1)
}

// A filing that is broken off half way begins again, by the old rules as well as
// by the new: after a restart, or in the process that goes on.
func TestRefileBrokenOff(t *testing.T) {
	const n = 2*refileStep + 1
	for name, mend := range map[string]func(*desk, *Poller) error{
		"a restart": func(d *desk, p *Poller) error { d.open(); return nil },
		"going on": func(d *desk, p *Poller) error {
			some, err := p.mend(d.t.Context())
			if again, _ := p.mend(d.t.Context()); !some || again {
				d.t.Errorf("mended %t, and again %t", some, again)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := many(t, n)
			s := &tired{Store: d.store, left: 1}
			d.store = s
			p := d.open()
			if _, err := d.changed(p, d.planWith(topic.Rule{Name: "Ports", Match: parse(t, "*")}), atOnce); err == nil {
				t.Fatal("a full disk took it all")
			}
			wants(t, "ports half way", len(d.shelf("Ports")), refileStep)
			s.left = n
			if err := mend(d, p); err != nil {
				t.Fatal(err)
			}
			wants(t, "ports by the old rules", len(d.shelf("Ports")), 0)
			wants(t, "dams by the old rules", len(d.shelf("Dams")), n/2)
		})
	}
}

// A query catches a story by any of its tellings, and by the topics that it is
// in now, and passes over what people hid or merged.
func TestMatch(t *testing.T) {
	d := copies(t)
	d.set("a.example/feed", item("2", "https://a.example/2", "A port opens", "In n2."), item("3", "https://a.example/3", "A port closes", "In n3."))
	d.pass()
	d.heed(Word{Fate: news.Hidden, Story: 5})
	p := d.open()
	for q, want := range map[string]map[news.Position][]string{
		"dam":                    {1: {"Dam"}},
		"source:c":               {1: {"c"}},
		"port":                   {4: {"port"}},
		"topic:dams AND valley":  {1: {"Dams", "valley"}},
		"topic:World NOT valley": {4: {"World"}},
		"topic:Floods":           {},
		"*":                      {1: nil, 4: nil},
	} {
		got := map[news.Position][]string{}
		looked, err := p.Match(t.Context(), parse(t, q), d.store.Stories(t.Context(), 0), func(st news.Story, words []string) { got[st.Pos] = words })
		if err != nil || looked != 2 {
			t.Errorf("%s: looked at %d stories, want 2; %v", q, looked, err)
		}
		wants(t, q, got, want)
	}
}

// A rule that only moved in its file is named by its new line, and nothing is
// filed otherwise; the folder from which the file is named is all one.
func TestRuleMoves(t *testing.T) {
	d := newDesk(t, "a")
	d.rules(topic.Rule{Name: "Dams", Match: parse(t, "dam"), Where: "aggregator.yaml:7"})
	d.set("a.example/feed", item("1", "https://a.example/1", "Dam breaks", dam))
	d.pass()
	for _, to := range []struct{ where, kept string }{
		{"aggregator.yaml:9", "aggregator.yaml:9"}, {"/etc/aggregator.yaml:9", "aggregator.yaml:9"},
	} {
		pl := d.planWith(topic.Rule{Name: "Dams", Match: parse(t, "dam"), Where: to.where})
		c, err := d.changed(d.open(), pl, atOnce)
		if err != nil || c.Changed+len(c.Topics) != 0 {
			t.Errorf("%+v, %v", c, err)
		}
		d.plan = pl
		wants(t, "line", d.one().Topics[0].Where, to.kept)
	}
}
