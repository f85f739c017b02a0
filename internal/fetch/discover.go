package fetch

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/net/html"

	"aggregator/internal/canon"
)

// notFeed says what a document is that is no feed, and what to do: a page
// often names its feed.
func notFeed(body []byte, base string) error {
	if feeds := alternates(body, base); len(feeds) > 0 {
		return fmt.Errorf("%w: this is a web page; its feed is at %s: put that address into url", errNotFeed, strings.Join(feeds, " or "))
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

// alternates are the feeds that a page names in its head:
// <link rel=alternate type=application/rss+xml href=…>.
func alternates(body []byte, base string) (feeds []string) {
	z := html.NewTokenizer(bytes.NewReader(body[:min(len(body), 256<<10)]))
	for len(feeds) < 5 {
		switch z.Next() {
		case html.ErrorToken:
			return feeds
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data == "body" {
				return feeds
			}
			if t.Data == "link" {
				if u := alternateFeed(t, base); u != "" {
					feeds = append(feeds, u)
				}
			}
		}
	}
	return feeds
}

func alternateFeed(t html.Token, base string) string {
	attrs := map[string]string{}
	for _, a := range t.Attr {
		attrs[a.Key] = a.Val
	}
	switch strings.ToLower(strings.TrimSpace(attrs["type"])) {
	case "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json":
		if strings.Contains(strings.ToLower(" "+attrs["rel"]+" "), " alternate ") {
			return canon.Resolve(base, attrs["href"])
		}
	}
	return ""
}
