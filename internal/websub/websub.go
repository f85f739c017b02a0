// Package websub tells of changes and is told of them, as W3C's WebSub of 23
// January 2018 says: our hub, to which others subscribe for our feeds; notices
// to somebody else's hub; and our subscriptions to the hubs of sources. What
// WebSub calls a topic is a document here: a topic of ours has up to three.
//
// Nothing is queued. The log of decisions is the queue, and a subscription is a
// place in it, up to which its subscriber was given everything: see tail.go. So
// a restart loses nothing, what a slow subscriber missed comes in one body, and
// bodies are made once for all who are owed the same.
//
// Our hub:
//
//	request.go       what is asked of it; pure
//	hub.go           what it knows
//	grant.go         whom it answers, and what
//	subscription.go  one subscription and how it is kept; pure
//	verify.go        whether the subscriber wants what is asked for it
//	tail.go          what is owed behind a position; pure but for reading on
//	body.go          what is owed as bytes, once for all
//	lane.go          whose turn it is: the dead delay nobody
//	deliver.go       one delivery, and what comes of it
//	counts.go        what monitoring reads
//
// Others' hubs:
//
//	ping.go          a notice to the hub that our feeds name
//	wanted.go        which subscriptions are asked for, renewed and ended; pure
//	subscriber.go    asks for them
//	callback.go      what comes
//
//	signature.go     of bodies, ours and theirs; keep.go what both sides keep
//
// It is longer than 600 lines because it holds both sides of a protocol that is
// asynchronous on each: what was asked, confirmed, promised and missed are states
// of their own.
package websub

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"aggregator/internal/news"
)

// A Document is one of our feeds that may be subscribed to.
type Document struct {
	Self  string // its address
	Topic string // name of its topic
	Path  string // as Render wants it
	Type  string // media type
	// Refused is why nobody may subscribe, as a sentence; "" where all may.
	Refused string
}

// A Site is what a reload may change.
type Site struct {
	// Hub is the address of ours; "" where it is closed.
	Hub string
	// Ping is the address of somebody else's hub that our feeds name; "" for none.
	Ping      string
	Documents []Document
	// Client asks strangers, and follows no redirect: WebSub 5.3 and 7 take one
	// for a failure.
	Client Doer
}

// A Doer sends requests to addresses that strangers name. It refuses networks
// that are not for them.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Options are what no reload changes.
type Options struct {
	Log *slog.Logger
	// Render gives the bytes of a document with these stories alone.
	Render func(ctx context.Context, path string, stories []news.Story) ([]byte, error)
}

const (
	// patience is how long a stranger may take to answer.
	patience = 10 * time.Second
	// lastWords is how long what is under way may take when we stop.
	lastWords = 3 * time.Second
	// maxAnswer is how much of an answer is read: a challenge, or a sentence.
	maxAnswer = 4 << 10
)

// hurry gives who sends a body no more time than a stranger has to answer us. A
// writer that knows no deadlines is a test's.
func hurry(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(3 * patience))
}

// hostOf is the host of an address, all that the output says of a callback:
// paths and queries may be secrets.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
