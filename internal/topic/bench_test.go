package topic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/query"
)

// BenchmarkRules files items under 10 and under 10,000 rules of five terms in
// one run, and reports how many times as much the many cost. Terms are as people
// write them, mostly names, of which an item has few: one in ten is a word of
// the corpus, so that the item of 300 words is in some 40 of 10,000 topics. Where
// it is "dense", every one is, and the item in some 400: what that costs is
// their filings, with reason and words.
func BenchmarkRules(b *testing.B) {
	tellings := corpus(b)
	long := []Telling{article(tellings, 300)}
	words := vocabulary(tellings)
	for _, set := range []struct {
		name  string
		items []Telling
		names int // beside each word
	}{{"corpus", tellings, 9}, {"300 words", long, 9}, {"corpus, dense", tellings, 0}, {"300 words, dense", long, 0}} {
		b.Run(set.name, func(b *testing.B) {
			few, many := rulesOf(b, words, set.names, 10), rulesOf(b, words, set.names, 10_000)
			compareRules(b, few, many, set.items)
		})
	}
}

func compareRules(b *testing.B, few, many *Filer, items []Telling) {
	var spent [2]time.Duration
	filed := 0
	for b.Loop() {
		for i, f := range []*Filer{few, many} {
			began := time.Now()
			filed = 0
			for _, t := range items {
				filed += len(f.File([]Telling{t}))
			}
			spent[i] += time.Since(began)
		}
	}
	n := float64(b.N * len(items))
	b.ReportMetric(float64(spent[0].Microseconds())/n, "µs/item-10-rules")
	b.ReportMetric(float64(spent[1].Microseconds())/n, "µs/item-10000-rules")
	b.ReportMetric(spent[1].Seconds()/spent[0].Seconds(), "times")
	b.ReportMetric(float64(filed)/float64(len(items)), "topics/item")
	b.ReportMetric(0, "ns/op")
}

// rulesOf are n rules of five terms, in five shapes.
func rulesOf(b *testing.B, words []string, names, n int) *Filer {
	random := rand.New(rand.NewPCG(1, 2))
	shapes := []string{
		`%s OR %s OR %s OR %s OR %s`, `%s AND (%s OR %s OR %s* OR %s)`, `"%s %s" OR %s NEAR/8 %s OR title:%s`,
		`2 of (%s, %s, %s, %s, %s)`, `(%s OR %s OR %s) NOT (%s OR %s)`,
	}
	var rules []Rule
	for i := range n {
		var terms []any
		for range 5 {
			if random.IntN(names+1) == 0 {
				terms = append(terms, words[random.IntN(len(words))])
			} else {
				terms = append(terms, fmt.Sprintf("name%d", random.IntN(len(words)*names)))
			}
		}
		src := fmt.Sprintf(shapes[i%len(shapes)], terms...)
		q, err := query.Parse(src)
		if err != nil {
			b.Fatal(src, err)
		}
		rules = append(rules, Rule{Name: fmt.Sprintf("T%d", i), Match: q})
	}
	return mustNew(b, rules...)
}

// vocabulary are the words of the items that are long enough to be terms.
func vocabulary(tellings []Telling) []string {
	seen := map[string]bool{}
	for _, t := range tellings {
		for w := range strings.FieldsFuncSeq(strings.ToLower(t.Item.Title+" "+t.Item.Text), func(r rune) bool { return r < 'a' || r > 'z' }) {
			if len(w) >= 4 {
				seen[w] = true
			}
		}
	}
	words := make([]string, 0, len(seen))
	for w := range seen {
		words = append(words, w)
	}
	slices.Sort(words)
	return words
}

// article is one item of so many words, of what the items say.
func article(tellings []Telling, words int) Telling {
	var all []string
	for _, t := range tellings {
		if t.Item.Text == "" || strings.IndexFunc(t.Item.Text, func(r rune) bool { return r >= utf8.RuneSelf && r < 0x2000 }) >= 0 {
			continue
		}
		all = append(all, strings.Fields(t.Item.Text)...)
	}
	for len(all) < words {
		all = append(all, all...)
	}
	return Telling{Item: news.Item{Title: "Article", Text: strings.Join(all[:words], " "), Language: "en"}}
}

// corpus are the items of the feed documents that stand beside the checkout, or
// a few of our own.
func corpus(b *testing.B) []Telling {
	const dir = "../../../shared/corpus/docs"
	files, err := os.ReadDir(dir)
	if err != nil {
		b.Logf("no corpus here, made-up items instead: %v", err)
		return madeUp()
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	client, err := fetch.New(fetch.Options{Timeout: 10 * time.Second, MaxSize: 10 << 20, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		b.Fatal(err)
	}
	var tellings []Telling
	for _, f := range files {
		src := news.Source{Key: f.Name(), URL: server.URL + "/" + f.Name()}
		for _, it := range client.Fetch(context.Background(), src, news.Poll{}, 0, time.Now()).Items {
			tellings = append(tellings, Telling{Item: it, Source: src})
		}
	}
	return tellings
}

func madeUp() []Telling {
	var tellings []Telling
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var text []string
		for range 120 {
			text = append(text, fmt.Sprintf("%c%c%co%cer", 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(26), 'a'+random.IntN(4)))
		}
		tellings = append(tellings, Telling{Item: news.Item{Title: text[0], Text: strings.Join(text, " "), Language: "en"}})
	}
	return tellings
}
