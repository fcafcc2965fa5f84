package sso

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// singleflight lets one sign-in happen at a time and all callers share its outcome. Each
// caller may leave by its own context; when the last has left, the work is
// cancelled. No lock is held while the work goes on.
type singleflight struct {
	mu    sync.Mutex
	calls map[string]*call
}

type call struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int // guarded by flight.mu
	session *Session
	err     error
}

// do joins the call named what, or starts it.
func (f *singleflight) do(ctx context.Context, what string, work func(context.Context) (*Session, error)) (*Session, error) {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = make(map[string]*call)
	}
	c := f.calls[what]
	if c == nil {
		// The work outlives the caller who happened to come first, but keeps its
		// values (a trace, a test's clock).
		workCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		c = &call{done: make(chan struct{}), cancel: cancel}
		f.calls[what] = c
		go func() {
			c.session, c.err = work(workCtx)
			f.mu.Lock()
			if f.calls[what] == c {
				delete(f.calls, what)
			}
			f.mu.Unlock()
			cancel()
			close(c.done)
		}()
	}
	c.waiters++
	f.mu.Unlock()

	select {
	case <-c.done:
		return c.session, c.err
	case <-ctx.Done():
	}
	f.mu.Lock()
	c.waiters--
	last := c.waiters == 0
	if last && f.calls[what] == c {
		delete(f.calls, what) // whoever comes next starts afresh
	}
	f.mu.Unlock()
	if last {
		c.cancel()
		<-c.done // it has been told; what it learnt is being stored
		if errors.Is(c.err, ErrPassCodeNeeded) {
			return nil, fmt.Errorf("%w: %w", context.Cause(ctx), c.err) // the code can still be used
		}
	}
	return nil, context.Cause(ctx)
}
