package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"aggregator/internal/config"
)

// Exit statuses.
const (
	done       = 0
	failed     = 1 // at work
	wrongUsage = 2 // or wrong configuration
)

// world is what a command sees of the outside.
type world struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) (string, bool)
	// site is set inside the daemon, where commands of other processes are
	// answered from what it has open.
	site *site
}

// A command line as parsed, for the commands' use.
type command struct {
	world
	config string
	json   bool
}

// errQuiet ends a command in failure that has said why already.
var errQuiet = errors.New("")

// usageError is a fault of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run is the whole program but for the process: arguments in, status out.
func run(ctx context.Context, args []string, w world) int {
	c := &command{world: w}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(w.in)
	root.SetOut(w.out)
	root.SetErr(w.err)
	began := false
	root.PersistentPreRun = func(*cobra.Command, []string) { began = true }
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return done
	}
	var faults config.Faults
	var usage usageError
	switch {
	case errors.As(err, &faults):
		fmt.Fprintln(w.err, err) // each begins with FILE:LINE:COL, for editors
	case !errors.Is(err, errQuiet):
		fmt.Fprintf(w.err, "aggregator: %v\n", err)
	}
	if !began {
		fmt.Fprintf(w.err, "see `%s --help`\n", cmd.CommandPath())
	}
	if faults != nil || errors.As(err, &usage) || !began {
		return wrongUsage
	}
	return failed
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "aggregator",
		Short: "Many feeds in, one story each, filed by topic, out again as feeds",
		Long: `aggregator polls the RSS, Atom and JSON feeds named in aggregator.yaml, keeps
copies of one story as one story, files stories under topics by rules that
anyone can read, and republishes each topic as a feed.

Begin with "aggregator demo" to see it, or "aggregator init" to set it up.`,
		SilenceErrors: true, SilenceUsage: true,
		// No Args: only so does cobra say which command was meant.
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVarP(&c.config, "config", "c", "", "the configuration (default $AGGREGATOR_CONFIG, else ./aggregator.yaml)")
	root.PersistentFlags().BoolVar(&c.json, "json", false, "answer for programs, where there is something to read")
	root.AddCommand(
		c.initCommand(), c.checkCommand(), c.runCommand(), c.pollCommand(), c.demoCommand(),
		c.sourcesCommand(), c.topicsCommand(), c.storiesCommand(), c.matchCommand(), c.explainCommand(),
		c.compareCommand(), c.splitCommand(), c.mergeCommand(), c.pinCommand(), c.hideCommand(),
		c.opmlCommand(), c.storeCommand(), c.configCommand(), c.healthCommand(), c.reloadCommand(), c.versionCommand(),
	)
	return root
}

// path is where the configuration is.
func (c *command) path() string {
	if c.config != "" {
		return c.config
	}
	if p, ok := c.env("AGGREGATOR_CONFIG"); ok && p != "" {
		return p
	}
	return "aggregator.yaml"
}

// load reads the configuration and says on stderr what it warns of.
func (c *command) load() (*config.Config, error) {
	cfg, err := config.Load(c.path(), c.env)
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintf(c.err, "warning: %v\n", w)
	}
	return cfg, nil
}

// line prints one object of a --json answer.
func (c *command) line(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// terminal says whether w is one that wants colour and redrawing.
func (w world) terminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return false
	}
	_, plain := w.env("NO_COLOR")
	term, _ := w.env("TERM")
	return !plain && term != "dumb"
}

func (c *command) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if c.json {
				return c.line(map[string]string{"version": version})
			}
			_, err := fmt.Fprintln(c.out, "aggregator", version)
			return err
		},
	}
}
