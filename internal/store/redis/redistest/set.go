package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Set is servers that are one store's: one, a cluster, or a master with its
// replica and sentinels.
type Set struct {
	URL     string
	servers []*Server // that hold something
	lose    func(t testing.TB, during func())
}

// setEnv names the set to a test that runs itself again as a process, behind the
// number of the process that started it and the set's kind.
const setEnv = "REDISTEST_SET"

// set starts a set, or gives that of the process that started this one.
func set(t testing.TB, kind string, start func() *Set) *Set {
	t.Helper()
	var starter int
	var of, at string
	if n, _ := fmt.Sscan(os.Getenv(setEnv), &starter, &of, &at); n == 3 && starter != os.Getpid() && of == kind {
		return &Set{URL: at}
	}
	s := start()
	t.Setenv(setEnv, fmt.Sprint(os.Getpid(), " ", kind, " ", s.URL))
	return s
}

// One is a set of one server.
func One(t testing.TB) *Set {
	t.Helper()
	return set(t, "one", func() *Set {
		s := Start(t)
		one := &Set{URL: s.URL(), servers: []*Server{s}}
		one.lose = one.restore
		return one
	})
}

// slots are those of a cluster.
const slots = 16384

// Cluster is a set of three masters.
func Cluster(t testing.TB) *Set {
	t.Helper()
	return set(t, "cluster", func() *Set {
		c := &Set{}
		var at, buses []string
		for range 3 {
			_, bus, _ := net.SplitHostPort(free(t))
			s := Start(t, "--cluster-enabled", "yes", "--cluster-port", bus)
			c.servers, at, buses = append(c.servers, s), append(at, s.Address), append(buses, bus)
		}
		for i, s := range c.servers {
			s.Do(t, "CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(i*slots/3), fmt.Sprint((i+1)*slots/3-1))
			host, port, _ := net.SplitHostPort(s.Address)
			c.servers[0].Do(t, "CLUSTER", "MEET", host, port, buses[i])
		}
		c.URL = "redis+cluster://" + strings.Join(at, ",")
		c.whole(t)
		c.lose = func(t testing.TB, during func()) {
			c.restore(t, during)
			c.whole(t)
		}
		return c
	})
}

// whole waits until all nodes know of all slots.
func (c *Set) whole(t testing.TB) {
	t.Helper()
	for _, s := range c.servers {
		s.until(t, "cluster_state:ok", "CLUSTER", "INFO")
		s.until(t, "cluster_known_nodes:3", "CLUSTER", "INFO")
	}
}

// Sentinel is a set of a master, a replica and three sentinels. It survives one
// failover.
func Sentinel(t testing.TB) *Set {
	t.Helper()
	return set(t, "sentinel", func() *Set {
		master := Start(t)
		replica := Start(t, "--replicaof", strings.Replace(master.Address, ":", " ", 1), "--repl-diskless-sync-delay", "0")
		replica.until(t, "master_link_status:up", "INFO", "replication")
		var sentinels []*Server
		var at []string
		for range 3 {
			s := startSentinel(t, master, "mymaster", 2)
			sentinels, at = append(sentinels, s), append(at, s.Address)
		}
		for _, s := range sentinels {
			s.until(t, "slaves=1,sentinels=3", "INFO", "sentinel")
		}
		lose := func(t testing.TB, during func()) {
			replica.follow(t, master)
			// The replica falls behind: its master talks to it no more.
			master.Do(t, "ACL", "SETUSER", "default", "-psync", "-sync")
			master.Do(t, "CLIENT", "KILL", "TYPE", "replica")
			during()
			master.Kill()
			replica.until(t, "role:master", "INFO", "replication")
		}
		return &Set{URL: "redis+sentinel://" + strings.Join(at, ",") + "/mymaster", servers: []*Server{master, replica}, lose: lose}
	})
}

// follow waits until a replica has all that its master has now.
func (s *Server) follow(t testing.TB, master *Server) {
	t.Helper()
	want := master.Figure(t, "replication", "master_repl_offset")
	for deadline := time.Now().Add(30 * time.Second); s.Figure(t, "replication", "slave_repl_offset") < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the replica does not follow")
		}
	}
}

// Wipe empties all servers that run.
func (c *Set) Wipe(t *testing.T) {
	t.Helper()
	for _, s := range c.servers {
		if answer, err := s.ask("FLUSHALL"); err == nil && answer != "+OK" && !strings.HasPrefix(answer, "-READONLY") {
			t.Fatal(answer)
		}
	}
}

// Lose has what is written during be lost.
func (c *Set) Lose(t *testing.T, during func()) {
	t.Helper()
	c.lose(t, during)
}

// restore has the servers go back to what they held before, as those do that are
// restored from a dump.
func (c *Set) restore(t testing.TB, during func()) {
	t.Helper()
	dumps := map[string][]byte{}
	for _, s := range c.servers {
		s.Do(t, "SAVE")
		file := filepath.Join(s.dir, "dump.rdb")
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dumps[file] = kept
	}
	during()
	for _, s := range c.servers {
		s.Kill()
	}
	for file, kept := range dumps {
		if err := os.WriteFile(file, kept, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range c.servers {
		s.Run(t)
	}
}
