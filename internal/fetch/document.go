package fetch

import (
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// document is a feed as its parser gave it, format forgotten, nothing cleaned.
type document struct {
	id, title, link string
	language        string
	authors         []news.Person
	hub, self       string
	cloud           string
	pace            news.Pace
	deleted         []string // ids of entries that are no more
	entries         []entry
	partial         string // what was lost of it
	clipped         bool   // one of its texts was too long
}

// entry is one of its items: raw strings, as they were written.
type entry struct {
	guid      string
	permalink bool   // the GUID is the address, if it is one
	link      string // the best of its links
	base      string // xml:base in force for its content
	title     string
	summary   string
	content   string
	plain     bool // content is text, no HTML
	authors   []news.Person
	published []string // the dates it claims, best first
	updated   []string
	parsedAt  *time.Time // published, where the parser understood it
	updatedAt *time.Time
	language  string
	labels    []string
	files     []file
	image     string
	rights    string
	via       news.Feed
	piece     uint64 // hash of the element, to the letter; 0: not known
	cut       bool   // it stood in the last document, and was not parsed
}

type file struct{ url, kind, length, title, duration string }

// digest is of all that a reader could see of the entry. It is taken before
// any cleaning, so an unchanged entry costs nothing more.
func (e *entry) digest() uint64 {
	parts := make([]string, 0, 24)
	parts = append(parts, e.link, e.base, e.title, e.summary, e.content, e.language, e.image, e.rights, e.via.ID, e.via.Title, e.via.Link)
	for _, list := range [...][]string{e.published, e.updated, e.labels} {
		parts = append(append(parts, "\x00"), list...)
	}
	for _, p := range e.authors {
		parts = append(parts, p.Name, p.Email, p.URL)
	}
	for _, f := range e.files {
		parts = append(parts, f.url, f.kind, f.length, f.title, f.duration)
	}
	return canon.Hash(parts...)
}
