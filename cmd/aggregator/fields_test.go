package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"
)

var update = flag.Bool("update", false, "write the golden files anew")

// inputs are the formats that sources are read in, each with a document that says
// all that the format can say of an item.
var inputs = []string{"rss20.xml", "rss10.rdf", "rss092.xml", "atom10.xml", "atom03.xml", "json10.json", "json11.json"}

// told is a published story as other programs read it from a feed of ours.
// want.json has one for each input.
type told struct {
	ID, URL, Title, Summary, HTML   string
	Teaser                          string `json:",omitempty"` // what RSS has for a summary where there is none
	SourceName, SourceID, SourceURL string
	SourceLink, SourceImage         string
	Authors, Contributors           []string // name|address|URL
	Published, Updated              string
	Tags, Also, Files               []string
	Image, Language, Rights, Via    string
	Episode, Transcript, Chapters   string
	Play                            string // what stands in RSS's one enclosure
}

// rows are those of the table of a published story in the README, and those of
// what a feed says beside it, with the fields of told that show them.
var rows = map[string][]string{
	"id":                              {"ID"},
	"address of the leading telling":  {"URL"},
	"title":                           {"Title"},
	"summary":                         {"Summary"},
	"content":                         {"HTML"},
	"source of the leading telling":   {"SourceName", "SourceID", "SourceURL", "SourceLink", "SourceImage"},
	"authors":                         {"Authors"},
	"contributors":                    {"Contributors"},
	"published":                       {"Published"},
	"updated":                         {"Updated"},
	"topics, and the source's labels": {"Tags"},
	"other tellings":                  {"Also"},
	"files":                           {"Files", "Play"},
	"image":                           {"Image"},
	"language":                        {"Language"},
	"rights":                          {"Rights"},
	"where the source took it from":   {"Via"},
	"podcast":                         {"Episode", "Transcript", "Chapters"},
}

// cannotSay are the fields that a format has no words for; all others are set in
// its document.
var cannotSay = map[string]string{
	"rss092.xml":  "Summary Contributors Image Episode Transcript Chapters",
	"atom03.xml":  "SourceImage",
	"json10.json": "Contributors Language Rights Episode Transcript Chapters",
	"json11.json": "Contributors Rights Episode Transcript Chapters",
}

// as is what of a story a format of ours has words for.
func (s told) as(out string) told {
	people := func(ps []string) (all []string) {
		for _, p := range ps {
			part := strings.Split(p+"||", "|")
			switch {
			case out == "rss": // dc:creator
				part = part[:1]
			case out == "json" && part[1] != "" && part[2] == "":
				part[1] = "mailto:" + part[1]
			case out == "json":
				part[1] = ""
			}
			all = append(all, words(part[:min(len(part), 3)]...))
		}
		return all
	}
	s.Authors, s.Contributors = people(s.Authors), people(s.Contributors)
	switch out {
	case "atom":
		s.SourceURL, s.Play = "", ""
	case "json":
		s.Play = ""
	case "rss": // the others are in its text
		s.SourceID, s.SourceLink, s.SourceImage, s.Also = "", "", "", nil
		s.Summary = cmp.Or(s.Summary, s.Teaser)
	}
	s.Teaser = ""
	return s
}

// TestFields polls a document of each format, and reads all that it says from
// each of our feeds.
func TestFields(t *testing.T) {
	o := newOutlets(t)
	for _, in := range append(inputs, "copy.xml") {
		body, err := os.ReadFile(filepath.Join("testdata/fields", in))
		if err != nil {
			t.Fatal(err)
		}
		o.put("/"+in, map[string]string{".xml": "application/xml", ".rdf": "application/rdf+xml", ".json": "application/feed+json"}[filepath.Ext(in)], string(body))
	}
	var wants map[string]told
	raw, err := os.ReadFile("testdata/fields/want.json")
	if err == nil {
		err = json.Unmarshal(raw, &wants)
	}
	if err != nil || len(wants) != len(inputs) {
		t.Fatalf("%d stories are wanted: %v", len(wants), err)
	}
	for _, in := range inputs {
		t.Run(in, func(t *testing.T) { fields(t, o, in, wants[in]) })
	}
}

func fields(t *testing.T, o *outlets, in string, want told) {
	// Through a proxy, so that the source has the same address, and its stories
	// have the same ids, each time.
	d := newDesk(t, "listen: \"\"\nurl: https://feeds.example.org\nretain: 36500d\n"+strings.TrimSpace(polite)+"\n  proxy: "+o.URL+
		"\npublish: { dir: out, max_age: 36500d }\nsources:\n  - { url: http://fields.example/"+in+", name: Fields, tier: 1 }\n  - { url: http://copy.example/copy.xml, name: Copy }\ntopics: [{ name: All, match: \"*\" }]\n")
	d.must("poll", "Fields")
	d.must("poll", "Copy")
	for field, v := range all(want) {
		silent := slices.Contains(strings.Fields(cannotSay[in]), field)
		if field != "Teaser" && (fmt.Sprint(v) == "" || fmt.Sprint(v) == "[]") != silent {
			t.Errorf("want.json has %s %v", field, v)
		}
	}
	for _, out := range []string{"atom", "rss", "json"} {
		doc := d.read("out/topics/all." + out)
		goldenFile(t, filepath.Join("testdata/fields/golden", strings.TrimSuffix(in, filepath.Ext(in))+"."+out), doc)
		got, want := all(readers[out](t, []byte(doc))), all(want.as(out))
		for row, fields := range rows {
			for _, f := range fields {
				if !reflect.DeepEqual(fmt.Sprint(got[f]), fmt.Sprint(want[f])) {
					t.Errorf("%s to %s: %s: %s is\n%q, want\n%q", in, out, row, f, got[f], want[f])
				}
			}
		}
	}
}

// TestFieldsAreValid has xmllint and jing look at the golden files, too.
func TestFieldsAreValid(t *testing.T) {
	for _, form := range []string{"atom", "rss"} {
		files, err := filepath.Glob("testdata/fields/golden/*." + form)
		if err != nil || len(files) != len(inputs) {
			t.Fatalf("%d golden files, %v", len(files), err)
		}
		for _, args := range [][]string{{"xmllint", "--noout", "--nonet"}, {"jing", "-c", "../../internal/publish/testdata/" + form + ".rnc"}} {
			if out, err := exec.Command(args[0], append(args[1:], files...)...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", args[0], err, out)
			}
		}
	}
}

// all are the fields by name.
func all(s told) map[string]any {
	fields := map[string]any{}
	for v, i := reflect.ValueOf(s), 0; i < v.NumField(); i++ {
		fields[v.Type().Field(i).Name] = v.Field(i).Interface()
	}
	return fields
}

// TestEveryRow: the README's table and rows are the same, and no field of told is
// left out of it.
func TestEveryRow(t *testing.T) {
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(raw), "### A published story\n")
	table, _, _ = strings.Cut(table, "\n#")
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([^|]+) \|.*\|.*\|.*\|$`).FindAllStringSubmatch(table, -1) {
		found[m[1]] = true
	}
	shown := map[string]bool{"Teaser": true}
	for row, fields := range rows {
		if !found[row] {
			t.Errorf("the README's table has no row %q: %v", row, found)
		}
		delete(found, row)
		for _, f := range fields {
			shown[f] = true
		}
	}
	delete(found, "in the story")
	if len(found) > 0 {
		t.Errorf("no test shows the README's rows %v", found)
	}
	for f := range all(told{}) {
		if !shown[f] {
			t.Errorf("no row shows %s", f)
		}
	}
}

func goldenFile(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not as it was (run with -update if it should not be):\n%s", path, got)
	}
}

var readers = map[string]func(*testing.T, []byte) told{"atom": toldByAtom, "rss": toldByRSS, "json": toldByJSON}

func toldByAtom(t *testing.T, doc []byte) told {
	f, err := (&atom.Parser{}).Parse(bytes.NewReader(doc))
	if err != nil || len(f.Entries) == 0 {
		t.Fatal(err)
	}
	e := f.Entries[0]
	s := told{
		ID: e.ID, Title: e.Title, Summary: e.Summary, HTML: e.Content.Value, Published: e.Published, Updated: e.Updated, Rights: e.Rights,
		SourceName: e.Source.Title, SourceID: e.Source.ID, SourceImage: e.Source.Logo,
	}
	for _, l := range e.Source.Links {
		s.SourceLink = l.Href
	}
	media := map[string]ext.Extension{}
	for _, m := range e.Extensions["media"]["content"] {
		media[m.Attrs["url"]] = m
	}
	for _, l := range e.Links {
		switch l.Rel {
		case "alternate":
			s.URL = l.Href
		case "related":
			s.Also = append(s.Also, l.Title+" "+l.Href)
		case "via":
			s.Via = strings.TrimSpace(l.Title + " " + l.Href)
		case "enclosure":
			m := media[l.Href].Attrs
			s.Files = append(s.Files, fileWords(l.Href, l.Type, l.Length, l.Title, m["duration"], m["width"], m["height"]))
		}
	}
	for _, p := range e.Authors {
		s.Authors = append(s.Authors, words(p.Name, p.Email, p.URI))
	}
	for _, p := range e.Contributors {
		s.Contributors = append(s.Contributors, words(p.Name, p.Email, p.URI))
	}
	for _, c := range e.Categories {
		s.Tags = append(s.Tags, c.Term)
	}
	if lang := regexp.MustCompile(`<entry xml:lang="([^"]*)"`).FindSubmatch(doc); lang != nil {
		s.Language = string(lang[1])
	}
	s.readExtensions(e.Extensions)
	return s
}

func toldByRSS(t *testing.T, doc []byte) told {
	f, err := (&rss.Parser{}).Parse(bytes.NewReader(doc))
	if err != nil || len(f.Items) == 0 {
		t.Fatal(err)
	}
	it := f.Items[0]
	s := told{
		ID: it.GUID.Value, URL: it.Link, Title: it.Title, Summary: html.UnescapeString(it.Description), HTML: it.Content, SourceName: it.Source.Title, SourceURL: it.Source.URL,
		Published: it.PubDateParsed.UTC().Format(time.RFC3339), Updated: it.PubDateParsed.UTC().Format(time.RFC3339),
	}
	x := it.Extensions
	for _, c := range it.Categories {
		s.Tags = append(s.Tags, c.Value)
	}
	for _, u := range x["atom"]["updated"] {
		s.Updated = u.Value
	}
	for _, l := range x["atom"]["link"] {
		s.Via = strings.TrimSpace(l.Attrs["title"] + " " + l.Attrs["href"])
	}
	for _, e := range x["dc"]["creator"] {
		s.Authors = append(s.Authors, e.Value)
	}
	for _, e := range x["dc"]["contributor"] {
		s.Contributors = append(s.Contributors, e.Value)
	}
	for _, e := range x["dc"]["language"] {
		s.Language = e.Value
	}
	for _, e := range x["dc"]["rights"] {
		s.Rights = e.Value
	}
	for _, m := range x["media"]["content"] {
		title := ""
		for _, c := range m.Children["title"] {
			title = c.Value
		}
		s.Files = append(s.Files, fileWords(m.Attrs["url"], m.Attrs["type"], m.Attrs["fileSize"], title, m.Attrs["duration"], m.Attrs["width"], m.Attrs["height"]))
	}
	if e := it.Enclosure; e != nil {
		s.Play = e.URL + " " + e.Type + " " + e.Length
	}
	s.readExtensions(x)
	return s
}

func (s *told) readExtensions(x ext.Extensions) {
	for _, m := range x["media"]["thumbnail"] {
		s.Image = m.Attrs["url"]
	}
	one := func(name string) string {
		for _, e := range x["itunes"][name] {
			return e.Value
		}
		return ""
	}
	s.Episode = episodeWords(one("season"), one("episode"), one("episodeType"), one("explicit"))
	for _, e := range x["podcast"]["transcript"] {
		s.Transcript = e.Attrs["url"] + " " + e.Attrs["type"]
	}
	for _, e := range x["podcast"]["chapters"] {
		s.Chapters = e.Attrs["url"] + " " + e.Attrs["type"]
	}
}

// jsonTold is our JSON Feed with all that it holds of a story.
type jsonTold struct {
	Items []struct {
		ID, URL, Title, Summary, Image, Language string
		HTML                                     string `json:"content_html"`
		Published                                string `json:"date_published"`
		Updated                                  string `json:"date_modified"`
		Authors                                  []jsonNamed
		Tags                                     []string
		Attachments                              []jsonAttached
		Ours                                     struct {
			Source       struct{ Name, ID, URL, Link, Image string }
			Rights       string
			Contributors []jsonNamed
			Via          struct{ Title, URL string }
			Also         []struct{ Source, Title, URL string }
			Episode      struct {
				Season, Number       int
				Kind                 string
				Explicit             bool
				Transcript, Chapters jsonAttached
			}
		} `json:"_aggregator"`
	}
}

type jsonNamed struct{ Name, URL string }

type jsonAttached struct {
	URL      string
	Type     string `json:"mime_type"`
	Title    string
	Size     json.Number                         `json:"size_in_bytes"`
	Duration json.Number                         `json:"duration_in_seconds"`
	Ours     struct{ Width, Height json.Number } `json:"_aggregator"`
}

func toldByJSON(t *testing.T, doc []byte) told {
	var f jsonTold
	if err := json.Unmarshal(doc, &f); err != nil || len(f.Items) == 0 {
		t.Fatal(err)
	}
	it := f.Items[0]
	o := it.Ours
	s := told{
		ID: it.ID, URL: it.URL, Title: it.Title, Summary: it.Summary, HTML: it.HTML, Published: it.Published, Updated: it.Updated, Tags: it.Tags, Image: it.Image,
		Language: it.Language, Rights: o.Rights, Via: strings.TrimSpace(o.Via.Title + " " + o.Via.URL),
		SourceName: o.Source.Name, SourceID: o.Source.ID, SourceURL: o.Source.URL, SourceLink: o.Source.Link, SourceImage: o.Source.Image,
	}
	for _, p := range it.Authors {
		s.Authors = append(s.Authors, words(p.Name, "", p.URL))
	}
	for _, p := range o.Contributors {
		s.Contributors = append(s.Contributors, words(p.Name, "", p.URL))
	}
	for _, a := range o.Also {
		s.Also = append(s.Also, a.Source+": "+a.Title+" "+a.URL)
	}
	for _, a := range it.Attachments {
		s.Files = append(s.Files, fileWords(a.URL, a.Type, a.Size.String(), a.Title, a.Duration.String(), a.Ours.Width.String(), a.Ours.Height.String()))
	}
	number := func(n int) string { return strings.TrimPrefix(fmt.Sprint(n), "0") }
	s.Episode = episodeWords(number(o.Episode.Season), number(o.Episode.Number), o.Episode.Kind, strings.TrimPrefix(fmt.Sprint(o.Episode.Explicit), "false"))
	s.Transcript = strings.TrimSpace(o.Episode.Transcript.URL + " " + o.Episode.Transcript.Type)
	s.Chapters = strings.TrimSpace(o.Episode.Chapters.URL + " " + o.Episode.Chapters.Type)
	return s
}

func words(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

func fileWords(url, kind, length, title, seconds, width, height string) string {
	if length != "" {
		length += "B"
	}
	if seconds != "" {
		seconds += "s"
	}
	size := ""
	if width != "" {
		size = width + "x" + height
	}
	return words(url, kind, length, seconds, size, title)
}

func episodeWords(season, number, kind, explicit string) string {
	if season != "" {
		season = "season " + season
	}
	if explicit != "" {
		explicit = "explicit"
	}
	return words(season, number, kind, explicit)
}
