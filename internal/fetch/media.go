package fetch

import (
	"path"
	"slices"
	"strconv"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"

	"aggregator/internal/canon"
	"aggregator/internal/news"
)

// extFiles reads Media RSS content and enclosures written as Atom links.
func extFiles(x ext.Extensions) (files []file) {
	for _, m := range media(x, "content") {
		if u := m.Attrs["url"]; u != "" {
			files = append(files, file{url: u, kind: mediaType(m), length: m.Attrs["fileSize"], duration: m.Attrs["duration"], title: child(m, "title"), width: m.Attrs["width"], height: m.Attrs["height"]})
		}
	}
	for _, l := range x["atom"]["link"] {
		if l.Attrs["rel"] == "enclosure" {
			files = append(files, file{url: l.Attrs["href"], kind: l.Attrs["type"], length: l.Attrs["length"], title: l.Attrs["title"]})
		}
	}
	return files
}

// addFiles adds what extensions attach. itunes:duration is of the file that is
// the episode: the first sound or film, else the first of all.
func (e *entry) addFiles(x ext.Extensions) {
	e.files = append(e.files, extFiles(x)...)
	length := value(x, "itunes", "duration")
	if length == "" || len(e.files) == 0 {
		return
	}
	i := max(slices.IndexFunc(e.files, func(f file) bool {
		return strings.HasPrefix(f.kind, "audio/") || strings.HasPrefix(f.kind, "video/")
	}), 0)
	e.files[i].duration = length
}

// credits are media:credit, parted into authors and others. Photographers are
// credited most, under many roles and under none.
func credits(x ext.Extensions) (authors, others []news.Person) {
	for _, c := range media(x, "credit") {
		ps := persons(c.Value)
		if strings.EqualFold(c.Attrs["role"], "author") {
			authors = append(authors, ps...)
		} else {
			others = append(others, ps...)
		}
	}
	return authors, others
}

func episodeOf(x ext.Extensions) episode {
	return episode{
		season:     value(x, "itunes", "season"),
		number:     value(x, "itunes", "episode"),
		kind:       value(x, "itunes", "episodeType"),
		explicit:   value(x, "itunes", "explicit"),
		transcript: linked(x["podcast"]["transcript"]),
		chapters:   linked(x["podcast"]["chapters"]),
	}
}

func linked(es []ext.Extension) (f file) {
	if len(es) > 0 {
		f.url, f.kind = es[0].Attrs["url"], es[0].Attrs["type"]
	}
	return f
}

// clean brings an episode into one form; what makes no sense is left out.
func (e episode) clean(base string) news.Episode {
	ep := news.Episode{Season: count(e.season), Number: count(e.number)}
	switch kind := strings.ToLower(strings.TrimSpace(e.kind)); kind {
	case "full", "trailer", "bonus":
		ep.Kind = kind
	}
	switch strings.ToLower(strings.TrimSpace(e.explicit)) {
	case "yes", "true", "explicit":
		ep.Explicit = true
	}
	for raw, to := range map[file]*news.Enclosure{e.transcript: &ep.Transcript, e.chapters: &ep.Chapters} {
		if u := canon.Resolve(base, raw.url); raw.url != "" && u != "" {
			*to = news.Enclosure{URL: u, Type: canon.Line(raw.kind)}
		}
	}
	return ep
}

// count is a number of which none is 0.
func count(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 || n > 1e6 {
		return 0
	}
	return n
}

// typeOf is what a file of that name is, where nobody says: podcast programs
// pass over what they are not told to be a sound.
func typeOf(address string) string {
	address, _, _ = strings.Cut(address, "?")
	switch strings.ToLower(path.Ext(address)) {
	case ".mp3":
		return "audio/mpeg"
	case ".m4a", ".m4b":
		return "audio/mp4"
	case ".ogg", ".oga", ".opus":
		return "audio/ogg"
	case ".flac":
		return "audio/flac"
	case ".mp4", ".m4v":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".pdf":
		return "application/pdf"
	case ".epub":
		return "application/epub+zip"
	}
	return ""
}

func mediaType(m ext.Extension) string {
	if t := m.Attrs["type"]; t != "" || m.Attrs["medium"] == "" || m.Attrs["medium"] == "document" {
		return t
	}
	return m.Attrs["medium"] + "/*"
}

// itemImage: the picture that the source chose, best first.
func itemImage(x ext.Extensions) string {
	for _, e := range x["itunes"]["image"] {
		if u := first(e.Attrs["href"], e.Value); u != "" {
			return u
		}
	}
	for _, e := range media(x, "thumbnail") {
		if u := first(e.Attrs["url"], e.Value); u != "" {
			return u
		}
	}
	for _, e := range media(x, "content") {
		if e.Attrs["medium"] == "image" || strings.HasPrefix(e.Attrs["type"], "image/") {
			return e.Attrs["url"]
		}
	}
	return ""
}

// media finds Media RSS elements of a name: in the item, in its groups, in
// their contents.
func media(x ext.Extensions, name string) []ext.Extension {
	m := x["media"]
	if len(m) == 0 {
		return nil
	}
	found := slices.Clone(m[name])
	for _, group := range m["group"] {
		found = append(found, group.Children[name]...)
		for _, c := range group.Children["content"] {
			found = append(found, c.Children[name]...)
		}
	}
	for _, c := range m["content"] {
		found = append(found, c.Children[name]...)
	}
	return found
}

func mediaText(x ext.Extensions, name string) string {
	for _, e := range media(x, name) {
		if e.Value != "" {
			return e.Value
		}
	}
	return ""
}
