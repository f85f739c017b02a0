package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aggregator/internal/config"
	"aggregator/internal/news"
	"aggregator/internal/schedule"
	"aggregator/internal/topic"
)

// checked is what `check --json` prints.
type checked struct {
	Faults   config.Faults  `json:"faults"`
	Warnings config.Faults  `json:"warnings"`
	Tests    []testLine     `json:"tests"`
	Topics   []checkedTopic `json:"topics"`
	Sources  []checkedPolls `json:"sources"`
	Diff     *diffed        `json:"diff,omitempty"` // with --diff
}

type testLine struct {
	Where  string   `json:"where"`
	Title  string   `json:"title"`
	Passed bool     `json:"passed"`
	Said   []string `json:"said,omitempty"` // what is missing or surplus, and why
}

type checkedTopic struct {
	Name  string `json:"name"`
	Holds string `json:"holds"`
}

type checkedPolls struct {
	Source string      `json:"source"`
	Next   []time.Time `json:"next"`
}

func (c *command) checkCommand() *cobra.Command {
	diff, rules := false, ""
	cmd := &cobra.Command{
		Use: "check [FILE]", Short: "Report every fault of the configuration, run its tests, print the next polls", Args: cobra.MaximumNArgs(1),
		Long: `check reads the configuration, or FILE, and reports every fault in it; runs its
tests; says what each topic holds, and when each source is polled next.

With --diff it says instead what the file would add to and take from each topic,
were it in force: the stories that are kept in the store of the configuration
(-c) are filed by the rules and sources of FILE. Nothing is changed. While the
daemon runs it is the one that reads FILE, and with its environment.`,
		Example: "  aggregator check\n  cp aggregator.yaml new.yaml && $EDITOR new.yaml && aggregator check --diff new.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			path := cmp.Or(rules, append(args, c.path())[0])
			if diff {
				return c.checkDiff(cmd, path)
			}
			cfg, filer, err := c.checkable(path)
			if err != nil {
				return err
			}
			return c.answer(cfg, filer, nil)
		},
	}
	cmd.Flags().BoolVar(&diff, "diff", false, "say what the file would change in the topics of the kept stories")
	cmd.Flags().StringVar(&rules, "rules", "", "FILE, for another process")
	cmd.Flags().Lookup("rules").Hidden = true
	return cmd
}

func check(cfg *config.Config, filer *topic.Filer, now time.Time) checked {
	result := checked{
		Faults: config.Faults{}, Warnings: append(config.Faults{}, cfg.Warnings...),
		Tests: []testLine{}, Topics: []checkedTopic{}, Sources: []checkedPolls{},
	}
	sources := map[string]news.Source{}
	for _, s := range cfg.Sources {
		sources[s.Key] = s.Source
	}
	for _, t := range cfg.Tests {
		src, ours := sources[t.Item.Source]
		if !ours {
			src = news.Source{Name: t.SourceName}
		}
		result.Tests = append(result.Tests, runTest(filer, t, src))
	}
	for _, t := range cfg.Topics {
		result.Topics = append(result.Topics, checkedTopic{t.Name, filer.Describe(t.Name)})
	}
	for _, s := range cfg.Sources {
		result.Sources = append(result.Sources, checkedPolls{nameOf(s.Source), nextPolls(cfg, s, now)})
	}
	return result
}

func nameOf(s news.Source) string {
	if s.Name != "" {
		return s.Name
	}
	return s.URL
}

// nextPolls are the next three moments, as if the source was polled at each.
func nextPolls(cfg *config.Config, s config.Source, now time.Time) (next []time.Time) {
	last := time.Time{}
	for range 3 {
		at, _ := s.Schedule.Due(s.Key, now, schedule.Limits{Spread: cfg.Fetch.Spread, MinInterval: s.MinInterval, Last: last})
		if at.IsZero() {
			return next
		}
		next = append(next, at)
		now, last = at, at
	}
	return next
}

// runTest files a test's item.
func runTest(filer *topic.Filer, t config.Test, src news.Source) testLine {
	line := testLine{Where: t.Where, Title: t.Item.Title}
	missing, surplus := filer.Check(topic.Telling{Item: t.Item, Source: src}, t.Topics)
	for _, m := range missing {
		line.Said = append(line.Said, fmt.Sprintf("missing %s: it lacks %s", m.Topic, m.Lacks))
	}
	for _, f := range surplus {
		if t.Exact || contains(t.Not, f.Topic) {
			line.Said = append(line.Said, fmt.Sprintf("surplus %s, by %s, words: %s", f.Topic, f.Rule, strings.Join(f.Words, ", ")))
		}
	}
	line.Passed = len(line.Said) == 0
	return line
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func (r checked) failures() (n int) {
	for _, t := range r.Tests {
		if !t.Passed {
			n++
		}
	}
	return n
}

func (c *command) printChecked(r checked) {
	for _, w := range r.Warnings {
		fmt.Fprintf(c.out, "warning: %v\n", w)
	}
	table := c.table()
	for _, t := range r.Topics {
		fmt.Fprintf(table, "topic  %s\t%s\n", t.Name, t.Holds)
	}
	table.Flush()
	for _, s := range r.Sources {
		var at []string
		for _, n := range s.Next {
			at = append(at, moment(n))
		}
		fmt.Fprintf(table, "source  %s\t%s\n", clip(s.Source, 40), strings.Join(at, ", "))
	}
	table.Flush()
	c.printFailed(r)
	tests := "no tests"
	if n := len(r.Tests); n > 0 {
		tests = fmt.Sprintf("%d of %d tests passed", n-r.failures(), n)
	}
	fmt.Fprintf(c.out, "%d sources, %d topics, %s\n", len(r.Sources), len(r.Topics), tests)
}

func (c *command) printFailed(r checked) {
	for _, t := range r.Tests {
		if !t.Passed {
			fmt.Fprintf(c.out, "%s: test failed: %s\n  %s\n", t.Where, t.Title, strings.Join(t.Said, "\n  "))
		}
	}
}

func (c *command) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Print the configuration's schema, or the configuration as resolved", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(&cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of aggregator.yaml, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(config.Schema())
			return err
		},
	}, &cobra.Command{
		Use: "show", Short: "Print the configuration as resolved, secrets hidden", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			if c.json {
				b, err := cfg.ShowJSON()
				if err != nil {
					return err
				}
				_, err = c.out.Write(append(b, '\n'))
				return err
			}
			_, err = c.out.Write(cfg.Show())
			return err
		},
	})
	return cmd
}
