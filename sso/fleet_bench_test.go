//go:build unix

package sso_test

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// BenchmarkFleet keeps 10,000 identities alive in one process. It measures the CPU
// time of a turn, which is the request that proves a session alive and keeps it so,
// and what an identity holds when nothing happens: bytes of heap and of stack,
// goroutines, and CPU time. The simulated servers run, and are counted, in the same
// process.
//
// It takes two minutes, most of it for 10,000 sign-ins, and is meant for
// -benchtime=1x: one turn for each. The figures are in docs/performance.md.
func BenchmarkFleet(b *testing.B) {
	const size = 10_000
	w := fixtures.NewWorld(fixtures.WorldOptions{})
	defer w.Close()
	w.Okta.RateLimit(1 << 30)
	file, err := w.Net.CAFile(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	ca := "SSLServerCert=" + file
	before := inUse()
	var mu sync.Mutex
	kinds := map[string]int{}
	r := sso.NewRefresher(sso.RefreshOptions{Workers: 8, RequestsPerDay: 1 << 30, Observe: func(_ context.Context, e sso.RefreshEvent) {
		mu.Lock()
		defer mu.Unlock()
		kinds[e.Kind]++
	}})
	var clients []*sso.Client
	for i := range size {
		// Each has a store of its own, so that one simulated user will do.
		c, err := sso.Open(b.Context(), w.OktaConnection("User=passwordonly@example.com", ca), &sso.Options{Dial: w.Net.Dial, Store: &sso.MemoryStore{}})
		if err != nil {
			b.Fatal(err)
		}
		clients = append(clients, c)
		if err := r.Add(fmt.Sprintf("bot-%05d", i), c); err != nil {
			b.Fatal(err)
		}
	}
	opened := inUse()
	began := time.Now()
	if err := r.Once(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d sign-ins in %v: %v", size, time.Since(began).Round(time.Second), kinds)
	if kinds[sso.RefreshRenewed] != size {
		b.Fatalf("not all are signed in: %v", kinds)
	}
	w.Net.Reset()

	b.ResetTimer()
	cpu := cpuTime()
	turns := 0
	for turns < b.N {
		if err := r.Once(b.Context()); err != nil {
			b.Fatal(err)
		}
		turns += size
	}
	b.StopTimer()
	perTurn := float64(cpuTime()-cpu) / float64(turns)
	for _, s := range r.Status() {
		if s.State != sso.RefreshLive {
			b.Fatalf("%s is %s: %s", s.Name, s.State, s.Reason)
		}
	}
	for _, c := range clients {
		c.Close() // its connections, which 90 idle seconds would close too
	}
	w.Net.Reset()
	time.Sleep(time.Second) // the other ends of the connections
	after := inUse()
	b.ReportMetric(perTurn, "cpu-ns/turn")
	b.ReportMetric(float64(opened.bytes-before.bytes)/size, "B/opened")
	b.ReportMetric(float64(after.bytes-before.bytes)/size, "B/live")
	b.ReportMetric(float64(after.goroutines-before.goroutines)/size, "goroutines/identity")
	b.ReportMetric(idle(b, r)/1e6, "idle-cpu-ms/min")
	runtime.KeepAlive(clients)
}

// idle returns the CPU time, in nanoseconds per minute, of a Refresher that has
// nothing to do yet: all were looked after just now.
func idle(b *testing.B, r *sso.Refresher) float64 {
	ctx, cancel := context.WithTimeout(b.Context(), 15*time.Second)
	defer cancel()
	cpu := cpuTime()
	_ = r.Run(ctx) // the end of ctx
	return float64(cpuTime()-cpu) * 4
}

type usage struct {
	bytes      int64
	goroutines int
}

func inUse() usage {
	debug.FreeOSMemory() // and nothing is left to do in the background
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{int64(m.HeapAlloc + m.StackInuse), runtime.NumGoroutine()}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
