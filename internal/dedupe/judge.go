package dedupe

import (
	"fmt"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// A verdict is what becomes of an item. When New, reason says which nominee
// was refused, if one was.
type verdict struct {
	fate       news.Fate
	story, of  news.Position
	reason     string
	similarity float32
}

// judge decides by the best evidence there is: GUID and address within one
// source, then address, then text across sources. In the face of ambiguity it
// refuses, and the item begins a story: stories never swallow each other.
func judge(it Item, ns []nominee) verdict {
	source := canon.Hash(it.Source)
	if v, ok := judgeGUID(it, ns); ok {
		return v
	}
	if v, ok := judgeOwn(it, source, ns); ok {
		return v
	}
	refused := ""
	for _, key := range []string{byURL, byText} {
		v, ok := judgeOthers(it, source, key, ns)
		if ok {
			return v
		}
		if refused == "" {
			refused = v.reason
		}
	}
	return verdict{fate: news.New, reason: refused}
}

// judgeGUID: the same source gives the same GUID.
func judgeGUID(it Item, ns []nominee) (verdict, bool) {
	if len(ns) == 0 || ns[0].key != byGUID {
		return verdict{}, false
	}
	t := ns[0].telling
	if t.digest == it.Keys.Digest {
		return verdict{fate: news.Known, story: t.story, reason: byGUID, similarity: 1}, true
	}
	if flaps(it, ns) {
		return verdict{fate: news.Known, story: t.story, reason: byGUID, similarity: 1}, true
	}
	if reused(it, t) {
		return verdict{}, false
	}
	return verdict{fate: news.Revised, story: t.story, of: t.pos, reason: byGUID, similarity: 1}, true
}

// flaps: two servers behind one address serve two versions in turn. Going back
// once is a revision; going there again and again is not.
func flaps(it Item, ns []nominee) bool {
	before, again := 0, 0
	for _, n := range ns {
		if n.key != byGUID {
			break
		}
		before++
		if n.digest == it.Keys.Digest {
			again++
		}
	}
	return before > 2 && again > 0
}

// reused: some sources number their items 1 to 20 for ever. Another address and
// another title is another story, whatever the GUID.
func reused(it Item, t *telling) bool {
	return it.Keys.URL != 0 && t.url != 0 && it.Keys.URL != t.url && it.Keys.Title != t.title
}

// sameArticle is how far apart the dates of one article under two GUIDs may be.
// A page that is filled anew each day ("Daily briefing") stays apart.
const sameArticle = 12 * 60 // minutes

// judgeOwn: the same source gives the same address under another GUID.
//
// The BBC's GUIDs end in #0, #1, #2 as a story is rewritten, and some sites
// make a new GUID at every request: known, or a revision. A live blog gives
// many posts one address: those stand in the document side by side.
func judgeOwn(it Item, source uint64, ns []nominee) (verdict, bool) {
	var repeat, older *telling
	for _, n := range ns {
		if n.key != byURL || n.source != source {
			continue
		}
		beside := it.Beside[n.id] && n.id != it.Keys.ID
		same := n.digest == it.Keys.Digest
		switch {
		case same && !beside:
			return verdict{fate: news.Known, story: n.story, reason: byURL, similarity: 1}, true
		case same && repeat == nil:
			repeat = n.telling
		case !beside && n.id != it.Keys.ID && older == nil && minutesOf(n.since/60, minutes(it.Since())) <= sameArticle:
			older = n.telling
		}
	}
	switch {
	case repeat != nil:
		return verdict{fate: news.Duplicate, story: repeat.story, of: repeat.pos, reason: byURL, similarity: 1}, true
	case older != nil:
		return verdict{fate: news.Revised, story: older.story, of: older.pos, reason: byURL, similarity: 1}, true
	}
	return verdict{}, false
}

// judgeOthers: another source gives the same address or text. When several
// stories are told there, the one that shares more than that is meant.
func judgeOthers(it Item, source uint64, key string, ns []nominee) (verdict, bool) {
	var best *telling
	stories := map[news.Position]bool{}
	for _, n := range ns {
		if n.key != key || n.source == source {
			continue
		}
		stories[n.story] = true
		if best == nil || closer(it, n.telling, best) {
			best = n.telling
		}
	}
	if best == nil {
		return verdict{}, false
	}
	if key == byURL && len(stories) > 1 && best.title != it.Keys.Title && best.digest != it.Keys.Digest {
		return verdict{reason: fmt.Sprintf("%d stories at this address, none with this title", len(stories))}, false
	}
	if tells(best.story, source, it, ns) {
		return verdict{reason: "this source tells that story already"}, false
	}
	return verdict{fate: news.Duplicate, story: best.story, of: best.pos, reason: key, similarity: 1}, true
}

// closer says whether a shares more with the item than b: its words, its
// title, else its hour. Nominees come latest first, so that a tie keeps b.
func closer(it Item, a, b *telling) bool {
	if x, y := a.digest == it.Keys.Digest, b.digest == it.Keys.Digest; x != y {
		return x
	}
	if x, y := a.title == it.Keys.Title, b.title == it.Keys.Title; x != y {
		return x
	}
	since := minutes(it.Since())
	return minutesOf(a.since/60, since) < minutesOf(b.since/60, since)
}

// tells: a source tells a story once. Two different items of one document, at
// one address, are not both the same story.
func tells(story news.Position, source uint64, it Item, ns []nominee) bool {
	for _, n := range ns {
		if n.story == story && n.source == source && it.Beside[n.id] && n.id != it.Keys.ID && n.digest != it.Keys.Digest {
			return true
		}
	}
	return false
}
