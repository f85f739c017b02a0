package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
	"aggregator/internal/poll"
)

// comparedLine is two items beside each other, as `compare --json` prints.
type comparedLine struct {
	Verdict    string        `json:"verdict"`          // same story, different stories
	Reason     string        `json:"reason,omitempty"` // of the same: guid, url, text, near
	Guard      string        `json:"guard,omitempty"`  // what kept them apart
	Similarity float64       `json:"similarity"`       // of near text
	Threshold  float64       `json:"threshold"`        // from which on near text is the same
	Copied     bool          `json:"copied,omitempty"` // the text stands in both word by word: similarity is that of this
	Bias       float64       `json:"bias"`
	Features   []featureLine `json:"features"`
	Mended     float64       `json:"mended"` // what the trees add together
	// Together is the story that both tell, as it was decided.
	Together *togetherLine `json:"together,omitempty"`
	Items    [2]sideLine   `json:"items"`
}

// featureLine is one thing measured of a pair. What all add, with the bias and
// what the trees mend, is the logit of the similarity.
type featureLine struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Adds  float64 `json:"adds"`
}

type togetherLine struct {
	Story    string   `json:"story"`
	Evidence []string `json:"evidence"` // of each of the two
}

type sideLine struct {
	itemLine
	Story     string    `json:"story"`
	GUID      string    `json:"guid"`
	URL       string    `json:"url,omitempty"`
	Headline  wordsLine `json:"headline"`
	CutOff    string    `json:"cut_off,omitempty"` // rubrics, the name of a source
	Beginning wordsLine `json:"beginning"`
	Slug      []string  `json:"slug,omitempty"` // words of the address
	Agencies  []string  `json:"agencies,omitempty"`
	Words     int       `json:"words"`
	Body      bool      `json:"body"`   // a whole text is compared, too
	Sketch    int       `json:"sketch"` // bytes
}

// wordsLine is a text, and its words that the other item has not.
type wordsLine struct {
	Text   string   `json:"text"`
	Alone  []string `json:"alone,omitempty"`
	marked string
}

func (c *command) compareCommand() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use: "compare ITEM ITEM", Short: "Say whether two items tell one story, and by what", Args: cobra.ExactArgs(2),
		Long: `compare puts two items that are kept beside each other: what is compared of each,
how similar they are, and whether the later one would join the earlier, or what
keeps them apart. It judges as a poll does, with the words' weights of today.
Nothing is fetched, nothing is changed. [Words in brackets] stand in one only.

An item is named by its address, its GUID, or @ and its position in the log.`,
		Example: "  aggregator compare https://a.example/dam-breaks https://b.example/2026/dam\n  aggregator compare @17 @4711 --all",
		RunE: func(cmd *cobra.Command, names []string) error {
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				line, err := s.compare(ctx, names)
				if err != nil {
					return err
				}
				if c.json {
					return c.line(line)
				}
				c.printCompared(line, all)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "print all features, not only those that weigh most")
	return cmd
}

func (s *site) compare(ctx context.Context, names []string) (comparedLine, error) {
	var stories [2]news.Story
	var tellings [2]news.Telling
	for i, name := range names {
		var err error
		if stories[i], tellings[i], err = s.telling(ctx, name); err != nil {
			return comparedLine{}, fmt.Errorf("compare (it fetches nothing): %w", err)
		}
	}
	if tellings[0].Pos == tellings[1].Pos {
		return comparedLine{}, usageError{fmt.Errorf("%s and %s are one item: @%d  %s", names[0], names[1], tellings[0].Pos, quoted(tellings[0].Title, tellings[0].Name))}
	}
	made, err := s.poller.Compare(ctx, tellings[0].Pos, tellings[1].Pos)
	if err != nil {
		return comparedLine{}, fmt.Errorf("compare: %w", err)
	}
	line := comparedLineOf(made)
	for i, side := range []dedupe.Compared{made.A, made.B} {
		line.Items[i] = sideLineOf(tellings[i], stories[i], side)
	}
	if stories[0].Pos == stories[1].Pos {
		line.Together = &togetherLine{urn(stories[0]), []string{decidedBy(tellings[0]), decidedBy(tellings[1])}}
	}
	return line, nil
}

// decidedBy is by what a telling came to tell its story.
func decidedBy(t news.Telling) string {
	switch t.Reason {
	case "":
		return "began it"
	case "near":
		return fmt.Sprintf("near, similarity %.2f", t.Similarity)
	}
	return t.Reason
}

func comparedLineOf(c dedupe.Comparison) comparedLine {
	l := comparedLine{
		Verdict: "different stories", Reason: c.Reason, Guard: c.Guard, Similarity: rounded(c.Similarity), Threshold: rounded(c.Threshold),
		Copied: c.Copied, Bias: rounded(c.Bias), Mended: rounded(c.Mended),
	}
	if c.Same {
		l.Verdict = "same story"
	}
	for _, f := range c.Features {
		l.Features = append(l.Features, featureLine{f.Name, rounded(f.Value), rounded(f.Adds)})
	}
	return l
}

func rounded(f float32) float64 { return math.Round(float64(f)*1e4) / 1e4 }

func sideLineOf(t news.Telling, st news.Story, c dedupe.Compared) sideLine {
	return sideLine{
		itemLine: itemLine{uint64(t.Pos), t.Name, t.Title}, Story: urn(st), GUID: t.GUID, URL: t.URL,
		Headline: wordsLineOf(c.Headline), CutOff: c.CutOff, Beginning: wordsLineOf(c.Beginning),
		Slug: c.Slug, Agencies: c.Agencies, Words: c.Words, Body: c.Body, Sketch: c.Sketch,
	}
}

// wordsLineOf joins pieces, those in a row that stand alone in brackets.
func wordsLineOf(ps []dedupe.Piece) (l wordsLine) {
	for from, to := 0, 0; from < len(ps); from = to {
		for to = from + 1; to < len(ps) && ps[to].Alone == ps[from].Alone; {
			to++
		}
		gap, run := gapBefore(ps[from]), joined(ps[from:to])
		l.Text += gap + run
		if ps[from].Alone {
			l.Alone = append(l.Alone, run)
			run = "[" + run + "]"
		}
		l.marked += gap + run
	}
	l.Text, l.marked = strings.TrimSpace(l.Text), strings.TrimSpace(l.marked)
	return l
}

func joined(ps []dedupe.Piece) string {
	text := ps[0].Text
	for _, p := range ps[1:] {
		text += gapBefore(p) + p.Text
	}
	return text
}

func gapBefore(p dedupe.Piece) string {
	if p.Joined {
		return ""
	}
	return " "
}

// mostWeighing is how many features a person is shown each way.
const mostWeighing = 5

func (c *command) printCompared(l comparedLine, all bool) {
	fmt.Fprintf(c.out, "%s: %s\n", l.Verdict, l.why())
	fmt.Fprintf(c.out, "similarity %.2f; near text is the same from %.2f on\n", l.Similarity, l.Threshold)
	if t := l.Together; t != nil {
		yet := "together already"
		if l.Reason == "" {
			yet = "yet together already, by other evidence"
		}
		fmt.Fprintf(c.out, "%s in %s\n  the first: %s; the second: %s\n", yet, t.Story, t.Evidence[0], t.Evidence[1])
	}
	for _, s := range l.Items {
		c.printSide(s)
	}
	fmt.Fprintf(c.out, "\n%8s  %8s  %s\n", "adds", "value", "feature")
	for _, f := range l.weighing(all) {
		fmt.Fprintf(c.out, "%+8.2f  %8.2f  %s\n", f.Adds, f.Value, f.Name)
	}
	logit, rest := l.Bias+l.Mended, ""
	for _, f := range l.Features {
		logit += f.Adds
	}
	if n := len(l.Features) - len(l.weighing(all)); n > 0 {
		rest = fmt.Sprintf("; %d features that weigh less: --all", n)
	}
	fmt.Fprintf(c.out, "%+8.2f  %8s  what decision trees mend\n%+8.2f  %8s  to begin with\n%+8.2f  %8s  together: similarity %.2f%s\n",
		l.Mended, "", l.Bias, "", logit, "", 1/(1+math.Exp(-logit)), rest)
	if l.Copied {
		fmt.Fprintf(c.out, "but the text stands in both, word by word: similarity %.2f\n", l.Similarity)
	}
}

func (l comparedLine) why() string {
	switch l.Reason {
	case "":
		return l.Guard
	case "guid":
		return "the same GUID"
	case "url":
		return "the same address"
	case "text":
		return "the same title and text"
	}
	return "nearly the same text"
}

// weighing are the features that weigh most, both ways, heaviest first.
func (l comparedLine) weighing(all bool) []featureLine {
	fs := slices.Clone(l.Features)
	slices.SortStableFunc(fs, func(a, b featureLine) int { return cmp.Compare(b.Adds, a.Adds) })
	if all {
		return fs
	}
	more, less := 0, len(fs)
	for more < min(mostWeighing, len(fs)) && fs[more].Adds > .005 {
		more++
	}
	for less > max(more, len(fs)-mostWeighing) && fs[less-1].Adds < -.005 {
		less--
	}
	return slices.Delete(fs, more, less)
}

func (c *command) printSide(s sideLine) {
	fmt.Fprintf(c.out, "\n@%d  %s\n", s.Position, s.Source)
	for _, field := range []struct{ name, text string }{
		{"headline", s.Headline.marked}, {"cut off", s.CutOff}, {"text", s.Beginning.marked}, {"address", strings.Join(s.Slug, " ")},
		{"agency", strings.Join(s.Agencies, ", ")}, {"length", s.size()}, {"story", s.Story},
	} {
		if field.text != "" {
			fmt.Fprintf(c.out, "  %-9s %s\n", field.name, field.text)
		}
	}
}

func (s sideLine) size() string {
	body := "no whole text to compare"
	if s.Body {
		body = "its whole text is compared, too"
	}
	return fmt.Sprintf("%d words, %s; sketch of %d bytes", s.Words, body, s.Sketch)
}
