package metrics_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/metrics"
)

// TestManyAtOnce: nothing that is counted from many goroutines is lost, and whoever
// looks meanwhile sees a page that adds up.
func TestManyAtOnce(t *testing.T) {
	const goroutines, each = 32, 2000
	c := metrics.NewCounter("test_total", "Help.", "profile")
	h := metrics.NewHistogram("test_seconds", "Help.", 1, 2)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range goroutines {
		all.Go(func() {
			<-start
			for range each {
				c.Inc("all")
				c.Add(2, fmt.Sprint("p", i%4))
				h.Observe(float64(i%3) + .5)
			}
		})
	}
	done := make(chan struct{})
	go func() { defer close(done); all.Wait() }()
	close(start)
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		var inf, count string
		for line := range strings.Lines(string(text(c.Collect, h.Collect))) {
			if _, n, found := strings.Cut(line, `le="+Inf"} `); found {
				inf = n
			}
			if _, n, found := strings.Cut(line, "test_seconds_count "); found {
				count = n
			}
		}
		if inf == "" || inf != count {
			t.Fatalf("+Inf has %q of %q", inf, count)
		}
	}
	got := string(text(c.Collect, h.Collect))
	for _, want := range []string{
		`test_total{profile="all"} 64000`, `test_total{profile="p0"} 32000`, `test_total{profile="p3"} 32000`,
		`test_seconds_bucket{le="1"} 22000`, `test_seconds_bucket{le="2"} 44000`, `test_seconds_bucket{le="+Inf"} 64000`,
		`test_seconds_sum 94000`, `test_seconds_count 64000`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
}

// TestValuesAreCopied: a caller may use its slice again.
func TestValuesAreCopied(t *testing.T) {
	c := metrics.NewCounter("test_total", "Help.", "profile")
	values := []string{"one"}
	c.Inc(values...)
	values[0] = "two"
	c.Inc(values...)
	want := "test_total{profile=\"one\"} 1\ntest_total{profile=\"two\"} 1\n"
	if got := string(text(c.Collect)); !strings.HasSuffix(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
}
