package near

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// pieces are what rapid joins into texts that look like news at the places
// that cleaning looks at.
var pieces = []string{
	"SEOUL", "LONDON", "São Paulo", "Washington", "By Jane Doe", ", Aug 20", "Aug 18", "Sept. 3", "December 31", "May 4", " (Reuters)", "(AP)", "[ロイター]", "[东京 18日 ロイター]",
	" - ", "-", " – ", "—", "--", ": ", "：", "|", " | ", " · ", " :: ", " » ", "/", "Reuters", "Yahoo! News", "The Daily Example", "example.co.uk", "Example.com", "a.b", "x.io",
	"路透北京3月15日", "北京", "12月31日", "3日", "电", "電", "讯", " ", "  ", "\n", "。", ".", "!", "?", "…", "【独家】", "（上）", "(下)", "第十三", "第二十一批", "第", "十", "《人民日报》",
	"UPDATE 1-", "WRAPUP 12 - ", "RPT-", "correction – ", "special report:", "Exclusive: ", "Watch ", "VIDEO ", "再送-", "LIVE", "[", "]", "(", ")", "『", "」",
	"U.S.", "U.N. chief", "J.K. Rowling", "10bn", "1.50", "1,000", "12th", "5-year", "third", "percent", "Monday", "mercredi", "é", "e\u0301", "\xff", "\xe4\xb8", "Ｆｕｌｌ", "，", "、",
	"Markets rise as the bank holds its rate", "中国外交部发言人表示", "東京都は新しいルールを", "الحكومة اليوم", "Правительство", "정부는 오늘", "รัฐบาลไทย",
	"Read more", "Continue reading", "The post ", "続きを読む", "a", "B", "7", "ſ", "K",
}

func newsText(t *rapid.T, label string, most int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, most).Draw(t, label), rapid.SampledFrom([]string{"", "", " "}).Draw(t, "between"))
}

// TestMakeAsSpelt compares the scanners with the regular expressions that say
// the same in fewer words.
func TestMakeAsSpelt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkMake(t, Text{
			Title: newsText(t, "title", 8), Lead: newsText(t, "lead", 14), Body: newsText(t, "body", 300),
			Names: []string{newsText(t, "name", 2), "The Daily Example"},
			URL:   "https://www.example.com/" + newsText(t, "path", 6),
		})
	})
}

func checkMake(t interface {
	Helper()
	Errorf(string, ...any)
}, x Text) {
	t.Helper()
	if got, want := plain(x.Title), slowPlain(x.Title); got != want {
		t.Errorf("plain(%q) = %q, want %q", x.Title, got, want)
	}
	for _, s := range []string{x.Lead, x.Body, x.Title} {
		if got, want := Lead(s), slowLead(s); got != want {
			t.Errorf("Lead(%q) = %q, want %q", s, got, want)
		}
	}
	for _, s := range []string{x.Lead, x.Title} {
		head, tail := Title(s, x.Names)
		if wantHead, wantTail := slowTitle(s, x.Names); head != wantHead || tail != wantTail {
			t.Errorf("Title(%q, %q) = %q, %q, want %q, %q", s, x.Names, head, tail, wantHead, wantTail)
		}
	}
	if got, want := Make(x), slowMake(x); !reflect.DeepEqual(plainSketch(got), plainSketch(want)) {
		t.Errorf("Make(%+v) =\n%+v, want\n%+v", x, got, want)
	}
}

// plainSketch has nil for what is empty.
func plainSketch(s Sketch) Sketch {
	for _, ws := range []*[]Word{&s.Title, &s.Lead, &s.Slug} {
		if len(*ws) == 0 {
			*ws = nil
		}
	}
	return s
}

func FuzzMake(f *testing.F) {
	f.Add("UPDATE 1-Markets rise - Reuters", "LONDON, Aug 20 (Reuters) - Markets rose.", "路透北京3月15日电 - 中国", "https://example.com/a-b-c-d-1234567")
	f.Add("【独家】第十三批名单（上）", "【時事】東京 18日 ロイター", "By A B\nC (AP) —", "")
	f.Fuzz(func(t *testing.T, title, lead, body, url string) {
		x := Text{Title: title, Lead: lead, Body: body, URL: url, Names: []string{"The Daily Example", lead}}
		checkMake(t, x)
		a, b := Make(x), Make(x)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("Make(%+v) differs from time to time", x)
		}
	})
}

// TestMakeOfSharedNews does the same with real news, where labelled sets stand
// beside the tree.
func TestMakeOfSharedNews(t *testing.T) {
	for _, name := range sharedSets(t) {
		for _, x := range readTexts(t, name) {
			checkMake(t, x)
		}
	}
}

func sharedSets(t *testing.T) []string {
	dir, err := os.Getwd()
	for ; err == nil && dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	sets, err := filepath.Glob(filepath.Join(dir, "../shared/quality/data/*.dev.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return sets
}

func readTexts(t *testing.T, name string) (xs []Text) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var it struct{ Title, Summary, Body, URL, Publisher string }
		if err := json.Unmarshal(lines.Bytes(), &it); err != nil {
			t.Fatal(err)
		}
		xs = append(xs, Text{Title: it.Title, Lead: it.Summary, Body: it.Body, URL: it.URL, Names: []string{it.Publisher}})
	}
	return xs
}
