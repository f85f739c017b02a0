package publish

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"
)

// A File is one document of the static tree.
type File struct {
	// Path is relative and divided by slashes: topics/china.atom.
	Path     string
	Bytes    []byte
	Modified time.Time
}

// Files yields every feed and topics.opml as they are served. An error is that
// of one document; those behind it follow.
func (p *Publisher) Files(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		defer p.keep(ctx)
		for _, d := range p.shown.Load().inOrder {
			if err := ctx.Err(); err != nil {
				yield(File{}, err)
				return
			}
			p.reading.RLock()
			v, err := p.read(ctx, d.path)
			p.reading.RUnlock()
			if errors.Is(err, errGone) {
				continue
			}
			f := File{Path: strings.TrimPrefix(d.path, "/")}
			if err == nil {
				f.Bytes, f.Modified = v.plain.body, v.modified
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// WriteTree writes files below dir, which it makes if need be, and says how many
// it wrote. A file is replaced by a rename, so that who reads it sees the old or
// the new one, whole. One that holds the right bytes already is not touched.
// What an earlier WriteTree wrote and files no longer name is removed, but
// nothing else; if any file has an error, nothing is. One process at a time
// writes a tree.
//
// The error tells of every file that could not be written; the old one is still
// there. No path leads outside dir, by no dots and by no symbolic link.
func WriteTree(dir string, files iter.Seq2[File, error]) (written int, err error) {
	t, err := openTree(dir)
	if err != nil {
		return 0, err
	}
	var errs []error
	named := map[string]bool{}
	for f, err := range files {
		wrote := false
		if err == nil {
			named[f.Path] = true
			wrote, err = t.write(f)
		}
		if err != nil {
			errs = append(errs, err)
		}
		if wrote {
			written++
		}
	}
	if len(errs) == 0 {
		errs = append(errs, t.removeBut(named))
	}
	return written, errors.Join(append(errs, t.close())...)
}
