package refreshd

import (
	"net/http"

	"github.com/ssoexchange/ssoexchange/internal/metrics"
	"github.com/ssoexchange/ssoexchange/sso"
)

// meters are what /metrics serves. Counters are counted as things happen,
// gauges are read from the refresher at each scrape. Their labels are names of
// profiles, of which there are as many as the configuration has, and codes.
type meters struct {
	turns    *metrics.Counter
	requests *metrics.Counter
	outputs  *metrics.Counter
	webhooks *metrics.Counter
	seconds  *metrics.Histogram
	version  string // of the program
	status   func() []sso.RefreshStatus
}

func newMeters(version string, status func() []sso.RefreshStatus) *meters {
	counter := func(name, help string, labels ...string) *metrics.Counter {
		return metrics.NewCounter("ssoexchange_"+name, help, labels...)
	}
	return &meters{
		turns: counter("refresh_turns_total", "Turns, by what came of them: live, renewed, waiting or stopped.", "code",
			"outcome", "profile"),
		requests: counter("refresh_requests_total", "HTTP requests made to keep the session.", "profile"),
		outputs: counter("refresh_output_failures_total", "Outputs that could not be written and commands that failed.",
			"profile"),
		webhooks: counter("webhook_deliveries_total", "Webhook deliveries, by result: ok or failed.", "result"),
		seconds: metrics.NewHistogram("ssoexchange_refresh_turn_duration_seconds", "How long turns took.",
			.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300),
		version: version,
		status:  status,
	}
}

// handler serves the metrics, and those that every Go process has.
func (m *meters) handler() http.Handler {
	return metrics.Handler(m.turns.Collect, m.requests.Collect, m.outputs.Collect, m.webhooks.Collect, m.seconds.Collect,
		m.collect, metrics.Runtime, metrics.Process)
}

// observe counts a turn.
func (m *meters) observe(e sso.RefreshEvent) {
	m.turns.Inc(sso.Code(e.Err), e.Kind, e.Name)
	m.requests.Add(float64(e.Requests), e.Name)
	m.seconds.Observe(e.Elapsed.Seconds())
}

// collect puts the version and the states of all profiles on a page.
func (m *meters) collect(p *metrics.Page) {
	p.Gauge("ssoexchange_build_info", "Always 1; the label tells the version.", 1, metrics.Labels{"version": m.version})
	for _, s := range m.status() {
		profile := metrics.Labels{"profile": s.Name}
		live := 0.0
		if s.State == sso.RefreshLive {
			live = 1
		}
		p.Gauge("ssoexchange_session_live", "1 if the service provider confirmed the session at the last look, else 0.", live,
			profile)
		if s.State == sso.RefreshStopped {
			p.Gauge("ssoexchange_session_stopped", "1 if the profile waits for a person or a change; the label tells why.", 1,
				metrics.Labels{"profile": s.Name, "code": s.Code})
		}
		if !s.Verified.IsZero() {
			p.Gauge("ssoexchange_session_verified_timestamp_seconds", "When the service provider last confirmed the session.",
				float64(s.Verified.UnixMilli())/1000, profile)
			p.Gauge("ssoexchange_session_expiry_timestamp_seconds", "When the session is estimated to end if nobody uses it.",
				float64(s.Expires.Unix()), profile)
		}
		if !s.Next.IsZero() {
			p.Gauge("ssoexchange_refresh_next_timestamp_seconds", "When the profile's next turn is due.", float64(s.Next.Unix()),
				profile)
		}
	}
}
