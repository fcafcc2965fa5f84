package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ssoexchange/ssoexchange/sso"
)

// refreshMetrics are what /metrics serves. Counters are counted as things happen,
// gauges are read from the refresher at each scrape.
type refreshMetrics struct {
	registry *prometheus.Registry
	turns    *prometheus.CounterVec
	requests *prometheus.CounterVec
	outputs  *prometheus.CounterVec
	webhooks *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newRefreshMetrics(status func() []sso.RefreshStatus) *refreshMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ssoexchange_" + name, Help: help}, labels)
	}
	m := &refreshMetrics{
		registry: prometheus.NewRegistry(),
		turns:    counter("refresh_turns_total", "Turns, by what came of them: live, renewed, waiting or stopped.", "profile", "outcome", "code"),
		requests: counter("refresh_requests_total", "HTTP requests made to keep the session.", "profile"),
		outputs:  counter("refresh_output_failures_total", "Outputs that could not be written and commands that failed.", "profile"),
		webhooks: counter("webhook_deliveries_total", "Webhook deliveries, by result: ok or failed.", "result"),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "ssoexchange_refresh_turn_duration_seconds",
			Help: "How long turns took.", Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "ssoexchange_build_info", Help: "Always 1; the label tells the version.",
		ConstLabels: prometheus.Labels{"version": version()}})
	build.Set(1)
	m.registry.MustRegister(m.turns, m.requests, m.outputs, m.webhooks, m.seconds, build, statusCollector(status),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts a turn.
func (m *refreshMetrics) observe(e sso.RefreshEvent) {
	m.turns.WithLabelValues(e.Name, e.Kind, sso.Code(e.Err)).Inc()
	m.requests.WithLabelValues(e.Name).Add(float64(e.Requests))
	m.seconds.Observe(e.Elapsed.Seconds())
}

// statusCollector is a prometheus.Collector over the states of all profiles.
type statusCollector func() []sso.RefreshStatus

var (
	liveDesc = prometheus.NewDesc("ssoexchange_session_live", "1 if the service provider confirmed the session at the last look, else 0.", []string{"profile"}, nil)
	stopDesc = prometheus.NewDesc("ssoexchange_session_stopped", "1 if the profile waits for a person or a change; the label tells why.", []string{"profile", "code"}, nil)
	seenDesc = prometheus.NewDesc("ssoexchange_session_verified_timestamp_seconds", "When the service provider last confirmed the session.", []string{"profile"}, nil)
	endDesc  = prometheus.NewDesc("ssoexchange_session_expiry_timestamp_seconds", "When the session is estimated to end if nobody uses it.", []string{"profile"}, nil)
	nextDesc = prometheus.NewDesc("ssoexchange_refresh_next_timestamp_seconds", "When the profile's next turn is due.", []string{"profile"}, nil)
)

// Describe implements prometheus.Collector.
func (c statusCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{liveDesc, stopDesc, seenDesc, endDesc, nextDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c statusCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range c() {
		live := 0.0
		if s.State == sso.RefreshLive {
			live = 1
		}
		gauge(liveDesc, live, s.Name)
		if s.State == sso.RefreshStopped {
			gauge(stopDesc, 1, s.Name, s.Code)
		}
		if !s.Verified.IsZero() {
			gauge(seenDesc, float64(s.Verified.UnixMilli())/1000, s.Name)
			gauge(endDesc, float64(s.Expires.Unix()), s.Name)
		}
		if !s.Next.IsZero() {
			gauge(nextDesc, float64(s.Next.Unix()), s.Name)
		}
	}
}
