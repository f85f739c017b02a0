package websub

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"aggregator/internal/news"
)

// Two marks keep a subscription, for one of them changes with every delivery:
// "hub ID" is what was asked, "hub at ID" how far it is.
const (
	hubMark = "hub "
	atMark  = "hub at "
)

// agreed is what a subscriber asked for and confirmed.
type agreed struct {
	Topic    string    `json:"topic"` // WebSub's: the document's address
	Callback string    `json:"callback"`
	Secret   string    `json:"secret,omitempty"`
	Until    time.Time `json:"until"` // end of the lease
}

// progress is how far a subscriber is.
type progress struct {
	// cursor is the position up to which it was given everything.
	cursor   news.Position
	failures int       // in a row
	next     time.Time // no try before it, after a failure
}

// id names a subscription: WebSub 5.1 knows it by topic and callback.
func id(topic, callback string) string {
	sum := sha256.Sum256([]byte(topic + "\n" + callback))
	return hex.EncodeToString(sum[:10])
}

func (a agreed) String() string {
	raw, err := json.Marshal(a)
	if err != nil {
		panic(err) // strings and a time
	}
	return string(raw)
}

func (p progress) String() string {
	if p.failures == 0 {
		return fmt.Sprint(uint64(p.cursor))
	}
	return fmt.Sprintf("%d %d %d", p.cursor, p.failures, p.next.Unix())
}

func parseProgress(s string) (p progress, err error) {
	var at uint64
	var next int64
	if strings.Contains(s, " ") {
		_, err = fmt.Sscanf(s, "%d %d %d", &at, &p.failures, &next)
		p.next = time.Unix(next, 0)
	} else {
		_, err = fmt.Sscanf(s, "%d", &at)
	}
	p.cursor = news.Position(at)
	return p, err
}

const (
	firstBackoff   = 5 * time.Second
	longestBackoff = time.Hour
)

// backoff is how long a subscriber is left alone after so many failures in a
// row: twice as long each time, up to an hour, and up to a quarter more or less,
// so that those who failed together do not come back together. What it is for a
// subscriber is decided by its id.
func backoff(id string, failures int) time.Duration {
	wait := longestBackoff
	if failures < 11 {
		wait = min(longestBackoff, firstBackoff<<(max(failures, 1)-1))
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", id, failures))
	part := time.Duration(binary.BigEndian.Uint16(sum[:])) // of 65536
	return wait*3/4 + wait/2*part/65536
}

// failed is the progress after another failure.
func (p progress) failed(id string, now time.Time) progress {
	p.failures++
	p.next = now.Add(backoff(id, p.failures))
	return p
}

// given is the progress after a delivery up to a position.
func (p progress) given(to news.Position) progress {
	return progress{cursor: max(p.cursor, to)}
}
