package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aggregator/internal/news"
	"aggregator/internal/poll"
)

// wordLine is a person's word that is kept, as `split`, `merge`, `pin`, `hide`
// and `explain` print it with --json.
type wordLine struct {
	Position uint64    `json:"position"` // in the log
	At       time.Time `json:"at"`
	Said     string    `json:"said"` // split, merged, pinned, unpinned, hidden, shown
	By       string    `json:"by,omitempty"`
	// How a source took back what it told, where nobody said so by hand.
	How string `json:"how,omitempty"`
	// Story is the id of the one that it is about: that begins, that stays.
	Story string `json:"story"`
	// From is the id of the story that was left or merged.
	From string `json:"from,omitempty"`
	Item string `json:"item,omitempty"` // its GUID
	Text string `json:"text"`
}

const naming = `
An item is named by its address, its GUID, or @ and its position in the log; a
story by its id, its page, or one of its items. "aggregator explain" shows them
all. What you say is kept: no restart, poll or changed rule undoes it.`

func (c *command) splitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "split ITEM", Short: "Let an item begin a story of its own", Args: cobra.ExactArgs(1),
		Long: `split takes an item out of its story: it begins a story of its own, and its
revisions go with it. The story that it leaves keeps its id; if the item led it,
another telling does. A pin ends.
` + naming,
		Example: "  aggregator split https://daily.example.org/2026/dam-breaks\n  aggregator split @4711",
	}
	return c.heeds(cmd, func(ctx context.Context, s *site, names []string) (poll.Word, error) {
		st, t, err := s.telling(ctx, names[0])
		return poll.Word{Fate: news.Split, Story: st.Pos, Of: t.Pos}, err
	})
}

func (c *command) mergeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "merge STORY STORY", Short: "Make two stories one: the first stays", Args: cobra.ExactArgs(2),
		Long: `merge makes one story of two. The first named keeps its id and its date, and
tells all that the second told; the page of the second leads to it from then on.
Of pins only one in the first story holds. There is no undo but to split items
out again.
` + naming,
		Example: "  aggregator merge 6f1c0a52-0001-5000-8000-000000000001 https://daily.example.org/2026/dam-breaks",
	}
	return c.heeds(cmd, func(ctx context.Context, s *site, names []string) (poll.Word, error) {
		stays, err := s.story(ctx, names[0])
		if err != nil {
			return poll.Word{}, err
		}
		goes, err := s.story(ctx, names[1])
		return poll.Word{Fate: news.Merged, Story: stays.Pos, Of: goes.Pos}, err
	})
}

func (c *command) pinCommand() *cobra.Command {
	undo := false
	cmd := &cobra.Command{
		Use: "pin ITEM", Short: "Let an item lead its story, whatever is preferred", Args: cobra.ExactArgs(1),
		Long: `pin lets an item lead its story, whatever dedupe.prefer says and whoever tells
it later, until pin --undo or until another is pinned. A revision of it leads,
too.
` + naming,
		Example: "  aggregator pin https://daily.example.org/2026/dam-breaks\n  aggregator pin --undo https://daily.example.org/2026/dam-breaks",
	}
	cmd.Flags().BoolVar(&undo, "undo", false, "let the preferred telling lead again; STORY will do")
	return c.heeds(cmd, func(ctx context.Context, s *site, names []string) (poll.Word, error) {
		if undo {
			st, err := s.story(ctx, names[0])
			return poll.Word{Fate: news.Pinned, Story: st.Pos}, err
		}
		st, t, err := s.telling(ctx, names[0])
		return poll.Word{Fate: news.Pinned, Story: st.Pos, Of: t.Pos}, err
	})
}

func (c *command) hideCommand() *cobra.Command {
	undo := false
	cmd := &cobra.Command{
		Use: "hide STORY|ITEM", Short: "Take a story out of all topics and feeds, but keep it", Args: cobra.ExactArgs(1),
		Long: `hide takes a whole story out of all topics, feeds and files, until hide --undo.
It is kept, and later copies still join it, so that it does not come back with
them; its page answers 410 Gone. An item that is split from it is published.
` + naming,
		Example: "  aggregator hide 6f1c0a52-0001-5000-8000-000000000001\n  aggregator hide --undo 6f1c0a52-0001-5000-8000-000000000001",
	}
	cmd.Flags().BoolVar(&undo, "undo", false, "publish it again")
	return c.heeds(cmd, func(ctx context.Context, s *site, names []string) (poll.Word, error) {
		st, err := s.story(ctx, names[0])
		if undo {
			return poll.Word{Fate: news.Shown, Story: st.Pos}, err
		}
		return poll.Word{Fate: news.Hidden, Story: st.Pos}, err
	})
}

// heeds makes cmd say a word, which is found once nothing else is decided.
func (c *command) heeds(cmd *cobra.Command, word func(context.Context, *site, []string) (poll.Word, error)) *cobra.Command {
	cmd.Flags().String("by", "", "who says so, for the log (default $USER)")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		who, err := c.signed(cmd)
		if err != nil {
			return err
		}
		return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
			line, err := s.heed(ctx, func(ctx context.Context) (poll.Word, error) {
				w, err := word(ctx, s, names)
				w.Who = who
				return w, err
			})
			if err != nil {
				return fmt.Errorf("%s %s: %w", cmd.Name(), strings.Join(names, " "), err)
			}
			if c.json {
				return c.line(line)
			}
			_, err = fmt.Fprintln(c.out, line.Text)
			return err
		})
	}
	return cmd
}

// signed is who says a word. The name becomes a flag: the daemon, who may have
// to be asked, is another user.
func (c *command) signed(cmd *cobra.Command) (string, error) {
	who, err := cmd.Flags().GetString("by")
	if err != nil || who != "" || c.site != nil {
		return who, err
	}
	if who, _ = c.env("USER"); who == "" {
		return "", nil
	}
	return who, cmd.Flags().Set("by", who)
}

// heed keeps a person's word, and publishes what it changes.
func (s *site) heed(ctx context.Context, word func(context.Context) (poll.Word, error)) (line wordLine, err error) {
	heed := func(ctx context.Context) error {
		w, err := word(ctx)
		if err != nil {
			return err
		}
		d, err := s.poller.Heed(ctx, w)
		if err != nil {
			return err
		}
		line, err = s.wordLine(ctx, d)
		return err
	}
	if !s.running {
		if err := heed(ctx); err != nil {
			return line, err
		}
		return line, s.writeTree(ctx)
	}
	if why := s.poller.Trouble(); why != "" {
		return line, fmt.Errorf("nothing can be kept just now: %s", why)
	}
	return line, s.poller.Quiet(ctx, heed)
}

// saidOf is what people said of a story, and of those that they merged into it.
func (s *site) saidOf(ctx context.Context, st news.Story, words []news.Decision) ([]wordLine, error) {
	is := map[news.Position]bool{st.Pos: true}
	for i := range words {
		if d := words[len(words)-1-i]; d.Fate == news.Merged && is[d.Story] {
			is[d.Of] = true
		}
	}
	var lines []wordLine
	for _, d := range words {
		if !is[d.Story] && !(d.Fate == news.Split && is[d.Refused.Of]) {
			continue
		}
		line, err := s.wordLine(ctx, d)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// wordLine says a person's word again.
func (s *site) wordLine(ctx context.Context, d news.Decision) (wordLine, error) {
	from := d.Of
	if d.Fate == news.Split {
		from = d.Refused.Of
	}
	stories, err := s.store.Story(ctx, d.Story, from)
	if err != nil {
		return wordLine{}, err
	}
	items, err := s.store.Items(ctx, d.Of)
	if err != nil {
		return wordLine{}, err
	}
	l := wordLine{Position: uint64(d.Pos), At: d.At, Said: d.Fate.String(), Story: urn(stories[d.Story])}
	by, person := strings.CutPrefix(d.Reason, "by ")
	if l.By = by; !person {
		l.By, l.How = "", d.Reason
	}
	item, story, other := s.calledItem(items, d.Of), calledStory(stories[d.Story]), calledStory(stories[from])
	switch d.Fate {
	case news.Split:
		l.Item, l.From = items[d.Of].GUID, urn(stories[from])
		l.Text = fmt.Sprintf("%s left %s and begins %s", item, other, story)
	case news.Merged:
		l.From, l.Text = urn(stories[from]), fmt.Sprintf("%s is merged into %s", other, story)
	case news.Pinned:
		l.Item, l.Text = items[d.Of].GUID, fmt.Sprintf("%s leads %s", item, story)
		if d.Of == 0 {
			l.Said, l.Text = "unpinned", fmt.Sprintf("whichever telling is preferred leads %s", story)
		}
	case news.Hidden:
		l.Text = fmt.Sprintf("%s is published nowhere", story)
	case news.Shown:
		l.Text = fmt.Sprintf("%s is published again", story)
	}
	return l, nil
}

func (s *site) calledItem(items map[news.Position]news.Item, at news.Position) string {
	it, ok := items[at]
	if !ok {
		return "an item that is forgotten"
	}
	return quoted(it.Title, s.called(it.Source))
}

func urn(st news.Story) string {
	if st.ID == "" {
		return "" // forgotten
	}
	return "urn:uuid:" + st.ID
}

func calledStory(st news.Story) string {
	if st.ID == "" {
		return "a story that is forgotten"
	}
	return fmt.Sprintf("the story %s (%s)", st.ID, quoted(st.Lead.Title, st.Lead.Name))
}

func quoted(title, source string) string { return fmt.Sprintf("“%s”, %s", titleOf(title), source) }

// byHand is what people decided of a story, in a few words.
func byHand(st news.Story) string {
	var words []string
	if st.Hidden {
		words = append(words, "hidden")
	}
	if st.Lead.Pinned {
		words = append(words, "its lead is pinned")
	}
	if n := len(st.Merged); n > 0 {
		words = append(words, fmt.Sprintf("%d merged into it", n))
	}
	return strings.Join(words, ", ")
}
