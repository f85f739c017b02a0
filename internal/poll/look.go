package poll

import (
	"slices"

	"aggregator/internal/dedupe"
	"aggregator/internal/news"
)

// Story is where the story with an ID (a UUID) began; 0 if it is not kept.
// Call CatchUp first where no Run is under way.
func (p *Poller) Story(id [16]byte) news.Position {
	p.memory.RLock()
	defer p.memory.RUnlock()
	return p.index.Story(id)
}

// Told is where the stories began that are told at an address, or by a source's
// item; latest first.
func (p *Poller) Told(address string) []news.Position {
	p.memory.RLock()
	defer p.memory.RUnlock()
	told := p.index.Told(dedupe.Address(address))
	for _, s := range p.plan.Load().Sources {
		if at := p.index.Item(dedupe.ItemID(s.Key, address)); at != 0 && !slices.Contains(told, at) {
			told = append(told, at)
		}
	}
	return told
}

// Telling is where the story began that is told at a position in the log; 0 if
// nothing is.
func (p *Poller) Telling(pos news.Position) news.Position {
	p.memory.RLock()
	defer p.memory.RUnlock()
	return p.index.Telling(pos)
}

// Event is where the stories began that tell of one event with the story that
// began at a position, itself among them, in log order; nil where it is grouped
// with none. A story stands for those that a person merged into it.
func (p *Poller) Event(story news.Position) (told []news.Position) {
	p.memory.RLock()
	defer p.memory.RUnlock()
	for _, pos := range p.index.Event(story) {
		if at := p.index.Telling(pos); at != 0 {
			told = append(told, at)
		}
	}
	slices.Sort(told)
	return slices.Compact(told)
}
