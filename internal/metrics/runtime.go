package metrics

import "runtime"

// Runtime puts on the page what dashboards ask of every Go process, under the names
// that Prometheus' own library has for it.
//
// The figures are those of [runtime.ReadMemStats], for which all goroutines stop some
// microseconds. Package runtime/metrics needs no stop, and a quarter of a millisecond
// at the start of every program that links it, whether it is ever asked or not.
func Runtime(p *Page) {
	p.Gauge("go_info", "Always 1; the label tells the version of Go.", 1, Labels{"version": runtime.Version()})
	p.Gauge("go_goroutines", "Goroutines that exist.", float64(runtime.NumGoroutine()), nil)
	threads, _ := runtime.ThreadCreateProfile(nil)
	p.Gauge("go_threads", "Threads of the operating system that were created.", float64(threads), nil)

	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	p.Gauge("go_memstats_alloc_bytes", "Bytes of the heap that hold objects, live or not yet swept.", float64(memory.Alloc), nil)
	p.Gauge("go_memstats_heap_alloc_bytes", "The same as go_memstats_alloc_bytes.", float64(memory.HeapAlloc), nil)
	p.Gauge("go_memstats_heap_inuse_bytes", "Bytes of the heap's spans that are in use.", float64(memory.HeapInuse), nil)
	p.Gauge("go_memstats_sys_bytes", "Bytes of address space that the Go runtime has from the operating system.", float64(memory.Sys), nil)
}
