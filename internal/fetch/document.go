package fetch

import (
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// document is a feed as its parser gave it, format forgotten, nothing cleaned.
type document struct {
	id, title, link string
	language        string
	rights, image   string
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
	helpers   []news.Person // contributors
	published []string      // the dates it claims, best first
	updated   []string
	parsedAt  *time.Time // published, where the parser understood it
	updatedAt *time.Time
	language  string
	labels    []string
	files     []file
	episode   episode
	image     string
	rights    string
	via       news.Feed
	piece     uint64 // hash of the element, to the letter; 0: not known
	cut       bool   // it stood in the last document, and was not parsed
}

type file struct{ url, kind, length, title, duration, width, height string }

type episode struct {
	season, number, kind, explicit string
	transcript, chapters           file
}

// digest is of all that a reader could see of the entry. It is taken before
// any cleaning, so an unchanged entry costs nothing more.
func (e *entry) digest() uint64 {
	parts := make([]string, 0, 24)
	parts = append(parts, e.link, e.base, e.title, e.summary, e.content, e.language, e.image, e.rights, e.via.ID, e.via.Title, e.via.Link)
	for _, list := range [...][]string{e.published, e.updated, e.labels} {
		parts = append(append(parts, "\x00"), list...)
	}
	for _, p := range slices.Concat(e.authors, e.helpers) {
		parts = append(parts, p.Name, p.Email, p.URL)
	}
	for _, f := range append(e.files[:len(e.files):len(e.files)], e.episode.transcript, e.episode.chapters) {
		parts = append(parts, f.url, f.kind, f.length, f.title, f.duration, f.width, f.height)
	}
	parts = append(parts, e.episode.season, e.episode.number, e.episode.kind, e.episode.explicit)
	return canon.Hash(parts...)
}
