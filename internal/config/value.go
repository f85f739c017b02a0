package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/schedule"
	"go.yaml.in/yaml/v4"
)

func itoa(n int) string { return strconv.Itoa(n) }

// size is a number of bytes.
type size int64

// A value is a scalar of the file and the place where it stands.
type value[T string | int | float64 | bool | time.Duration | size] struct {
	V T
	place
}

func (v *value[T]) stand(at place) { v.place = at }

func (v *value[T]) decode(d *decoder, n *yaml.Node) {
	v.stand(place{d.doc, n})
	if n.Kind != yaml.ScalarNode {
		d.unreadable(v.place, "this is "+kindOf(n)+", but "+expected(v.V)+" belongs here", exampleOf(v.V))
		return
	}
	text, expanded := d.expand(v.place, n.Value)
	if _, isText := any(v.V).(string); !isText && n.Tag == "!!str" && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && !expanded && !unitful(v.V) {
		d.unreadable(v.place, fmt.Sprintf("%q is text, but %s belongs here", text, expected(v.V)), "leave the quotes out")
		return
	}
	if err := v.parse(text); err != nil {
		d.unreadable(v.place, err.Error(), exampleOf(v.V))
	}
}

// parse reads the text of a scalar as the type that it must be.
func (v *value[T]) parse(text string) error {
	var err error
	switch p := any(&v.V).(type) {
	case *string:
		*p = text
	case *int:
		*p, err = strconv.Atoi(text)
	case *float64:
		*p, err = strconv.ParseFloat(text, 64)
		if math.IsNaN(*p) || math.IsInf(*p, 0) {
			err = strconv.ErrRange
		}
	case *bool:
		*p = text == "true"
		if text != "true" && text != "false" {
			err = strconv.ErrSyntax
		}
	case *time.Duration:
		*p, err = schedule.ParseDuration(text)
	case *size:
		*p, err = parseSize(text)
	}
	if err != nil {
		return fmt.Errorf("%q is not %s", text, expected(v.V))
	}
	return nil
}

// unitful says that people rightly write the value in quotes: it has a unit.
func unitful(v any) bool {
	switch v.(type) {
	case time.Duration, size:
		return true
	}
	return false
}

func expected(v any) string {
	switch v.(type) {
	case int:
		return "a whole number"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case time.Duration:
		return "a duration"
	case size:
		return "a size"
	}
	return "text"
}

func exampleOf(v any) string {
	switch v.(type) {
	case int:
		return "write a number such as 10"
	case float64:
		return "write a number such as 2.5"
	case bool:
		return "write true or false"
	case time.Duration:
		return "write a number with its unit: 30s, 15m, 12h or 7d"
	case size:
		return "write a number with its unit: 500KiB or 10MiB"
	}
	return "write one value"
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a group of keys"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

// parseSize reads 10MiB, 10MB, 500 KiB, 512B.
func parseSize(text string) (size, error) {
	number := strings.TrimRight(text, "BKMGTkibmgt ")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, err
	}
	unit, ok := unitSize(strings.ToLower(strings.TrimSpace(text[len(number):])))
	if bytes := n * unit; ok && bytes >= 0 && bytes < 1<<50 {
		return size(bytes), nil
	}
	return 0, strconv.ErrRange
}

func unitSize(unit string) (float64, bool) {
	switch unit {
	case "b":
		return 1, true
	case "kb", "k":
		return 1e3, true
	case "mb", "m":
		return 1e6, true
	case "gb", "g":
		return 1e9, true
	case "kib":
		return 1 << 10, true
	case "mib":
		return 1 << 20, true
	case "gib":
		return 1 << 30, true
	}
	return 0, false
}

func formatSize(s size) string {
	for _, u := range []string{"GiB", "MiB", "KiB"} {
		if unit, _ := unitSize(strings.ToLower(u)); s > 0 && s%size(unit) == 0 {
			return fmt.Sprintf("%d%s", int64(s)/int64(unit), u)
		}
	}
	return fmt.Sprintf("%dB", s)
}

// scalar is the value as a YAML node, nil for one that says nothing: false
// stands for itself, since some defaults are true.
func (v value[T]) scalar() *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"}
	switch x := any(v.V).(type) {
	case string:
		n.Value = strings.ReplaceAll(x, "${", "$${")
	case int:
		n.Tag, n.Value = "!!int", strconv.Itoa(x)
	case float64:
		n.Tag, n.Value = "!!float", strconv.FormatFloat(x, 'g', -1, 64)
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(x)
	case time.Duration:
		n.Value = schedule.FormatDuration(x)
	case size:
		n.Value = formatSize(x)
	}
	return n
}

func (v *value[T]) encode() *yaml.Node {
	if !v.given() {
		return nil
	}
	return v.scalar()
}

// fill gives the value its default where the file has none.
func (v *value[T]) fill(text string) {
	if v.given() || text == "" {
		return
	}
	if err := v.parse(text); err != nil {
		panic("config: default " + text + ": " + err.Error()) // a defect in spec.go
	}
}

// of is a value that counts as given, for Show.
func of[T string | int | float64 | bool | time.Duration | size](v T) value[T] {
	return value[T]{V: v, place: place{&document{}, &yaml.Node{}}}
}

// A dict is a mapping whose keys are the user's own, in their order.
type dict[T string | float64] []entry[T]

type entry[T string | float64] struct {
	Key   value[string]
	Value value[T]
}

func (m *dict[T]) decode(d *decoder, n *yaml.Node) {
	d.pairs(n, func(key, val *yaml.Node) {
		var e entry[T]
		e.Key.decode(d, key)
		d.read(val, reflect.ValueOf(&e.Value).Elem())
		*m = append(*m, e)
	})
}

func (m *dict[T]) encode() *yaml.Node {
	if len(*m) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, e := range *m {
		n.Content = append(n.Content, e.Key.scalar(), e.Value.scalar())
	}
	return n
}

// decode of the store takes the address alone, as most write it.
func (s *storeSpec) decode(d *decoder, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		s.URL.decode(d, n)
		return
	}
	d.mapping(n, reflect.ValueOf(s).Elem())
}

func (s *storeSpec) encode() *yaml.Node {
	if !s.User.given() && !s.Password.given() && !s.Prefix.given() && s.TLS == nil {
		return s.URL.encode()
	}
	return encodeStruct(reflect.ValueOf(s).Elem())
}
