package sso

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// What a Store that several hosts share may be able to do beyond keeping records.
type (
	// Notifier tells its waiters when somebody has saved a record, so that all of them
	// use the new session at once, and not one after the other.
	Notifier interface {
		Watch(ctx context.Context, key string) (saved <-chan struct{}, stop func())
	}

	// ExpiringLease is a Lease that can end before it is released, as one that has to be
	// renewed over a network does. Done and Err are those of a context.
	ExpiringLease interface {
		Done() <-chan struct{}
		Err() error
	}
)

const (
	// leaseTries bounds how often one call begins again because its lease was lost.
	leaseTries = 3
	// announcePatience is how long a lease may take before announcements are listened to.
	announcePatience = 50 * time.Millisecond
)

// errLeaseLost is in the chain of errors of a sign-in that was given up because
// somebody else may have begun one.
var errLeaseLost = errors.New("the lease was lost")

// leaseErr tells whether lease was lost.
func leaseErr(lease Lease) error {
	l, ok := lease.(ExpiringLease)
	if !ok || l.Err() == nil {
		return nil
	}
	return autherr.AtStep(autherr.StepState, &autherr.Error{Kind: ErrUnreachable, Text: "sso: the sign-in was given up",
		Hint: "try again: another process may have signed in meanwhile", Cause: fmt.Errorf("%w: %w", errLeaseLost, l.Err())})
}

// whileHeld returns a context that ends when the lease is lost.
func whileHeld(ctx context.Context, lease Lease) (context.Context, context.CancelFunc) {
	l, ok := lease.(ExpiringLease)
	if !ok {
		return context.WithCancel(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-l.Done():
			cancel(l.Err())
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

func (c *Client) acquire(ctx context.Context) (Lease, error) {
	defer c.reportLeaseWait(ctx, c.store, c.id.Key(), "")()
	lease, err := c.store.Acquire(ctx, c.id.Key())
	return lease, autherr.AtStep(autherr.StepState, stateError("locking", err))
}

// seenState is what a call has seen of the record before it waits for others.
type seenState struct {
	began    time.Time
	asked    time.Time // when Jira answered that it knows nobody, zero: it was not asked
	obtained time.Time // when the session was obtained, zero: there was none
	failed   time.Time // when the last sign-in failed, zero: it did not
}

func (r *record) seenState(began time.Time) seenState {
	g := seenState{began: began, obtained: r.Obtained}
	if r.Failed != nil {
		g.failed = r.Failed.At
	}
	return g
}

// resultOfPeer returns what somebody else's sign-in has brought since g: a session that
// works, or its failure; nil, nil if there was none. Times of other hosts are
// compared for being different first: their clocks need not agree with ours.
func (c *Client) resultOfPeer(ctx context.Context, r *record, g seenState) (*Session, error) {
	if !r.Obtained.IsZero() && !r.Obtained.Equal(g.obtained) {
		cred, err := c.stored(r)
		if err != nil {
			return nil, err
		}
		if v, ok := cred.(credential.Validator); ok && v.Valid(time.Now()) && r.Lost.IsZero() && r.User != "" {
			return c.setSession(newSession(r, cred, true)), nil // a peer has just obtained it
		}
		if s, err := c.resume(ctx, r, cred); s != nil || err != nil {
			return s, err
		}
	}
	// A time that is still to come is that of a clock that was wrong once.
	if f := r.Failed; f != nil && (!f.At.Equal(g.failed) || f.At.After(g.began) && !f.At.After(time.Now().Add(clockSlack))) {
		return nil, f.err()
	}
	return nil, nil
}

// await waits for the lease, or for the outcome of whoever has it.
func (c *Client) await(ctx context.Context, g seenState) (Lease, *Session, error) {
	store, ok := c.store.(Notifier)
	if !ok {
		lease, err := c.acquire(ctx)
		return lease, nil, err
	}
	type outcome struct {
		lease Lease
		err   error
	}
	acquireCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	got := make(chan outcome, 1)
	go func() {
		lease, err := c.acquire(acquireCtx)
		got <- outcome{lease, err}
	}()
	soon := time.NewTimer(announcePatience)
	defer soon.Stop()
	select {
	case o := <-got:
		return o.lease, nil, o.err
	case <-soon.C:
	}
	saved, stop := store.Watch(ctx, c.id.Key())
	defer stop()
	for {
		s, err := c.peekResult(ctx, g)
		if s != nil || err != nil {
			// A lease that comes too late is not needed. It is given back before the
			// caller goes on, who may end the process.
			cancel()
			if o := <-got; o.lease != nil {
				o.lease.Release()
			}
			return nil, s, err
		}
		select {
		case o := <-got:
			return o.lease, nil, o.err
		case <-saved:
		}
	}
}

// peekResult is neighbour for one who has no lease. A record that cannot be read now
// is for the holder of the lease to complain about.
func (c *Client) peekResult(ctx context.Context, g seenState) (*Session, error) {
	ctx, cancel := deadline.WithBudget(ctx, c.timeout())
	defer cancel()
	r, err := c.load(ctx)
	if err != nil {
		return nil, nil
	}
	return c.resultOfPeer(ctx, r, g)
}
