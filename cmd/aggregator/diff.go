package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aggregator/internal/config"
	"aggregator/internal/news"
	"aggregator/internal/poll"
	"aggregator/internal/topic"
)

// diffed is what a configuration would make of the kept stories, as `check
// --diff --json` prints.
type diffed struct {
	Stories int           `json:"stories"`
	Changed int           `json:"changed"`
	Added   int           `json:"added"`
	Removed int           `json:"removed"`
	Topics  []diffedTopic `json:"topics"`
}

type diffedTopic struct {
	poll.TopicChange
	// In are the stories that come, Out those that go, newest first.
	In  []movedLine `json:"in"`
	Out []movedLine `json:"out"`
}

// movedLine is a story that comes into a topic or goes, and what brings it in
// or had held it.
type movedLine struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Source    string    `json:"source"`
	Published time.Time `json:"published"`
	Rule      string    `json:"rule"`
	Where     string    `json:"where,omitempty"`
	Words     []string  `json:"words"`
}

// examples is how many stories a person is shown of each side of a topic.
const examples = 3

// checkDiff checks the configuration at path, and says what it would make of the
// kept stories. These are in the store of the configuration in force (-c).
func (c *command) checkDiff(cmd *cobra.Command, path string) error {
	cfg, filer, err := c.checkable(path)
	if err != nil {
		return err
	}
	if c.site == nil && path != c.path() && !c.json {
		for _, w := range cfg.Warnings {
			fmt.Fprintf(c.err, "warning: %v\n", w)
		}
	}
	// A daemon that has to be asked works in another folder.
	abs, err := filepath.Abs(path)
	if err == nil {
		err = cmd.Flags().Set("rules", abs)
	}
	if err != nil {
		return err
	}
	d := diffed{Topics: []diffedTopic{}}
	answer := func() error { return c.answer(cfg, filer, &d) }
	err = c.withSite(cmd, poll.Options{Look: true}, func(ctx context.Context, s *site) error {
		if d, err = s.diff(ctx, cfg, c.json); err != nil {
			return err
		}
		d.nameFrom(filepath.Dir(path))
		return answer()
	})
	if errors.Is(err, errNothingKept) {
		return answer()
	}
	return err
}

// checkable loads a configuration to be checked.
func (c *command) checkable(path string) (*config.Config, *topic.Filer, error) {
	cfg, err := config.Load(path, c.env)
	var faults config.Faults
	if errors.As(err, &faults) && c.json {
		none := checked{Faults: faults, Warnings: config.Faults{}, Tests: []testLine{}, Topics: []checkedTopic{}, Sources: []checkedPolls{}}
		return nil, nil, errors.Join(c.line(none), err)
	}
	if err != nil {
		return nil, nil, err
	}
	filer, err := topic.New(cfg.Rules())
	return cfg, filer, err
}

// answer prints what was checked. d is nil where no difference was asked for.
func (c *command) answer(cfg *config.Config, filer *topic.Filer, d *diffed) (err error) {
	result := check(cfg, filer, time.Now())
	result.Diff = d
	switch {
	case c.json:
		err = c.line(result)
	case d != nil:
		c.printFailed(result)
		c.printDiffed(*d)
	default:
		c.printChecked(result)
	}
	if n := result.failures(); n > 0 && err == nil {
		return usageError{fmt.Errorf("%d of %d tests failed", n, len(result.Tests))}
	}
	return err
}

// diff says what cfg would make of the kept stories: with all stories that come
// and go, or a few examples.
func (s *site) diff(ctx context.Context, cfg *config.Config, all bool) (diffed, error) {
	plan, _, err := planOf(cfg)
	if err != nil {
		return diffed{}, err
	}
	most := examples
	if all {
		most = 0
	}
	in, out := map[string][]movedLine{}, map[string][]movedLine{}
	changes, err := s.poller.Diff(ctx, plan, func(was, is news.Story) {
		for _, f := range is.NotIn(was) {
			in[f.Topic] = withMoved(in[f.Topic], movedLineOf(is, f), most)
		}
		for _, f := range was.NotIn(is) {
			out[f.Topic] = withMoved(out[f.Topic], movedLineOf(was, f), most)
		}
	})
	d := diffed{changes.Stories, changes.Changed, changes.Added, changes.Removed, []diffedTopic{}}
	for _, t := range changes.Topics {
		d.Topics = append(d.Topics, diffedTopic{t, inOrder(in[t.Name]), inOrder(out[t.Name])})
	}
	return d, err
}

func movedLineOf(st news.Story, f news.Filing) movedLine {
	return movedLine{"urn:uuid:" + st.ID, st.Lead.Title, st.Lead.Name, st.Published, f.Rule, f.Where, append([]string{}, f.Words...)}
}

// withMoved adds a line; of more than most the newest stay, all if most is 0.
func withMoved(lines []movedLine, l movedLine, most int) []movedLine {
	lines = append(lines, l)
	if most == 0 || len(lines) <= most {
		return lines
	}
	return inOrder(lines)[:most]
}

// inOrder puts the newest first.
func inOrder(lines []movedLine) []movedLine {
	slices.SortFunc(lines, func(a, b movedLine) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	return append([]movedLine{}, lines...)
}

// nameFrom names the places of rules as seen from the folder of their file,
// whoever read it.
func (d diffed) nameFrom(dir string) {
	for _, t := range d.Topics {
		for i := range t.In {
			t.In[i].Where = strings.TrimPrefix(t.In[i].Where, dir+string(filepath.Separator))
		}
	}
}

func (c *command) printDiffed(d diffed) {
	if d.Stories == 0 {
		fmt.Fprintln(c.out, "nothing is kept yet that could be filed otherwise")
		return
	}
	for _, t := range d.Topics {
		fmt.Fprintf(c.out, "%s  %s\n", t.Name, says(t.TopicChange, "will be"))
		c.printMoved("+", t.In, t.Added)
		c.printMoved("−", t.Out, t.Removed)
	}
	fmt.Fprintln(c.out, total(d.Stories, d.Changed, d.Added, d.Removed, len(d.Topics), "would be"))
}

func (c *command) printMoved(sign string, lines []movedLine, of int) {
	for _, l := range lines {
		fmt.Fprintf(c.out, "    %s %s  %s  %s\n", sign, moment(l.Published), clip(l.Source, 20), clip(titleOf(l.Title), 70))
		why := strings.TrimSpace(l.Rule + " " + where(l.Where))
		if sign == "−" {
			why = "before: " + why
		}
		if len(l.Words) > 0 {
			why += "; words: " + strings.Join(l.Words, ", ")
		}
		fmt.Fprintf(c.out, "        %s\n", why)
	}
	if more := of - len(lines); more > 0 {
		fmt.Fprintf(c.out, "    %s and %d more\n", sign, more)
	}
}

// says is a topic's change as a person reads it: +12 −3 (was 140, will be 149).
func says(t poll.TopicChange, becomes string) string {
	s := fmt.Sprintf("+%d −%d (was %d, %s %d)", t.Added, t.Removed, t.Was, becomes, t.Total)
	switch {
	case t.New:
		s += ", a new topic"
	case t.Gone:
		s += ", no topic any more"
	}
	return s
}

// total is the last line about changes.
func total(stories, changed, added, removed, topics int, verb string) string {
	in := fmt.Sprintf("%d topics", topics)
	if topics == 1 {
		in = "1 topic"
	}
	return fmt.Sprintf("%d of %d kept stories %s filed otherwise: +%d −%d in %s", changed, stories, verb, added, removed, in)
}

// printChanges says what a reload made of the kept stories.
func (c *command) printChanges(ch poll.Changes) error {
	if c.json {
		return c.line(ch)
	}
	if ch.Stories == 0 {
		_, err := fmt.Fprintln(c.out, "reloaded; the kept stories were filed by these rules already, or none are kept")
		return err
	}
	for _, t := range ch.Topics {
		fmt.Fprintf(c.out, "%s  %s\n", t.Name, says(t, "is"))
	}
	_, err := fmt.Fprintf(c.out, "reloaded; since %s %s\n", moment(ch.At), total(ch.Stories, ch.Changed, ch.Added, ch.Removed, len(ch.Topics), "are"))
	return err
}
