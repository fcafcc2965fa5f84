package sso

import (
	"context"
	"errors"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// What the Lease of a Store that is far away may be able to do, to save round trips.
type (
	// loaded has the record as it was when the lease was given. ok is false if it has
	// not, or if it was saved since.
	loaded interface {
		Loaded() (data []byte, ok bool)
	}

	// finisher saves, and gives the lease back whether that worked or not.
	finisher interface {
		SaveAndRelease(ctx context.Context, data []byte) error
	}
)

// What is waited for when a Store takes its time.
const (
	stateRead    = "the stored state to be read"
	stateWritten = "the state to be stored"
)

// accountWait says what is waited for when another process has the lease of an account.
const accountWait = "another sign-in with the same account"

// loadHeld returns the record of key to the holder of its lease.
func loadHeld(ctx context.Context, store Store, lease Lease, key string) ([]byte, error) {
	if l, ok := lease.(loaded); ok {
		if data, ok := l.Loaded(); ok {
			return data, nil
		}
	}
	defer deadline.Waiting(ctx, stateRead)()
	return store.Load(ctx, key)
}

// saveAndRelease saves, also after ctx has ended, and gives the lease back by release
// unless it can do both in one step.
func saveAndRelease(ctx context.Context, lease Lease, data []byte, release func(Lease)) error {
	ctx = context.WithoutCancel(ctx)
	defer deadline.Waiting(ctx, stateWritten)()
	if f, ok := lease.(finisher); ok {
		return f.SaveAndRelease(ctx, data)
	}
	defer release(lease)
	return lease.Save(ctx, data)
}

// letGo gives a lease back while the sign-in goes on: nothing in it waits for that.
func (g *secretGuard) letGo(lease Lease) { g.leaving.Go(lease.Release) }

// hold returns an account with its lease held.
func (g *secretGuard) hold(ctx context.Context, a account) (*knownAccount, error) {
	k := g.known[a]
	if k != nil && k.lease != nil && leaseErr(k.lease) == nil {
		return k, nil
	}
	if err := g.yield(ctx, a); err != nil {
		return nil, err
	}
	began := time.Now()
	stop := g.c.reportLeaseWait(ctx, g.c.accounts, a.key(), accountWait)
	lease, err := g.c.accounts.Acquire(ctx, a.key())
	stop()
	if err != nil {
		return nil, autherr.AtStep(autherr.StepState, stateError("locking", err))
	}
	if waited := time.Since(began); waited > time.Second {
		g.c.opts.Logger.Info("waited for another sign-in of the same account", "elapsed", waited.Round(time.Millisecond))
	}
	r, err := readAccount(ctx, g.c.accounts, lease, a)
	if err != nil {
		lease.Release()
		return nil, err
	}
	k = &knownAccount{account: a, record: r, lease: lease}
	g.known[a] = k
	return k, nil
}

// yield gives back the leases that must not be held while that of a is waited for: one of
// its own that was lost, and a mailbox's when the user's is wanted. The mailbox has taken
// its secret by then, or the sign-in would not go on.
func (g *secretGuard) yield(ctx context.Context, a account) error {
	if a.Kind != accountUser {
		if k := g.known[a]; k != nil {
			k.release()
		}
		return nil
	}
	v := verdicts{}
	for property, p := range g.sentSecrets {
		if !p.settled && accountOf(g.c.cfg, property).Kind == accountMailbox {
			v.accept(g, property)
		}
	}
	return g.apply(ctx, v)
}

// look returns an account as it is stored, without its lease.
func (g *secretGuard) look(ctx context.Context, a account) (*knownAccount, error) {
	r, err := readAccount(ctx, g.c.accounts, nil, a)
	if err != nil {
		return nil, err
	}
	k := &knownAccount{account: a, record: r}
	g.known[a] = k
	return k, nil
}

// readAccount loads the record of an account, of which lease may be held.
func readAccount(ctx context.Context, store Store, lease Lease, a account) (*accountRecord, error) {
	data, err := loadHeld(ctx, store, lease, a.key())
	if err != nil {
		return nil, autherr.AtStep(autherr.StepState, stateError("reading", err))
	}
	r, err := decodeAccount(data, a)
	return r, autherr.AtStep(autherr.StepState, err)
}

func (k *knownAccount) release() {
	if k.lease != nil {
		k.lease.Release()
		k.lease = nil
	}
}

// save stores the record of an account whose lease is held.
func (k *knownAccount) save(ctx context.Context) error {
	data, err := k.record.encode()
	if err == nil {
		defer deadline.Waiting(ctx, stateWritten)()
		err = stateError("writing", k.lease.Save(context.WithoutCancel(ctx), data))
	}
	if lost := leaseErr(k.lease); err != nil && lost != nil {
		return lost // begin again: somebody else may have sent the secret
	}
	k.record.changed = k.record.changed && err != nil
	return autherr.AtStep(autherr.StepState, err)
}

// failed gives the leases back, and stores what was found out, after err ended the way
// to a secret. While another secret is out, or is marked for the same request, its
// verdict comes first.
func (g *secretGuard) failed(ctx context.Context, err error) error {
	for _, p := range g.sentSecrets {
		if !p.settled {
			return err
		}
	}
	g.giveBack(ctx)
	return err
}

// giveBack gives all leases back, and stores what was found out.
func (g *secretGuard) giveBack(ctx context.Context) {
	if bad := g.apply(ctx, nil); bad != nil {
		g.c.opts.Logger.Warn("what is known of an account could not be stored", "error", bad.Error())
	}
}

// apply makes the changes, stores what has changed and gives all leases back. Those that
// are not held, or were lost, are held anew for that, one at a time.
func (g *secretGuard) apply(ctx context.Context, v verdicts) error {
	var errs []error
	var later []account
	for a, k := range g.known {
		changed := k.record.changed && k.lease != nil
		for _, f := range v[a] {
			changed = f(k.record) || changed
		}
		lease := k.lease
		k.lease, k.record.changed = nil, false
		switch {
		case lease == nil && changed:
			later = append(later, a)
		case lease == nil:
		case !changed:
			g.letGo(lease)
		default:
			data, err := k.record.encode()
			if err == nil {
				err = saveAndRelease(ctx, lease, data, g.letGo)
			} else {
				g.letGo(lease)
			}
			if err != nil && leaseErr(lease) != nil {
				later = append(later, a)
			} else if err != nil {
				errs = append(errs, autherr.AtStep(autherr.StepState, stateError("writing", err)))
			}
		}
	}
	for _, a := range later {
		errs = append(errs, g.c.amend(ctx, a, func(r *accountRecord) (changed bool) {
			for _, f := range v[a] {
				changed = f(r) || changed
			}
			return changed
		}))
	}
	return errors.Join(errs...)
}

// close gives back all leases at the end of whatever the guard was made for.
func (g *secretGuard) close(ctx context.Context) {
	leave, err := g.enter(context.WithoutCancel(ctx))
	if err == nil {
		g.giveBack(ctx)
		leave()
	}
	g.leaving.Wait()
}

// amend changes the stored record of an account while nobody else can, if f does. It
// waits for the lease as noteCare does, also after ctx has ended.
func (c *Client) amend(ctx context.Context, a account, f func(*accountRecord) (changed bool)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWait)
	defer cancel()
	return c.changeAccount(ctx, a, f)
}

// changeAccount is amend for a caller who waits as long as ctx allows.
func (c *Client) changeAccount(ctx context.Context, a account, f func(*accountRecord) (changed bool)) error {
	ctx = c.reporting(ctx)
	stop := c.reportLeaseWait(ctx, c.accounts, a.key(), accountWait)
	lease, err := c.accounts.Acquire(ctx, a.key())
	stop()
	if err != nil {
		return autherr.AtStep(autherr.StepState, stateError("locking", err))
	}
	r, err := readAccount(ctx, c.accounts, lease, a)
	if err != nil || !f(r) {
		lease.Release()
		return err
	}
	data, err := r.encode()
	if err != nil {
		lease.Release()
		return autherr.AtStep(autherr.StepState, stateError("writing", err))
	}
	return autherr.AtStep(autherr.StepState, stateError("writing", saveAndRelease(ctx, lease, data, Lease.Release)))
}
