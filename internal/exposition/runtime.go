package exposition

import (
	"runtime"
	"runtime/metrics"
)

// Runtime puts on the page what dashboards ask of every Go process, under the names
// that Prometheus' own library has for it. Nothing stops for it: the figures are
// those of [runtime/metrics].
func Runtime(p *Page) {
	p.Gauge("go_info", "Always 1; the label tells the version of Go.", 1, Labels{"version": runtime.Version()})
	p.Gauge("go_goroutines", "Goroutines that exist.", float64(runtime.NumGoroutine()), nil)
	threads, _ := runtime.ThreadCreateProfile(nil)
	p.Gauge("go_threads", "Threads of the operating system that were created.", float64(threads), nil)

	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(samples)
	for _, s := range samples {
		if s.Value.Kind() != metrics.KindUint64 {
			return // another Go calls it otherwise: no figure is better than a wrong one
		}
	}
	objects, unused, total := float64(samples[0].Value.Uint64()), float64(samples[1].Value.Uint64()), float64(samples[2].Value.Uint64())
	p.Gauge("go_memstats_alloc_bytes", "Bytes of the heap that hold objects, live or not yet swept.", objects, nil)
	p.Gauge("go_memstats_heap_alloc_bytes", "The same as go_memstats_alloc_bytes.", objects, nil)
	p.Gauge("go_memstats_heap_inuse_bytes", "Bytes of the heap's spans that are in use.", objects+unused, nil)
	p.Gauge("go_memstats_sys_bytes", "Bytes of address space that the Go runtime has from the operating system.", total, nil)
}
