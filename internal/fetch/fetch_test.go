package fetch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/tools/txtar"

	"aggregator/internal/news"
)

var update = flag.Bool("update", false, "write the results that came out into the cases")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is the moment of all tests: a Thursday.
var noon = time.Date(2026, 8, 20, 10, 0, 0, 0, time.UTC)

// trip is a RoundTripper that answers from a text and keeps what was asked.
type trip struct {
	response []byte
	asked    []*http.Request
}

func (tr *trip) RoundTrip(r *http.Request) (*http.Response, error) {
	tr.asked = append(tr.asked, r)
	return http.ReadResponse(bufio.NewReader(bytes.NewReader(tr.response)), r)
}

func client(t testing.TB, opt Options) *Client {
	t.Helper()
	c, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestCases runs testdata/fetch/*.txtar: a response, and for some the source
// and the record of the last poll; the request and the result must be as
// written there.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/fetch/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runCase(t, file) })
	}
}

func runCase(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(ar.Comment), "Description: ") {
		t.Error("no description")
	}
	src := news.Source{Key: "site.example/feed", URL: "https://site.example/feed"}
	var prev news.Poll
	tr := &trip{}
	var inputs []txtar.File
	want := map[string]string{}
	for _, f := range ar.Files {
		switch f.Name {
		case "source":
			unmarshal(t, f.Data, &src)
		case "prev":
			unmarshal(t, f.Data, &prev)
		case "response":
			tr.response = bytes.TrimSuffix(f.Data, []byte("\n"))
			if !bytes.Contains(tr.response, []byte("\n\n")) {
				tr.response = append(tr.response, "\n\n"...) // headers alone
			}
		default:
			want[f.Name] = string(f.Data)
			continue
		}
		inputs = append(inputs, f)
	}
	r := client(t, Options{UserAgent: "test", Transport: tr}).Fetch(context.Background(), src, prev, 0, noon)
	got := map[string]string{"request": requestText(tr.asked), "result": resultText(t, r)}
	if *update {
		ar.Files = append(inputs, txtar.File{Name: "request", Data: []byte(got["request"])}, txtar.File{Name: "result", Data: []byte(got["result"])})
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, part := range []string{"request", "result"} {
		if got[part] != want[part] {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", part, got[part], want[part])
		}
	}
	balanced(t, r)
}

func balanced(t testing.TB, r Result) {
	t.Helper()
	if r.Received != r.Known+len(r.Items) {
		t.Errorf("%d received, but %d known and %d items", r.Received, r.Known, len(r.Items))
	}
}

func unmarshal(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func requestText(rs []*http.Request) string {
	var b bytes.Buffer
	for _, r := range rs {
		b.WriteString(r.Method + " " + r.URL.String() + "\n")
		r.Header.Del("Accept")
		r.Header.Write(&b)
	}
	return strings.ReplaceAll(b.String(), "\r\n", "\n")
}

// resultText is what came out, as a person reads it; texts and hashes, which
// follow from the rest, left out.
func resultText(t *testing.T, r Result) string {
	for i := range r.Items {
		r.Items[i].Feed, r.Items[i].Seen = news.Feed{}, time.Time{}
	}
	for i := range r.Poll.Seen {
		r.Poll.Seen[i].ID, r.Poll.Seen[i].Raw, r.Poll.Seen[i].Piece = 0, 0, 0
	}
	r.Poll.Body = 0
	err := ""
	if r.Err != nil {
		err = r.Err.Error()
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(struct {
		Err             string      `json:"err,omitempty"`
		Received, Known int         `json:",omitempty"`
		Unchanged       bool        `json:",omitempty"`
		Items           []news.Item `json:",omitempty"`
		Poll            news.Poll
	}{err, r.Received, r.Known, r.Unchanged, r.Items, r.Poll}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
