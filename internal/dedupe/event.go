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
	stories map[news.Position][]news.Position // of an event, in log order
}

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

func (g *grouped) join(story, event news.Position) {
	if len(g.stories[event]) == 0 {
		g.event[event], g.stories[event] = event, []news.Position{event}
	}
	g.event[story] = event
	g.stories[event] = append(g.stories[event], story)
	slices.Sort(g.stories[event])
}

// merge lets a story stand for another. It is of the other's event if it has
// none; else all of that goes on in its own.
func (g *grouped) merge(from, into news.Position) {
	event, joined := g.event[into], g.event[from]
	switch {
	case joined == 0 || joined == event:
		return
	case event == 0:
		g.join(into, joined)
		return
	}
	for _, story := range g.stories[joined] {
		g.event[story] = event
	}
	g.stories[event] = append(g.stories[event], g.stories[joined]...)
	slices.Sort(g.stories[event])
	delete(g.stories, joined)
}

// forget drops the stories that began up to a position.
func (g *grouped) forget(to news.Position) {
	for story, event := range g.event {
		if story > to {
			continue
		}
		delete(g.event, story)
		g.stories[event] = slices.DeleteFunc(g.stories[event], func(s news.Position) bool { return s == story })
		if len(g.stories[event]) == 0 {
			delete(g.stories, event)
		}
	}
}

// SetEvents says whether stories of one event are grouped.
func (x *Index) SetEvents(on bool) { x.events = on }

// Event is the stories of the event that a story belongs to, itself among
// them, in log order; nil where it is grouped with none.
func (x *Index) Event(story news.Position) []news.Position {
	return slices.Clone(x.grouped.stories[x.grouped.event[story]])
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
