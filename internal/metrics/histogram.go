package metrics

import (
	"fmt"
	"math"
	"sort"
	"sync"
)

// Histogram counts values by their size. All methods are safe for concurrent use.
type Histogram struct {
	name, help string
	bounds     []float64 // inclusive upper bounds, ascending, without +Inf

	mu     sync.Mutex
	counts []uint64 // of each bucket by itself; the last is that of +Inf
	sum    float64
}

// NewHistogram returns a histogram with these upper bounds, which rise from one to
// the next; that to +Inf is always there. Other bounds are a mistake of the program,
// and panic.
func NewHistogram(name, help string, bounds ...float64) *Histogram {
	checkName(name, true)
	for i, bound := range bounds {
		if math.IsNaN(bound) || math.IsInf(bound, 0) || i > 0 && bound <= bounds[i-1] {
			panic(fmt.Sprintf("metrics: the bounds of %s do not rise: %v", name, bounds))
		}
	}
	return &Histogram{name: name, help: help, bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

// Observe counts a value. NaN is in no bucket but the last.
func (h *Histogram) Observe(v float64) {
	i := sort.SearchFloat64s(h.bounds, v)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[i]++
	h.sum += v
}

// Collect puts the histogram on a page.
func (h *Histogram) Collect(p *Page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var lines []byte
	var total uint64
	for i, n := range h.counts {
		total += n
		bound := math.Inf(1)
		if i < len(h.bounds) {
			bound = h.bounds[i]
		}
		lines = appendSample(lines, h.name+"_bucket", []string{"le"}, []string{string(appendFloat(nil, bound))}, float64(total))
	}
	lines = appendSample(lines, h.name+"_sum", nil, nil, h.sum)
	lines = appendSample(lines, h.name+"_count", nil, nil, float64(total))
	p.add(h.name, h.help, "histogram", nil, nil, lines)
}
