// Package deadline bounds an exchange in time without hurrying a person.
//
// A sign-in has a budget (product property Timeout) for all its network steps
// together. While it waits for somebody to type a code or to look at a telephone,
// that clock stands still; the wait has a limit of its own, set by whoever waits.
package deadline

import (
	"context"
	"fmt"
	"sync"
	"time"
)

type budgetKey struct{}

type budgetClock struct {
	budget  time.Duration
	mu      sync.Mutex
	left    time.Duration
	started time.Time // zero while paused
	paused  int
	timer   *time.Timer
}

// WithBudget returns a context that is cancelled, with an error that Is
// [context.DeadlineExceeded] as its cause, once budget has been spent outside of
// [Pause]. The cancel function must be called.
func WithBudget(ctx context.Context, budget time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &budgetClock{budget: budget, left: budget, started: time.Now()}
	c.timer = time.AfterFunc(budget, func() {
		cancel(fmt.Errorf("not finished within %v: %w", budget, context.DeadlineExceeded))
	})
	return context.WithValue(ctx, budgetKey{}, c), func() {
		c.timer.Stop()
		cancel(context.Canceled)
	}
}

// Pause stops the budget's clock until resume is called. Pauses nest; without a
// budget in ctx both do nothing. resume may be called more than once.
func Pause(ctx context.Context) (resume func()) {
	c, ok := ctx.Value(budgetKey{}).(*budgetClock)
	if !ok {
		return func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused++; c.paused == 1 && c.timer.Stop() {
		c.left -= time.Since(c.started)
		c.started = time.Time{}
	}
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.paused--; c.paused == 0 && c.started.IsZero() {
			c.started = time.Now()
			c.timer.Reset(c.left)
		}
	})
}

// Limit returns the context for one request. While the clock stands still nothing else
// bounds a server that does not answer, so the request gets the whole budget, and what
// is left of it afterwards is the same. In any other case ctx is bounded as it is. The
// function must be called when the request has ended.
func Limit(ctx context.Context) (context.Context, context.CancelFunc) {
	c, ok := ctx.Value(budgetKey{}).(*budgetClock)
	if !ok || !c.stands() {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, c.budget, fmt.Errorf("no answer within %v: %w", c.budget, context.DeadlineExceeded))
}

// stands reports whether the clock is stopped.
func (c *budgetClock) stands() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paused > 0
}
