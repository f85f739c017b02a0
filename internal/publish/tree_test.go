package publish

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func files1(pairs ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for i := 0; i < len(pairs); i += 2 {
			if !yield(File{Path: pairs[i], Bytes: []byte(pairs[i+1]), Modified: noon}, nil) {
				return
			}
		}
	}
}

// write writes a tree and wants so many files written.
func write(t *testing.T, dir string, want int, pairs ...string) {
	t.Helper()
	n, err := WriteTree(dir, files1(pairs...))
	if err != nil || n != want {
		t.Fatalf("wrote %d files, want %d: %v", n, want, err)
	}
}

// holds wants exactly these files below dir, the manifest aside.
func holds(t *testing.T, dir string, pairs ...string) {
	t.Helper()
	want := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i]] = pairs[i+1]
	}
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		if err != nil || e.IsDir() && name == "." || name == manifest {
			return err
		}
		got, _ := os.ReadFile(path)
		if w, ok := want[name]; !e.IsDir() && (!ok || w != string(got)) {
			t.Errorf("%s holds %q, want %q (%v)", name, got, w, ok)
		}
		if empty, _ := filepath.Glob(path + "/*"); e.IsDir() && len(empty) == 0 {
			t.Errorf("folder %s is left empty", name)
		}
		delete(want, name)
		return nil
	})
	if len(want) > 0 {
		t.Errorf("missing %v", want)
	}
}

func TestWriteTree(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "site")
	write(t, dir, 3, "topics/china.atom", "1", "topics/china/xinjiang.atom", "2", "topics.opml", "3")
	if err := os.WriteFile(dir+"/robots.txt", []byte("not ours"), 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir + "/topics/china.atom")
	if err != nil || !info.ModTime().Equal(noon) {
		t.Errorf("modified %v, want %v: %v", info.ModTime(), noon, err)
	}
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(dir+"/topics.opml", long, long); err != nil {
		t.Fatal(err)
	}
	write(t, dir, 1, "topics/china.atom", "1 new", "topics/china/xinjiang.atom", "2", "topics.opml", "3")
	if info, err := os.Stat(dir + "/topics.opml"); err != nil || !info.ModTime().Equal(long) {
		t.Errorf("an unchanged file was touched: %v %v", info.ModTime(), err)
	}
	write(t, dir, 0, "topics/china.atom", "1 new", "topics.opml", "3")
	holds(t, dir, "topics/china.atom", "1 new", "topics.opml", "3", "robots.txt", "not ours")
	write(t, dir, 0)
	holds(t, dir, "robots.txt", "not ours")
}

func TestWriteTreeStaysInside(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(outside+"/precious", []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(outside, dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"../precious", "/etc/precious", "a/../../precious", "link/precious", "", ".", "a//b", manifest, "a\nb", `a\b`} {
		if n, err := WriteTree(dir, files1(path, "new")); err == nil || n != 0 {
			t.Errorf("%q was written: %d, %v", path, n, err)
		}
	}
	// A manifest that somebody changed leads nowhere either.
	if err := os.WriteFile(dir+"/"+manifest, []byte("../precious\nlink/precious\n"+outside+"/precious\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteTree(dir, files1()); err == nil {
		t.Error("nobody said that the manifest is odd")
	}
	if got, err := os.ReadFile(outside + "/precious"); string(got) != "old" {
		t.Errorf("outside there is %q now: %v", got, err)
	}
}

func TestWriteTreeWithErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 2, "a.atom", "1", "b.atom", "2")
	bad := errors.New("store away")
	n, err := WriteTree(dir, func(yield func(File, error) bool) {
		_ = yield(File{Path: "a.atom"}, bad) && yield(File{Path: "c.atom", Bytes: []byte("3")}, nil)
	})
	if n != 1 || !errors.Is(err, bad) {
		t.Errorf("wrote %d: %v", n, err)
	}
	holds(t, dir, "a.atom", "1", "b.atom", "2", "c.atom", "3")
	write(t, dir, 0, "c.atom", "3") // and what went unremoved is remembered
	holds(t, dir, "c.atom", "3")
}

func TestWriteTreeThatCannotWrite(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 1, "topics/a.atom", "old")
	// A folder where the new file should be prepared stands for a full disk:
	// it stops root as well.
	if err := os.MkdirAll(dir+"/topics/a.atom"+unfinished+"/full", 0o755); err != nil {
		t.Fatal(err)
	}
	n, err := WriteTree(dir, files1("topics/a.atom", "new"))
	if n != 0 || err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("wrote %d: %v", n, err)
	}
	if got, _ := os.ReadFile(dir + "/topics/a.atom"); string(got) != "old" {
		t.Errorf("the old file is gone: %q", got)
	}
}

func TestFiles(t *testing.T) {
	p, s := over(t, china())
	dir := t.TempDir()
	if n, err := WriteTree(dir, p.Files(t.Context())); n != 4 || err != nil {
		t.Fatalf("wrote %d files, want 4: %v", n, err)
	}
	for _, path := range []string{"/topics/china.atom", "/topics/china.rss", "/topics/china.json", "/topics.opml"} {
		got, err := os.ReadFile(dir + path)
		if err != nil || string(got) != string(body(t, p, path)) {
			t.Errorf("%s is not what is served: %v", path, err)
		}
	}
	again := start(s, testSite(china()))
	again.now = func() time.Time { return noon.Add(time.Hour) }
	for f, err := range again.Files(t.Context()) {
		if err != nil || !f.Modified.Equal(noon.Add(-time.Second)) {
			t.Errorf("%s: modified %v after a restart: %v", f.Path, f.Modified, err)
		}
	}
}
