package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aggregator/internal/config"
	"aggregator/internal/poll"
)

// readiness is what /readyz says.
type readiness struct {
	Ready   bool      `json:"ready"`
	Reasons []string  `json:"reasons"`
	Sources int       `json:"sources"`
	Topics  int       `json:"topics"`
	Next    time.Time `json:"next_poll,omitzero"`
}

func (s *site) readiness() readiness {
	now := s.now.Load()
	r := readiness{Ready: true, Reasons: []string{}, Sources: len(now.Sources), Topics: len(now.Topics), Next: s.poller.NextDue()}
	if why := s.poller.Trouble(); why != "" {
		r.Ready, r.Reasons = false, append(r.Reasons, why+"; polling pauses, the last good feeds are served")
	}
	if s.healing.Load() {
		r.Reasons = append(r.Reasons, "the store lost stories; they are gathered again, and the feeds stand as they were meanwhile")
	}
	// Not a lack of readiness: what is kept is served, and nobody else could poll.
	if since := s.poller.Offline(); !since.IsZero() {
		r.Reasons = append(r.Reasons, "our own network seems to be down since "+since.UTC().Format("2006-01-02 15:04 MST")+": no source is in reach; that is not counted against them")
	}
	return r
}

func (s *site) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "ok\n")
}

func (s *site) readyz(w http.ResponseWriter, _ *http.Request) {
	r := s.readiness()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !r.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	json.NewEncoder(w).Encode(r)
}

func (c *command) healthCommand() *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: "Ask the running aggregator whether it is ready; for container health checks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 5*time.Second)
			defer cancel()
			r, err := askReady(ctx, cfg)
			if err != nil {
				return err
			}
			if c.json {
				err = c.line(r)
			} else {
				fmt.Fprintln(c.out, r)
			}
			if !r.Ready && err == nil {
				return errQuiet
			}
			return err
		},
	}
}

func (r readiness) String() string {
	if r.Ready {
		said := fmt.Sprintf("ready: %d sources, %d topics, next poll %s", r.Sources, r.Topics, moment(r.Next))
		return strings.Join(append([]string{said}, r.Reasons...), "; ")
	}
	return fmt.Sprintf("not ready: %v", r.Reasons)
}

func askReady(ctx context.Context, cfg *config.Config) (readiness, error) {
	var r readiness
	if cfg.Listen == "" {
		return r, fmt.Errorf("`listen` is empty: nothing is served that could be asked")
	}
	if strings.HasSuffix(cfg.Listen, ":0") {
		return r, fmt.Errorf("`listen: %s` is any free port, and nobody else knows which: write one", cfg.Listen)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(cfg.Listen)+"/readyz", nil)
	if err != nil {
		return r, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, fmt.Errorf("no aggregator answers at %s; is `aggregator run` running? (%w)", cfg.Listen, err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		return r, fmt.Errorf("%s answers, but not as an aggregator: %w", cfg.Listen, err)
	}
	return r, nil
}

// reachable is where a listener on all addresses can be asked.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func (c *command) reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "Have the running aggregator read its configuration again", Args: cobra.NoArgs,
		Long: `reload has the running aggregator read its configuration again, as saving the file
does, and says what that changed in the topics of the kept stories. Feeds are
served meanwhile. A configuration with faults changes nothing.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSite(cmd, poll.Options{}, func(ctx context.Context, s *site) error {
				if s.reload == nil && s.now.Load().Store.Scheme != "file" {
					return fmt.Errorf("on Redis there may be several aggregators running, and none of them is asked through the store: each reads the file when it is saved, or on SIGHUP")
				}
				if s.reload == nil {
					return fmt.Errorf("no aggregator is running on this store; start it with `aggregator run`")
				}
				changes, err := s.reload(ctx)
				if err != nil {
					return err
				}
				return c.printChanges(changes)
			})
		},
	}
}
