package sso

import (
	"context"
	"errors"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// sessionFrom is Session for a caller who has just loaded the record r, or not: nil.
func (c *Client) sessionFrom(ctx context.Context, r *record) (*Session, error) {
	return c.flight.do(ctx, "session", func(ctx context.Context) (*Session, error) { return c.resumeOrSignIn(ctx, r) })
}

// resumeOrSignIn is the decision of Session: what is stored and works, else a sign-in.
func (c *Client) resumeOrSignIn(ctx context.Context, r *record) (_ *Session, err error) {
	began := time.Now()
	if r == nil {
		if r, err = c.load(ctx); err != nil {
			return nil, err
		}
	}
	cred, err := c.newest(r)
	if err != nil {
		return nil, err
	}
	ended := cred != nil && credential.Ended(cred, began)
	if !ended {
		if s := c.renewedByPeer(r, cred); s != nil {
			return s, nil
		}
		checkCtx, cancel := deadline.WithBudget(ctx, c.timeout())
		s, err := c.resumeStored(checkCtx, r, cred)
		cancel()
		if s != nil || err != nil {
			return s, err
		}
	}
	seen := r.seenState(began)
	if !r.Obtained.IsZero() && !ended {
		seen.asked = time.Now() // Jira has just said that it does not know the session
	}
	for try := 1; ; try++ {
		s, err := c.signInOnce(ctx, seen)
		if try == leaseTries || !errors.Is(err, errLeaseLost) {
			return s, err
		}
	}
}

// signInOnce signs in, or takes over what a neighbour's sign-in has brought meanwhile.
func (c *Client) signInOnce(ctx context.Context, seen seenState) (*Session, error) {
	lease, s, err := c.await(ctx, seen)
	if lease == nil {
		return s, err
	}
	c.preconnect(ctx)
	return c.withLease(ctx, lease, seen.began, func(ctx context.Context, r *record) (*Session, error) {
		if s, err := c.resultOfPeer(ctx, r, seen); s != nil || err != nil {
			return s, err
		}
		return c.authenticate(ctx, r, seen.asked)
	})
}

// newest returns the credential to begin with: that in memory rather than the stored one if both
// are of the same session, since the site may have changed it. nil: there is none.
func (c *Client) newest(r *record) (credential.Credential, error) {
	c.mu.Lock()
	held := c.session
	c.mu.Unlock()
	if held == nil || r.Obtained.After(held.Obtained) {
		return c.stored(r)
	}
	// A session of the future is not known to be later than another one.
	if r.Obtained.Equal(held.Obtained) || !held.Obtained.After(time.Now()) {
		r.Obtained = held.Obtained
		return held.cred, nil
	}
	return c.stored(r)
}

// stored returns the credential of r; nil: there is none.
func (c *Client) stored(r *record) (credential.Credential, error) {
	cred, err := credential.Decode(c.source, r.Credential)
	if errors.Is(err, credential.ErrNotStored) {
		return nil, nil
	}
	return cred, autherr.AtStep(autherr.StepState, err)
}

// acquireAndRun runs f with the identity's lease, its record and the time budget.
func (c *Client) acquireAndRun(ctx context.Context, began time.Time, f func(context.Context, *record) (*Session, error)) (*Session, error) {
	lease, err := c.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return c.withLease(ctx, lease, began, f)
}

// withLease is locked with a lease that was waited for since began. It gives the lease
// back. When the lease is lost on the way, f's context ends, and so does f.
func (c *Client) withLease(ctx context.Context, lease Lease, began time.Time, f func(context.Context, *record) (*Session, error)) (*Session, error) {
	defer lease.Release()
	ctx, stop := whileHeld(ctx, lease)
	defer stop()
	if waited := time.Since(began); waited > time.Second {
		c.opts.Logger.Info("waited for another sign-in", "elapsed", waited.Round(time.Millisecond))
	}
	ctx, cancel := deadline.WithBudget(c.reporting(ctx), c.timeout())
	defer cancel()
	r, err := c.loadHeld(ctx, lease)
	if err != nil {
		return nil, err
	}
	state := c.newSignInState(r, lease)
	c.setSignIn(state)
	defer c.setSignIn(nil)
	defer state.guard.close(ctx)
	s, err := f(ctx, r)
	if lost := leaseErr(lease); err != nil && lost != nil {
		return nil, lost
	}
	return s, err
}

func (c *Client) load(ctx context.Context) (*record, error) { return c.loadHeld(ctx, nil) }

// loadHeld is load for the holder of the lease; nil: it is not held.
func (c *Client) loadHeld(ctx context.Context, lease Lease) (*record, error) {
	data, err := loadHeld(c.reporting(ctx), c.store, lease, c.id.Key())
	if err != nil {
		return nil, autherr.AtStep(autherr.StepState, stateError("reading", err))
	}
	r, err := decodeRecord(data, c.cfg)
	return r, autherr.AtStep(autherr.StepState, err)
}
