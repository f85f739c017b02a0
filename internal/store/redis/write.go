package redis

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"aggregator/internal/news"
	"aggregator/internal/store"
)

//go:embed shelf.lua
var shelfLua string

//go:embed chain.lua
var chainLua string

//go:embed claims.lua
var claimsLua string

//go:embed follow.lua
var followLua string

//go:embed append.lua
var appendLua string

//go:embed expire.lua
var expireLua string

//go:embed count.lua
var countLua string

//go:embed claim.lua
var claimLua string

//go:embed release.lua
var releaseLua string

//go:embed lease.lua
var leaseLua string

// scripts are the steps that must be whole.
type scripts struct {
	append, follow, expire, count, claim, release, lease *redis.Script
}

func newScripts() scripts {
	return scripts{
		append: redis.NewScript(shelfLua + chainLua + claimsLua + appendLua), expire: redis.NewScript(shelfLua + expireLua),
		count: redis.NewScript(countLua), follow: redis.NewScript(chainLua + followLua),
		claim: redis.NewScript(claimsLua + claimLua), release: redis.NewScript(claimsLua + releaseLua), lease: redis.NewScript(leaseLua),
	}
}

// What the append script says instead of the log's end.
const (
	movedOn    = -1
	anotherLog = -2
	newer      = -3
)

// Append implements store.Store: one script.
func (s *Store) Append(ctx context.Context, at news.Position, b store.Batch) (news.Position, error) {
	return s.append(ctx, at, anyChain, newChain(), false, b)
}

const anyChain = "*"

// errNewer: replicas are renewed one by one.
var errNewer = errors.New("a newer aggregator has changed the layout: renew this one, too")

// newChain is what the log's end is called after an append.
func newChain() string { return rand.Text()[:8] }

// append keeps a batch at a position of the log with that chain, or, where it
// may be anywhere, behind it.
func (s *Store) append(ctx context.Context, at news.Position, chain, after string, anywhere bool, b store.Batch) (news.Position, error) {
	if err := ctx.Err(); err != nil {
		return at, err
	}
	args, err := s.arguments(b, schema, name(at), chain, after, s.shelf(""), s.key("host "), s.owner, anywhere)
	if err != nil {
		return at, err
	}
	keys := []string{s.key("meta"), s.key("log"), s.key("items"), s.key("stories"), s.key("polls"), s.key("marks"), s.key("topics"), s.key("claims")}
	end, err := s.scripts.append.Run(ctx, s.db, keys, args...).Int64()
	switch {
	case err != nil:
		return at, s.wrap(err)
	case end == movedOn:
		return at, s.wrap(store.ErrBehind)
	case end == anotherLog:
		return at, s.wrap(store.ErrLost)
	case end == newer:
		return at, s.wrap(errNewer)
	}
	return news.Position(end), nil
}

// arguments are a batch as append.lua takes it, behind what it takes first.
func (s *Store) arguments(b store.Batch, args ...any) ([]any, error) {
	args = append(args, len(b.Decisions))
	for _, d := range b.Decisions {
		args = append(args, store.EncodeDecision(d))
	}
	args = append(args, len(b.Items))
	for _, pos := range slices.Sorted(maps.Keys(b.Items)) {
		raw, err := s.codec.Encode(b.Items[pos])
		if err != nil {
			return nil, s.wrap(fmt.Errorf("item %d: %w", pos, err))
		}
		args = append(args, name(pos), raw)
	}
	args = append(args, len(b.Stories))
	for _, st := range b.Stories {
		raw, err := s.codec.Encode(st)
		if err != nil {
			return nil, s.wrap(fmt.Errorf("story %d: %w", st.Pos, err))
		}
		args = append(args, name(st.Pos), -st.Published.UnixMilli(), append(places(st), raw...))
	}
	args = append(args, len(b.Polls))
	for _, p := range b.Polls {
		args = append(args, p.Source, pollRecord(p))
	}
	args = append(args, len(b.Marks))
	for name, v := range b.Marks {
		args = append(args, name, v)
	}
	return args, nil
}

// pollRecord opens with the due moment, as claim.lua reads it.
func pollRecord(p news.Poll) []byte {
	due := uint64(max(p.Next.UnixMilli(), 0))
	return append(binary.BigEndian.AppendUint64(nil, due), store.EncodePoll(p)...)
}

// places are where a story stands on the shelf, as shelf.lua reads them: what it
// is called there, and its topics. The score puts the newest first; stories of one
// moment are in order of ID.
func places(st news.Story) []byte {
	if len(st.Topics) == 0 {
		return []byte{0, 0}
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(1+len(st.Topics)))
	b = appendString(b, member(st))
	for _, f := range st.Topics {
		b = appendString(b, f.Topic)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// withoutPlaces is the story in a story's record.
func withoutPlaces(record string) (string, error) {
	errShort := fmt.Errorf("%w: a story's record is cut off", store.ErrCorrupt)
	if len(record) < 2 {
		return "", errShort
	}
	count := binary.BigEndian.Uint16([]byte(record[:2]))
	record = record[2:]
	for range count {
		if len(record) < 2 {
			return "", errShort
		}
		n := int(binary.BigEndian.Uint16([]byte(record[:2])))
		if len(record) < 2+n {
			return "", errShort
		}
		record = record[2+n:]
	}
	return record, nil
}

// A story is called on the shelf by its ID, which breaks ties, then by where it is
// kept. A UUID, as all are, is packed: there are as many of these as places.
const (
	packedID = 0
	plainID  = 1
)

func member(st news.Story) string {
	id := append([]byte{plainID}, st.ID...)
	if raw, err := hex.DecodeString(strings.ReplaceAll(st.ID, "-", "")); err == nil && uuid(raw) == st.ID {
		id = append([]byte{packedID}, raw...)
	}
	return string(binary.BigEndian.AppendUint64(id, uint64(st.Pos)))
}

func memberID(member string) string {
	id := member[1 : len(member)-8]
	if member[0] == packedID {
		return uuid([]byte(id))
	}
	return id
}

func uuid(raw []byte) string {
	if len(raw) != 16 {
		return ""
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

// shelf is the key of a topic's stories.
func (s *Store) shelf(topic string) string { return s.key("shelf ") + topic }

// expireStep bounds how long everybody else waits for forgetting.
const expireStep = 500

// Expire implements store.Store.
func (s *Store) Expire(ctx context.Context, to news.Position) error {
	keys := []string{s.key("meta"), s.key("log"), s.key("items"), s.key("stories"), s.key("topics")}
	for {
		n, err := s.scripts.expire.Run(ctx, s.db, keys, name(to), s.shelf(""), expireStep, newChain()).Int()
		if err != nil {
			return s.wrap(err)
		}
		if n < expireStep {
			return nil
		}
	}
}
