package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A table is one question about several sets.
type table struct {
	name   string
	title  string
	sets   string
	policy policy
	question
}

// The sets: labelled by article, by event, and texts two by two.
const (
	articles = "wire26 wire26ja zh21 reut87 rss26in"
	events   = "wire26 rss26in uci14 allsides21 basil"
	twos     = "tgpairs mrpc"
)

func tables() []table {
	return []table{
		{"cluster", "Copies of one article, near text looked for within one source, too", articles, within, question{}},
		{"default", "Copies of one article, as by default: near text between sources only; pairs of one publisher are not asked for", articles, across, question{across: true}},
		{"event", "Reports of one event", events, within, question{events: true}},
	}
}

// check finds names that stand for nothing.
func (o options) check() error {
	if o.data == "" {
		return errors.New("say with -data where the labelled sets are")
	}
	names := ""
	for _, t := range tables() {
		names += t.name + " "
	}
	for _, c := range []struct{ kind, given, known string }{
		{"table", o.level, names + "pairs"}, {"set", o.sets, articles + " uci14 allsides21 basil " + twos}, {"text", o.text, "teaser body"},
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
	measured := map[string][]row{}
	for _, t := range tables() {
		if len(choose(t.name, o.level)) == 0 {
			continue
		}
		rows, err := o.measure(w, t)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			print(w, t.title, rows, t.question)
		}
		measured[t.name] = rows
	}
	pairs, err := o.comparePairs(w)
	if err != nil || o.page == "" {
		return err
	}
	return newPage(measured, pairs).write(o.page)
}

// A measured set keeps what its row was made of.
type measured struct {
	row     row
	tallies []tally
}

// measure makes the rows of a table: each set by its teasers, and by its bodies
// where it has some; and of them all.
func (o options) measure(w io.Writer, t table) (rows []row, err error) {
	texts := choose("teaser body", o.text)
	pools := map[string][]measured{}
	for _, name := range choose(t.sets, o.sets) {
		s, err := load(o.data, name, canon.Normal)
		if err != nil {
			return nil, err
		}
		var m measured
		for i, text := range texts {
			if i == 0 || s.bodies {
				if m, err = o.measureSet(w, s, text, t); err != nil {
					return nil, err
				}
				rows = append(rows, m.row)
			}
			pools[text] = append(pools[text], m)
		}
	}
	for _, text := range texts {
		if len(pools[text]) > 1 && !t.events {
			rows = append(rows, pool(pools[text], text))
		}
	}
	return rows, nil
}

// choose keeps the words of a list that are wanted: all, or those in a list
// with commas.
func choose(list, wanted string) []string {
	return slices.DeleteFunc(strings.Fields(list), func(s string) bool {
		return wanted != "all" && !slices.Contains(strings.Split(wanted, ","), s)
	})
}

// repeats is how often a set is decided for the time it takes.
const repeats = 3

func (o options) measureSet(w io.Writer, s set, text string, t table) (measured, error) {
	if !s.bodies {
		text = "teaser"
	}
	r := decide(s.items(text == "body"), t.policy, repeats)
	story := r.story
	if t.events {
		story = r.event
	}
	name := s.name + "." + text + "." + t.name
	if o.errors > 0 {
		printMistakes(w, name+" wrong", s.records, wrong(s.records, r, story, t.question), o.errors)
		printMistakes(w, name+" missed", s.records, missed(s.records, r, story, t.question), o.errors)
	}
	if err := o.write(name, s.records, story); err != nil {
		return measured{}, err
	}
	ts := tallies(s.records, story, t.question)
	return measured{row{s.name, text, measure(ts), r.prepare, r.decide, r.bytes}, ts}, nil
}

// write puts a grouping into a file of {id, cluster} lines.
func (o options) write(name string, rs []record, story []news.Position) error {
	if o.out == "" {
		return nil
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(o.out, name+".jsonl"))
	if err != nil {
		return err
	}
	defer f.Close()
	lines := json.NewEncoder(f)
	for i, r := range rs {
		err = lines.Encode(struct {
			ID      string        `json:"id"`
			Cluster news.Position `json:"cluster"`
		}{r.ID, story[i]})
		if err != nil {
			return err
		}
	}
	return f.Close()
}

// comparePairs judges texts two by two, if there is a judge.
func (o options) comparePairs(w io.Writer) (rows []pairsRow, err error) {
	if compare() == nil || len(choose("pairs", o.level)) == 0 {
		return nil, nil
	}
	for _, name := range choose(twos, o.sets) {
		ps, err := loadPairs(o.data, name)
		if err != nil {
			return nil, err
		}
		r := newPairsRow(name, judge(ps, compare()))
		fmt.Fprintln(w, r)
		rows = append(rows, r)
	}
	return rows, nil
}
