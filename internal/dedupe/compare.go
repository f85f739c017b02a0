package dedupe

import (
	"cmp"
	"slices"
	"time"

	"aggregator/internal/canon"
	"aggregator/internal/near"
	"aggregator/internal/news"
)

// A Comparison is how two items would be judged if b came just now and a were
// there. Words weigh what they weigh today, so the similarity may differ a
// little from the one that was decided by then.
type Comparison struct {
	// Same: one story. Reason is by what: guid, url, text or near; "" if they
	// are two, and then Guard says what kept them apart.
	Same   bool
	Reason string
	Guard  string
	// Similarity is that of near text, whatever decided; in [0, 1], like the
	// Threshold from which on two are the same.
	Similarity, Threshold float32
	// Copied: the similarity is that of a text which stands in both word by
	// word, and not what the model makes of the features.
	Copied bool
	// Bias, what the Features add, and Mended, what the trees add to them
	// together, are the logit of the model's similarity.
	Bias, Mended float32
	Features     []Feature
	A, B         Compared
}

// A Feature of the pair, in the order of near.FeatureNames.
type Feature struct {
	Name  string
	Value float32
	Adds  float32 // to the logit
}

// Compare judges b as Decide would at a moment, but for a alone: what else the
// Index holds counts only where it kept them apart or brought them together. It
// changes nothing, and may be called beside others that only read.
func (x *Index) Compare(a, b Item, now time.Time) Comparison {
	f := finder{models: x.finder.models}
	l := newLayer(&x.layer)
	f.choose(&l, &a.Sketch)
	p := pair{finder: &f, layer: &l, it: &b, n: l.put(a, x.teller(x.Item(a.Keys.ID)))}
	f.choose(&l, &b.Sketch)
	c := Comparison{Threshold: f.models.Story.Threshold, Bias: f.models.Story.Bias}
	at := minutes(now)
	oldest := at - min(at, uint32(x.window/time.Minute))
	ls := p.nearest(at, oldest)
	ns := slices.DeleteFunc(l.nominate(b, at, x.window), func(n nominee) bool { return p.later(n.telling, at) })
	c.Reason, c.Guard = p.judge(ns, ls, oldest)
	c.Same = c.Reason != ""
	c.weigh(&f.models.Story, p.likeness)
	c.A, c.B = show(a, b.Sketch), show(b, a.Sketch)
	return c
}

// put lays a over what the Index holds, findable but counted no second time.
func (l *layer) put(a Item, story news.Position) uint32 {
	pos := news.Position(1 << 62) // behind every log
	if story == 0 {
		story = pos
	}
	d := news.Decision{Pos: pos, Fate: news.New, Story: story, At: a.Seen, Since: a.Since(), Source: a.Source, Keys: a.Keys, Sketch: a.Sketch.Pack()}
	l.add(d, &a.Sketch)
	l.recall.count, l.recall.tails = 0, map[near.Word]uint16{}
	for w, p := range l.recall.words {
		p.df = 0
		l.recall.words[w] = p
	}
	return l.base + 1
}

// A pair is an item to be judged, and the one telling that matters, as number n.
type pair struct {
	*finder
	layer    *layer
	it       *Item
	n        uint32
	likeness likeness
	found    bool // by rare words
}

// nearest finds what is like the item, as deciding does.
func (p *pair) nearest(now, oldest uint32) []likeness {
	ls := p.finder.nearest(p.layer, p.it, &p.it.Sketch, now, oldest)
	ls = slices.DeleteFunc(ls, func(t likeness) bool { return p.later(t.telling, now) })
	for _, t := range ls {
		if t.n == p.n {
			p.likeness, p.found = t, true
		}
	}
	if !p.found {
		p.likeness = p.compare(p.layer, p.it, &p.it.Sketch, []match{{n: p.n}}, 0)[0]
	}
	return ls
}

// later: the Index knew nothing of it when the item came; but for the telling
// that matters.
func (p *pair) later(t *telling, now uint32) bool {
	return t != p.layer.telling(p.n) && (t.id == p.it.Keys.ID || t.minute > now)
}

// judge gives the reason why the two are one story, or what kept them apart.
func (p *pair) judge(ns []nominee, ls []likeness, oldest uint32) (reason, guard string) {
	t := p.layer.telling(p.n)
	v := judge(*p.it, ns)
	switch {
	case v.fate != news.New && v.story == t.story:
		return v.reason, ""
	case v.fate != news.New:
		return "", "another story is told by the same " + v.reason
	case p.it.Near == NearOff:
		return "", cmp.Or(v.reason, "near text does not count for its source")
	case t.minute < oldest:
		return "", "further apart than dedupe.window"
	case !p.found:
		return "", "too few rare words are in both, or many others are nearer: not looked at"
	}
	if guard := p.guard(p.it, canon.Hash(p.it.Source), &p.likeness, ls); guard != "" {
		return "", guard
	}
	if v, _ := p.finder.judge(p.it, ls); v.story != t.story {
		return "", "another story is nearer"
	}
	return byNear, ""
}

func (c *Comparison) weigh(m *near.Model, t likeness) {
	c.Similarity, c.Mended = t.similarity, m.Mend(&t.features)
	c.Copied = t.similarity > m.Similarity(&t.features)
	for i, v := range t.features {
		c.Features = append(c.Features, Feature{near.FeatureNames[i], v, v * m.Weights[i]})
	}
}
