package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"aggregator/internal/query"
	"aggregator/internal/schedule"
	"go.yaml.in/yaml/v4"
)

// Load reads the file at path and all that it names. env looks a name of the
// environment up, as os.LookupEnv. The error is [Faults]: all of them, those
// of included files too.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	l := newLoader(path, env)
	f := l.readMain(path)
	if f != nil {
		fill(reflect.ValueOf(f).Elem())
		l.resolve(f)
	}
	if len(l.faults) > 0 {
		l.faults.sort()
		return nil, l.faults
	}
	l.config.Warnings.sort()
	return l.config, nil
}

func newLoader(path string, env func(string) (string, bool)) *loader {
	return &loader{
		path: path, env: env, config: &Config{},
		included: map[string]bool{}, broken: map[*yaml.Node]bool{},
		schedules: map[string]schedule.Schedule{}, topicNames: map[string]string{}, terms: map[*query.Query]value[string]{},
	}
}

// A loader gathers what one Load finds.
type loader struct {
	env       func(string) (string, bool)
	config    *Config
	faults    Faults
	path      string          // of the configuration, as faults name it
	included  map[string]bool // absolute paths
	broken    map[*yaml.Node]bool
	schedules map[string]schedule.Schedule
	// sourcePlaces go with config.Sources; topicNames are by address.
	sourcePlaces []sourcePlace
	topicNames   map[string]string
	terms        map[*query.Query]value[string] // of scores
}

// whole is the place of the configuration as a whole.
func (l *loader) whole() place { return place{doc: &document{path: l.path}} }

type sourcePlace struct{ url, name place }

// fault notes what is wrong; not of a value that is no value at all, of which
// only the first is news.
func (l *loader) fault(at place, message, hint string) {
	if at.node != nil && l.broken[at.node] {
		return
	}
	l.faults = append(l.faults, newFault(at, message, hint))
}

// unreadable is a fault after which nothing else is said of the value.
func (l *loader) unreadable(at place, message, hint string) {
	l.fault(at, message, hint)
	l.broken[at.node] = true
}

func (l *loader) warn(at place, message, hint string) {
	l.config.Warnings = append(l.config.Warnings, newFault(at, message, hint))
}

func newFault(at place, message, hint string) Fault {
	f := Fault{Message: message, Hint: hint}
	if at.doc != nil {
		f.File = at.doc.path
	}
	if at.node != nil {
		f.Line, f.Col = at.node.Line, at.node.Column
		f.Excerpt = excerpt(at.doc.line(f.Line), f.Col)
	}
	return f
}

func (l *loader) readMain(path string) *file {
	doc := l.open(l.whole(), path, "run `aggregator init` to write one, or name another with --config FILE")
	if doc == nil {
		return nil
	}
	f := &file{}
	if !l.decode(doc, reflect.ValueOf(f).Elem()) {
		return nil
	}
	l.include(f, f.Include)
	return f
}

// include takes sources, topics and tests of other files in, after our own.
func (l *loader) include(into *file, paths []value[string]) {
	for _, p := range paths {
		doc := l.open(p.place, l.beside(p), "write a path relative to this file")
		if doc == nil {
			continue
		}
		var f included
		if !l.decode(doc, reflect.ValueOf(&f).Elem()) {
			continue
		}
		into.Sources = append(into.Sources, f.Sources...)
		into.Topics = append(into.Topics, f.Topics...)
		into.Tests = append(into.Tests, f.Tests...)
		l.include(into, f.Include)
	}
}

// beside is the path of a value, relative to the file that it stands in.
func (l *loader) beside(v value[string]) string {
	if v.V == "" || filepath.IsAbs(v.V) {
		return v.V
	}
	return filepath.Join(filepath.Dir(v.doc.path), v.V)
}

// absolute is beside, from the root: the program may change its folder.
func (l *loader) absolute(v value[string]) string {
	if v.V == "" {
		return ""
	}
	if v.doc == nil {
		v.doc = l.whole().doc // a default
	}
	abs, err := filepath.Abs(l.beside(v))
	if err != nil {
		return l.beside(v)
	}
	return abs
}

// open reads a file that the configuration names; nil with a fault if it
// cannot, or if it was read before.
func (l *loader) open(at place, path, hint string) *document {
	data, err := os.ReadFile(path)
	if err != nil {
		name := path
		if at.doc != nil && at.doc.path == path { // the message begins with it
			name = "this file"
		}
		l.fault(at, "cannot read "+name+": "+reason(err), hint)
		return nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	if l.included[abs] {
		l.fault(at, path+" is included twice", "name each file once")
		return nil
	}
	l.included[abs] = true
	l.config.Files = append(l.config.Files, abs)
	return &document{path: path, data: strings.TrimPrefix(string(data), "\ufeff")}
}

// reason is why a file could not be read, without its name.
func reason(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such file"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// decode reads the document into v; false if there was nothing to read.
func (l *loader) decode(doc *document, v reflect.Value) bool {
	var root yaml.Node
	if err := yaml.Load([]byte(doc.data), &root); err != nil {
		l.syntax(doc, err)
		return false
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) == 0 || isNull(root.Content[0]) {
		l.fault(place{doc: doc}, "there is nothing in it", "run `aggregator init` in an empty folder to see an example")
		return false
	}
	d := &decoder{loader: l, doc: doc, fields: map[reflect.Type]map[string][]int{}, left: spareNodes + nodesPerByte*len(doc.data)}
	d.mapping(root.Content[0], v)
	return !d.full
}

// syntax turns the library's errors into faults.
func (l *loader) syntax(doc *document, err error) {
	var many *yaml.LoadErrors
	var one *yaml.LoadError
	errs := []*yaml.LoadError{}
	switch {
	case errors.As(err, &many):
		errs = many.Errors
	case errors.As(err, &one):
		errs = append(errs, one)
	default:
		l.fault(place{doc: doc}, err.Error(), "")
	}
	for _, e := range errs {
		at := place{doc: doc}
		if e.Mark.Line > 0 {
			at.node = &yaml.Node{Line: e.Mark.Line, Column: max(1, e.Mark.Column)}
		}
		message := strings.TrimPrefix(e.Message, "yaml: ")
		if e.ContextMsg != "" {
			message = e.ContextMsg + ": " + message
		}
		if strings.Contains(message, "no documents") {
			message = "there is nothing in it"
		}
		l.fault(at, message, syntaxHint(message))
	}
}

// syntaxHint says what people most often mean.
func syntaxHint(message string) string {
	switch {
	case strings.Contains(message, "nothing in it"):
		return "run `aggregator init` in an empty folder to see an example"
	case strings.Contains(message, "multiple"):
		return "one file holds one document: leave out the line ---"
	case strings.Contains(message, "cannot start any token"):
		return "indent with spaces, not tabs; put text with special characters in 'single quotes'"
	case strings.Contains(message, "mapping values are not allowed"):
		return "put text that holds a colon in 'single quotes'"
	case strings.Contains(message, "expected key"):
		return "look at the quotes and the indentation; put text that holds quotes in 'single quotes'"
	case strings.Contains(message, "unknown anchor"), strings.Contains(message, "alphabetic or numeric"):
		return "put text that begins with * in quotes"
	case strings.Contains(message, "escape"):
		return `write \\ for a backslash, or use 'single quotes'`
	}
	return "look at the quotes, brackets and indentation here and above"
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
