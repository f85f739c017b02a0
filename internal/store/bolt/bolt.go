// Package bolt is the embedded twin of the store: one bbolt file in a folder.
//
// Key layout. Keys that come with every item are in log order, so that a step
// writes neighbouring pages (random keys cost fifteen times the CPU):
//
//	log      position            → decision; the bucket's sequence is the log's end
//	items    position            → item of that decision
//	stories  position of birth   → story
//	shelf    topic               → bucket of ^published ID position → nothing
//	polls    source              → poll
//	marks    "." name            → value; "schema" is the layout's version
//
// Positions and times are eight bytes, big endian; ^published is the
// complement of Unix milliseconds, so that a cursor walks newest first.
package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

const (
	schema    = "1"
	fileName  = "aggregator.db"
	ownerName = "aggregator.pid"
	// lockWait lets a process that is just stopping go first.
	lockWait = 500 * time.Millisecond
)

var buckets = []string{"log", "items", "stories", "shelf", "polls", "marks"}

// Store is one open bbolt file. It implements store.Store.
type Store struct {
	db    *bbolt.DB
	codec *store.Codec
	owner string // file that names our process
}

var _ store.Store = (*Store)(nil)

// Locked says which process holds the data folder.
type Locked struct {
	Folder string
	PID    int // 0 if it is not known
}

func (e *Locked) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("store %s: %s is using it (stop it first, or give this one another `store:`)", e.Folder, who)
}

// Open opens or makes the store in a folder. The error says which file is in
// the way or which process holds it (*Locked).
func Open(folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("store %s: %w", folder, err)
	}
	path := filepath.Join(folder, fileName)
	db, err := open(path)
	if errors.Is(err, bbolt.ErrTimeout) {
		return nil, &Locked{folder, readOwner(folder)}
	}
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("store %s: %w (restore a backup with `aggregator store import` into another folder, or move this one aside and poll anew)", path, err)
	}
	s := &Store{db: db, codec: store.NewCodec(), owner: filepath.Join(folder, ownerName)}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), db.Close())
	}
	return s, nil
}

// open turns the panics and faults of a damaged file into errors.
func open(path string) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the file is damaged or was cut off", store.ErrCorrupt)
		}
	}()
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		if errors.Is(err, bbolt.ErrTimeout) || errors.Is(err, os.ErrPermission) || full(err) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %v", store.ErrCorrupt, err)
	}
	if err := whole(db, path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// whole finds a file that was cut off: bbolt would only fault on it later.
func whole(db *bbolt.DB, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %d bytes where %d belong", store.ErrCorrupt, info.Size(), tx.Size())
		}
		return nil
	})
}

func (s *Store) prepare() error {
	// On a full disk the site is still served: the file only says who has the
	// folder, and the lock is bbolt's.
	if err := os.WriteFile(s.owner, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil && !full(err) {
		return err
	}
	var found string
	err := s.db.View(func(tx *bbolt.Tx) error {
		if marks := tx.Bucket([]byte("marks")); marks != nil {
			found = string(marks.Get([]byte("schema")))
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case found == schema:
		return nil
	case found != "":
		return fmt.Errorf("layout %s is newer than this aggregator knows (%s): use the newer one", found, schema)
	}
	return s.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte("marks")).Put([]byte("schema"), []byte(schema))
	})
}

func readOwner(folder string) int {
	b, err := os.ReadFile(filepath.Join(folder, ownerName))
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

// Close lets the folder go.
func (s *Store) Close() error {
	err := os.Remove(s.owner)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, s.db.Close())
}

// At implements store.Store.
func (s *Store) At(context.Context) (at news.Position, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		at = end(tx)
		return nil
	})
	return at, err
}

func end(tx *bbolt.Tx) news.Position {
	return news.Position(tx.Bucket([]byte("log")).Sequence())
}

// Items implements store.Store.
func (s *Store) Items(_ context.Context, at ...news.Position) (map[news.Position]news.Item, error) {
	return get[news.Item](s, "items", at)
}

// Story implements store.Store.
func (s *Store) Story(_ context.Context, at ...news.Position) (map[news.Position]news.Story, error) {
	return get[news.Story](s, "stories", at)
}

func get[T any](s *Store, bucket string, at []news.Position) (map[news.Position]T, error) {
	vs := make(map[news.Position]T, len(at))
	err := s.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		for _, p := range at {
			raw := b.Get(key(p))
			if raw == nil {
				continue
			}
			var v T
			if err := s.codec.Decode(raw, &v); err != nil {
				return fmt.Errorf("%s %d: %w", bucket, p, err)
			}
			vs[p] = v
		}
		return nil
	})
	return vs, err
}

// Since implements store.Store.
func (s *Store) Since(ctx context.Context, after news.Position) iter.Seq2[news.Decision, error] {
	return scan(ctx, s, []string{"log"}, key(after+1), func(k, v []byte) (news.Decision, error) {
		return store.DecodeDecision(position(k), v)
	})
}

// Stories implements store.Store.
func (s *Store) Stories(ctx context.Context, after news.Position) iter.Seq2[news.Story, error] {
	return scan(ctx, s, []string{"stories"}, key(after+1), func(k, v []byte) (st news.Story, err error) {
		if err := s.codec.Decode(v, &st); err != nil {
			return st, fmt.Errorf("story %d: %w", position(k), err)
		}
		return st, nil
	})
}

// Polls implements store.Store.
func (s *Store) Polls(ctx context.Context) iter.Seq2[news.Poll, error] {
	return scan(ctx, s, []string{"polls"}, nil, decodePoll)
}

func decodePoll(source, raw []byte) (news.Poll, error) {
	p, err := store.DecodePoll(raw)
	if err != nil {
		return p, fmt.Errorf("poll of %s: %w", source, err)
	}
	return p, nil
}

// Shelf implements store.Store.
func (s *Store) Shelf(ctx context.Context, topic string) iter.Seq2[news.Story, error] {
	return func(yield func(news.Story, error) bool) {
		entries := scan(ctx, s, []string{"shelf", topic}, nil, func(k, _ []byte) (news.Position, error) {
			return position(k[len(k)-8:]), nil
		})
		for at, err := range entries {
			if err != nil {
				yield(news.Story{}, err)
				return
			}
			stories, err := s.Story(ctx, at)
			if err == nil && len(stories) == 0 {
				continue // expired between two looks
			}
			if err != nil {
				yield(news.Story{}, err)
				return
			}
			if !yield(stories[at], nil) {
				return
			}
		}
	}
}

// scanStep is how many records one look takes: a transaction held open while
// the reader works would keep writers from growing the file.
const scanStep = 512

// scan walks a bucket from a key on, a step a transaction.
func scan[T any](ctx context.Context, s *Store, path []string, from []byte, read func(k, v []byte) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for {
			if err := ctx.Err(); err != nil {
				yield(none, err)
				return
			}
			vs, next, err := step(s, path, from, read)
			for _, v := range vs {
				if !yield(v, nil) {
					return
				}
			}
			if err != nil {
				yield(none, err)
				return
			}
			if next == nil {
				return
			}
			from = next
		}
	}
}

func step[T any](s *Store, path []string, from []byte, read func(k, v []byte) (T, error)) (vs []T, next []byte, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(path[0]))
		for _, name := range path[1:] {
			if b = b.Bucket([]byte(name)); b == nil {
				return nil
			}
		}
		c := b.Cursor()
		for k, v := c.Seek(from); k != nil; k, v = c.Next() {
			if len(vs) == scanStep {
				next = append([]byte(nil), k...)
				return nil
			}
			t, err := read(k, v)
			if err != nil {
				return err
			}
			vs = append(vs, t)
		}
		return nil
	})
	return vs, next, err
}

// Count implements store.Store.
func (s *Store) Count(context.Context) (map[string]int, error) {
	counts := map[string]int{}
	err := s.view(func(tx *bbolt.Tx) error {
		shelf := tx.Bucket([]byte("shelf"))
		return shelf.ForEachBucket(func(topic []byte) error {
			if n := shelf.Bucket(topic).Stats().KeyN; n > 0 {
				counts[string(topic)] = n
			}
			return nil
		})
	})
	return counts, err
}

// Poll implements store.Store.
func (s *Store) Poll(_ context.Context, source string) (news.Poll, error) {
	p := news.Poll{Source: source}
	err := s.view(func(tx *bbolt.Tx) error {
		raw := tx.Bucket([]byte("polls")).Get([]byte(source))
		if raw == nil {
			return nil
		}
		var err error
		p, err = decodePoll([]byte(source), raw)
		return err
	})
	return p, err
}

// Mark implements store.Store.
func (s *Store) Mark(_ context.Context, name string) (v string, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		v = string(tx.Bucket([]byte("marks")).Get([]byte("." + name)))
		return nil
	})
	return v, err
}

// Marks implements store.Store.
func (s *Store) Marks(context.Context) (map[string]string, error) {
	marks := map[string]string{}
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("marks")).ForEach(func(k, v []byte) error {
			if name, of := strings.CutPrefix(string(k), "."); of {
				marks[name] = string(v)
			}
			return nil
		})
	})
	return marks, err
}

// Stats implements store.Store.
func (s *Store) Stats(context.Context) (st store.Stats, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		st.At, st.Bytes = end(tx), tx.Size()
		if k, _ := tx.Bucket([]byte("log")).Cursor().First(); k != nil {
			st.Oldest = position(k)
		}
		count := func(name string) int { return tx.Bucket([]byte(name)).Stats().KeyN }
		st.Decisions, st.Items, st.Stories, st.Polls = count("log"), count("items"), count("stories"), count("polls")
		return tx.Bucket([]byte("shelf")).ForEachBucket(func([]byte) error {
			st.Topics++
			return nil
		})
	})
	return st, err
}

// view reads in one transaction; a fault in a damaged file is an error.
func (s *Store) view(do func(*bbolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store %s: %w: %v", s.db.Path(), store.ErrCorrupt, r)
		}
	}()
	if err := s.db.View(do); err != nil {
		return fmt.Errorf("store %s: %w", s.db.Path(), err)
	}
	return nil
}

func key(p news.Position) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(p))
}

func position(k []byte) news.Position {
	return news.Position(binary.BigEndian.Uint64(k))
}

func shelfKey(st news.Story) []byte {
	k := binary.BigEndian.AppendUint64(nil, ^uint64(st.Published.UnixMilli()))
	k = append(k, st.ID...)
	return binary.BigEndian.AppendUint64(k, uint64(st.Pos))
}
