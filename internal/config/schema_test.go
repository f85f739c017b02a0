package config

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSchema holds the schema that editors have to what the file may say.
func TestSchema(t *testing.T) {
	const golden = "testdata/aggregator.schema.json"
	got := Schema()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the schema changed (run go test -update, and look):\n%s", diff)
	}
}

// TestSchemaKnowsEveryKey compares it with the decoder's own table.
func TestSchemaKnowsEveryKey(t *testing.T) {
	var s map[string]any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	compareKeys(t, "", s, reflect.TypeFor[file]())
}

func compareKeys(t *testing.T, path string, s map[string]any, typ reflect.Type) {
	t.Helper()
	if ways, ok := s["anyOf"].([]any); ok {
		s = ways[len(ways)-1].(map[string]any)
	}
	if items, ok := s["items"].(map[string]any); ok {
		s, typ = items, typ.Elem()
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	props, _ := s["properties"].(map[string]any)
	if typ.Kind() != reflect.Struct || strings.HasPrefix(typ.Name(), "value[") {
		return
	}
	if len(props) != len(specFields(typ)) || s["additionalProperties"] != false {
		t.Errorf("%s: %d keys, want %d; additionalProperties %v", path, len(props), len(specFields(typ)), s["additionalProperties"])
	}
	for _, f := range specFields(typ) {
		key := f.Tag.Get("yaml")
		prop, ok := props[key].(map[string]any)
		if !ok {
			t.Errorf("%s.%s: not in the schema", path, key)
			continue
		}
		if doc, _ := prop["description"].(string); doc == "" {
			t.Errorf("%s.%s: says nothing of itself", path, key)
		}
		compareKeys(t, path+"."+key, prop, f.Type)
	}
}

// TestExampleNamesEveryKey: the example in deploy/ is where people look first.
func TestExampleNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile("../../deploy/aggregator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for key := range allKeys(reflect.TypeFor[file](), map[string]bool{}) {
		// Their twins stand there: password_file, the file of the headers.
		if !strings.Contains(string(data), key+":") && key != "bearer_token" && key != "tokens" && key != "password" {
			missing = append(missing, key)
		}
	}
	for _, rare := range []string{"labels", "author", "summary", "text"} { // of a test's item
		missing = cut(missing, rare)
	}
	if len(missing) > 0 {
		t.Errorf("deploy/aggregator.yaml does not show %v", missing)
	}
}

func cut(words []string, word string) []string {
	var out []string
	for _, w := range words {
		if w != word {
			out = append(out, w)
		}
	}
	return out
}

func allKeys(t reflect.Type, keys map[string]bool) map[string]bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		for _, f := range specFields(t) {
			keys[f.Tag.Get("yaml")] = true
			allKeys(f.Type, keys)
		}
	}
	return keys
}
