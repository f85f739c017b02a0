package publish

import (
	"net/http"
	"slices"

	"aggregator/internal/news"
)

// guard says who may keep a document, and who may read it.
func (d *document) guard(h http.Header) {
	switch {
	case !d.topic.Keys.Public():
		h["Cache-Control"], h["Referrer-Policy"] = ofReader, noReferer
		return
	case d.closed():
		h["Cache-Control"] = forGood
	default:
		h["Cache-Control"] = caching
	}
	h["Access-Control-Allow-Origin"] = everybody
}

// visible is a story as those see it who read this topic: that it is in another
// one, which not everyone may read, is not for them.
func (s Site) visible(t Topic, st news.Story) news.Story {
	private := func(f news.Filing) bool {
		return f.Topic != t.Name && slices.ContainsFunc(s.Topics, func(o Topic) bool { return o.Name == f.Topic && !o.Keys.Public() })
	}
	if slices.ContainsFunc(st.Topics, private) {
		st.Topics = slices.DeleteFunc(slices.Clone(st.Topics), private)
	}
	return st
}
