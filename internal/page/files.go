package page

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"aggregator/internal/news"
)

// A File is one page of the static tree.
type File struct {
	// Path is relative and divided by slashes: topics/china/index.html.
	Path  string
	Bytes []byte
}

// Files yields the pages as files, for any host that shows a folder's
// index.html: the index, the topics, the stories on their pages, the sources.
// They hold what everyone may read, and no forms: nobody would answer. An error
// is that of one page; those behind it follow.
func (p *Pages) Files(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		s := p.site.Load().public()
		s.Static = true
		for _, path := range []string{"/style.css", "/page.js", "/icon.svg", "/", "/sources.json"} {
			m, err := p.make(ctx, s, path, nil)
			if !yield(File{fileName(path), m.body}, err) || ctx.Err() != nil {
				return
			}
		}
		lists := []string{"/sources"}
		for _, t := range s.Topics {
			lists = append(lists, "/topics/"+t.Path())
		}
		for _, path := range lists {
			if !p.listFiles(ctx, s, path, yield) {
				return
			}
		}
		p.storyFiles(ctx, s, yield)
	}
}

// listFiles yields the pages of a list until there is none.
func (p *Pages) listFiles(ctx context.Context, s *shown, path string, yield func(File, error) bool) bool {
	for n := 1; ctx.Err() == nil; n++ {
		at := path
		if n > 1 {
			at += filePage(n)
		}
		m, err := p.make(ctx, s, path, url.Values{"page": {strconv.Itoa(n)}})
		if n > 1 && errors.Is(err, errNotFound) {
			return true
		}
		if !yield(File{fileName(at), m.body}, err) {
			return false
		}
		if err != nil {
			return true
		}
	}
	return false
}

// storyFiles yields each story on a topic's page once, and those that it links
// to.
func (p *Pages) storyFiles(ctx context.Context, s *shown, yield func(File, error) bool) {
	had := map[news.Position]bool{}
	for _, t := range s.Topics {
		n := 0
		for st, err := range p.store.Shelf(ctx, t.Name) {
			if err != nil {
				yield(File{}, err)
				return
			}
			if !p.eventFiles(ctx, s, st, had, yield) {
				return
			}
			if n++; n == t.Items {
				break
			}
		}
	}
}

// eventFiles yields a story, and the others of its event; no link may lead
// nowhere.
func (p *Pages) eventFiles(ctx context.Context, s *shown, st news.Story, had map[news.Position]bool, yield func(File, error) bool) bool {
	for todo := []news.Story{st}; len(todo) > 0; todo = todo[1:] {
		if had[todo[0].Pos] {
			continue
		}
		had[todo[0].Pos] = true
		if !p.storyFile(ctx, s, todo[0], yield) {
			return false
		}
		others, _ := p.others(ctx, s, todo[0]) // its page has told the error
		todo = append(todo, others...)
	}
	return true
}

// storyFile yields a story's page, and pages that lead to it from the stories
// that were merged into it.
func (p *Pages) storyFile(ctx context.Context, s *shown, st news.Story, yield func(File, error) bool) bool {
	for _, suffix := range []string{"", ".json"} {
		m, err := p.storyPage(ctx, s, st, suffix != "")
		if !yield(File{fileName("/stories/" + st.ID + suffix), m.body}, err) {
			return false
		}
		for _, id := range st.Merged {
			from := "/stories/" + id + suffix
			at := m
			if suffix == "" {
				at, err = p.render(s, "moved", head{Title: st.Lead.Title, Path: from, Moved: s.Link("/stories/" + st.ID)}, nil)
			}
			if !yield(File{fileName(from), at.body}, err) {
				return false
			}
		}
	}
	return true
}

// fileName is where a page stands: in a folder of its own, so that its address
// needs no suffix.
func fileName(path string) string {
	path = strings.Trim(path, "/")
	switch {
	case path == "":
		return "index.html"
	case strings.HasSuffix(path, ".json"), strings.HasSuffix(path, ".css"), strings.HasSuffix(path, ".js"), strings.HasSuffix(path, ".svg"):
		return path
	}
	return path + "/index.html"
}
