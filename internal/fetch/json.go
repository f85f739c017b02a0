package fetch

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed/json"

	"aggregator/internal/news"
)

// parseJSON reads JSON Feed 1.0 and 1.1, mended where it is broken.
func parseJSON(body []byte) (document, error) {
	body, lost, err := fewJSON(body)
	if err != nil {
		return document{}, err
	}
	feed, err := (&json.Parser{}).Parse(bytes.NewReader(body))
	if err != nil {
		mended, cut := mendJSON(body)
		body, lost = mended, first(cut, lost)
		if body, err = coerce(body); err == nil {
			feed, err = (&json.Parser{}).Parse(bytes.NewReader(body))
		}
	}
	if err != nil {
		return document{}, fmt.Errorf("the JSON is broken and could not be repaired: %w", err)
	}
	if feed.Items == nil && !strings.Contains(feed.Version, "jsonfeed.org") {
		return document{}, fmt.Errorf("%w: this JSON has neither items nor a JSON Feed version", errNotFeed)
	}
	doc := fromJSON(feed)
	doc.hub, doc.partial = jsonHub(body), lost
	return doc, nil
}

func fromJSON(f *json.Feed) document {
	doc := document{
		title:    f.Title,
		link:     f.HomePageURL,
		language: f.Language,
		self:     f.FeedURL,
		image:    first(f.Icon, f.Favicon),
		authors:  jsonPersons(f.Authors, f.Author),
	}
	for _, it := range f.Items {
		if it != nil {
			doc.entries = append(doc.entries, fromJSONItem(it))
		}
	}
	return doc
}

func fromJSONItem(it *json.Item) entry {
	e := entry{
		guid:      strings.TrimSpace(it.ID),
		permalink: true,
		link:      first(it.URL, it.ExternalURL),
		title:     it.Title,
		summary:   html.EscapeString(it.Summary), // it is plain text, as is the title
		content:   it.ContentHTML,
		published: []string{it.DatePublished},
		updated:   []string{it.DateModified},
		language:  it.Language,
		labels:    it.Tags,
		image:     first(it.Image, it.BannerImage),
		authors:   jsonPersons(it.Authors, it.Author),
	}
	if e.content == "" && it.ContentText != "" {
		e.content, e.plain = it.ContentText, true
	}
	if it.URL != "" && it.ExternalURL != "" {
		e.via = news.Feed{Link: it.ExternalURL}
	}
	if it.Attachments != nil {
		for _, a := range *it.Attachments {
			e.files = append(e.files, file{url: a.URL, kind: a.MimeType, title: a.Title, length: strconv.FormatInt(a.SizeInBytes, 10), duration: strconv.FormatInt(a.DurationInSeconds, 10)})
		}
	}
	e.settleContent("")
	return e
}

func jsonPersons(authors []*json.Author, author *json.Author) (ps []news.Person) {
	if len(authors) == 0 && author != nil { // 1.0
		authors = []*json.Author{author}
	}
	for _, a := range authors {
		if a != nil && (a.Name != "" || a.URL != "") {
			ps = append(ps, news.Person{Name: strings.TrimSpace(a.Name), URL: a.URL})
		}
	}
	return ps
}

// jsonHub reads what the parser leaves out.
func jsonHub(body []byte) string {
	if !bytes.Contains(body, []byte(`"hubs"`)) {
		return ""
	}
	var f struct {
		Hubs []struct{ Type, URL string } `json:"hubs"`
	}
	if stdjson.Unmarshal(body, &f) != nil {
		return ""
	}
	for _, h := range f.Hubs {
		if strings.EqualFold(h.Type, "websub") {
			return h.URL
		}
	}
	return ""
}

// mendJSON escapes raw line ends in strings, drops commas before a closing
// bracket, and cuts a document that ends early after its last whole item.
func mendJSON(b []byte) (mended []byte, lost string) {
	out := make([]byte, 0, len(b)+2)
	var open []byte
	safe := 0
	quoted := false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case quoted && c == '\\' && i+1 < len(b):
			out = append(out, c)
			i++
			c = b[i]
		case c == '"':
			quoted = !quoted
		case quoted && c < ' ':
			c = ' '
		case quoted:
		case c == '/' && comment(b[i:]) > 0:
			i += comment(b[i:]) - 1
			continue
		case c == '{' || c == '[':
			open = append(open, c)
		case c == '}' || c == ']':
			if t := bytes.TrimRight(out, " \t\r\n"); len(t) > 0 && t[len(t)-1] == ',' {
				out = t[:len(t)-1]
			}
			if open = open[:max(len(open)-1, 0)]; len(open) == 2 && c == '}' {
				safe = len(out) + 1
			}
			if len(open) == 0 {
				return append(out, c), "" // rubbish after the end is not the feed's
			}
		}
		out = append(out, c)
	}
	if safe == 0 {
		return out, ""
	}
	return append(out[:safe], "]}"...), "the document ends early: what came after its last whole item is missing"
}

// comment is the length of the comment that b begins with, as people write them
// into JSON by hand; 0 where it begins with none.
func comment(b []byte) int {
	end := ""
	switch {
	case bytes.HasPrefix(b, []byte("//")):
		end = "\n"
	case bytes.HasPrefix(b, []byte("/*")):
		end = "*/"
	default:
		return 0
	}
	if n := bytes.Index(b[2:], []byte(end)); n >= 0 {
		return 2 + n + len(end)
	}
	return len(b)
}

// coerce gives the fields of a JSON Feed the types that the format wants, where
// a site's are others: a title that is a number, tags or authors alone.
func coerce(body []byte) ([]byte, error) {
	var top any
	d := stdjson.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&top); err != nil {
		return nil, err
	}
	if items, ok := top.([]any); ok {
		top = map[string]any{"items": items}
	}
	feed, ok := top.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: the JSON is no object", errNotFeed)
	}
	coerceObject(feed)
	return stdjson.Marshal(feed)
}

func coerceObject(o map[string]any) {
	for key, v := range o {
		switch key {
		case "items", "attachments", "authors", "hubs":
			o[key] = objects(v)
		case "author":
			o[key] = object(v)
		case "tags":
			o[key] = texts(v)
		case "title", "summary", "content_html", "content_text", "url", "external_url", "image", "banner_image", "date_published",
			"date_modified", "language", "name", "avatar", "mime_type", "version", "home_page_url", "feed_url", "description", "icon",
			"favicon", "next_url", "user_comment", "type":
			o[key] = text(v)
		case "size_in_bytes", "duration_in_seconds":
			o[key] = whole(v)
		}
	}
}

func objects(v any) []any {
	list, ok := v.([]any)
	if !ok && v != nil {
		list = []any{v}
	}
	var out []any
	for _, e := range list {
		if o := object(e); o != nil {
			out = append(out, o)
		}
	}
	return out
}

// object: an author that is only a string is one with that name.
func object(v any) any {
	switch v := v.(type) {
	case map[string]any:
		coerceObject(v)
		return v
	case string:
		return map[string]any{"name": v}
	}
	return nil
}

func texts(v any) []string {
	if s, ok := v.(string); ok {
		return strings.Split(s, ",")
	}
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		out = append(out, text(e))
	}
	return out
}

// whole is a number without its fraction, which the parser does not take.
func whole(v any) int64 {
	n, err := strconv.ParseFloat(text(v), 64)
	if err != nil || !(n >= 0 && n < 1e18) {
		return 0
	}
	return int64(n)
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case stdjson.Number:
		return v.String()
	case map[string]any:
		return first(text(v["value"]), text(v["name"]), text(v["url"]))
	}
	return ""
}

// seconds reads a duration: seconds, MM:SS or HH:MM:SS (iTunes), fractions, and
// PT1H2M3S or 1h 2m 3s, as some write it.
func seconds(s string) time.Duration {
	s = strings.ToLower(strings.Join(strings.Fields(s), ""))
	if d, err := time.ParseDuration(strings.TrimPrefix(s, "pt")); err == nil {
		return min(max(d, 0), 1e7*time.Second)
	}
	total := 0.0
	for part := range strings.SplitSeq(s, ":") {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil || !(n >= 0 && n <= 1e7) { // NaN is neither
			return 0
		}
		total = total*60 + n
	}
	return time.Duration(min(total, 1e7) * float64(time.Second))
}
