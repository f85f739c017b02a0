package publish

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/news"
)

// unknownType is for files of which nobody said what they are: RSS and JSON
// Feed want a type.
const unknownType = "application/octet-stream"

func files(fs []news.Enclosure) (out []news.Enclosure) {
	for _, f := range fs {
		f.URL, f.Title = address(f.URL), line(f.Title)
		f.Type = mediaType(f.Type)
		f.Length, f.Duration, f.Width, f.Height = max(f.Length, 0), max(f.Duration, 0), max(f.Width, 0), max(f.Height, 0)
		if f.URL != "" {
			out = append(out, f)
		}
	}
	return out
}

// mediaType is s without parameters if it has the form of RFC 6838 4.2, below one
// of the types that are registered.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	s = strings.ToLower(strings.TrimSpace(s))
	kind, sub, _ := strings.Cut(s, "/")
	switch kind {
	case "application", "audio", "font", "haptics", "image", "message", "model", "multipart", "text", "video":
	default:
		return unknownType
	}
	if !isName(sub) {
		return unknownType
	}
	return s
}

func isName(s string) bool {
	if s == "" || len(s) > 127 || !isAlphanumeric(rune(s[0])) {
		return false
	}
	for _, r := range s {
		if !isAlphanumeric(r) && !strings.ContainsRune("!#$&-^_.+", r) {
			return false
		}
	}
	return true
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// episode is what podcasts say of an item, fit to be published.
func episode(e news.Episode) news.Episode {
	for _, f := range [...]*news.Enclosure{&e.Transcript, &e.Chapters} {
		if all := files([]news.Enclosure{*f}); len(all) == 1 {
			*f = all[0]
		} else {
			*f = news.Enclosure{}
		}
	}
	switch e.Kind {
	case "full", "trailer", "bonus":
	default:
		e.Kind = ""
	}
	e.Season, e.Number = max(e.Season, 0), max(e.Number, 0)
	return e
}

// via is where the source says it took the story from, "" for what leads
// nowhere.
func via(f news.Feed) news.Feed {
	return news.Feed{ID: uri(line(f.ID)), Title: line(f.Title), Link: orElse(address(f.Link), address(f.ID))}
}

// main is the file that stands for all where there is room for one: the first
// that can be heard or seen, else the first.
func (e entry) main() (news.Enclosure, bool) {
	if len(e.files) == 0 {
		return news.Enclosure{}, false
	}
	return e.files[max(slices.IndexFunc(e.files, plays), 0)], true
}

func plays(f news.Enclosure) bool {
	return strings.HasPrefix(f.Type, "audio/") || strings.HasPrefix(f.Type, "video/")
}

// podcast is what iTunes and Podcasting 2.0 have elements for, in RSS and in
// Atom alike.
type podcast struct {
	Duration   string   `xml:"itunes:duration,omitempty"`
	Season     string   `xml:"itunes:season,omitempty"`
	Number     string   `xml:"itunes:episode,omitempty"`
	Kind       string   `xml:"itunes:episodeType,omitempty"`
	Explicit   string   `xml:"itunes:explicit,omitempty"`
	Image      *href    `xml:"itunes:image"`
	Transcript *podFile `xml:"podcast:transcript"`
	Chapters   *podFile `xml:"podcast:chapters"`
}

type href struct {
	Href string `xml:"href,attr"`
}

type podFile struct {
	URL  string `xml:"url,attr"`
	Type string `xml:"type,attr"`
}

// isEpisode says that there is something to say with podcast's elements.
func (e entry) isEpisode() bool {
	f, _ := e.main()
	return e.episode != news.Episode{} || plays(f) && f.Duration >= time.Second
}

func newPodcast(e entry) (p podcast) {
	if !e.isEpisode() {
		return p
	}
	f, _ := e.main()
	p = podcast{Duration: duration(f.Duration), Season: length(int64(e.episode.Season)), Number: length(int64(e.episode.Number)), Kind: e.episode.Kind}
	if e.episode.Explicit {
		p.Explicit = "true"
	}
	if e.image != "" {
		p.Image = &href{e.image}
	}
	p.Transcript, p.Chapters = newPodFile(e.episode.Transcript), newPodFile(e.episode.Chapters)
	return p
}

func newPodFile(f news.Enclosure) *podFile {
	if f.URL == "" {
		return nil
	}
	return &podFile{f.URL, f.Type}
}

// duration is a whole number of seconds, "" where it is not known.
func duration(d time.Duration) string { return length(int64(d / time.Second)) }

// media is a file in the words of Media RSS.
type media struct {
	URL      string `xml:"url,attr"`
	Type     string `xml:"type,attr"`
	Medium   string `xml:"medium,attr,omitempty"`
	Size     string `xml:"fileSize,attr,omitempty"`
	Duration string `xml:"duration,attr,omitempty"` // seconds
	Width    string `xml:"width,attr,omitempty"`
	Height   string `xml:"height,attr,omitempty"`
	Title    string `xml:"media:title,omitempty"`
}

type mediaImage struct {
	URL string `xml:"url,attr"`
}

func newMedia(f news.Enclosure) media {
	kind, _, _ := strings.Cut(f.Type, "/")
	switch kind {
	case "image", "audio", "video":
	default:
		kind = ""
	}
	return media{
		URL: f.URL, Type: f.Type, Medium: kind, Size: length(f.Length), Duration: duration(f.Duration),
		Width: length(int64(f.Width)), Height: length(int64(f.Height)), Title: inert(f.Title),
	}
}

// length is a number of bytes or the like, "" where it is not known.
func length(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// spaces are the namespaces that not every document needs.
type spaces struct {
	Media   string `xml:"xmlns:media,attr,omitempty"`
	ITunes  string `xml:"xmlns:itunes,attr,omitempty"`
	Podcast string `xml:"xmlns:podcast,attr,omitempty"`
	History string `xml:"xmlns:fh,attr,omitempty"`
	Tombs   string `xml:"xmlns:at,attr,omitempty"`
}

func spacesOf(f feed) (s spaces) {
	for _, e := range f.entries {
		if e.image != "" || len(e.files) > 0 {
			s.Media = nsMedia
		}
		if e.isEpisode() {
			s.ITunes = nsITunes
		}
		if e.episode.Transcript.URL+e.episode.Chapters.URL != "" {
			s.Podcast = nsPodcast
		}
	}
	if f.paging.closed {
		s.History = nsHistory
	}
	return s
}
