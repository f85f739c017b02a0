package poll

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aggregator/internal/news"
)

// Items are an account: Received = Known + New + Revised + Duplicate + Dropped.
type Items struct {
	Received  int `json:"received"`
	Known     int `json:"known"`
	New       int `json:"new"`
	Revised   int `json:"revised"`
	Duplicate int `json:"duplicate"`
	Dropped   int `json:"dropped"`
}

func (i *Items) count(f news.Fate) {
	switch f {
	case news.Known:
		i.Known++
	case news.New:
		i.New++
	case news.Revised:
		i.Revised++
	case news.Duplicate:
		i.Duplicate++
	case news.Dropped:
		i.Dropped++
	}
}

// Balanced says that every item received ended as exactly one of the five.
func (i Items) Balanced() bool {
	return i.Received == i.Known+i.New+i.Revised+i.Duplicate+i.Dropped
}

// String names what there is of each.
func (i Items) String() string {
	said := times(i.Received, "item")
	for _, part := range []struct {
		n    int
		what string
	}{{i.New, "new"}, {i.Duplicate, "duplicate"}, {i.Revised, "revised"}, {i.Known, "known"}, {i.Dropped, "dropped"}} {
		if part.n > 0 {
			said += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return said
}

func (i *Items) add(j Items) {
	i.Received += j.Received
	i.Known += j.Known
	i.New += j.New
	i.Revised += j.Revised
	i.Duplicate += j.Duplicate
	i.Dropped += j.Dropped
}

// Visited is the account of one visit, when what it brought is kept.
type Visited struct {
	Key, Name string
	Poll      news.Poll
	Unchanged bool
	Skipped   string // why a floor forbade it; then it was not visited
	Items     Items
	Err       error
	Took      time.Duration
	New       map[string]int // new stories by topic
	Pushed    bool           // by the source's hub, which is no poll
	Missed    int            // items that the hub should have told us of
}

// A Report is the account of a pass, as `poll --json` prints it.
type Report struct {
	Sources struct {
		Polled    int `json:"polled"`
		Changed   int `json:"changed"`
		Unchanged int `json:"unchanged"`
		Failed    int `json:"failed"`
		Skipped   int `json:"skipped"`
	} `json:"sources"`
	Items   Items         `json:"items"`
	Stories int           `json:"stories"` // new ones
	Topics  []TopicReport `json:"topics"`
	Errors  []Trouble     `json:"errors"`
}

// TopicReport is how many stories a topic got, and has.
type TopicReport struct {
	Name  string `json:"name"`
	New   int    `json:"new"`
	Total int    `json:"total"`
}

// Trouble is what went wrong with one source, or what was lost of its document.
type Trouble struct {
	Source string `json:"source"`
	Error  string `json:"error"`
}

func (r *Report) add(v Visited) {
	if v.Skipped != "" {
		r.Sources.Skipped++
		return
	}
	r.Sources.Polled++
	r.Items.add(v.Items)
	r.Stories += v.Items.New
	switch {
	case v.Err != nil:
		r.Sources.Failed++
	case v.Unchanged:
		r.Sources.Unchanged++
	default:
		r.Sources.Changed++
	}
	if says := v.Says(); says != "" {
		r.Errors = append(r.Errors, Trouble{v.Name, says})
	}
}

// Says is what a person should know of a visit: its error and the next try, or
// what was lost of the document; "" when all went well.
func (v Visited) Says() string {
	switch {
	case v.Err != nil && !v.Poll.Next.IsZero() && v.Poll.Next.Before(never):
		return v.reason() + "; next try " + v.Poll.Next.UTC().Format("2006-01-02 15:04 MST") + " (" + v.Poll.Why + ")"
	case v.Err != nil:
		return v.reason()
	case v.Poll.Partial != "" && !v.Unchanged:
		return "partial: " + v.Poll.Partial
	}
	return ""
}

// reason is the error without the source's name, which stands beside it.
func (v Visited) reason() string {
	if e := v.Err.Error(); v.Poll.Error == "" || !strings.HasSuffix(e, v.Poll.Error) {
		return e
	}
	return v.Poll.Error
}

// finish sorts what the order of answers left in any order, and adds the
// topics, in the order of the configuration.
func (r *Report) finish(topics []string, fresh, total map[string]int) {
	slices.SortStableFunc(r.Errors, func(a, b Trouble) int { return cmp.Compare(a.Source, b.Source) })
	for _, name := range topics {
		r.Topics = append(r.Topics, TopicReport{name, fresh[name], total[name]})
	}
	if r.Errors == nil {
		r.Errors = []Trouble{}
	}
	if r.Topics == nil {
		r.Topics = []TopicReport{}
	}
}
