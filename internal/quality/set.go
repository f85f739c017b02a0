package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A record is an item of a labelled set. Cluster names the article it is a copy
// of, Event what that article reports.
type record struct {
	ID, Cluster, Event       string
	Title, Summary, Body     string
	URL, Publisher, Lang     string
	Time                     time.Time
	cleanTitle, canonicalURL string
}

// A set is the records of one labelled set, in the order in which they came.
type set struct {
	name    string
	records []record
	bodies  bool // some have one
}

// load reads DIR/NAME.dev.jsonl.gz. clean is what makes two titles one.
func load(dir, name string, clean func(string) string) (set, error) {
	s := set{name: name}
	err := readLines(filepath.Join(dir, name+".dev.jsonl.gz"), func(line []byte) error {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		r.Event = cmp.Or(r.Event, r.Cluster)
		r.cleanTitle, r.canonicalURL = clean(canon.Line(r.Title)), canon.URL(r.URL)
		s.bodies = s.bodies || r.Body != ""
		s.records = append(s.records, r)
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("the labelled set %q is not in %q: say with -data where the sets are", name, dir)
	}
	if err != nil {
		return s, fmt.Errorf("read %s: %w", name, err)
	}
	slices.SortFunc(s.records, func(a, b record) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	return s, nil
}

// readLines gives each line of a gzipped file to take.
func readLines(name string, take func([]byte) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := bufio.NewReader(z); ; {
		line, err := r.ReadBytes('\n')
		if len(line) > 1 {
			if err := take(line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// items are the records as RSS feeds would bring them, one feed a publisher.
func (s set) items(bodies bool) []news.Item {
	items := make([]news.Item, len(s.records))
	cleaner := canon.NewCleaner()
	for i, r := range s.records {
		items[i] = r.item(cleaner, bodies)
	}
	return items
}

// item has the teaser in the description and the body in content:encoded. As
// room fetch does it, a teaser that is all there is counts as the content.
func (r record) item(cleaner *canon.Cleaner, bodies bool) news.Item {
	it := news.Item{
		Source: r.Publisher, Feed: news.Feed{Title: r.Publisher}, GUID: r.ID, URL: r.URL,
		Title: canon.Line(r.Title), Published: r.Time, Seen: r.Time, Language: r.Lang,
	}
	content := r.Summary
	if bodies && r.Body != "" && r.Body != r.Summary {
		content = "<p>" + html.EscapeString(r.Body) + "</p>"
		it.Summary = canon.Text(r.Summary)
	}
	it.HTML = cleaner.HTML(content, r.URL)
	it.Text = canon.Text(it.HTML)
	return it
}
