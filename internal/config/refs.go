package config

import (
	"fmt"
	"slices"
	"strings"

	"aggregator/internal/news"
)

// references checks what names what: no two of one name, nothing that names
// what is not there, no circle.
func (l *loader) references(f *file) {
	places := l.uniqueTopics(f)
	l.uniqueSources()
	for i := range f.Sources {
		for _, t := range f.Sources[i].Topics {
			l.topicExists(t, t.V, places)
		}
	}
	for i := range l.config.Sources {
		l.nameTopics(l.config.Sources[i].Topics)
	}
	for i := range f.Tests {
		l.testTopics(&f.Tests[i], places)
		l.nameTopics(l.config.Tests[i].Topics)
		l.nameTopics(l.config.Tests[i].Not)
	}
	l.topicRules(f, places)
}

// named is the topic's own spelling of a name: names are compared by their
// addresses, so that china/human rights is China/Human Rights.
func (l *loader) named(name string) string {
	if own, ok := l.topicNames[news.Topic{Name: name}.Path()]; ok {
		return own
	}
	return name
}

func (l *loader) nameTopics(names []string) {
	for i, name := range names {
		names[i] = l.named(name)
	}
}

// uniqueTopics refuses two topics of one address, and gives each one's place.
func (l *loader) uniqueTopics(f *file) map[string]place {
	places, paths := map[string]place{}, map[string]place{}
	n := 0
	for i := range f.Topics {
		name := f.Topics[i].Name
		if !name.given() {
			continue
		}
		t := l.config.Topics[n]
		n++
		if first, twice := paths[t.Path()]; twice && t.Path() != "" {
			l.fault(name.place, fmt.Sprintf("the topic %q has the same address as the one at %s: /topics/%s", t.Name, first.where(), t.Path()), "give it another name")
		}
		places[t.Name], paths[t.Path()] = name.place, name.place
		l.topicNames[t.Path()] = t.Name
	}
	return places
}

func (l *loader) topicExists(at value[string], name string, places map[string]place) {
	if _, ok := places[l.named(strings.TrimSpace(name))]; ok || l.broken[at.node] {
		return
	}
	hint := "write a topic of that name under topics:"
	if len(places) > 0 {
		if near := nearest(name, places); near != "" {
			hint = "write " + near
		}
	}
	f := newFault(at.place, fmt.Sprintf("there is no topic %q", name), hint)
	if i := strings.Index(at.V, name); i > 0 { // inside a query
		f.Line, f.Col = at.inside(i)
		f.Excerpt = excerpt(at.doc.line(f.Line), f.Col)
	}
	l.faults = append(l.faults, f)
}

func (l *loader) testTopics(s *testSpec, places map[string]place) {
	in := map[string]bool{}
	for _, t := range s.Topics {
		l.topicExists(t, t.V, places)
		in[l.named(t.V)] = true
	}
	for _, t := range s.Not {
		l.topicExists(t, t.V, places)
		if in[l.named(t.V)] {
			l.fault(t.place, fmt.Sprintf("%q stands in topics and in not", t.V), "leave one out")
		}
	}
}

// topicRules checks what the rules of topics name: topics that are there, a
// parent for each path, and no circle.
func (l *loader) topicRules(f *file, places map[string]place) {
	needs := map[string][]string{}
	n := 0
	for i := range f.Topics {
		s := &f.Topics[i]
		if !s.Name.given() {
			continue
		}
		t := l.config.Topics[n]
		n++
		needs[t.Name] = append(needs[t.Name], l.joins(t, s.Name, places)...)
		if t.Match != nil {
			needs[t.Name] = append(needs[t.Name], l.asks(s.Match, t.Match.Topics(), places)...)
		}
		for j, w := range t.Score {
			if len(t.Score) == len(s.Score.Terms) {
				needs[t.Name] = append(needs[t.Name], l.asks(s.Score.Terms[j].Key, w.Query.Topics(), places)...)
			}
		}
	}
	l.circles(needs, places)
}

// joins are the two topics that A/B joins, where B is one.
func (l *loader) joins(t Topic, name value[string], places map[string]place) []string {
	parents := t.Parents()
	if len(parents) == 0 {
		return nil
	}
	parents[0] = l.named(parents[0])
	if _, ok := places[parents[0]]; !ok {
		l.fault(name.place, fmt.Sprintf("%q stands below %q, which is no topic", t.Name, parents[0]), fmt.Sprintf("write - name: %s as well, or another word for the /", parents[0]))
	}
	last := l.named(t.Name[strings.LastIndexByte(t.Name, '/')+1:])
	if _, ok := places[last]; !ok {
		return nil
	}
	return []string{parents[0], last}
}

func (l *loader) asks(v value[string], names []string, places map[string]place) []string {
	for _, name := range names {
		l.topicExists(v, name, places)
	}
	names = slices.Clone(names)
	l.nameTopics(names)
	return names
}

// circles finds topics that need themselves, each circle once.
func (l *loader) circles(needs map[string][]string, places map[string]place) {
	const done = -1
	state := map[string]int{} // place in the way there, from 1; or done
	var way []string
	var visit func(name string)
	visit = func(name string) {
		if at := state[name]; at > 0 {
			circle := append(slices.Clone(way[at-1:]), name)
			l.fault(places[name], "topics need each other in a circle: "+strings.Join(circle, " → "), "leave topic: out of one of their rules")
			return
		} else if at == done {
			return
		}
		way = append(way, name)
		state[name] = len(way)
		for _, next := range needs[name] {
			visit(next)
		}
		way = way[:len(way)-1]
		state[name] = done
	}
	for _, name := range sorted(needs) {
		visit(name)
	}
}

// uniqueSources refuses two sources of one address or one name.
func (l *loader) uniqueSources() {
	keys, names := map[string]place{}, map[string]place{}
	for i, s := range l.config.Sources {
		at, name := l.sourcePlaces[i], strings.ToLower(s.Name)
		if first, twice := keys[s.Key]; twice && s.Key != "" {
			l.fault(at.url, fmt.Sprintf("%s is a source already, at %s", s.Key, first.where()), "leave one out")
		}
		if first, twice := names[name]; twice && name != "" {
			l.fault(at.name, fmt.Sprintf("%q is the name of a source already, at %s", s.Name, first.where()), "give one of them another name")
		}
		keys[s.Key], names[name] = at.url, at.name
	}
}
