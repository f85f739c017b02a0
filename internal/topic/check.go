package topic

import (
	"cmp"
	"fmt"
	"strings"

	"aggregator/internal/news"
	"aggregator/internal/query"
)

// A Missing is a topic that a telling should be in and is not, and what it
// lacks to be.
type Missing struct{ Topic, Lacks string }

// Check files one telling and compares: the topics of want that it is not in,
// and the filings that are not wanted.
func (f *Filer) Check(t Telling, want []string) (missing []Missing, surplus []news.Filing) {
	wanted, in := map[string]bool{}, map[string]bool{}
	for _, w := range want {
		wanted[key(w)] = true
	}
	var topics []string
	for _, filing := range f.File([]Telling{t}) {
		if !wanted[key(filing.Topic)] {
			surplus = append(surplus, filing)
		}
		in[key(filing.Topic)] = true
		topics = append(topics, filing.Topic)
	}
	for _, w := range want {
		if !in[key(w)] {
			missing = append(missing, Missing{w, f.lacks(w, query.Prepare(Doc(t)).In(topics...))})
		}
	}
	return missing, surplus
}

// lacks says why a telling is not in the topic of that name.
func (f *Filer) lacks(name string, p *query.Prepared) string {
	i, ok := f.names[key(name)]
	if !ok {
		return "a topic of that name"
	}
	r := f.rules[i]
	if r.Head {
		p = p.Head()
	}
	var ways []string
	if r.Match != nil {
		ways = append(ways, strings.Join(r.Match.Missing(p), " and "))
	}
	if len(r.Score) > 0 {
		ways = append(ways, scoreLacks(r, p))
	}
	for _, text := range f.joinTexts(i) {
		ways = append(ways, "to be "+text)
	}
	return cmp.Or(strings.Join(ways, ", or "), "a source that names it")
}

// scoreLacks is like `1 more than "human rights" +2: detention +1, tag:ngo +1`.
func scoreLacks(r Rule, p *query.Prepared) string {
	var sum float64
	var has, lacks []string
	for _, w := range r.Score {
		switch {
		case w.Query.Matches(p):
			sum += w.Weight
			has = append(has, weightText(w))
		case w.Weight > 0:
			lacks = append(lacks, weightText(w))
		}
	}
	text := "a score of " + number(r.Threshold)
	if len(has) > 0 {
		text = fmt.Sprintf("%s more than %s has", number(r.Threshold-sum), strings.Join(has, ", "))
	}
	return clip(text+" (there is none of "+strings.Join(lacks, ", ")+")", 3*clipped)
}
