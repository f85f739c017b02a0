package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The decoder is our own: the library's loses the unknown-key check under a
// custom UnmarshalYAML, and forgets where a value stood. It walks the node
// tree against the types of spec.go and reports all that does not fit.

// decodable is what knows how to read itself from a node.
type decodable interface {
	decode(d *decoder, n *yaml.Node)
}

type decoder struct {
	*loader
	doc    *document
	fields map[reflect.Type]map[string][]int // key → index of the field
	left   int                               // nodes that may still be read, aliases counted each time
	depth  int
	full   bool // there was too much of one of them
}

const (
	// A file without aliases has fewer nodes than bytes; with them it may have
	// spareNodes and nodesPerByte.
	spareNodes   = 100_000
	nodesPerByte = 10
	maxDepth     = 32
)

// read decodes n into v, which is addressable.
func (d *decoder) read(n *yaml.Node, v reflect.Value) {
	n, ok := d.enter(n)
	defer func() { d.depth-- }()
	if !ok {
		return
	}
	if own, ok := v.Addr().Interface().(interface{ stand(place) }); ok {
		own.stand(place{d.doc, n})
	}
	if isNull(n) {
		d.unreadable(place{d.doc, n}, "there is no value here", "write one, or leave the key out")
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
		if group, ok := v.Addr().Interface().(interface{ stand(place) }); ok {
			group.stand(place{d.doc, n})
		}
	}
	if own, ok := v.Addr().Interface().(decodable); ok {
		own.decode(d, n)
		return
	}
	if v.Kind() == reflect.Slice {
		d.list(n, v)
		return
	}
	d.mapping(n, v)
}

// enter follows an alias, and guards against bombs of them.
func (d *decoder) enter(n *yaml.Node) (*yaml.Node, bool) {
	d.depth++
	d.left--
	if d.depth > maxDepth || d.left < 0 {
		if !d.full { // once is enough
			d.fault(place{d.doc, n}, "there is too much nested or repeated here", "write fewer aliases")
		}
		d.full = true
		return n, false
	}
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n, true
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func (d *decoder) list(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.unreadable(place{d.doc, n}, "this is "+kindOf(n)+", but a list belongs here", "write [one, two], or a line with - for each")
		return
	}
	if d.full {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		d.read(c, v.Index(i))
	}
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value) {
	fields := d.fieldsOf(v.Type())
	d.pairs(n, func(key, val *yaml.Node) {
		index, known := fields[key.Value]
		if !known {
			d.unreadable(place{d.doc, key}, fmt.Sprintf("unknown key %q", key.Value), instead(key.Value, fields))
			return
		}
		d.read(val, v.FieldByIndex(index))
	})
}

// pairs gives each key and value of a mapping once; `<<` takes in what the
// mapping itself does not say.
func (d *decoder) pairs(n *yaml.Node, each func(key, val *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.unreadable(place{d.doc, n}, "this is "+kindOf(n)+", but a group of keys belongs here", "write key: value")
		return
	}
	seen := make(map[string]int, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		first, twice := seen[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.unreadable(place{d.doc, key}, "this key is "+kindOf(key), "write a word")
		case key.Value == "<<" && key.Style == 0:
			merged = append(merged, val)
		case twice:
			d.unreadable(place{d.doc, key}, fmt.Sprintf("the key %q stands here twice", key.Value), fmt.Sprintf("keep this or the one in line %d", first))
		default:
			seen[key.Value] = key.Line
			each(key, val)
		}
	}
	for _, m := range merged {
		d.merge(m, seen, each)
	}
}

// merge takes in a mapping, or a list of them, the first before the next.
func (d *decoder) merge(n *yaml.Node, seen map[string]int, each func(key, val *yaml.Node)) {
	n, ok := d.enter(n)
	defer func() { d.depth-- }()
	if !ok {
		return
	}
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			d.merge(c, seen, each)
		}
		return
	}
	d.pairs(n, func(key, val *yaml.Node) {
		if _, own := seen[key.Value]; !own {
			seen[key.Value] = key.Line
			each(key, val)
		}
	})
}

func (d *decoder) fieldsOf(t reflect.Type) map[string][]int {
	if known, ok := d.fields[t]; ok {
		return known
	}
	fields := map[string][]int{}
	for _, f := range specFields(t) {
		fields[f.Tag.Get("yaml")] = f.Index
	}
	d.fields[t] = fields
	return fields
}

// specFields are the keys of a type of spec.go, those of an inlined one too.
func specFields(t reflect.Type) []reflect.StructField {
	var fields []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if _, key := f.Tag.Lookup("yaml"); key && !f.Anonymous {
			fields = append(fields, f)
		}
	}
	return fields
}

// fill sets what the file does not say to its default.
func fill(v reflect.Value) {
	for _, f := range specFields(v.Type()) {
		field, text := v.FieldByIndex(f.Index), f.Tag.Get("default")
		if p, ok := field.Addr().Interface().(interface{ fill(string) }); ok {
			p.fill(text)
			continue
		}
		switch list, isList := field.Addr().Interface().(*[]value[string]); {
		case isList && *list == nil:
			for word := range strings.FieldsSeq(text) {
				*list = append(*list, value[string]{V: word})
			}
		case field.Kind() == reflect.Struct:
			fill(field)
		}
	}
}

// expand puts the environment in for ${NAME}; $${ stands for ${ itself.
func (d *decoder) expand(at place, text string) (out string, expanded bool) {
	if !strings.Contains(text, "${") {
		return text, false
	}
	out = regexp.MustCompile(`\$?\$\{[^}]*\}?`).ReplaceAllStringFunc(text, func(ref string) string {
		if strings.HasPrefix(ref, "$$") {
			return ref[1:]
		}
		name := strings.TrimSuffix(strings.TrimPrefix(ref, "${"), "}")
		if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name) || ref[len(ref)-1] != '}' {
			d.unreadable(at, fmt.Sprintf("%s is no reference to the environment", ref), "write ${NAME}, or $${ for these two characters")
			return ref
		}
		val, ok := d.env(name)
		if !ok {
			d.unreadable(at, fmt.Sprintf("${%s} is not set in the environment", name), "set it, or write $${ for these two characters")
			return ref
		}
		return val
	})
	return out, true
}
