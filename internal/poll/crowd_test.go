package poll

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/schedule"
)

// crowd is sources that answer well at once beside others that hang until their
// timeout.
type crowd struct {
	mu     sync.Mutex
	asked  map[string][]time.Time
	inside int
	most   int
	hang   func(key string) (time.Duration, error)
}

func (c *crowd) Fetch(ctx context.Context, src news.Source, prev news.Poll, rules uint64, now time.Time) fetch.Result {
	c.mu.Lock()
	c.asked[src.Key] = append(c.asked[src.Key], time.Now())
	c.inside++
	c.most = max(c.most, c.inside)
	c.mu.Unlock()
	took, err := c.hang(src.Key)
	time.Sleep(took)
	c.mu.Lock()
	c.inside--
	c.mu.Unlock()
	p := prev
	p.Source, p.Last, p.Status, p.Error = src.Key, now, 0, ""
	if err != nil {
		p.Failures, p.Error = p.Failures+1, err.Error()
		return fetch.Result{Poll: p, Err: err, Reached: true}
	}
	p.Status, p.Failures, p.Good = 200, 0, now
	return fetch.Result{Poll: p, Unchanged: true, Reached: true}
}

// A bad source delays no other: 20 that are well get at least 95% of their polls,
// each of them, beside 200 that hang, or drip and arrive at last, in 64 places.
// That is so on hosts of their own, and all on one.
func TestHealthyBesideHanging(t *testing.T) {
	timeout := errors.New("no answer within 30s")
	for name, c := range map[string]struct {
		host func(i int) string
		err  error
	}{
		"hang, on hosts of their own": {func(i int) string { return fmt.Sprintf("h%d.example", i) }, timeout},
		"drip, on hosts of their own": {func(i int) string { return fmt.Sprintf("h%d.example", i) }, nil},
		"hang, all on one host":       {func(int) string { return "one.example" }, timeout},
		"drip, all on one host":       {func(int) string { return "one.example" }, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			var well []string
			crowd := &crowd{asked: map[string][]time.Time{}, hang: func(key string) (time.Duration, error) {
				if key[0] == 'w' {
					return 200 * time.Millisecond, nil
				}
				return 30 * time.Second, c.err
			}}
			for i := range 220 {
				name := fmt.Sprint("bad", i)
				if i%11 == 0 {
					name = fmt.Sprint("well", i)
					well = append(well, name+".example/feed")
				}
				d.hosts(c.host(i), name)
			}
			minutely, _, err := schedule.Parse("* * * * *")
			if err != nil {
				t.Fatal(err)
			}
			for i := range d.plan.Sources {
				d.plan.Sources[i].Schedule, d.plan.Sources[i].MinInterval = minutely, 30*time.Second
			}
			d.plan.Concurrency, d.plan.PerHost, d.plan.Spread, d.plan.Fetcher = 64, 64, time.Minute, crowd
			_, stop := d.running(t)
			after(time.Hour)
			stop()
			for _, key := range well {
				if n := len(crowd.asked[key]); n < 57 {
					t.Errorf("%s: %s had %d of 60 polls", name, key, n)
				}
			}
			if crowd.most > 64 {
				t.Errorf("%s: %d at one time", name, crowd.most)
			}
		})
	}
}

// A thousand hourly sources, switched off for ten hours: no minute after the
// start sees more than its share of the five minutes that they are spread over.
func TestNoHerd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		crowd := &crowd{asked: map[string][]time.Time{}, hang: func(string) (time.Duration, error) { return 100 * time.Millisecond, nil }}
		hourly, _, err := schedule.Parse("@hourly")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			d.hosts(fmt.Sprintf("h%d.example", i), fmt.Sprint("s", i))
			d.plan.Sources[i].Schedule = hourly
		}
		d.plan.Concurrency, d.plan.Spread, d.plan.Fetcher = 64, 5*time.Minute, crowd
		_, stop := d.running(t)
		after(2 * time.Hour)
		stop()
		after(10*time.Hour + 20*time.Minute)
		crowd.asked = map[string][]time.Time{}
		_, stop = d.running(t)
		after(2 * time.Hour)
		stop()
		minutes := map[int64]int{}
		for key, times := range crowd.asked {
			if len(times) < 2 || len(times) > 3 {
				t.Errorf("%s was asked %d times in two hours", key, len(times))
			}
			for _, at := range times {
				minutes[at.Unix()/60]++
			}
		}
		for minute, n := range minutes {
			if n > 1000/5*12/10 {
				t.Errorf("%v sees %d polls", time.Unix(minute*60, 0).UTC(), n)
			}
		}
		if len(crowd.asked) != 1000 {
			t.Errorf("%d of 1000 were asked", len(crowd.asked))
		}
	})
}
