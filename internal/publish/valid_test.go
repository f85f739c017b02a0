package publish

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"

	"aggregator/internal/feedcheck"
)

// TestMain has every document checked that any test of this room makes: feeds
// and archives, filtered, private and written to files alike.
func TestMain(m *testing.M) {
	flag.Parse()
	c := checked{seen: map[[32]byte]bool{}}
	if flag.Lookup("test.bench").Value.String() == "" {
		c.all()
	}
	status := m.Run()
	if c.found != "" {
		fmt.Printf("FAIL: documents that are not valid were published:\n%s", c.found)
		status = 1
	}
	os.Exit(status)
}

type checked struct {
	sync.Mutex
	seen  map[[32]byte]bool // the same bytes at the same address are looked at once
	found string
}

// all puts itself between documents and where they are written.
func (c *checked) all() {
	for name, f := range formats {
		write := f.write
		f.write = func(w io.Writer, its feed) error {
			var doc bytes.Buffer
			if err := write(&doc, its); err != nil {
				return err
			}
			c.check(doc.Bytes(), its.self)
			_, err := w.Write(doc.Bytes())
			return err
		}
		formats[name] = f
	}
}

func (c *checked) check(doc []byte, self string) {
	sum := sha256.Sum256(append(doc[:len(doc):len(doc)], self...))
	c.Lock()
	had := c.seen[sum]
	c.seen[sum] = true
	c.Unlock()
	if had {
		return
	}
	found := feedcheck.Check(doc, self)
	if len(found) == 0 {
		return
	}
	c.Lock()
	defer c.Unlock()
	if len(c.found) < 16<<10 {
		c.found += fmt.Sprintf("%s\n%s\n%.1500s\n", self, feedcheck.Words(found), doc)
	}
}
