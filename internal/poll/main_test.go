package poll

import (
	"os"
	"testing"

	"aggregator/internal/store"
)

// TestMain makes the codec, which lasts as long as the process, outside of any
// test's bubble of time.
func TestMain(m *testing.M) {
	store.NewCodec()
	os.Exit(m.Run())
}
