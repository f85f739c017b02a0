package fetch

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/mmcdole/gofeed/atom"
	"github.com/mmcdole/gofeed/rss"

	"aggregator/internal/canon"
)

// errNotFeed is wrapped with what the document is instead.
var errNotFeed = errors.New("not a feed")

// parse reads a document of any format. contentType is the answer's header,
// base the address it came from, known the pieces of the last document that
// need no parsing; nil for none. A panic in a parser becomes an error.
func parse(body []byte, contentType, base string, known func(uint64) bool) (doc document, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser gave up on this document: %v", r)
		}
	}()
	if len(bytes.TrimSpace(body)) == 0 {
		return document{}, fmt.Errorf("%w: the answer is empty", errNotFeed)
	}
	body, err = canon.UTF8(body, contentType)
	if err != nil {
		return document{}, err
	}
	if start := bytes.TrimLeft(body, " \t\r\n\x00"); len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		return parseJSON(start)
	}
	root, ok := findRoot(body)
	if !ok {
		return document{}, notFeed(body, base)
	}
	// Nothing before the root is needed any more: not the prolog (XML 1.1 is
	// refused), not a PHP warning, not a comment longer than the parser looks.
	body, cut := shortTexts(body[root:])
	doc, err = parseNew(body, known)
	doc.clipped = cut
	return doc, err
}

// parseNew parses what is not known of the items that are read.
func parseNew(body []byte, known func(uint64) bool) (document, error) {
	body, lost := newest(body)
	doc, err := parseRest(body, known)
	if err == nil {
		doc.partial = cmp.Or(lost, doc.partial)
	}
	return doc, err
}

// parseRest cuts out what is known. Where the rest is not sound, or its entries
// are not those that were left, all of it is parsed.
func parseRest(body []byte, known func(uint64) bool) (document, error) {
	rest, pieces := cut(body, known)
	doc, err := parseXML(rest)
	if err == nil && doc.partial == "" && doc.withPieces(pieces) || len(rest) == len(body) {
		return doc, err
	}
	return parseXML(body)
}

// parseXML gives the parser the document as it is, and mended where that fails. One
// whose tags do not match is mended first: the parser would read it in vain, or
// wrongly.
func parseXML(body []byte) (document, error) {
	name, _ := rootName(body)
	isAtom := name == "feed"
	doc, first := trySound(body, isAtom)
	// Items that are never closed are deep, too, until they are.
	if first == nil || costly(first) && !errors.Is(first, errDeep) {
		return doc, first
	}
	mended, lost := body, ""
	for _, r := range repairs() {
		m, l := r.mend(mended)
		lost = cmp.Or(l, lost)
		if bytes.Equal(m, mended) {
			continue // nothing was mended
		}
		mended = m
		if doc, err := trySound(mended, isAtom); err == nil {
			doc.partial = cmp.Or(doc.partial, lost)
			return doc, nil
		} else if costly(err) && !errors.Is(err, errDeep) {
			return document{}, err
		}
	}
	if costly(first) {
		return document{}, first
	}
	if many, ok := errors.AsType[*tooManyError](guardOnly(body)); ok {
		body = many.cut(body)
	}
	doc, err := readXML(body, isAtom)
	if err != nil {
		return document{}, fmt.Errorf("the feed is broken and could not be repaired: %w", err)
	}
	return doc, nil
}

func guardOnly(body []byte) error {
	_, err := guard(body)
	return err
}

var errUnsound = errors.New("tags do not match")

// trySound parses what the guard lets pass.
func trySound(body []byte, isAtom bool) (document, error) {
	sound, err := guard(body)
	lost := ""
	if many, ok := errors.AsType[*tooManyError](err); ok {
		body, lost, err = many.cut(body), lostItems(0), nil
	}
	if err == nil && !sound {
		err = errUnsound
	}
	if err != nil {
		return document{}, err
	}
	doc, err := readXML(body, isAtom)
	doc.partial = lost
	return doc, err
}

func readXML(body []byte, isAtom bool) (document, error) {
	scopes := scopesOf(body)
	if isAtom {
		body = atomNamespace(body)
		feed, err := (&atom.Parser{}).Parse(bytes.NewReader(body))
		if err != nil {
			return document{}, err
		}
		return fromAtom(feed, scopes, bytes.Contains(body, []byte("base64"))), nil
	}
	feed, err := (&rss.Parser{}).Parse(bytes.NewReader(body))
	if err != nil {
		return document{}, err
	}
	return fromRSS(feed, scopes), nil
}

// atomNamespace gives the root the namespace of Atom in place of one that the
// parser does not know, as drafts and slips of the pen have: it would take every
// entry for an extension.
func atomNamespace(body []byte) []byte {
	root := body[:max(tagEnd(body), 0)]
	_, rest, found := bytes.Cut(root, []byte(` xmlns="`))
	space, _, _ := bytes.Cut(rest, []byte(`"`))
	switch string(bytes.TrimSpace(space)) {
	case "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#":
		return body
	}
	if !found {
		return body
	}
	return bytes.Replace(body, append([]byte(` xmlns="`), space...), []byte(` xmlns="http://www.w3.org/2005/Atom`), 1)
}

// findRoot is where the element rss, RDF or feed begins: the first element,
// or the first of that name after rubbish such as <b>Warning</b>.
func findRoot(body []byte) (int, bool) {
	for i := 0; i < len(body); {
		lt := bytes.IndexByte(body[i:], '<')
		if lt < 0 {
			return 0, false
		}
		i += lt
		if n := skipSpecial(body[i:]); n > 0 {
			i += n
			continue
		}
		if name, ok := rootName(body[i:]); ok {
			return i, true
		} else if name == "html" || name == "head" || name == "body" {
			return 0, false
		}
		i++
	}
	return 0, false
}

// rootName is the local name, in lower case, of the tag that b begins with.
func rootName(b []byte) (name string, isFeed bool) {
	name = strings.ToLower(local(string(b[1 : 1+nameLength(b[1:min(len(b), 64)])])))
	return name, isRoot(name)
}
