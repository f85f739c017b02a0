package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"aggregator/internal/poll"
	"aggregator/internal/store"
)

func (c *command) storeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "store", Short: "Back up, restore and measure what is kept", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(c.storeExport(), c.storeImport(), c.storeStats())
	return cmd
}

func (c *command) storeExport() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Write everything kept to stdout as JSON Lines", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				export := func(ctx context.Context) error { return store.Export(ctx, s.store, c.out) }
				if s.running {
					return s.poller.Quiet(ctx, export)
				}
				return export(ctx)
			})
		},
	}
}

func (c *command) storeImport() *cobra.Command {
	return &cobra.Command{
		Use: "import [FILE]", Short: "Read such a backup (stdin without FILE) into an empty store", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			in := c.in
			if len(args) == 1 {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = io.Reader(f)
			}
			kept, err := openStore(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, kept.Close()) }()
			if err := store.Import(cmd.Context(), kept, in); err != nil {
				return fmt.Errorf("import: %w", err)
			}
			stats, err := kept.Stats(cmd.Context())
			if err != nil {
				return err
			}
			return c.printStats(stats)
		},
	}
}

func (c *command) storeStats() *cobra.Command {
	return &cobra.Command{
		Use: "stats", Short: "Say how much is kept", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				stats, err := s.store.Stats(ctx)
				if err != nil {
					return err
				}
				return c.printStats(stats)
			})
		},
	}
}

func (c *command) printStats(st store.Stats) error {
	if c.json {
		return c.line(st)
	}
	table := c.table()
	for _, row := range []struct {
		what string
		n    any
	}{{"decisions", st.Decisions}, {"items", st.Items}, {"stories", st.Stories}, {"topics", st.Topics}, {"sources polled", st.Polls}, {"log", fmt.Sprintf("%d to %d", st.Oldest, st.At)}, {"bytes", st.Bytes}} {
		fmt.Fprintf(table, "%s\t%v\n", row.what, row.n)
	}
	return table.Flush()
}
