package redis_test

import (
	"testing"

	"aggregator/internal/store"
	"aggregator/internal/store/redis"
	"aggregator/internal/store/redis/redistest"
	"aggregator/internal/store/storetest"
)

func TestContract(t *testing.T) {
	server := redistest.Start(t)
	storetest.Run(t, func(place string) (store.Store, error) {
		return redis.Open(t.Context(), redis.Address{URL: server.URL(), Prefix: place})
	})
}

func TestShared(t *testing.T) {
	server := redistest.Start(t)
	storetest.RunShared(t, func(t *testing.T) storetest.Place { return place(t, server) })
}

// place is a site of its own on a server.
func place(t *testing.T, server *redistest.Server) storetest.Place {
	prefix := t.Name()
	return storetest.Place{
		Open: func() (store.Shared, error) {
			return redis.Open(t.Context(), redis.Address{URL: server.URL(), Prefix: prefix})
		},
		Wipe: func(t *testing.T) { server.Do(t, "FLUSHALL") },
		Lose: server.Lose,
	}
}
