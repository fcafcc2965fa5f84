package crowd

import (
	"context"
	"errors"
	"sync"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// group runs the steps that do not wait for each other. It differs from an
// errgroup in which error it returns: Crowd's own refusal counts for more than
// whatever failed first, because it is final.
type group struct {
	ctx  context.Context // ends when a step fails
	stop context.CancelCauseFunc

	wait   sync.WaitGroup
	mu     sync.Mutex
	failed []error // in the order of time
}

// errStopped is what ends the other steps, and what a step returns that was
// stopped before it sent anything.
var errStopped = autherr.New(autherr.ErrUnreachable, "crowd: stopped because another step failed", "")

func newGroup(ctx context.Context) *group {
	g := &group{}
	g.ctx, g.stop = context.WithCancelCause(ctx)
	return g
}

// Go runs f. It may be called from within a step.
func (g *group) Go(f func() error) {
	g.wait.Go(func() {
		if err := f(); err != nil {
			g.mu.Lock()
			g.failed = append(g.failed, err)
			g.mu.Unlock()
			g.stop(errStopped)
		}
	})
}

// Wait waits for every step.
func (g *group) Wait() error {
	g.wait.Wait()
	for _, err := range g.failed {
		if refusal := (*Error)(nil); errors.As(err, &refusal) && refusal.call == callSession {
			return err
		}
	}
	if len(g.failed) == 0 {
		return nil
	}
	return g.failed[0]
}
