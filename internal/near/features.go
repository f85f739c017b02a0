package near

import "math"

// Features are what is measured of a pair, in the order of the constants below.
// Most lie in [0, 1].
type Features [featureCount]float32

const (
	TitleCosine    = iota // headlines, words squared by weight
	TitleContained        // the lighter headline in the other
	AllCosine             // headline and beginning
	AllContained
	LeadCosine   // beginnings
	LeadMissing  // one has less than five words
	TitleNumbers // numbers in both headlines, neither has all of the other's
	NumbersInOne // numbers in one headline only
	LeadNumbers  // share of the numbers in one beginning that the other lacks
	OwnSource
	Gap          // ln(1+hours)/5 between them
	TitleEqual   // after cleaning
	LeadShingles // three words in a row, of the shorter beginning
	CrossBest    // share of a headline that stands in the other's headline or beginning
	CrossWorst
	BodyShared // five words in a row, of the shorter text
	BodyRatio  // ln of how many times longer
	Bodies     // both have one
	Short      // (8 − words of the shorter headline)/8
	LostLess   // the heaviest headline word that the other lacks, of the side that loses less
	LostMore
	LostTitle    // … that the other's headline lacks
	SlugTitle    // one's address and the other's headline
	SlugSlug     // the addresses
	Slugs        // how many have one that differs from the headline
	SameURL      // one canonical address
	SameArticle  // one article number at one host
	SameMinute   // published within a minute
	LeadRun      // the longest run of words in both beginnings, of the shorter
	LeadRunLong  // ln(1+its words)
	TitleOrder   // the longest common subsequence of the headlines, of the longer
	OnlyLess     // headline words that the other's headline lacks, of the side with less
	OnlyMore     //
	OnlyAll      // … that the other lacks altogether, of the side with less
	LeadLength   // ln(1+words) of the shorter beginning
	NumberWeight // of numbers in both
	TitleWeight  // of headline words in both
	AllWeight
	SameWire  // one agency is named by both
	OtherWire // each names another
	featureCount
)

// FeatureNames are how people read them, in order.
var FeatureNames = [featureCount]string{
	"title cosine", "title contained", "all cosine", "all contained", "lead cosine", "lead missing",
	"numbers conflict", "numbers in one", "lead numbers lost", "own source", "gap", "title equal", "lead shingles",
	"cross best", "cross worst", "body shared", "body ratio", "bodies", "short", "lost less", "lost more", "lost in title",
	"slug title", "slug slug", "slugs", "same address", "same article number", "same minute", "lead run", "lead run long",
	"title order", "only less", "only more", "only all", "lead length", "number weight", "title weight", "all weight",
	"same agency", "other agency",
}

func (f *Features) words(a, b *view, o *overlap, heaviest float32) {
	f[TitleCosine], f[TitleContained] = cosine(o.title, a.title, b.title), ratio(o.title, min(a.title, b.title))
	f[AllCosine], f[AllContained] = cosine(o.all, a.all, b.all), ratio(o.all, min(a.all, b.all))
	f[LeadCosine] = cosine(o.lead, a.lead, b.lead)
	f[LeadMissing] = is(min(len(a.Lead), len(b.Lead)) < 5)
	x, y := ratio(o.titleInAll, a.title), ratio(o.allHasTitle, b.title)
	f[CrossBest], f[CrossWorst] = max(x, y), min(x, y)
	f[Short] = max(0, float32(8-min(len(a.Head()), len(b.Head())))/8)
	f[LostLess], f[LostMore] = min(o.lostAllA, o.lostAllB)/heaviest, max(o.lostAllA, o.lostAllB)/heaviest
	f[LostTitle] = min(o.lostA, o.lostB) / heaviest
	f[OnlyLess], f[OnlyMore] = float32(min(o.onlyA, o.onlyB)), float32(max(o.onlyA, o.onlyB))
	f[OnlyAll] = float32(min(o.onlyAllA, o.onlyAllB))
	f[LeadLength] = float32(math.Log(1 + float64(min(len(a.Lead), len(b.Lead)))))
	f[TitleWeight] = float32(math.Sqrt(float64(o.title))) / heaviest
	f[AllWeight] = float32(math.Sqrt(float64(o.all))) / heaviest
}

func cosine(common, a, b float32) float32 {
	return ratio(common, float32(math.Sqrt(float64(a)*float64(b))))
}

func ratio(part, whole float32) float32 {
	if whole == 0 {
		return 0
	}
	return min(1, part/whole)
}

// numbers: a template of another day has other numbers; a report has the same.
func (f *Features) numbers(a, b *view, o *overlap, heaviest float32) {
	countA, lostA := lostNumbers(a.words, b, inTitle)
	countB, lostB := lostNumbers(b.words, a, inTitle)
	f[TitleNumbers] = is(lostA > 0 && lostB > 0)
	f[NumbersInOne] = is((countA == 0) != (countB == 0))
	countA, lostA = lostNumbers(a.words, b, inLead)
	countB, lostB = lostNumbers(b.words, a, inLead)
	if countA > countB {
		countA, lostA = countB, lostB
	}
	f[LeadNumbers] = ratio(float32(lostA), float32(countA))
	f[NumberWeight] = o.numbers / heaviest
}

func lostNumbers(words []weighed, other *view, where uint8) (count, lost int) {
	for _, x := range words {
		if !x.word.Number() || x.in&where == 0 {
			continue
		}
		count++
		if other.find(x.word)&where == 0 {
			lost++
		}
	}
	return count, lost
}

func (f *Features) address(a, b *view, o *overlap) {
	f[SlugTitle] = max(cosine(o.slugTitle, a.slug, b.title), cosine(o.titleSlug, b.slug, a.title))
	f[SlugSlug] = cosine(o.slugs, a.slug, b.slug)
	f[Slugs] = is(len(a.Slug) > 0) + is(len(b.Slug) > 0)
	f[SameArticle] = is(a.Article != 0 && a.Article == b.Article)
}

// order measures what bags of words do not.
func (f *Features) order(a, b *view, q *sequences) {
	x, y := a.Head(), b.Head()
	f[TitleEqual] = is(len(x) > 0 && equal(x, y))
	f[TitleOrder] = ratio(float32(q.subsequence(x, y)), float32(max(len(x), len(y))))
	shorter := min(len(a.Lead), len(b.Lead))
	if shorter < 3 || f[LeadCosine] < .05 {
		return
	}
	run, shared := q.run(a.Lead, b.Lead)
	f[LeadRun], f[LeadRunLong] = float32(run)/float32(shorter), float32(math.Log(1+float64(run)))
	if shorter >= 6 {
		f[LeadShingles] = min(1, float32(shared)/float32(shorter-2))
	}
}

// sequences is room for comparing words in order.
type sequences struct{ row [mostLead + 1]uint8 }

// subsequence is the length of the longest common one.
func (q *sequences) subsequence(a, b []Word) int {
	row := q.row[:len(b)+1]
	clear(row)
	for _, x := range a {
		diagonal := uint8(0)
		for j, y := range b {
			old := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(old, row[j])
			}
			diagonal = old
		}
	}
	return int(row[len(b)])
}

// run is the length of the longest common run of words, and how many places of
// a end three words in a row that b has too.
func (q *sequences) run(a, b []Word) (longest, shared int) {
	row := q.row[:len(b)+1]
	clear(row)
	for _, x := range a {
		diagonal, best := uint8(0), uint8(0)
		for j, y := range b {
			old := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
				best = max(best, diagonal+1)
			} else {
				row[j+1] = 0
			}
			diagonal = old
		}
		longest = max(longest, int(best))
		if best >= 3 {
			shared++
		}
	}
	return longest, shared
}
