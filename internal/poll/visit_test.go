package poll

import (
	"strings"
	"testing"
	"time"

	"aggregator/internal/news"
)

// TestPanicOverItems: what breaks the reader costs that poll, and is asked for
// again: the validators stay those from before.
func TestPanicOverItems(t *testing.T) {
	now := time.Date(2026, 5, 5, 12, 0, 0, 0, time.UTC)
	prev := news.Poll{Source: "a", ETag: "old", Failures: 1}
	v := &visit{source: &Source{Source: news.Source{Key: "a"}}, prev: prev}
	v.Poll, v.Received = news.Poll{Source: "a", ETag: "new"}, 3
	v.guarded(func() { panic("half way") }, now)
	if v.Err == nil || !strings.Contains(v.Err.Error(), "half way") || v.Poll.Error == "" {
		t.Errorf("said %v, kept %q", v.Err, v.Poll.Error)
	}
	if v.Poll.ETag != "old" || v.Poll.Failures != 2 || !v.Poll.Last.Equal(now) || v.Received+v.Known+len(v.Items) != 0 {
		t.Errorf("left %+v", v)
	}
	sound := &visit{source: v.source, prev: prev}
	if sound.guarded(func() { sound.Received = 1 }, now); sound.Received != 1 || sound.Err != nil {
		t.Errorf("what is sound is %+v", sound)
	}
}
