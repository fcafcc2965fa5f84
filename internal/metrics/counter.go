package metrics

import (
	"fmt"
	"slices"
	"sync"
)

// Counter counts by the values of its labels. It holds a number for each set of
// values that it was ever given: give it only values of which there are few. All
// methods are safe for concurrent use.
type Counter struct {
	name, help string
	labels     []string

	mu     sync.Mutex
	counts map[string]*count // by the labels, as they are written
}

type count struct {
	values []string
	total  float64
}

// NewCounter returns a counter that has no series yet. Its name should end in _total.
func NewCounter(name, help string, labels ...string) *Counter {
	checkName(name, true)
	for _, label := range labels {
		checkName(label, false)
	}
	return &Counter{name: name, help: help, labels: labels, counts: make(map[string]*count)}
}

// Inc counts one.
func (c *Counter) Inc(values ...string) { c.Add(1, values...) }

// Add counts n for the values, which stand in the order of the labels; 0 makes the
// series known. A count never falls: a negative n and NaN are left out. Another
// number of values than of labels is a mistake of the program, and panics.
func (c *Counter) Add(n float64, values ...string) {
	if len(values) != len(c.labels) {
		panic(fmt.Sprintf("metrics: %s has %d labels and got %d values", c.name, len(c.labels), len(values)))
	}
	key := string(appendLabels(nil, c.labels, values))
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.counts[key]
	if one == nil {
		one = &count{values: slices.Clone(values)}
		c.counts[key] = one
	}
	if n > 0 {
		one.total += n
	}
}

// Collect puts the counts on a page.
func (c *Counter) Collect(p *Page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.counts {
		labels := make(Labels, len(c.labels))
		for i, name := range c.labels {
			labels[name] = one.values[i]
		}
		p.Counter(c.name, c.help, one.total, labels)
	}
}
