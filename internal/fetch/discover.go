package fetch

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// A pageError is a web page in place of a feed. What it names is the best first.
type pageError struct{ feeds []string }

func (e *pageError) Error() string {
	return fmt.Sprintf("%v: this is a web page; its feed is at %s: put that address into url, or discover: true beside it", errNotFeed, strings.Join(e.feeds, " or "))
}

func (e *pageError) Unwrap() error { return errNotFeed }

// feed is the one to follow; "" where there is none.
func (e *pageError) feed() string {
	if len(e.feeds) == 0 {
		return ""
	}
	return e.feeds[0]
}

// notFeed says what a document is that is no feed, and what to do: a page
// often names its feed.
func notFeed(body []byte, base string) error {
	if feeds := alternates(body, base); len(feeds) > 0 {
		return &pageError{feeds}
	}
	head := bytes.ToLower(body[:min(len(body), 4096)])
	switch {
	case bytes.Contains(head, []byte("<html")), bytes.Contains(head, []byte("<!doctype html")):
		return fmt.Errorf("%w: this is a web page, and it names no feed; look for the site's feed address", errNotFeed)
	case bytes.Contains(head, []byte("<opml")):
		return fmt.Errorf("%w: this is an OPML list; put it into sources as {opml: …}", errNotFeed)
	}
	for rest := head; ; rest = rest[1:] {
		lt := bytes.IndexByte(rest, '<')
		if lt < 0 {
			return fmt.Errorf("%w: this is neither XML nor JSON", errNotFeed)
		}
		rest = rest[lt:]
		if name, _ := rootName(rest); name != "" {
			return fmt.Errorf("%w: this is <%s>, not RSS, Atom or JSON Feed", errNotFeed, name)
		}
	}
}

// A namedFeed is one that a page names, the lesser the rank the better.
type namedFeed struct {
	url  string
	rank int
}

// alternates are the feeds that a page names in its head, the best first:
// <link rel=alternate type=application/rss+xml href=…>.
func alternates(body []byte, base string) (feeds []string) {
	var found []namedFeed
	z := html.NewTokenizer(bytes.NewReader(body[:min(len(body), 256<<10)]))
	for reading := true; reading && len(found) < 5; {
		switch z.Next() {
		case html.ErrorToken:
			reading = false
		case html.StartTagToken, html.SelfClosingTagToken:
			attrs := attributesOf(z.Token())
			switch attrs[""] {
			case "body":
				reading = false
			case "base":
				base = first(link(base, attrs["href"]), base)
			case "link":
				found = append(found, alternateFeed(attrs, base)...)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b namedFeed) int { return cmp.Compare(a.rank, b.rank) })
	for _, a := range found {
		feeds = append(feeds, a.url)
	}
	return feeds
}

// attributesOf a tag, its name under "".
func attributesOf(t html.Token) map[string]string {
	attrs := map[string]string{"": t.Data}
	for _, a := range t.Attr {
		attrs[a.Key] = a.Val
	}
	return attrs
}

// alternateFeed is the link, if it is one to a feed. WordPress names its comments
// beside its posts, and application/json for what is no feed at all.
func alternateFeed(attrs map[string]string, base string) []namedFeed {
	a := namedFeed{url: link(base, attrs["href"])}
	switch strings.ToLower(strings.TrimSpace(attrs["type"])) {
	case "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json":
	case "application/json":
		a.rank = 2
	default:
		return nil
	}
	if a.url == "" || !slices.Contains(strings.Fields(strings.ToLower(attrs["rel"])), "alternate") {
		return nil
	}
	if strings.Contains(strings.ToLower(attrs["title"]+attrs["href"]), "comment") {
		a.rank = 1
	}
	return []namedFeed{a}
}
