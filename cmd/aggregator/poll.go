package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"aggregator/internal/poll"
)

func (c *command) pollCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "poll [SOURCE…]", Short: "Poll the named sources once (all by default), publish and exit",
		Long: `poll makes one pass over the named sources, whatever their schedule; SOURCE is
a name or an address as in the configuration. Floors of politeness (Retry-After,
also that of a source's host, backoff, min_interval) hold unless --force, which
is for you to answer for. Even then hosts are asked no more at a time and no
closer together than fetch.per_host says. A source that the daemon is
polling just now is not asked twice. The status is 0 even if some sources failed,
1 if all did.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			show := c.newLive()
			defer show.stop()
			o := poll.Options{Log: c.logger(show), Fetched: show.answered, Visited: show.visited}
			return c.withSite(cmd, o, func(ctx context.Context, s *site) error {
				keys, err := keysOf(s, names)
				if err != nil {
					return err
				}
				show.expect(max(len(keys), boolInt(len(names) == 0)*len(s.now.Load().Sources)))
				report, err := s.pass(ctx, keys, force)
				show.stop()
				if err != nil {
					return err
				}
				if err := c.printReport(report); err != nil {
					return err
				}
				if report.Sources.Polled > 0 && report.Sources.Failed == report.Sources.Polled {
					return errQuiet
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "poll even where a floor of politeness forbids it")
	return cmd
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pass polls once and publishes: by the daemon's poller if it runs, else by
// running the site's own for as long as it takes.
func (s *site) pass(ctx context.Context, keys []string, force bool) (poll.Report, error) {
	if s.running {
		return s.poller.Pass(ctx, keys, force)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.poller.Run(running) }()
	report, err := s.poller.Pass(ctx, keys, force)
	stop()
	if e := <-ended; err == nil {
		err = e
	}
	if err != nil {
		return report, err
	}
	return report, s.writeTree(ctx)
}

// keysOf finds sources by what people call them.
func keysOf(s *site, names []string) ([]string, error) {
	var keys, unknown []string
	for _, name := range names {
		found := ""
		for _, src := range s.now.Load().Sources {
			if name == src.Name || name == src.URL || name == src.Key {
				found = src.Key
			}
		}
		if found == "" {
			found = keyByTitle(s, name)
		}
		if found == "" {
			unknown = append(unknown, name)
			continue
		}
		keys = append(keys, found)
	}
	if len(unknown) > 0 {
		return nil, usageError{fmt.Errorf("no source is called %s; `aggregator sources` lists them", strings.Join(unknown, ", "))}
	}
	return slices.Compact(keys), nil
}

// keyByTitle finds a source without a name by its feed's own title.
func keyByTitle(s *site, title string) string {
	for _, src := range s.now.Load().Sources {
		p, err := s.store.Poll(context.Background(), src.Key)
		if err == nil && poll.Name(src.Source, p.Feed.Title) == title {
			return src.Key
		}
	}
	return ""
}

func (c *command) printReport(r poll.Report) error {
	if c.json {
		return c.line(r)
	}
	s, i := r.Sources, r.Items
	fmt.Fprintf(c.out, "sources  %d polled: %d changed, %d unchanged, %d failed; %d skipped\n", s.Polled, s.Changed, s.Unchanged, s.Failed, s.Skipped)
	if s.Skipped > 0 {
		fmt.Fprintln(c.out, "         skipped ones were asked too short a while ago (a floor of politeness); --force asks anyway")
	}
	fmt.Fprintf(c.out, "items    %d received: %d known, %d new, %d revised, %d duplicate, %d dropped\n", i.Received, i.Known, i.New, i.Revised, i.Duplicate, i.Dropped)
	table := c.table()
	fmt.Fprintln(table, "\nTOPIC\tNEW\tSTORIES")
	for _, t := range r.Topics {
		fmt.Fprintf(table, "%s\t%d\t%d\n", t.Name, t.New, t.Total)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, e := range r.Errors {
		fmt.Fprintf(c.out, "\n%s: %s", e.Source, e.Error)
	}
	if len(r.Errors) > 0 {
		fmt.Fprintln(c.out)
	}
	return nil
}

func (c *command) table() *tabwriter.Writer {
	return tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
}

// writeTree publishes the site as files, if the configuration names a folder.
func (s *site) writeTree(ctx context.Context) error {
	dir := s.now.Load().Publish.Dir
	if dir == "" || s.healing.Load() { // what stands there lacks nothing
		return nil
	}
	return s.writeTo(ctx, dir)
}
