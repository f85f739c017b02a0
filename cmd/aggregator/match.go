package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"aggregator/internal/config"
	"aggregator/internal/news"
	"aggregator/internal/poll"
	"aggregator/internal/query"
)

// mostMatched is how many stories a person is shown, if no other number is asked
// for.
const mostMatched = 50

// matchedLine is a line of `match --json`.
type matchedLine struct {
	storyLine
	Words []string `json:"words"`
}

func (c *command) matchCommand() *cobra.Command {
	var in, since string
	limit := mostMatched
	cmd := &cobra.Command{
		Use: "match QUERY", Short: "List the kept stories that a query would have caught, newest first", Args: oneQuery,
		Long: `match tries a query on the stories that are kept, as the rule of a topic: a story
is caught if one of its tellings is. It prints the words that were caught, and
the topics that each story is in now; topic:China in the query means these, too.
Nothing is fetched, nothing is changed.

Put the query in quotes, so that the shell gives it as it is.`,
		Example: "  aggregator match 'tiananmen OR \"falun gong\"'\n  aggregator match 'arrest* NEAR/8 lawyer NOT topic:China' --since 7d --limit 0",
		RunE: func(cmd *cobra.Command, args []string) error {
			q, warnings, faults := config.Query(args[0])
			if faults != nil {
				return faults
			}
			if c.site == nil && len(warnings) > 0 {
				fmt.Fprintf(c.err, "warning: %v\n", warnings)
			}
			if c.json && !cmd.Flags().Changed("limit") {
				limit = 0
			}
			err := c.withSite(cmd, poll.Options{Look: true}, func(ctx context.Context, s *site) error {
				return c.match(ctx, s, args[0], q, in, since, limit)
			})
			if errors.Is(err, errNothingKept) {
				fmt.Fprintln(c.err, err)
				return nil
			}
			return err
		},
	}
	cmd.Flags().StringVar(&in, "topic", "", "only those of this topic")
	cmd.Flags().StringVar(&since, "since", "", "only those published since so long ago, as 24h or 7d")
	cmd.Flags().IntVar(&limit, "limit", mostMatched, "print so many, the newest; 0: all, as --json does by itself")
	return cmd
}

func oneQuery(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d words where one query belongs; put it in quotes: 'china AND \"human rights\"'", len(args))
	}
	return nil
}

func (c *command) match(ctx context.Context, s *site, text string, q *query.Query, in, since string, limit int) error {
	if limit < 0 {
		return usageError{fmt.Errorf("--limit %d: write how many to print, 0 for all", limit)}
	}
	if faults := s.now.Load().Asks(text, q); faults != nil {
		return faults
	}
	stories, err := s.kept(ctx, in, since)
	if err != nil {
		return err
	}
	var lines []matchedLine
	looked, err := s.poller.Match(ctx, q, stories, func(st news.Story, words []string) {
		lines = append(lines, matchedLine{storyLineOf(s.grouped(st)), append([]string{}, words...)})
	})
	if err != nil {
		return err
	}
	slices.SortFunc(lines, func(a, b matchedLine) int { return newest(a.storyLine, b.storyLine) })
	shown := lines
	if limit > 0 {
		shown = lines[:min(limit, len(lines))]
	}
	if err := c.printMatched(shown); err != nil {
		return err
	}
	said := fmt.Sprintf("%d of %d kept stories", len(lines), looked)
	if n := len(lines) - len(shown); n > 0 {
		said += fmt.Sprintf("; %d older not shown (--limit 0)", n)
	}
	fmt.Fprintln(c.err, said)
	return nil
}

func (c *command) printMatched(lines []matchedLine) error {
	if c.json {
		return printLines(c, lines)
	}
	if len(lines) == 0 {
		return nil
	}
	rows := [][]string{{"PUBLISHED", "SOURCE", "TITLE", "WORDS", "IN"}}
	for _, l := range lines {
		rows = append(rows, []string{
			moment(l.Published), clip(l.Source, 20), clip(titleOf(l.Title), 50), clip(dashed(l.Words), 30), dashed(l.Topics),
		})
	}
	return c.columns(rows)
}

func dashed(words []string) string {
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, ", ")
}
