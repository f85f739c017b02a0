package storetest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"aggregator/internal/news"
)

// The test binary runs itself again as the process to be killed; these name
// the store's place to it.
const childEnv = "STORETEST_PLACE"

const kills, perBatch = 12, 5

// child appends until it is killed, and says where the log ends after each
// append that the store acknowledged.
func child(t *testing.T, s *site) bool {
	place := os.Getenv(childEnv)
	if place == "" {
		return false
	}
	s.place = place
	s.start()
	for {
		s.append(news1(s.at(), perBatch, "World"))
		fmt.Printf("\nkept %d\n", s.at())
	}
}

// killed: whatever moment SIGKILL comes at, what was acknowledged is kept, and
// every batch is whole.
func killed(t *testing.T, s *site) {
	s.stop()
	acknowledged := news.Position(0)
	for range kills {
		acknowledged = max(acknowledged, killOne(t, s.place))
	}
	s.start()
	at := s.at()
	if at < acknowledged || at%perBatch != 0 {
		t.Errorf("the log ends at %d; %d was acknowledged, batches are of %d", at, acknowledged, perBatch)
	}
	got := s.everything()
	for what, n := range map[string]int{"log": len(got["log"].([]news.Decision)), "items": len(got["items"].(map[news.Position]news.Item)), "stories": len(got["stories"].([]news.Story)), "shelf": got["counts"].(map[string]int)["World"]} {
		if n != int(at) {
			t.Errorf("%s holds %d, the log ends at %d", what, n, at)
		}
	}
	if want := fmt.Sprint("r", at-perBatch); got["mark"] != want {
		t.Errorf("mark %v, want %s", got["mark"], want)
	}
	t.Logf("killed %d times at %d acknowledged of %d kept decisions", kills, acknowledged, at)
}

func killOne(t *testing.T, place string) (last news.Position) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), childEnv+"="+place)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	after := 1 + rand.IntN(20)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, found := strings.CutPrefix(lines.Text(), "kept ")
		if !found {
			continue
		}
		at, err := strconv.ParseUint(n, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		last = news.Position(at)
		if after--; after == 0 {
			cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil || after > 0 {
		t.Fatalf("the child ended by itself (%v) after position %d", err, last)
	}
	return last
}
