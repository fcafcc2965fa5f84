package sso

import (
	"context"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// resume asks the site whose the stored credential cred is. It returns nil, nil if there
// is none or it is over.
func (c *Client) resume(ctx context.Context, r *record, cred credential.Credential) (*Session, error) {
	if r.Obtained.IsZero() || cred == nil {
		return nil, nil
	}
	cred = credential.Clone(cred) // those who are working go on with theirs
	user, err := c.site.WhoAmI(ctx, cred)
	if err != nil || user == "" {
		return nil, err
	}
	r.User, r.Verified = user, time.Now()
	if r.Credential, err = credential.Encode(cred); err != nil {
		return nil, autherr.AtStep(autherr.StepState, err)
	}
	return c.setSession(newSession(r, cred, true)), nil
}

// resumeStored is resume for callers without the lease. Where the site renewed the
// session by a remembered login, the new session is stored: the next process shall
// not begin with one that the site has forgotten.
func (c *Client) resumeStored(ctx context.Context, r *record, cred credential.Credential) (*Session, error) {
	before, err := c.stored(r)
	if err != nil {
		return nil, err
	}
	lost := !r.Lost.IsZero()
	s, err := c.resume(ctx, r, cred)
	if s != nil && (lost || before != nil && !credential.Same(before, s.cred)) {
		c.storeRenewed(ctx, s)
	}
	return s, err
}

// storeWait bounds how long a session that works waits to be stored.
const storeWait = 2 * time.Second

// storeRenewed stores the credential of a session that the site has renewed, unless
// somebody has signed in since. Without it everything works as well, at the price of
// a request; so it is done if it can be done soon, and its errors are only logged.
func (c *Client) storeRenewed(ctx context.Context, s *Session) {
	data, err := credential.Encode(s.cred)
	if err == nil {
		err = c.noteSession(ctx, s.Obtained, func(r *record) {
			r.Credential, r.User, r.Verified, r.Lost = data, s.User, s.Verified, time.Time{}
		})
	}
	if err != nil {
		c.opts.Logger.Debug("the renewed session could not be stored", "error", err.Error())
	}
}

// markLost notes that Jira does not know the stored session any more, for those who
// share the store: a Refresher looks at once. The session itself stays until there is a
// new one.
func (c *Client) markLost(ctx context.Context, r *record) {
	if !r.Lost.IsZero() {
		return
	}
	r.Lost = time.Now()
	err := c.noteSession(ctx, r.Obtained, func(stored *record) { stored.Lost = r.Lost })
	if err != nil {
		c.opts.Logger.Debug("the loss of the session could not be noted", "error", err.Error())
	}
}

// noteSession changes what is stored of the session that was obtained then, if that can be
// done soon and it is still the one.
func (c *Client) noteSession(ctx context.Context, obtained time.Time, change func(*record)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWait)
	defer cancel()
	lease, err := c.store.Acquire(ctx, c.id.Key())
	if err != nil {
		return err
	}
	defer lease.Release()
	r, err := c.load(ctx)
	if err != nil || r.Obtained.IsZero() || !r.Obtained.Equal(obtained) {
		return err
	}
	change(r)
	return c.newSignInState(r, lease).store(ctx)
}

// renewedByPeer returns the session of a credential that replaces the one held here: somebody who
// shares the store has renewed it. What is good by its own word and new is not asked about.
func (c *Client) renewedByPeer(r *record, cred credential.Credential) *Session {
	held := c.held()
	v, ok := cred.(credential.Validator)
	if !ok || held == nil || held.cred == nil || credential.Same(held.cred, cred) || !v.Valid(time.Now()) || !r.Lost.IsZero() || r.User == "" {
		return nil
	}
	return c.setSession(newSession(r, cred, true))
}

// keepCredential stores a credential that was just obtained, before it is used for the first time.
func (c *Client) keepCredential(ctx context.Context, cred credential.Credential) error {
	data, err := credential.Encode(cred)
	if err != nil {
		return autherr.AtStep(autherr.StepState, err)
	}
	state := c.signInState()
	if state == nil {
		return nil
	}
	if err := c.snapshot(state.guard); err != nil {
		return err
	}
	state.guard.change(func(r *record) { r.Credential, r.Obtained, r.Lost = data, time.Now(), time.Time{} })
	return state.store(ctx)
}
