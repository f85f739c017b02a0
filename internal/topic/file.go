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
		s.fileByRules(&f.plain, p, anyLevel)
	}
	for _, t := range tellings {
		s.fileBySource(t)
	}
	for level := range f.asking.at {
		s.settle(level)
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

// fileByRules files by those of the rules that are of the level.
func (s *story) fileByRules(a *asks, p *query.Prepared, level int) {
	hits := a.set.Match(p)
	for len(hits) > 0 {
		rule := a.of[hits[0]].rule
		n := 1
		for n < len(hits) && a.of[hits[n]].rule == rule {
			n++
		}
		if _, in := s.in[rule]; !in && (level == anyLevel || s.f.levels[rule] == level) {
			s.fileByHits(rule, a.of, hits[:n], p)
		}
		hits = hits[n:]
	}
}

// fileByHits files by what one telling gave for one rule.
func (s *story) fileByHits(rule int, of []ask, hits []int, p *query.Prepared) {
	var c caught
	for _, h := range hits {
		c.take(s.f.rules[rule], of[h].term)
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

// settle files by what binds the rules of one level, until nothing is added.
// What is tried first gives the reason, and a reason rests on what was filed
// before. Only rules that something leads to are tried: there may be thousands.
func (s *story) settle(level int) {
	for s.byAsking(level) || s.try(level, joined, s.byJoin) || s.try(level, above, s.byBelow) {
	}
}

// try files under those rules, to which the topics so far lead, that why gives
// a reason for.
func (s *story) try(level int, lead func(links) []int, why func(rule int) (news.Filing, bool)) bool {
	var rules []int
	for i := range s.in {
		rules = append(rules, lead(s.f.links[i])...)
	}
	slices.Sort(rules)
	added := false
	for _, i := range slices.Compact(rules) {
		if _, in := s.in[i]; in || s.f.levels[i] != level {
			continue
		}
		if f, ok := why(i); ok {
			s.in[i] = f
			added = true
		}
	}
	return added
}

func joined(l links) []int { return l.joined }
func above(l links) []int  { return l.above }

// byAsking files by the rules that ask for topics, with the topics so far.
func (s *story) byAsking(level int) bool {
	if !s.f.asking.at[level] {
		return false
	}
	before := len(s.in)
	topics := s.topics()
	for _, p := range s.docs {
		s.fileByRules(&s.f.asking, p.In(topics...), level)
	}
	return len(s.in) > before
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
