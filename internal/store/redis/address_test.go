package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aggregator/internal/store"
	"aggregator/internal/store/redis"
	"aggregator/internal/store/redis/redistest"
)

// tlsServer is one that speaks TLS only, by a certificate for 127.0.0.1.
func tlsServer(t *testing.T, by *redistest.Authority, host string, args ...string) *redistest.Server {
	cert, key := by.Sign(t, host)
	return redistest.StartTLS(t, append([]string{"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", by.CAFile}, args...)...)
}

// Every fault that people meet, at real servers: the message says what is wrong,
// and what to write instead.
func TestFaults(t *testing.T) {
	plain := redistest.Start(t)
	secret := redistest.Start(t, "--requirepass", "secret")
	trusted, other := redistest.NewAuthority(t), redistest.NewAuthority(t)
	secure := tlsServer(t, trusted, "127.0.0.1", "--tls-auth-clients", "no")
	misnamed := tlsServer(t, trusted, "redis.example", "--tls-auth-clients", "no")
	mutual := tlsServer(t, trusted, "127.0.0.1", "--tls-auth-clients", "yes")
	strangerCert, strangerKey := other.Sign(t, "")
	node := redistest.Start(t, "--cluster-enabled", "yes")
	evicting := redistest.Start(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	replica := redistest.Start(t, "--replicaof", "127.0.0.1 1")
	sentinel := redistest.StartSentinel(t, plain, "mymaster")
	plain.Do(t, "ACL", "SETUSER", "limited", "on", ">limited", "~*", "+@read", "+info")
	plain.Do(t, "HSET", "{later}meta", "schema", "9")
	old := "redis_version:6.2.14\r\n"
	nobody := "127.0.0.1:1"

	for _, c := range []struct {
		name string
		at   redis.Address
		want string
	}{
		{"unknown host", redis.Address{URL: "redis://redis.invalid:6379"}, "no such host"},
		{"refused port", redis.Address{URL: "redis://" + nobody}, "nothing listens there"},
		{"no socket", redis.Address{URL: "unix://" + filepath.Join(t.TempDir(), "none.sock")}, "no such socket"},
		{"wrong password", redis.Address{URL: secret.URL(), Password: "wrong"}, "wrong user or password"},
		{"unknown user", redis.Address{URL: secret.URL(), User: "nobody", Password: "secret"}, "wrong user or password"},
		{"missing password", redis.Address{URL: secret.URL()}, "it wants a password: write `password_file`"},
		{"wrong database", redis.Address{URL: plain.URL() + "/99"}, "no database of that number"},
		{"TLS to a plain server", redis.Address{URL: "rediss://" + plain.Address, Patience: 300 * time.Millisecond}, "if it speaks no TLS, write redis:// for rediss://"},
		{"plain to a TLS server", redis.Address{URL: secure.URL()}, "if it wants TLS, write rediss://"},
		{"unknown authority", redis.Address{URL: "rediss://" + secure.Address}, "signed by nobody we trust"},
		{"another authority", redis.Address{URL: "rediss://" + secure.Address, CAFile: other.CAFile}, "signed by nobody we trust"},
		{"wrong name", redis.Address{URL: "rediss://" + misnamed.Address, CAFile: trusted.CAFile}, "certificate is for another name"},
		{"missing client certificate", redis.Address{URL: "rediss://" + mutual.Address, CAFile: trusted.CAFile}, "wants a client certificate"},
		{"a stranger's client certificate", redis.Address{URL: "rediss://" + mutual.Address, CAFile: trusted.CAFile, CertFile: strangerCert, KeyFile: strangerKey}, "does not trust our client certificate"},
		{"unknown master", redis.Address{URL: "redis+sentinel://" + sentinel.Address + "/other"}, "know no master of that name"},
		{"no sentinel there", redis.Address{URL: "redis+sentinel://" + nobody + "/mymaster"}, "nothing listens there"},
		{"a server for a sentinel", redis.Address{URL: "redis+sentinel://" + plain.Address + "/mymaster"}, "it is no sentinel"},
		{"a sentinel for a server", redis.Address{URL: "redis://" + sentinel.Address}, "it is a sentinel"},
		{"a node for a server", redis.Address{URL: node.URL()}, "write redis+cluster:// for redis://"},
		{"a server for a cluster", redis.Address{URL: "redis+cluster://" + plain.Address}, "write redis:// for redis+cluster://"},
		{"a broken cluster", redis.Address{URL: "redis+cluster://" + node.Address}, "the cluster is not whole"},
		{"a replica", redis.Address{URL: replica.URL()}, "it is a replica"},
		{"an old version", redis.Address{URL: "redis://" + redistest.Fake(t, map[string]string{"INFO": fmt.Sprintf("$%d\r\n%s\r\n", len(old), old), "CLIENT": "+OK\r\n"})}, "Redis 6.2.14 is too old: 7.0 or newer"},
		{"a newer layout", redis.Address{URL: plain.URL(), Prefix: "later"}, "layout 9 is newer than this aggregator knows (1): use the newer one"},
		{"a server that forgets", redis.Address{URL: evicting.URL()}, "maxmemory-policy is allkeys-lru, so that a full Redis would forget stories without a word: set it to noeviction"},
		{"a user without rights", redis.Address{URL: plain.URL(), User: "limited", Password: "limited"}, "the user may not do that"},
		{"silence", redis.Address{URL: "redis://" + redistest.Fake(t, map[string]string{"HELLO": "", "INFO": ""}), Patience: 100 * time.Millisecond}, "does not answer in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			s, err := redis.Open(t.Context(), c.at)
			if err == nil {
				_, err = s.Append(t.Context(), 0, store.Batch{Marks: map[string]string{"a": "b"}})
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "store "+c.at.URL+": ") {
				t.Errorf("it says %v, want %q in it", err, c.want)
			}
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("it says so after %s", took)
			}
			t.Log(err)
		})
	}
}

// What is right opens, and keeps.
func TestAddresses(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "redis.sock")
	plain := redistest.Start(t, "--unixsocket", socket, "--maxmemory", "100mb", "--maxmemory-policy", "noeviction")
	secret := redistest.Start(t, "--requirepass", "secret")
	trusted := redistest.NewAuthority(t)
	mutual := tlsServer(t, trusted, "127.0.0.1", "--tls-auth-clients", "yes", "--user", "u", "on", ">p~w", "~{aggregator}*", "&*", "+@all", "-@admin", "-@dangerous", "+info", "+cluster")
	cert, key := trusted.Sign(t, "")
	sentinel := redistest.StartSentinel(t, plain, "mymaster")
	guarded := redistest.StartSentinel(t, secret, "mymaster", "requirepass secret", "sentinel auth-pass mymaster secret")
	for name, at := range map[string]redis.Address{
		"redis":              {URL: plain.URL()},
		"a database":         {URL: plain.URL() + "/3"},
		"a socket":           {URL: "unix://" + socket},
		"a socket's 4":       {URL: "unix://" + socket + "?db=4"},
		"a password":         {URL: secret.URL(), Password: "secret"},
		"all of TLS":         {URL: "rediss://" + mutual.Address, User: "u", Password: "p~w", CAFile: trusted.CAFile, CertFile: cert, KeyFile: key},
		"a sentinel":         {URL: "redis+sentinel://" + sentinel.Address + "/mymaster/5"},
		"one of two":         {URL: "redis+sentinel://127.0.0.1:1," + sentinel.Address + "/mymaster/6"},
		"a guarded sentinel": {URL: "redis+sentinel://" + guarded.Address + "/mymaster/7", Password: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := redis.Open(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if at, err := s.Append(t.Context(), 0, store.Batch{Marks: map[string]string{"a": "b"}}); err != nil || at != 0 {
				t.Errorf("nothing is kept: %d, %v", at, err)
			}
			if marks, err := s.Marks(t.Context()); err != nil || len(marks) != 1 {
				t.Errorf("kept is %v, %v", marks, err)
			}
			if _, err := s.Stats(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A server that accepts and says no more holds nobody longer than their context.
func TestSilence(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = redis.Open(ctx, redis.Address{URL: "redis://" + l.Addr().String()})
	if !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "does not answer") || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}
