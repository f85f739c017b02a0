package topic

import (
	"slices"
	"strings"

	"aggregator/internal/news"
	"aggregator/internal/query"
)

// maxWords is how many words a filing shows.
const maxWords = 10

// File says which topics a story is in, by any of its tellings, and why: one
// filing a topic, in the order of the rules. The reason is the first that
// holds of: the topic's own rule, a source, a rule that asks for other topics,
// a join, a topic below. Words and sums are of the first telling that the rule
// holds for.
func (f *Filer) File(tellings []Telling) []news.Filing {
	s := story{f: f, in: map[int]news.Filing{}}
	for _, t := range tellings {
		s.docs = append(s.docs, query.Prepare(Doc(t)))
	}
	for _, p := range s.docs {
		s.fileByRules(p)
	}
	for _, t := range tellings {
		s.fileBySource(t)
	}
	for _, rules := range f.strata {
		s.settle(rules)
	}
	return s.filings()
}

// A story is one story while it is filed.
type story struct {
	f    *Filer
	docs []*query.Prepared
	in   map[int]news.Filing // by rule
}

func (s *story) filings() []news.Filing {
	rules := make([]int, 0, len(s.in))
	for i := range s.in {
		rules = append(rules, i)
	}
	slices.Sort(rules)
	fs := make([]news.Filing, len(rules))
	for n, i := range rules {
		fs[n] = s.in[i]
	}
	return fs
}

// fileByRules files by the rules that ask for no topic.
func (s *story) fileByRules(p *query.Prepared) {
	hits := s.f.set.Match(p)
	for len(hits) > 0 {
		rule := s.f.asks[hits[0]].rule
		n := 1
		for n < len(hits) && s.f.asks[hits[n]].rule == rule {
			n++
		}
		if _, in := s.in[rule]; !in {
			s.fileByHits(rule, hits[:n], p)
		}
		hits = hits[n:]
	}
}

// fileByHits files by what one telling gave for one rule.
func (s *story) fileByHits(rule int, hits []int, p *query.Prepared) {
	var c caught
	for _, h := range hits {
		c.take(s.f.rules[rule], s.f.asks[h].term)
	}
	if filing, ok := s.f.judge(rule, c, p); ok {
		s.in[rule] = filing
	}
}

func (s *story) fileBySource(t Telling) {
	for _, name := range t.Source.Topics {
		i, ok := s.f.names[key(name)]
		if _, in := s.in[i]; ok && !in {
			s.in[i] = news.Filing{Topic: s.f.rules[i].Name, Rule: "source " + sourceName(t)}
		}
	}
}

// settle files by what binds these rules, until nothing is added. What is
// tried first gives the reason, and a reason rests on what was filed before.
func (s *story) settle(rules []int) {
	for s.try(rules, s.byAsking) || s.try(rules, s.byJoin) || s.try(rules, s.byBelow) {
	}
}

// try files under those of rules that why gives a reason for.
func (s *story) try(rules []int, why func(rule int) (news.Filing, bool)) bool {
	added := false
	for _, i := range rules {
		if _, in := s.in[i]; in {
			continue
		}
		if f, ok := why(i); ok {
			s.in[i] = f
			added = true
		}
	}
	return added
}

// byAsking tries the rule's queries with the topics so far.
func (s *story) byAsking(rule int) (news.Filing, bool) {
	if len(s.f.links[rule].asked) == 0 {
		return news.Filing{}, false
	}
	r := s.f.rules[rule]
	topics := s.topics()
	for _, p := range s.docs {
		p = p.In(topics...)
		var c caught
		if r.Match != nil {
			c.try(r, isMatch, r.Match, p)
		}
		for term, w := range r.Score {
			c.try(r, term, w.Query, p)
		}
		if filing, ok := s.f.judge(rule, c, p); ok {
			return filing, true
		}
	}
	return news.Filing{}, false
}

func (s *story) topics() []string {
	var names []string
	for _, f := range s.filings() {
		names = append(names, f.Topic)
	}
	return names
}

func (s *story) byJoin(rule int) (news.Filing, bool) {
	for _, pair := range s.f.links[rule].joins {
		a, inA := s.in[pair[0]]
		b, inB := s.in[pair[1]]
		if inA && inB {
			r := s.f.rules[rule]
			return news.Filing{Topic: r.Name, Rule: "in both " + a.Topic + " and " + b.Topic, Where: r.Where, Words: union(a.Words, b.Words)}, true
		}
	}
	return news.Filing{}, false
}

func (s *story) byBelow(rule int) (news.Filing, bool) {
	for _, i := range s.f.links[rule].below {
		if f, in := s.in[i]; in {
			return news.Filing{Topic: s.f.rules[rule].Name, Rule: "holds " + f.Topic, Where: f.Where, Words: f.Words}, true
		}
	}
	return news.Filing{}, false
}

func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, w := range b {
		if len(all) < maxWords && !slices.ContainsFunc(all, func(x string) bool { return strings.EqualFold(x, w) }) {
			all = append(all, w)
		}
	}
	return all
}

// caught is what one rule has caught of one telling.
type caught struct {
	match bool
	sum   float64
	terms []int // of Score
}

func (c *caught) try(r Rule, term int, q *query.Query, p *query.Prepared) {
	if q.Matches(p) {
		c.take(r, term)
	}
}

func (c *caught) take(r Rule, term int) {
	if term == isMatch {
		c.match = true
		return
	}
	c.sum += r.Score[term].Weight
	c.terms = append(c.terms, term)
}

// words are those of the item that the rule caught.
func (c *caught) words(r Rule, p *query.Prepared) []string {
	var words []string
	if c.match {
		words = r.Match.Words(p)
	}
	for _, term := range c.terms {
		words = union(words, r.Score[term].Query.Words(p))
	}
	return words
}

// judge gives the filing under the rule, if what was caught is enough.
func (f *Filer) judge(rule int, c caught, p *query.Prepared) (news.Filing, bool) {
	r := f.rules[rule]
	filing := news.Filing{Topic: r.Name, Where: r.Where}
	switch {
	case c.match:
		filing.Rule = f.reason[rule]
	case len(r.Score) > 0 && c.sum >= r.Threshold:
		filing.Rule = c.scoreText(r)
	default:
		return news.Filing{}, false
	}
	filing.Words = c.words(r, p)
	return filing, true
}

// Check files one telling and compares: the topics of want that it is not in,
// and the filings that are not wanted.
func (f *Filer) Check(t Telling, want []string) (missing []string, surplus []news.Filing) {
	wanted := map[string]bool{}
	for _, w := range want {
		wanted[key(w)] = true
	}
	for _, filing := range f.File([]Telling{t}) {
		if !wanted[key(filing.Topic)] {
			surplus = append(surplus, filing)
		}
		delete(wanted, key(filing.Topic))
	}
	for _, w := range want {
		if wanted[key(w)] {
			missing = append(missing, w)
		}
	}
	return missing, surplus
}
