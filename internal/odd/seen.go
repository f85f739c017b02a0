package odd

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A Line is what `sources --json` says of a source.
type Line struct {
	Name     string    `json:"name"`
	Last     time.Time `json:"last"`
	Next     time.Time `json:"next"`
	Why      string    `json:"why"`
	Status   int       `json:"status"`
	Error    string    `json:"error"`
	Partial  string    `json:"partial"`
	Failures int       `json:"failures"`
	Items    int       `json:"items"`
	Moved    string    `json:"moved"`
	Hub      string    `json:"hub"`
}

// A Telling is what `stories --json` says of an item in a story.
type Telling struct {
	Source    string    `json:"source"`
	GUID      string    `json:"guid"`
	URL       string    `json:"url"`
	Title     string    `json:"title"`
	Published time.Time `json:"published"`
	Also      []Telling `json:"also"`
}

// Came is what came out of the program that asked, of all behaviours.
type Came struct {
	Rounds  map[int][]Line // by round
	Stories []Telling
	// Feed is what was published for a behaviour: .atom, .rss, .json.
	Feed func(name, form string) string
	// Explain is what the program says of an item's address.
	Explain func(address string) string
}

// Forms are those of published feeds.
var Forms = []string{"atom", "rss", "json"}

// Seen is what came of one behaviour.
type Seen struct {
	*stage
	Requests []Request
	Stories  []Telling // that one of its sources tells
	Trapped  int
	lines    map[int][]Line
	texts    map[string][]string // by form
	explain  func(string) string
	faults   []string
}

// A Verdict is a line of the table.
type Verdict struct {
	Family, Name, Cites, Want string
	Must                      bool
	Seen                      string
	Fault                     string // "" where all is as wanted
}

// Judge says of each behaviour what came of it.
func (s *Server) Judge(c Came) []Verdict {
	var all []Verdict
	for _, st := range s.stages {
		seen := st.look(c)
		fault := strings.Join(seen.faults, "; ")
		if fault == "" {
			fault = st.Check(seen)
		}
		all = append(all, Verdict{st.family, st.Name, st.Cites, st.Want, st.Must, seen.String(), fault})
	}
	return all
}

// look gathers what concerns one behaviour.
func (st *stage) look(c Came) *Seen {
	st.mu.Lock()
	defer st.mu.Unlock()
	s := &Seen{stage: st, explain: c.Explain, Requests: slices.Clone(st.requests), lines: map[int][]Line{}, texts: map[string][]string{}}
	for round, lines := range c.Rounds {
		for i := range max(1, st.Sources) {
			at := slices.IndexFunc(lines, func(l Line) bool { return l.Name == st.source(i) })
			if at < 0 {
				s.faults = append(s.faults, fmt.Sprintf("source %s is not listed in round %d", st.source(i), round))
				continue
			}
			s.lines[round] = append(s.lines[round], lines[at])
		}
	}
	for _, told := range c.Stories {
		tellings := append([]Telling{told}, told.Also...)
		if slices.ContainsFunc(tellings, func(t Telling) bool { return t.Source == st.Name }) {
			s.Stories = append(s.Stories, told)
		}
	}
	for _, form := range Forms {
		if !st.Unpublished {
			s.texts[form] = s.read(form, c.Feed(st.Name, form))
		}
	}
	st.server.mu.Lock()
	defer st.server.mu.Unlock()
	s.Trapped = st.server.trapped[st.Name]
	return s
}

// read gives all texts and attributes of a published feed. One that is not
// well-formed is a fault whatever the behaviour.
func (s *Seen) read(form, doc string) []string {
	var texts []string
	var err error
	if form == "json" {
		texts, err = jsonTexts(doc)
	} else {
		texts, err = xmlTexts(doc)
	}
	if err != nil {
		s.faults = append(s.faults, fmt.Sprintf("published %s: %v", form, err))
	}
	return texts
}

func xmlTexts(doc string) (texts []string, err error) {
	for d := xml.NewDecoder(strings.NewReader(doc)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if err != nil {
			return texts, err
		}
		switch t := token.(type) {
		case xml.CharData:
			texts = append(texts, string(t))
		case xml.StartElement:
			for _, a := range t.Attr {
				texts = append(texts, a.Value)
			}
		}
	}
}

func jsonTexts(doc string) (texts []string, err error) {
	var v any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		return nil, err
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return texts, nil
}

// line is what is said of the first source after a round.
func (s *Seen) line(round int) Line {
	if len(s.lines[round]) == 0 {
		return Line{}
	}
	return s.lines[round][0]
}

// at counts the requests for a path in a round; "" is any path.
func (s *Seen) at(round int, path string) (n int) {
	for _, r := range s.Requests {
		if r.Round == round && (path == "" || r.Path == path) {
			n++
		}
	}
	return n
}

// String is what was seen, in a line: requests of each round, the outcome.
func (s *Seen) String() string {
	var asked []string
	for round := First; round <= Last; round++ {
		asked = append(asked, fmt.Sprint(s.at(round, "")))
	}
	l := s.line(Last)
	said := fmt.Sprintf("asked %s; status %d; %d stories", strings.Join(asked, "·"), l.Status, len(s.Stories))
	if wait := l.Next.Sub(l.Last); !l.Next.IsZero() && wait > time.Minute {
		said += "; " + l.Why
	}
	for _, more := range []string{l.Error, l.Partial} {
		if more != "" {
			said += "; " + more
		}
	}
	return said
}
