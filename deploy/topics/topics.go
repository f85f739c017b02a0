// Package topics is the starter library: rules for countries and themes, with
// tests, one file each. `aggregator init --topics` writes them out; `include:`
// takes them into a configuration.
package topics

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// A File is one file of the library.
type File struct {
	Name   string // china-human-rights, without .yaml
	Titles []string
	Data   []byte
}

// topicName finds the names of topics, the only lists of names in the files:
// enough to do without a second reader of YAML in the binary.
var topicName = regexp.MustCompile(`(?m)^ *- name: (.+)$`)

// Library gives all files, by name.
func Library() []File {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // it is part of the binary
	}
	var all []File
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		f := File{Name: strings.TrimSuffix(e.Name(), path.Ext(e.Name())), Data: data}
		for _, m := range topicName.FindAllSubmatch(data, -1) {
			f.Titles = append(f.Titles, string(m[1]))
		}
		all = append(all, f)
	}
	return all
}

// Select gives the files of these names, or those of all if one is "all", and
// those that they need: China/Human Rights needs the files of China and of
// Human Rights.
func Select(names []string) ([]File, error) {
	all := Library()
	wanted := map[string]bool{}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "all" && !slices.ContainsFunc(all, func(f File) bool { return f.Name == name }) {
			return nil, fmt.Errorf("the library has no %q", name)
		}
		for _, f := range all {
			if name == "all" || name == f.Name {
				wanted[f.Name] = true
				for _, need := range needs(all, f) {
					wanted[need] = true
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(f File) bool { return !wanted[f.Name] }), nil
}

// needs are the names of the files with the parts of f's topics.
func needs(all []File, f File) (names []string) {
	for _, title := range f.Titles {
		for part := range strings.SplitSeq(title, "/") {
			for _, other := range all {
				if slices.Contains(other.Titles, part) {
					names = append(names, other.Name)
				}
			}
		}
	}
	return names
}
