package query

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"aggregator/internal/lang"
)

// A Doc is what queries look at: the parts of one item, as plain text.
type Doc struct {
	Title, Summary, Text string
	Author               string
	Source               string   // what people call it
	Host                 string   // of the item's address, without port
	URL                  string   // the item's address
	Lang                 string   // BCP 47; the stems are those of this language
	Labels               []string // that the source put on the item
	Tags                 []string // that the configuration put on the source
	Topics               []string // that hold the story
}

// A field is a part of a Doc that a term can be bound to.
type field uint8

const (
	plain field = iota // title, summary and text
	title
	summary
	text
	author
	source
	label
	tag // up to here words are compared, below whole values
	host
	url
	language
	topic
)

const fields = topic + 1

// fieldName gives the names of the language.
func fieldName(f field) string {
	return [fields]string{"", "title", "summary", "text", "author", "source", "label", "tag", "host", "url", "lang", "topic"}[f]
}

// A Prepared is a Doc cut into folded words, once for all the queries. It
// does not change: goroutines may share it.
type Prepared struct {
	lang   lang.Language
	values []value
	tokens []token
	forms  []form           // the different words of tokens
	byWord map[string]int32 // a folded word → its form
	byStem map[string]int32 // a stem → the first form that has it
}

// A value is one text of a Doc: its title, one of its labels. first and end
// are its tokens.
type value struct {
	field      field
	raw        string
	folded     string // of a host, url, lang or topic
	first, end int
}

type token struct {
	word
	value int32 // of Prepared.values
	form  int32 // of Prepared.forms
	next  int32 // the next token of that form; 0: none
}

// A form is one folded word, wherever it stands.
type form struct {
	text        string
	stem        string // "" where none is compared
	first, last int32  // tokens
	same        int32  // the next form of that stem; -1: none
}

// Prepare reads d for [Query.Match] and [Set.Match].
func Prepare(d Doc) *Prepared { return new(Reader).Prepare(d) }

// A Reader prepares one item after the other. It remembers the stems of words,
// most of which come again: no two goroutines may share it.
type Reader struct {
	stemmer lang.Stemmer
	stems   [lang.Languages]map[string]string // a word as it is written → its stem, folded
}

// mostStems are remembered of a language, some 1.5 MB, before all is forgotten.
const mostStems = 1 << 14

// Prepare is like the function of that name.
func (r *Reader) Prepare(d Doc) *Prepared {
	size := len(d.Title) + len(d.Summary) + len(d.Text) + 64
	b := builder{p: &Prepared{lang: lang.Numbered(d.Lang), tokens: make([]token, 0, size/5)}, folded: make([]byte, 0, size), ends: make([]int32, 0, size/5)}
	b.add(title, d.Title)
	b.add(summary, d.Summary)
	b.add(text, d.Text)
	b.add(author, d.Author)
	b.add(source, d.Source)
	b.add(label, d.Labels...)
	b.add(tag, d.Tags...)
	b.add(host, d.Host)
	b.add(url, d.URL)
	b.add(language, d.Lang)
	b.add(topic, d.Topics...)
	b.done()
	if b.p.lang != lang.None {
		b.p.stem(r)
	}
	return b.p
}

// In is p as it is in these topics, too.
func (p *Prepared) In(topics ...string) *Prepared {
	q := *p
	q.values = append([]value(nil), p.values...)
	for _, t := range topics {
		q.values = append(q.values, value{field: topic, raw: t, folded: foldValue(topic, t)})
	}
	return &q
}

// headWords is how long the head of a text is: the first paragraph or two, where
// news says what it is about. Two characters of Chinese count as a word.
const headWords = 60

// Head is p without what stands further down in the text: a passing mention in
// the fortieth paragraph is not what a story is about.
func (p *Prepared) Head() *Prepared {
	q := *p
	q.values = append([]value(nil), p.values...)
	for i := range q.values {
		if v := &q.values[i]; v.field == text {
			p.behead(v)
		}
	}
	return &q
}

// behead ends v behind its head.
func (p *Prepared) behead(v *value) {
	halves := 0
	for i := v.first; i < v.end; i++ {
		if halves += 2; p.tokens[i].lone {
			halves--
		}
		if halves >= 2*headWords {
			v.end, v.raw = i+1, v.raw[:p.tokens[i].to]
			return
		}
	}
}

// foldValue is a whole value as it is compared.
func foldValue(f field, s string) string {
	s = strings.Join(strings.Fields(Fold(s)), " ")
	if f == language { // zh_CN is how some feeds write zh-CN
		s = strings.ReplaceAll(s, "_", "-")
	}
	return s
}

type builder struct {
	p      *Prepared
	folded []byte  // the folded words, one after the other
	ends   []int32 // of each token, in folded
}

func (b *builder) add(f field, texts ...string) {
	for _, s := range texts {
		if s == "" {
			continue
		}
		v := value{field: f, raw: s, first: len(b.p.tokens)}
		if f <= tag {
			b.cut(v.raw)
		} else {
			v.folded = foldValue(f, v.raw)
		}
		v.end = len(b.p.tokens)
		b.p.values = append(b.p.values, v)
	}
}

func (b *builder) cut(s string) {
	eachWord(s, func(w word) {
		b.p.tokens = append(b.p.tokens, token{word: w, value: int32(len(b.p.values))})
		b.folded = appendWord(b.folded, s, w)
		b.ends = append(b.ends, int32(len(b.folded)))
	})
}

// done finds the tokens that are the same word.
func (b *builder) done() {
	p := b.p
	folded, from := string(b.folded), int32(0)
	p.forms = make([]form, 0, len(p.tokens)*2/3)
	p.byWord = make(map[string]int32, len(p.tokens)*2/3)
	for i := range int32(len(p.tokens)) {
		text := folded[from:b.ends[i]]
		from = b.ends[i]
		f, known := p.byWord[text]
		if known {
			p.tokens[p.forms[f].last].next = i
		} else {
			f = int32(len(p.forms))
			p.byWord[text] = f
			p.forms = append(p.forms, form{text: text, first: i, same: -1})
		}
		p.tokens[i].form, p.forms[f].last = f, i
	}
}

// stem gives the forms their stems, as their first tokens are written.
func (p *Prepared) stem(r *Reader) {
	p.byStem = make(map[string]int32, len(p.forms))
	for i := range p.forms {
		f := &p.forms[i]
		t := p.tokens[f.first]
		if t.lone {
			continue
		}
		f.stem = r.stem(p.lang, p.values[t.value].raw, t.word, f.text)
		if first, known := p.byStem[f.stem]; known {
			f.same = first
		}
		p.byStem[f.stem] = int32(i)
	}
}

func (r *Reader) stem(l lang.Language, s string, w word, folded string) string {
	surface := s[w.from:w.to]
	if stem, known := r.stems[l][surface]; known {
		return stem
	}
	stem := stemOf(&r.stemmer, l, lowered(s, w, folded))
	if len(r.stems[l]) == mostStems || r.stems[l] == nil {
		r.stems[l] = map[string]string{}
	}
	r.stems[l][strings.Clone(surface)] = strings.Clone(stem)
	return stem
}

// lowered is a word as stems are made of it: in lower case, with its accents.
func lowered(s string, w word, folded string) string {
	surface := s[w.from:w.to]
	switch {
	case isASCII(surface):
		return folded
	case w.accented:
		surface = norm.NFC.String(surface)
	}
	return strings.ToLower(surface)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// stemOf is the stem of a word in lower case, folded.
func stemOf(s *lang.Stemmer, l lang.Language, word string) string {
	stem := s.Stem(l, word)
	if isASCII(stem) {
		return stem
	}
	return string(appendFold(nil, stem))
}

// word is token i, folded.
func (p *Prepared) word(i int) string { return p.forms[p.tokens[i].form].text }

// surface is the item's own text at s.
func (p *Prepared) surface(s span) string {
	from, to := p.tokens[s.from], p.tokens[s.to-1]
	raw := p.values[from.value].raw[from.from:to.to]
	if s.to == s.from+1 {
		return raw
	}
	return strings.Join(strings.Fields(raw), " ")
}
