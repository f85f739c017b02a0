package dedupe

import (
	"strings"

	"aggregator/internal/canon"
	"aggregator/internal/near"
	"aggregator/internal/news"
)

// An Item is an item as it comes to be judged.
type Item struct {
	news.Item
	Keys  news.Keys
	Words int // of the longest text
	// Names are what people call its source.
	Names []string
	// Sketch is what near texts are compared by.
	Sketch near.Sketch
	// Beside are the Keys.ID of all items of the document it came in.
	Beside map[uint64]bool
	// Near says between which tellings near text may join it to a story.
	Near Near
	// Told is what it told before the log was lost; nil for nothing that we know.
	Told *Told
}

// Near says between which tellings near text is looked for.
type Near uint8

const (
	NearOff    Near = iota // nowhere: keys alone decide
	NearOthers             // between sources, never within one: the default
	NearOwn                // within this source, too: it asked for that
)

// enoughText is how many bytes of normalised words make a text that stands for
// itself; below it, "Read more at our site" would join strangers. Two in three
// characters of Chinese and Japanese carry a word: 40 bytes are 13 of them.
const enoughText = 40

// ItemID is the Keys.ID of a source's item.
func ItemID(source, guid string) uint64 { return canon.Hash(source, guid) }

// Address is the Keys.URL of an address; 0 for one that names no article.
func Address(url string) uint64 {
	c := canon.URL(url)
	if c == "" {
		return 0
	}
	return canon.Hash("url", c)
}

// Prepare makes what is compared of an item. It is the dear part, and may be
// done side by side. names are what people call its source, beside what the feed
// says of itself: they stand behind headlines.
func Prepare(it news.Item, names ...string) Item {
	title, summary, text := canon.Normal(it.Title), canon.Normal(it.Summary), canon.Normal(it.Text)
	keys := news.Keys{
		ID:     ItemID(it.Source, it.GUID),
		URL:    Address(it.URL),
		Digest: canon.Hash("words", title, summary, text),
	}
	if title != "" {
		keys.Title = canon.Hash("title", title)
	}
	for _, t := range []string{text, summary} {
		if title != "" && len(t) >= enoughText && t != title && (len(keys.Text) == 0 || t != text) {
			keys.Text = append(keys.Text, canon.Hash("text", title, t))
		}
	}
	return Item{Item: it, Keys: keys, Names: names, Words: max(words(text), words(summary)), Sketch: near.Make(toCompare(it, names))}
}

// toCompare is what near text is looked for in. The teaser is compared where
// there is one, for it is what most sources give.
func toCompare(it news.Item, names []string) near.Text {
	t := near.Text{Title: it.Title, Names: append([]string{it.Feed.Title, it.Via.Title}, names...), Lead: it.Summary, Body: it.Text, URL: it.URL}
	if t.Lead == "" {
		t.Lead = it.Text
	}
	return t
}

func words(normal string) int {
	if normal == "" {
		return 0
	}
	return strings.Count(normal, " ") + 1
}
