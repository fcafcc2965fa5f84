package sso

import (
	"context"
	"errors"
	"slices"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// factorEnroller is what a provider can do that enrols factors by an administrator's token.
type factorEnroller interface {
	EnrollFactor(ctx context.Context, e okta.Enrollment) (*okta.NewFactor, error)
	RemoveFactor(ctx context.Context, id string) error
	Factors(ctx context.Context) ([]okta.EnrolledFactor, error)
}

// signInEnroller is what a provider can do that enrols factors in a sign-in.
type signInEnroller interface {
	EnrollNext(e *okta.Enrollment)
}

// Enroll enrols a passkey (mfa.Passkey) or the seed of an authenticator app (mfa.TOTP) for the
// user and keeps its secret in the store: later sign-ins use it. With an APIToken nobody signs
// in; without one it signs in, and the organisation has to offer the factor there. It never
// happens by itself. replace lets a seed take the place of the app that the user has; in a
// sign-in none is offered then.
//
// The secret is stored before Okta is told to activate the factor. If the answer to that is
// lost, the factor stays Pending, and the next Enroll, or [Client.ReconcileFactors], asks.
func (c *Client) Enroll(ctx context.Context, kind mfa.Kind, replace bool) (EnrolledFactor, error) {
	if s, ok := credential.As[signInEnroller](c.source); ok && c.cfg.APIToken.IsZero() {
		return c.enrollInSignIn(ctx, s, kind)
	}
	p, err := c.enroller()
	if err != nil {
		return EnrolledFactor{}, err
	}
	if err := c.ReconcileFactors(ctx); err != nil {
		return EnrolledFactor{}, err
	}
	var made storedFactor
	e := c.enrollment(kind, &made)
	e.Replace = replace
	store := e.Pending
	e.Pending = func(ctx context.Context, n *okta.NewFactor) error {
		if n.Kind == mfa.TOTP { // by now Okta has none of an app that was there before
			if err := c.changeFactors(ctx, withoutApp(n.Provider)); err != nil {
				return err
			}
		}
		return store(ctx, n)
	}
	if _, err = p.EnrollFactor(ctx, e); err == nil {
		err = c.activated(ctx, &made)
	}
	return c.outcome(ctx, made, err)
}

// enrollInSignIn enrols in a sign-in of the user, which brings a session, too.
func (c *Client) enrollInSignIn(ctx context.Context, p signInEnroller, kind mfa.Kind) (EnrolledFactor, error) {
	var made storedFactor
	e := c.enrollment(kind, &made)
	e.Activated = func(ctx context.Context, _ *okta.NewFactor) error { return c.activated(ctx, &made) }
	p.EnrollNext(&e)
	_, err := c.LoginFresh(ctx)
	p.EnrollNext(nil)
	return c.outcome(ctx, made, err)
}

// enrollment stores what is about to be activated, and puts it into made.
func (c *Client) enrollment(kind mfa.Kind, made *storedFactor) okta.Enrollment {
	return okta.Enrollment{Kind: kind,
		// What the store keeps can be copied, and nothing asks the user for a secret.
		Properties: passkey.Properties{BackupEligible: true},
		Pending: func(ctx context.Context, n *okta.NewFactor) (err error) {
			if *made, err = newStoredFactor(n); err != nil {
				return err
			}
			return c.changeFactors(ctx, func(fs []storedFactor) []storedFactor { return append(fs, *made) })
		}}
}

// activated notes that Okta has activated a factor.
func (c *Client) activated(ctx context.Context, made *storedFactor) error {
	made.Pending = false
	return c.changeFactors(ctx, func(fs []storedFactor) []storedFactor {
		if made.Kind == mfa.TOTP { // Okta has forgotten the app that was there before
			fs = withoutApp(made.Provider)(fs)
		}
		return append(without(*made)(fs), *made)
	})
}

// outcome forgets what is certainly not enrolled. What is, or may be, is returned beside an
// error: a sign-in may have failed after that.
func (c *Client) outcome(ctx context.Context, made storedFactor, err error) (EnrolledFactor, error) {
	switch {
	case made.Kind == "":
		return EnrolledFactor{}, err
	case err != nil && made.Pending && !errors.Is(err, okta.ErrOutcomeUnknown):
		return EnrolledFactor{}, errors.Join(err, c.changeFactors(context.WithoutCancel(ctx), without(made)))
	}
	return made.public(), err
}

// withoutApp takes the authenticator app of a provider out of a list: a user has one.
func withoutApp(provider string) func([]storedFactor) []storedFactor {
	return func(fs []storedFactor) []storedFactor {
		return slices.DeleteFunc(fs, func(f storedFactor) bool { return f.Kind == mfa.TOTP && f.Provider == provider })
	}
}

// without takes a factor out of a list.
func without(f storedFactor) func([]storedFactor) []storedFactor {
	return func(fs []storedFactor) []storedFactor {
		return slices.DeleteFunc(fs, func(g storedFactor) bool {
			return f.Kind == g.Kind && f.ID == g.ID && f.Seed == g.Seed && f.public().Key == g.public().Key
		})
	}
}

func (c *Client) enroller() (factorEnroller, error) {
	p, ok := credential.As[factorEnroller](c.source)
	if !ok {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig,
			"sso: factors can be enrolled at Okta only", "use a connection with AuthScheme=Okta"))
	}
	if c.cfg.APIToken.IsZero() {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: an APIToken is needed to enrol factors",
			"set APITokenFile or APITokenCommand to an administrator's token that may manage users"))
	}
	return p, nil
}

// ReconcileFactors asks Okta, by the APIToken, what has become of the factors whose
// activation had no answer: those that it holds for active count from now on, the others
// are removed there and forgotten here.
func (c *Client) ReconcileFactors(ctx context.Context) error {
	p, err := c.enroller()
	if err != nil {
		return err
	}
	r, err := c.loadFactors(ctx, nil)
	if err != nil {
		return err
	}
	pending := slices.DeleteFunc(r.Factors, func(f storedFactor) bool { return !f.Pending || f.ID == "" })
	if len(pending) == 0 {
		return nil
	}
	there, err := p.Factors(ctx)
	if err != nil {
		return err
	}
	for _, f := range pending {
		i := slices.IndexFunc(there, func(e okta.EnrolledFactor) bool { return e.ID == f.ID && e.Status == "ACTIVE" })
		if i < 0 {
			if err := p.RemoveFactor(ctx, f.ID); err != nil {
				return err
			}
		}
		if err := c.changeFactors(ctx, func(fs []storedFactor) []storedFactor {
			fs = without(f)(fs)
			if i >= 0 {
				f.Pending = false
				fs = append(fs, f)
			}
			return fs
		}); err != nil {
			return err
		}
	}
	return nil
}

// RemoveFactor revokes the enrolled factor with an id (or a passkey's key; the kind of a seed that
// has no id) at Okta, by the APIToken, and then forgets its secret. With local nobody is told: what Okta has registered
// stays there, and is of no use to anybody.
func (c *Client) RemoveFactor(ctx context.Context, id string, local bool) error {
	r, err := c.loadFactors(ctx, nil)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(r.Factors, func(f storedFactor) bool {
		key := f.public().Key
		return id != "" && (f.ID == id || key == id || f.ID == "" && key == "" && string(f.Kind) == id)
	})
	if i < 0 {
		return autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig,
			"sso: no enrolled factor with that id is stored", ""))
	}
	f := r.Factors[i]
	if !local {
		p, err := c.enroller()
		if err != nil {
			return err
		}
		if f.ID == "" {
			return autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: Okta's id of the factor is not known",
				"an administrator can remove it at Okta (Directory, People, Reset authenticators); then remove it here alone"))
		}
		if err := p.RemoveFactor(ctx, f.ID); err != nil {
			return err
		}
	}
	return c.changeFactors(ctx, without(f))
}
