package feedcheck

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed testdata/jsonfeed-1.1.schema.json
var jsonFeed []byte

// schema is compiled when the first document wants it.
var schema = sync.OnceValue(func() *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(jsonFeed))
	if err != nil {
		panic(err) // it is part of the program
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("feed.json", doc); err != nil {
		panic(err)
	}
	return c.MustCompile("feed.json")
})

func checkJSON(r *report, doc []byte, self string) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		r.add("not-well-formed", "document", "%v", err)
		return
	}
	if err := schema().Validate(v); err != nil {
		bySchema(r, err)
	}
	feed, ok := v.(map[string]any)
	if !ok {
		return
	}
	for _, name := range []string{"home_page_url", "next_url", "icon", "favicon"} {
		foundIn(r, feed, name, "feed", web)
	}
	foundIn(r, feed, "feed_url", "feed", web)
	switch url := feed["feed_url"]; {
	case url == nil:
		r.add("missing-self", "feed", "no feed_url says where the feed is")
	case self != "" && url != self:
		r.add("self-mismatch", "feed", "%v, and it stands at %s", url, self)
	}
	ids := map[string]bool{}
	items, _ := feed["items"].([]any)
	for i, it := range items {
		it, ok := it.(map[string]any)
		if !ok {
			continue
		}
		where := fmt.Sprintf("items/%d", i)
		id := fmt.Sprint(it["id"])
		if ids[id] {
			r.add("duplicate-id", where, "%s", id)
		}
		ids[id] = true
		checkJSONItem(r, it, where)
	}
}

// bySchema gives the leaves of what the schema found.
func bySchema(r *report, err error) {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		r.add("schema", "document", "%v", err)
		return
	}
	if len(v.Causes) == 0 {
		r.add("schema", strings.Join(v.InstanceLocation, "/"), "%.300s", v.Error())
	}
	for _, c := range v.Causes {
		bySchema(r, c)
	}
}

// jsonValues are the fields of an item that have a form.
var jsonValues = map[string]value{
	"id": text, "url": points, "external_url": points, "image": web, "banner_image": web, "title": text, "content_html": html,
	"summary": text, "date_published": date3339, "date_modified": date3339, "language": lang,
}

func checkJSONItem(r *report, it map[string]any, where string) {
	for name, v := range jsonValues {
		foundIn(r, it, name, where, v)
	}
	for _, a := range list(it["authors"]) {
		foundIn(r, a, "url", where+"/authors", points)
		foundIn(r, a, "avatar", where+"/authors", web)
		foundIn(r, a, "name", where+"/authors", text)
	}
	for _, a := range list(it["attachments"]) {
		foundIn(r, a, "url", where+"/attachments", web)
		foundIn(r, a, "mime_type", where+"/attachments", mediaType)
		foundIn(r, a, "title", where+"/attachments", text)
	}
	tags, _ := it["tags"].([]any)
	seen := map[string]bool{}
	for _, t := range tags {
		key := strings.ToLower(fmt.Sprint(t))
		if seen[key] {
			r.add("duplicate-category", where, "%v", t)
		}
		seen[key] = true
	}
	p, _ := it["date_published"].(string)
	u, _ := it["date_modified"].(string)
	if p != "" && u != "" && u < p && strings.HasSuffix(p, "Z") && strings.HasSuffix(u, "Z") {
		r.add("updated-before-published", where, "%s, published %s", u, p)
	}
}

func list(v any) (objects []map[string]any) {
	all, _ := v.([]any)
	for _, o := range all {
		if o, ok := o.(map[string]any); ok {
			objects = append(objects, o)
		}
	}
	return objects
}

// foundIn looks at a field that is a string; the schema says what is none.
func foundIn(r *report, o map[string]any, name, where string, check value) {
	s, ok := o[name].(string)
	if !ok {
		return
	}
	if f := check(s); f.rule != "" {
		r.add(f.rule, where, "%s: %s", name, f.what)
	}
}
