package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aggregator/internal/canon"
	"aggregator/internal/near"
	"aggregator/internal/news"
	"aggregator/internal/quality/gold"
)

// A table is one question about several sets.
type table struct {
	name   string
	title  string
	sets   string
	policy policy
	gold.Question
}

// The sets: labelled by article, by event, and texts two by two.
const (
	articles = "wire26 wire26ja zh21 reut87 rss26in"
	events   = "wire26 rss26in uci14 allsides21 basil"
	twos     = "tgpairs mrpc"
)

func tables() []table {
	return []table{
		{"cluster", "Copies of one article, near text looked for within one source, too", articles, within, gold.Question{}},
		{"default", "Copies of one article, as by default: near text between sources only; pairs of one publisher are not asked for", articles, across, gold.Question{Across: true}},
		{"event", "Reports of one event", events, within, gold.Question{Events: true}},
	}
}

// check finds names that stand for nothing.
func (o options) check() error {
	if o.data == "" {
		return errors.New("say with -data where the labelled sets are")
	}
	for _, c := range []struct{ kind, given, known string }{
		{"table", o.level, "cluster default event topics pairs"}, {"set", o.sets, articles + " uci14 allsides21 basil " + twos + " nyt17 rss " + partial}, {"text", o.text, "teaser body"},
	} {
		known := strings.Fields(c.known)
		for _, g := range strings.Split(c.given, ",") {
			if g != "all" && !slices.Contains(known, g) {
				return fmt.Errorf("no %s %q; there are %s", c.kind, g, strings.Join(known, ", "))
			}
		}
	}
	return nil
}

func (o options) run(w io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	switch {
	case o.models != "":
		return o.fit(w)
	case o.held != "":
		return o.printCurve(w)
	}
	measured := map[string][]row{}
	for _, t := range tables() {
		if len(choose(t.name, o.level)) == 0 {
			continue
		}
		rows, err := o.measure(w, t)
		if err != nil {
			return err
		}
		printTable(w, t.title, rows, t.Question)
		measured[t.name] = rows
	}
	var topics []topicRow
	if len(choose("topics", o.level)) > 0 {
		var err error
		if topics, err = o.measureTopics(w); err != nil {
			return err
		}
		printTopics(w, topics)
	}
	if err := o.comparePairs(w); err != nil || o.page == "" {
		return err
	}
	p := newPage(measured, topics)
	if err := p.complete(); err != nil {
		return err
	}
	points, err := o.curve(w, pageThresholds[:])
	if err != nil {
		return err
	}
	p.hold(points)
	return p.write(o.page)
}

// A measured set keeps what its row was made of.
type measured struct {
	row     row
	tallies []gold.Tally
}

// measure makes the rows of a table: each set by its teasers, and by its bodies
// where it has some; and of them all.
func (o options) measure(w io.Writer, t table) (rows []row, err error) {
	texts := choose("teaser body", o.text)
	pools := map[string][]measured{}
	for _, name := range choose(t.sets, o.sets) {
		s, err := gold.Load(o.data, name, cleanTitle)
		if err != nil {
			return nil, err
		}
		var m measured
		for i, text := range texts {
			if i == 0 || s.Bodies {
				if m, err = o.measureSet(w, s, text, t); err != nil {
					return nil, err
				}
				rows = append(rows, m.row)
			}
			pools[text] = append(pools[text], m)
		}
	}
	for _, text := range texts {
		if len(pools[text]) > 1 && !t.Events {
			rows = append(rows, pool(pools[text], text))
		}
	}
	return rows, nil
}

// choose keeps the words that are wanted: all, or those with commas between.
func choose(list, wanted string) []string {
	return slices.DeleteFunc(strings.Fields(list), func(s string) bool {
		return wanted != "all" && !slices.Contains(strings.Split(wanted, ","), s)
	})
}

// repeats is how often a set is decided for the time it takes.
const repeats = 3

func (o options) measureSet(w io.Writer, s gold.Set, text string, t table) (measured, error) {
	if !s.Bodies {
		text = "teaser"
	}
	var models func(int) near.Models
	if o.modelOf != nil {
		models = func(i int) near.Models { return o.modelOf(s.Records[i]) }
	}
	r := decide(items(s, text == "body"), t.policy, repeats, models)
	story := r.grouping(t.Question)
	name := s.Name + "." + text + "." + t.name
	if o.errors > 0 {
		gold.Print(w, name+" wrong", s.Records, gold.Wrong(s.Records, r.decisions, story, t.Question), o.errors)
		gold.Print(w, name+" missed", s.Records, gold.Missed(s.Records, r.decisions, story, t.Question), o.errors)
	}
	if err := o.write(name, s.Records, story); err != nil {
		return measured{}, err
	}
	ts := gold.Tallies(s.Records, story, t.Question)
	return measured{row{s.Name, text, gold.Measure(ts), r.prepare, r.decide, r.bytes}, ts}, nil
}

// write puts a grouping into a file of {id, cluster} lines.
func (o options) write(name string, rs []gold.Record, story []news.Position) error {
	if o.out == "" {
		return nil
	}
	var b bytes.Buffer
	for i, r := range rs {
		fmt.Fprintf(&b, "{\"id\":%q,\"cluster\":%d}\n", r.ID, story[i])
	}
	err := os.MkdirAll(o.out, 0o755)
	return errors.Join(err, os.WriteFile(filepath.Join(o.out, name+".jsonl"), b.Bytes(), 0o644))
}

// comparePairs judges texts two by two, if that is asked for by name: the
// product is no judge of paraphrases.
func (o options) comparePairs(w io.Writer) error {
	if o.level == "all" || len(choose("pairs", o.level)) == 0 {
		return nil
	}
	for _, name := range choose(twos, o.sets) {
		ps, err := gold.LoadPairs(o.data, name)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, pairsLine(name, judge(ps, compare())))
	}
	return nil
}

// cleanTitle is what two headlines must both be for their pair to be easy.
func cleanTitle(title string) string {
	head, _ := near.Title(title, nil)
	return canon.Normal(head)
}
