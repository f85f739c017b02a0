package publish

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	// manifest lists the files that are ours, a path a line. One is listed
	// before it is written: killed in between, we still know it.
	manifest = ".aggregator-files"
	// unfinished ends the name of a file that is being written.
	unfinished = ".aggregator-new"
)

// A tree is a folder in which some files are ours.
type tree struct {
	dir  string
	root *os.Root // lets no path out of dir
	ours map[string]bool
	list *os.File // the manifest, to add to; nil until needed
}

func openTree(dir string) (*tree, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("publish to %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("publish to %s: %w", dir, err)
	}
	t := &tree{dir: dir, root: root, ours: map[string]bool{}}
	lines, err := root.ReadFile(manifest)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(t.wrap(err), root.Close())
	}
	for line := range strings.Lines(string(lines)) {
		if p, whole := strings.CutSuffix(line, "\n"); whole && p != "" {
			t.ours[p] = true
		}
	}
	return t, nil
}

func (t *tree) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("publish to %s: %w", t.dir, err)
}

// close lets the folder go.
func (t *tree) close() error {
	if t.list == nil {
		return t.wrap(t.root.Close())
	}
	return t.wrap(errors.Join(t.list.Close(), t.root.Close()))
}

// write puts f in its place unless it is there already.
func (t *tree) write(f File) (bool, error) {
	if !fs.ValidPath(f.Path) || f.Path == "." || f.Path == manifest || strings.ContainsAny(f.Path, "\r\n\\") {
		return false, fmt.Errorf("publish to %s: %q is no path for a file", t.dir, f.Path)
	}
	if err := t.claim(f.Path); err != nil {
		return false, t.wrap(err)
	}
	there, f, err := t.there(f)
	if err == nil && there && f.Stands != nil {
		f.Stands()
	}
	if err != nil || there {
		return false, err
	}
	if err := t.root.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
		return false, t.wrap(err)
	}
	if err := t.replace(f); err != nil {
		return false, t.wrap(errors.Join(err, t.remove(f.Path+unfinished)))
	}
	if f.Stands != nil {
		f.Stands()
	}
	return true, nil
}

// there says that f stands in its place already; if that is not sure without its
// bytes, it has them made.
func (t *tree) there(f File) (bool, File, error) {
	if f.Make == nil {
		return t.holds(f), f, nil
	}
	if info, err := t.root.Lstat(f.Path); f.Same && err == nil && info.Mode().IsRegular() {
		return true, f, nil
	}
	var err error
	f.Bytes, err = f.Make()
	return err == nil && t.holds(f), f, err
}

// claim lists a path as ours.
func (t *tree) claim(p string) error {
	if t.ours[p] {
		return nil
	}
	if t.list == nil {
		list, err := t.root.OpenFile(manifest, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		t.list = list
	}
	// A line that a kill or a full disk cut off ends here.
	if _, err := t.list.WriteString("\n" + p + "\n"); err != nil {
		return err
	}
	t.ours[p] = true
	return nil
}

func (t *tree) holds(f File) bool {
	info, err := t.root.Lstat(f.Path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(f.Bytes)) {
		return false
	}
	there, err := t.root.ReadFile(f.Path)
	return err == nil && bytes.Equal(there, f.Bytes)
}

// replace writes beside the old file, then takes its place.
func (t *tree) replace(f File) error {
	beside := f.Path + unfinished
	w, err := t.root.OpenFile(beside, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = w.Write(f.Bytes)
	if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
		return err
	}
	if !f.Modified.IsZero() {
		if err := t.root.Chtimes(beside, f.Modified, f.Modified); err != nil {
			return err
		}
	}
	return t.root.Rename(beside, f.Path)
}

// removeBut removes what is ours and not named, and folders that it empties.
func (t *tree) removeBut(named map[string]bool) error {
	var errs []error
	for p := range t.ours {
		if named[p] {
			continue
		}
		if err := errors.Join(t.remove(p), t.remove(p+unfinished)); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(t.ours, p)
		// Removing a folder that holds anything fails, as it should.
		for d := path.Dir(p); d != "." && t.root.Remove(d) == nil; d = path.Dir(d) {
		}
	}
	return t.wrap(errors.Join(append(errs, t.rewrite())...))
}

func (t *tree) remove(p string) error {
	if err := t.root.Remove(p); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// rewrite brings the manifest to what is ours now.
func (t *tree) rewrite() error {
	var list bytes.Buffer
	paths := make([]string, 0, len(t.ours))
	for p := range t.ours {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		list.WriteString(p + "\n")
	}
	f := File{Path: manifest, Bytes: list.Bytes()}
	if t.holds(f) {
		return nil
	}
	return t.replace(f)
}
