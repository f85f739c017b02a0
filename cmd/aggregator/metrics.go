package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"aggregator/internal/news"
	"aggregator/internal/poll"
)

// metrics counts what every poll comes to; its items add up as the report's do.
type metrics struct {
	registry *prometheus.Registry
	polls    *prometheus.CounterVec
	received prometheus.Counter
	items    *prometheus.CounterVec
	took     prometheus.Histogram
}

func newMetrics(s *site) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		polls:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "aggregator_polls_total", Help: "Polls by how they ended."}, []string{"result"}),
		items:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "aggregator_items_total", Help: "Items by what became of them; together as many as were received."}, []string{"fate"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{Name: "aggregator_items_received_total", Help: "Items received."}),
		took:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "aggregator_poll_seconds", Help: "How long a poll took, fetch to store.", Buckets: prometheus.ExponentialBuckets(.005, 3, 9)}),
	}
	for _, fate := range []news.Fate{news.Known, news.New, news.Revised, news.Duplicate, news.Dropped} {
		m.items.WithLabelValues(fate.String())
	}
	for _, result := range []string{"changed", "unchanged", "failed", "skipped"} {
		m.polls.WithLabelValues(result)
	}
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
	}
	m.registry.MustRegister(s.pushing)
	m.registry.MustRegister(m.polls, m.items, m.received, m.took, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("aggregator_sources", "Sources configured.", func() float64 { return float64(len(s.now.Load().Sources)) }),
		gauge("aggregator_ready", "1 while polls can be kept.", func() float64 { return float64(boolInt(s.poller.Trouble() == "")) }),
		gauge("aggregator_log_position", "Decisions made so far.", func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			at, err := s.store.At(ctx)
			if err != nil {
				return -1
			}
			return float64(at)
		}))
	if _, shared := s.poller.Sharing(); shared {
		m.share(s.poller)
	}
	return m
}

// share counts what a replica does among others.
func (m *metrics) share(p *poll.Poller) {
	count := func(name, help string, labels prometheus.Labels, read func(poll.Sharing) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 {
			is, _ := p.Sharing()
			return float64(read(is))
		})
	}
	const claims, help = "aggregator_claims_total", "Claims on sources, by what the store answered."
	m.registry.MustRegister(
		count(claims, help, prometheus.Labels{"answer": "granted"}, func(s poll.Sharing) int64 { return s.Granted }),
		count(claims, help, prometheus.Labels{"answer": "refused"}, func(s poll.Sharing) int64 { return s.Refused }),
		count("aggregator_logs_lost_total", "Times that the store had another log than before: wiped, or failed over.", nil, func(s poll.Sharing) int64 { return s.Lost }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "aggregator_follow_lag_seconds", Help: "Time since the log was followed last."}, func() float64 {
			is, _ := p.Sharing()
			return is.Lag.Seconds()
		}))
}

func (m *metrics) visited(vs ...poll.Visited) {
	for _, v := range vs {
		m.count(v)
	}
}

func (m *metrics) count(v poll.Visited) {
	switch {
	case v.Skipped != "":
		m.polls.WithLabelValues("skipped").Inc()
		return
	case v.Pushed: // which is no poll; pushes are counted where they come
	case v.Err != nil:
		m.polls.WithLabelValues("failed").Inc()
	case v.Unchanged:
		m.polls.WithLabelValues("unchanged").Inc()
	default:
		m.polls.WithLabelValues("changed").Inc()
	}
	if !v.Pushed {
		m.took.Observe(v.Took.Seconds())
	}
	m.received.Add(float64(v.Items.Received))
	for fate, n := range map[string]int{"known": v.Items.Known, "new": v.Items.New, "revised": v.Items.Revised, "duplicate": v.Items.Duplicate, "dropped": v.Items.Dropped} {
		m.items.WithLabelValues(fate).Add(float64(n))
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}
