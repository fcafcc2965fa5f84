package sso

import (
	"context"
	"time"

	"golang.org/x/oauth2"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Token returns an access token that is good for minLeft at least, where its life is known. One that
// is stored and good is returned without asking anybody; else it is renewed, which may need a person.
// A refresh token is not part of it: two who hold one end it for both.
//
// Of other schemes it is the token that they send, such as a personal access token; one without a
// token is an ErrConfig.
func (c *Client) Token(ctx context.Context, minLeft time.Duration) (*oauth2.Token, error) {
	r, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	cred, err := c.newest(r)
	if err != nil {
		return nil, err
	}
	good := func(at time.Time) bool {
		v, ok := cred.(credential.Validator)
		return ok && v.Valid(at) && r.Lost.IsZero() && r.User != ""
	}
	now := time.Now()
	if !good(now.Add(minLeft)) {
		get := c.sessionFrom
		if good(now) {
			get = c.renewAhead
		}
		s, err := get(ctx, r)
		if err != nil {
			return nil, err
		}
		cred = s.cred
	}
	h, ok := cred.(tokenHolder)
	if !ok {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: AuthScheme="+c.cfg.Scheme+" has no token", "use the header, or the client that is signed in"))
	}
	t := h.AccessToken()
	if t == nil {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: AuthScheme="+c.cfg.Scheme+" has no token", "use the header, or the client that is signed in"))
	}
	return t, nil
}

// tokenHolder is a credential that is a token; nil: it is none after all.
type tokenHolder interface{ AccessToken() *oauth2.Token }

// renewAhead renews the credential of r although it is good still.
func (c *Client) renewAhead(ctx context.Context, r *record) (*Session, error) {
	return c.flight.do(ctx, "ahead", func(ctx context.Context) (*Session, error) {
		return c.signInOnce(ctx, r.seenState(time.Now()))
	})
}

// renewalDue reports whether the greater part of a token's life is over.
func renewalDue(cred credential.Credential, now time.Time) bool {
	t, ok := cred.(*oauthToken)
	if !ok || t.Token.Expires.IsZero() {
		return false
	}
	return t.Token.Expires.Sub(now) < t.Token.Expires.Sub(t.Token.Issued)/2
}
