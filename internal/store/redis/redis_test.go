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
