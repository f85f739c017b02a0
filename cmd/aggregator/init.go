package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"aggregator/deploy/topics"
	"aggregator/internal/config"
)

// libraryFolder is where the files of the starter library go, beside the
// configuration.
const libraryFolder = "topics"

func (c *command) initCommand() *cobra.Command {
	var opml string
	var names []string
	cmd := &cobra.Command{
		Use: "init", Short: "Write a commented aggregator.yaml; never overwrites one", Args: cobra.NoArgs,
		Long: `init writes a commented aggregator.yaml. It never overwrites a file.

--topics takes rules of the starter library along, with their tests: it writes
them to topics/ beside aggregator.yaml and includes them there, or says what to
include if there is an aggregator.yaml. They are yours to change.

` + libraryText(),
		RunE: func(*cobra.Command, []string) error {
			if slices.Equal(names, []string{"help"}) {
				_, err := fmt.Fprintln(c.out, libraryText())
				return err
			}
			var sources []config.OPMLSource
			if opml != "" {
				var err error
				if sources, err = readOPML(opml); err != nil {
					return err
				}
			}
			library, err := topics.Select(names)
			if err != nil {
				return usageError{fmt.Errorf("%w\n\n%s", err, libraryText())}
			}
			return c.init(sources, library)
		},
	}
	cmd.Flags().StringVar(&opml, "opml", "", "take the sources of this OPML file")
	cmd.Flags().StringSliceVar(&names, "topics", nil, "take rules of the starter library: names with commas between, or all")
	return cmd
}

// libraryText lists the starter library.
func libraryText() string {
	var b strings.Builder
	b.WriteString("The starter library, for --topics (all, or names with commas between):\n")
	for _, f := range topics.Library() {
		fmt.Fprintf(&b, "  %-20s  %s\n", f.Name, strings.Join(f.Titles, ", "))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// init writes the configuration and the files of the library that it
// includes: all of them, or none. To a configuration that is there it leaves to
// be added what it should include.
func (c *command) init(sources []config.OPMLSource, library []topics.File) error {
	_, err := os.Lstat(c.path())
	isNew := errors.Is(err, fs.ErrNotExist)
	if !isNew && (len(library) == 0 || len(sources) > 0) {
		return isThere(c.path())
	}
	missing, err := missingFiles(filepath.Join(filepath.Dir(c.path()), libraryFolder), library)
	if err != nil {
		return err
	}
	files := missing
	var included []string
	for _, f := range library {
		included = append(included, path.Join(libraryFolder, f.Name+".yaml"))
	}
	if isNew {
		files = append(files, newFile{c.path(), config.Template(sources, included)})
	}
	if err := writeAll(files); err != nil {
		return err
	}
	if !isNew {
		fmt.Fprintf(c.err, "%s is there already and stays as it is%s; add to it:\n", c.path(), andLibrary(len(library), len(missing)))
		fmt.Fprintf(c.out, "include:\n  - %s\n", strings.Join(included, "\n  - "))
		return nil
	}
	fmt.Fprintf(c.err, "wrote %s%s; next: edit it, then `aggregator check`, then `aggregator run`\n", c.path(), andLibrary(len(library), len(missing)))
	return nil
}

// writeAll writes new files: all of them, or none.
func writeAll(files []newFile) (err error) {
	var written []string
	defer func() {
		if err != nil {
			for _, name := range written {
				err = errors.Join(err, os.Remove(name))
			}
		}
	}()
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
			return err
		}
		if err := writeNew(f.path, f.data); err != nil {
			return err
		}
		written = append(written, f.path)
	}
	return nil
}

func andLibrary(included, written int) string {
	if included == 0 {
		return ""
	}
	return fmt.Sprintf("; rules to include are in %s/ (new files: %d, there before: %d)", libraryFolder, written, included-written)
}

type newFile struct {
	path string
	data []byte
}

// missingFiles are those of the library that dir does not hold. That it holds
// another of the same name is an error.
func missingFiles(dir string, library []topics.File) (missing []newFile, err error) {
	for _, f := range library {
		name := filepath.Join(dir, f.Name+".yaml")
		old, err := os.ReadFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, newFile{name, f.Data})
		case err != nil:
			return nil, err
		case !bytes.Equal(old, f.Data):
			return nil, fmt.Errorf("%s is there already, is not the library's and is not overwritten; move it aside, or leave %s out of --topics and include the file yourself", name, f.Name)
		}
	}
	return missing, nil
}

// writeNew writes a file that is not there yet: whole or not at all.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return isThere(path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func isThere(path string) error {
	return fmt.Errorf("%s is there already and is not overwritten; move it aside, or use another name", path)
}
