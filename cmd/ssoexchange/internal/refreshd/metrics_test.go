package refreshd

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/ssoexchange/ssoexchange/sso"
)

// strangeName may be the name of a profile: any text is one.
const strangeName = "say \"hi\" to D\\ben\nand ünal"

// goldenMetrics is what scrapers are promised: names, labels, helps and buckets.
const goldenMetrics = `# HELP ssoexchange_build_info Always 1; the label tells the version.
# TYPE ssoexchange_build_info gauge
ssoexchange_build_info{version="VERSION"} 1
# HELP ssoexchange_refresh_next_timestamp_seconds When the profile's next turn is due.
# TYPE ssoexchange_refresh_next_timestamp_seconds gauge
ssoexchange_refresh_next_timestamp_seconds{profile="one"} 1.7723772e+09
ssoexchange_refresh_next_timestamp_seconds{profile="say \"hi\" to D\\ben\nand ünal"} 1.7723664e+09
# HELP ssoexchange_refresh_output_failures_total Outputs that could not be written and commands that failed.
# TYPE ssoexchange_refresh_output_failures_total counter
ssoexchange_refresh_output_failures_total{profile="one"} 1
# HELP ssoexchange_refresh_requests_total HTTP requests made to keep the session.
# TYPE ssoexchange_refresh_requests_total counter
ssoexchange_refresh_requests_total{profile="one"} 5
ssoexchange_refresh_requests_total{profile="say \"hi\" to D\\ben\nand ünal"} 0
# HELP ssoexchange_refresh_turn_duration_seconds How long turns took.
# TYPE ssoexchange_refresh_turn_duration_seconds histogram
ssoexchange_refresh_turn_duration_seconds_bucket{le="0.05"} 1
ssoexchange_refresh_turn_duration_seconds_bucket{le="0.1"} 1
ssoexchange_refresh_turn_duration_seconds_bucket{le="0.25"} 1
ssoexchange_refresh_turn_duration_seconds_bucket{le="0.5"} 1
ssoexchange_refresh_turn_duration_seconds_bucket{le="1"} 2
ssoexchange_refresh_turn_duration_seconds_bucket{le="2.5"} 2
ssoexchange_refresh_turn_duration_seconds_bucket{le="5"} 2
ssoexchange_refresh_turn_duration_seconds_bucket{le="10"} 2
ssoexchange_refresh_turn_duration_seconds_bucket{le="30"} 2
ssoexchange_refresh_turn_duration_seconds_bucket{le="60"} 2
ssoexchange_refresh_turn_duration_seconds_bucket{le="300"} 2
ssoexchange_refresh_turn_duration_seconds_bucket{le="+Inf"} 3
ssoexchange_refresh_turn_duration_seconds_sum 361
ssoexchange_refresh_turn_duration_seconds_count 3
# HELP ssoexchange_refresh_turns_total Turns, by what came of them: live, renewed, waiting or stopped.
# TYPE ssoexchange_refresh_turns_total counter
ssoexchange_refresh_turns_total{code="",outcome="live",profile="one"} 1
ssoexchange_refresh_turns_total{code="",outcome="renewed",profile="one"} 1
ssoexchange_refresh_turns_total{code="credentials",outcome="stopped",profile="say \"hi\" to D\\ben\nand ünal"} 1
# HELP ssoexchange_session_expiry_timestamp_seconds When the session is estimated to end if nobody uses it.
# TYPE ssoexchange_session_expiry_timestamp_seconds gauge
ssoexchange_session_expiry_timestamp_seconds{profile="one"} 1.7723844e+09
# HELP ssoexchange_session_live 1 if the service provider confirmed the session at the last look, else 0.
# TYPE ssoexchange_session_live gauge
ssoexchange_session_live{profile="new"} 0
ssoexchange_session_live{profile="one"} 1
ssoexchange_session_live{profile="say \"hi\" to D\\ben\nand ünal"} 0
# HELP ssoexchange_session_stopped 1 if the profile waits for a person or a change; the label tells why.
# TYPE ssoexchange_session_stopped gauge
ssoexchange_session_stopped{code="credentials",profile="say \"hi\" to D\\ben\nand ünal"} 1
# HELP ssoexchange_session_verified_timestamp_seconds When the service provider last confirmed the session.
# TYPE ssoexchange_session_verified_timestamp_seconds gauge
ssoexchange_session_verified_timestamp_seconds{profile="one"} 1.77236640025e+09
# HELP ssoexchange_webhook_deliveries_total Webhook deliveries, by result: ok or failed.
# TYPE ssoexchange_webhook_deliveries_total counter
ssoexchange_webhook_deliveries_total{result="failed"} 1
ssoexchange_webhook_deliveries_total{result="ok"} 2
`

// scrape has the metrics of three profiles served once.
func scrape(t *testing.T) *httptest.ResponseRecorder {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := newMeters("test", func() []sso.RefreshStatus {
		return []sso.RefreshStatus{
			{Name: strangeName, State: sso.RefreshStopped, Code: "credentials", Next: now},
			{Name: "one", State: sso.RefreshLive, Verified: now.Add(250 * time.Millisecond), Expires: now.Add(5 * time.Hour), Next: now.Add(3 * time.Hour)},
			{Name: "new", State: sso.RefreshWaiting},
		}
	})
	m.observe(sso.RefreshEvent{Name: "one", Kind: sso.RefreshRenewed, Requests: 4, Elapsed: time.Second})
	m.observe(sso.RefreshEvent{Name: "one", Kind: sso.RefreshLive, Requests: 1})
	m.observe(sso.RefreshEvent{Name: strangeName, Kind: sso.RefreshStopped, Err: sso.ErrCredentials, Elapsed: 6 * time.Minute})
	m.outputs.Inc("one")
	m.webhooks.Inc("ok")
	m.webhooks.Inc("failed")
	m.webhooks.Inc("ok")
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w
}

func TestMetrics(t *testing.T) {
	w := scrape(t)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	page := w.Body.String()
	start := strings.Index(page, "# HELP ssoexchange_")
	if start < 0 {
		t.Fatalf("no metric of ours in\n%s", page)
	}
	want := strings.Replace(goldenMetrics, "VERSION", "test", 1)
	if diff := cmp.Diff(want, page[start:]); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"go_info", "go_goroutines", "go_memstats_alloc_bytes"} {
		if !strings.Contains(page[:start], "\n# TYPE "+name+" gauge\n"+name) {
			t.Errorf("%s is not there", name)
		}
	}
}

// TestMetricsAreWellFormed has Prometheus' own parser and linter judge the page.
func TestMetricsAreWellFormed(t *testing.T) {
	page := scrape(t).Body.Bytes()
	problems, err := promlint.New(bytes.NewReader(page)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var profiles []string
	for _, m := range families["ssoexchange_session_live"].GetMetric() {
		profiles = append(profiles, m.GetLabel()[0].GetValue())
	}
	if want := []string{"new", "one", strangeName}; !reflect.DeepEqual(profiles, want) {
		t.Errorf("the parser sees the profiles %q, want %q", profiles, want)
	}
	if h := families["ssoexchange_refresh_turn_duration_seconds"].GetMetric()[0].GetHistogram(); h.GetSampleCount() != 3 || len(h.GetBucket()) != 12 {
		t.Errorf("the parser sees the histogram %v", h)
	}
}
