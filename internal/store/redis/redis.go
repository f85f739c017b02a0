// Package redis is the twin of the store that several processes share: Redis
// 7.0 or newer, or Valkey.
//
// Key layout. All keys of a site begin with {PREFIX}, a hash tag, so that they
// are in one slot of a cluster and one script may change them together:
//
//	meta        hash: schema, the layout's version; at, the log's end; chain,
//	            which changes with every append that moves it; gone, the last
//	            position that expired, and before, the chain there
//	log         stream, a decision an entry (d), its position the entry's id; the
//	            last of an append has the chain after it (c)
//	items       hash position → item of that decision
//	stories     hash position of birth → its places on the shelf, then the story
//	shelf TOPIC sorted set of ID and position, packed, by -published in milliseconds
//	topics      set of the topics that have a shelf
//	polls       hash source → its due moment, then the poll
//	marks       hash name → value
//	claims      hash source → end, owner and host of the claim on it
//	host HOST   sorted set of the sources of a host that are claimed, by end
//	spacing HOST  until when its next source waits
//	rests       hash origin → until when none of it is claimed
//	lease NAME  who has it
//
// A story's record opens with its places on the shelf, so that the script that
// replaces it can take it off without a round trip to ask where it was.
//
// redis.go opens, address.go reads addresses, explain.go says what is wrong with one,
// write.go and its scripts change, read.go and shelf.go read; shared.go is how
// several processes follow one log, claim.go how they share the sources. The room is
// large: a server that others look after can be wrong in many ways, and several
// processes need more of a store than one.
package redis

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

const (
	schema        = "1"
	defaultPrefix = "aggregator"
)

// Store is one site on a Redis. It implements store.Shared.
type Store struct {
	db      redis.UniversalClient
	at      Address
	tag     string
	codec   *store.Codec
	scripts scripts
	trips   atomic.Int64
	owner   string // of our claims
	calls   atomic.Int64
	waiting sync.WaitGroup // who waits for the log to grow
}

var _ store.Shared = (*Store)(nil)

// Open reaches the Redis at an address and looks whether it is fit: its version,
// what it does when full, and the layout of what it holds. It writes nothing. The
// error says which of address, name, password, TLS or version is wrong.
func Open(ctx context.Context, a Address) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*a.patience())
	defer cancel()
	s, err := open(ctx, a)
	if err != nil && strings.HasPrefix(a.URL, "redis+sentinel:") && strings.Contains(err.Error(), "NOAUTH") && a.Password != "" {
		// The sentinels have a password, too.
		a.sentinelUser, a.sentinelPassword = a.User, a.Password
		return open(ctx, a)
	}
	return s, err
}

func open(ctx context.Context, a Address) (*Store, error) {
	quiet()
	db, err := a.client()
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", a, err)
	}
	s := &Store{db: db, at: a, tag: "{" + a.prefix() + "}", codec: store.NewCodec(), scripts: newScripts(), owner: rand.Text()[:8] + "."}
	db.AddHook(counter{&s.trips})
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(s.wrap(err), db.Close())
	}
	return s, nil
}

// quiet: what the client would print, its errors say as well.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// key is a key of the site.
func (s *Store) key(parts ...string) string { return s.tag + strings.Join(parts, " ") }

func (s *Store) wrap(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("store %s: %w", s.at, s.at.explain(err))
}

func (s *Store) prepare(ctx context.Context) error {
	if err := s.fit(ctx); err != nil {
		return err
	}
	found, err := s.db.HGet(ctx, s.key("meta"), "schema").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if found != "" && found != schema {
		return fmt.Errorf("layout %s is newer than this aggregator knows (%s): use the newer one, or give this one another `prefix`", found, schema)
	}
	return nil
}

// fit refuses a server, or a cluster with a node, that we cannot keep things at.
// One that does not let us ask is trusted.
func (s *Store) fit(ctx context.Context) error {
	cluster, is := s.db.(*redis.ClusterClient)
	if !is {
		info, err := s.db.Info(ctx).Result()
		return cmp.Or(allowed(err), fit(info, false))
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.Info(ctx).Result()
		return cmp.Or(allowed(err), fit(info, true))
	})
}

// allowed is an error but that we may not ask.
func allowed(err error) error {
	if err != nil && forbidden(err) {
		return nil
	}
	return err
}

// fit judges by what INFO says; what it does not say is trusted.
func fit(info string, cluster bool) error {
	if v, old := tooOld(info); old {
		return fmt.Errorf("Redis %s is too old: 7.0 or newer is needed, or Valkey", v)
	}
	switch mode := field(info, "redis_mode"); {
	case mode == "sentinel":
		return errors.New("it is a sentinel: write redis+sentinel://HOST,HOST/MASTER")
	case mode == "cluster" && !cluster:
		return errors.New("it is a node of a cluster: write redis+cluster:// for redis://")
	case field(info, "role") == "slave":
		return errors.New("it is a replica, and takes nothing: write the address of its master, or of its sentinels")
	}
	policy := field(info, "maxmemory_policy")
	if field(info, "maxmemory") == "0" || policy == "" || policy == "noeviction" {
		return nil
	}
	return fmt.Errorf("maxmemory-policy is %s, so that a full Redis would forget stories without a word: set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf), or give the site a Redis of its own", policy)
}

// field is the value of a line of INFO.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// tooOld reads the version; Valkey calls itself a Redis 7.2 there.
func tooOld(info string) (version string, old bool) {
	version = field(info, "redis_version")
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	return version, err == nil && n < 7
}

// Close lets the connections go.
func (s *Store) Close() error {
	err := s.db.Close()
	s.waiting.Wait()
	return s.wrap(err)
}

// Trips is how many round trips were made so far.
func (s *Store) Trips() int64 { return s.trips.Load() }

func name(p news.Position) string { return strconv.FormatUint(uint64(p), 10) }

func position(s string) (news.Position, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is no position", store.ErrCorrupt, s)
	}
	return news.Position(n), nil
}
