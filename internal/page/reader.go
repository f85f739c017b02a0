package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"aggregator/internal/access"
	"aggregator/internal/news"
)

// shown is a site as one reader sees it: Topics are those that they may read,
// and no page knows of others but by closed.
type shown struct {
	Site
	Root    string // path of the site's address; before every link
	byPath  map[string]Topic
	closed  map[string]bool // names of the topics that are not for this reader
	private bool            // the site has topics that are not for everyone
	Token   string          // goes with every link to a page; "" for none
	Static  bool            // pages are files: nobody answers a form
}

// show is a site with all its topics.
func show(site Site) *shown {
	s := &shown{Site: site, byPath: map[string]Topic{}, closed: map[string]bool{}}
	if u, err := url.Parse(site.URL); err == nil {
		s.Root = strings.TrimRight(u.EscapedPath(), "/")
	}
	for _, t := range site.Topics {
		s.byPath[t.Path()] = t
		s.private = s.private || !t.Keys.Public()
	}
	return s
}

// only leaves the topics that may be read.
func (s *shown) only(may func(Topic) bool) *shown {
	site := s.Site
	site.Topics = nil
	closed := map[string]bool{}
	for _, t := range s.Topics {
		if may(t) {
			site.Topics = append(site.Topics, t)
		} else {
			closed[t.Name] = true
		}
	}
	seen := show(site)
	seen.closed, seen.private = closed, s.private
	return seen
}

// public is what everyone may read.
func (s *shown) public() *shown {
	return s.only(func(t Topic) bool { return t.Keys.Public() })
}

// to is the site as a request may read it, and who may keep the answer: what
// came with a key is for the one who has it, even where the key opens nothing.
func (s *shown) to(r *http.Request) (seen *shown, keep string) {
	if !s.private {
		return s, brief
	}
	token := r.URL.Query().Get(access.Param)
	if token == "" && r.Header.Get("Authorization") == "" {
		return s.public(), brief
	}
	seen = s.only(func(t Topic) bool { return t.Keys.Allow(r) })
	if slices.ContainsFunc(seen.Topics, func(t Topic) bool { return !t.Keys.Public() }) {
		seen.Token = token
	}
	return seen, unshared
}

// may says that a story can be read: it is under a topic that can, or under
// none at all.
func (s *shown) may(st news.Story) bool {
	if len(s.closed) == 0 || len(st.Topics) == 0 {
		return true
	}
	return slices.ContainsFunc(st.Topics, func(f news.Filing) bool { return !s.closed[f.Topic] })
}

// names says that a text tells of a topic that is not for this reader: `holds
// China/Camps` under China, `match: topic:Desk AND court`.
func (s *shown) names(text string) bool {
	text = strings.ToLower(text)
	for name := range s.closed {
		if strings.Contains(text, strings.ToLower(name)) {
			return true
		}
	}
	return false
}

// Link is the address of a page of ours, by its path; pairs of names and values
// go into its query, but for empty ones. The token comes along.
func (s *shown) Link(path string, query ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			q.Set(query[i], query[i+1])
		}
	}
	if s.Token != "" {
		q.Set(access.Param, s.Token)
	}
	to := s.Root + (&url.URL{Path: path}).EscapedPath()
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	return to
}

// feed is the address of a topic's feed; only one that needs the token has it,
// for people hand feeds on.
func (s *shown) feed(t Topic, ending string) string {
	open := *s
	if t.Keys.Public() {
		open.Token = ""
	}
	return open.Link("/topics/" + t.Path() + ending)
}

// absolute is a link of ours with the site's address before it.
func (s *shown) absolute(link string) string {
	return strings.TrimSuffix(strings.TrimRight(s.URL, "/"), s.Root) + link
}
