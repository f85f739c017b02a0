package poll

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
	"aggregator/internal/topic"
)

// benchStories is how many kept stories are filed anew.
const benchStories = 20_000

// BenchmarkRefile files kept stories of 300 words under fifty topics, each
// time under rules that put all of them elsewhere. Of the time, `still` is how
// long feeds stand still.
func BenchmarkRefile(b *testing.B) {
	kept, err := bolt.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer kept.Close()
	fillBench(b, kept)
	p, err := Open(b.Context(), kept, Plan{Filer: benchRules(b, 0)}, Options{Log: slog.New(slog.DiscardHandler), Look: true})
	if err != nil {
		b.Fatal(err)
	}
	var still time.Duration
	round := 0
	for b.Loop() {
		round++
		p.plan.Store(newPlan(Plan{Filer: benchRules(b, round)}))
		c, err := p.refile(b.Context(), func(write func() error) error {
			began := time.Now()
			defer func() { still += time.Since(began) }()
			return write()
		})
		if err != nil || c.Changed != benchStories {
			b.Fatalf("%d changed, %v", c.Changed, err)
		}
	}
	b.ReportMetric(float64(benchStories*b.N)/b.Elapsed().Seconds(), "stories/s")
	b.ReportMetric(still.Seconds()/float64(b.N), "still-s/op")
}

// benchRules are fifty topics whose names differ from round to round.
func benchRules(b *testing.B, round int) *topic.Filer {
	var rules []topic.Rule
	for i := range 50 {
		q, err := query.Parse(fmt.Sprintf(`word%d OR word%d NEAR/8 word%d OR "word%d word%d" OR alpha%d*`, i, i+100, i+101, i+200, i+201, i))
		if err != nil {
			b.Fatal(err)
		}
		rules = append(rules, topic.Rule{Name: fmt.Sprintf("Topic %d of %d", i, round%2), Match: q})
	}
	filer, err := topic.New(rules)
	if err != nil {
		b.Fatal(err)
	}
	return filer
}

func fillBench(b *testing.B, s store.Store) {
	const atOnce = 1000
	at := news.Position(0)
	for n := 0; n < benchStories; n += atOnce {
		batch := store.Batch{Items: map[news.Position]news.Item{}}
		for i := n + 1; i <= n+atOnce; i++ {
			pos := news.Position(i)
			html := benchText(i)
			batch.Decisions = append(batch.Decisions, news.Decision{Pos: pos, Fate: news.New, Story: pos, At: time.Unix(int64(i), 0)})
			batch.Items[pos] = news.Item{Source: "a.example/feed", GUID: fmt.Sprint(i), Title: fmt.Sprintf("Title word%d", i%50), HTML: html}
			batch.Stories = append(batch.Stories, news.Story{
				ID: fmt.Sprintf("%036d", i), Pos: pos, Lead: news.Telling{Pos: pos, Source: "a.example/feed", Name: "A"}, Published: time.Unix(int64(i), 0),
			})
		}
		next, err := s.Append(b.Context(), at, batch)
		if err != nil {
			b.Fatal(err)
		}
		at = next
	}
}

// benchText is 300 words in three paragraphs.
func benchText(i int) string {
	var text strings.Builder
	for w := range 300 {
		if w%100 == 0 {
			text.WriteString("<p>")
		}
		fmt.Fprintf(&text, "word%d ", (i*7+w*w)%5000)
		if w%100 == 99 {
			text.WriteString("</p>")
		}
	}
	return text.String()
}
