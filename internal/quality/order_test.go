package main

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/quality/gold"
)

// What arrives within a minute may come in any order: that must not change
// what is one story for more than one item in a hundred.
func TestOrder(t *testing.T) {
	sets := shared(t)
	if sets == "" {
		return
	}
	moved, total := 0, 0
	for _, name := range strings.Fields(articles) {
		s, err := gold.Load(sets, name, cleanTitle)
		if err != nil {
			t.Fatal(err)
		}
		its := items(s, false)
		usual := storiesOf(its)
		for seed := range uint64(3) {
			other := storiesOf(shuffled(its, seed))
			changed := 0
			for id, with := range usual {
				if other[id] != with {
					changed++
				}
			}
			t.Logf("%s: of %d items %d are told with others", name, len(its), changed)
			moved, total = moved+changed, total+len(its)
		}
	}
	if moved*100 >= total {
		t.Errorf("%d of %d items change their story with the order of arrival", moved, total)
	}
}

// shuffled deals the items of each minute anew.
func shuffled(its []news.Item, seed uint64) []news.Item {
	its, random := slices.Clone(its), rand.New(rand.NewPCG(seed, 7))
	for i := 0; i < len(its); {
		j := i
		for j < len(its) && its[j].Seen.Truncate(time.Minute).Equal(its[i].Seen.Truncate(time.Minute)) {
			j++
		}
		random.Shuffle(j-i, func(a, b int) { its[i+a], its[i+b] = its[i+b], its[i+a] })
		i = j
	}
	return its
}

// storiesOf is, for each item, the GUIDs of all that tell its story.
func storiesOf(its []news.Item) map[string]string {
	r := decideOnce(its, within, nil)
	told := map[news.Position][]string{}
	for i, story := range r.story {
		told[story] = append(told[story], its[i].GUID)
	}
	of := map[string]string{}
	for _, guids := range told {
		slices.Sort(guids)
		for _, g := range guids {
			of[g] = strings.Join(guids, " ")
		}
	}
	return of
}

// shared is the folder of the labelled sets, which stands beside the module
// where the project is built, and not at a user's; "" there.
func shared(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "quality", "data")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Log("the labelled sets are not part of the project")
		return ""
	}
	return dir
}
