package poll

import (
	"maps"
	"slices"
	"time"

	"aggregator/internal/news"
)

// Changes are what other rules make of the kept stories, in figures.
type Changes struct {
	// At is when they were made; zero if they were not, or before this process.
	At time.Time `json:"at,omitzero"`
	// Stories are kept, and neither hidden nor merged into another; Changed of
	// them are in other topics than before.
	Stories int `json:"stories"`
	Changed int `json:"changed"`
	// Added and Removed are of all topics together.
	Added   int `json:"added"`
	Removed int `json:"removed"`
	// Topics are those that are not as before: in the order of the rules, then
	// those that are topics no more.
	Topics []TopicChange `json:"topics"`
}

// A TopicChange is what other rules make of one topic.
type TopicChange struct {
	Name    string `json:"name"`
	Added   int    `json:"added"`
	Removed int    `json:"removed"`
	Was     int    `json:"was"`
	Total   int    `json:"total"`          // from now on
	New     bool   `json:"new,omitempty"`  // it was no topic before
	Gone    bool   `json:"gone,omitempty"` // it is none any more
}

// A tally counts changes, story by story.
type tally struct {
	Changes
	topics map[string]*TopicChange
}

func newTally(before []string) *tally {
	t := &tally{topics: map[string]*TopicChange{}}
	for _, name := range before {
		t.topics[name] = &TopicChange{Name: name}
	}
	return t
}

// topic is the account of a topic; one that nobody knew before is new.
func (t *tally) topic(name string) *TopicChange {
	if t.topics[name] == nil {
		t.topics[name] = &TopicChange{Name: name, New: true}
	}
	return t.topics[name]
}

// take counts one story, as it is filed and as it will be.
func (t *tally) take(was, is news.Story) {
	if was.Hidden || was.Into != 0 {
		return
	}
	t.Stories++
	added, removed := is.NotIn(was), was.NotIn(is)
	for _, f := range was.Topics {
		t.topic(f.Topic).Was++
	}
	for _, f := range added {
		t.topic(f.Topic).Added++
	}
	for _, f := range removed {
		t.topic(f.Topic).Removed++
	}
	t.Added, t.Removed = t.Added+len(added), t.Removed+len(removed)
	if len(added)+len(removed) > 0 {
		t.Changed++
	}
}

// sum ends the count. names are the topics from now on.
func (t *tally) sum(names []string) Changes {
	t.Topics = []TopicChange{}
	is := map[string]bool{}
	for _, name := range names {
		is[name] = true
		t.show(*t.topic(name))
	}
	for _, name := range slices.Sorted(maps.Keys(t.topics)) {
		if c := *t.topics[name]; !is[name] {
			c.Gone = true
			t.show(c)
		}
	}
	return t.Changes
}

// show lists a topic that is not as before.
func (t *tally) show(c TopicChange) {
	c.Total = c.Was + c.Added - c.Removed
	if c.Added+c.Removed > 0 || c.New || c.Gone {
		t.Topics = append(t.Topics, c)
	}
}
