package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"aggregator/internal/news"
)

// moving is a store whose log others append to, so many times.
type moving struct {
	Store
	others, reads int
	kept          []Batch
	away          error
}

func (m *moving) At(context.Context) (news.Position, error) { return news.Position(m.reads), m.away }

func (m *moving) Append(_ context.Context, at news.Position, b Batch) (news.Position, error) {
	if m.others--; m.others >= 0 {
		return at, fmt.Errorf("somebody: %w", ErrBehind)
	}
	m.kept = append(m.kept, b)
	return at, nil
}

func TestRewrite(t *testing.T) {
	m := &moving{others: 2}
	err := Rewrite(t.Context(), m, func() (Batch, error) {
		m.reads++
		return Batch{Marks: map[string]string{"read": fmt.Sprint(m.reads)}}, nil
	})
	if err != nil || len(m.kept) != 1 || m.kept[0].Marks["read"] != "3" {
		t.Errorf("%v, kept %+v: want what was read the third time", err, m.kept)
	}
	broken := errors.New("broken")
	if err := Rewrite(t.Context(), m, func() (Batch, error) { return Batch{}, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := Keep(t.Context(), m, Batch{}); err != nil || len(m.kept) != 1 {
		t.Errorf("nothing was kept: %v, %d", err, len(m.kept))
	}
	m.away = broken
	if err := Keep(t.Context(), m, Batch{Marks: map[string]string{"a": "1"}}); !errors.Is(err, broken) || len(m.kept) != 1 {
		t.Error(err)
	}
}

func TestInSteps(t *testing.T) {
	broken := errors.New("broken")
	upTo := func(n int, last error) iter.Seq2[news.Story, error] {
		return func(yield func(news.Story, error) bool) {
			for i := range n {
				if !yield(news.Story{Pos: news.Position(i + 1)}, nil) {
					return
				}
			}
			if last != nil {
				yield(news.Story{}, last)
			}
		}
	}
	for n, want := range map[int]string{0: "[]", 1: "[1]", 3: "[3]", 4: "[3 1]", 6: "[3 3]"} {
		got, next := []int{}, news.Position(1)
		for step, err := range InSteps(upTo(n, nil), 3) {
			for _, st := range step {
				if st.Pos != next {
					t.Errorf("%d: story %d where %d was due", n, st.Pos, next)
				}
				next++
			}
			if got = append(got, len(step)); err != nil {
				t.Error(err)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%d stories: steps of %v, want %s", n, got, want)
		}
	}
	var last error
	for _, last = range InSteps(upTo(4, broken), 3) {
	}
	if !errors.Is(last, broken) {
		t.Errorf("the error is lost: %v", last)
	}
	for range InSteps(upTo(9, nil), 3) {
		break
	}
}
