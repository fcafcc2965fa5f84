package redisstore

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// What is announced, after the key.
const (
	eventFree  = " free"
	eventSaved = " saved"
)

// subscribePatience is how long a waiter waits for its subscription before it goes
// on without: it also looks by itself from time to time.
const subscribePatience = time.Second

// Watch returns a channel that has an element after somebody has saved key's record,
// also if it was saved several times. stop ends it. Announcements can be lost, when
// connections break; whoever must know looks by himself as well.
func (s *Store) Watch(ctx context.Context, key string) (saved <-chan struct{}, stop func()) {
	return s.events.watch(ctx, key, eventSaved)
}

// hub is this process's one subscription, alive while somebody waits.
type hub struct {
	redis   redis.UniversalClient
	channel string
	log     *slog.Logger

	mu      sync.Mutex
	waiters map[string]map[chan struct{}]bool // by announcement
	count   int
	pubsub  *redis.PubSub // nil while nobody waits
	ready   chan struct{} // closed when pubsub has subscribed
}

func newHub(client redis.UniversalClient, channel string, log *slog.Logger) *hub {
	return &hub{redis: client, channel: channel, log: log, waiters: make(map[string]map[chan struct{}]bool)}
}

func (h *hub) watch(ctx context.Context, key, event string) (<-chan struct{}, func()) {
	waiter := make(chan struct{}, 1)
	announcement := key + event
	h.mu.Lock()
	if h.waiters[announcement] == nil {
		h.waiters[announcement] = make(map[chan struct{}]bool)
	}
	h.waiters[announcement][waiter] = true
	h.count++
	if h.pubsub == nil {
		// The connection is made in the background; Subscribe only remembers the channel.
		h.pubsub, h.ready = h.redis.Subscribe(context.WithoutCancel(ctx)), make(chan struct{})
		go h.listen(context.WithoutCancel(ctx), h.pubsub, h.ready)
	}
	ready := h.ready
	h.mu.Unlock()

	patience := time.NewTimer(subscribePatience)
	defer patience.Stop()
	select {
	case <-ready:
	case <-patience.C:
	case <-ctx.Done():
	}
	var once sync.Once
	return waiter, func() { once.Do(func() { h.leave(announcement, waiter) }) }
}

func (h *hub) leave(announcement string, waiter chan struct{}) {
	h.mu.Lock()
	delete(h.waiters[announcement], waiter)
	if len(h.waiters[announcement]) == 0 {
		delete(h.waiters, announcement)
	}
	h.count--
	var idle *redis.PubSub
	if h.count == 0 {
		idle, h.pubsub = h.pubsub, nil
	}
	h.mu.Unlock()
	if idle != nil {
		_ = idle.Close()
	}
}

func (h *hub) close() {
	h.mu.Lock()
	pubsub := h.pubsub
	h.pubsub = nil
	h.mu.Unlock()
	if pubsub != nil {
		_ = pubsub.Close()
	}
}

// listen ends when pubsub is closed. The client library connects again by itself.
func (h *hub) listen(ctx context.Context, pubsub *redis.PubSub, ready chan struct{}) {
	if err := pubsub.Subscribe(ctx, h.channel); err != nil {
		h.log.Debug("state_store_no_announcements", "reason", err.Error())
	}
	first := true
	for message := range pubsub.ChannelWithSubscriptions() {
		switch m := message.(type) {
		case *redis.Message:
			h.tell(m.Payload)
		case *redis.Subscription:
			if first {
				first = false
				close(ready)
			}
			h.tellAll() // what was said while there was no connection is lost
		}
	}
}

func (h *hub) tell(announcement string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for waiter := range h.waiters[announcement] {
		wake(waiter)
	}
}

func (h *hub) tellAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, waiters := range h.waiters {
		for waiter := range waiters {
			wake(waiter)
		}
	}
}

// wake never blocks: one element is enough to look again.
func wake(waiter chan struct{}) {
	select {
	case waiter <- struct{}{}:
	default:
	}
}
