package config

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema of aggregator.yaml, for editors.
func Schema() []byte {
	r := jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		ExpandedStruct:             true,
		DoNotReference:             true,
		Anonymous:                  true,
		Mapper:                     mapped,
		LookupComment:              documented,
	}
	s := r.Reflect(&file{})
	s.ID, s.Title = "", "aggregator.yaml"
	defaults(s, reflect.TypeFor[file]())
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("config: schema: " + err.Error()) // a defect in spec.go
	}
	return append(out, '\n')
}

// documented is the doc tag of a field.
func documented(t reflect.Type, field string) string {
	if t.Kind() != reflect.Struct {
		return ""
	}
	f, _ := t.FieldByName(field)
	return f.Tag.Get("doc")
}

// mapped gives our own values their schemas. A reference to the environment
// may stand for any of them.
func mapped(t reflect.Type) *jsonschema.Schema {
	const reference = `\$\{`
	or := func(s *jsonschema.Schema) *jsonschema.Schema {
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "string", Pattern: reference}}}
	}
	switch t {
	case reflect.TypeFor[value[string]]():
		return &jsonschema.Schema{Type: "string"}
	case reflect.TypeFor[value[int]]():
		return or(&jsonschema.Schema{Type: "integer", Minimum: "0"})
	case reflect.TypeFor[value[float64]]():
		return or(&jsonschema.Schema{Type: "number"})
	case reflect.TypeFor[value[bool]]():
		return or(&jsonschema.Schema{Type: "boolean"})
	case reflect.TypeFor[value[time.Duration]]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "string", Pattern: `^(0|([0-9]+w)?([0-9]+d)?([0-9.]+(h|m|s|ms))*)$|` + reference}, {Const: 0},
		}}
	case reflect.TypeFor[value[size]]():
		return &jsonschema.Schema{Type: "string", Pattern: `^[0-9.]+ ?([KkMmGg]i?)?[Bb]?$|` + reference}
	case reflect.TypeFor[dict[string]]():
		return &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "string"}}
	case reflect.TypeFor[dict[float64]]():
		return &jsonschema.Schema{Type: "object", AdditionalProperties: or(&jsonschema.Schema{Type: "number"})}
	}
	return nil
}

// defaults writes the default tags into the schema, and lets the store be an
// address alone.
func defaults(s *jsonschema.Schema, t reflect.Type) {
	for _, f := range specFields(t) {
		prop, ok := s.Properties.Get(f.Tag.Get("yaml"))
		if !ok {
			continue
		}
		prop.Default = defaultOf(f)
		inner := f.Type
		if inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct && prop.Items != nil {
			prop, inner = prop.Items, inner.Elem()
		}
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if prop.Properties != nil {
			defaults(prop, inner)
		}
		if inner == reflect.TypeFor[storeSpec]() {
			group := *prop
			*prop = jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, &group}, Default: "file:data", Description: "Where everything is kept: an address, or a group with password_file and such."}
		}
	}
}

func defaultOf(f reflect.StructField) any {
	text, ok := f.Tag.Lookup("default")
	if !ok {
		return nil
	}
	v := reflect.New(f.Type)
	if p, isValue := v.Interface().(interface{ fill(string) }); isValue {
		p.fill(text)
		switch x := v.Elem().FieldByName("V").Interface().(type) {
		case int, bool, float64:
			return x
		}
		return text
	}
	return strings.Fields(text)
}
