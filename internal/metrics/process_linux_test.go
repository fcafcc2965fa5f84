package metrics_test

import (
	"os"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ssoexchange/ssoexchange/internal/metrics"
)

func TestProcess(t *testing.T) {
	const mb, files = 1 << 20, 50
	for sum, n := 0, 0; ; n++ { // some processor time, so that 0 would be wrong
		sum += n
		if n%1e6 == 0 && ours(t, metrics.Process)["process_cpu_seconds_total"].value > .2 {
			break
		}
	}
	before := ours(t, metrics.Process)
	for range files {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	got := ours(t, metrics.Process)
	want := theirs(t, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{ReportErrors: true}))
	after := ours(t, metrics.Process)

	expect := []string{"process_cpu_seconds_total", "process_max_fds", "process_open_fds", "process_resident_memory_bytes", "process_start_time_seconds", "process_virtual_memory_bytes"}
	if !slices.Equal(names(got), expect) {
		t.Errorf("there are %v", names(got))
	}
	judge(t, got, want, map[string]float64{"process_cpu_seconds_total": 60, "process_resident_memory_bytes": 16 * mb,
		"process_virtual_memory_bytes": 256 * mb, "process_open_fds": 1}) // before Linux 6.2 the library counts the folder it reads
	// The library rounds both halves of processor time down to hundredths.
	const cpu = "process_cpu_seconds_total"
	if w := want[cpu].value; w < got[cpu].value-.02 || w > after[cpu].value+.02 {
		t.Errorf("processor time is from %v to %v, the library says %v", got[cpu].value, after[cpu].value, w)
	}
	if n := got["process_open_fds"].value - before["process_open_fds"].value; n != files {
		t.Errorf("%d more files are %v", files, n)
	}
	if got["process_resident_memory_bytes"].value < mb || got["process_max_fds"].value < files {
		t.Errorf("too little to be true: %v", got)
	}
}
