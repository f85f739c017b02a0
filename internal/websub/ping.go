package websub

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"log/slog"
)

const (
	// pingSettle is how long a change waits for others.
	pingSettle = 500 * time.Millisecond
	// mostPings is how often a hub that fails is told of one change.
	mostPings = 10
)

// A Pinger tells somebody else's hub, which our feeds name, that they changed.
// What it has not told when the program ends is not told: who asks the hub then
// hears of it with the next change.
type Pinger struct {
	log *slog.Logger

	mu      sync.Mutex
	site    Site
	changed map[string]bool // Self of documents
	wake    chan struct{}
}

// NewPinger gives one that tells nobody yet.
func NewPinger(log *slog.Logger) *Pinger {
	return &Pinger{log: log, changed: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// Use gives it another site.
func (p *Pinger) Use(site Site) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.site = site
}

// Changed says that stories of these topics came, changed or went; nil stands
// for all. It only takes note.
func (p *Pinger) Changed(topics []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.site.Ping == "" {
		return
	}
	for _, d := range p.site.Documents {
		if d.Refused == "" && (topics == nil || slices.Contains(topics, d.Topic)) {
			p.changed[d.Self] = true
		}
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run tells the hub until ctx ends.
func (p *Pinger) Run(ctx context.Context) error {
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		}
		for wait := pingSettle; wait > 0; {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(wait):
			}
			failures, wait = p.tell(ctx, failures)
		}
	}
}

// tell tells of what changed, together, and says when to try again if that
// failed.
func (p *Pinger) tell(ctx context.Context, failures int) (int, time.Duration) {
	p.mu.Lock()
	site, changed := p.site, p.changed
	p.changed = map[string]bool{}
	p.mu.Unlock()
	if len(changed) == 0 || site.Ping == "" {
		return 0, 0
	}
	err := ping(ctx, site, slices.Sorted(maps.Keys(changed)))
	if err == nil {
		return 0, 0
	}
	failures++
	if failures == 1 || failures == mostPings {
		p.log.Warn("the hub that our feeds name cannot be told of changes", "host", hostOf(site.Ping), "failures", failures, "error", withoutQuery(err))
	}
	if failures >= mostPings {
		return 0, 0 // the next change tries again
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.changed, changed)
	return failures, backoff(site.Ping, failures)
}

func ping(ctx context.Context, site Site, selves []string) error {
	params := form("hub.mode", "publish")
	params["hub.url"] = selves
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, says, err := post(ctx, site.Client, site.Ping, params.Encode())
	if err == nil && (status < 200 || status > 299) {
		err = fmt.Errorf("the hub answered %d: %.200q", status, says)
	}
	return err
}

// post sends a form, and gives the beginning of the answer.
func post(ctx context.Context, client Doer, address, form string) (status int, says string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what came of it is enough to tell
	return resp.StatusCode, strings.TrimSpace(string(raw)), nil
}
