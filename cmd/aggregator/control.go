package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"aggregator/internal/config"
	"aggregator/internal/poll"
	"aggregator/internal/store/bolt"
)

// An embedded store belongs to one process. While the daemon has it, other
// commands ask the daemon, over a socket in the data folder that only its user
// may open: it runs the same command line on what it has open. Redis belongs to
// nobody: there every command opens it for itself, as another replica would.

// asked is a command line on its way to the daemon.
type asked struct {
	Args []string `json:"args"`
}

// Big answers (backups) are streamed as they are made, so the status and what
// was said on stderr come in trailers.
const (
	statusTrailer = "Aggregator-Status"
	errorTrailer  = "Aggregator-Error"
)

// maxSocket is how long a socket's path may be (sun_path, less its NUL).
const maxSocket = 100

func socketOf(cfg *config.Config) string {
	path := filepath.Join(cfg.Store.Path, "aggregator.sock")
	if len(path) <= maxSocket {
		return path
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("aggregator-%x.sock", sha256.Sum256([]byte(path)))[:40])
}

// listenControl answers other processes' commands until ctx ends.
func (s *site) listenControl(ctx context.Context, env func(string) (string, bool)) error {
	cfg := s.now.Load()
	if cfg.Store.Scheme != "file" {
		return nil
	}
	path := socketOf(cfg.Config)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	server := &http.Server{Handler: s.control(env), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go server.Serve(l)
	context.AfterFunc(ctx, func() { server.Close() })
	return nil
}

func (s *site) control(env func(string) (string, bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ask asked
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Trailer", statusTrailer+", "+errorTrailer)
		var said bytes.Buffer
		status := run(r.Context(), ask.Args, world{in: http.NoBody, out: flushing{w}, err: &said, env: env, site: s})
		w.Header().Set(statusTrailer, fmt.Sprint(status))
		w.Header().Set(errorTrailer, string(bytes.ReplaceAll(bytes.TrimSpace(said.Bytes()), []byte("\n"), []byte("\t"))))
	})
}

type flushing struct{ http.ResponseWriter }

func (f flushing) Write(b []byte) (int, error) {
	n, err := f.ResponseWriter.Write(b)
	http.NewResponseController(f.ResponseWriter).Flush()
	return n, err
}

// askDaemon runs the command line in the daemon that holds the store.
func (c *command) askDaemon(ctx context.Context, cfg *config.Config, args []string, locked error) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socketOf(cfg))
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	defer client.CloseIdleConnections()
	body, err := json.Marshal(asked{args})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://daemon/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return locked
	}
	defer resp.Body.Close()
	if _, err := io.Copy(c.out, resp.Body); err != nil {
		return fmt.Errorf("the running aggregator broke off: %w", err)
	}
	if said := resp.Trailer.Get(errorTrailer); said != "" {
		fmt.Fprintln(c.err, string(bytes.ReplaceAll([]byte(said), []byte("\t"), []byte("\n"))))
	}
	switch resp.Trailer.Get(statusTrailer) {
	case fmt.Sprint(done):
		return nil
	case fmt.Sprint(wrongUsage):
		return usageError{errQuiet}
	}
	return errQuiet
}

// withSite runs do on an open site: the daemon's own, one opened for this
// command, or, where a daemon has the store, over there.
func (c *command) withSite(cmd *cobra.Command, o poll.Options, do func(context.Context, *site) error) error {
	ctx := cmd.Context()
	if c.site != nil {
		return do(ctx, c.site)
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if o.Log == nil {
		o.Log = c.logger(nil)
	}
	s, err := open(ctx, cfg, o)
	var locked *bolt.Locked
	if errors.As(err, &locked) {
		return c.askDaemon(ctx, cfg, lineOf(cmd), locked)
	}
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, s), s.store.Close())
}

// lineOf is a command's line again, as the daemon needs it: the configuration
// is its own.
func lineOf(cmd *cobra.Command) []string {
	args := append([]string{}, commandPath(cmd)...)
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "config" {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return append(append(args, "--"), cmd.Flags().Args()...)
}

func commandPath(cmd *cobra.Command) []string {
	if !cmd.HasParent() {
		return nil
	}
	return append(commandPath(cmd.Parent()), cmd.Name())
}
