package page

import (
	"cmp"
	"fmt"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

const (
	// mostEarlier is how many earlier words of a telling are shown.
	mostEarlier = 5
	// excerpt is how many characters of a telling's text are shown: enough to see
	// what it is and what a copy changed. The whole is at the source.
	excerpt = 700
)

// A toldView is a telling on its story's page.
type toldView struct {
	Source, URL, Language string
	Lead, Pinned          bool
	Since, Seen           time.Time
	Evidence              string // why it was judged to tell the story
	Judged                string // what else was decided
	Title, Text           []piece
	Untitled              bool
	// Other says that its text has too little in common with the lead's to mark
	// what is different.
	Other     bool
	Cut       bool // the text goes on at the source
	Forgotten bool // the words are not kept any more
	Revisions int
	Earlier   []earlierView // the latest first
}

// An earlierView is what a telling said before: Title and Text have marked what
// became of it next.
type earlierView struct {
	Seen        time.Time // when these words came
	Title, Text []piece
}

// A teller puts a story's tellings into the words of its page.
type teller struct {
	news.Story
	items   map[news.Position]news.Item
	decided map[news.Position]news.Decision
}

// all are as many tellings as there is room for.
func (t teller) all(d detail) (out []toldView) {
	most := excerpt * d.title / details[0].title
	lead := t.items[t.Lead.Pos]
	for i, tell := range t.Tellings()[:min(d.tell, 1+len(t.Also))] {
		v := t.told(tell, d, most)
		it := t.items[tell.Pos]
		v.Lead = i == 0
		title, text := titleOf(tell, d), excerptOf(it, most)
		if v.Lead {
			v.Title, v.Text = words(title), words(text)
		} else {
			v.Title, _ = compare(titleOf(t.Lead, d), title)
			v.Text, v.Other = against(excerptOf(lead, most), text)
		}
		v.Untitled, v.Cut = title == "", len(text) < len(textOf(it))
		v.Earlier = t.earlier(tell, d, most)
		out = append(out, v)
	}
	return out
}

func (t teller) told(tell news.Telling, d detail, most int) toldView {
	reason, similarity := t.Evidence(tell)
	it, kept := t.items[tell.Pos]
	v := toldView{
		Source: canon.Clip(called(tell), d.title), URL: worth(web(tell.URL), d), Language: it.Language, Pinned: tell.Pinned,
		Since: tell.Since.UTC(), Seen: tell.Seen.UTC(), Revisions: len(tell.Revisions), Forgotten: !kept,
		Evidence: evidence(reason, similarity),
	}
	if tell.Reason == "" {
		v.Evidence = "the first to tell it"
	}
	if dec, ok := t.decided[tell.Pos]; ok && dec.Pos == tell.Pos {
		v.Judged = t.judged(dec)
	}
	return v
}

// judged says by which telling one was judged, and what kept it apart from the
// nearest other story. That one is not named: it may be private.
func (t teller) judged(d news.Decision) string {
	if d.Refused.Guard != "" && d.Fate == news.New && d.Refused.Of != 0 {
		return fmt.Sprintf("The nearest other story was %.0f%% alike: %s.", 100*d.Refused.Similarity, d.Refused.Guard)
	}
	if d.Fate != news.Duplicate || d.Of == t.Lead.Pos {
		return ""
	}
	for _, other := range t.Tellings() {
		if other.Pos == d.Of {
			return "Judged by what " + canon.Clip(called(other), 80) + " told."
		}
	}
	return ""
}

// against marks what a text has in place of the lead's. The end of an excerpt is
// no difference.
func against(lead, text string) (pieces []piece, other bool) {
	pieces, alike := compare(lead, text)
	if n := len(pieces); alike && n > 0 && pieces[n-1].Gone() {
		pieces = pieces[:n-1]
	}
	return pieces, !alike && lead != "" && text != ""
}

// earlier is what a telling said before, each beside what came next.
func (t teller) earlier(tell news.Telling, d detail, most int) (out []earlierView) {
	if d.text == 0 {
		return nil
	}
	next := t.items[tell.Pos]
	revisions := tell.Revisions[max(0, len(tell.Revisions)-mostEarlier):]
	for i := len(revisions) - 1; i >= 0; i-- {
		was, ok := t.items[revisions[i]]
		if !ok {
			continue
		}
		v := earlierView{Seen: was.Seen.UTC()}
		v.Title, _ = compare(canon.Clip(was.Title, d.title), canon.Clip(next.Title, d.title))
		v.Text, _ = compare(excerptOf(was, most), excerptOf(next, most))
		out, next = append(out, v), was
	}
	return out
}

func words(s string) []piece { return joined([]piece{{same, s}}) }

func titleOf(t news.Telling, d detail) string { return canon.Clip(t.Title, d.title) }

func excerptOf(it news.Item, most int) string { return canon.Clip(textOf(it), most) }

// textOf is what an item says in plain words.
func textOf(it news.Item) string { return cmp.Or(canon.Text(it.HTML), it.Summary) }
