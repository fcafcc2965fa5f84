package sso

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/websso"
)

// signInState is what a sign-in, or another change of the record, shares with the
// functions that its provider calls back.
type signInState struct {
	guard *secretGuard
	lease Lease
	ahead aheadSecrets

	fresh bool // the provider's session does not count

	enrolled enrolledFactors // as they were when the sign-in first looked

	mailLate atomic.Bool // the mail that was waited for last did not come in time

	// writing holds one element while a write is under way, so that an older state
	// cannot overtake a newer one. It is no mutex: a store may be far away.
	writing chan struct{}
}

func (c *Client) newSignInState(r *record, lease Lease) *signInState {
	return &signInState{guard: newGuard(c, r), lease: lease, writing: make(chan struct{}, 1)}
}

// authenticate signs in and stores what came of it, success or not: what a failed
// sign-in learnt (a device, an open challenge, a refusal) matters as much.
//
// The stored session stays until there is a new one: a sign-in may fail for reasons that
// have nothing to do with it. Nothing is sent to the IdP unless Jira itself has just
// answered at the SP's address; asked is when it last did, zero if it was not asked.
func (c *Client) authenticate(ctx context.Context, r *record, asked time.Time) (*Session, error) {
	if err := c.mailboxSecret(); err != nil {
		return nil, err // before any secret leaves
	}
	if err := c.restoreSource(r); err != nil {
		return nil, err
	}
	if err := c.secretsAhead(ctx); err != nil {
		return nil, err // before any server is asked
	}
	old, err := c.stored(r)
	if err != nil {
		return nil, err
	}
	old = c.unsaved(r, old)
	start := time.Now()
	if asked.IsZero() && r.Obtained.IsZero() {
		asked = r.Answered // a session has just been forgotten
	}
	if age := start.Sub(asked); age < 0 || age > websso.PresenceLasts {
		if err := c.begin(ctx, old); err != nil {
			c.notBegun(ctx, r, err, start)
			return nil, err
		}
	}
	state := c.signInState()
	r.presentAt(start)
	if _, renewal := old.(credential.Validator); !renewal { // a token is renewed many times a day
		r.Care.countSignIn(start)
	}
	// The SP is not asked anything more until the IdP has answered.
	c.net.Preconnect(ctx, c.cfg.SSOExchangeURL)
	takeBack := c.setAside(state)
	cred, err := c.obtain(ctx, r, old)
	err = state.lateMail(err)
	takeBack()
	now := time.Now()
	noteErr := state.guard.note(ctx, err, now)
	switch {
	case errors.Is(err, errLeaseLost): // the call begins again
	case err != nil:
		r.fail(err, now)
		if r.Lost.IsZero() && !r.Obtained.IsZero() && !asked.IsZero() {
			r.Lost = asked // the session has ended, and there is no new one
		}
	default:
		r.Failed = nil
		r.Care.forgive() // whoever signed in, refreshers may go on
	}
	if saveErr := errors.Join(noteErr, c.snapshot(state.guard), state.store(ctx)); saveErr != nil {
		c.opts.Logger.Warn("the outcome of the sign-in could not be stored", "error", saveErr.Error())
	}
	c.logSignIn(ctx, r, err, now.Sub(start))
	if err != nil {
		return nil, err
	}
	s := newSession(r, cred, false)
	s.PasswordTried = c.passwordTried(state.guard)
	return c.setSession(s), nil
}

// notBegun notes that the SP started no sign-in, for those who wait for the outcome.
// That Jira is away is not noted: whoever comes next may find it back.
func (c *Client) notBegun(ctx context.Context, r *record, err error, began time.Time) {
	if Step(err) != autherr.StepStart || errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
		return
	}
	r.fail(err, time.Now())
	if err := c.signInState().store(ctx); err != nil {
		c.opts.Logger.Warn("the outcome of the sign-in could not be stored", "error", err.Error())
	}
	c.logSignIn(ctx, r, err, time.Since(began))
}

// logSignIn writes the one line of a sign-in.
func (c *Client) logSignIn(ctx context.Context, r *record, err error, took time.Duration) {
	elapsed := took.Round(time.Millisecond)
	switch {
	case ctx.Value(reported{}) != nil:
	case err != nil:
		c.opts.Logger.Info("sign-in failed", "provider", c.id.Scheme, "step", Step(err), "code", Code(err), "elapsed", elapsed)
	default:
		c.opts.Logger.Info("signed in", "provider", c.id.Scheme, "user", r.User, "elapsed", elapsed)
	}
}

// preconnect connects to the IdP while the record is read and prepared: a secret is
// marked on disk before it leaves. Whoever calls it has the lease; if it turns out then
// that nobody has to sign in, because a neighbour has, a connection goes unused.
func (c *Client) preconnect(ctx context.Context) { c.net.Preconnect(ctx, c.idp) }

// obtain asks the source for a credential and the site whose it is, and puts both into r.
func (c *Client) obtain(ctx context.Context, r *record, old credential.Credential) (credential.Credential, error) {
	cred, err := c.source.Credential(ctx, old)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	user := ""
	if o, ok := cred.(credential.Owned); ok {
		user = o.User() // the site has just said so
	}
	if user == "" {
		if user, err = c.prove(ctx, cred); err != nil {
			return nil, err
		}
	}
	data, err := credential.Encode(cred)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepState, err)
	}
	now := time.Now()
	r.User, r.Obtained, r.Verified, r.Lost, r.Credential = user, now, now, time.Time{}, data
	r.Answered = now
	return cred, nil
}

// prove asks the site whose a new credential is. The secret behind it is what is refused if it is
// nobody's: the site is the server that it was sent to.
func (c *Client) prove(ctx context.Context, cred credential.Credential) (string, error) {
	user, err := c.site.WhoAmI(ctx, cred)
	var step *StepError
	switch {
	case errors.As(err, &step):
		return "", &StepError{Step: autherr.StepLogin, Err: step.Err}
	case err != nil:
		return "", autherr.AtStep(autherr.StepLogin, err)
	case user == "":
		return "", autherr.AtStep(autherr.StepLogin, c.scheme.refusal(c.cfg))
	}
	return user, nil
}

// begin shows that the site is there before a secret is sent for the sake of a session at it.
func (c *Client) begin(ctx context.Context, old credential.Credential) error {
	if b, ok := credential.As[beginner](c.source); ok {
		return b.Begin(ctx, old)
	}
	return nil
}

// present returns an error unless the site itself answers. It is asked before a secret is sent for
// the sake of a session there.
func (c *Client) present(ctx context.Context, old credential.Credential) error {
	if p, ok := c.site.(presenter); ok {
		return p.Present(ctx, old)
	}
	return nil
}

func (c *Client) restoreSource(r *record) error {
	k, ok := credential.As[credential.Keeper](c.source)
	if !ok {
		return nil
	}
	if err := k.Restore(r.Source); err != nil {
		// What cannot be read is not worth failing for: the source starts afresh.
		c.opts.Logger.Warn("what was remembered of the identity provider cannot be read; signing in anew", "error", err.Error())
		return k.Restore(nil)
	}
	return nil
}

// snapshot puts what the source remembers into the record.
func (c *Client) snapshot(g *secretGuard) error {
	k, ok := credential.As[credential.Keeper](c.source)
	if !ok {
		return nil
	}
	data, err := k.Snapshot()
	if err == nil {
		g.change(func(r *record) { r.Source = data })
	}
	return autherr.AtStep(autherr.StepState, err)
}

// store writes the record of a sign-in, also if the caller has left in the meantime.
func (s *signInState) store(ctx context.Context) error {
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	data, err := s.guard.encode()
	if err == nil {
		defer deadline.Waiting(ctx, stateWritten)()
		err = stateError("writing", s.lease.Save(context.WithoutCancel(ctx), data))
	}
	return autherr.AtStep(autherr.StepState, err)
}

// checkpoint is called by a provider when it has learnt something that must not be
// lost if the process dies in the next moment.
func (c *Client) checkpoint(ctx context.Context) error {
	state := c.signInState()
	if state == nil {
		return nil
	}
	if err := c.snapshot(state.guard); err != nil {
		return err
	}
	if err := state.guard.accepted(ctx); err != nil {
		return err
	}
	return state.store(ctx)
}

// passwordAccepted is called by a provider when its server has taken the password and
// goes on to something else: others may use the account now.
func (c *Client) passwordAccepted(ctx context.Context) {
	state := c.signInState()
	if state == nil {
		return
	}
	if err := state.guard.accepted(ctx); err != nil {
		c.opts.Logger.Warn("that the password was accepted could not be stored", "error", err.Error())
	}
}

// guarded returns the function by which a provider reads one of its secrets.
func (c *Client) guarded(property, owner string, s Secret) func(context.Context) (string, error) {
	if property == "Password" {
		s = c.passwordSource()
	}
	s = c.ahead(property, s)
	return func(ctx context.Context) (string, error) {
		if s.IsZero() {
			return "", missingSecret(property)
		}
		if bad := c.checkAddresses(); bad != nil {
			return "", bad
		}
		resume := deadline.Pause(ctx) // a person may be typing it
		defer resume()
		state := c.signInState()
		if state == nil {
			return s.Reveal(ctx)
		}
		if property == "Password" { // a seed that cannot be used is found out before the password leaves
			if _, err := c.ahead("MFASecret", c.cfg.MFASecret).Reveal(ctx); err != nil && c.scheme.UsesProperty("MFASecret") {
				return "", err
			}
		}
		// It is marked before it leaves: if this process dies while the server thinks, the
		// next one must know that the secret was sent. What cannot be noted is not sent.
		return state.guard.secret(ctx, property, owner, s)
	}
}
