package main

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
	var rs []record
	var story []news.Position
	var q question
	want := map[string]string{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case f[0] == "=":
			for i := 1; i+1 < len(f); i += 2 {
				want[f[i]] = f[i+1]
			}
		case len(f) == 1:
			q.across, q.events = q.across || f[0] == "across", q.events || f[0] == "events"
		default:
			n, err := strconv.Atoi(f[5])
			if err != nil {
				t.Fatal(err)
			}
			title := strings.Join(f[6:], " ")
			rs = append(rs, record{ID: f[0], Cluster: f[1], Event: f[2], Publisher: f[3], cleanTitle: canon.Normal(title), canonicalURL: canon.URL(strings.Trim(f[4], "-"))})
			story = append(story, news.Position(n))
		}
	}
	r := measure(tallies(rs, story, q))
	got := map[string]float64{"items": r.sum.items, "groups": r.sum.groups, "pairs": r.sum.pairs, "lost": r.at[lost], "lostOut": r.at[lostOut]}
	for _, c := range columns(question{}) {
		got[c.name] = r.at[c.figure]
	}
	for name, w := range want {
		v, ok := got[name]
		if !ok || strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) != w {
			t.Errorf("%s is %v, want %s", name, v, w)
		}
	}
}

func drawRecords(t *rapid.T) (rs []record, story []news.Position) {
	for i := range rapid.IntRange(1, 12).Draw(t, "items") {
		group := rapid.IntRange(1, 6).Draw(t, "group")
		rs = append(rs, record{ID: fmt.Sprint(i), Cluster: fmt.Sprint(group), Event: fmt.Sprint(group % 3), Publisher: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "publisher")})
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
		var sum tally
		for _, u := range tallies(rs, story, question{}) {
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
		if sum.found != found || math.Abs(sum.wrong-wrong) > 1e-9 {
			t.Fatalf("found %v and wrong %v, want %v and %v", sum.found, sum.wrong, found, wrong)
		}
		at := ratios(sum)
		for k, v := range at {
			if v < 0 || v > 1+1e-9 || math.IsNaN(v) {
				t.Fatalf("figure %d is %v", k, v)
			}
		}
		if at[precisionOut] < at[precision] || at[lostOut] > at[lost] {
			t.Fatalf("stricter is better: %v", at)
		}
		perfect := make([]news.Position, len(rs))
		for i, r := range rs {
			n, _ := strconv.Atoi(r.Cluster)
			perfect[i] = news.Position(n)
		}
		if r := measure(tallies(rs, perfect, question{})); r.low[f1] != 1 || r.high[f1] != 1 || r.at[b3F1] != 1 || r.at[lost] != 0 {
			t.Fatalf("perfect is not: %+v", r)
		}
	})
}

func TestIntervalsAreTheSameEachTime(t *testing.T) {
	ts := []tally{{pairs: 3, found: 1, groups: 1, items: 3}, {pairs: 1, found: 1, groups: 1, items: 2}, {wrong: 1, groups: 1, items: 1}}
	a, b := measure(ts), measure(ts)
	if a != b {
		t.Errorf("%v and %v", a, b)
	}
	if a.low[recall] >= a.at[recall] || a.at[recall] >= a.high[recall] {
		t.Errorf("recall %v is not between %v and %v", a.at[recall], a.low[recall], a.high[recall])
	}
}

func TestBestCut(t *testing.T) {
	js := []judged{{.9, true}, {.8, true}, {.8, false}, {.5, true}, {.2, false}, {.1, false}}
	cut, at := bestCut(js)
	if cut != .5 || decimal(at[precision]) != ".750" || decimal(at[recall]) != "1.000" {
		t.Errorf("cut %v with %v", cut, at)
	}
	if cut, at := bestCut(nil); cut != 0 || at != (figures{}) {
		t.Errorf("cut %v with %v of nothing", cut, at)
	}
}
