package config

import (
	"fmt"
	"slices"
	"strings"

	"aggregator/internal/news"
	"aggregator/internal/topic"
)

// Rules are the topics as a [topic.Filer] takes them.
func (c *Config) Rules() []topic.Rule {
	rules := make([]topic.Rule, len(c.Topics))
	for i, t := range c.Topics {
		rules[i] = topic.Rule{Name: t.Name, Match: t.Match, Score: t.Score, Threshold: t.Threshold, Head: t.Head, Where: t.Where}
	}
	return rules
}

func (l *loader) topics(f *file) {
	for i := range f.Topics {
		t := &f.Topics[i]
		if !t.Name.given() {
			l.fault(t.at.orElse(t.Match.place), "a topic has no name", "write name: China")
			continue
		}
		l.config.Topics = append(l.config.Topics, l.topic(t))
	}
}

func (l *loader) topic(s *topicSpec) Topic {
	t := Topic{Topic: news.Topic{Name: l.topicName(s.Name)}, Where: s.Name.where(), Feed: l.config.Publish.Feed}
	switch {
	case s.Match.given() && s.Score != nil:
		l.fault(s.Match.place, "a topic has match or score, not both", "write the query of match as a term of score")
	case s.Match.given():
		t.Match, t.Where = l.query(s.Match), s.Match.where()
	case s.Score != nil:
		l.score(s, &t)
	}
	switch s.LookIn.V {
	case "head":
		t.Head = true
	case "", "all":
	default:
		l.fault(s.LookIn.place, fmt.Sprintf("look_in %q is not known", s.LookIn.V), "write head for title, summary and the beginning of the text; or all")
	}
	if s.Publish != nil {
		t.Feed = l.feed(*s.Publish, t.Feed, true)
	}
	return t
}

// topicName is clean around the slashes; each part becomes a part of an
// address and of a file's name.
func (l *loader) topicName(v value[string]) string {
	const most = 100 // of a part, in bytes of its address: names of files end at 255
	parts := strings.Split(oneLine(l, v), "/")
	for i, p := range parts {
		parts[i] = strings.Join(strings.Fields(p), " ")
		path := news.Topic{Name: p}.Path()
		switch {
		case parts[i] == "":
			l.unreadable(v.place, fmt.Sprintf("the topic %q has an empty part", v.V), "write China or China/Human Rights")
		case path == "":
			l.fault(v.place, fmt.Sprintf("the part %q of a topic has no letter or digit for its address", p), "write a word in it")
		case len(path) > most:
			l.fault(v.place, "a part of the topic is too long for an address", fmt.Sprintf("write at most %d letters", most))
		}
	}
	return strings.Join(parts, "/")
}

func (l *loader) score(s *topicSpec, t *Topic) {
	t.Threshold, t.Where = s.Score.Threshold.V, s.Score.Threshold.where()
	if t.Where == "" {
		t.Where = s.Name.where()
	}
	best := 0.0
	for _, term := range s.Score.Terms {
		if q := l.query(term.Key); q != nil {
			t.Score = append(t.Score, topic.Weighted{Query: q, Weight: term.Value.V, Where: term.Key.where()})
			l.terms[q] = term.Key
		}
		best += max(0, term.Value.V)
		if term.Value.V == 0 {
			l.warn(term.Value.place, "a weight of 0 counts for nothing", "write another, or leave the term out")
		}
	}
	at := s.Score.Threshold.orElse(s.Name.place)
	switch {
	case len(s.Score.Terms) == 0:
		l.fault(at, "score has no terms", "write terms: { word: 1, 'two words': 2 }")
	case !s.Score.Threshold.given():
		l.fault(at, "score has no threshold", "write threshold: 3")
	case t.Threshold <= 0:
		l.fault(at, "a threshold of 0 or less holds every story", `write a number above 0, or match: "*"`)
	case best < t.Threshold:
		l.warn(at, fmt.Sprintf("all weights together are %g and never reach this threshold", best), "lower it")
	}
}

func (l *loader) tests(f *file) {
	keys := map[string]string{}
	for _, src := range l.config.Sources {
		keys[src.Name] = src.Key
	}
	for i := range f.Tests {
		t := l.test(&f.Tests[i])
		if t.SourceName != "" {
			t.Item.Source = keys[t.SourceName]
		}
		l.config.Tests = append(l.config.Tests, t)
	}
}

func (l *loader) test(s *testSpec) Test {
	it := &s.Item
	t := Test{
		Item: news.Item{
			Title: it.Title.V, Summary: it.Summary.V, Text: it.Text.V, URL: it.URL.V,
			Language: l.language(it.Language), Labels: texts(it.Labels),
		},
		SourceName: it.Source.V, Topics: texts(slices.Concat(s.Topics, s.In)), Not: texts(s.Not), Where: s.at.where(),
		Exact: len(s.In)+len(s.Not) == 0,
	}
	if it.Author.V != "" {
		t.Item.Authors = []news.Person{{Name: it.Author.V}}
	}
	if !it.Title.given() && !it.Summary.given() && !it.Text.given() && !it.URL.given() {
		l.fault(s.at, "the item of a test says nothing", "write item: { title: … }")
	}
	switch {
	case len(t.Topics)+len(t.Not) == 0:
		l.fault(s.at, "a test names no topics", "write topics: [China] for exactly these, in: [China] for at least these, or not: [China]")
	case len(s.Topics) > 0 && len(s.In) > 0:
		l.fault(s.In[0].place, "a test has topics or in, not both", "topics: is exactly these, in: at least these")
	}
	return t
}
