package bolt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"go.etcd.io/bbolt"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

// inOrder is the fill of pages whose keys only ever grow.
const inOrder = 0.95

// Append implements store.Store: one bbolt transaction.
func (s *Store) Append(ctx context.Context, at news.Position, b store.Batch) (news.Position, error) {
	if err := ctx.Err(); err != nil {
		return at, err
	}
	records, err := s.encode(b)
	if err != nil {
		return at, err
	}
	next := at + news.Position(len(b.Decisions))
	err = s.update(func(tx *bbolt.Tx) error {
		if end(tx) != at {
			return store.ErrBehind
		}
		return s.write(tx, b, records, next)
	})
	if err != nil {
		return at, err
	}
	return next, nil
}

// records are a batch's bytes, made before the transaction: encoding is most
// of the work, and reading goes on meanwhile.
type records struct {
	log, items, stories, polls []record
}

type record struct{ k, v []byte }

func (s *Store) encode(b store.Batch) (r records, err error) {
	for _, d := range b.Decisions {
		r.log = append(r.log, record{key(d.Pos), store.EncodeDecision(d)})
	}
	add := func(to *[]record, k, v []byte, e error) {
		if e != nil {
			err = errors.Join(err, fmt.Errorf("store: record %x: %w", k, e))
		}
		*to = append(*to, record{k, v})
	}
	for _, p := range slices.Sorted(maps.Keys(b.Items)) {
		raw, err := s.codec.Encode(b.Items[p])
		add(&r.items, key(p), raw, err)
	}
	for _, st := range slices.SortedFunc(slices.Values(b.Stories), byPosition) {
		raw, err := s.codec.Encode(st)
		add(&r.stories, key(st.Pos), raw, err)
	}
	for _, p := range b.Polls {
		add(&r.polls, []byte(p.Source), store.EncodePoll(p), nil)
	}
	slices.SortFunc(r.polls, func(a, b record) int { return bytes.Compare(a.k, b.k) })
	return r, err
}

func (s *Store) write(tx *bbolt.Tx, b store.Batch, r records, next news.Position) error {
	log := tx.Bucket([]byte("log"))
	if err := log.SetSequence(uint64(next)); err != nil {
		return err
	}
	for _, st := range b.Stories {
		if err := s.shelve(tx, st); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		bucket  string
		records []record
		fill    float64
	}{{"log", r.log, inOrder}, {"items", r.items, inOrder}, {"stories", r.stories, inOrder}, {"polls", r.polls, bbolt.DefaultFillPercent}} {
		bucket := tx.Bucket([]byte(part.bucket))
		bucket.FillPercent = part.fill
		for _, rec := range part.records {
			if err := bucket.Put(rec.k, rec.v); err != nil {
				return err
			}
		}
	}
	return mark(tx.Bucket([]byte("marks")), b.Marks)
}

func mark(marks *bbolt.Bucket, set map[string]string) (err error) {
	for name, v := range set {
		if v == "" {
			err = errors.Join(err, marks.Delete([]byte("."+name)))
		} else {
			err = errors.Join(err, marks.Put([]byte("."+name), []byte(v)))
		}
	}
	return err
}

func byPosition(a, b news.Story) int { return cmp.Compare(a.Pos, b.Pos) }

// shelve puts a story under exactly its topics. It runs before the story is
// put, so what the bucket holds is the story as it was.
func (s *Store) shelve(tx *bbolt.Tx, st news.Story) error {
	if err := s.unshelve(tx, st.Pos); err != nil {
		return err
	}
	shelf := tx.Bucket([]byte("shelf"))
	for _, f := range st.Topics {
		topic, err := shelf.CreateBucketIfNotExists([]byte(f.Topic))
		if err != nil {
			return err
		}
		if err := topic.Put(shelfKey(st), nil); err != nil {
			return err
		}
	}
	return nil
}

// unshelve takes a kept story off all its topics.
func (s *Store) unshelve(tx *bbolt.Tx, at news.Position) error {
	raw := tx.Bucket([]byte("stories")).Get(key(at))
	if raw == nil {
		return nil
	}
	var was news.Story
	if err := s.codec.Decode(raw, &was); err != nil {
		return fmt.Errorf("story %d: %w", at, err)
	}
	shelf := tx.Bucket([]byte("shelf"))
	for _, f := range was.Topics {
		topic := shelf.Bucket([]byte(f.Topic))
		if topic == nil {
			continue
		}
		if err := topic.Delete(shelfKey(was)); err != nil {
			return err
		}
	}
	return nil
}

// expireStep bounds how long writing waits for forgetting.
const expireStep = 2000

// Expire implements store.Store.
func (s *Store) Expire(ctx context.Context, to news.Position) error {
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.update(func(tx *bbolt.Tx) (err error) {
			more, err = s.expire(tx, to)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expire forgets one step's worth. The log goes first: what it does not name
// any more, nobody joins, even if we are killed between two steps.
func (s *Store) expire(tx *bbolt.Tx, to news.Position) (more bool, err error) {
	if log := tx.Bucket([]byte("log")); end(tx) < to {
		if err := log.SetSequence(uint64(to)); err != nil {
			return false, err
		}
	}
	for _, name := range []string{"log", "stories", "items"} {
		old := upTo(tx.Bucket([]byte(name)), to)
		for _, k := range old {
			if name == "stories" {
				if err := s.unshelve(tx, position(k)); err != nil {
					return false, err
				}
			}
			if err := tx.Bucket([]byte(name)).Delete(k); err != nil {
				return false, err
			}
		}
		if len(old) == expireStep {
			return true, nil
		}
	}
	return false, dropEmpty(tx.Bucket([]byte("shelf")))
}

func upTo(b *bbolt.Bucket, to news.Position) (keys [][]byte) {
	c := b.Cursor()
	for k, _ := c.First(); k != nil && position(k) <= to && len(keys) < expireStep; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	return keys
}

// dropEmpty forgets topics that hold nothing any more.
func dropEmpty(shelf *bbolt.Bucket) error {
	var empty [][]byte
	err := shelf.ForEachBucket(func(topic []byte) error {
		if k, _ := shelf.Bucket(topic).Cursor().First(); k == nil {
			empty = append(empty, bytes.Clone(topic))
		}
		return nil
	})
	for _, topic := range empty {
		err = errors.Join(err, shelf.DeleteBucket(topic))
	}
	return err
}

// update changes in one transaction; a fault in a damaged file is an error.
func (s *Store) update(do func(*bbolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store %s: %w: %v", s.db.Path(), store.ErrCorrupt, r)
		}
	}()
	if err := s.db.Update(do); err != nil {
		return fmt.Errorf("store %s: %w", s.db.Path(), err)
	}
	return nil
}
