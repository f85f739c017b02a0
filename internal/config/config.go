// Package config reads aggregator.yaml: [Load] returns only usable values, or
// every fault with its place.
//
// The file as it is written is described once, in spec.go. From there it goes
// decode.go (shape) → resolve.go, sources.go, topics.go (values) → refs.go
// (what names what) → [Config].
package config

import (
	"net/netip"
	"time"

	"aggregator/internal/access"
	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/schedule"
	"aggregator/internal/topic"
)

// A Config is the configuration as resolved: every default is in, every
// secret is read, every path absolute.
type Config struct {
	// Files are all that was read: the configuration first, then what it
	// includes, OPML and secrets. A change of one asks for a reload.
	Files []string

	Title string
	// URL is the public address, without a slash at its end.
	URL     string
	Contact string
	Listen  string // host:port; "" serves nothing
	Store   Store
	Retain  time.Duration

	Fetch   Fetch
	Sources []Source
	Topics  []Topic // in the order of the file
	Dedupe  Dedupe
	Publish Publish
	Tests   []Test

	// Warnings are about what is right but surely not meant.
	Warnings Faults
}

// Store says where everything is kept.
type Store struct {
	// Scheme is file, redis, rediss, unix, redis+sentinel or redis+cluster.
	Scheme string
	// Path is the folder of file:, absolute.
	Path string
	// URL is the address without user and password; for file: too.
	URL            string
	User, Password string
	Prefix         string
	TLS            TLS
}

// TLS names PEM files, absolute; "" for none.
type TLS struct{ CAFile, CertFile, KeyFile string }

// Fetch is how sources are asked.
type Fetch struct {
	Schedule      schedule.Schedule
	Spread        time.Duration
	MinInterval   time.Duration
	Timeout       time.Duration
	MaxSize       int64 // bytes
	Concurrency   int
	PerHost       PerHost
	AllowNetworks []netip.Prefix
	Proxy         string // "" for none
}

// PerHost limits the polls of one host.
type PerHost struct {
	Concurrency int
	Interval    time.Duration
}

// A Source is one that is polled. Access.Timeout, MaxSize and Proxy are zero
// where the file says nothing for the source.
type Source struct {
	news.Source
	Schedule    schedule.Schedule
	MinInterval time.Duration // its own, or fetch.min_interval
	// Drop and Keep are nil where there is none; their places are FILE:LINE.
	Drop, Keep           *query.Query
	DropWhere, KeepWhere string
	BearerToken          string
	Near                 Near
	Where                string // FILE:LINE of the source
}

// Near says where text that is nearly the same makes an item of a source a copy.
type Near uint8

const (
	NearOff    Near = iota // nowhere
	NearOthers             // beside items of other sources: where the file says nothing
	NearOwn                // beside its own as well: where it asks for that
)

// A Topic is one that is published. It has Match, or Score, or neither.
type Topic struct {
	news.Topic
	Match *query.Query
	Score []topic.Weighted // in the order of the file
	// Threshold is what the weights of Score must reach.
	Threshold float64
	Head      bool   // plain terms look in title, summary and the beginning of the text
	Where     string // FILE:LINE of its rule, of its name where it has none
	Feed      Feed   // publish, with what the topic says for itself
}

// Dedupe is how copies are found.
type Dedupe struct {
	Window time.Duration
	Near   bool
	Events bool     // stories of one event are shown together
	Prefer []string // tier, fullest, earliest: all three, first matters most
}

// Feed is what a topic's feeds hold.
type Feed struct {
	Formats      []string      // atom, rss, json
	Items        int           // 0: all
	MaxAge       time.Duration // 0: all
	MaxPerSource int           // 0: no cap
	Full         bool          // content, else the summary alone
	Also         bool
	Access       access.Keys // who may read
}

// Publish is what all topics share.
type Publish struct {
	Feed
	Dir string // absolute; "" for none
	Hub string // builtin, off, or the address of a hub
}

// A Test is an item with the topics that it must reach: each of Topics and none
// of Not; if it is Exact, in no other topic either.
type Test struct {
	// Item has title, summary, HTML-less text, address, authors, language and
	// labels; its Source is the key of the source named, if it is one of ours.
	Item        news.Item
	SourceName  string
	Topics, Not []string
	Exact       bool
	Where       string // FILE:LINE
}
