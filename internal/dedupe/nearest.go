package dedupe

import (
	"cmp"
	"encoding/binary"
	"slices"

	"aggregator/internal/canon"
	"aggregator/internal/near"
	"aggregator/internal/news"
)

const (
	mostRare    = 12 // words by which a telling is found again
	mostAsked   = 24 // words by which tellings are looked for
	mostWalked  = 16 // tellings that have one such word
	mostSteps   = 96 // … all of them, the rarest first
	mostTitles  = 3  // … the same headline, or article number
	mostNear    = 8  // tellings that are compared
	fewTellings = 10 // a word in no more than these is rare
)

// Shares of the tellings above which a word is too common to find anything by.
const (
	commonInTitle = .06
	commonInLead  = .02
)

// A likeness is a telling near to an item, and how near.
type likeness struct {
	*telling
	n          uint32
	features   near.Features
	similarity float32
}

// A finder compares items with tellings; it is room that is used again.
type finder struct {
	models   near.Models
	comparer near.Comparer
	sketch   near.Sketch
	found    map[uint32]int // place in matches
	matches  []match
	rare     []rareWord
}

// A match is a telling that shares rare words with an item.
type match struct {
	n      uint32
	shared int
	weight float32
}

type rareWord struct {
	word   near.Word
	place  uint8
	weight float32
}

// choose sets what a sketch needs the Index for: whether its tail is the name
// of a source, and which of its words are rare.
func (f *finder) choose(l *layer, s *near.Sketch) {
	if s.Tail > 0 && !s.Cut && l.recall.endings(tailOf(s)) >= enoughEndings {
		s.Cut = true
	}
	n := float32(l.recall.tellings())
	heaviest := l.recall.Heaviest()
	f.rare = f.rare[:0]
	title := len(s.Head())
	for i := range len(s.Title) + len(s.Lead) {
		w := wordAt(s, uint8(i))
		share, by := float32(commonInLead), float32(1)
		switch {
		case i < title:
			share, by = commonInTitle, 1.5
		case i < len(s.Title): // the name of a source
			continue
		}
		df := l.recall.df(w)
		if float32(df) > max(fewTellings, share*n) || slices.ContainsFunc(f.rare, func(r rareWord) bool { return r.word == w }) {
			continue
		}
		f.rare = append(f.rare, rareWord{w, uint8(i), by * (heaviest - logOf(df+1))})
	}
	slices.SortStableFunc(f.rare, func(a, b rareWord) int { return cmp.Compare(b.weight, a.weight) })
	f.rare = f.rare[:min(len(f.rare), mostAsked)]
	s.Rare = make([]uint8, min(len(f.rare), mostRare))
	for i := range s.Rare {
		s.Rare[i] = f.rare[i].place
	}
}

// enoughEndings is how many headlines end in the same words behind a dash when
// those are the name of a source.
const enoughEndings = 4

// nearest is the tellings in the window that are like an item, nearest first.
// choose has been called.
func (f *finder) nearest(l *layer, it *Item, sketch *near.Sketch, now, oldest uint32) []likeness {
	f.matches = f.matches[:0]
	if f.found == nil {
		f.found = map[uint32]int{}
	}
	clear(f.found)
	steps := mostSteps
	for _, r := range f.rare {
		steps -= f.walk(l, r.word, r.weight, min(mostWalked, steps))
	}
	for _, w := range [...]near.Word{sketch.Headline(), sketch.Article} {
		if w != 0 {
			f.walk(l, w, certain, mostTitles)
		}
	}
	matches := slices.DeleteFunc(f.matches, func(m match) bool { return m.shared < 2 && m.weight < certain })
	slices.SortFunc(matches, func(a, b match) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(b.n, a.n)) })
	return f.compare(l, it, sketch, matches[:min(len(matches), mostNear)], oldest)
}

// certain is more than rare words can weigh together.
const certain = 1000

// walk goes through the tellings with a word, latest first, and says through how
// many.
func (f *finder) walk(l *layer, w near.Word, weight float32, most int) (steps int) {
	for at := l.recall.latest(w); at != 0 && steps < most; steps++ {
		n := at >> linkBits
		sketch, links := l.recall.record(n)
		if sketch == nil {
			return steps
		}
		f.match(n, weight)
		at = binary.LittleEndian.Uint32(links[at&(1<<linkBits-1)*4:])
	}
	return steps
}

// match counts a word that a telling has.
func (f *finder) match(n uint32, weight float32) {
	i, ok := f.found[n]
	if !ok {
		i = len(f.matches)
		f.matches = append(f.matches, match{n: n})
		f.found[n] = i
	}
	f.matches[i].shared++
	f.matches[i].weight += weight
}

// compare gives what was matched its similarity, nearest first.
func (f *finder) compare(l *layer, it *Item, sketch *near.Sketch, matches []match, oldest uint32) []likeness {
	f.comparer.Begin(sketch, &l.recall)
	since, source := minutes(it.Since()), canon.Hash(it.Source)
	var ls []likeness
	for _, m := range matches {
		t := l.telling(m.n)
		packed, _ := l.recall.record(m.n)
		if t == nil || t.minute < oldest || t.story <= l.forgot || !f.sketch.Unpack(packed) {
			continue
		}
		fs := f.comparer.With(&f.sketch, near.Pair{
			Minutes: float64(minutesOf(t.since/60, since)), Own: t.source == source,
			SameURL: t.url != 0 && t.url == it.Keys.URL,
		})
		ls = append(ls, likeness{t, m.n, fs, min(mostAlike, max(f.models.Story.Similarity(&fs), copied(&fs)))})
	}
	slices.SortStableFunc(ls, func(a, b likeness) int { return cmp.Compare(b.similarity, a.similarity) })
	return ls
}

// mostAlike is as similar as two texts can be that are not the same.
const mostAlike = .99

// copied is the similarity of a text that stands in both word by word, whatever
// the headlines say: desks give wire copy headlines of their own, and one page
// changes its headline through the day.
func copied(f *near.Features) float32 {
	page := f[near.SameURL] > 0
	long := f[near.LeadLength] >= 2.7 // 14 words
	switch {
	case f[near.LeadNumbers] > .5 || !long:
		return 0
	case page && f[near.LeadShingles] >= .6:
		return .95
	case f[near.OwnSource] == 0 && f[near.LeadShingles] >= .85 && f[near.LeadNumbers] <= .34 && f[near.CrossWorst] >= .3:
		return .9
	}
	return 0
}

// judge decides by likeness. It refuses in the face of ambiguity, and names
// what came nearest among those it refused.
func (f *finder) judge(it *Item, ls []likeness) (verdict, news.Refusal) {
	source := canon.Hash(it.Source)
	var joined *likeness
	var refused news.Refusal
	for i := range ls {
		t := &ls[i]
		guard := f.guard(it, source, t, ls)
		if guard == "" && joined == nil {
			joined = t
			continue
		}
		if joined != nil && t.story == joined.story {
			continue
		}
		if refused.Of == 0 && t.similarity >= worthTelling {
			if guard == "" {
				guard = "less like it"
			}
			refused = news.Refusal{Of: t.pos, Similarity: t.similarity, Guard: guard}
		}
	}
	if joined == nil {
		return verdict{fate: news.New}, refused
	}
	return verdict{fate: news.Duplicate, story: joined.story, of: joined.pos, reason: byNear, similarity: joined.similarity}, refused
}

// worthTelling: what is less alike is not named as refused.
const worthTelling = .3

// guard is why an item does not tell the story of a telling that is like it;
// "" if it does.
func (f *finder) guard(it *Item, source uint64, t *likeness, ls []likeness) string {
	if t.similarity < f.models.Story.Threshold {
		return "not alike enough"
	}
	if g := template(&t.features); g != "" {
		return g
	}
	if t.source == source && it.Near == NearOwn {
		return series(it, t)
	}
	for i := range ls {
		switch o := &ls[i]; {
		case o.story != t.story:
		case it.Near != NearOwn && o.source == source:
			return "this source tells that story already"
		case o.features[near.OtherWire] == 1 && o.similarity < .3:
			return "another agency's report" // told by one who names none
		}
	}
	return ""
}

// template: reports that are written after one pattern differ in little but what
// matters. A copy has the same numbers, unless its text says that it is one.
func template(f *near.Features) string {
	switch {
	case f[near.LeadShingles] >= .85 && f[near.LeadNumbers] < .1:
		return ""
	case f[near.TitleNumbers] == 1:
		return "other numbers in the headline"
	case f[near.LeadNumbers] >= .5 && f[near.LeadCosine] >= .5:
		return "other numbers in the text"
	case f[near.Short] >= .5 && f[near.LeadMissing] == 0 && f[near.LeadCosine] < .3 && f[near.BodyShared] < .3:
		return "a short headline over other words" // "Daily briefing", "In pictures"
	}
	return ""
}

// series: within one source, what comes back each day is not the same report,
// however alike it looks.
func series(it *Item, t *likeness) string {
	long := t.features[near.LeadLength] >= 3.2 // 24 words
	if minutesOf(t.since/60, minutes(it.Since())) > mostApart && !(long && t.features[near.LeadCosine] >= .95) {
		return "a series: another day's text"
	}
	return ""
}

// mostApart is how far apart, in minutes, one source tells one thing twice.
const mostApart = 20 * 60
