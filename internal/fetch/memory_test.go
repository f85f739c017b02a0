package fetch

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"aggregator/internal/news"
)

// mostMemory is what the whole program may take while it is attacked.
const mostMemory = 256 << 20

// worst are documents of the size limit, each made to cost as much as it can.
func worst() map[string][2]string {
	rss := func(body string) [2]string { return [2]string{"<rss><channel>", body} }
	item := func(body string) [2]string { return [2]string{"<rss><channel><item><title>x</title>", body} }
	return map[string][2]string{
		"items":                  rss("<item><guid>%d</guid><title>Title %d</title></item>"),
		"items with words":       rss("<item><guid>%d</guid><title>Title %d</title><description>" + strings.Repeat("word ", 60) + "</description></item>"),
		"empty items":            rss("<item/>"),
		"empty elements":         item("<a/>"),
		"extensions":             item("<a:b/>"),
		"extensions with more":   item("<a:b c='d'><a:e>f</a:e></a:b>"),
		"attributes":             item("' '><a " + strings.Repeat("b='' ", 2000)),
		"one tag":                {"<rss><channel><item><a ", "b='' "},
		"an attribute":           {"<rss><channel><item><a b='", "huge "},
		"labels":                 item("<category>%d</category>"),
		"enclosures":             item("<enclosure url='/%d'/>"),
		"namespaces":             item("<a xmlns:b%d='c'/>"),
		"comments":               item("<!---->"),
		"CDATA":                  item("<![CDATA[x]]>"),
		"references":             item("&#65;"),
		"control references":     item("&#1;"),
		"less-than":              item("<"),
		"open tags":              item("<b>"),
		"open titles":            item("<title>"),
		"markup":                 {"<rss><channel><item><description><![CDATA[", "<b><i><p>"},
		"images":                 {"<rss><channel><item><description><![CDATA[", "<img src=/%d>"},
		"NUL":                    item("\x00"),
		"bytes that are no text": item("\xff"),
		"atom":                   {`<feed xmlns="http://www.w3.org/2005/Atom">`, "<entry><id>%d</id><title>x</title></entry>"},
		"atom links":             {`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id>`, "<link href='/%d'/>"},
		"JSON items":             {`{"version":"https://jsonfeed.org/version/1","items":[{}`, `,{"id":"%d"}`},
		"JSON lists":             {`{"version":"https://jsonfeed.org/version/1","items":[[]`, `,[]`},
		"JSON depth":             {``, `[`},
		"JSON tags":              {`{"version":"https://jsonfeed.org/version/1","items":[{"tags":[""`, `,""`},
		"a page":                 {"<html><head>", "<link rel=alternate type=application/rss+xml href=/%d>"},
		"nothing":                {"", " "},
	}
}

// packedWorst is one of them, compressed, so that it weighs little in a server
// that is part of the same process.
func packedWorst(doc [2]string, limit int) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w := bufio.NewWriter(z)
	w.WriteString(doc[0])
	parts := strings.Split(doc[1], "%d")
	for i, n := 0, len(doc[0]); n+len(doc[1])+16 < limit; i++ {
		number := strconv.Itoa(i)
		for j, part := range parts {
			if j > 0 {
				n += len(number)
				w.WriteString(number)
			}
			n += len(part)
			w.WriteString(part)
		}
	}
	w.Flush()
	z.Close()
	return b.Bytes()
}

// TestMemory fetches all of the worst, eight side by side, in a process of its
// own, whose heap must stay small at its largest.
func TestMemory(t *testing.T) {
	if os.Getenv("FETCH_MEMORY") != "" {
		fetchWorst(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestMemory$", "-test.v")
	cmd.Env = append(os.Environ(), "FETCH_MEMORY=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var most uint64
	if _, after, ok := strings.Cut(string(out), "heap at most "); !ok {
		t.Fatalf("no figure:\n%s", out)
	} else if _, err := fmt.Sscan(after, &most); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB", most>>20)
	if most > mostMemory {
		t.Errorf("the heap was %d MiB, want at most %d\n%s", most>>20, mostMemory>>20, out)
	}
}

// fetchWorst is what the process does whose memory is measured.
func fetchWorst(t *testing.T) {
	docs := map[string][]byte{}
	for name, doc := range worst() {
		docs[name] = packedWorst(doc, 10<<20)
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(docs[r.URL.Query().Get("doc")])
	})
	c := client(t, Options{AllowNetworks: loopback()})
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys
	}
	var most uint64
	var mu sync.Mutex
	var wait sync.WaitGroup
	side := make(chan struct{}, 8)
	for name := range worst() {
		side <- struct{}{}
		wait.Go(func() {
			defer func() { <-side }()
			start := time.Now()
			r := ask(t, c, s.URL+"/?doc="+strings.ReplaceAll(name, " ", "+"), news.Poll{})
			mu.Lock()
			defer mu.Unlock()
			h := heap()
			most = max(most, h)
			t.Logf("%s %s: %d items, heap %d MiB, partial %q, %v", time.Since(start), name, len(r.Items), h>>20, r.Poll.Partial, r.Err)
		})
	}
	wait.Wait()
	fmt.Printf("heap at most %d bytes\n", max(most, heap()))
}
