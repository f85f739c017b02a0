package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"aggregator/internal/config"
	"aggregator/internal/poll"
	"aggregator/internal/publish"
)

func (c *command) opmlCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "opml", Short: "Take subscriptions in, give sources or topic feeds out", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(c.opmlImport(), c.opmlExport())
	return cmd
}

func (c *command) opmlImport() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Add the subscriptions of an OPML file to the sources of aggregator.yaml", Args: cobra.ExactArgs(1),
		Long: `import copies FILE beside aggregator.yaml and names it there, in one line under
"sources:": { opml: FILE }. Everything else in aggregator.yaml stays as it is. If
the result would not be a sound configuration, nothing is changed.`,
		RunE: func(_ *cobra.Command, args []string) error {
			found, err := readOPML(args[0])
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return fmt.Errorf("%s holds no subscriptions (outlines with an xmlUrl)", args[0])
			}
			name, err := c.addOPML(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(c.err, "%s is among the sources now (subscriptions: %d); `aggregator check` shows them\n", name, len(found))
			return nil
		},
	}
}

func readOPML(path string) ([]config.OPMLSource, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := config.ReadOPML(f)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return found, nil
}

// addOPML puts a copy of an OPML file beside the configuration and a line into
// it; both or neither.
func (c *command) addOPML(file string) (name string, err error) {
	old, err := os.ReadFile(c.path())
	if err != nil {
		return "", fmt.Errorf("%w; run `aggregator init --opml %s` to begin with these", err, file)
	}
	doc, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) + ".opml"
	beside := filepath.Join(filepath.Dir(c.path()), name)
	changed, err := withOPML(string(old), name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.path(), err)
	}
	same, err := sameFile(file, beside)
	if err != nil {
		return "", err
	}
	if !same {
		if err := writeNew(beside, doc); err != nil {
			return "", err
		}
	}
	undo := func() error {
		if same {
			return nil
		}
		return os.Remove(beside)
	}
	if err := c.replaceIfSound([]byte(changed)); err != nil {
		return "", errors.Join(err, undo())
	}
	return name, nil
}

func sameFile(a, b string) (bool, error) {
	x, err := os.Stat(a)
	if err != nil {
		return false, err
	}
	y, err := os.Stat(b)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(x, y), err
}

// withOPML is the configuration's text with one more source.
func withOPML(text, name string) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "sources:") {
			continue
		}
		rest := strings.TrimSpace(strings.TrimPrefix(line, "sources:"))
		if rest != "" && !strings.HasPrefix(rest, "#") {
			break
		}
		lines[i] = strings.TrimSuffix(line, "\n") + "\n" + indent(lines[i+1:]) + fmt.Sprintf("- { opml: %q }\n", name)
		return strings.Join(lines, ""), nil
	}
	return "", fmt.Errorf("there is no list `sources:` to add a line to; add `sources: [{ opml: %q }]` yourself", name)
}

// indent is that of the list's first entry.
func indent(lines []string) string {
	for _, line := range lines {
		if body := strings.TrimLeft(line, " "); strings.HasPrefix(body, "- ") {
			return line[:len(line)-len(body)]
		}
	}
	return "  "
}

// replaceIfSound writes the configuration anew, by rename, if it loads.
func (c *command) replaceIfSound(text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(c.path()), ".aggregator-*.yaml")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	if _, err := config.Load(tmp.Name(), c.env); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), c.path())
}

func (c *command) opmlExport() *cobra.Command {
	var topics, sources bool
	cmd := &cobra.Command{
		Use: "export", Short: "Print the sources (or --topics: our feeds) as OPML", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if topics {
				cfg, err := c.load()
				if err != nil {
					return err
				}
				return publish.WriteOPML(c.out, feedsOf(cfg))
			}
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				return c.exportSources(ctx, s)
			})
		},
	}
	cmd.Flags().BoolVar(&topics, "topics", false, "our topic feeds")
	cmd.Flags().BoolVar(&sources, "sources", false, "the sources (the default)")
	cmd.MarkFlagsMutuallyExclusive("topics", "sources")
	return cmd
}

func (c *command) exportSources(ctx context.Context, s *site) error {
	var out []config.OPMLSource
	cfg := s.now.Load()
	for _, src := range cfg.Sources {
		p, err := s.store.Poll(ctx, src.Key)
		if err != nil {
			return err
		}
		out = append(out, config.OPMLSource{Name: poll.Name(src.Source, p.Feed.Title), URL: src.URL, Site: p.Feed.Link, Language: src.Language, Tags: src.Tags})
	}
	return config.WriteOPML(c.out, cfg.Title, out)
}
