package publish

import (
	"bytes"
	"context"
	"fmt"

	"aggregator/internal/news"
)

// A Head is a topic's document as a WebSub hub knows it.
type Head struct {
	Self  string // its address: what WebSub calls the topic
	Topic string // the topic's name
	Path  string // below the site's address
	Type  string // media type
}

// Heads are the documents that may be subscribed to.
func (s Site) Heads() []Head {
	var heads []Head
	for _, t := range s.Topics {
		if !t.Keys.Public() {
			continue
		}
		for _, name := range t.Formats {
			if f, known := formats[name]; known {
				path := t.page() + f.suffix
				heads = append(heads, Head{s.at(path), t.Name, path, f.media})
			}
		}
	}
	return heads
}

// Push is the document at path with these stories alone, newest first, to give
// to its subscribers: it says of a story what the document itself says.
func (p *Publisher) Push(ctx context.Context, path string, stories []news.Story) ([]byte, error) {
	p.reading.RLock()
	defer p.reading.RUnlock()
	s := p.shown.Load()
	d := s.byPath[path]
	if d == nil || d.format.write == nil {
		return nil, fmt.Errorf("publish %s: %w", path, errGone)
	}
	leads := make([]news.Position, len(stories))
	for i, st := range stories {
		leads[i] = st.Lead.Pos
	}
	items, err := p.store.Items(ctx, leads...)
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", path, err)
	}
	var body bytes.Buffer
	if err := d.format.write(&body, newFeed(s.site, d.topic, path, stories, items)); err != nil {
		return nil, fmt.Errorf("publish %s: %w", path, err)
	}
	return body.Bytes(), nil
}

// links are the Link header of a document that a hub is told of (WebSub 4: the
// header is looked at first); nil where there is none.
func links(s Site, d *document) []string {
	if s.Hub == "" || d.format.write == nil || d.part != "" || !d.topic.Keys.Public() {
		return nil
	}
	return []string{"<" + s.Hub + `>; rel="hub", <` + s.at(d.path) + `>; rel="self"`}
}
