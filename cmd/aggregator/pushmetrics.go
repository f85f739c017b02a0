package main

import "github.com/prometheus/client_golang/prometheus"

// What monitoring reads of WebSub. The rooms count; this names.
var (
	hubSubscriptions = prometheus.NewDesc("aggregator_hub_subscriptions", "Subscriptions to our hub, by state.", []string{"state"}, nil)
	hubDeliveries    = prometheus.NewDesc("aggregator_hub_deliveries_total", "Deliveries of our hub, by outcome.", []string{"outcome"}, nil)
	hubRequests      = prometheus.NewDesc("aggregator_hub_requests_failed_total", "Requests to our hub that came to nothing, by reason.", []string{"reason"}, nil)
	sourcePushes     = prometheus.NewDesc("aggregator_source_pushes_total", "What hubs of sources sent, by what became of it.", []string{"outcome"}, nil)
	sourceHubs       = prometheus.NewDesc("aggregator_source_hubs", "Our subscriptions to hubs of sources, by state.", []string{"state"}, nil)
)

// Describe implements prometheus.Collector.
func (p *pushing) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{hubSubscriptions, hubDeliveries, hubRequests, sourcePushes, sourceHubs} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (p *pushing) Collect(to chan<- prometheus.Metric) {
	each := func(d *prometheus.Desc, kind prometheus.ValueType, values map[string]float64) {
		for label, v := range values {
			to <- prometheus.MustNewConstMetric(d, kind, v, label)
		}
	}
	h, s := p.at().hub.Stats(), p.at().subscriber.Stats()
	each(hubSubscriptions, prometheus.GaugeValue, map[string]float64{"live": float64(h.Live), "failing": float64(h.Failing), "pending": float64(h.Pending)})
	each(hubDeliveries, prometheus.CounterValue, map[string]float64{"delivered": float64(h.Delivered), "failed": float64(h.Failed), "gone": float64(h.Gone)})
	each(hubRequests, prometheus.CounterValue, map[string]float64{"refused": float64(h.Refused), "unverified": float64(h.Unverified)})
	each(sourcePushes, prometheus.CounterValue, map[string]float64{"read": float64(s.Received), "unsigned": float64(s.Unsigned), "refused": float64(s.Refused), "unreadable": float64(s.Broken)})
	states := map[string]float64{}
	for state, n := range s.States {
		states[state] = float64(n)
	}
	each(sourceHubs, prometheus.GaugeValue, states)
}
