package topic

import (
	"fmt"
	"strconv"
	"strings"
)

// clipped is how many characters of a query a reason shows.
const clipped = 100

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n-1])) + "…"
	}
	return s
}

func matchText(r Rule) string {
	if r.Match == nil {
		return ""
	}
	return "match" + inHead(r) + ": " + clip(r.Match.String(), clipped)
}

// inHead says in what kind of place the rule looks, if it is not everywhere.
func inHead(r Rule) string {
	if r.Head {
		return " in head"
	}
	return ""
}

// scoreText is like `score 5 ≥ 3: "human rights" +3, tag:ngo +2`.
func scoreText(r Rule, sum float64, terms []string) string {
	return fmt.Sprintf("score%s %s ≥ %s: %s", inHead(r), number(sum), number(r.Threshold), strings.Join(terms, ", "))
}

func weightText(w Weighted) string {
	sign := "+"
	if w.Weight < 0 {
		sign = "" // it has its own
	}
	return clip(w.Query.String(), clipped/2) + " " + sign + number(w.Weight)
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }

// Describe says in one line what the topic of that name holds, `match: …` or
// `in both China and Human Rights`; "" for one that is none.
func (f *Filer) Describe(name string) string {
	i, ok := f.names[key(name)]
	if !ok {
		return ""
	}
	r := f.rules[i]
	holds := f.joinTexts(i)
	if r.Match != nil {
		holds = append(holds, f.reason[i])
	}
	if len(r.Score) > 0 {
		holds = append(holds, fullScoreText(r))
	}
	if len(holds) == 0 {
		holds = append(holds, "the stories of the sources that name it")
	}
	if below := f.belowText(i); below != "" {
		holds = append(holds, below)
	}
	return strings.Join(holds, ", or ") + f.loneText(i)
}

func (f *Filer) joinTexts(i int) []string {
	var texts []string
	for _, pair := range f.links[i].joins {
		texts = append(texts, "in both "+f.rules[pair[0]].Name+" and "+f.rules[pair[1]].Name)
	}
	return texts
}

func fullScoreText(r Rule) string {
	terms := make([]string, len(r.Score))
	for i, w := range r.Score {
		terms[i] = weightText(w)
	}
	return "score" + inHead(r) + " ≥ " + number(r.Threshold) + ": " + clip(strings.Join(terms, ", "), 2*clipped)
}

// belowText names the topics below that may bring more than the rule does.
func (f *Filer) belowText(i int) string {
	var names []string
	for _, b := range f.links[i].below {
		if f.rules[b].Match != nil || len(f.rules[b].Score) > 0 || len(f.links[b].joins) == 0 {
			names = append(names, f.rules[b].Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return clip("in "+strings.Join(names, ", "), clipped)
}

// loneText says why A/B is no join.
func (f *Filer) loneText(i int) string {
	name := f.rules[i].Name
	slash := strings.LastIndexByte(name, '/')
	if slash < 0 || len(f.links[i].joins) > 0 {
		return ""
	}
	lone := name[slash+1:]
	if _, ok := f.names[key(lone)]; ok {
		lone = name[:slash]
	}
	return fmt.Sprintf(" (%q is no topic of its own)", lone)
}
