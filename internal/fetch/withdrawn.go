package fetch

import (
	"context"
	"net/http"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"

	"aggregator/internal/news"
)

// deleted are the ids of entries that a document says are no more: RFC 6721 3,
// whatever prefix it gives that namespace.
func deleted(x ext.Extensions) (refs []string) {
	for _, elements := range x {
		for _, e := range elements["deleted-entry"] {
			if ref := strings.TrimSpace(e.Attrs["ref"]); ref != "" {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// missing are the items that were taken out of the document, by ID: what stood
// before and behind them is still there. What a newer item pushed off the end,
// whichever end that is, is none.
func (m *memory) missing(prev []news.Seen) (ids []uint64) {
	var stood []news.Seen
	for _, s := range prev {
		if s.Gone == 0 {
			stood = append(stood, s)
		}
	}
	last := len(stood) - 1
	for ; last >= 0 && !m.here(stood[last]); last-- {
	}
	before := m.endsAsEver()
	for i := 0; i < last; i++ {
		switch here := m.here(stood[i]); {
		case here:
			before = true
		case before:
			ids = append(ids, stood[i].ID)
		}
	}
	return ids
}

func (m *memory) here(s news.Seen) bool {
	_, here := m.taken[s.ID]
	return here
}

// endsAsEver: the last entry is no new one. Documents that grow at their end
// lose what is first by and by.
func (m *memory) endsAsEver() bool {
	if len(m.entries) == 0 {
		return false
	}
	_, old := m.prev[m.entries[len(m.entries)-1].id]
	return old
}

// goneRedirects are followed to an article that moved.
const goneRedirects = 3

// Gone says that an article's address answers 410: it was there, and was
// withdrawn for good (RFC 9110 15.5.11). Any other answer, or none, says nothing.
func (c *Client) Gone(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return false
	}
	resp, err := c.Strangers(goneRedirects, dialTimeout).Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusGone
}
