package sso

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/patience"
	"github.com/ssoexchange/ssoexchange/saml"
)

// signInState is what a sign-in, or another change of the record, shares with the
// functions that its provider calls back.
type signInState struct {
	guard *guard
	lease Lease
	ahead aheadSecrets

	mailLate atomic.Bool // the mail that was waited for last did not come in time

	// writing holds one element while a write is under way, so that an older state
	// cannot overtake a newer one. It is no mutex: a store may be far away.
	writing chan struct{}
}

func (c *Client) newSignInState(r *record, lease Lease) *signInState {
	return &signInState{guard: &guard{record: r, newPassword: c.cfg.NewPassword}, lease: lease, writing: make(chan struct{}, 1)}
}

// authenticate signs in and stores what came of it, success or not: what a failed
// sign-in learnt (a device, an open challenge, a refusal) matters as much.
func (c *Client) authenticate(ctx context.Context, r *record) (*Session, error) {
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
	state := c.signInState()
	r.dropSession()
	r.Care.countSignIn(start)
	// The SP is not asked anything until the IdP has answered. It comes second, so that
	// the first handshake has the processor to itself.
	c.net.warm(ctx, c.cfg.SSOExchangeURL)
	v := c.visit(r.Cookies)
	err := state.lateMail(c.walk(ctx, v, r))
	now := time.Now()
	state.guard.note(err, now)
	if err != nil {
		r.fail(err, now)
	} else {
		r.Failed, r.Care.Stopped = nil, nil
	}
	if saveErr := errors.Join(c.snapshot(state.guard), state.store(ctx)); saveErr != nil {
		c.opts.Logger.Warn("the outcome of the sign-in could not be stored", "error", saveErr.Error())
	}
	if err != nil {
		c.opts.Logger.Info("sign-in failed", "provider", c.id.Scheme, "step", Step(err), "code", Code(err), "elapsed", now.Sub(start).Round(time.Millisecond))
		return nil, err
	}
	c.opts.Logger.Info("signed in", "provider", c.id.Scheme, "user", r.User, "elapsed", now.Sub(start).Round(time.Millisecond))
	return c.keep(r.session(false), v.jar), nil
}

// connectAhead connects to the IdP while the record is read and prepared: a secret is
// marked on disk before it leaves. Whoever calls it has the lease; if it turns out then
// that nobody has to sign in, because a neighbour has, a connection goes unused.
func (c *Client) connectAhead(ctx context.Context) { c.net.warm(ctx, c.idp) }

// walk is one sign-in: from the identity provider's login to the SP's session.
func (c *Client) walk(ctx context.Context, v *visit, r *record) error {
	var request *saml.Request
	start := c.starter(v, r)
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
	user, err := v.exchange(ctx, response, request)
	if err != nil {
		return err
	}
	now := time.Now()
	r.User, r.Obtained, r.Verified, r.Cookies = user, now, now, v.jar.All()
	return nil
}

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
func (c *Client) snapshot(g *guard) error {
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
	state.guard.accepted()
	return state.store(ctx)
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
		resume := patience.Pause(ctx) // a person may be typing it
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
		value, err := state.guard.secret(ctx, property, owner, s)
		if err != nil {
			return "", err
		}
		// Before it leaves: if this process dies while the server thinks, the next one
		// must know that the secret was sent. What cannot be noted is not sent.
		if err := state.store(ctx); err != nil {
			return "", err
		}
		return value, nil
	}
}
