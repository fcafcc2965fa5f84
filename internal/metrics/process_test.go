package metrics_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ssoexchange/ssoexchange/internal/metrics"
)

const (
	// A line as Linux writes it, with a name that somebody chose to deceive.
	statLine = "4711 (a) S 1 (b c) S 1 4711 4711 0 -1 4194560 24691 318 7 0 1843 467 0 0 20 0 12 0 123456 1284505600 9217 18446744073709551615 4194304 10256805 140727 0 0 0 0 0 2143420159 0 0 0 17 1 0 0 0 0 0\n"
	statBoot = "cpu  82 0 31 990 4 0 1 0 0 0\nintr 38462 0 9 0\nctxt 115990\nbtime 1772366400\nprocesses 4711\n"
)

func proc(stat, boot string, fds ...string) fstest.MapFS {
	all := fstest.MapFS{"self/stat": {Data: []byte(stat)}, "stat": {Data: []byte(boot)}}
	for _, fd := range fds {
		all["self/fd/"+fd] = &fstest.MapFile{}
	}
	return all
}

func TestProcfs(t *testing.T) {
	got := ours(t, func(p *metrics.Page) { metrics.Procfs(p, proc(statLine, statBoot, "0", "1", "2", "7")) })
	want := map[string]figure{
		"process_open_fds":              {"GAUGE", "", 3}, // the fourth is that of the folder
		"process_virtual_memory_bytes":  {"GAUGE", "", 1284505600},
		"process_resident_memory_bytes": {"GAUGE", "", float64(9217 * os.Getpagesize())},
		"process_start_time_seconds":    {"GAUGE", "", 1772366400 + 1234.56},
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestProcfsIsDefensive: what is not as it should be is left out, not made up.
func TestProcfsIsDefensive(t *testing.T) {
	field := func(n int, value string) string {
		end := strings.LastIndex(statLine, ")") + 2
		fields := strings.Fields(statLine[end:])
		fields[n-3] = value
		return statLine[:end] + strings.Join(fields, " ")
	}
	memory := []string{"process_resident_memory_bytes", "process_virtual_memory_bytes"}
	for _, tt := range []struct {
		what, stat, boot string
		want             []string
	}{
		{"empty", "", statBoot, nil},
		{"no name", "4711 a S 1 2 3\n", statBoot, nil},
		{"ends after the name", "4711 (a)", statBoot, nil},
		{"ends before rss", statLine[:strings.Index(statLine, " 9217")], statBoot, nil},
		{"a start that is no number", field(22, "x"), statBoot, nil},
		{"negative memory", field(24, "-1"), statBoot, nil},
		{"memory that is no number", field(23, "NaN"), statBoot, nil},
		{"no boot time", statLine, "cpu 1\nxbtime 3\n", memory},
		{"boot time without a number", statLine, "btime \n", memory},
		{"boot time cut off", statLine, "btime 17", memory},
		{"boot time with more", statLine, "btime 17 18\n", memory},
		{"boot time first", statLine, "btime 17\n", []string{memory[0], "process_start_time_seconds", memory[1]}},
	} {
		got := names(ours(t, func(p *metrics.Page) { metrics.Procfs(p, proc(tt.stat, tt.boot)) }))
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.what, got, tt.want)
		}
	}
	if got := ours(t, func(p *metrics.Page) { metrics.Procfs(p, fstest.MapFS{}) }); len(got) != 0 {
		t.Errorf("without /proc: %v", got)
	}
}

// FuzzProcfs: no file of /proc makes a page that cannot be read, or a negative figure.
func FuzzProcfs(f *testing.F) {
	f.Add(statLine, statBoot)
	f.Add("1 (systemd) S 0", "btime 1\n")
	f.Add("7 (x)) ) R "+strings.Repeat("9 ", 40), "intr 1\nbtime 18446744073709551615\n")
	f.Fuzz(func(t *testing.T, stat, boot string) {
		for name, one := range ours(t, func(p *metrics.Page) { metrics.Procfs(p, proc(stat, boot)) }) {
			if !(one.value >= 0) {
				t.Errorf("%s is %v", name, one.value)
			}
		}
	})
}
