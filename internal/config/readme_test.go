package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme: what people copy from the documents is a sound configuration,
// and the example with every key is the one in deploy/.
func TestReadme(t *testing.T) {
	example, err := os.ReadFile("../../deploy/aggregator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	shown := false
	for _, doc := range []string{"../../README.md", "../../docs/queries.md"} {
		blocks := yamlBlocks(t, doc)
		if len(blocks) < 2 {
			t.Errorf("%s shows %d configurations", doc, len(blocks))
		}
		for _, block := range blocks {
			path := filepath.Join(t.TempDir(), "aggregator.yaml")
			if err := os.WriteFile(path, []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(path, os.LookupEnv); err != nil {
				t.Errorf("%s: %v\nin\n%s", doc, err, block)
			}
			shown = shown || block == string(example)
		}
	}
	if !shown {
		t.Error("README.md shows another example than deploy/aggregator.yaml: copy that file into it")
	}
}

func yamlBlocks(t *testing.T, path string) (blocks []string) {
	t.Helper()
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(doc), "```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}
