// Package news holds the words of the house: Source, Item, Story, Topic and
// Poll, the decisions that bind them, and nothing that decides.
//
// Read it top to bottom: a [Source] is polled, the [Poll] record remembers
// how that went, its [Item]s come out, a [Decision] says what became of each,
// a [Story] is what one or more of them tell, and a [Filing] says why a story
// is under a topic.
package news

import (
	"slices"
	"time"
)

// A Source is an upstream that we are configured to poll.
type Source struct {
	// Key identifies the source in everything kept: its address without
	// scheme and fragment. A new name or a move to https keeps the memory.
	Key string
	// URL is the address to poll.
	URL string
	// Name is what people call it; "" until the feed's own title is known.
	Name string
	// Tier ranks copies when they compete: 1 is best, 5 the default.
	Tier int
	// Topics hold every story of this source, whatever its words.
	Topics []string
	// Tags are words that the configuration puts on the source, for rules.
	Tags []string
	// Language (BCP 47) overrides what the feed says.
	Language string
	// Access is how to ask for it.
	Access Access
}

// Access is how a source wants to be asked. Zero values mean the site's own.
type Access struct {
	Headers  map[string]string
	User     string // basic authentication, when not ""
	Password string
	Timeout  time.Duration
	MaxSize  int64 // bytes, after decompression
	Proxy    string
	TLS      Certificates
	// Discover follows a page to the feed that it names.
	Discover bool
}

// Certificates are PEM files; "" for none.
type Certificates struct {
	CAFile            string // to trust, beside the system's
	CertFile, KeyFile string // to show
}

// An Item is one entry of one source's feed, cleaned and immutable. Each field
// names the elements that it is read from.
type Item struct {
	// Source is the [Source.Key].
	Source string `json:"source"`
	// Feed says what the feed said of itself when the item came.
	Feed Feed `json:"feed,omitzero"`
	// GUID is the identity that the source gives the item, unique within that
	// source only: RSS guid, Atom id, JSON id; else one made from the
	// address, else from title and text. Never "".
	GUID string `json:"guid"`
	// URL is the absolute address: RSS link or permalink guid, Atom
	// link rel=alternate, JSON url or external_url. "" where there is none.
	URL string `json:"url,omitempty"`
	// Title is plain text on one line; "" where there is none.
	Title string `json:"title,omitempty"`
	// Summary is the source's own teaser as plain text, where it gave one
	// beside the content: RSS description, Atom summary, JSON summary.
	Summary string `json:"summary,omitempty"`
	// HTML is the safe content with absolute links: content:encoded or
	// description, Atom content or summary, JSON content_html or content_text,
	// media:description.
	HTML string `json:"html,omitempty"`
	// Text is the plain words of HTML. It is not kept: canon.Text makes it anew.
	Text string `json:"-"`
	// Authors are as given, the feed's where the item names none: RSS author
	// and dc:creator, itunes:author, Atom author, JSON authors and author,
	// media:credit role=author.
	Authors []Person `json:"authors,omitempty"`
	// Contributors helped: Atom contributor, dc:contributor, media:credit of
	// another role.
	Contributors []Person `json:"contributors,omitempty"`
	// Published and Updated are claims; zero where there is none to believe.
	// RSS pubDate or dc:date, Atom published and updated, JSON date_published
	// and date_modified. Items without any in the first document of a source are
	// given one: Published is Seen for the first of them, an hour before for the
	// second, two for the third, and so on.
	Published time.Time `json:"published,omitzero"`
	Updated   time.Time `json:"updated,omitzero"`
	// Seen is when we first received it.
	Seen time.Time `json:"seen"`
	// Language is a BCP 47 tag, or "": dc:language, the nearest xml:lang, JSON
	// language, else what the feed says of itself.
	Language string `json:"language,omitempty"`
	// Labels are the categories that the source put on the item: category,
	// dc:subject, JSON tags, itunes:keywords, media:keywords.
	Labels []string `json:"labels,omitempty"`
	// Enclosures are the files attached: RSS enclosure, Atom
	// link rel=enclosure, JSON attachments, media:content.
	Enclosures []Enclosure `json:"enclosures,omitempty"`
	// Episode is what podcasts say of it.
	Episode Episode `json:"episode,omitzero"`
	// Image is the absolute address of its picture, or "": itunes:image,
	// media:thumbnail, JSON image or banner_image, else an attached picture, else
	// the first in the text.
	Image string `json:"image,omitempty"`
	// Rights is the copyright line as plain text, the feed's where the item has
	// none (RFC 4287 4.2.10): Atom rights, dc:rights, media:copyright, RSS
	// copyright.
	Rights string `json:"rights,omitempty"`
	// Via is where the source says it took the item from: RSS and Atom source,
	// link rel=via, JSON external_url beside url.
	Via Feed `json:"via,omitzero"`
}

// Claimed is when the source says the item appeared: published, else updated,
// else zero.
func (it Item) Claimed() time.Time {
	if !it.Published.IsZero() {
		return it.Published
	}
	return it.Updated
}

// Since is min(claimed, first seen): a date in the future pins nothing to the
// top of a feed.
func (it Item) Since() time.Time {
	if c := it.Claimed(); !c.IsZero() && c.Before(it.Seen) {
		return c
	}
	return it.Seen
}

// A Feed names a document and the site behind it.
type Feed struct {
	ID    string `json:"id,omitempty"`    // Atom id; else the address it came from
	Title string `json:"title,omitempty"` // plain text
	Link  string `json:"link,omitempty"`  // the site it belongs to
	// Image is its picture: RSS image, itunes:image, Atom logo or icon, JSON icon
	// or favicon.
	Image string `json:"image,omitempty"`
}

// A Person is an author as given.
type Person struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	URL   string `json:"url,omitempty"`
}

// An Enclosure is a file attached to an item.
type Enclosure struct {
	URL      string        `json:"url"`
	Type     string        `json:"type,omitempty"`     // media type
	Length   int64         `json:"length,omitempty"`   // bytes; 0: unknown
	Title    string        `json:"title,omitempty"`    // plain text
	Duration time.Duration `json:"duration,omitempty"` // 0: unknown
	// Width and Height are in pixels; 0: unknown.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
}

// An Episode is what podcasts say of an item beside its files. Zero values mean
// that nothing was said.
type Episode struct {
	Season   int    `json:"season,omitempty"`   // itunes:season
	Number   int    `json:"number,omitempty"`   // itunes:episode
	Kind     string `json:"kind,omitempty"`     // itunes:episodeType: full, trailer or bonus
	Explicit bool   `json:"explicit,omitempty"` // itunes:explicit
	// Transcript and Chapters are podcast:transcript and podcast:chapters; an
	// URL of "" is none.
	Transcript Enclosure `json:"transcript,omitzero"`
	Chapters   Enclosure `json:"chapters,omitzero"`
}

// A Position is a place in the site's log of decisions. The first is 1; 0 is
// none.
type Position uint64

// A Story is the one thing that one or more items tell; what we publish.
type Story struct {
	// ID is a UUID (v5) that never changes.
	ID string `json:"id"`
	// Pos is where in the log it began.
	Pos Position `json:"pos"`
	// Lead stands for the story in our feeds; Also are the other tellings.
	// Every item of the story is one of them exactly once.
	Lead Telling   `json:"lead"`
	Also []Telling `json:"also,omitempty"`
	// Published is min(claimed, first seen) of the telling that began it.
	Published time.Time `json:"published"`
	// Updated moves only when a reader would see other words; never before
	// Published.
	Updated time.Time `json:"updated"`
	// Topics are where it is filed, and why, in the order of the rules.
	Topics []Filing `json:"topics,omitempty"`
	// Hidden is a person's word: the story is kept, but published nowhere.
	Hidden bool `json:"hidden,omitempty"`
	// Into is where the story began that a person merged this one into; 0 for
	// none. It tells nothing itself any more, and stays as it was then.
	Into Position `json:"into,omitempty"`
	// Merged are the IDs of the stories that a person merged into this one.
	Merged []string `json:"merged,omitempty"`
	// Event is the ID of the story that led the event when this one joined it,
	// its own if it leads: the same for all stories of one event. "" for a
	// story that is grouped with none.
	Event string `json:"event,omitempty"`
	// Backfill says that it came with the first document of its source: it is
	// part of an archive, and no news to push to anybody.
	Backfill bool `json:"backfill,omitempty"`
}

// Tellings are all of them, the lead first.
func (s Story) Tellings() []Telling {
	return append([]Telling{s.Lead}, s.Also...)
}

// NotIn are the filings under topics that other is not filed under.
func (s Story) NotIn(other Story) []Filing {
	var fs []Filing
	for _, f := range s.Topics {
		if !slices.ContainsFunc(other.Topics, func(o Filing) bool { return o.Topic == f.Topic }) {
			fs = append(fs, f)
		}
	}
	return fs
}

// Evidence is why t and the lead tell the same story, as in Telling.Reason, and
// how similar they are. The telling that began the story was judged by
// nothing; what the lead was judged by holds between the two.
func (s Story) Evidence(t Telling) (reason string, similarity float64) {
	if t.Reason == "" {
		return s.Lead.Reason, s.Lead.Similarity
	}
	return t.Reason, t.Similarity
}

// A Telling is one item as its story knows it. The whole item is kept under
// Pos.
type Telling struct {
	Pos    Position `json:"pos"`
	Source string   `json:"source"` // Source.Key
	Name   string   `json:"name"`   // what people call the source
	GUID   string   `json:"guid"`
	URL    string   `json:"url,omitempty"`
	Title  string   `json:"title,omitempty"`
	// Tier is the source's, Words the length of the longest text it gave.
	Tier  int `json:"tier"`
	Words int `json:"words"`
	// Since is min(claimed, first seen), Seen when it came.
	Since time.Time `json:"since"`
	Seen  time.Time `json:"seen"`
	// Digest is of the words that a reader sees.
	Digest uint64 `json:"digest"`
	// Reason and Similarity say why it was judged to tell this story: guid, url,
	// text, near or person; "" for the telling that began it.
	Reason     string  `json:"reason,omitempty"`
	Similarity float64 `json:"similarity,omitempty"`
	// Withdrawn is when its source took it back; zero if it did not. It leads
	// where there is no other, and then its story is hidden.
	Withdrawn time.Time `json:"withdrawn,omitzero"`
	// Pinned is a person's word: it leads, whatever is preferred.
	Pinned bool `json:"pinned,omitempty"`
	// Revisions are the positions of its earlier words, oldest first.
	Revisions []Position `json:"revisions,omitempty"`
}

// A Filing says that a story is under a topic, and why.
type Filing struct {
	Topic string `json:"topic"`
	// Rule is what put it there, as a person reads it: `match`, `score 5 ≥ 3`,
	// `source Human Rights Watch`, `China and Human Rights`, `China/Xinjiang`.
	Rule string `json:"rule"`
	// Where is the rule's place in the configuration, FILE:LINE.
	Where string `json:"where,omitempty"`
	// Words are the words of the item that the rule caught.
	Words []string `json:"words,omitempty"`
}
