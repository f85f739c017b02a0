package odd

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// A Check says what is wrong; "" where nothing is.
type Check func(*Seen) string

// all wants every one of them.
func all(checks ...Check) Check {
	return func(s *Seen) string {
		for _, c := range checks {
			if wrong := c(s); wrong != "" {
				return wrong
			}
		}
		return ""
	}
}

func wrong(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// asked wants so many requests for /feed in each round.
func asked(counts ...int) Check { return visited("/feed", counts...) }

// every: it was asked in each round, by force or not.
var every = asked(1, 1, 1, 1, 1)

// held: floors kept it from being asked in the polite round.
var held = asked(1, 0, 1, 1, 1)

func visited(path string, counts ...int) Check {
	return func(s *Seen) string {
		var got []int
		for round := range counts {
			got = append(got, s.at(round+1, path))
		}
		if !slices.Equal(got, counts) {
			return wrong("%s was asked %v times by round, want %v", path, got, counts)
		}
		return ""
	}
}

// sent wants a header of the first request for /feed in a round; "" is none.
func sent(round int, header, want string) Check {
	return func(s *Seen) string {
		for _, r := range s.Requests {
			if r.Round != round || r.Path != "/feed" {
				continue
			}
			if got := strings.Join(r.Header[header], "|"); got != s.expand(want) {
				return wrong("round %d sent %s %q, want %q", round, header, got, s.expand(want))
			}
			return ""
		}
		return wrong("round %d did not ask", round)
	}
}

// eachRequest wants something of every request, and at least one.
func eachRequest(say func(Request) string) Check {
	return func(s *Seen) string {
		if len(s.Requests) == 0 {
			return "nothing was asked"
		}
		for _, r := range s.Requests {
			if w := say(r); w != "" {
				return wrong("round %d, %s: %s", r.Round, r.URI, w)
			}
		}
		return ""
	}
}

// never: a header is sent with no request.
func never(header string) Check {
	return eachRequest(func(r Request) string {
		if v, ok := r.Header[http.CanonicalHeaderKey(header)]; ok {
			return wrong("%s: %q was sent", header, v)
		}
		return ""
	})
}

// fails wants an error after a round that says one of the words, whatever its
// case.
func fails(round int, words ...string) Check {
	return func(s *Seen) string {
		said := s.line(round).Error
		for _, w := range words {
			if strings.Contains(strings.ToLower(said), strings.ToLower(s.expand(w))) {
				return ""
			}
		}
		return wrong("after round %d the error is %q, want one of %q", round, said, words)
	}
}

// fine: no error after a round.
func fine(round int) Check {
	return func(s *Seen) string {
		if l := s.line(round); l.Error != "" || l.Last.IsZero() {
			return wrong("after round %d: error %q", round, l.Error)
		}
		return ""
	}
}

// waits wants the next poll so long after the last one, and the reason.
func waits(round int, d time.Duration, why string) Check {
	return waitsBetween(round, d-3*time.Second, d+3*time.Second, why)
}

func waitsBetween(round int, least, most time.Duration, why string) Check {
	return func(s *Seen) string {
		l := s.line(round)
		if got := l.Next.Sub(l.Last); got < least || got > most || !strings.Contains(strings.ToLower(l.Why), strings.ToLower(why)) {
			return wrong("after round %d it waits %s (%s), want %s to %s (%s)", round, got, l.Why, least, most, why)
		}
		return ""
	}
}

// told wants so many stories.
func told(n int) Check {
	return func(s *Seen) string {
		if len(s.Stories) != n {
			return wrong("%d stories are told, want %d", len(s.Stories), n)
		}
		return ""
	}
}

// titled wants the titles of stories, in any order.
func titled(want ...string) Check {
	return func(s *Seen) string {
		var got, wanted []string
		for _, st := range s.Stories {
			got = append(got, st.Title)
		}
		for _, w := range want {
			wanted = append(wanted, s.expand(w))
		}
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) {
			return wrong("titles %q, want %q", got, wanted)
		}
		return ""
	}
}

// addressed wants the address of the one story.
func addressed(want string) Check {
	return func(s *Seen) string {
		if len(s.Stories) != 1 {
			return wrong("%d stories, want one", len(s.Stories))
		}
		if got := s.Stories[0].URL; got != s.expand(want) {
			return wrong("the story's address is %q, want %q", got, s.expand(want))
		}
		return ""
	}
}

// dated wants the moment of the one story.
func dated(want string) Check {
	return func(s *Seen) string {
		if len(s.Stories) != 1 {
			return wrong("%d stories, want one", len(s.Stories))
		}
		if got := s.Stories[0].Published.UTC().Format(time.RFC3339); got != want {
			return wrong("the story is of %s, want %s", got, want)
		}
		return ""
	}
}

// explained wants words in what is said of an address.
func explained(address, words string) Check {
	return func(s *Seen) string {
		if said := s.explain(s.expand(address)); !strings.Contains(said, words) {
			return wrong("explain does not say %q: %q", words, said)
		}
		return ""
	}
}

// holds wants words in each published form.
func holds(words ...string) Check { return published(true, words) }

// lacks wants them in none.
func lacks(words ...string) Check { return published(false, words) }

func published(wanted bool, words []string) Check {
	return func(s *Seen) string {
		for _, form := range Forms {
			text := strings.Join(s.texts[form], "\n")
			for _, w := range words {
				if strings.Contains(text, s.expand(w)) != wanted {
					return wrong("%s: %q is in it: %v, want %v", form, s.expand(w), !wanted, wanted)
				}
			}
		}
		return ""
	}
}

// inert wants the words published, and nothing that is active beside them.
func inert(words ...string) Check { return all(told(1), holds(words...), harmless) }

// harmless: whatever is published, read as HTML, runs, loads, hides and sends
// nothing.
func harmless(s *Seen) string {
	for form, texts := range s.texts {
		for _, text := range texts {
			if w := active(text); w != "" {
				return wrong("%s: %s in %q", form, w, text)
			}
		}
	}
	return ""
}

// active names what a text does when a browser reads it as HTML.
func active(text string) string {
	if scheme := evilScheme(text); scheme != "" {
		return scheme
	}
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			if w := activeTag(z.Token()); w != "" {
				return w
			}
		}
	}
}

// passive are the only attributes that may be published, of any element.
var passive = strings.Fields("title lang dir href cite datetime src alt width height poster controls type start reversed value colspan rowspan span kind srclang label rel target")

// forbidden are elements that act, load, cover or send.
var forbidden = strings.Fields("script style iframe frame frameset object embed applet form input button select textarea meta link base svg math template noscript xmp plaintext marquee portal dialog param bgsound layer ilayer xml isindex keygen")

func activeTag(t html.Token) string {
	if slices.Contains(forbidden, t.Data) || strings.Contains(t.Data, ":") {
		return "<" + t.Data + ">"
	}
	for _, a := range t.Attr {
		if !slices.Contains(passive, a.Key) {
			return "attribute " + a.Key
		}
		if scheme := evilScheme(a.Val); scheme != "" && (t.Data != "img" || !strings.HasPrefix(a.Val, "data:image/")) {
			return a.Key + "=" + scheme
		}
	}
	return ""
}

// evilScheme is a scheme that runs something, however it is written: browsers
// leave out control characters and white space (WHATWG URL 4.4).
func evilScheme(address string) string {
	bare := strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, address[:min(len(address), 200)]))
	for _, scheme := range []string{"javascript:", "vbscript:", "data:", "livescript:", "file:", "blob:"} {
		if strings.HasPrefix(bare, scheme) {
			return scheme
		}
	}
	return ""
}

// Longest is how long any poll took: from its first request to the end of its
// last. Hosts of many sources are left out, for polls of theirs overlap.
func (s *Server) Longest() (name string, took time.Duration) {
	for _, st := range s.stages {
		st.mu.Lock()
		began, ended := map[int]time.Time{}, map[int]time.Time{}
		for _, r := range st.requests {
			if began[r.Round].IsZero() {
				began[r.Round] = r.Began
			}
			if ended[r.Round] = r.Ended; st.Sources <= 1 && ended[r.Round].Sub(began[r.Round]) > took {
				name, took = st.Name, ended[r.Round].Sub(began[r.Round])
			}
		}
		st.mu.Unlock()
	}
	return name, took
}
