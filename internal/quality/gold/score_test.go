package gold

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

func TestScore(t *testing.T) {
	data, err := os.ReadFile("testdata/score.txtar")
	if err != nil {
		t.Fatal(err)
	}
	cases := txtar.Parse(data).Files
	if len(cases) < 10 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, f := range cases {
		t.Run(f.Name, func(t *testing.T) { checkScore(t, string(f.Data)) })
	}
}

func checkScore(t *testing.T, text string) {
	var rs []Record
	var story []news.Position
	var q Question
	want := map[string]string{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case f[0] == "=":
			for i := 1; i+1 < len(f); i += 2 {
				want[f[i]] = f[i+1]
			}
		case len(f) == 1:
			q.Across, q.Events = q.Across || f[0] == "across", q.Events || f[0] == "events"
		default:
			n, err := strconv.Atoi(f[5])
			if err != nil {
				t.Fatal(err)
			}
			title := strings.Join(f[6:], " ")
			rs = append(rs, Record{ID: f[0], Cluster: f[1], Event: f[2], Publisher: f[3], CleanTitle: canon.Normal(title), CanonicalURL: canon.URL(strings.Trim(f[4], "-"))})
			story = append(story, news.Position(n))
		}
	}
	r := Measure(Tallies(rs, story, q))
	got := map[string]float64{
		"items": r.Sum.Items, "groups": r.Sum.Groups, "pairs": r.Sum.Pairs, "lost": r.Sum.Lost, "lostOut": r.Sum.LostOut,
		"P": r.At[Precision], "R": r.At[Recall], "F1": r.At[F1], "Pout": r.At[PrecisionOut], "hardR": r.At[HardRecall],
		"b3P": r.At[B3Precision], "b3R": r.At[B3Recall], "b3F1": r.At[B3F1], "hideP": r.At[HidePrecision], "hideR": r.At[HideRecall],
	}
	for name, w := range want {
		v, ok := got[name]
		if !ok || strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) != w {
			t.Errorf("%s is %v, want %s", name, v, w)
		}
	}
}

func drawRecords(t *rapid.T) (rs []Record, story []news.Position) {
	for i := range rapid.IntRange(1, 12).Draw(t, "items") {
		group := rapid.IntRange(1, 6).Draw(t, "group")
		rs = append(rs, Record{ID: fmt.Sprint(i), Cluster: fmt.Sprint(group), Event: fmt.Sprint(group % 3), Publisher: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "publisher")})
		story = append(story, news.Position(rapid.IntRange(1, 6).Draw(t, "story")))
	}
	return rs, story
}

// Whatever the grouping: figures are shares; wrong pairs, counted half and half
// by group, are the pairs that are; leaving out what is of one event never
// makes it worse; and what is right is right in every draw.
func TestScoreHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rs, story := drawRecords(t)
		var sum Tally
		for _, u := range Tallies(rs, story, Question{}) {
			sum.add(u)
		}
		found, wrong := 0.0, 0.0
		for i := range rs {
			for j := range i {
				if story[i] != story[j] {
					continue
				}
				if rs[i].Cluster == rs[j].Cluster {
					found++
				} else {
					wrong++
				}
			}
		}
		if sum.Found != found || math.Abs(sum.Wrong-wrong) > 1e-9 {
			t.Fatalf("found %v and wrong %v, want %v and %v", sum.Found, sum.Wrong, found, wrong)
		}
		at := ratios(sum)
		for k, v := range at {
			if v < 0 || v > 1+1e-9 || math.IsNaN(v) {
				t.Fatalf("figure %d is %v", k, v)
			}
		}
		if at[PrecisionOut] < at[Precision] || sum.LostOut > sum.Lost {
			t.Fatalf("stricter is better: %v", at)
		}
		perfect := make([]news.Position, len(rs))
		for i, r := range rs {
			n, _ := strconv.Atoi(r.Cluster)
			perfect[i] = news.Position(n)
		}
		if r := Measure(Tallies(rs, perfect, Question{})); r.Low[F1] != 1 || r.High[F1] != 1 || r.At[B3F1] != 1 || r.Sum.Lost != 0 {
			t.Fatalf("perfect is not: %+v", r)
		}
	})
}

func TestIntervalsAreTheSameEachTime(t *testing.T) {
	ts := []Tally{{Pairs: 3, Found: 1, Groups: 1, Items: 3}, {Pairs: 1, Found: 1, Groups: 1, Items: 2}, {Wrong: 1, Groups: 1, Items: 1}}
	a, b := Measure(ts), Measure(ts)
	if a != b {
		t.Errorf("%v and %v", a, b)
	}
	if a.Low[Recall] >= a.At[Recall] || a.At[Recall] >= a.High[Recall] {
		t.Errorf("recall %v is not between %v and %v", a.At[Recall], a.Low[Recall], a.High[Recall])
	}
}

func TestBestCut(t *testing.T) {
	js := []Judged{{.9, true}, {.8, true}, {.8, false}, {.5, true}, {.2, false}, {.1, false}}
	cut, at := BestCut(js)
	if cut != .5 || at[Precision] != .75 || at[Recall] != 1 {
		t.Errorf("cut %v with %v", cut, at)
	}
	if cut, at := BestCut(nil); cut != 0 || at != (Figures{}) {
		t.Errorf("cut %v with %v of nothing", cut, at)
	}
}
