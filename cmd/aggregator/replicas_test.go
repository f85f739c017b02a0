package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"aggregator/internal/store/redis/redistest"
)

// What holds of a site in a folder holds of one on Redis.
func TestCoreOnRedis(t *testing.T) {
	server := redistest.Start(t)
	t.Setenv(deskStore, server.URL())
	for name, test := range map[string]func(*testing.T){
		"job": TestMainJob, "people": TestPeopleWithoutDaemon,
		"why": TestWhy, "next": TestNextAndWhy, "own network": TestOwnNetworkDown, "reload": TestReloadWithoutGap, "hub killed": TestHubKilled,
		"withdrawn": TestTakenBack, "drain": TestDrain,
	} {
		t.Run(name, test)
	}
}

// Two replicas and one subscriber: whichever is asked, it is told once of each
// story; when the replica whose turn it is dies, the other goes on.
func TestHubOnReplicas(t *testing.T) {
	server := redistest.Start(t)
	o := newOutlets(t)
	dates := []time.Time{time.Now()}
	put := func(n int) {
		for range n {
			dates = append(dates, time.Now())
		}
		o.put("/wire", "application/rss+xml", wire(dates...))
	}
	put(0)
	config := func(at string) string {
		return onRedis("listen: "+at+"\nurl: http://feeds.localhost\n"+polite+"sources: [{ url: "+o.URL+"/wire, name: Wire }]\ntopics: [{ name: All, match: \"*\" }]\n", server, "hub")
	}
	d, e := newDesk(t, config(freePort(t))), newDesk(t, config(freePort(t)))
	first := d.start()
	eventually(t, "first turn", func() bool { return strings.Contains(first.said.String(), "WebSub is this replica's turn") })
	second := e.start()
	eventually(t, "first poll", func() bool { return len(lines[storyLine](t, e.must("stories", "--json"))) == 1 })
	var mu sync.Mutex
	got := map[string]int{}
	subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet {
			io.WriteString(w, r.URL.Query().Get("hub.challenge"))
			return
		}
		var feed jsonFeedRead
		if err := json.Unmarshal(raw, &feed); err != nil {
			t.Error(err)
		}
		for _, it := range feed.Items {
			got[it.ID]++
		}
	}))
	t.Cleanup(subscriber.Close)
	resp, err := http.PostForm(second.base+"/hub", url.Values{"hub.mode": {"subscribe"}, "hub.topic": {"http://feeds.localhost/topics/all.json"}, "hub.callback": {subscriber.URL}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("the replica whose turn it is not answers %d", resp.StatusCode)
	}
	eventually(t, "subscription", func() bool { return first.counted(`aggregator_hub_subscriptions{state="live"}`) == 1 })
	told := func(n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == n }
	}
	put(2)
	e.poll("--force")
	eventually(t, "delivery", told(2))
	eventually(t, "note of it", func() bool { // a place in the log, behind both
		return regexp.MustCompile(`"hub at [^}]*"3"}}`).MatchString(e.must("store", "export"))
	})
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	put(2)
	e.poll("--force")
	eventually(t, "delivery by the other", told(4))
	second.stop()
	mu.Lock()
	defer mu.Unlock()
	for id, n := range got {
		if n != 1 {
			t.Errorf("%s was given %d times", id, n)
		}
	}
	if said := fmt.Sprint(second.said); !strings.Contains(said, "WebSub is this replica's turn") {
		t.Errorf("the other says\n%s", said)
	}
}
