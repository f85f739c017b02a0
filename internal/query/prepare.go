package query

import (
	"strings"
)

// A Doc is what queries look at: the parts of one item, as plain text.
type Doc struct {
	Title, Summary, Text string
	Author               string
	Source               string   // what people call it
	Host                 string   // of the item's address, without port
	URL                  string   // the item's address
	Lang                 string   // BCP 47
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
	lang
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
	values []value
	tokens []token
	folded string           // the folded words, one after the other
	first  map[string]int32 // a word → the first of tokens that is it
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
	value      int32 // of Prepared.values
	start, end int32 // of the folded word, in Prepared.folded
	next       int32 // the next token that is the same word; 0: none
	last       int32 // the last one that is, where this is the first
}

// Prepare reads d for [Query.Match] and [Set.Match].
func Prepare(d Doc) *Prepared {
	size := len(d.Title) + len(d.Summary) + len(d.Text) + 64
	b := builder{p: &Prepared{tokens: make([]token, 0, size/5)}, folded: make([]byte, 0, size)}
	b.add(title, d.Title)
	b.add(summary, d.Summary)
	b.add(text, d.Text)
	b.add(author, d.Author)
	b.add(source, d.Source)
	b.add(label, d.Labels...)
	b.add(tag, d.Tags...)
	b.add(host, d.Host)
	b.add(url, d.URL)
	b.add(lang, d.Lang)
	b.add(topic, d.Topics...)
	return b.done()
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

// foldValue is a whole value as it is compared.
func foldValue(f field, s string) string {
	s = strings.Join(strings.Fields(Fold(s)), " ")
	if f == lang { // zh_CN is how some feeds write zh-CN
		s = strings.ReplaceAll(s, "_", "-")
	}
	return s
}

type builder struct {
	p      *Prepared
	folded []byte
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
		t := token{word: w, value: int32(len(b.p.values)), start: int32(len(b.folded))}
		b.folded = appendWord(b.folded, s, w)
		t.end = int32(len(b.folded))
		b.p.tokens = append(b.p.tokens, t)
	})
}

// done chains the tokens that are the same word.
func (b *builder) done() *Prepared {
	p := b.p
	p.folded = string(b.folded)
	p.first = make(map[string]int32, len(p.tokens)/2)
	for i := range int32(len(p.tokens)) {
		w := p.word(int(i))
		first, known := p.first[w]
		if known {
			p.tokens[p.tokens[first].last].next = i
		} else {
			p.first[w], first = i, i
		}
		p.tokens[first].last = i
	}
	return p
}

// word is token i, folded.
func (p *Prepared) word(i int) string { return p.folded[p.tokens[i].start:p.tokens[i].end] }

// surface is the item's own text from token i up to token end.
func (p *Prepared) surface(s span) string {
	from, to := p.tokens[s.from], p.tokens[s.to-1]
	return strings.Join(strings.Fields(p.values[from.value].raw[from.from:to.to]), " ")
}
