package schedule

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQueueIsAMap compares the heap with a plain map, searched each time.
func TestQueueIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue
		model := map[string]time.Time{}
		keys := rapid.StringMatching("[a-f]")
		offsets := rapid.IntRange(0, 10)
		first := func() (key string) {
			for k, at := range model {
				if key == "" || at.Before(model[key]) || at.Equal(model[key]) && k < key {
					key = k
				}
			}
			return key
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				k, at := keys.Draw(t, "key"), noon.Add(time.Duration(offsets.Draw(t, "at"))*time.Second)
				q.Set(k, at)
				model[k] = at
			},
			"remove": func(t *rapid.T) {
				k := keys.Draw(t, "key")
				q.Remove(k)
				delete(model, k)
			},
			"pop": func(t *rapid.T) {
				now := noon.Add(time.Duration(offsets.Draw(t, "now")) * time.Second)
				want := first()
				due := want != "" && !model[want].After(now)
				got, ok := q.Pop(now)
				if ok != due || ok && got != want {
					t.Fatalf("popped %q %v, want %q %v", got, ok, want, due)
				}
				if ok {
					delete(model, got)
				}
			},
			"": func(t *rapid.T) {
				at, ok := q.Next()
				if q.Len() != len(model) || ok != (len(model) > 0) || ok && !at.Equal(model[first()]) {
					t.Fatalf("%d wait, next %v %v; want %d, %v", q.Len(), at, ok, len(model), model[first()])
				}
			},
		})
	})
}

// BenchmarkQueue pops and sets again in a queue of 100,000.
func BenchmarkQueue(b *testing.B) {
	var q Queue
	const keys = 100_000
	for i := range keys {
		k := "example.org/feed/" + strconv.Itoa(i)
		q.Set(k, noon.Add(Spread(k, time.Hour)))
	}
	b.ReportAllocs()
	for b.Loop() {
		at, _ := q.Next()
		k, _ := q.Pop(at)
		q.Set(k, at.Add(time.Hour))
	}
}

func BenchmarkDue(b *testing.B) {
	for _, spec := range []string{"*/15 * * * *", "CRON_TZ=Europe/Berlin 30 6 * * 1-5", "@every 30m"} {
		b.Run(spec, func(b *testing.B) {
			s := must(b, spec)
			for b.Loop() {
				s.Due("example.org/feed", noon, Limits{Spread: 5 * time.Minute})
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		must(b, "*/15 * * * *")
	}
}
