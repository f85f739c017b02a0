package main

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"aggregator/internal/store/redis/redistest"
)

// onRedis is a configuration with its store there, under a prefix. No other line
// moves: stories name the lines of their rules.
func onRedis(config string, server *redistest.Server, prefix string) string {
	return config + fmt.Sprintf("store: { url: %s, prefix: %s }\n", server.URL(), prefix)
}

// From a folder to Redis, to another Redis, and back: the same bytes, in backups
// and feeds, and the same memory.
func TestMoveToRedisAndBack(t *testing.T) {
	server := redistest.Start(t)
	o := recordedOutlets(t)
	config := recordedConfig(o, "listen: 127.0.0.1:0\nurl: https://feeds.example.org\n")
	folder := newDesk(t, config)
	folder.poll()
	r := folder.start()
	before := published(r)
	r.stop()
	backup := folder.must("store", "export")
	for step, config := range []string{onRedis(config, server, "one"), onRedis(config, server, "two"), config} {
		d := newDesk(t, config)
		d.write("backup.jsonl", backup)
		d.says([]string{"store", "import", "backup.jsonl"}, "stories", strconv.Itoa(recordedStories))
		if again := d.must("store", "export"); again != backup {
			t.Errorf("step %d: exported, imported, exported:\n%s", step, firstDifference(again, backup))
		}
		d.run("store", "import", "backup.jsonl").wants(t, failed, "empty")
		r := d.start()
		sameBytes(t, fmt.Sprint("moved, step ", step), before, published(r))
		o.forget()
		if report := d.poll("--force"); report.Items.New != 0 || o.answers(200) != 0 {
			t.Errorf("step %d: a moved store does not know its items: %+v", step, report)
		}
		r.stop()
	}
}

// On Redis no command needs the daemon, and none needs it gone.
func TestCommandsBesideDaemonOnRedis(t *testing.T) {
	server := redistest.Start(t)
	o := recordedOutlets(t)
	d := newDesk(t, onRedis(recordedConfig(o, "listen: 127.0.0.1:0\n"), server, "beside"))
	d.run("match", "*").wants(t, done, "nothing is kept yet")
	d.poll()
	r := d.start()
	defer r.stop()
	for _, args := range [][]string{{"sources"}, {"topics"}, {"stories"}, {"explain", "meridian-4711"}, {"store", "stats"}, {"store", "export"}, {"check", "--diff"}, {"match", "*"}} {
		if out := d.must(args...); out == "" {
			t.Errorf("%v says nothing", args)
		}
	}
	d.run("reload").wants(t, failed, "when it is saved, or on SIGHUP")
}

// While Redis is away nothing is polled, and what was published stays.
func TestRedisGoesAway(t *testing.T) {
	server := redistest.Start(t)
	o := recordedOutlets(t)
	d := newDesk(t, onRedis(recordedConfig(o, "listen: 127.0.0.1:0\n"), server, "away"))
	d.poll()
	r := d.start()
	defer r.stop()
	before := r.get("/topics/china.atom")
	server.Kill()
	if after := r.get("/topics/china.atom"); after.status != http.StatusOK || after.body != before.body {
		t.Errorf("without Redis the feed is %d %s", after.status, after.body)
	}
	d.run("poll").wants(t, failed, "store "+server.URL()+": ", "nothing listens there")
	server.Run(t)
}

// A Redis that is full takes a poll whole or not at all, and says why.
func TestFullRedis(t *testing.T) {
	server := redistest.Start(t)
	o := recordedOutlets(t)
	d := newDesk(t, onRedis(recordedConfig(o, "listen: \"\"\n"), server, "full"))
	d.poll()
	before := d.must("store", "export")
	server.Do(t, "CONFIG", "SET", "maxmemory", "1mb")
	o.put("/"+recorded[0][1], "application/rss+xml", `<rss version="2.0"><channel><title>Full</title><link>https://full.example/</link><item><guid>full-1</guid><title>Too much</title></item></channel></rss>`)
	d.run("poll", "--force").wants(t, failed, "poll not committed", "it is full (maxmemory): give it more, or shorten `retain`")
	if after := d.must("store", "export"); after != before {
		t.Errorf("a poll that was refused left something:\n%s", firstDifference(after, before))
	}
	server.Do(t, "CONFIG", "SET", "maxmemory", "0")
	d.poll("--force")
	d.says([]string{"stories", "--json"}, "full-1")
}
