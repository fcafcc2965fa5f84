package sso

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Logout ends the session at the service provider (the remembered login included)
// and at the identity provider, and forgets both. What could not be ended stays
// stored, so that Logout can be called again; the error is then a [*LogoutError]. The
// remembered device and a noted refusal stay in any case; see Forget.
func (c *Client) Logout(ctx context.Context) error {
	_, err := c.EndSessions(ctx)
	return err
}

// Forget removes what is stored of the identity, without telling any server. The
// remembered device stays unless device is set; the note of a refused secret stays
// in any case (ClearRefusal removes it).
func (c *Client) Forget(ctx context.Context, device bool) error {
	_, err := c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, r *record) (*Session, error) {
		c.setSession(nil)
		state := c.signInState()
		if device && r.refusals.empty() {
			return nil, autherr.AtStep(autherr.StepState, stateError("removing", state.lease.Save(ctx, nil)))
		}
		if err := c.forgetProvider(r, device); err != nil {
			return nil, err
		}
		r.dropSession(nil)
		return nil, state.store(ctx)
	})
	return err
}

// forgetProvider drops what the provider remembers: its session, and the device if
// that is wanted.
func (c *Client) forgetProvider(r *record, device bool) error {
	p, ok := credential.As[credential.Revoker](c.source)
	if !ok || device {
		r.Source = nil
	}
	if !ok {
		return nil
	}
	if err := c.restoreSource(r); err != nil {
		return err
	}
	p.Forget(device)
	return c.snapshot(c.signInState().guard)
}

// Entry is what a Store tells of one identity, without any secret.
type Entry struct {
	Identity   Identity
	Connection string    // a connection string without secrets, good for Check and Logout
	User       string    // as the SP names the user; "" if no session is stored
	Obtained   time.Time // zero: no session is stored
	Verified   time.Time
	Refused    []string // properties whose value was refused and will not be sent again

	// Refusals says of each of Refused when that was, why, and what to do.
	Refusals []*RefusedBeforeError
	// Stopped says why no [Refresher] signs in; nil if one may.
	Stopped *Stopped
}

// Stopped is why an identity waits for a person or a change.
type Stopped struct {
	Since        time.Time
	Code, Reason string // as Code and Error of the error that stopped it
	Hint         string // what to do, may be ""
}

// Entries lists what a Store holds. Records that cannot be read are skipped and
// joined in the error.
func Entries(ctx context.Context, store Store) ([]Entry, error) {
	keys, err := store.Keys(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepState, stateError("listing", err))
	}
	var entries []Entry
	var failed []error
	for _, key := range keys {
		data, err := store.Load(ctx, key)
		if err != nil || len(data) == 0 || isAccountRecord(data) {
			failed = append(failed, err)
			continue
		}
		r, err := decodeRecord(data, nil)
		if err != nil {
			failed = append(failed, autherr.AtStep(autherr.StepState, err))
			continue
		}
		e := Entry{Identity: r.Identity, Connection: r.Connection, User: r.User, Obtained: r.Obtained, Verified: r.Verified}
		refused, err := r.refusedAt(ctx, accountsOf(store))
		failed = append(failed, err)
		e.Refused = slices.Sorted(maps.Keys(refused))
		for _, property := range e.Refused {
			f := refused[property]
			e.Refusals = append(e.Refusals, &RefusedBeforeError{Property: property, At: f.At, Text: f.Text})
		}
		// A stop may have been overtaken by a change to a secret, which only who has the
		// secrets can tell; but not one from before the session.
		if s := r.Care.Stopped; s != nil && !r.Obtained.After(s.At) {
			e.Stopped = &Stopped{Since: s.At, Code: s.Code, Reason: s.Text, Hint: s.Hint}
		}
		entries = append(entries, e)
	}
	return entries, errors.Join(failed...)
}

// refusedAt returns the last refusals of the identity's secrets, by property.
func (r *record) refusedAt(ctx context.Context, accounts Store) (map[string]refusal, error) {
	refused := maps.Clone(r.Refused)
	if refused == nil {
		refused = make(map[string]refusal)
	}
	for _, a := range r.Accounts {
		known, err := readAccount(ctx, accounts, nil, a)
		if err != nil {
			return refused, err
		}
		maps.Copy(refused, known.refusedNow(userOf(a, r.Identity.User)))
	}
	return refused, nil
}
