// Package topic says which topics a story belongs to, and by which rule and
// words. It is pure: the same tellings and rules give the same filings.
//
// A story is in a topic if one of its tellings is what the topic's rule asks
// for, or comes from a source that names the topic. Between topics, at the
// level of the story:
//
//   - A/B holds what is in both A and B, where both are topics. A deeper name
//     is taken apart at each slash: China/Human Rights/Detention holds what is
//     in China and in a topic Human Rights/Detention, and what is in
//     China/Human Rights and in a topic Detention.
//   - What is in A/B is in A, too, and so on upwards; A/B need not be one.
//   - topic:A in a rule is membership in A, however it came about.
//
// A story's topics are the fewest that satisfy all this (the least fixed
// point), so that the rule of China/Detention may ask for topic:China though
// being in the one is being in the other.
//
// A seventh of the room's lines only say what was decided: they are kept here
// so that reason and decision cannot drift apart.
package topic

import (
	"cmp"
	"fmt"
	"hash/fnv"
	neturl "net/url"
	"slices"
	"strings"
	"sync"

	"aggregator/internal/lang"
	"aggregator/internal/news"
	"aggregator/internal/query"
)

// A Rule is one topic of the configuration. With neither Match nor Score it
// holds what sources, joins and topics below it bring.
type Rule struct {
	Name  string       // written China/Human Rights
	Match *query.Query // nil: none
	// Score adds up the weights of the queries that one telling is what they
	// ask for; Threshold, more than 0, is enough.
	Score     []Weighted
	Threshold float64
	// Head has plain terms look in the title, the summary and the beginning of
	// the text only.
	Head  bool
	Where string // its place in the configuration, FILE:LINE
}

// Weighted is a query and what it counts; less than 0 counts against.
type Weighted struct {
	Query  *query.Query
	Weight float64
	Where  string // its place in the configuration, FILE:LINE; "" for the rule's
}

// A Telling is an item with its source. Item.Text must be set: what is kept
// of an item has only the HTML.
type Telling struct {
	Item   news.Item
	Source news.Source
}

// Doc is what queries see of a telling.
func Doc(t Telling) query.Doc {
	it := t.Item
	return query.Doc{
		Title: it.Title, Summary: it.Summary, Text: it.Text, Lang: language(t),
		Author: authors(it.Authors),
		Source: sourceName(t),
		Host:   host(cmp.Or(it.URL, it.Feed.Link, t.Source.URL)),
		URL:    it.URL,
		Labels: it.Labels, Tags: t.Source.Tags,
	}
}

// language is what the configuration says of the source, what the feed says,
// or what the words look like.
func language(t Telling) string {
	if t.Source.Language != "" {
		return t.Source.Language
	}
	it := t.Item
	return lang.Of(it.Language, it.Title+" "+cmp.Or(it.Summary, it.Text[:min(len(it.Text), 1000)]))
}

func authors(ps []news.Person) string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = cmp.Or(p.Name, p.Email)
	}
	return strings.Join(names, "; ")
}

func sourceName(t Telling) string {
	return cmp.Or(t.Source.Name, t.Item.Feed.Title, t.Source.Key)
}

func host(address string) string {
	u, err := neturl.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// A Filer files stories by its rules. It does not change but for working
// memory: goroutines may share it.
type Filer struct {
	rules  []Rule
	names  map[string]int // folded → rule
	links  []links        // of each rule
	levels []int          // of each rule: what it depends on is not above
	plain  []asks         // of the rules that name no topics
	asking []asks         // of those that do
	top    int            // the highest level
	reason []string       // of each rule, when its Match holds
	terms  [][]string     // of each rule, the texts of its Score
	spare  sync.Pool      // of *story
}

// asks are queries that are matched together.
type asks struct {
	set  *query.Set
	of   []ask  // what each query of the set is
	at   []bool // the levels at which there are such rules
	head bool   // against the heads of items
}

// An ask is a query's place: Score[term] of a rule, or its Match.
type ask struct{ rule, term int }

const isMatch = -1

const anyLevel = -1

// New takes the rules in the order of the configuration. Names must differ by
// more than case. The error says which rule names a topic that does not
// exist, or depends on itself.
func New(rules []Rule) (*Filer, error) {
	f := &Filer{rules: rules, names: map[string]int{}}
	for i, r := range rules {
		if other, taken := f.names[key(r.Name)]; taken {
			return nil, fmt.Errorf("topic %s: there is already %s", r.Name, rules[other].Name)
		}
		if len(r.Score) > 0 && !(r.Threshold > 0) {
			return nil, fmt.Errorf("topic %s: a threshold of %v holds everything; it must be more than 0", r.Name, r.Threshold)
		}
		f.names[key(r.Name)] = i
	}
	if err := f.link(); err != nil {
		return nil, err
	}
	if err := f.order(); err != nil {
		return nil, err
	}
	f.gather()
	return f, nil
}

// key is a name as it is compared.
func key(name string) string { return strings.Join(strings.Fields(query.Fold(name)), " ") }

// gather makes the sets of all queries.
func (f *Filer) gather() {
	f.top = slices.Max(append(f.levels, 0))
	for _, head := range []bool{false, true} {
		f.plain = f.gathered(f.plain, head, false)
		f.asking = f.gathered(f.asking, head, true)
	}
	for _, r := range f.rules {
		f.reason = append(f.reason, matchText(r))
		var terms []string
		for _, w := range r.Score {
			terms = append(terms, weightText(w))
		}
		f.terms = append(f.terms, terms)
	}
	f.spare.New = func() any { return &story{f: f, place: make([]int32, len(f.rules))} }
}

// gathered adds the set of those rules that there are.
func (f *Filer) gathered(to []asks, head, asking bool) []asks {
	var queries []*query.Query
	a := asks{at: make([]bool, f.top+1), head: head}
	for i, r := range f.rules {
		if r.Head != head || (len(f.links[i].asked) > 0) != asking {
			continue
		}
		a.at[f.levels[i]] = true
		if r.Match != nil {
			queries = append(queries, r.Match)
			a.of = append(a.of, ask{i, isMatch})
		}
		for term, w := range r.Score {
			queries = append(queries, w.Query)
			a.of = append(a.of, ask{i, term})
		}
	}
	if len(queries) == 0 {
		return to
	}
	a.set = query.NewSet(queries)
	return append(to, a)
}

// Names are the topics in the order of the configuration.
func (f *Filer) Names() []string {
	names := make([]string, len(f.rules))
	for i, r := range f.rules {
		names[i] = r.Name
	}
	return names
}

// Places are those of all rules and terms in the configuration, as they are
// now: filings name them.
func (f *Filer) Places() []string {
	var places []string
	for _, r := range f.rules {
		places = append(places, r.Where)
		for _, w := range r.Score {
			places = append(places, w.Where)
		}
	}
	return places
}

// generation changes when the code files in another way than before.
const generation = 2

// Fingerprint changes when the rules may file a story elsewhere than before,
// and not when they only move in the file. What else filing depends on, the
// name, language, tags and topics of a source, is not in it.
func (f *Filer) Fingerprint() uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\n", generation)
	for _, r := range f.rules {
		fmt.Fprintf(h, "%q %v %v\n", r.Name, r.Threshold, r.Head)
		if r.Match != nil {
			fmt.Fprintf(h, "match %q\n", r.Match)
		}
		for _, w := range r.Score {
			fmt.Fprintf(h, "score %v %q\n", w.Weight, w.Query)
		}
	}
	return h.Sum64()
}
