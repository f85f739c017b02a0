package publish

import (
	"aggregator/internal/news"
)

const (
	// mostRelated is how many others of its event a story links to.
	mostRelated = 20
	// inFoot is how many of them its text names.
	inFoot = 5
)

// A related story tells of the same event.
type related struct {
	ID     string `json:"id"`
	URL    string `json:"url"` // of its page here
	Title  string `json:"title,omitempty"`
	source string
}

func (r related) name() string { return named(r.source, r.Title) }

// events are the stories of each event, latest first.
type events map[string][]related

// newEvents groups the stories of one feed, latest first. Those that stand in
// other feeds alone are left out: their topics may be private, or not wanted
// here, and a feed changes only with its own topic.
func newEvents(site Site, stories []news.Story) events {
	es := events{}
	for _, st := range stories {
		// One more than are linked: a story is not linked to itself.
		if !site.Events || st.Event == "" || len(es[st.Event]) > mostRelated {
			continue
		}
		id := line(st.ID)
		es[st.Event] = append(es[st.Event], related{
			ID: "urn:uuid:" + id, URL: site.at("/stories/" + id), Title: line(st.Lead.Title), source: called(st.Lead),
		})
	}
	return es
}

// others are those of its event that a story is linked to.
func (es events) others(st news.Story) (out []related) {
	id := "urn:uuid:" + line(st.ID)
	for _, r := range es[st.Event] {
		if r.ID != id && len(out) < mostRelated {
			out = append(out, r)
		}
	}
	return out
}
