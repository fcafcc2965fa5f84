package sso

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/saml"
)

// signInState is what a sign-in, or another change of the record, shares with the
// functions that its provider calls back.
type signInState struct {
	guard *secretGuard
	lease Lease
	ahead aheadSecrets

	fresh bool // the provider's session does not count

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
	if err := c.restoreProvider(r); err != nil {
		return nil, err
	}
	if err := c.secretsAhead(ctx); err != nil {
		return nil, err // before any server is asked
	}
	start := time.Now()
	if asked.IsZero() && r.Obtained.IsZero() {
		asked = r.Answered // a session has just been forgotten
	}
	v := c.visit(r.withoutSession())
	begin := c.starter(v, r)
	if age := start.Sub(asked); age < 0 || age > presenceLasts {
		var err error
		if begin, err = c.presentOrStarted(ctx, r, begin); err != nil {
			c.notBegun(ctx, r, err, start)
			return nil, err
		}
	}
	state := c.signInState()
	r.presentAt(start)
	r.Care.countSignIn(start)
	// The SP is not asked anything more until the IdP has answered.
	c.net.preconnect(ctx, c.cfg.SSOExchangeURL)
	takeBack := c.setAside(state)
	err := state.lateMail(c.walk(ctx, v, r, begin))
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
	s := r.session(false)
	s.PasswordTried = c.passwordTried(state.guard)
	return c.setSession(s, v.jar), nil
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
func (c *Client) preconnect(ctx context.Context) { c.net.preconnect(ctx, c.idp) }

// walk is one sign-in: from the identity provider's login to the SP's session.
// start asks the SP for its request; nil: the identity provider begins.
func (c *Client) walk(ctx context.Context, v *visit, r *record, start saml.Start) error {
	began := time.Now()
	var request *saml.Request
	if start != nil {
		ask := start
		start = func(ctx context.Context) (req *saml.Request, err error) {
			request, err = ask(ctx)
			return request, err
		}
	}
	response, err := c.provider.SignIn(ctx, start)
	if err != nil {
		return autherr.AtStep(autherr.StepLogin, err)
	}
	if lost := leaseErr(c.signInState().lease); lost != nil {
		return lost // a neighbour may have a session already: no second one
	}
	if err := c.signInState().guard.accepted(ctx); err != nil {
		c.opts.Logger.Warn("that the secrets were accepted could not be stored", "error", err.Error())
	}
	if v.started.After(began) {
		began = v.started // the SP has made a request since
	}
	if time.Since(began) > presenceLasts { // a person was waited for; the assertion is good for one use
		if err := c.present(ctx, r); err != nil {
			return err
		}
	}
	user, err := v.exchange(ctx, response, request)
	if err != nil {
		return err
	}
	now := time.Now()
	r.User, r.Obtained, r.Verified, r.Lost, r.Cookies = user, now, now, time.Time{}, v.jar.All()
	r.Answered = now
	return nil
}

// presenceLasts is for how long it counts that Jira answered.
const presenceLasts = 30 * time.Second

func (c *Client) restoreProvider(r *record) error {
	p, ok := c.provider.(rememberer)
	if !ok {
		return nil
	}
	if err := p.Restore(r.Provider); err != nil {
		// What cannot be read is not worth failing for: the provider starts afresh.
		c.opts.Logger.Warn("what was remembered of the identity provider cannot be read; signing in anew", "error", err.Error())
		return p.Restore(nil)
	}
	return nil
}

// snapshot puts what the provider remembers into the record.
func (c *Client) snapshot(g *secretGuard) error {
	p, ok := c.provider.(rememberer)
	if !ok {
		return nil
	}
	data, err := p.Snapshot()
	if err == nil {
		g.change(func(r *record) { r.Provider = data })
	}
	return autherr.AtStep(autherr.StepState, err)
}

// store writes the record of a sign-in, also if the caller has left in the meantime.
func (s *signInState) store(ctx context.Context) error {
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	data, err := s.guard.encode()
	if err == nil {
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
		if bad := c.cfg.checkAddresses(); bad != nil {
			return "", bad
		}
		resume := deadline.Pause(ctx) // a person may be typing it
		defer resume()
		state := c.signInState()
		if state == nil {
			return s.Reveal(ctx)
		}
		if property == "Password" { // a seed that cannot be used is found out before the password leaves
			if _, err := c.ahead("MFASecret", c.cfg.MFASecret).Reveal(ctx); err != nil && c.cfg.Scheme == "Okta" {
				return "", err
			}
		}
		// It is marked before it leaves: if this process dies while the server thinks, the
		// next one must know that the secret was sent. What cannot be noted is not sent.
		return state.guard.secret(ctx, property, owner, s)
	}
}
