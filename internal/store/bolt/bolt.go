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
	"encoding/binary"
	"errors"
	"fmt"
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

// place reads what shelfKey wrote.
func place(k []byte) store.Place {
	end := len(k) - 8
	return store.Place{Published: time.UnixMilli(int64(^binary.BigEndian.Uint64(k))).UTC(), ID: string(k[8:end]), Pos: position(k[end:])}
}
