package publish

import (
	"encoding/json"
	"io"
	"net/url"
	"time"

	"github.com/gorilla/feeds"

	"aggregator/internal/news"
)

// jsonFeed is gorilla's with items always there, as JSON Feed 1.1 wants them;
// see atomFeed on embedding.
type jsonFeed struct {
	*feeds.JSONFeed
	Items []jsonItem    `json:"items"`
	Ours  *jsonFeedOurs `json:"_aggregator,omitempty"`
}

// jsonFeedOurs is what no other field says of a feed: stories that were taken
// out, for those who have them.
type jsonFeedOurs struct {
	Deleted []news.Gone `json:"deleted"`
}

type jsonItem struct {
	*feeds.JSONItem
	// ContentText is written even when empty, where there is no HTML: JSON
	// Feed 1.1 wants one of the two.
	ContentText *string    `json:"content_text,omitempty"`
	Language    string     `json:"language,omitempty"`
	Files       []jsonFile `json:"attachments,omitempty"`
	Ours        jsonOurs   `json:"_aggregator"`
}

// jsonFile is an attachment whose size may exceed gorilla's 32 bits.
type jsonFile struct {
	URL      string  `json:"url"`
	Type     string  `json:"mime_type"`
	Title    string  `json:"title,omitempty"`
	Size     int64   `json:"size_in_bytes,omitempty"`
	Duration float64 `json:"duration_in_seconds,omitempty"`
	// Ours is what no other field says of a file.
	Ours jsonFileOurs `json:"_aggregator,omitzero"`
}

type jsonFileOurs struct {
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
}

type jsonEpisode struct {
	Season     int       `json:"season,omitempty"`
	Number     int       `json:"number,omitempty"`
	Kind       string    `json:"kind,omitempty"`
	Explicit   bool      `json:"explicit,omitempty"`
	Transcript *jsonFile `json:"transcript,omitempty"`
	Chapters   *jsonFile `json:"chapters,omitempty"`
}

// jsonVia is where the source took the story from.
type jsonVia struct {
	Title string `json:"title,omitempty"`
	URL   string `json:"url,omitempty"`
}

// jsonOurs is our extension: what no other field says of a story.
type jsonOurs struct {
	Source  source       `json:"source"`
	Rights  string       `json:"rights,omitempty"`
	Helpers []jsonPerson `json:"contributors,omitempty"`
	Episode jsonEpisode  `json:"episode,omitzero"`
	Via     jsonVia      `json:"via,omitzero"`
	Also    []telling    `json:"also"`
	Related []related    `json:"related,omitempty"`
	Why     []why        `json:"why"`
}

func writeJSON(w io.Writer, f feed) error {
	base := (&feeds.JSON{Feed: gorilla(f)}).JSONFeed()
	base.FeedUrl, base.NextUrl = f.self, f.paging.next
	if f.hub != "" {
		base.Hubs = []*feeds.JSONHub{{Type: "WebSub", Url: f.hub}}
	}
	doc := jsonFeed{JSONFeed: base, Items: []jsonItem{}}
	for i, e := range f.entries {
		doc.Items = append(doc.Items, newJSONItem(base.Items[i], e))
	}
	if len(f.gone) > 0 {
		doc.Ours = &jsonFeedOurs{f.gone}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(doc)
}

func newJSONItem(base *feeds.JSONItem, e entry) jsonItem {
	base.Image, base.Tags = e.image, e.tags
	j := jsonItem{JSONItem: base, Language: e.language}
	j.Ours = jsonOurs{Source: e.source, Rights: e.rights, Also: append([]telling{}, e.also...), Related: e.related, Why: append([]why{}, e.why...),
		Episode: newJSONEpisode(e.episode), Via: jsonVia{e.via.Title, e.via.Link}}
	for _, p := range e.helpers {
		j.Ours.Helpers = append(j.Ours.Helpers, jsonPerson{p.Name, jsonPersonURL(p)})
	}
	if e.html == "" {
		j.ContentText = &e.summary
	}
	for _, p := range e.authors {
		base.Authors = append(base.Authors, &feeds.JSONAuthor{Name: p.Name, Url: jsonPersonURL(p)})
	}
	for _, f := range e.files {
		j.Files = append(j.Files, newJSONFile(f))
	}
	return j
}

// jsonPerson is somebody beside the authors.
type jsonPerson struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// jsonPersonURL: JSON Feed has no other place for an e-mail address, and says so.
func jsonPersonURL(p news.Person) string {
	if p.URL == "" && p.Email != "" {
		return "mailto:" + url.PathEscape(p.Email)
	}
	return p.URL
}

func newJSONFile(f news.Enclosure) jsonFile {
	return jsonFile{f.URL, f.Type, f.Title, f.Length, float64(f.Duration / time.Second), jsonFileOurs{f.Width, f.Height}}
}

func newJSONEpisode(e news.Episode) jsonEpisode {
	j := jsonEpisode{Season: e.Season, Number: e.Number, Kind: e.Kind, Explicit: e.Explicit}
	for _, part := range []struct {
		f  news.Enclosure
		to **jsonFile
	}{{e.Transcript, &j.Transcript}, {e.Chapters, &j.Chapters}} {
		if part.f.URL != "" {
			f := newJSONFile(part.f)
			*part.to = &f
		}
	}
	return j
}
