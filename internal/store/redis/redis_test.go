package redis_test

import (
	"testing"

	"aggregator/internal/store"
	"aggregator/internal/store/redis"
	"aggregator/internal/store/redis/redistest"
	"aggregator/internal/store/storetest"
)

// sets are what a store may be on.
var sets = map[string]func(testing.TB) *redistest.Set{"one": redistest.One, "cluster": redistest.Cluster, "sentinel": redistest.Sentinel}

func TestStore(t *testing.T) {
	for kind, start := range sets {
		t.Run(kind, func(t *testing.T) {
			set := start(t)
			open := func(prefix string) (*redis.Store, error) {
				return redis.Open(t.Context(), redis.Address{URL: set.URL, Prefix: prefix})
			}
			t.Run("contract", func(t *testing.T) {
				storetest.Run(t, func(place string) (store.Store, error) { return open(place) })
			})
			t.Run("shared", func(t *testing.T) {
				storetest.RunShared(t, func(t *testing.T) storetest.Place {
					return storetest.Place{Open: func() (store.Shared, error) { return open(t.Name()) }, Wipe: set.Wipe, Lose: set.Lose}
				})
			})
		})
	}
}
