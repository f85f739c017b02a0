// Package internal_test holds the arrows of the house: which room may import
// which, and which room is the one door of a foreign library.
package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows are all that is allowed: room → what it may import of this house, with
// the reason. A room imports only from floors below; rooms on one floor do not
// know one another, but for floor 2, which reads left to right.
var arrows = map[string]map[string]string{
	// floor 1
	"news":     {},
	"lang":     {},
	"canon":    {},
	"query":    {"lang": "compares words by their stems and characters"},
	"schedule": {},
	"access":   {}, // pure: net/http's request alone
	"quick":    {}, // before net/http
	// floor 2: the data's walk
	"fetch":                 {"news": "brings items", "canon": "cleans what it brings"},
	"near":                  {"canon": "compares words", "lang": "compares characters"},
	"dedupe":                {"news": "decides about items", "canon": "compares words and addresses", "near": "compares near texts"},
	"topic":                 {"news": "files stories", "query": "matches rules", "canon": "reads words of kept items", "lang": "knows which language they are in"},
	"store":                 {"news": "keeps the words"},
	"store/bolt":            {"store": "is a twin of the contract", "news": "keeps the words"},
	"store/redis":           {"store": "is a twin of the contract", "news": "keeps the words"},
	"store/redis/redistest": {}, // servers for tests
	"store/storetest":       {"store": "tests the contract", "news": "with stories"},
	// floor 3
	"poll": {
		"news": "carries items", "fetch": "asks for them", "dedupe": "has them judged", "topic": "has them filed",
		"store": "has them kept", "schedule": "knows when", "query": "drops and keeps by rule", "canon": "reads words of kept items",
	},
	"publish": {"news": "renders stories", "store": "takes from the shelf", "canon": "shortens text", "access": "asks who may read", "query": "filters a feed by one"},
	"page":    {"news": "shows stories", "store": "takes from the shelf", "access": "asks who may read", "canon": "shortens text, reads words of kept items", "query": "reads what is typed into the search box"},
	"websub":  {"news": "names topics", "store": "keeps leases"},
	"config":  {"news": "gives sources and topics", "query": "parses rules", "schedule": "parses schedules", "canon": "compares addresses", "topic": "gives rules as they are filed by", "access": "gives keys"},
	"demo":    {},
	"odd":     {}, // the web that the tests are read from
	// for tests alone: see onlyTests
	"feedcheck": {},
	// what is given away with the binary
	"deploy/topics": {},
	"quality": {
		"news": "gives labelled items", "dedupe": "has them decided", "canon": "brings them into the form of fetched ones",
		"quality/gold": "compares what was decided with the labels", "near": "learns its models", "quality/learn": "learns them",
		"config": "reads the rules of topics", "topic": "has items filed by them",
	},
	"quality/learn": {"near": "makes its models"},
	"quality/gold":  {"news": "reads decisions", "canon": "knows equal titles and addresses"},
}

// doors are the foreign libraries that only the rooms named may import.
// Standard library, golang.org/x and tests are free.
var doors = map[string][]string{
	"github.com/mmcdole/gofeed":                {"fetch"},
	"code.dny.dev/ssrf":                        {"fetch"},
	"github.com/andybalholm/brotli":            {"fetch", "publish"},
	"github.com/gorilla/feeds":                 {"publish"},
	"github.com/robfig/cron/v3":                {"schedule"},
	"github.com/redis/go-redis/v9":             {"store/redis"},
	"go.etcd.io/bbolt":                         {"store/bolt"},
	"go.yaml.in/yaml/v4":                       {"config"},
	"github.com/invopop/jsonschema":            {"config"},
	"github.com/microcosm-cc/bluemonday":       {"canon"},
	"github.com/clipperhouse/uax29/v2":         {"query", "canon"},
	"github.com/blevesearch/snowballstem":      {"lang"},
	"github.com/cespare/xxhash/v2":             {"canon"},
	"github.com/klauspost/compress":            {"store", "publish", "fetch", "odd"}, // kept texts, served feeds, received bodies, and bombs
	"github.com/spf13/cobra":                   {"cmd"},
	"github.com/spf13/pflag":                   {"cmd"},
	"github.com/lmittmann/tint":                {"cmd"},
	"github.com/mattn/go-isatty":               {"cmd"},
	"github.com/fsnotify/fsnotify":             {"cmd"},
	"github.com/coreos/go-systemd/v22":         {"cmd"},
	"github.com/google/go-cmp":                 {"store/storetest"},
	"github.com/santhosh-tekuri/jsonschema/v6": {"feedcheck"},
	"github.com/prometheus/client_golang":      {"cmd"},
}

// onlyTests are rooms that no program may import, and those whose tests may.
var onlyTests = map[string][]string{
	"feedcheck": {"publish", "websub", "cmd"}, // they publish documents
}

type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		room := roomOf(p.ImportPath)
		seen[room] = true
		allowed, known := arrows[room]
		if !known && room != "cmd" {
			t.Errorf("room %s is not on the plan: give it a floor and its arrows here", room)
		}
		for _, imp := range p.Imports {
			checkImport(t, room, imp, allowed)
		}
		checkTests(t, room, p)
	}
	if !seen["news"] || !seen["cmd"] {
		t.Errorf("the house was not read: saw %v", seen)
	}
}

// roomOf is the room of a package of this house: deploy/topics is one, too.
func roomOf(path string) string {
	if strings.HasPrefix(path, "aggregator/cmd/") {
		return "cmd"
	}
	return strings.TrimPrefix(strings.TrimPrefix(path, "aggregator/"), "internal/")
}

func checkImport(t *testing.T, room, imp string, allowed map[string]string) {
	t.Helper()
	if strings.HasPrefix(imp, "aggregator/") {
		to := roomOf(imp)
		if _, ok := allowed[to]; !ok && room != "cmd" {
			t.Errorf("%s imports %s: no such arrow on the plan", room, to)
		}
		return
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") || strings.HasPrefix(imp, "golang.org/x/") {
		return
	}
	for lib, rooms := range doors {
		if imp == lib || strings.HasPrefix(imp, lib+"/") {
			if !slices.Contains(rooms, room) {
				t.Errorf("%s imports %s, whose door is %v", room, imp, rooms)
			}
			return
		}
	}
	t.Errorf("%s imports %s, which has no door on the plan", room, imp)
}

func checkTests(t *testing.T, room string, p pkg) {
	t.Helper()
	for only, testers := range onlyTests {
		if slices.Contains(p.Imports, "aggregator/internal/"+only) {
			t.Errorf("%s imports %s, which is for tests alone", room, only)
		}
		if slices.Contains(append(p.TestImports, p.XTestImports...), "aggregator/internal/"+only) && !slices.Contains(testers, room) {
			t.Errorf("the tests of %s import %s, which is for those of %v", room, only, testers)
		}
	}
}

func packages(t *testing.T) []pkg {
	out, err := exec.Command("go", "list", "-json=ImportPath,Standard,Imports,TestImports,XTestImports", "aggregator/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var ps []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return ps
		} else if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath != "aggregator/internal" {
			ps = append(ps, p)
		}
	}
}
