package publish

import (
	"context"
	"slices"
	"time"

	"aggregator/internal/news"
)

// paging are the links from one document of a topic to the others (RFC 5005);
// "" for none.
type paging struct {
	next    string // older stories
	archive string // the newest archive that is older: prev-archive
	current string // the head, from all others
	closed  bool   // an archive, which does not change
}

// links are for both Atom and RSS, which borrows them.
func (p paging) links(media string) (links []atomLink) {
	for _, l := range []struct{ rel, to string }{{"next", p.next}, {"prev-archive", p.archive}, {"current", p.current}} {
		if l.to != "" {
			links = append(links, atomLink{Rel: l.rel, Type: media, Href: l.to})
		}
	}
	return links
}

// headFeed is the topic's feed itself. It leads to what else is kept of it.
func (p *Publisher) headFeed(ctx context.Context, site Site, d *document, now time.Time) (feed, time.Time, error) {
	is, err := p.pastOf(ctx, d.stock)
	if err != nil {
		return feed{}, time.Time{}, err
	}
	stories, until, err := choose(p.store.Shelf(ctx, d.topic.Name), d.topic, now)
	if err != nil {
		return feed{}, time.Time{}, err
	}
	f, err := p.filled(ctx, site, d, stories)
	if err != nil {
		return feed{}, time.Time{}, err
	}
	if len(stories) < len(is.at) {
		f.paging.next = d.beside(site, recent)
	}
	if n := len(is.archives); n > 0 {
		f.paging.archive = d.beside(site, is.archives[n-1].id)
	}
	f.gone, until, err = p.gone(ctx, d.topic, now, until)
	f.date()
	return f, until, err
}

// pastFeed is an archive, or the stories that came since the last one closed.
// Whatever its age and whoever leads it, each story that is kept is in one.
func (p *Publisher) pastFeed(ctx context.Context, site Site, d *document) (feed, error) {
	is, err := p.pastOf(ctx, d.stock)
	if err != nil {
		return feed{}, err
	}
	at, older, ok := is.part(d.part)
	if !ok {
		return feed{}, errGone
	}
	stories, err := p.latestFirst(ctx, d.topic.Name, at)
	if err != nil {
		return feed{}, err
	}
	f, err := p.filled(ctx, site, d, stories)
	f.hub = "" // nobody is told that a part of the past changed
	f.paging = paging{current: d.beside(site, ""), closed: d.closed()}
	if older != "" {
		f.paging.next = d.beside(site, older)
		f.paging.archive = f.paging.next
	}
	return f, err
}

func (p *Publisher) latestFirst(ctx context.Context, topic string, at []news.Position) ([]news.Story, error) {
	found, err := p.store.Story(ctx, at...)
	if err != nil {
		return nil, err
	}
	var stories []news.Story
	for _, pos := range slices.Backward(at) {
		// One that was forgotten or left meanwhile: a change is on its way.
		if st := found[pos]; slices.ContainsFunc(st.Topics, func(f news.Filing) bool { return f.Topic == topic }) {
			stories = append(stories, st)
		}
	}
	return stories, nil
}

// beside is the address of another part of the topic in the same format.
func (d *document) beside(site Site, part string) string {
	return site.at(newDocument(d.stock, d.format, part).path)
}
