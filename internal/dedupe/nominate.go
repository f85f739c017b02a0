package dedupe

import "time"

// Reasons why an item tells a story; they stand in decisions and in what we
// publish.
const (
	byGUID = "guid"
	byURL  = "url"
	byText = "text"
	byNear = "near"
)

// A nominee is a telling that shares a key with an item.
type nominee struct {
	*telling
	key string // by which key
}

// mostNominees bounds the work, however many tellings share a key: a site may
// give all its posts one address, or one text.
const mostNominees = 32

// versions is how many of an item's earlier words are looked at.
const versions = 6

// nominate finds the tellings that may be of the item's story: the versions of
// the item itself first, whenever they came; then what is at its address and
// what has its text, inside the window. All latest first.
func (l *layer) nominate(it Item, now uint32, window time.Duration) (ns []nominee) {
	for t := range l.ofID(it.Keys.ID) {
		if ns = append(ns, nominee{t, byGUID}); len(ns) == versions {
			break
		}
	}
	oldest := now - min(now, uint32(window/time.Minute))
	if it.Keys.URL != 0 {
		ns = l.collect(ns, l.atURL(it.Keys.URL), byURL, oldest)
	}
	for _, k := range it.Keys.Text {
		ns = l.collect(ns, l.withText(k), byText, oldest)
	}
	return ns
}

func (l *layer) collect(ns []nominee, chain func(func(*telling) bool), key string, oldest uint32) []nominee {
	most := len(ns) + mostNominees
	for t := range chain {
		if t.minute < oldest || len(ns) == most {
			break
		}
		if t.story <= l.forgot {
			continue
		}
		ns = append(ns, nominee{t, key})
	}
	return ns
}
