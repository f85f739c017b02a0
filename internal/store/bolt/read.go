package bolt

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"go.etcd.io/bbolt"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

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
		for place, err := range s.Shelved(ctx, topic) {
			if err != nil {
				yield(news.Story{}, err)
				return
			}
			at := place.Pos
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

// Shelved implements store.Store.
func (s *Store) Shelved(ctx context.Context, topic string) iter.Seq2[store.Place, error] {
	return scan(ctx, s, []string{"shelf", topic}, nil, func(k, _ []byte) (store.Place, error) { return place(k), nil })
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
