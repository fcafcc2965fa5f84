package metrics_test

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/ssoexchange/ssoexchange/internal/metrics"
)

// golden is a page with something of everything, letter by letter.
const golden = `# HELP test_bytes Help may have "quotes", a \\ and a line\nbreak.
# TYPE test_bytes gauge
test_bytes{profile=""} 0
test_bytes{profile="a \"quoted\" \\ and\nbroken name"} 1.5e+09
test_bytes{profile="bad �tf-8 of ünïcode"} -1
test_bytes{profile="inf"} +Inf
test_bytes{profile="less"} -Inf
test_bytes{profile="none"} NaN
# HELP test_duration_seconds How long it took.
# TYPE test_duration_seconds histogram
test_duration_seconds_bucket{le="0.05"} 1
test_duration_seconds_bucket{le="1"} 3
test_duration_seconds_bucket{le="300"} 3
test_duration_seconds_bucket{le="+Inf"} 4
test_duration_seconds_sum 1001.7
test_duration_seconds_count 4
# HELP test_plain 
# TYPE test_plain gauge
test_plain 1234.5678
# HELP test_turns_total Turns.
# TYPE test_turns_total counter
test_turns_total{a="1",b="2"} 2
test_turns_total{a="1",b="3"} 0
test_turns_total{a="2",b="1"} 2.5
`

// fill puts on a page what golden says, in another order.
func fill() (sources []func(*metrics.Page)) {
	turns := metrics.NewCounter("test_turns_total", "Turns.", "b", "a")
	turns.Add(2.5, "1", "2")
	turns.Inc("2", "1")
	turns.Inc("2", "1")
	turns.Add(0, "3", "1")
	turns.Add(-7, "1", "2")         // a counter never falls
	turns.Add(math.NaN(), "1", "2") // and stays a number
	seconds := metrics.NewHistogram("test_duration_seconds", "How long it took.", .05, 1, 300)
	for _, v := range []float64{.05, 1, .65, 1000} {
		seconds.Observe(v)
	}
	never := metrics.NewCounter("test_never_total", "Nothing was counted.", "a")
	return []func(*metrics.Page){turns.Collect, seconds.Collect, never.Collect, func(p *metrics.Page) {
		p.Gauge("test_plain", "", 1234.5678, nil)
		for value, v := range map[string]float64{"none": math.NaN(), "less": math.Inf(-1), "inf": math.Inf(1),
			"bad \xfftf-8 of ünïcode": -1, "a \"quoted\" \\ and\nbroken name": 1.5e9, "": 0} {
			p.Gauge("test_bytes", "Help may have \"quotes\", a \\ and a line\nbreak.", 3, metrics.Labels{"profile": value})
			p.Gauge("test_bytes", "Help may have \"quotes\", a \\ and a line\nbreak.", v, metrics.Labels{"profile": value})
		}
	}}
}

func text(sources ...func(*metrics.Page)) []byte {
	var p metrics.Page
	for _, source := range sources {
		source(&p)
	}
	return p.Text()
}

func TestGolden(t *testing.T) {
	for range 20 { // maps are walked in another order each time
		if diff := cmp.Diff(golden, string(text(fill()...))); diff != "" {
			t.Fatal(diff)
		}
	}
	if got := text(); len(got) != 0 {
		t.Errorf("an empty page: %q", got)
	}
}

// TestLibraryWritesTheSame has Prometheus' own library count the same things.
func TestLibraryWritesTheSame(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	turns := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "test_turns_total", Help: "Turns."}, []string{"b", "a"})
	turns.WithLabelValues("1", "2").Add(2.5)
	turns.WithLabelValues("2", "1").Add(2)
	turns.WithLabelValues("3", "1")
	seconds := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "test_duration_seconds", Help: "How long it took.", Buckets: []float64{.05, 1, 300}})
	for _, v := range []float64{.05, 1, .65, 1000} {
		seconds.Observe(v)
	}
	bytesOf := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "test_bytes", Help: "Help may have \"quotes\", a \\ and a line\nbreak."}, []string{"profile"})
	for value, v := range map[string]float64{"none": math.NaN(), "less": math.Inf(-1), "inf": math.Inf(1),
		"bad \uFFFDtf-8 of ünïcode": -1, "a \"quoted\" \\ and\nbroken name": 1.5e9, "": 0} {
		bytesOf.WithLabelValues(value).Set(v)
	}
	plain := prometheus.NewGauge(prometheus.GaugeOpts{Name: "test_plain"})
	plain.Set(1234.5678)
	registry.MustRegister(turns, seconds, bytesOf, plain)
	want, err := testutil.GatherAndFormat(registry, expfmt.TypeTextPlain, "test_bytes", "test_duration_seconds", "test_plain", "test_turns_total")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text(fill()...))); diff != "" {
		t.Error(diff)
	}
}

// TestHandler has a scraper get the page, and the linter read it.
func TestHandler(t *testing.T) {
	server := httptest.NewServer(metrics.Handler(append(fill(), metrics.Runtime, metrics.Process)...))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || int64(len(body)) != resp.ContentLength {
		t.Errorf("%d, %d bytes of %d, %v", resp.StatusCode, len(body), resp.ContentLength, err)
	}
	if got := resp.Header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" || expfmt.ResponseFormat(resp.Header).FormatType() != expfmt.TypeTextPlain {
		t.Errorf("Content-Type %q", got)
	}
	if !bytes.Contains(body, []byte("\ngo_info{")) || !bytes.HasSuffix(body, []byte(golden[strings.Index(golden, "# HELP test_turns"):])) {
		t.Errorf("not all is there:\n%s", body)
	}
	problems, err := promlint.New(bytes.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if p.Metric != "test_plain" || !strings.Contains(p.Text, "no help") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if len(problems) != 1 {
		t.Errorf("%d problems; the linter should find one, that of the metric without help", len(problems))
	}
}

// TestMistakes: a page that Prometheus would refuse, or take for something else, is
// never written.
func TestMistakes(t *testing.T) {
	for _, tt := range []struct {
		what string
		do   func(*metrics.Page)
	}{
		{"one name, two types", func(p *metrics.Page) { p.Gauge("a", "x", 1, nil); p.Counter("a", "x", 1, nil) }},
		{"one name, two helps", func(p *metrics.Page) { p.Gauge("a", "x", 1, nil); p.Gauge("a", "y", 1, nil) }},
		{"no name", func(p *metrics.Page) { p.Gauge("", "x", 1, nil) }},
		{"a name with a space", func(p *metrics.Page) { p.Gauge("a b", "x", 1, nil) }},
		{"a name with a digit first", func(p *metrics.Page) { p.Gauge("1a", "x", 1, nil) }},
		{"a label with a colon", func(p *metrics.Page) { p.Gauge("a:1", "x", 1, metrics.Labels{"b:c": ""}) }},
		{"a label without a name", func(p *metrics.Page) { p.Gauge("a", "x", 1, metrics.Labels{"": "v"}) }},
		{"a value too few", func(*metrics.Page) { metrics.NewCounter("a_total", "x", "l").Inc() }},
		{"a value too many", func(*metrics.Page) { metrics.NewCounter("a_total", "x").Inc("v") }},
		{"a counter without a name", func(*metrics.Page) { metrics.NewCounter("", "x") }},
		{"a counter's label", func(*metrics.Page) { metrics.NewCounter("a_total", "x", "é") }},
		{"bounds that fall", func(*metrics.Page) { metrics.NewHistogram("a", "x", 2, 1) }},
		{"bounds that stand", func(*metrics.Page) { metrics.NewHistogram("a", "x", 1, 1) }},
		{"a bound that is no number", func(*metrics.Page) { metrics.NewHistogram("a", "x", math.NaN()) }},
		{"a bound that is there anyway", func(*metrics.Page) { metrics.NewHistogram("a", "x", 1, math.Inf(1)) }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			defer func() {
				if s, _ := recover().(string); !strings.HasPrefix(s, "metrics: ") {
					t.Errorf("panicked with %q", s)
				}
			}()
			tt.do(&metrics.Page{})
		})
	}
}

// FuzzLabelValue: whatever a value is, Prometheus' parser reads the same, in one
// series, and bytes that are no text do not make two series of one name.
func FuzzLabelValue(f *testing.F) {
	for _, seed := range []string{"", "work", `DOMAIN\user`, `say "hi"`, "two\nlines", "\xff\xfe", "ü", "a\\n", `\"`, "\x00\r\t", `"} 1`, "\\\n\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c := metrics.NewCounter("test_total", "Help.", "profile")
		c.Inc(value)
		c.Inc(strings.ToValidUTF8(value, "\uFFFD"))
		page := text(c.Collect)
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
		if err != nil || !utf8.Valid(page) {
			t.Fatalf("%q: %v", page, err)
		}
		metrics := families["test_total"].GetMetric()
		if len(families) != 1 || len(metrics) != 1 || metrics[0].GetCounter().GetValue() != 2 {
			t.Fatalf("%q is read as %v", page, families)
		}
		if got, want := metrics[0].GetLabel()[0].GetValue(), strings.ToValidUTF8(value, "\uFFFD"); got != want {
			t.Errorf("%q is read as %q", value, got)
		}
	})
}
