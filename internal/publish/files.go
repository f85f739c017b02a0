package publish

import (
	"bytes"
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
	// Make gives the bytes, where they are not here yet. Same says that it would
	// give what stands there, if anything does: then it need not be asked. Stands
	// is told when they do; it may be nil.
	Make   func() ([]byte, error)
	Same   bool
	Stands func()
}

// Files yields every feed and topics.opml as they are served, archives too; what
// not everyone may read is left out, for a static host would show it. An error
// is that of one document; those behind it follow.
func (p *Publisher) Files(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		defer p.keep(ctx)
		p.standing.Lock()
		stood := p.stands
		p.stands = map[string]state{} // what is gone is not carried over
		p.standing.Unlock()
		for _, d := range p.shown.Load().inOrder {
			if err := ctx.Err(); err != nil {
				yield(File{}, err)
				return
			}
			p.reading.RLock()
			// What is published may have changed on the way.
			if d = p.shown.Load().byPath[d.path]; d == nil || !d.topic.Keys.Public() || d.part == recent && !p.leadsOn(d) {
				p.reading.RUnlock()
				continue
			}
			v, err := p.read(ctx, d)
			p.reading.RUnlock()
			if errors.Is(err, errMoved) {
				continue
			}
			f := File{Path: strings.TrimPrefix(d.path, "/")}
			if err == nil {
				f.Bytes, f.Modified = v.plain.body, v.modified
			}
			if !yield(f, err) || d.part == recent && !p.archiveFiles(ctx, d, stood, yield) {
				return
			}
		}
	}
}

// leadsOn says that the head beside a document leads to it.
func (p *Publisher) leadsOn(d *document) bool {
	head := p.shown.Load().byPath[newDocument(d.stock, d.format, "").path]
	if head == nil {
		return false
	}
	v := head.bytes.Load()
	return v == nil || v.more
}

// archiveFiles yields the archives beside a document.
func (p *Publisher) archiveFiles(ctx context.Context, d *document, stood map[string]state, yield func(File, error) bool) bool {
	is, err := p.pastOf(ctx, d.stock)
	if err != nil {
		return yield(File{Path: strings.TrimPrefix(d.path, "/")}, err)
	}
	for _, a := range is.archives {
		if err := ctx.Err(); err != nil {
			yield(File{}, err)
			return false
		}
		if p.shown.Load().byTopic[d.topic.Name] != d.stock {
			return true // another site is published, and its tree follows
		}
		if !yield(p.archiveFile(ctx, is, newDocument(d.stock, d.format, a.id), stood), nil) {
			return false
		}
	}
	return true
}

// archiveFile is one archive. It is read only if it changed since it was
// written last: there may be thousands.
func (p *Publisher) archiveFile(ctx context.Context, is *past, d *document, stood map[string]state) File {
	now := d.stock.stateOf(is, d.part)
	return File{
		Path: strings.TrimPrefix(d.path, "/"),
		Same: stood[d.path] == now,
		Make: func() ([]byte, error) {
			p.reading.RLock()
			defer p.reading.RUnlock()
			var body bytes.Buffer
			err := p.write(ctx, &body, p.shown.Load().site, d, p.now(), new(version))
			return body.Bytes(), err
		},
		Stands: func() {
			p.standing.Lock()
			defer p.standing.Unlock()
			p.stands[d.path] = now
		},
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
