package redisstore

import (
	"maps"
	"slices"
	"sync"
)

// cacheBytes bounds what is kept for the time when Redis is away. A record is some
// kilobytes: it is enough for ten thousand identities.
const cacheBytes = 64 << 20

// cache holds the values that were read or written last, encrypted as they are.
type cache struct {
	mu     sync.Mutex
	values map[string]value
	size   int // bytes of all data
}

func newCache() *cache { return &cache{values: make(map[string]value)} }

func (c *cache) get(key string) (value, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[key]
	return v, ok
}

// put keeps v, and makes room for it.
func (c *cache) put(key string, v value) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += len(v.data) - len(c.values[key].data)
	c.values[key] = v
	for other, old := range c.values { // any other goes first: the order of a map is random
		if c.size <= cacheBytes {
			break
		}
		if other != key {
			c.size -= len(old.data)
			delete(c.values, other)
		}
	}
}

func (c *cache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size -= len(c.values[key].data)
	delete(c.values, key)
}

func (c *cache) keys() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.values))
}
