package topic

import (
	"cmp"
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
	s := f.spare.Get().(*story)
	defer f.spare.Put(s)
	defer s.clear()
	for _, t := range tellings {
		s.docs = append(s.docs, s.reader.Prepare(Doc(t)))
	}
	for i := range f.plain {
		for _, p := range s.docs {
			s.fileByRules(&f.plain[i], p, anyLevel)
		}
	}
	for _, t := range tellings {
		s.fileBySource(t)
	}
	for level := range f.top + 1 {
		s.settle(level)
	}
	return s.inOrder()
}

// A story is one story while it is filed. What it holds besides is working
// memory, as long as the rules.
type story struct {
	f       *Filer
	reader  query.Reader
	docs    []*query.Prepared
	rules   []int         // that it is filed under, as they came
	filings []news.Filing // of each of rules
	place   []int32       // of each rule of all: where in rules, from 1; 0: it is not
}

func (s *story) clear() {
	for _, rule := range s.rules {
		s.place[rule] = 0
	}
	clear(s.docs)
	clear(s.filings)
	s.docs, s.rules, s.filings = s.docs[:0], s.rules[:0], s.filings[:0]
}

func (s *story) in(rule int) bool { return s.place[rule] > 0 }

func (s *story) filing(rule int) news.Filing { return s.filings[s.place[rule]-1] }

func (s *story) file(rule int, f news.Filing) {
	s.rules, s.filings = append(s.rules, rule), append(s.filings, f)
	s.place[rule] = int32(len(s.rules))
}

// inOrder are the filings in the order of the rules.
func (s *story) inOrder() []news.Filing {
	rules := slices.Sorted(slices.Values(s.rules))
	fs := make([]news.Filing, len(rules))
	for n, i := range rules {
		fs[n] = s.filing(i)
	}
	return fs
}

// fileByRules files by those of the rules that are of the level.
func (s *story) fileByRules(a *asks, p *query.Prepared, level int) {
	if a.head {
		p = p.Head()
	}
	found := a.set.Match(p)
	defer found.Done()
	for hits := found.Queries; len(hits) > 0; {
		rule := a.of[hits[0]].rule
		n := 1
		for n < len(hits) && a.of[hits[n]].rule == rule {
			n++
		}
		if !s.in(rule) && (level == anyLevel || s.f.levels[rule] == level) {
			s.fileByHits(rule, a.of, hits[:n], found)
		}
		hits = hits[n:]
	}
}

// fileByHits files by what one telling gave for one rule, if that is enough.
func (s *story) fileByHits(rule int, of []ask, hits []int, found query.Matched) {
	r := &s.f.rules[rule]
	filing := news.Filing{Topic: r.Name, Rule: s.f.reason[rule], Where: r.Where}
	if of[hits[0]].term != isMatch { // which comes first
		var ok bool
		if filing.Rule, ok = s.f.scored(rule, of, hits); !ok {
			return
		}
		filing.Where = cmp.Or(heaviest(r, of, hits).Where, r.Where)
	}
	for _, h := range hits {
		filing.Words = union(filing.Words, found.Words(h))
	}
	s.file(rule, filing)
}

// scored is what the weights of the terms that hit add up to, as text, if that
// is enough.
func (f *Filer) scored(rule int, of []ask, hits []int) (text string, enough bool) {
	r, sum := &f.rules[rule], 0.0
	for _, h := range hits {
		sum += r.Score[of[h].term].Weight
	}
	if sum < r.Threshold {
		return "", false
	}
	terms := make([]string, len(hits))
	for i, h := range hits {
		terms[i] = f.terms[rule][of[h].term]
	}
	return scoreText(*r, sum, terms), true
}

// heaviest is the term that brought the most, the first of several alike.
func heaviest(r *Rule, of []ask, hits []int) Weighted {
	best := r.Score[of[hits[0]].term]
	for _, h := range hits {
		if w := r.Score[of[h].term]; w.Weight > best.Weight {
			best = w
		}
	}
	return best
}

func (s *story) fileBySource(t Telling) {
	for _, name := range t.Source.Topics {
		if i, ok := s.f.names[key(name)]; ok && !s.in(i) {
			s.file(i, news.Filing{Topic: s.f.rules[i].Name, Rule: "source " + sourceName(t)})
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
	for _, i := range s.rules {
		rules = append(rules, lead(s.f.links[i])...)
	}
	slices.Sort(rules)
	before := len(s.rules)
	for _, i := range slices.Compact(rules) {
		if s.in(i) || s.f.levels[i] != level {
			continue
		}
		if f, ok := why(i); ok {
			s.file(i, f)
		}
	}
	return len(s.rules) > before
}

func joined(l links) []int { return l.joined }
func above(l links) []int  { return l.above }

// byAsking files by the rules that ask for topics, with the topics so far.
func (s *story) byAsking(level int) bool {
	before := len(s.rules)
	for i := range s.f.asking {
		a := &s.f.asking[i]
		if !a.at[level] {
			continue
		}
		var topics []string
		for _, f := range s.inOrder() {
			topics = append(topics, f.Topic)
		}
		for _, p := range s.docs {
			s.fileByRules(a, p.In(topics...), level)
		}
	}
	return len(s.rules) > before
}

func (s *story) byJoin(rule int) (news.Filing, bool) {
	for _, pair := range s.f.links[rule].joins {
		if s.in(pair[0]) && s.in(pair[1]) {
			a, b, r := s.filing(pair[0]), s.filing(pair[1]), s.f.rules[rule]
			return news.Filing{Topic: r.Name, Rule: "in both " + a.Topic + " and " + b.Topic, Where: r.Where, Words: union(a.Words, b.Words)}, true
		}
	}
	return news.Filing{}, false
}

func (s *story) byBelow(rule int) (news.Filing, bool) {
	for _, i := range s.f.links[rule].below {
		if s.in(i) {
			f := s.filing(i)
			return news.Filing{Topic: s.f.rules[rule].Name, Rule: "holds " + f.Topic, Where: f.Where, Words: f.Words}, true
		}
	}
	return news.Filing{}, false
}

// union is a with what only b has, ten words at most.
func union(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	all := slices.Clone(a)
	for _, w := range b {
		if len(all) < maxWords && !slices.ContainsFunc(all, func(x string) bool { return strings.EqualFold(x, w) }) {
			all = append(all, w)
		}
	}
	return all
}
