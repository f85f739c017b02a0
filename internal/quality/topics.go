package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aggregator/internal/canon"
	"aggregator/internal/config"
	"aggregator/internal/news"
	"aggregator/internal/quality/gold"
	"aggregator/internal/topic"
)

// The sets that are labelled by topic: where all topics of an item are known;
// those of them that are one to the targets; where only some are known, so that
// what was filed beside them may be right.
const (
	filed   = "nyt17 rss reut87"
	pooled  = "nyt17 rss"
	partial = "rw17 as21"
)

// joins are the labels that an item has by having others.
var joins = map[string][]string{"China/Human Rights": {"China", "Human Rights"}}

// A topicRow is how one topic does in one set.
type topicRow struct {
	set, text, topic string
	partial          bool // only the recall says something
	result           gold.Result
}

// filerOf reads the rules in a folder as a user's configuration would include
// them.
func filerOf(library string) (*topic.Filer, error) {
	files, err := filepath.Glob(filepath.Join(library, "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, fmt.Errorf("no rules in %q: say with -library where they are", library))
	}
	dir, err := os.MkdirTemp("", "quality")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	text := "sources: [{ url: https://example.org/feed.xml }]\ninclude:\n"
	for _, f := range files {
		if f, err = filepath.Abs(f); err != nil {
			return nil, err
		}
		text += fmt.Sprintf("  - %q\n", f)
	}
	main := filepath.Join(dir, "aggregator.yaml")
	if err := os.WriteFile(main, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cfg, err := config.Load(main, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	return topic.New(cfg.Rules())
}

// A filing is a set, and what the rules made of it.
type filing struct {
	set, text string
	records   []gold.Filed
	topics    [][]news.Filing // of each record
}

// measureTopics makes a row of each topic of each set that the rules know of.
func (o options) measureTopics(w io.Writer) (rows []topicRow, err error) {
	f, err := filerOf(o.library)
	if err != nil {
		return nil, err
	}
	sets, err := o.fileSets(f)
	if err != nil {
		return nil, err
	}
	for _, s := range append(poolFilings(sets), sets...) {
		for _, name := range f.Names() {
			if row, ok := s.row(name); ok {
				rows = append(rows, row)
				o.printFiled(w, row, s)
			}
		}
	}
	return rows, nil
}

func (o options) fileSets(f *topic.Filer) (sets []filing, err error) {
	for _, set := range choose(filed+" "+partial, o.sets) {
		rs, err := gold.LoadFiled(o.data, set, joins)
		if err != nil {
			return nil, err
		}
		bodies := slices.ContainsFunc(rs, func(r gold.Filed) bool { return r.Body != "" })
		for _, text := range choose("teaser body", o.text) {
			if text == "teaser" || bodies {
				sets = append(sets, filing{set, text, rs, file(f, rs, text == "body")})
			}
		}
	}
	return sets, nil
}

// poolFilings makes one of those sets that are measured as one, if they are
// there.
func poolFilings(sets []filing) []filing {
	var p filing
	var names []string
	for _, s := range sets {
		if slices.Contains(strings.Fields(pooled), s.set) && s.text == "teaser" {
			names = append(names, s.set)
			p.records, p.topics = append(p.records, s.records...), append(p.topics, s.topics...)
		}
	}
	if len(names) < 2 {
		return nil
	}
	p.set, p.text = strings.Join(names, " + "), "teaser"
	return []filing{p}
}

// least is of how many items of a topic its figures are made.
const least = 2

// row is how the topic does; false if too few items belong to it.
func (s filing) row(name string) (topicRow, bool) {
	n := 0
	for _, r := range s.records {
		if r.In(name) {
			n++
		}
	}
	if n < least {
		return topicRow{}, false
	}
	ts := gold.TallyTopic(s.records, name, func(i int) bool { return indexOf(s.topics[i], name) >= 0 })
	return topicRow{s.set, s.text, name, slices.Contains(strings.Fields(partial), s.set), gold.Measure(ts)}, true
}

// file is where the product files each record.
func file(f *topic.Filer, rs []gold.Filed, bodies bool) [][]news.Filing {
	filings, cleaner := make([][]news.Filing, len(rs)), canon.NewCleaner()
	for i, r := range rs {
		it := item(r.Record, cleaner, bodies)
		filings[i] = f.File([]topic.Telling{{Item: it, Source: news.Source{Key: r.Publisher, Name: r.Publisher}}})
	}
	return filings
}

func indexOf(fs []news.Filing, name string) int {
	return slices.IndexFunc(fs, func(f news.Filing) bool { return f.Topic == name })
}

// printFiled prints items that were filed wrongly, and why, then items that
// were missed.
func (o options) printFiled(w io.Writer, row topicRow, s filing) {
	if o.errors == 0 {
		return
	}
	var wrong, missed []string
	for i, r := range s.records {
		line := "- " + canon.Clip(r.Title, 110) + "\n    " + canon.Clip(r.Summary, 200) + "\n"
		switch at := indexOf(s.topics[i], row.topic); {
		case at < 0 && r.In(row.topic):
			missed = append(missed, line)
		case at >= 0 && !r.In(row.topic) && !row.partial:
			f := s.topics[i][at]
			wrong = append(wrong, line+"    "+strings.Join(f.Words, ", ")+" by "+f.Rule+"\n")
		}
	}
	for _, kind := range []struct {
		name  string
		lines []string
	}{{"wrong", wrong}, {"missed", missed}} {
		fmt.Fprintf(w, "%s.%s.%s %s: %d items\n%s\n", row.set, row.text, row.topic, kind.name, len(kind.lines), strings.Join(kind.lines[:min(o.errors, len(kind.lines))], ""))
	}
}

// printTopics writes the rows for a terminal.
func printTopics(w io.Writer, rows []topicRow) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "Topics\n%-13s%-7s%-20s%6s  %-6s%-6s%s\n", "set", "text", "topic", "items", "P", "R", "F1")
	for _, r := range rows {
		p, f1 := decimal(r.result.At[gold.Precision]), decimal(r.result.At[gold.F1])+" "+decimal(r.result.Low[gold.F1])+"-"+decimal(r.result.High[gold.F1])
		if r.partial {
			p, f1 = "-", "-"
		}
		fmt.Fprintf(w, "%-13s%-7s%-20s%6.0f  %-6s%-6s%s\n", r.set, r.text, r.topic, r.result.Sum.Groups, p, decimal(r.result.At[gold.Recall]), f1)
	}
	fmt.Fprintln(w)
}
