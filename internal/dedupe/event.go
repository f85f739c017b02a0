package dedupe

import (
	"math"
	"slices"

	"aggregator/internal/news"
)

// grouped is which stories tell of one event. An event is named by the story
// that it began with.
type grouped struct {
	event   map[news.Position]news.Position   // of a story that is grouped with others
	stories map[news.Position][]news.Position // of an event
	log     []grouping                        // by which this came to be
}

// A grouping is a story that began in an event; or that a person merged from
// into, whose event goes on in its.
type grouping struct{ pos, story, event, from news.Position }

func newGrouped() grouped {
	return grouped{event: map[news.Position]news.Position{}, stories: map[news.Position][]news.Position{}}
}

// of is the event that a story belongs to, itself if it is grouped with none.
func (g *grouped) of(story news.Position) news.Position {
	if e := g.event[story]; e != 0 {
		return e
	}
	return story
}

// take takes what a decision says of events.
func (g *grouped) take(d news.Decision) {
	switch {
	case d.Fate == news.New && d.Event != 0:
		g.group(grouping{pos: d.Pos, story: d.Story, event: d.Event})
	case d.Fate == news.Merged:
		g.group(grouping{pos: d.Pos, story: d.Story, from: d.Of})
	}
}

func (g *grouped) group(by grouping) {
	g.log = append(g.log, by)
	if by.from != 0 {
		g.merge(by.from, by.story)
		return
	}
	g.join(by.event, by.event)
	g.join(by.story, by.event)
}

func (g *grouped) join(story, event news.Position) {
	if g.event[story] == 0 {
		g.event[story] = event
		g.stories[event] = append(g.stories[event], story)
	}
}

// merge lets a story stand for another one: the other's event goes on in that
// of the story, or if it has none under its own name. An event that the other
// one led is led by the story from then on.
func (g *grouped) merge(from, into news.Position) {
	was, event := g.event[from], g.event[into]
	switch {
	case was == 0 || was == event:
		return
	case event == 0 && was != from:
		g.join(into, was)
		return
	case event == 0:
		event = into
		g.join(into, into)
	}
	moved := g.stories[was]
	delete(g.stories, was)
	for _, story := range moved {
		g.event[story] = 0
		g.join(story, event)
	}
}

// forget groups anew by what was decided after a position, as whoever begins to
// read the log there does.
func (g *grouped) forget(to news.Position) {
	log := g.log
	*g = newGrouped()
	for _, by := range log {
		if by.pos > to {
			g.group(by)
		}
	}
}

// SetEvents says whether stories of one event are grouped.
func (x *Index) SetEvents(on bool) { x.events = on }

// Event is the stories of the event that a story belongs to, itself among
// them, in log order; nil where it is grouped with none.
func (x *Index) Event(story news.Position) (stories []news.Position) {
	for _, s := range x.grouped.stories[x.grouped.event[story]] {
		if x.kept(s) != 0 {
			stories = append(stories, s)
		}
	}
	slices.Sort(stories)
	return stories
}

// event is the event that a new story is grouped under: that of the telling
// most likely to report the same one. 0: it is the first.
func (f *draft) event(ls []likeness) (event news.Position) {
	best := dense(f.x.finder.models.Event.Threshold, f.recall.tellings()-background)
	for i := range ls {
		t := &ls[i]
		if s := f.x.finder.models.Event.Similarity(&t.features); s >= best {
			best, event = s, f.eventOf(t.story)
		}
	}
	return event
}

func (f *draft) eventOf(story news.Position) news.Position {
	if e := f.events[story]; e != 0 {
		return e
	}
	return f.x.grouped.of(story)
}

// dense moves a threshold with how much there is to be mistaken for: of two
// reports a day that share rare words, both are likely to be of one event; of
// two thousand, some do by chance.
func dense(threshold float32, tellings int) float32 {
	odds := float64(threshold) / (1 - float64(threshold)) * math.Pow(float64(tellings+2)/usualTellings, densityPower)
	return float32(odds / (1 + odds))
}

// usualTellings is how many tellings the threshold was found with.
const (
	usualTellings = 2000
	densityPower  = .4
)
