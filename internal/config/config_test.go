package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aggregator/internal/query"
	"aggregator/internal/schedule"
)

var update = flag.Bool("update", false, "write what comes out as what is wanted")

func testEnv(name string) (string, bool) {
	val, ok := map[string]string{"DAILY_KEY": "s3cret", "TITLE": "China", "COUNT": "7", "WAIT": "9s", "FLAG": "false"}[name]
	return val, ok
}

// wanted are the first lines of a file, after "# ".
func wanted(data string) (lines []string, body string) {
	for {
		line, rest, ok := strings.Cut(data, "\n")
		text, want := strings.CutPrefix(line, "#= ")
		if !ok || !want {
			return lines, data
		}
		lines, data = append(lines, text), rest
	}
}

// short is each fault without the file, if that is the one under test.
func short(fs Faults, path string) []string {
	var out []string
	for _, f := range fs {
		text := strings.TrimPrefix(f.String(), path)
		out = append(out, strings.ReplaceAll(strings.TrimPrefix(text, ":"), filepath.Dir(path)+"/", ""))
	}
	return out
}

// checkWanted compares with the file's first lines, or writes them.
func checkWanted(t *testing.T, path string, load func() Faults) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, body := wanted(string(data))
	if *update {
		for n := -1; n != len(want); { // the lines that are wanted move those below
			n = len(want)
			var head strings.Builder
			for _, w := range want {
				fmt.Fprintln(&head, "#= "+w)
			}
			if err := os.WriteFile(path, []byte(head.String()+body), 0o644); err != nil {
				t.Fatal(err)
			}
			want = short(load(), path)
		}
		var head strings.Builder
		for _, w := range want {
			fmt.Fprintln(&head, "#= "+w)
		}
		if err := os.WriteFile(path, []byte(head.String()+body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, short(load(), path)); diff != "" {
		t.Errorf("%s: wanted -, got +:\n%s", path, diff)
	}
}

func files(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	return paths
}

// TestBad loads a file for each rule; its first lines are all of its faults.
func TestBad(t *testing.T) {
	paths := files(t, "testdata/*.bad.yaml")
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			checkWanted(t, path, func() Faults {
				c, err := Load(path, testEnv)
				var fs Faults
				if !errors.As(err, &fs) || len(fs) == 0 || c != nil {
					t.Fatalf("no faults, but %v", err)
				}
				return fs
			})
		})
	}
	if len(paths) < 100 {
		t.Errorf("only %d bad files were found", len(paths))
	}
}

// TestGood loads files without fault; their first lines are the warnings. What
// Show prints must load to the same.
func TestGood(t *testing.T) {
	paths := append(files(t, "testdata/*.good.yaml"), files(t, "../../deploy/*.yaml")...)
	paths = append(paths, files(t, "../../deploy/replicas/*.yaml")...)
	for _, path := range append(paths, files(t, "../../deploy/examples/*.yaml")...) {
		if filepath.Base(path) == "compose.yaml" {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			checkWanted(t, path, func() Faults { return load(t, path).Warnings })
			c := load(t, path)
			shown := filepath.Join(t.TempDir(), "shown.yaml")
			write(t, shown, string(c.Show()))
			sameConfig(t, c, load(t, shown))
		})
	}
}

func load(t testing.TB, path string) *Config {
	t.Helper()
	c, err := Load(path, testEnv)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sameConfig compares two, but for places, secrets and what names them.
func sameConfig(t testing.TB, a, b *Config) {
	t.Helper()
	opts := cmp.Options{
		cmp.Transformer("schedule", func(s schedule.Schedule) string { return s.String() }),
		cmp.Transformer("query", func(q *query.Query) string {
			if q == nil {
				return ""
			}
			return q.String()
		}),
		cmp.FilterPath(func(p cmp.Path) bool {
			switch name := p.Last().String(); name {
			case ".Files", ".Warnings", ".Where", ".DropWhere", ".KeepWhere", ".Password", ".BearerToken", ".Tokens", ".Headers":
				return true
			case ".URL", ".Key", ".Proxy": // their passwords and keys are hidden
				return strings.Contains(fmt.Sprint(p.Last().Values()), "***")
			}
			return false
		}, cmp.Ignore()),
		cmp.Comparer(func(x, y reflect.Value) bool { return true }),
		cmp.Exporter(func(reflect.Type) bool { return false }),
	}
	if diff := cmp.Diff(a, b, opts); diff != "" {
		t.Errorf("loaded -, shown and loaded +:\n%s", diff)
	}
}
