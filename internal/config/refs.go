package config

import (
	"fmt"
	"slices"
	"strings"

	"aggregator/internal/news"
	"aggregator/internal/query"
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
	for _, t := range slices.Concat(s.Topics, s.In) {
		l.topicExists(t, t.V, places)
		in[l.named(t.V)] = true
	}
	for _, t := range s.Not {
		l.topicExists(t, t.V, places)
		if in[l.named(t.V)] {
			l.fault(t.place, fmt.Sprintf("%q is wanted and stands in not", t.V), "leave one out")
		}
	}
}

// links are what topics are made of, by name.
type links struct {
	needs   map[string][]string // what the rule asks for, and joins
	below   map[string][]string // A/B, for A: what is in it is in A
	against []denial
}

// A denial is a topic that asks for what is not in another.
type denial struct {
	topic, other string
	at           value[string]
}

// topicRules checks what the rules of topics name: topics that are there, a
// parent for each path, and no circle.
func (l *loader) topicRules(f *file, places map[string]place) {
	k := &links{needs: map[string][]string{}, below: map[string][]string{}}
	n := 0
	for i := range f.Topics {
		s := &f.Topics[i]
		if !s.Name.given() {
			continue
		}
		t := l.config.Topics[n]
		n++
		l.joins(k, t, s.Name, places)
		if t.Match != nil {
			l.asks(k, t.Name, s.Match, t.Match, false, places)
		}
		for _, term := range t.Score {
			l.asks(k, t.Name, l.terms[term.Query], term.Query, term.Weight < 0, places)
		}
	}
	l.circles(k.needs, places)
	l.denials(k)
}

// joins are the topics that a path is made of: A/B of A and B, where B is one.
func (l *loader) joins(k *links, t Topic, name value[string], places map[string]place) {
	for i, c := range t.Name {
		if c != '/' {
			continue
		}
		a, b := l.named(t.Name[:i]), l.named(t.Name[i+1:])
		if _, ok := places[b]; ok {
			k.needs[t.Name] = append(k.needs[t.Name], a, b)
		}
		k.below[a] = append(k.below[a], t.Name)
	}
	for _, parent := range t.Parents()[:min(1, len(t.Parents()))] {
		if _, ok := places[l.named(parent)]; !ok {
			l.fault(name.place, fmt.Sprintf("%q stands below %q, which is no topic", t.Name, parent), fmt.Sprintf("write - name: %s as well, or another word for the /", parent))
		}
	}
}

// asks notes the topics that a query of the topic names.
func (l *loader) asks(k *links, topic string, v value[string], q *query.Query, against bool, places map[string]place) {
	denied := q.NotTopics()
	for _, name := range q.Topics() {
		l.topicExists(v, name, places)
		other := l.named(name)
		k.needs[topic] = append(k.needs[topic], other)
		if against || slices.Contains(denied, name) {
			k.against = append(k.against, denial{topic, other, v})
		}
	}
}

// denials refuses a topic that asks for what is not in another, if what is in
// the other depends on the topic: there may be no answer.
func (l *loader) denials(k *links) {
	for _, d := range k.against {
		if d.topic != d.other && k.reaches(d.other, d.topic, map[string]bool{}) {
			l.fault(d.at.place, fmt.Sprintf("what is in %s is in %s as well, so it cannot ask for what is not in there", d.topic, d.other), "give the topic another name, or ask for words")
		}
	}
}

func (k *links) reaches(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, next := range slices.Concat(k.needs[from], k.below[from]) {
		if k.reaches(next, to, seen) {
			return true
		}
	}
	return false
}

// circles finds topics that need themselves, each circle once.
func (l *loader) circles(needs map[string][]string, places map[string]place) {
	c := circler{loader: l, needs: needs, places: places, state: map[string]int{}}
	for _, name := range sorted(needs) {
		c.visit(name)
	}
}

type circler struct {
	*loader
	needs  map[string][]string
	places map[string]place
	way    []string
	state  map[string]int // place in the way, from 1; or done
}

const done = -1

func (c *circler) visit(name string) {
	switch at := c.state[name]; {
	case at == done:
		return
	case at > 0:
		circle := append(slices.Clone(c.way[at-1:]), name)
		c.fault(c.places[name], "topics need each other in a circle: "+strings.Join(circle, " → "), "leave topic: out of one of their rules")
		return
	}
	c.way = append(c.way, name)
	c.state[name] = len(c.way)
	for _, next := range c.needs[name] {
		c.visit(next)
	}
	c.way = c.way[:len(c.way)-1]
	c.state[name] = done
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
