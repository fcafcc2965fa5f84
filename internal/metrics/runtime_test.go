package metrics_test

import (
	"bytes"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/ssoexchange/ssoexchange/internal/metrics"
)

// figure is the one series of a family.
type figure struct {
	kind  string
	label string // its first
	value float64
}

type number interface{ GetValue() float64 }

// ours is what our own page says.
func ours(t *testing.T, sources ...func(*metrics.Page)) map[string]figure {
	t.Helper()
	return figures(t, text(sources...))
}

// figures reads a page with Prometheus' parser.
func figures(t *testing.T, page []byte) map[string]figure {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]figure)
	for name, f := range families {
		m := f.GetMetric()[0]
		one := figure{kind: f.GetType().String()}
		for _, n := range []number{m.GetGauge(), m.GetCounter()} {
			one.value += n.GetValue()
		}
		for _, l := range m.GetLabel() {
			one.label = l.GetName() + "=" + l.GetValue()
		}
		all[name] = one
	}
	return all
}

// theirs is what a collector of Prometheus' own library says.
func theirs(t *testing.T, c prometheus.Collector) map[string]figure {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&page, f); err != nil {
			t.Fatal(err)
		}
	}
	return figures(t, page.Bytes())
}

// judge compares all that we say with what the library says, within what may change
// between two looks.
func judge(t *testing.T, got, want map[string]figure, slack map[string]float64) {
	t.Helper()
	for name, g := range got {
		w, ok := want[name]
		switch {
		case !ok:
			t.Errorf("%s: the library does not know it", name)
		case g.kind != w.kind || g.label != w.label:
			t.Errorf("%s is %+v, want %+v", name, g, w)
		case math.IsNaN(g.value) || math.Abs(g.value-w.value) > slack[name]:
			t.Errorf("%s is %.3f, the library says %.3f", name, g.value, w.value)
		}
	}
}

func names(all map[string]figure) []string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestRuntime(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	// The figures of memory are pulled apart, so that none can be taken for another:
	// spans with a few objects each, and memory that is had and not used.
	const size, count, mb = 64, 1 << 20, 1 << 20
	all := make([]*[size]byte, count)
	for i := range all {
		all[i] = new([size]byte)
	}
	var few []*[size]byte
	for i := 0; i < count; i += 64 {
		few = append(few, all[i])
	}
	clear(all)
	all = nil
	idle := make([]byte, 64*mb)
	idle[0] = 1
	runtime.KeepAlive(idle)
	idle = nil
	runtime.GC()
	release := make(chan struct{})
	defer close(release)
	before := ours(t, metrics.Runtime)
	for range 100 {
		go func() { <-release }()
	}
	got, want := ours(t, metrics.Runtime), theirs(t, collectors.NewGoCollector())
	runtime.KeepAlive(few)

	expect := []string{"go_goroutines", "go_info", "go_memstats_alloc_bytes", "go_memstats_heap_alloc_bytes", "go_memstats_heap_inuse_bytes", "go_memstats_sys_bytes", "go_threads"}
	if !slices.Equal(names(got), expect) {
		t.Errorf("there are %v", names(got))
	}
	judge(t, got, want, map[string]float64{"go_goroutines": 10, "go_threads": 4, "go_memstats_alloc_bytes": 4 * mb,
		"go_memstats_heap_alloc_bytes": 4 * mb, "go_memstats_heap_inuse_bytes": 4 * mb, "go_memstats_sys_bytes": 12 * mb})
	if got["go_goroutines"].value != before["go_goroutines"].value+100 {
		t.Errorf("100 goroutines more are %v after %v", got["go_goroutines"].value, before["go_goroutines"].value)
	}
	if a, i, s := got["go_memstats_alloc_bytes"].value, got["go_memstats_heap_inuse_bytes"].value, got["go_memstats_sys_bytes"].value; i < a+32*mb || s < i+32*mb {
		t.Errorf("the figures are too near to tell: %v, %v, %v", a, i, s)
	}
}
