// Quality measures which stories the product makes of labelled sets of items,
// by the product's own path: each item as its feed would bring it, in order of
// time, decided by room dedupe; and which topics it files items under, by the
// rules of the library.
//
//	go run ./internal/quality -data DIR
//
// A set is DIR/NAME.dev.jsonl.gz, an item a line: id, cluster (which article it
// is a copy of), event (what that reports), title, summary, body, url,
// publisher, time, lang. A set for topics is DIR/topics_NAME.dev.jsonl.gz: id,
// title, summary, body, publisher, lang, topics, and weight, where an item
// stands for several.
package main

import (
	"flag"
	"fmt"
	"os"

	"aggregator/internal/near"
	"aggregator/internal/quality/gold"
)

func main() {
	o := options{}
	flag.StringVar(&o.data, "data", "", "`folder` of the labelled sets")
	flag.StringVar(&o.level, "level", "all", "`table`: cluster (copies of one article), default (the same as configured by default), event (reports of one event), topics (where items are filed), pairs (texts two by two), or all but the last")
	flag.StringVar(&o.library, "library", "deploy/topics", "`folder` of the rules that items are filed by")
	flag.StringVar(&o.sets, "sets", "all", "only these `sets`, with commas between")
	flag.StringVar(&o.text, "text", "all", "`text` to decide by: teaser, body or all")
	flag.StringVar(&o.out, "out", "", "write what was decided to this `folder`, a file for each line of the tables")
	flag.StringVar(&o.page, "write", "", "write what was measured as a page for users to this `file`")
	flag.StringVar(&o.models, "fit", "", "learn models from the sets and write them to this `file`")
	flag.StringVar(&o.held, "held", "", "learn models, and print how those that never saw an item do on it at these `thresholds`, with commas between")
	flag.IntVar(&o.errors, "errors", 0, "print the worst `N` mistakes of each line of the tables")
	flag.Parse()
	if err := o.run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type options struct {
	data, library, level, sets, text, out, page, models, held string
	errors                                                    int
	modelOf                                                   func(gold.Record) near.Models // other than those learnt
}
