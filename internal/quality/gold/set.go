package gold

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"aggregator/internal/canon"
)

// A Record is an item of a labelled set. Cluster names the article it is a copy
// of, Event what that article reports.
type Record struct {
	ID, Cluster, Event       string
	Title, Summary, Body     string
	URL, Publisher, Lang     string
	Time                     time.Time
	CleanTitle, CanonicalURL string `json:"-"` // what gives copies away
}

// A Set is the records of one labelled set, in the order in which they came.
type Set struct {
	Name    string
	Records []Record
	Bodies  bool // some have one
}

// Load reads DIR/NAME.dev.jsonl.gz. clean is what makes two titles one.
func Load(dir, name string, clean func(string) string) (Set, error) {
	s := Set{Name: name}
	err := readLines(filepath.Join(dir, name+".dev.jsonl.gz"), func(line []byte) error {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		r.Event = cmp.Or(r.Event, r.Cluster)
		r.CleanTitle, r.CanonicalURL = clean(canon.Line(r.Title)), canon.URL(r.URL)
		s.Bodies = s.Bodies || r.Body != ""
		s.Records = append(s.Records, r)
		return nil
	})
	slices.SortFunc(s.Records, func(a, b Record) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	return s, wrap(err, dir, name)
}

func wrap(err error, dir, name string) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the labelled set %q is not in %q: say with -data where the sets are", name, dir)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
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
