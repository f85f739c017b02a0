package news

import "time"

// A Poll is one visit to one source, and the record of the last one: what we
// must remember to ask politely again.
type Poll struct {
	Source string    `json:"source"` // Source.Key
	Last   time.Time `json:"last,omitzero"`
	// Next is when it is due again, and Why the reason in words.
	Next time.Time `json:"next,omitzero"`
	Why  string    `json:"why,omitempty"`
	// Outcome of the last visit.
	Status  int    `json:"status,omitempty"`  // HTTP; 0: no answer
	Error   string `json:"error,omitempty"`   // "" when it went well
	Partial string `json:"partial,omitempty"` // what was lost of a broken document
	// Failures in a row; Good is the last visit that went well, Changed the
	// last that brought another document.
	Failures int       `json:"failures,omitempty"`
	Good     time.Time `json:"good,omitzero"`
	Changed  time.Time `json:"changed,omitzero"`
	// ETag and LastModified are opaque and go back verbatim (RFC 9110 8.8).
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	// Body is a hash of the document, for servers whose validators lie.
	Body uint64 `json:"body,omitempty"`
	// Rules is the source's drop and keep rules as a hash: when they change,
	// what they once dropped is asked for again.
	Rules uint64 `json:"rules,omitempty"`
	// Floors that the answer set: nothing is asked before them.
	Floor    time.Time `json:"floor,omitzero"`
	FloorWhy string    `json:"floor_why,omitempty"`
	// Pace is what the document itself asks for, whatever an answer's headers say.
	Pace Pace `json:"pace,omitzero"`
	// Whole is when the whole document last came, or was last asked for without
	// validators.
	Whole time.Time `json:"whole,omitzero"`
	// Feed is what the document says of itself.
	Feed Feed `json:"feed,omitzero"`
	// Moved is where permanent redirects point, and Moves how many answers in a
	// row said so.
	Moved string `json:"moved,omitempty"`
	Moves int    `json:"moves,omitempty"`
	// Ask is asked in place of the configured address, "" for that: permanent
	// redirects led there often enough, or a page named it, which was at Found.
	Ask   string    `json:"ask,omitempty"`
	Found time.Time `json:"found,omitzero"`
	// Hub is a WebSub hub that the answer names, Self the address by which the hub
	// knows the feed; Cloud is where rssCloud wants to be asked for notices.
	Hub   string `json:"hub,omitempty"`
	Self  string `json:"self,omitempty"`
	Cloud string `json:"cloud,omitempty"`
	// Items in the last document.
	Items int `json:"items,omitempty"`
	// Seen are the items of the last document, and those that left it while
	// the log had already forgotten them.
	Seen []Seen `json:"seen,omitempty"`
	// Failing is the first of the failures in a row.
	Failing time.Time `json:"failing,omitzero"`
	// Address is the IP address that answered last, "" behind a proxy: sources
	// that share one are asked as one machine. Took is how long it took, in
	// milliseconds, to have all of the answer, or to give up.
	Address string `json:"address,omitempty"`
	Took    int    `json:"took,omitempty"`
}

// Pace is how often a document asks to be read.
type Pace struct {
	// Every is the least time between two visits, Why the element that says so.
	Every time.Duration `json:"every,omitempty"`
	Why   string        `json:"why,omitempty"`
	// Hours (GMT) and Days are those without visits, a bit each: 0 to 23, and
	// Sunday to Saturday.
	Hours int `json:"hours,omitempty"`
	Days  int `json:"days,omitempty"`
}

// Seen remembers an item that stood in a source's document, for as long as it
// stands there: the log forgets after `retain`, a quiet feed does not.
type Seen struct {
	ID  uint64 `json:"id"`  // as Keys.ID
	Raw uint64 `json:"raw"` // of the entry as the parser gave it
	// Piece is of its element in the document, to the letter; 0: not known.
	Piece uint64 `json:"piece,omitempty"`
	// Since and Gone are Unix times; Gone is 0 while it is in the document.
	Since int64 `json:"since"`
	Gone  int64 `json:"gone,omitempty"`
}
