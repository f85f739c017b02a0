package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v4"

	"aggregator/internal/access"
	"aggregator/internal/canon"
)

// hidden stands for a secret.
const hidden = "***"

// Show is the configuration as resolved: a file that loads to the same, but
// for the secrets, which are hidden, and files that were taken in.
func (c *Config) Show() []byte {
	f := c.spec()
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(encodeStruct(reflect.ValueOf(f).Elem())); err != nil {
		return fmt.Appendf(nil, "# %v\n", err) // the emitter refuses nothing that Load takes
	}
	return b.Bytes()
}

// encode writes what the file could say, without what it leaves out.
func encode(v reflect.Value) *yaml.Node {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if own, ok := v.Addr().Interface().(interface{ encode() *yaml.Node }); ok {
		return own.encode()
	}
	if v.Kind() == reflect.Slice {
		return encodeList(v)
	}
	return encodeStruct(v)
}

func encodeList(v reflect.Value) *yaml.Node {
	if v.IsNil() {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range v.Len() {
		n.Content = append(n.Content, encode(v.Index(i)))
	}
	if v.Len() == 0 || n.Content[0].Kind == yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
	return n
}

func encodeStruct(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range specFields(v.Type()) {
		if val := encode(v.FieldByIndex(f.Index)); val != nil {
			key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.Tag.Get("yaml")}
			n.Content = append(n.Content, key, val)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

// spec is the file that would say all that c holds.
func (c *Config) spec() *file {
	f := &file{
		Title: of(c.Title), Contact: orNone(c.Contact), Listen: of(c.Listen),
		Store: c.Store.spec(), Retain: of(c.Retain), Fetch: c.Fetch.spec(),
		Dedupe:  dedupeSpec{Window: of(c.Dedupe.Window), Near: of(c.Dedupe.Near), Events: of("off"), Prefer: list(c.Dedupe.Prefer)},
		Publish: publishSpec{feedSpec: c.Publish.Feed.spec(), Dir: of(c.Publish.Dir), Hub: of(canon.Public(c.Publish.Hub))},
	}
	if c.URL != DefaultURL(c.Listen) {
		f.URL = of(c.URL)
	}
	if c.Dedupe.Events {
		f.Dedupe.Events = of("group")
	}
	for i := range c.Sources {
		f.Sources = append(f.Sources, c.Sources[i].spec(c))
	}
	for i := range c.Topics {
		f.Topics = append(f.Topics, c.Topics[i].spec(c.Publish.Feed))
	}
	for i := range c.Tests {
		f.Tests = append(f.Tests, c.Tests[i].spec())
	}
	return f
}

func orNone(s string) value[string] {
	if s == "" {
		return value[string]{}
	}
	return of(s)
}

func orHidden(secret string) value[string] {
	if secret == "" {
		return value[string]{}
	}
	return of(hidden)
}

func list(words []string) []value[string] {
	var out []value[string]
	for _, w := range words {
		out = append(out, of(w))
	}
	return out
}

func (s Store) spec() storeSpec {
	return storeSpec{URL: of(s.URL), User: orNone(s.User), Password: orHidden(s.Password), Prefix: orNone(s.Prefix), TLS: s.TLS.spec()}
}

func (t TLS) spec() *tlsSpec {
	if t == (TLS{}) {
		return nil
	}
	return &tlsSpec{CAFile: orNone(t.CAFile), CertFile: orNone(t.CertFile), KeyFile: orNone(t.KeyFile)}
}

func (f Fetch) spec() fetchSpec {
	s := fetchSpec{
		Schedule: of(f.Schedule.String()), Spread: of(f.Spread), MinInterval: of(f.MinInterval), Timeout: of(f.Timeout),
		MaxSize: of(size(f.MaxSize)), Concurrency: of(f.Concurrency), Proxy: of(canon.Public(f.Proxy)),
		PerHost: perHostSpec{Concurrency: of(f.PerHost.Concurrency), Interval: of(f.PerHost.Interval)},
	}
	for _, n := range f.AllowNetworks {
		s.AllowNetworks = append(s.AllowNetworks, of(n.String()))
	}
	return s
}

func (s *Source) spec(c *Config) sourceSpec {
	out := sourceSpec{
		URL: of(canon.Public(s.URL)), Name: orNone(s.Name), Schedule: of(s.Schedule.String()), Tier: of(s.Tier),
		Topics: list(s.Topics), Tags: list(s.Tags), Language: orNone(s.Language),
		BearerToken: orHidden(s.BearerToken), TLS: TLS(s.Access.TLS).spec(), Proxy: orNone(canon.Public(s.Access.Proxy)),
	}
	for _, name := range sorted(s.Access.Headers) {
		out.Headers = append(out.Headers, entry[string]{of(name), of(hidden)})
	}
	if s.Access.User != "" {
		out.BasicAuth = &authSpec{User: of(s.Access.User), Password: orHidden(s.Access.Password)}
	}
	if s.Access.Timeout > 0 {
		out.Timeout = of(s.Access.Timeout)
	}
	if s.Access.MaxSize > 0 {
		out.MaxSize = of(size(s.Access.MaxSize))
	}
	if s.MinInterval != c.Fetch.MinInterval {
		out.MinInterval = of(s.MinInterval)
	}
	if s.Near != c.Dedupe.near() {
		out.Dedupe = &sourceDedupeSpec{Near: of(s.Near == NearOwn)}
	}
	if s.Access.Discover {
		out.Discover = of(true)
	}
	if s.Drop != nil {
		out.Drop = of(s.Drop.String())
	}
	if s.Keep != nil {
		out.Keep = of(s.Keep.String())
	}
	return out
}

func (t *Topic) spec(shared Feed) topicSpec {
	s := topicSpec{Name: of(t.Name)}
	if t.Match != nil {
		s.Match = of(t.Match.String())
	}
	if t.Score != nil {
		s.Score = &scoreSpec{Threshold: of(t.Threshold)}
		for _, w := range t.Score {
			s.Score.Terms = append(s.Score.Terms, entry[float64]{of(w.Query.String()), of(w.Weight)})
		}
	}
	if t.Head {
		s.LookIn = of("head")
	}
	if !reflect.DeepEqual(t.Feed, shared) {
		feed := t.Feed.spec()
		s.Publish = &feed
	}
	return s
}

func (f Feed) spec() feedSpec {
	s := feedSpec{
		Formats: list(f.Formats), Items: of(f.Items), MaxAge: of(f.MaxAge), MaxPerSource: of(f.MaxPerSource),
		Content: of("summary"), Also: of(f.Also),
	}
	if f.Full {
		s.Content = of("full")
	}
	if f.Formats != nil && len(f.Formats) == 0 {
		s.Formats = []value[string]{}
	}
	if !f.Access.Public() {
		s.Access = keysSpec(f.Access)
	}
	return s
}

func keysSpec(a access.Keys) *accessSpec {
	s := &accessSpec{}
	for i := range a.Tokens { // long enough to load
		s.Tokens = append(s.Tokens, of("hidden-hidden-hidden-"+itoa(i+1)))
	}
	if a.User != "" {
		s.BasicAuth = &authSpec{User: of(a.User), Password: orHidden(a.Password)}
	}
	return s
}

func (t *Test) spec() testSpec {
	s := testSpec{Not: list(t.Not), Item: testItemSpec{
		Title: orNone(t.Item.Title), Summary: orNone(t.Item.Summary), Text: orNone(t.Item.Text), URL: orNone(t.Item.URL),
		Source: orNone(t.SourceName), Language: orNone(t.Item.Language), Labels: list(t.Item.Labels),
	}}
	if t.Exact {
		s.Topics = list(t.Topics)
	} else {
		s.In = list(t.Topics)
	}
	for _, a := range t.Item.Authors {
		s.Item.Author = of(a.Name)
	}
	return s
}

// ShowJSON is what Show shows, as JSON.
func (c *Config) ShowJSON() ([]byte, error) {
	var v any
	if err := yaml.Unmarshal(c.Show(), &v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}
