//go:build unix

package metrics

import (
	"syscall"
	"time"
)

// usage puts on the page what a Unix tells about a process without /proc. Processor
// time is that of getrusage(2) on Linux too: it is the sum of /proc/self/stat, and is
// not rounded to hundredths.
func usage(p *Page) {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		spent := time.Duration(used.Utime.Nano() + used.Stime.Nano())
		p.Counter("process_cpu_seconds_total", "Processor time spent, of the user and of the system, in seconds.", spent.Seconds(), nil)
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		p.Gauge("process_max_fds", "Most file descriptors that may be open.", float64(limit.Cur), nil)
	}
}
