package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aggregator/internal/demo"
	"aggregator/internal/news"
)

func (c *command) demoCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use: "demo", Short: "See it work: sample outlets on loopback, polled for real, served; no network needed", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "aggregator-demo-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			return c.demo(cmd.Context(), dir, once)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "end when everything is polled and told, without waiting for Ctrl-C")
	return cmd
}

func (c *command) demo(ctx context.Context, dir string, once bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	outlets, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer outlets.Close()
	base := "http://" + outlets.Addr().String()
	handler, err := demo.Handler(base, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	go http.Serve(outlets, handler)
	path := filepath.Join(dir, "aggregator.yaml")
	if err := os.WriteFile(path, []byte(demoConfig(base, freeAddress())), 0o600); err != nil {
		return err
	}
	inner := &command{world: c.world, config: path, json: c.json}
	cfg, err := inner.load()
	if err != nil {
		return err
	}
	var told error
	err = inner.serve(ctx, cfg, func(srv *server, address string) {
		go func() {
			if told = srv.tellDemo(ctx, address); told != nil || once {
				stop()
			}
		}()
	})
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, told)
}

// freeAddress is the usual one, else any.
func freeAddress() string {
	const usual = "127.0.0.1:8080"
	l, err := net.Listen("tcp", usual)
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return usual
		}
	}
	defer l.Close()
	return l.Addr().String()
}

func demoConfig(base, listen string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title: Demo desk\nlisten: %s\nstore: file:data\ndedupe: { events: group }\nfetch:\n  schedule: \"@every 5m\"\n  spread: 0s\n  per_host: { concurrency: 8, interval: 0s }\n  allow_networks: [127.0.0.0/8]\nsources:\n", listen)
	for _, o := range demo.Outlets() {
		fmt.Fprintf(&b, "  - { name: %q, url: %q, tier: %d, topics: [%s] }\n", o.Name, base+o.Path, tierOf(o), strings.Join(o.Topics, ", "))
	}
	fmt.Fprintf(&b, "  - { name: \"Closed Courier\", url: %q }\n", base+"/courier/closed.rss") // nobody is there
	fmt.Fprintf(&b, "%s  - { name: %s, match: source:rights, publish: { access: { tokens: [%s] } } }\n", demoTopics, demoDesk, rand.Text())
	return b.String()
}

const demoTopics = `
topics:
  - name: China
    match: china OR chinese OR beijing OR xinjiang OR "hong kong" OR 中国
  - name: Human Rights
    match: '"human rights" OR "rights lawyer" OR uyghur OR 维吾尔 OR 维权 OR (detention OR detained OR imprisoned) OR "press freedom" OR "derechos humanos"'
  - name: China/Human Rights
    match: (china OR "hong kong") AND (pastor OR church OR sedition)
  - name: Climate
    match: climate OR glacier* OR heatwave OR glaciares
  - name: Elections
    match: election OR elections OR vote OR voting OR elecciones
  - { name: Everything, match: "*" }
`

// demoDesk is a topic for those who have its key.
const demoDesk = "Desk"

// tellDemo waits until all outlets are polled, and says what came of it.
func (srv *server) tellDemo(ctx context.Context, address string) error {
	if _, err := srv.poller.Pass(ctx, nil, false); err != nil {
		return err
	}
	stories, err := srv.stories(ctx, "", "")
	if err != nil {
		return err
	}
	topics, err := srv.topics(ctx)
	if err != nil {
		return err
	}
	srv.live.stop()
	c := srv.c
	if c.json {
		return c.line(map[string]any{"address": "http://" + address + "/", "items": itemsOf(stories), "stories": len(stories), "topics": topics})
	}
	fmt.Fprintf(c.out, "\n%d sample outlets gave %d items; they tell %d stories.\n\nTold more than once:\n", len(srv.now.Load().Sources), itemsOf(stories), len(stories))
	for _, st := range stories {
		if len(st.Also) > 0 {
			fmt.Fprintf(c.out, "  %s\n    %s\n", st.Lead.Title, tellers(st))
		}
	}
	fmt.Fprintln(c.out, "\nTopics, for your feed reader:")
	table := c.table()
	for _, t := range topics {
		fmt.Fprintf(table, "  %s\t%d stories\t%s\n", t.Name, t.Total, t.first())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, t := range srv.now.Load().Topics {
		if t.Name == demoDesk {
			fmt.Fprintf(c.out, "\nPrivate, for those who have the key: http://%s/topics/%s?token=%s\n", address, t.Path(), t.Feed.Access.Tokens[0])
		}
	}
	fmt.Fprintf(c.out, "\nThe page with all of it: http://%s/   (Ctrl-C ends the demo)\n", address)
	return nil
}

func itemsOf(stories []news.Story) (n int) {
	for _, st := range stories {
		n += 1 + len(st.Also)
	}
	return n
}

func tellers(st news.Story) string {
	names := []string{st.Lead.Name}
	for _, t := range st.Also {
		reason, similarity := st.Evidence(t)
		names = append(names, fmt.Sprintf("%s (%s)", t.Name, inCommon(reason, similarity)))
	}
	return strings.Join(names, ", ")
}

func tierOf(o demo.Outlet) int {
	if o.Tier == 0 {
		return 5
	}
	return o.Tier
}

// inCommon is what two tellings of a story have in common.
func inCommon(reason string, similarity float64) string {
	switch reason {
	case "url":
		return "same address"
	case "near":
		return fmt.Sprintf("%.0f%% alike", 100*similarity)
	}
	return "same " + reason
}
